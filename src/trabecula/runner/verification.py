"""Whether a run folder is whole, and what is wrong with it, in words."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trabecula.base.errors import TrabeculaError
from trabecula.model.soundness import check_state
from trabecula.records import read_state
from trabecula.records.reader import read_results
from trabecula.records.results import LINK, NAME, verify_content
from trabecula.records.seals import KEY, find_broken
from trabecula.records.statusfile import load_status, read_status
from trabecula.runner.digest import compute_code_digest, compute_resume_digest
from trabecula.runner.folder import find_rubbish
from trabecula.runner.lock import is_held

LATER = {"results.h5", "provenance", "results.vtkhdf", "checkpoint.h5"}
"""What a run has only once samples begin."""

BEFORE = "none yet: stopped in the spin-up, on which `trabecula resume` goes"


class Finding(NamedTuple):
    """One check of a folder.

    Parameters
    ----------
    what
        What was looked at.
    is_good
        Whether it is as it should be.
    words
        What was found.
    """

    what: str
    is_good: bool
    words: str


def verify_folder(place: Path) -> list[Finding]:
    """Check every file of a run folder; reads only."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("config.yaml", lambda: _check_config(place)),
        ("status.json", lambda: _check_status(place)),
        ("results.h5", lambda: _check_results(place)),
        ("provenance", lambda: _check_provenance(place)),
        ("results.vtkhdf", lambda: _check_link(place)),
        ("checkpoint.h5", lambda: _check_checkpoint(place)),
        ("bytes", lambda: _check_bytes(place)),
        ("rubbish", lambda: _check_rubbish(place)),
    ]
    if _is_before_results(place):
        checks = [(what, (lambda: BEFORE) if what in LATER else check) for what, check in checks]
    found = [_find(what, check) for what, check in checks]
    return found + list(_check_states(place))


def _is_before_results(place: Path) -> bool:
    """Whether a run was stopped, or still is, before it had anything to write down."""
    status = read_status(place)
    is_before = status.get("phase") == "spin-up" and status.get("state") != "failed"
    return is_before and not (place / NAME).exists() and not (place / "checkpoint.h5").exists()


class _WrongError(Exception):
    """Something is not as it should be."""


def _find(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except (_WrongError, TrabeculaError, OSError, ValueError, KeyError) as error:
        return Finding(what, False, str(error))


def _load_config(place: Path) -> Any:
    from trabecula.config import load_config

    return load_config(place / "config.yaml", lived=True)


def _check_config(place: Path) -> str:
    config = _load_config(place)
    return f"valid; {config.name}, {config.duration:g} d"


def _check_status(place: Path) -> str:
    status = load_status(place)
    state = status.get("state")
    if not isinstance(state, str):
        msg = "says no state; `trabecula resume` makes it anew"
        raise _WrongError(msg)
    if state == "failed":
        msg = "the run failed; log.txt says when, `trabecula resume` goes on from the last commit"
        raise _WrongError(msg)
    return f"{state}, {status.get('updated', 'no time')}"


def _check_results(place: Path) -> str:
    verify_content(place / NAME)
    results = read_results(place)
    time = results.time
    if len(time) == 0:
        return "whole; nothing committed yet"
    if np.any(np.diff(time) <= 0):
        msg = "times are not in ascending order; the file was not written by one run: make it again"
        raise _WrongError(msg)
    for key in ("bv_tv", "bs_tv"):
        values = results.series[key].values
        if not np.all(np.isfinite(values)) or np.any(values <= 0) or np.any(values > 100):
            msg = f"series {key} holds numbers that no bone has: make the run again"
            raise _WrongError(msg)
    return f"whole; {len(time)} rows, day {time[0]:g} to {time[-1]:g}"


def _check_provenance(place: Path) -> str:
    stored = read_results(place).provenance["config_digest"]
    now = _load_config(place).compute_digest()
    if stored != now:
        msg = (
            "results.h5 was made with another configuration than config.yaml holds now; put the old one "
            "back (its text is in /provenance/config), or run again"
        )
        raise _WrongError(msg)
    return f"configuration {stored[:12]} as in config.yaml"


def _check_link(place: Path) -> str:
    if not (place / LINK).is_file():
        msg = "absent; ParaView needs it: run `trabecula resume`, or open results.h5 itself"
        raise _WrongError(msg)
    return "there"


def _check_checkpoint(place: Path) -> str:
    path = place / "checkpoint.h5"
    if not path.is_file():
        return "none yet; `trabecula resume` would begin again"
    state, meta = read_state(path)
    check_state(state)
    config = _load_config(place)
    if meta.get("config_digest") != compute_resume_digest(config):
        msg = "made with another configuration than config.yaml holds now: it cannot be resumed"
        raise _WrongError(msg)
    time, every = read_results(place).time, config.output.every
    sampled = every * math.floor(state.clock.time / every + 1e-6)  # a run may stop between samples
    if len(time) == 0 or time[-1] < sampled - 1e-6:
        msg = f"is of day {state.clock.time:g}, beyond the results: rows are missing; run again"
        raise _WrongError(msg)
    same = meta.get("code_digest") == compute_code_digest()
    tail = "" if same else "; of another version of the program, with which alone it can be resumed"
    return f"whole, ledgers closed, day {state.clock.time:g}{tail}"


def _check_bytes(place: Path) -> str:
    status = read_status(place)
    if broken := find_broken(place, status):
        msg = f"{', '.join(broken)}; put a copy of it in its place, or make the run again"
        raise _WrongError(msg)
    if KEY not in status:
        return "no digests of whole files: the run has not ended, or an earlier version wrote it"
    return f"as the run left them: {', '.join(status[KEY])}"


def _check_rubbish(place: Path) -> str:
    left = [str(path.relative_to(place)) for path in find_rubbish(place)]
    if left and not is_held(place):
        msg = f"{', '.join(left)} of a killed run; `trabecula resume` clears them"
        raise _WrongError(msg)
    outside = [path.name for path in place.rglob("*") if path.is_symlink()]
    if outside:
        msg = (
            f"{', '.join(outside)}: links that lead out of the folder; nothing is read through them"
        )
        raise _WrongError(msg)
    return "none"


def _check_states(place: Path) -> Iterator[Finding]:
    for path in sorted((place / "states").glob("day*.h5")):

        def check(path: Path = path) -> str:
            state, _ = read_state(path)
            check_state(state)
            return f"whole, ledgers closed, day {state.clock.time:g}"

        yield _find(f"states/{path.name}", check)
