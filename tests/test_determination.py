"""How well a row is determined, where the loss is a formula and its interval is known by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import qmc

from trabecula.config import load_parameters
from trabecula.config.calibrations import FitRow
from trabecula.study.calibrating import Evaluated, Fitted
from trabecula.study.determination import EDGE, determine, find_limit, list_findings
from trabecula.study.loss import Target

KEYS = ("cells.osteocyte.trigger", "cells.osteocyte.trigger_depth")
NOISE = 0.04


def make_rows(count):
    table = load_parameters()
    return tuple(FitRow(table.rows[key], 0.5, 0.0, 1.0, False) for key in KEYS[:count])


def evaluate(places, losses, error=NOISE, stage="small"):
    return [
        Evaluated(stage, number, dict(zip(KEYS, place, strict=False)), loss, error, 0.5, 0.1, ())
        for number, (place, loss) in enumerate(zip(places.tolist(), losses.tolist(), strict=True))
    ]


def fit(places, losses, chosen=None, error=NOISE, **stages):
    small = evaluate(places, losses, error)
    best = min(small, key=lambda one: one.loss)
    if chosen is not None:
        best = replace(best, values=dict(zip(KEYS, chosen, strict=False)))
    return Fitted({"small": small, **stages}, {}, "small", small[0], best)


def spread_places(count, rows, seed=3):
    return qmc.Sobol(rows, scramble=True, rng=seed).random(count)


def test_the_interval_of_a_parabola_ends_where_it_has_risen_by_the_noise():
    places = np.linspace(0.0, 1.0, 17)[:, None]
    losses = 1.0 + 4.0 * (places[:, 0] - 0.4) ** 2
    (one,) = determine(make_rows(1), fit(places, losses)).rows
    reach = math.sqrt(NOISE / 4.0)
    # the least is that of the grid of shares, 0.4062, which costs next to nothing
    assert one.low == pytest.approx(0.4 - reach, abs=0.002)
    assert one.high == pytest.approx(0.4 + reach, abs=0.002)
    assert one.width == pytest.approx(2.0 * reach, abs=0.004)
    assert (one.verdict, one.at_limit) == ("determined", "")


def test_an_interval_of_more_than_half_the_range_determines_nothing():
    places = np.linspace(0.0, 1.0, 17)[:, None]
    steep, flat = (1.0 + slope * (places[:, 0] - 0.5) ** 2 for slope in (0.8, 0.4))
    (narrow,) = determine(make_rows(1), fit(places, steep)).rows
    (wide,) = determine(make_rows(1), fit(places, flat)).rows
    assert 0.4 < narrow.width < 0.5 < wide.width < 0.7
    assert (narrow.verdict, wide.verdict) == ("determined", "not determined")
    assert wide.low > 0.0
    assert wide.high < 1.0


def test_a_row_is_as_free_as_the_others_let_it():
    """Two rows of which the loss knows the difference: neither is determined, though each alone is."""
    places = spread_places(64, 2)
    apart, total = places[:, 0] - places[:, 1], places.sum(axis=1)
    losses = 1.0 + 9.0 * apart**2 + 0.05 * (total - 1.0) ** 2
    alone = 2.0 * math.sqrt(NOISE / 9.0)
    for one in determine(make_rows(2), fit(places, losses)).rows:
        assert one.width > 4.0 * alone
        x = np.array(one.values)
        y = np.clip((9.0 * x + 0.05 * (1.0 - x)) / 9.05, 0.0, 1.0)  # where the other is best
        least = 1.0 + 9.0 * (x - y) ** 2 + 0.05 * (x + y - 1.0) ** 2
        assert np.array(one.profile) == pytest.approx(least, abs=0.01)
    (one,) = determine(make_rows(1), fit(places[:, :1], 1.0 + 9.0 * (places[:, 0] - 0.5) ** 2)).rows
    assert one.width == pytest.approx(alone, abs=0.01)


def test_what_nobody_looked_at_may_be_as_good():
    """Between two clusters of evaluations of a loss that winds, the surrogate is unsure."""
    places = np.concatenate([np.linspace(0.0, 0.3, 14), np.linspace(0.85, 1.0, 10)])[:, None]
    losses = 2.0 + np.sin(40.0 * places[:, 0]) + 4.0 * (places[:, 0] - 0.2) ** 2
    known = determine(make_rows(1), fit(places, losses))
    (one,) = known.rows
    values, profile, spread = (np.array(x) for x in (one.values, one.profile, one.spread))
    bar = profile.min() + known.noise
    hopeful, sure = values[profile - spread <= bar], values[profile <= bar]
    assert hopeful.max() > sure.max() + 0.05, "the gap is unsure: else this tells nothing"
    assert one.high >= hopeful.max()


def test_the_noise_is_what_the_rows_do_not_explain_if_that_is_more():
    places = np.linspace(0.0, 1.0, 25)[:, None]
    scatter = np.random.default_rng(1).normal(0.0, 0.15, 25)
    losses = 1.0 + 4.0 * (places[:, 0] - 0.4) ** 2
    assert determine(make_rows(1), fit(places, losses, error=0.01)).noise == pytest.approx(0.01)
    assert determine(make_rows(1), fit(places, losses + scatter, error=0.01)).noise > 0.03


def test_the_chosen_value_lies_in_its_interval():
    """It is that of the round that decided, which may not be the least of the round that tells."""
    places = np.linspace(0.0, 1.0, 17)[:, None]
    losses = 1.0 + 4.0 * (places[:, 0] - 0.4) ** 2
    (one,) = determine(make_rows(1), fit(places, losses, chosen=[0.9])).rows
    assert one.best == 0.9
    assert one.low < 0.4
    assert one.high >= 0.9


@pytest.mark.parametrize(("rows", "needed"), [(1, 8), (2, 12)])
def test_as_many_evaluations_as_a_parabola_needs_and_as_many_again(rows, needed):
    places = spread_places(16, rows)
    losses = 1.0 + ((places - 0.4) ** 2).sum(axis=1)
    few = determine(make_rows(rows), fit(places[: needed - 1], losses[: needed - 1]))
    enough = determine(make_rows(rows), fit(places[:needed], losses[:needed]))
    assert {one.verdict for one in few.rows} == {"too few evaluations"}
    assert "too few evaluations" not in {one.verdict for one in enough.rows}


def test_a_round_on_the_whole_panel_tells_nothing_of_single_rows():
    """It holds the same two sets again and again, and has another panel."""
    places = spread_places(16, 1)
    losses = 1.0 + 4.0 * (places[:, 0] - 0.4) ** 2
    more = {
        "large": evaluate(places[:2], losses[:2], stage="large"),
        "final": evaluate(
            np.repeat(places[:2], 20, axis=0), np.repeat(losses[:2], 20), stage="final"
        ),
    }
    fitted = replace(fit(places, losses, **more), judged_in="large")
    assert determine(make_rows(1), fitted).stage == "small"


def test_a_value_near_a_limit_is_at_it():
    (row,) = make_rows(1)
    found = [
        find_limit(row, value) for value in (0.0, EDGE, 1.01 * EDGE, 1 - 1.01 * EDGE, 1 - EDGE, 1.0)
    ]
    assert found == ["lower", "lower", "", "", "upper", "upper"]


def test_what_stays_outside_its_band_on_either_side_has_resisted():
    places = np.linspace(0.0, 1.0, 17)[:, None]
    losses = 1.0 + 4.0 * (places[:, 0] - 0.4) ** 2
    fitted = fit(places, losses)
    targets = tuple(
        Target(name, "T-1", value, 0.1, 0.0, 2.0)
        for name, value in (("below", -0.5), ("inside", 1.5), ("above", 2.5))
    )
    after = replace(fitted.best, targets=targets)
    found = list_findings(determine(make_rows(1), fitted), after, after, ())
    told = {text.split()[0] for text in found if "resisted" in text}
    assert told == {"below", "above"}
