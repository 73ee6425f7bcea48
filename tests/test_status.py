"""What a status file says, and what is made of one that says nothing."""

import json

import pytest

from trabecula.base.errors import ResultsError
from trabecula.records.statusfile import has_ended, load_status, read_status, write_status
from trabecula.runner.verification import _check_status, _WrongError
from trabecula.study.living import RECORD, _read_state


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"done"', '[{"state": "done"}]'])
def test_a_status_that_is_no_mapping_says_nothing(tmp_path, text):
    (tmp_path / "status.json").write_text(text)
    (tmp_path / RECORD).write_text("{}")
    (tmp_path / "results.h5").write_text("")
    assert read_status(tmp_path) == {}
    assert not has_ended(tmp_path)
    assert _read_state(tmp_path, {}) == "new"
    for load in (load_status, _check_status):
        with pytest.raises(ResultsError, match=r"status\.json: damaged: .*trabecula resume"):
            load(tmp_path)
    (tmp_path / "checkpoint.h5").write_text("")
    assert _read_state(tmp_path, {}) == "begun"


def test_a_status_is_read_as_it_was_written(tmp_path):
    (tmp_path / RECORD).write_text("{}")
    (tmp_path / "results.h5").write_text("")
    write_status(tmp_path, "done", {"time": 3.0})
    assert load_status(tmp_path) == read_status(tmp_path)
    assert json.loads((tmp_path / "status.json").read_text())["time"] == 3.0
    assert has_ended(tmp_path)
    assert _read_state(tmp_path, {}) == "done"


@pytest.mark.parametrize("state", [None, 3])
def test_a_status_without_a_state_is_wrong(tmp_path, state):
    (tmp_path / "status.json").write_text(json.dumps({"state": state}))
    with pytest.raises(_WrongError, match="says no state"):
        _check_status(tmp_path)
