"""Files of every format version stay readable; each lies here as it was first written.

A new version adds a file and a row; none is ever made again.
"""

import gzip
from pathlib import Path

import pytest

from trabecula.analysis import load_results
from trabecula.records import read_state
from trabecula.records.results import FORMAT_VERSION as RESULTS
from trabecula.records.statefile import FORMAT_VERSION as STATE

FOLDER = Path(__file__).parent / "formats"


def unpack(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(gzip.decompress((FOLDER / f"{name}.gz").read_bytes()))
    return path


def test_the_present_versions_lie_here():
    names = {path.name for path in FOLDER.glob("*.gz")}
    assert f"results_{RESULTS}.h5.gz" in names
    assert f"state_{STATE}.h5.gz" in names


@pytest.mark.parametrize("version", [1])
def test_results_stay_readable(version, tmp_path):
    results = load_results(unpack(f"results_{version}.h5", tmp_path))
    assert list(results.time) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert 0.2 < results.get("bv_tv").values[-1] < 0.3
    assert results.get("bv_tv").symbol == "BV/TV"
    assert results.provenance["seed"] == 1
    assert len(results.snapshots) == 2


@pytest.mark.parametrize("version", [2])
def test_states_stay_readable(version, tmp_path):
    state, meta = read_state(unpack(f"state_{version}.h5", tmp_path))
    assert meta["time"] == 4.0
    assert state.grid.shape == (12, 12, 12)
    assert state.cells.osteocytes.count > 0
    assert state.volume.cleared == 0, "a number that came later"
