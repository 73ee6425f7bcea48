"""How often a run commits, and which of its full states it keeps."""

import itertools

import h5py
import pytest

from trabecula.config import load_config
from trabecula.runner import run
from trabecula.runner.cache import StateCache
from trabecula.runner.pace import FIRST, SHARE, Pace
from trabecula.runner.pruning import choose_superfluous

SMALL = """
name: small
seed: 3
spin_up: 20 d
duration: 60 d
lattice: {shape: [24, 24, 24], bv_tv: 0.2, seed: 1}
"""


class Clock:
    """A clock that is set by hand (s)."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def live(pace, clock, costs, step=0.1, length=2000.0):
    """Offer a commit after every step; each one takes the next of `costs`."""
    costs = iter(costs)
    end = clock.now + length
    while clock.now < end:
        clock.now += step
        if pace.is_due:
            with pace.time():
                clock.now += next(costs)


def test_the_first_commit_comes_after_a_second(clock):
    """A life that is over by then is written at its end."""
    pace = Pace(now=clock)
    assert not pace.is_due
    clock.now += 0.5 * FIRST / SHARE
    assert not pace.is_due
    clock.now += 0.5 * FIRST / SHARE
    assert pace.is_due


@pytest.mark.parametrize("cost", [0.01, 1.0, 7.0])
def test_commits_take_their_share_and_no_more(clock, cost):
    pace = Pace(now=clock)
    live(pace, clock, itertools.repeat(cost), length=300 * cost / SHARE)
    whole = clock.now - 100.0
    assert 0.5 * SHARE < pace.spent / whole < SHARE + cost / whole
    assert pace.count > 100


def test_commits_that_grow_stay_under_three_per_cent(clock):
    """Results grow while a run goes on, and a copy of them takes longer each time."""
    pace = Pace(now=clock)
    live(pace, clock, (0.2 * 1.02**k for k in range(1000)))
    assert pace.count > 50
    assert 0.5 * SHARE < pace.spent / (clock.now - 100.0) < 0.03


def test_a_commit_that_fails_counts_for_nothing(clock):
    pace = Pace(now=clock)
    with pytest.raises(OSError, match="full"), pace.time():
        raise OSError("full")
    assert pace.count == 0


def test_what_safety_costs_is_said(clock):
    pace = Pace(now=clock)
    with pace.time():
        clock.now += 2.0
    clock.now += 98.0
    assert pace.describe() == "1 commits on the way took 2.0 s, 2.0 % of the time"


def keep(days, most):
    """The states left if they are written one after another and pruned each time."""
    kept = []
    for day in days:
        kept.append(day)
        gone = choose_superfluous(kept, most)
        kept = [d for d in kept if d not in gone]
    return kept


def test_few_states_are_all_kept():
    assert choose_superfluous([0.0, 10.0, 20.0], 3) == []


@pytest.mark.parametrize("most", [2, 3, 8])
def test_the_first_and_the_last_state_stay(most):
    kept = keep(range(50), most)
    assert len(kept) == most
    assert (kept[0], kept[-1]) == (0, 49)


@pytest.mark.parametrize("days", [30, 64, 200, 777])
def test_no_moment_is_far_from_a_state_that_was_kept(days):
    kept = keep(range(days), 12)
    gaps = [after - before for before, after in itertools.pairwise(kept)]
    assert max(gaps) < 2.5 * days / 12


def test_two_states_are_the_least():
    with pytest.raises(ValueError, match="allowed: 2 and more"):
        choose_superfluous([0.0, 1.0, 2.0], 1)


@pytest.fixture(scope="module")
def make_run(tmp_path_factory):
    """A run of SMALL with the given settings of its output."""
    place = tmp_path_factory.mktemp("pace")
    path = place / "small.yaml"
    path.write_text(SMALL)
    cache = StateCache(place / "cache")

    def make(name, *sets):
        config = load_config(path, [f"output.{text}" for text in sets])
        return run(config, place / name, cache=cache).folder

    return make


def test_states_of_a_run_are_pruned(make_run):
    folder = make_run("pruned", "states=5 d", "states_kept=4")
    days = sorted(float(path.stem[3:]) for path in (folder / "states").iterdir())
    assert len(days) == 4
    assert (days[0], days[-1]) == (0.0, 60.0)


def test_a_paced_run_writes_what_any_other_writes(make_run):
    """When it commits depends on the machine; what stands there in the end does not."""
    found = []
    for name, sets in (
        ("paced", ()),
        ("often", ("checkpoint=1 d",)),
        ("once", ("checkpoint=60 d",)),
    ):
        folder = make_run(name, *sets)
        assert "commits on the way took" in (folder / "log.txt").read_text()
        with h5py.File(folder / "results.h5") as file:
            found.append({key: file["series"][key][()].tobytes() for key in file["series"]})
    assert found[0] == found[1] == found[2]
    assert " 61 commits" in (folder.parent / "often" / "log.txt").read_text()
