"""The machinery of a fit, with a formula in the place of lives: rounds, journal, failures, outcome."""

import json
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fitting import FILE, OPG, RANKL, TRIGGER, USUAL, Formula, make, write
from test_validation import make_results
from trabecula.analysis import Series
from trabecula.base.errors import InputError, TrabeculaError
from trabecula.config import load_config
from trabecula.config.calibrations import load_calibration
from trabecula.config.fits import load_fit
from trabecula.study.calibrating import IN_A_ROW, JOURNAL, LINES, Calibrator
from trabecula.study.determination import determine, list_findings
from trabecula.study.fitplan import count_kept, plan_stages
from trabecula.study.freezing import freeze, list_comparisons, make_summary
from trabecula.study.loss import DRIFT, UNKNOWN, Target, compute_loss
from trabecula.study.pool import Pool
from trabecula.study.steady import ARM, make_steady_trial
from trabecula.viz.calibration import draw_profiles, make_page


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A fit that nothing interrupted."""
    calibrator = make(tmp_path_factory.mktemp("whole"))
    return calibrator, calibrator.fit()


def test_rounds_begin_with_the_start_and_the_better_share(whole):
    calibrator, fitted = whole
    assert Counter(name for name, _ in calibrator.evaluator.calls) == {"small": 18, "large": 6}
    start = {TRIGGER: USUAL, OPG: 0.3}
    small, large = fitted.stages["small"], fitted.stages["large"]
    assert small[0].values == large[0].values == start
    ranked = sorted(small[1:], key=lambda one: one.loss)
    assert [one.values for one in large[1:5]] == [one.values for one in ranked[:4]]  # 0.2 of 17
    assert len({tuple(one.values.values()) for one in large}) == 6


def test_it_finds_what_the_formula_wants(whole):
    _, fitted = whole
    assert fitted.judged_in == "large"
    assert fitted.start.loss > 0.3
    assert fitted.best.loss < 0.01
    assert fitted.best.values[TRIGGER] == pytest.approx(0.4, abs=0.02)
    assert fitted.best.values[OPG] == pytest.approx(0.4, rel=0.15)
    assert fitted.ended == {"small": "planned", "large": "planned"}
    assert fitted.core_hours == pytest.approx(0.18 + 6 * 0.0675)


def test_every_evaluation_is_a_line(whole):
    calibrator, _ = whole
    lines = [json.loads(line) for line in (calibrator.out / LINES).read_text().splitlines()]
    assert len(lines) == 24
    assert lines[0]["values"] == {TRIGGER: USUAL, OPG: 0.3}
    assert (lines[0]["bones"], lines[-1]["edge"]) == (2, 24)
    assert lines[5]["targets"][0]["error"] == 0.05
    assert (calibrator.out / JOURNAL).is_file()


@pytest.mark.parametrize("stop_at", [0, 11, 20])
def test_a_fit_that_was_stopped_goes_on_as_if_it_had_not(tmp_path, whole, stop_at):
    first = make(tmp_path, evaluator=Formula(stop_at=stop_at))
    with pytest.raises(KeyboardInterrupt):
        first.fit()
    second = make(tmp_path)
    fitted = second.fit()
    assert first.evaluator.calls + second.evaluator.calls == whole[0].evaluator.calls
    assert fitted.best == whole[1].best
    third = make(tmp_path)
    assert third.fit().best == whole[1].best
    assert third.evaluator.calls == []


def test_another_seed_proposes_otherwise(tmp_path, whole):
    other = make(tmp_path, FILE.replace("seed: 3", "seed: 4"))
    other.fit()
    assert other.evaluator.calls[0] == whole[0].evaluator.calls[0]
    assert other.evaluator.calls[1] != whole[0].evaluator.calls[1]


def test_a_fit_can_be_extended_but_not_changed(tmp_path):
    make(tmp_path).fit()
    more = make(tmp_path, FILE.replace("evaluations: 6", "evaluations: 8"))
    more.fit()
    assert len(more.evaluator.calls) == 2
    with pytest.raises(InputError, match=r"another rows; allowed: the\s+same calibration"):
        make(tmp_path, FILE.replace("high: 1.5", "high: 1.4")).fit()
    with pytest.raises(InputError, match="another seed"):
        make(tmp_path, FILE.replace("seed: 3", "seed: 4")).fit()
    (tmp_path / "panel.yaml").write_text("")  # written anew by make(), with other words
    path = tmp_path / "out" / "calibration.json"
    path.write_text(path.read_text().replace('"panel": "', '"panel": "0'))
    with pytest.raises(InputError, match="another panel"):
        make(tmp_path).fit()


def test_a_fit_goes_on_over_the_same_files_alone(tmp_path):
    """They are named in the calibration or its panel, and count by what they hold."""
    earlier, base = tmp_path / "earlier.yaml", tmp_path / "base.yaml"
    earlier.write_text(f"parameters: {{{RANKL}: 0.2}}\n")
    base.write_text("duration: 100 d\nhormones: {levels: {estradiol: 60}}\n")
    text = FILE.replace("spin_up: 20", "spin_up: 20, fit: earlier.yaml")
    file = write(tmp_path, text)
    panel = tmp_path / "panel.yaml"
    days = "    duration_days: 10\n"
    panel.write_text(panel.read_text().replace(days, f"    config: base.yaml\n{days}", 1))

    def go_on():
        asked = load_calibration(file)
        return Calibrator(asked, plan_stages(asked), Formula(stop_at=2), tmp_path / "out").fit()

    for _ in range(2):  # begun, and gone on with
        with pytest.raises(KeyboardInterrupt):
            go_on()
    earlier.write_text(f"parameters: {{{RANKL}: 0.3}}\n")
    with pytest.raises(InputError, match="another set of rows before it; allowed: the same"):
        go_on()
    earlier.write_text(f"parameters: {{{RANKL}: 0.2}}\n")
    base.write_text("duration: 100 d\nhormones: {levels: {estradiol: 50}}\n")
    with pytest.raises(InputError, match="another configuration of LOSS; allowed: the same"):
        go_on()
    base.write_text("# other words\nhormones: {levels: {estradiol: 60}}\nduration: 100 d\n")
    with pytest.raises(KeyboardInterrupt):
        go_on()


def test_a_stage_that_was_extended_sends_on_its_best_whatever_went_on_before(tmp_path):
    """By their place, sets would be left out that rank among those sent on before."""
    before = make(tmp_path)
    large = before.fit().stages["large"]
    more = make(tmp_path, FILE.replace("evaluations: 18", "evaluations: 36"))
    fitted = more.fit()
    ranked = sorted(fitted.stages["small"][1:], key=lambda one: (one.loss, one.number))
    sent = [one.values for one in ranked[: count_kept(0.2, len(ranked))]]
    assert sent[0] not in [one.values for one in large], "or nothing is seen"
    there = [one.values for one in fitted.stages["large"]]
    assert all(values in there for values in sent[:5]), "the start and five others are planned"
    fresh = [values for values in sent[:5] if values not in [one.values for one in large]]
    assert there[: len(large)] == [one.values for one in large]
    assert there[len(large) :] == fresh
    assert fitted.ended["large"] == "planned"
    again = make(tmp_path, FILE.replace("evaluations: 18", "evaluations: 36"))
    assert again.fit().best == fitted.best
    assert again.evaluator.calls == []


def test_a_journal_that_was_torn_goes_on_from_its_last_whole_line(tmp_path, whole):
    """A kill, or a full disk, in the middle of a line; the next one was written on it."""
    first = make(tmp_path, evaluator=Formula(stop_at=11))
    with pytest.raises(KeyboardInterrupt):
        first.fit()
    path = first.out / JOURNAL
    with path.open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"ab')
    second = make(tmp_path)
    assert second.fit().best == whole[1].best
    assert first.evaluator.calls + second.evaluator.calls == whole[0].evaluator.calls
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_journal_damaged_in_the_middle_is_told_with_one_message(tmp_path):
    found = make(tmp_path, evaluator=Formula(stop_at=2))
    with pytest.raises(KeyboardInterrupt):
        found.fit()
    path = found.out / JOURNAL
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], lines[2][:9] + "\n", *lines[3:]]))
    with pytest.raises(
        InputError, match=r"journal\.log: found a damaged line .* put the file back"
    ):
        make(tmp_path).fit()


def test_failed_evaluations_are_kept_and_the_fit_goes_on(tmp_path):
    calibrator = make(tmp_path, evaluator=Formula(lambda values: values[TRIGGER] > 0.6))
    fitted = calibrator.fit()
    assert fitted.failed
    assert all(one.values[TRIGGER] > 0.6 for one in fitted.failed)
    assert fitted.best.values[TRIGGER] == pytest.approx(0.4, abs=0.05)
    assert len(fitted.stages["small"]) == 18
    lines = [json.loads(line) for line in (calibrator.out / LINES).read_text().splitlines()]
    failed = [line for line in lines if line["loss"] is None]
    assert {line["why"] for line in failed} == {
        "LOSS/usual/bone-1: the solver left the finite numbers"
    }
    known = determine(calibrator.calibration.rows, fitted)
    findings = list_findings(known, fitted.start, fitted.best, fitted.failed)
    assert any("evaluations failed: LOSS/usual/bone-1" in text for text in findings)


def test_a_fit_in_which_nothing_can_be_lived_ends(tmp_path):
    calibrator = make(tmp_path, evaluator=Formula(lambda values: values[TRIGGER] != USUAL))
    with pytest.raises(TrabeculaError, match=f"{IN_A_ROW} evaluations of small failed in a row"):
        calibrator.fit()
    assert len(calibrator.evaluator.calls) == 1 + IN_A_ROW


def test_a_start_that_cannot_be_judged_ends_the_fit_and_is_told(tmp_path):
    bad = Formula(lambda values: values[TRIGGER] == USUAL)
    with pytest.raises(
        TrabeculaError, match="small: the start itself could not be judged: LOSS/us"
    ):
        make(tmp_path, evaluator=bad).fit()
    assert len(bad.calls) == 1
    again = Formula()
    with pytest.raises(TrabeculaError, match="mend that, and name another --out"):
        make(tmp_path, evaluator=again).fit()
    assert again.calls == []


class Fails(Formula):
    """Cannot live one kind of set in one round."""

    def __init__(self, where, is_bad):
        super().__init__()
        self.where, self.is_worse = where, is_bad

    def evaluate(self, values, fidelity, name):
        self.is_bad = self.is_worse if name == self.where else lambda values: False
        return super().evaluate(values, fidelity, name)


def test_a_round_whose_start_fails_compares_nothing_and_costs_no_more(tmp_path):
    bad = Fails("large", lambda values: values[TRIGGER] == USUAL)
    fitted = make(tmp_path, evaluator=bad).fit()
    assert Counter(name for name, _ in bad.calls) == {"small": 18, "large": 1}
    assert fitted.ended == {"small": "planned", "large": "its start failed"}
    assert fitted.judged_in == "small"
    assert fitted.best.values[TRIGGER] == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("is_best", [True, False])
def test_a_final_round_that_lacks_a_side_compares_nothing(tmp_path, is_best):
    """The start compared with itself would say that nothing has changed."""
    bad = Fails("final", lambda values: (values[TRIGGER] != USUAL) == is_best)
    text = FILE + "final: {bones: 4, edge: 24, settle: 10}\n"
    fitted = make(tmp_path, text, bad).fit()
    assert len(list_comparisons(fitted)) == 1
    assert len(fitted.final) == (2 if is_best else 1)


class Planned(Formula):
    """Takes as long as was planned."""

    def __init__(self, plans):
        super().__init__()
        self.each = {plan.name: plan.each for plan in plans}

    def evaluate(self, values, fidelity, name):
        return replace(super().evaluate(values, fidelity, name), core_hours=self.each[name])


def test_the_budget_ends_a_round_and_leaves_enough_for_the_next(tmp_path):
    small, large = plans = make(tmp_path).plans
    budget = 10.5 * small.each + large.least
    text = FILE.replace("budget: 100", f"budget: {budget}")
    fitted = make(tmp_path, text, Planned(plans)).fit()
    assert fitted.ended == {"small": "budget", "large": "budget"}
    assert len(fitted.stages["small"]) == 10
    assert len(fitted.stages["large"]) >= 2
    assert fitted.judged_in == "large"
    assert fitted.core_hours <= budget


def test_the_chosen_set_is_lived_on_the_whole_panel_at_the_end(tmp_path):
    calibrator = make(tmp_path, FILE + "final: {bones: 4, edge: 24, settle: 10}\n")
    fitted = calibrator.fit()
    calls = [values for name, values in calibrator.evaluator.calls if name == "final"]
    assert calls == [{TRIGGER: USUAL, OPG: 0.3}, fitted.best.values]
    assert [one.values for one in fitted.final] == calls
    _, (_, before, after) = list_comparisons(fitted)
    assert (before, after) == fitted.final
    assert [t.id for t in calibrator.plans[-1].subject.panel.trials] == ["LOSS", "PROSE"]


def test_noise_is_that_of_the_start_so_that_none_wins_by_being_noisy():
    start = Target("a", "T", 3.0, 0.1, -1.0, 1.0)
    noisy = Target("a", "T", 3.0, 50.0, -1.0, 1.0)
    errors = {"a": start.error}
    assert compute_loss([noisy], errors).value == compute_loss([start], errors).value
    assert compute_loss([noisy], errors).error > compute_loss([start], errors).error
    assert compute_loss([noisy], {}).value < 0.01


def test_the_loss_is_a_parabola_inside_and_a_line_outside():
    def lose(value, **kinds):
        return compute_loss([Target("a", "T", value, 0.0, 10.0, 20.0, **kinds)], {}).value

    assert lose(15.0) == 0.0
    assert lose(10.0) == lose(20.0) == pytest.approx(2**0.5 - 1.0)
    assert lose(15.5) == pytest.approx(0.005, rel=0.01)
    assert lose(1015.0) - lose(515.0) == pytest.approx(100.0, rel=1e-3)
    assert lose(float("nan")) == pytest.approx((1 + UNKNOWN**2) ** 0.5 - 1.0)
    assert lose(99.0, counts=False) == 0.0


def test_one_bone_has_no_error_and_half_the_band_takes_its_place():
    target = Target("a", "T", 20.0, float("nan"), 10.0, 20.0)
    assert compute_loss([target], {}).value == pytest.approx(1.5**0.5 - 1.0)


def test_trials_weigh_alike_however_many_endpoints_they_have():
    many = [Target(f"a{n}", "A", 15.0, 0.0, 10.0, 20.0) for n in range(9)]
    one = Target("b", "B", 20.0, 0.0, 10.0, 20.0)
    assert compute_loss([*many, one], {}).value == pytest.approx((2**0.5 - 1.0) / 2)


def test_drift_is_refused_and_its_own_weight():
    def lose(value, weight=1.0):
        return compute_loss([Target("d", DRIFT, value, 0.0, -0.5, 0.5)], {}, weight).value

    assert lose(0.2) < 0.03
    assert lose(0.5) == lose(-0.5) == pytest.approx(0.5)
    assert lose(5.0) > 98
    assert lose(5.0, 2.0) == pytest.approx(2 * lose(5.0))
    assert lose(float("nan")) == UNKNOWN**2


@pytest.mark.parametrize("group", ["T", DRIFT])
def test_the_error_of_the_loss_follows_its_slope(group):
    def make_target(value, error):
        return [Target("a", group, value, error, -1.0, 1.0)]

    errors = {"a": 0.01}
    up, down = (compute_loss(make_target(0.7 + h, 0.0), errors).value for h in (1e-5, -1e-5))
    error = compute_loss(make_target(0.7, 0.01), errors).error
    assert error == pytest.approx((up - down) / 2e-5 * 0.01, rel=1e-3)


@pytest.mark.parametrize("group", ["T", DRIFT])
@pytest.mark.parametrize("value", [0.0, 0.7, 2.5])
def test_the_error_of_the_loss_follows_its_bend_too(group, value):
    """An error of 1: the variance is slope^2 + bend^2 / 2, both of them by differences."""

    def lose(at):
        return compute_loss([Target("a", group, at, 0.0, -1.0, 1.0)], {}).value

    step = 1e-3
    slope = (lose(value + step) - lose(value - step)) / (2 * step)
    bend = (lose(value + step) - 2 * lose(value) + lose(value - step)) / step**2
    error = compute_loss([Target("a", group, value, 1.0, -1.0, 1.0)], {"a": 0.0}).error
    assert error == pytest.approx((slope**2 + bend**2 / 2) ** 0.5, rel=1e-3, abs=1e-5)


def test_errors_of_targets_add_by_squares_each_with_its_weight():
    """Two trials of one target and of two: weights of a half, and of a quarter each."""
    alone = Target("a", "T", 18.0, 2.0, 10.0, 20.0)
    error = compute_loss([alone], {}).error
    both = [replace(alone, name=name, group="U") for name in ("b", "c")]
    whole = compute_loss([alone, *both], {})
    assert whole.error == pytest.approx(error * (1 / 4 + 2 / 16) ** 0.5)
    assert whole.parts["a"] == pytest.approx(2 * whole.parts["b"])


def test_drift_is_added_and_is_no_trial_among_the_others():
    target = Target("a", "T", 20.0, 0.0, 10.0, 20.0)
    drift = Target("d", DRIFT, 0.5, 0.0, -0.5, 0.5)
    found = compute_loss([target, drift], {})
    assert found.parts == {"a": pytest.approx(2**0.5 - 1.0), "d": pytest.approx(0.5)}


# ------------------------------------------------------------------ an untouched bone
def make_untouched(days=100.0):
    """A rate of 1 before day 0 and 3 after it in one bone, 5 in another; volume falls 0.1 % a day."""
    pool = Pool({ARM: [make_results(days=120) for _ in range(2)]})
    for run, rate in zip(pool.get_runs(ARM), (3.0, 5.0), strict=True):
        course = np.where(run.time > 0, rate, 1.0)
        run.series["turnover"] = Series(np.where(run.time > days, 99.0, course))
    trial = make_steady_trial({"turnover": (2.0, 6.0), "ede_um": (40.0, 60.0)}, 0.5, days)
    return pool, {end.label: end for end in trial.endpoints}


def test_an_anchor_is_the_mean_over_the_days_that_are_lived_and_all_bones():
    pool, ends = make_untouched()
    assert list(ends) == ["turnover", "ede_um", DRIFT]
    assert ends["turnover"].term.compute(pool) == pytest.approx(4.0)
    assert ends["ede_um"].term.compute(pool) == pytest.approx(50.0), "40 um before day 0"


@pytest.mark.parametrize("days", [50.0, 100.0])
def test_drift_is_the_change_in_a_year(days):
    pool, ends = make_untouched(days)
    assert ends[DRIFT].term.compute(pool) == pytest.approx(-0.1 * 365.25)
    assert ends[DRIFT].band == (-0.5, 0.5)


def test_rows_are_told_apart_by_how_well_they_are_determined(tmp_path):
    text = FILE.replace("rows:\n", f"rows:\n  {RANKL}: {{}}\n").replace("18, keep", "40, keep")
    calibrator = make(tmp_path, text.replace("log: on", "log: off"))
    fitted = calibrator.fit()
    known = determine(calibrator.calibration.rows, fitted)
    found = {one.row.key: one for one in known.rows}
    assert known.stage == "small"  # six evaluations of the large one are too few for three rows
    assert known.count == 40
    assert found[TRIGGER].verdict == "determined"
    assert found[TRIGGER].low < 0.4 < found[TRIGGER].high
    assert found[TRIGGER].width < 0.2
    assert found[RANKL].verdict == "not determined"
    assert found[RANKL].width == 1.0
    assert found[OPG].low < 0.4 < found[OPG].high
    findings = list_findings(known, fitted.start, fitted.best, fitted.failed)
    assert any(text.startswith(f"{RANKL} is not determined") for text in findings)


def test_more_noise_leaves_rows_less_determined(tmp_path):
    widths = []
    for error in (0.02, 0.5):
        calibrator = make(tmp_path, evaluator=Formula(error=error), out=f"out{error}")
        known = determine(calibrator.calibration.rows, calibrator.fit())
        widths.append(next(one.width for one in known.rows if one.row.key == TRIGGER))
    assert widths[1] > 1.5 * widths[0]


def test_a_row_at_its_limit_is_a_finding(tmp_path):
    # The best is 0.4.
    text = FILE.replace(f"{TRIGGER}: {{}}", f"{TRIGGER}: {{low: 0.1, high: 0.28}}")
    calibrator = make(tmp_path, text)
    fitted = calibrator.fit()
    known = determine(calibrator.calibration.rows, fitted)
    one = known.rows[0]
    assert (one.row.key, one.at_limit) == (TRIGGER, "upper")
    assert one.verdict in ("bounded below", "not determined")
    findings = list_findings(known, fitted.start, fitted.best, fitted.failed)
    assert any(text.startswith(f"{TRIGGER} is at its upper limit, 0.28") for text in findings)
    assert any(text.startswith("LOSS: bvtv resisted: -1.7") for text in findings)


def test_too_few_evaluations_say_nothing(tmp_path):
    text = FILE.replace("evaluations: 18", "evaluations: 4").replace(
        "evaluations: 6", "evaluations: 3"
    )
    calibrator = make(tmp_path, text)
    fitted = calibrator.fit()
    known = determine(calibrator.calibration.rows, fitted)
    assert {one.verdict for one in known.rows} == {"too few evaluations"}
    assert "too few to say" in make_summary(
        calibrator.calibration,
        fitted,
        known,
        freeze(calibrator.calibration, fitted, calibrator.plans),
    )


def test_the_outcome_is_frozen_and_told(tmp_path, whole):
    calibrator, fitted = whole
    asked = calibrator.calibration
    known = determine(asked.rows, fitted)
    fit = freeze(asked, fitted, calibrator.plans)
    (tmp_path / "fit.yaml").write_text(fit.to_yaml())
    again = load_fit(tmp_path / "fit.yaml")
    assert (again.values, again.digest) == (fitted.best.values, fit.digest)
    made = again.made_from
    assert made["trials"] == ["LOSS"]
    assert made["calibration"] == asked.compute_digest()
    assert len(made["panel_digest"]) == 64
    assert {"trabecula", "numpy", "numba", "python"} <= set(made["versions"])
    (tmp_path / "run.yaml").write_text("duration: 5 d\nfit: fit.yaml\n")
    config = load_config(tmp_path / "run.yaml")
    assert config.parameters[TRIGGER] == fitted.best.values[TRIGGER]
    assert config.fit.digest == fit.digest
    summary = make_summary(asked, fitted, known, fit)
    page = make_page(asked, fitted, known, fit, draw_profiles(known, fitted))
    for text in (summary, page):
        assert fit.digest in text
        assert TRIGGER in text
        assert "0 to 0.9" in text
        assert "reported only" in text
        assert "cannot move a replete bone" in text
    assert "<img" in page
    assert "`" not in page


def test_figures_of_profiles(whole):
    calibrator, fitted = whole
    known = determine(calibrator.calibration.rows, fitted)
    figure = draw_profiles(known, fitted)
    titles = [axis.get_title(loc="left") or axis.get_title() for axis in figure.axes]
    assert [title for title in titles if title] == [
        "estrogen_trigger.maximum", "estrogen_opg.maximum",
    ]  # fmt: skip
    assert figure.axes[1].get_xscale() == "log"
    figure.draw_without_rendering()
    low, high = figure.axes[1].get_xlim()
    shown = [label for label in figure.axes[1].get_xticklabels(which="both") if label.get_text()]
    assert [label.get_text() for label in shown if low <= label.get_position()[0] <= high] == [
        "0.1", "0.2", "0.5", "1",
    ]  # fmt: skip
    assert figure.axes[1].get_xlabel() == "value (1); determined"
    assert all(axis.get_ylim()[0] > -0.2 for axis in figure.axes)  # a loss is not negative


def test_without_optuna_there_is_one_helpful_message(tmp_path, monkeypatch):
    calibrator = make(tmp_path)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r'pip install "trabecula\[fit\]"'):
        calibrator.fit()
    assert not (tmp_path / "out" / "calibration.json").exists()


@pytest.mark.parametrize(
    ("keep", "done", "kept"), [(0.2, 23, 5), (0.01, 9, 1), (1, 7, 7), (0.5, 0, 0)]
)
def test_the_share_that_goes_on(keep, done, kept):
    assert count_kept(keep, done) == kept


def test_later_rounds_are_as_long_as_what_goes_on_unless_told(tmp_path):
    text = FILE.replace(", evaluations: 6", "")
    plans = plan_stages(load_calibration(write(tmp_path, text)))
    assert [plan.evaluations for plan in plans] == [18, 5]
