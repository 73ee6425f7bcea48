"""A run that begins on a later day of another run of the same bone."""

import numpy as np
import pytest

from test_runner import TINY
from trabecula.analysis import load_results
from trabecula.base.errors import InputError
from trabecula.config import load_config
from trabecula.runner import resume, run
from trabecula.runner.onset import begin_from

AGE, YEAR = 50.0, 365.25
STEADY = TINY.replace("[[0, 10], [12, 60]]", "10") + f"patient: {{sex: female, age: {AGE}}}\n"
OWN = ("formation_percent", "resorption_percent")
"""Series over a baseline that is the 90 d before one's own day 0."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("onsets")


def read(place, text, name="child"):
    (place / f"{name}.yaml").write_text(text)
    return load_config(place / f"{name}.yaml")


@pytest.fixture(scope="module")
def stock(place, states):
    """A bone to which nothing is done."""
    return run(read(place, STEADY), place / "stock", cache=states).folder


def make_child(place, at, text=STEADY, length=8):
    """The same with a patient who is older by then, `length` days long."""
    text = text.replace("duration: 24 d", f"duration: {length} d")
    return read(place, text.replace(f"age: {AGE}", f"age: {AGE + at / YEAR}"))


@pytest.mark.parametrize("at", [8.0, 10.0, 16.0])
def test_a_life_with_nothing_changed_is_that_of_the_bone_it_begins_from(place, stock, at):
    """Bit by bit, from a kept state or two days after one; only what is counted from day 0 differs."""
    begin_from(make_child(place, at), stock, at, place / f"same-{at:g}")
    found, known = load_results(place / f"same-{at:g}"), load_results(stock)
    first = int(np.searchsorted(known.time, at))
    assert found.time.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    for key in set(found.series) - set(OWN):
        own, theirs = found.get(key).values, known.get(key).values[first : first + 5]
        both = np.isfinite(own) & np.isfinite(theirs)  # what is costly has days of its own
        np.testing.assert_array_equal(own[both], theirs[both], err_msg=key)
    assert np.ptp(found.get("bv_tv").values) > 0  # it lives
    starts = found.bmus["activated"]
    np.testing.assert_allclose(starts, known.bmus["activated"][: len(starts)] - at, atol=1e-6)


def test_a_therapy_begins_on_its_day_0(place, stock):
    text = STEADY.replace("estradiol: 10", "estradiol: [[0, 10], [4, 60]]")
    begin_from(make_child(place, 8.0, text), stock, 8.0, place / "treated")
    levels = load_results(place / "treated").hormones["estradiol"].values
    np.testing.assert_allclose(levels[[0, 2, 4]], [10.0, 60.0, 60.0])


def test_percents_are_those_of_the_days_before_its_own_day_0(place, stock):
    begin_from(make_child(place, 16.0), stock, 16.0, place / "percents")
    found, known = load_results(place / "percents"), load_results(stock)
    formed = known.get("matrix_formed").values
    before = int(np.searchsorted(known.time, 16.0 - 90.0))
    now = int(np.searchsorted(known.time, 16.0))
    base = (formed[now] - formed[before]) / (known.time[now] - known.time[before])
    scale = found.get("formation_rate").values[-1] / found.get("formation_percent").values[-1]
    other = known.get("formation_rate").values[-1] / known.get("formation_percent").values[-1]
    whole = formed[np.searchsorted(known.time, 0.0)] - formed[np.searchsorted(known.time, -90.0)]
    assert scale / other == pytest.approx(base / (whole / 90.0), rel=1e-6)


def test_a_day_between_two_steps_is_the_nearest(place, stock):
    begin_from(make_child(place, 8.0), stock, 8.3, place / "nearest")
    same = load_results(place / "nearest")
    np.testing.assert_array_equal(
        same.get("bv_tv").values, load_results(stock).get("bv_tv").values[-9:-4]
    )
    assert "day 0 is day 8 of" in (place / "nearest" / "log.txt").read_text()


def test_a_life_can_be_lengthened_like_any_other(place, stock):
    begin_from(make_child(place, 8.0), stock, 8.0, place / "longer")
    resume(place / "longer", until=12.0)
    begin_from(make_child(place, 8.0, length=12), stock, 8.0, place / "long")
    longer, long = (load_results(place / name) for name in ("longer", "long"))
    for key in ("bv_tv", "matrix_formed", "mar"):
        np.testing.assert_array_equal(longer.get(key).values, long.get(key).values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seed: 3", "seed: 4"), "found another seed"),
        (("bv_tv: 0.2", "bv_tv: 0.25"), "found another lattice"),
        (("spin_up: 100 d", "spin_up: 120 d"), "found another spin_up"),
        (("name: tiny", "name: tiny\nstep: 0.5 d"), "found another step"),
        (("name: tiny", "name: tiny\nmechanics: {mesh: fine}"), "found another mechanics.mesh"),
    ],
)
def test_another_bone_is_refused(place, stock, change, said):
    with pytest.raises(InputError, match=said):
        begin_from(make_child(place, 8.0, STEADY.replace(*change)), stock, 8.0, place / "other")
    assert not (place / "other").exists()


def test_where_there_is_no_run_or_no_state_it_says_so(place, stock):
    child = make_child(place, 8.0)
    with pytest.raises(InputError, match=r"no config\.yaml"):
        begin_from(child, place / "nowhere", 8.0, place / "other")
    with pytest.raises(InputError, match="no full state at or before day -2"):
        begin_from(child, stock, -2.0, place / "other")
    with pytest.raises(InputError, match="found the folder of the run itself"):
        begin_from(child, stock, 8.0, stock)
    assert not (place / "other").exists()
