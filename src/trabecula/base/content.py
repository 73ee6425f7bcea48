"""What an input file holds, as a digest: its bytes, and those of files that its header names."""

import hashlib
from pathlib import Path

HEADERS = {".mhd": "elementdatafile", ".nhdr": "data file"}
"""Images whose voxels may lie in a file of their own: the key of the header that names it."""


def compute_content_digest(path: Path) -> str:
    """Return the SHA-256 of a file, and of the files of voxels beside a detached header.

    Raises
    ------
    OSError
        If the file cannot be read. A file of voxels that is not there counts as nothing: whoever reads
        the image says so.
    """
    content = path.read_bytes()
    digest = hashlib.sha256(content)
    for named in _list_voxel_files(path, content):
        digest.update(named.name.encode())
        digest.update(named.read_bytes())
    return digest.hexdigest()


def _list_voxel_files(path: Path, header: bytes) -> list[Path]:
    """Return the files that hold the voxels; all beside the header if it names them by a pattern."""
    key = HEADERS.get(path.suffix.lower())
    for line in header.decode("latin-1").splitlines() if key else ():
        name, _, value = line.replace("=", ":", 1).partition(":")
        if name.strip().lower() != key or value.strip().upper() == "LOCAL":
            continue
        named = path.parent / value.strip()
        if named.is_file():
            return [named]
        return sorted(one for one in path.parent.iterdir() if one.is_file() and one != path)
    return []
