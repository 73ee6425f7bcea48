"""What an arm got, in the many ways in which it can be written: each is read one way, or told."""

import pytest

from test_panel_strangers import load

READ = ("{arm: a, obs: form_pct, t_day: 90, band: [-60, -5]}",)


def read_arm(tmp_path, text):
    """Return an arm and what is noted with its trial."""
    trial = load(tmp_path, (f"a: {text}",), READ)
    return trial.get_arm("a"), [note for note in trial.notes if note.startswith("arm a")]


# ------------------------------------------------------------------ prescriptions
@pytest.mark.parametrize(
    "course",
    [
        "[[0, 0], [0.01, 10], [180, 10], [180.01, 0]]",
        "[[0, 0], [0, 10], [180, 10], [180, 0]]",
        "[[-90, 0], [0, 0], [0.01, 10], [180, 10], [180.01, 0]]",
        "[[0, 10], [180, 10], [180.01, 0]]",
    ],
)
def test_a_course_that_is_written_with_its_jumps_keeps_them(tmp_path, course):
    """The dose is whole from the first day on; it does not creep up to the next point."""
    points = read_arm(tmp_path, f"{{e2_pg_ml: 9, pred_mg_d: {course}}}")[0].levels["glucocorticoid"]
    assert points[0] == (0.0, 0.0)
    assert points[1] == (0.01, 10.0)
    assert points[-2:] == ((180.0, 10.0), (180.01, 0.0))


def test_two_doses_at_the_beginning_of_a_taper_follow_each_other(tmp_path):
    arm, _ = read_arm(tmp_path, "{pred_mg_d: [[0, 5], [0, 10], [30, 10], [60, 0]]}")
    assert arm.levels["glucocorticoid"] == (
        (0.0, 0.0), (0.01, 5.0), (0.02, 10.0), (30.0, 10.0), (60.0, 0.0),
    )  # fmt: skip


def test_a_dose_that_never_changes_is_said_to_begin(tmp_path):
    for course in ("[[0, 10]]", "[[0, 10], [365, 10]]"):
        arm, notes = read_arm(tmp_path, f"{{pred_mg_d: {course}}}")
        assert arm.levels["glucocorticoid"][:2] == ((0.0, 0.0), (0.01, 10.0))
        assert any("begins on day 0, nothing is given before" in note for note in notes)
    for course in ("10", "[[0, 0]]", "[[0, 10], [5, 0]]"):
        assert not any("begins on" in n for n in read_arm(tmp_path, f"{{pred_mg_d: {course}}}")[1])
