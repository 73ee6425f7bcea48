"""Levels over a protocol: what swings faster than a line can show is drawn as a band."""

from pathlib import Path

import numpy as np
import pytest

from trabecula.config import load_config
from trabecula.hormones import make_course
from trabecula.viz.hormones import BINS, CAPTION, DOSES, LABS, SWINGS, draw_hormones, gather_swings

CONFIG = Path(__file__).parents[1] / "configs" / "young_adult.yaml"
DAILY = ["patient={sex: female, age: 55 y}", "duration=300 d"]


def test_a_daily_swing_is_gathered_into_trough_peak_and_mean():
    time = np.arange(0.0, 300.0, 0.05)
    values = 3.0 + np.sin(2 * np.pi * time) + 0.5 * (time > 150)
    middles, low, high, mean = gather_swings(time, values)
    assert 100 <= len(middles) <= BINS
    early, late = middles < 145, middles > 155
    for part, shift in ((early, 0.0), (late, 0.5)):
        assert low[part] == pytest.approx(2.0 + shift, abs=0.02)
        assert high[part] == pytest.approx(4.0 + shift, abs=0.02)
        assert mean[part] == pytest.approx(3.0 + shift, abs=0.02)


def test_the_line_does_not_move_where_the_last_swing_is_cut_off():
    """A weekly peak and its decay: what is left at the end begins with a peak, and ends too high."""
    time = np.arange(0.05, 7.0 * 103 + 2.0, 0.1)
    mean = gather_swings(time, 600.0 * np.exp(-0.35 * np.mod(time, 7.0)))[3]
    assert np.ptp(mean[1:]) < 0.01 * mean[1:].mean()


def test_a_level_that_hardly_moves_lies_below_the_top_of_its_axis():
    plain = load_config(CONFIG, DAILY)
    course = make_course(plain)
    axes = draw_hormones(course, plain).axes
    axis = next(axis for axis in axes if axis.get_title(loc="left").startswith("Insulin"))
    assert axis.get_ylim()[1] > 1.05 * course.levels["igf1"].max()


@pytest.mark.parametrize(
    "values",
    [np.sin(np.linspace(0, 60, 6000)) + 2, np.linspace(1, 2, 6000), np.zeros(6000)],
    ids=["ten swings", "a slope", "nothing"],
)
def test_what_a_line_can_show_stays_a_line(values):
    assert gather_swings(np.linspace(0, 300, 6000), values) is None


def test_the_caption_says_what_is_drawn_and_no_more():
    plain = load_config(CONFIG, DAILY)
    dosed = load_config(CONFIG, [
        *DAILY, "protocol=['progesterone 200 mg oral daily']",
        "patient.labs=[{day: -20, estradiol: 12}]",
    ])  # fmt: skip
    told = [
        draw_hormones(make_course(config), config).get_supxlabel().replace("\n", " ")
        for config in (plain, dosed)
    ]
    for line in (SWINGS, LABS, DOSES):
        assert line not in told[0]
        assert line in told[1]
    assert told[1] == " ".join(line for line in CAPTION if line in told[1])
