"""An image counts by its voxels, wherever they lie."""

import hashlib

import pytest

from trabecula.base.content import compute_content_digest


def test_a_file_counts_by_its_bytes(tmp_path):
    (tmp_path / "bone.nrrd").write_bytes(b"voxels")
    assert compute_content_digest(tmp_path / "bone.nrrd") == hashlib.sha256(b"voxels").hexdigest()


@pytest.mark.parametrize(
    ("header", "line"),
    [("bone.mhd", "ElementDataFile = bone.raw"), ("bone.nhdr", "data file: bone.raw")],
)
def test_voxels_beside_the_header_count(tmp_path, header, line):
    (tmp_path / header).write_text(f"NDims = 3\n{line}\n")
    (tmp_path / "bone.raw").write_bytes(b"one bone")
    first = compute_content_digest(tmp_path / header)
    (tmp_path / "bone.raw").write_bytes(b"another!")
    assert compute_content_digest(tmp_path / header) != first


def test_a_list_or_a_pattern_counts_all_that_lies_beside_it(tmp_path):
    (tmp_path / "bone.mhd").write_text("ElementDataFile = slice%03d.raw 1 2 1\n")
    (tmp_path / "slice001.raw").write_bytes(b"a")
    first = compute_content_digest(tmp_path / "bone.mhd")
    (tmp_path / "slice002.raw").write_bytes(b"b")
    assert compute_content_digest(tmp_path / "bone.mhd") != first


def test_voxels_in_the_header_itself_count_once(tmp_path):
    content = b"ElementDataFile = LOCAL\nvoxels"
    (tmp_path / "bone.mhd").write_bytes(content)
    (tmp_path / "other.raw").write_bytes(b"not of this image")
    assert compute_content_digest(tmp_path / "bone.mhd") == hashlib.sha256(content).hexdigest()
