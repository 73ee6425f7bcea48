"""The loaders under mutated inputs, a small and fixed share of what benchmarks/fuzz.py does."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from fuzz import Tally, fuzz_apart, try_one
from fuzz_mutators import mutate_bytes, mutate_document, mutate_table, parse, write_flow
from fuzz_targets import RICH, TARGETS, Target

IMAGES = [name for name, target in TARGETS.items() if target.kind == "bytes"]


@pytest.mark.parametrize(("name", "inputs"), [("config", 600), ("sheets", 200)])
def test_texts_are_taken_or_refused(tmp_path, name, inputs):
    tally = fuzz_apart(name, inputs, 7, tmp_path)
    assert tally.findings == []
    assert tally.inputs >= inputs
    assert tally.accepted + tally.refused == tally.inputs
    assert tally.validated > inputs / 2
    assert tally.kept > 2
    assert tally.lines > 0.5 * tally.all_lines


@pytest.mark.parametrize("name", IMAGES)
def test_images_are_taken_or_refused(tmp_path, name):
    tally = fuzz_apart(name, 60, 7, tmp_path)
    assert tally.findings == []
    assert tally.accepted > 0
    assert tally.refused > 0


def explode(_path):
    raise RecursionError("deep")


def dawdle(_path):
    while True:
        pass


@pytest.mark.parametrize(
    ("load", "words"), [(explode, "RecursionError: deep"), (dawdle, "more than")]
)
def test_what_is_neither_is_found(tmp_path, load, words, monkeypatch):
    import signal

    import fuzz

    monkeypatch.setattr(fuzz, "SECONDS", 0.2)
    before = signal.signal(signal.SIGALRM, fuzz.watch_time)
    target = Target("bytes", "input", (), lambda _: [b"x"], load, lambda: (None, ""))
    tally = Tally()
    try_one(target, b"x", tmp_path, tally)
    signal.signal(signal.SIGALRM, before)
    ((what, data),) = tally.findings
    assert what.startswith(words)
    assert data == b"x"


def test_a_document_survives_being_written():
    assert parse(write_flow(parse(RICH)).encode()) == parse(RICH)


@pytest.mark.parametrize("mutate", [mutate_document, mutate_table, mutate_bytes])
def test_mutations_change_something_and_can_be_repeated(mutate):
    first = [mutate(RICH, [RICH, b"a: 1"], random.Random(seed)) for seed in range(40)]
    again = [mutate(RICH, [RICH, b"a: 1"], random.Random(seed)) for seed in range(40)]
    assert first == again
    assert len(set(first)) > 30
