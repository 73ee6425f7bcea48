"""Quoted errors are honest: over repeated trials, 95 % intervals cover the truth 90-99 % of the time."""

import numpy as np
import pytest
from scipy.stats import t as student

from trabecula.study.adaptive import LEAST
from trabecula.study.pool import DRAWS, Estimate, Pool, estimate
from trabecula.study.terms import read_term

TRIALS = 600
ARMS = ["a", "b"]


class Bones(Pool):
    """A pool whose runs are rows of numbers: what an arm had before, and in the window."""

    def draw(self, indices):
        return Bones({arm: [rows[i] for i in indices] for arm, rows in self._runs.items()})

    def leave_out(self, index):
        return self.draw([i for i in range(self.count) if i != index])

    def observe(self, observable, arm, when):
        before, now = np.sum(self._runs[arm], axis=0)
        return 100.0 * (now / before - 1.0)


def make_bones(rng, count, change=(0.0, 0.3), own=0.15):
    """Bones differ by size; what arms share is the baseline, and half of what comes after."""
    before = rng.gamma(20.0, 1.0, count)
    shared = rng.normal(0, 0.2, count)
    arms = {}
    for arm, rise in zip(ARMS, change, strict=True):
        noise = 1 + shared + rng.normal(0, own, count)
        arms[arm] = list(zip(before, before * (1 + rise) * noise, strict=True))
    return Bones(arms)


def read(words):
    return read_term(words, "", ARMS, "", {"t": 1})


def count_covered(words, truth, count, least=0.9, most=0.99):
    rng = np.random.default_rng(count)
    term = read(words)
    found = [estimate(term, make_bones(rng, count)) for _ in range(TRIALS)]
    covered = np.mean([abs(one.value - truth) <= one.reach for one in found])
    plain = np.mean([abs(one.value - truth) <= 1.96 * one.error for one in found])
    assert least <= covered <= most, f"{words} of {count} bones: {covered}"
    return plain


@pytest.mark.parametrize("count", [2, 3, 4, 6])
@pytest.mark.parametrize(
    ("words", "truth"),
    [("res_pct(b)", 30.0), ("res_pct(b) - res_pct(a)", 30.0), ("res_pct(b) / 2", 15.0)],
)
def test_intervals_of_few_bones_cover_the_truth(words, truth, count):
    plain = count_covered(words, truth, count)
    worth = 2 * student.cdf(1.96, count - 1) - 1  # of 1.96 standard errors: 0.70 for two bones
    assert plain == pytest.approx(worth, abs=0.05)


def test_an_interval_widens_with_fewer_bones():
    reach = [Estimate(1.0, 1.0, count).reach for count in (2, 4, 6, 1000)]
    assert reach == pytest.approx([12.71, 3.18, 2.57, 1.96], abs=0.01)
    assert np.isnan(Estimate(1.0, 0.5, 1).reach)
    assert Estimate(1.0, 0.5, 4).to_mapping()["low"] == pytest.approx(1 - 3.18 / 2, abs=0.01)


def test_adding_bones_until_the_error_is_small_keeps_intervals_honest():
    """Who stops as soon as the spread looks small has intervals too narrow, unless four bones are in."""
    rng = np.random.default_rng(5)
    for ratio in (0.7, 1.5, 3.0):
        covered = []
        for _ in range(1500):
            values, count = rng.normal(0, ratio, 300), LEAST
            while count < 300 and values[:count].std(ddof=1) / np.sqrt(count) > 1:
                count += 1
            mean, error = values[:count].mean(), values[:count].std(ddof=1) / np.sqrt(count)
            covered.append(abs(mean) <= Estimate(mean, error, count).reach)
        assert 0.9 <= np.mean(covered) <= 0.99


def test_what_jumps_has_an_error_too():
    """Leaving out one bone moves no rank: by that the order of equal arms would be certain."""
    rng = np.random.default_rng(3)
    arms = ["a", "b", "c", "d"]
    term = read_term("rank(res_pct, a, b, c, d)", "", arms, "", {"t": 1})
    assert not term.is_smooth

    def make(step):
        before = rng.gamma(20.0, 1.0, 6)
        return Bones({
            arm: list(zip(before, before * (2 - step * i + rng.normal(0, 0.1, 6)), strict=True))
            for i, arm in enumerate(arms)
        })  # fmt: skip

    equal = [estimate(term, make(0.0)).error for _ in range(6)]
    clear = [estimate(term, make(0.5)).error for _ in range(6)]
    assert np.mean(equal) > 0.3
    assert max(clear) == 0.0


def test_the_error_of_what_jumps_is_widened_for_the_number_of_bones():
    """Resamples of n bones scatter less than new bones would, by the root of (n - 1) / n."""
    rng = np.random.default_rng(8)
    arms = ["a", "b", "c"]
    pool = Bones({arm: [(1.0, value) for value in rng.uniform(1.0, 2.0, 3)] for arm in arms})
    term = read_term("rank(res_pct, a, b, c)", "", arms, "", {"t": 1})
    draws = np.random.default_rng(3).integers(3, size=(DRAWS, 3))
    spread = np.std([term.compute(pool.draw(draw)) for draw in draws])
    assert spread > 0.1
    assert estimate(term, pool).error == pytest.approx(spread * np.sqrt(3 / 2))


class Crossings(Bones):
    """Bones that cross a level together on the first day of any, if enough of them are among them."""

    def __init__(self, days, enough):
        super().__init__({"a": days})
        self._enough = enough

    def draw(self, indices):
        return Crossings([self._runs["a"][i] for i in indices], self._enough)

    def find_first_day(self, observable, arm, level, when):
        days = set(self._runs[arm])
        return min(days) if len(days) >= self._enough else np.nan


@pytest.mark.parametrize(("enough", "is_known"), [(1, True), (2, True), (3, False)])
def test_a_day_that_most_resamples_lack_has_no_error(enough, is_known):
    """Of the resamples of three bones 8 in 9 hold two of them or more, and 2 in 9 all three."""
    pool = Crossings([5.0, 9.0, 7.0], enough)
    found = estimate(read_term("first_day(res_pct, a, 40)", "", ["a"], "", {"t": 100}), pool)
    assert (found.value, found.count) == (5.0, 3)
    assert np.isfinite(found.error) == is_known


def test_pairing_takes_out_what_arms_share():
    rng = np.random.default_rng(4)
    pool = make_bones(rng, 200)
    errors = {words: estimate(read(words), pool).error
              for words in ("res_pct(a)", "res_pct(b)", "res_pct(b) - res_pct(a)")}  # fmt: skip
    apart = np.hypot(errors["res_pct(a)"], errors["res_pct(b)"])
    assert apart / errors["res_pct(b) - res_pct(a)"] > 1.4
