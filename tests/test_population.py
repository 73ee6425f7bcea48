"""Virtual populations: who is drawn, what a file may say, and what becomes of it."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet
from scipy import stats
from typer.testing import CliRunner

import trabecula as tb
from bones import write_gyroid
from populations import DRAWN, load, pretend
from trabecula.base.errors import ConfigError, InputError
from trabecula.cli.main import app
from trabecula.config.marginals import make_marginal
from trabecula.config.paths import to_key
from trabecula.config.populationschema import Distribution, PopulationSettings
from trabecula.config.support import Support, find_support
from trabecula.config.sweeps import load_sweep
from trabecula.runner.digest import compute_state_digest
from trabecula.study.design import Who, list_points
from trabecula.study.patients import Patients, summarise_distributions

BV, TH = "lattice.bv_tv", "lattice.tb_th"
AGE, E2 = "patient.age", "hormones.levels.estradiol"
WORK = "cells.parameters.osteoclast.work"
NORMAL = {"distribution": "normal", "mean": 0.2, "sd": 0.03}
LOG = {"distribution": "lognormal", "median": 150, "gsd": 1.2}
MANY = 1500


def make(varies: dict, correlation: list | tuple = (), **more) -> PopulationSettings:
    return PopulationSettings.model_validate(
        {"patients": 3, "varies": varies, "correlation": correlation, **more}
    )


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def draw_many(settings: PopulationSettings, key: str) -> np.ndarray:
    patients = Patients(settings)
    return np.array([patients.draw_patient(n)[key] for n in range(1, MANY + 1)], dtype=float)


def test_a_patient_does_not_depend_on_order_number_or_other_keys() -> None:
    age = {"distribution": "uniform", "low": 50, "high": 70}
    few = Patients(make({BV: NORMAL, TH: LOG}))
    other = Patients(make({AGE: age, TH: LOG, BV: NORMAL}, patients=500))
    backwards = [other.draw_patient(number) for number in (400, 3, 2, 1)][:0:-1]
    for number, found in enumerate(backwards, 1):
        assert {key: found[key] for key in (BV, TH)} == few.draw_patient(number)
    assert few.draw_patient(1) != few.draw_patient(2)
    assert Patients(make({BV: NORMAL}, seed=2)).draw_patient(1)[BV] != few.draw_patient(1)[BV]


def test_one_key_under_two_names_is_one_draw() -> None:
    short, full = (
        "hormones.parameters.denosumab.clearance",
        "hormones.parameters.hormones.denosumab.clearance",
    )
    one = {"distribution": "normal", "mean": 66, "sd": 5}
    first, second = (Patients(make({key: one})).draw_patient(5) for key in (short, full))
    assert first[short] == second[full]


def test_a_correlation_moves_only_what_it_connects() -> None:
    age = {"distribution": "uniform", "low": 50, "high": 70}
    pair = [{"between": [TH, BV], "r": 0.6}]
    plain, tied = (Patients(make({BV: NORMAL, TH: LOG, AGE: age}, c)) for c in ([], pair))
    turned = Patients(make({AGE: age, TH: LOG, BV: NORMAL}, pair))
    for number in range(1, 6):
        before, after = plain.draw_patient(number), tied.draw_patient(number)
        assert after == turned.draw_patient(number)
        assert (before[BV], before[AGE]) == (after[BV], after[AGE]), "first of the alphabet leads"
        assert before[TH] != after[TH]


def test_parameters_are_drawn_apart_from_patients() -> None:
    uncertain = {"draws": 2, "rows": {WORK: "range"}}
    patients = Patients(make({}, uncertain=uncertain))
    assert patients.draw_parameters(0) == {}
    more = Patients(make({BV: NORMAL}, uncertain={**uncertain, "draws": 9}))
    assert patients.draw_parameters(2) == more.draw_parameters(2) != patients.draw_parameters(1)
    row = find_support(to_key(WORK)).row
    values = [more.draw_parameters(n)[WORK] for n in range(1, MANY + 1)]
    assert stats.kstest(values, stats.uniform(row.low, row.high - row.low).cdf).pvalue > 0.01
    varied = Patients(make({WORK: {"distribution": "uniform", "low": row.low, "high": row.high}}))
    assert varied.draw_patient(1)[WORK] != patients.draw_parameters(1)[WORK]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (NORMAL, stats.norm(0.2, 0.03)),
        ({"distribution": "normal", "median": 0.2, "sd": 0.03}, stats.norm(0.2, 0.03)),
        ({"distribution": "lognormal", "median": 0.2, "gsd": 1.3}, stats.lognorm(math.log(1.3), 0, 0.2)),
        ({"distribution": "uniform", "low": 0.1, "high": 0.3}, stats.uniform(0.1, 0.2)),
        (
            {"distribution": "triangular", "low": 0.1, "mode": 0.15, "high": 0.3},
            stats.triang(0.25, 0.1, 0.2),
        ),
    ],
)  # fmt: skip
def test_drawn_values_have_the_distribution_that_was_asked_for(asked, expected) -> None:
    values = draw_many(make({BV: asked}), BV)
    inside = (expected.cdf(0.03), expected.cdf(0.6))  # limits of the key itself
    assert inside[1] - inside[0] > 0.9999
    assert stats.kstest(values, expected.cdf).pvalue > 0.01
    for share in (0.1, 0.5, 0.9):
        error = math.sqrt(share * (1 - share) / MANY)
        assert abs((values < expected.ppf(share)).mean() - share) < 3 * error


@pytest.mark.parametrize("middle", ["mean", "median"])
def test_a_lognormal_distribution_keeps_middle_and_spread(middle: str) -> None:
    asked = Distribution(distribution="lognormal", **{middle: 50.0}, sd=20.0)
    frozen = make_marginal(asked, Support()).frozen
    (log_mean, width) = frozen.mean(), frozen.std()
    whole = stats.lognorm(width, 0, math.exp(log_mean))
    assert getattr(whole, middle)() == pytest.approx(50)
    assert whole.std() == pytest.approx(20)
    given = Distribution(distribution="lognormal", mean=50.0, gsd=1.5)
    frozen = make_marginal(given, Support()).frozen
    assert stats.lognorm(frozen.std(), 0, math.exp(frozen.mean())).mean() == pytest.approx(50)


def test_limits_cut_and_do_not_heap_up() -> None:
    asked = {**NORMAL, "low": 0.19, "high": 0.24}
    values = draw_many(make({BV: asked}), BV)
    assert values.min() > 0.19
    assert values.max() < 0.24
    low, high = ((end - 0.2) / 0.03 for end in (0.19, 0.24))
    assert stats.kstest(values, stats.truncnorm(low, high, 0.2, 0.03).cdf).pvalue > 0.01
    one = make_marginal(Distribution(**LOG, low=140.0, high=160.0), Support())
    assert one.get_value(1e-12) == pytest.approx(140, rel=1e-6)
    assert one.get_value(1 - 1e-12) == pytest.approx(160, rel=1e-6)
    key = find_support(to_key(BV))
    wide = make_marginal(Distribution(distribution="normal", mean=0.2, sd=1.0), key)
    assert (wide.get_value(1e-9), wide.get_value(1 - 1e-9)) == pytest.approx((0.05, 0.6), rel=1e-6)


def test_a_range_is_even_or_even_in_its_logarithm() -> None:
    key = find_support(to_key("cells.parameters.osteocyte.trigger"))
    assert (key.low, key.high, key.unit) == (1e-6, 1e-4, "1/d")
    even, log = (make_marginal(Distribution(distribution=d), key) for d in ("range", "log_range"))
    assert even.get_value(0.5) == pytest.approx(50.5e-6)
    assert log.get_value(0.5) == pytest.approx(1e-5)


def test_a_choice_is_weighed() -> None:
    key = "patient.menopause_type"
    asked = {"distribution": "choice", "values": ["typical", "flat"], "weights": [3, 1]}
    patients = Patients(make({key: asked}))
    found = [patients.draw_patient(n)[key] for n in range(1, MANY + 1)]
    share = found.count("flat") / MANY
    assert set(found) == {"typical", "flat"}
    assert abs(share - 0.25) < 3 * math.sqrt(0.25 * 0.75 / MANY)


def test_correlations_are_those_that_were_asked_for() -> None:
    age = {"distribution": "uniform", "low": 50, "high": 70}
    pairs = [{"between": [BV, TH], "r": 0.6}, {"between": [AGE, BV], "r": -0.4}]
    patients = Patients(make({BV: NORMAL, TH: LOG, AGE: age}, pairs))
    people = [patients.draw_patient(n) for n in range(1, MANY + 1)]
    ranks = [stats.rankdata([one[key] for one in people]) / (MANY + 1) for key in (BV, TH, AGE)]
    found = np.corrcoef(stats.norm.ppf(ranks))
    for (a, b), r in {(0, 1): 0.6, (0, 2): -0.4, (1, 2): 0.0}.items():
        assert abs(found[a, b] - r) < 3 * (1 - r * r) / math.sqrt(MANY)


BASE = """
spin_up: 0 d
settle: 0 d
duration: 2 d
mechanics: off
lattice: {specimen: bone.h5, voxel: 20 um}
output: {every: 1 d, snapshots: 2 d, costly: 2 d}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a base configuration and its bone, a gyroid."""
    write_gyroid(tmp_path / "bone.h5", 16)
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def one(key: str, text: str) -> str:
    return f"population: {{patients: 2, varies: {{{key}: {text}}}}}"


def row(key: str, text: str) -> str:
    return f"population: {{patients: 2, uncertain: {{draws: 2, rows: {{{key}: {text}}}}}}}"


def tied(*pairs: str) -> str:
    uniform = "{distribution: uniform, low: 50, high: 60}"
    keys = f"{{patient.age: {uniform}, patient.weight: {uniform}, fields.every: {uniform}}}"
    return f"population:\n  patients: 2\n  varies: {keys}\n  correlation: [{', '.join(pairs)}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("population: {}", "sweep.yaml:2:1: population.patients: found nothing"),
        (
            "population: {patients: 0}",
            "2:24: population.patients: found 0; allowed: a whole number 1",
        ),
        (
            "population: {patients: 2, seed: -1}",
            "population.seed: found -1; allowed: a whole number 0",
        ),
        ("population: {patients: 2, structures: mine}", "allowed: own or shared"),
        (one("patient.age", "{distribution: nrmal, mean: 3}"), "did you mean normal?"),
        (one("patient.age", "{mean: 3, sd: 1}"), "varies.patient.age.distribution: found nothing"),
        (
            one("patient.age", "{distribution: normal, men: 3}"),
            "unknown key 'men'; allowed: distribution,",
        ),
        (one("patient.agee", "{distribution: uniform, low: 1, high: 2}"), "did you mean age?"),
        (
            one("patient.age", "{distribution: normal, mean: 60}"),
            "population.varies.patient.age: found nothing for sd; allowed: one of them",
        ),
        (
            one("patient.age", "{distribution: lognormal, mean: 60, median: 60, gsd: 1.1}"),
            "found mean and median for mean or median; allowed: one of them",
        ),
        (
            one("patient.age", "{distribution: normal, mean: 60, sd: 2, gsd: 1.1}"),
            "patient.age.gsd: found gsd of a normal distribution; allowed: mean, median, sd, low, high",
        ),
        (
            one("patient.age", "{distribution: normal, mean: 60, sd: 0}"),
            "sd: found 0; allowed: > 0",
        ),
        (
            one("patient.age", "{distribution: lognormal, mean: 60, gsd: 1}"),
            "gsd: found 1; allowed: > 1",
        ),
        (
            one("patient.age", "{distribution: lognormal, mean: -60, gsd: 2}"),
            "found a middle of -60",
        ),
        (
            one("patient.age", "{distribution: uniform, low: 10, high: 60}"),
            "patient.age.low: found low 10; allowed: 18 .. 110 y",
        ),
        (
            one("patient.age", "{distribution: uniform, low: 60, high: 50}"),
            "allowed: low under high",
        ),
        (
            one("patient.age", "{distribution: triangular, low: 50, mode: 70, high: 60}"),
            "mode: found mode 70; allowed: 50 .. 60",
        ),
        (
            one("patient.age", "{distribution: normal, mean: 60, sd: 2, low: 90}"),
            "% of the distribution within 90 .. 110; allowed: at least 1 %",
        ),
        (
            one(WORK, "{distribution: normal, mean: 5000, sd: 500, high: 9e9}"),
            "osteoclast.work.high: found high 9e+09; allowed: ",
        ),
        (
            one("patient.sex", "{distribution: normal, mean: 1, sd: 1}"),
            "found normal; allowed: distribution: choice, since the key takes no numbers",
        ),
        (
            one("patient.sex", "{distribution: choice, values: [female, mail]}"),
            "patient.sex.values[1]: found 'mail'; allowed: female or male",
        ),
        (
            one(WORK, "{distribution: choice, values: [5000, 9e9]}"),
            "osteoclast.work.values[1]: found 9e+09 um^3/d",
        ),
        (
            one("patient.sex", "{distribution: choice, values: [male], weights: [1, 2]}"),
            "weights: found 2 weights; allowed: 1, one for each value",
        ),
        (
            one("patient.sex", "{distribution: choice, values: [male], weights: [-1]}"),
            "weights[0]: found -1; allowed: a number above 0",
        ),
        (
            one("patient.sex", "{distribution: choice, values: [male, female], weights: [0, 1]}"),
            "weights[0]: found 0; allowed: a number above 0",
        ),
        (
            one("patient.sex", "{distribution: choice, values: 3}"),
            "found 3; allowed: a list of values",
        ),
        (
            one(WORK, "range"),
            "found range; allowed: a distribution over patients; a range of evidence",
        ),
        (
            one("seed", "{distribution: uniform, low: 1, high: 2}"),
            "a key that is not decided for each",
        ),
        (row("patient.age", "range"), "allowed: a row of the table, such as"),
        (row("cells.parameters.osteoclast.wrk", "range"), "found an unknown parameter"),
        (row(WORK, "rnge"), "did you mean range?"),
        (
            row("cells.parameters.precursor.chemotaxis", "log_range"),
            "a range above 0 for log_range",
        ),
        (
            row(WORK, "{distribution: range, mean: 3}"),
            "found mean of a range distribution; allowed: nothing",
        ),
        (
            tied("{between: [patient.age], r: 0.2}"),
            "correlation[0].between: found ['patient.age']; allowed: two",
        ),
        (tied("{between: [patient.age, [1]], r: 0.2}"), "allowed: two different keys of varies"),
        (tied("{between: [patient.age, seed], r: 0.2}"), "allowed: two different keys of varies"),
        (
            tied("{between: [patient.age, patient.weight], r: 1}"),
            "r: found 1; allowed: -0.999 .. 0.999",
        ),
        (
            tied(*["{between: [patient.age, patient.weight], r: 0.2}"] * 2),
            "correlation[1].between: found patient.age and patient.weight twice",
        ),
        (
            tied(
                "{between: [patient.age, patient.weight], r: 0.9}",
                "{between: [patient.age, fields.every], r: 0.9}",
                "{between: [fields.every, patient.weight], r: -0.9}",
            ),
            "found correlations that cannot be together (smallest eigenvalue",
        ),
        (
            one(AGE, "{distribution: uniform, low: 50, high: 60}") + "\nseeds: 2",
            "found seeds beside population",
        ),
        (
            one(AGE, "{distribution: uniform, low: 50, high: 60}") + "\ngrid: {patient.age: [50]}",
            "found patient.age in grid and in varies; allowed: each key in one place",
        ),
        (
            one(AGE, "{distribution: uniform, low: 50, high: 60}") + "\nset: {lattice.seed: 3}",
            "set.lattice.seed: found lattice.seed beside population",
        ),
        (
            "population: {patients: 100000}\ngrid: {patient.age: [50, 60]}",
            "found 2 points with 100000 lives of patients; allowed: 100000 runs",
        ),
        (
            "population: {patients: 2}\nmorris: {trajectories: 2, ranges: "
            "{patient.age: {low: 20, high: 60}, patient.weight: {low: 40, high: 50}}}",
            "morris: found morris beside population",
        ),
    ],
)
def test_mistakes_of_a_population_are_told_with_their_place(place, text, message) -> None:
    path = place / "sweep.yaml"
    path.write_text(f"config: base.yaml\n{text}")
    with pytest.raises(ConfigError) as caught:
        load_sweep(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


def test_a_mistake_ends_with_status_2_and_writes_nothing(place) -> None:
    path = place / "sweep.yaml"
    path.write_text(f"config: base.yaml\n{one(WORK, 'range')}")
    result = call("sweep", path, "--out", place / "out")
    assert (result.exit_code, "Traceback" in result.stderr) == (2, False)
    assert not (place / "out").exists()


def test_each_patient_lives_every_point_with_one_structure_and_chance(tmp_path) -> None:
    text = f"grid: {{hormones.blockade.rankl: [0, 0.9]}}\n{DRAWN}  lives: 2\n"
    points = list_points(load(tmp_path, text))
    assert len(points) == 2 * (1 + 3) * 2 * 4
    assert [point.who.patient for point in points[:5]] == [1, 2, 3, 4, 1]
    by_who = {point.who: point for point in points}
    for (_, number, patient, life), found in by_who.items():
        twin = by_who[Who(1, number, patient, life)]
        first = by_who[Who(0, 0, patient, 1)]
        assert found.seed == twin.seed, "arms are paired within a life"
        for key in (AGE, E2, "lattice.seed"):
            assert found.parameters[key] == first.parameters[key]
        assert (WORK in found.parameters) == (number > 0)
    assert len({point.seed for point in points}) == len(points) / 2
    assert len({point.parameters["lattice.seed"] for point in points}) == 4
    assert len({point.parameters.get(WORK) for point in points}) == 4


def test_a_shared_structure_is_that_of_the_base(tmp_path) -> None:
    text = f"set: {{lattice.seed: 7}}\n{DRAWN}  structures: shared\n"
    sweep = load(tmp_path, text)
    points = list_points(sweep)
    assert all("lattice.seed" not in point.parameters for point in points)
    assert points[1].configure(sweep).lattice.seed == 7
    assert points[1].configure(sweep).seed == points[1].seed


@pytest.mark.parametrize(("base", "seed"), [("", 1), ("seed: 5\n", 5)])
def test_a_shared_structure_follows_no_life(tmp_path, base, seed) -> None:
    """Without lattice.seed the structure has the seed of the base, not that of each life."""
    sweep = load(tmp_path, f"{DRAWN}  structures: shared\n")
    (tmp_path / "base.yaml").write_text(f"duration: 30 d\n{base}")
    sweep = load_sweep(sweep.path)
    configs = [point.configure(sweep) for point in list_points(sweep)]
    assert {config.lattice.seed for config in configs} == {seed}
    assert len({config.seed for config in configs}) == len(configs)
    digests = {compute_state_digest(config, 10, False) for config in configs[:4]}
    assert len(digests) == 1, "one bone is spun up for all"
    (tmp_path / "base.yaml").write_text("duration: 30 d\nlattice: {seed: 9}\nseed: 5\n")
    sweep = load_sweep(sweep.path)
    points = list_points(sweep)
    assert all("lattice.seed" not in point.parameters for point in points)
    assert points[3].configure(sweep).lattice.seed == 9


def test_a_dry_run_shows_no_seeds_of_structures_that_are_shared(place) -> None:
    path = place / "sweep.yaml"
    path.write_text(f"config: base.yaml\n{DRAWN}  structures: shared\n")
    found = json.loads(call("sweep", path, "--dry-run", "--json").stdout)
    assert set(found["population"]["patients"][0]) == {"patient", AGE, E2}
    assert {run["parameters"]["lattice.seed"] for run in found["runs"]} == {1}


def test_a_dry_run_shows_patients_distributions_and_cost(place) -> None:
    path = place / "sweep.yaml"
    path.write_text(f"config: base.yaml\n{DRAWN.replace('patients: 4', 'patients: 9')}")
    text = call("sweep", path, "--dry-run").stdout
    for words in (
        "lognormal, median 9, gsd 1.5", "9 patients of 1 lives, the first 8", "3 draws of the uncertain",
        "minutes on", "um^3/d", "36 runs",
    ):  # fmt: skip
        assert words in text
    found = json.loads(call("sweep", path, "--dry-run", "--json").stdout)
    assert len(found["population"]["patients"]) == 8
    kinds = [(one["key"], one["kind"]) for one in found["population"]["distributions"]]
    assert kinds == [(AGE, "varies"), (E2, "varies"), (WORK, "uncertain")]
    first = found["population"]["patients"][0]
    assert found["runs"][0]["parameters"] == {key: first[key] for key in (AGE, E2, "lattice.seed")}
    assert found["runs"][0]["patient"] == 1
    assert not (place / "out").exists()


def test_a_range_brings_its_grade_and_source() -> None:
    settings = make(
        {BV: {**NORMAL, "source": "a paper", "grade": "B"}},
        uncertain={"draws": 1, "rows": {WORK: "range"}},
    )
    first, second = summarise_distributions(settings)
    assert (first["source"], first["grade"], first["unit"]) == ("a paper", "B", "1")
    table = find_support(to_key(WORK)).row
    assert (second["source"], second["grade"]) == (table.source, table.grade)
    assert first["q05"] == pytest.approx(0.2 - 1.645 * 0.03, rel=1e-3)


def test_a_population_is_lived_end_to_end(place) -> None:
    path, out = place / "sweep.yaml", place / "out"
    path.write_text(
        "config: base.yaml\n"
        "grid: {hormones.blockade.rankl: [0, 0.9]}\n"
        "population:\n  patients: 3\n  structures: shared\n  varies: {hormones.levels.estradiol: "
        "{distribution: lognormal, median: 30, gsd: 2}}\n"
        "table: {series: [bv_tv, resorption_rate], every: 1 d}\n"
    )
    assert call("sweep", path, "--out", out, "--jobs", 1).exit_code == 0
    with (out / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["point"], row["patient"]) for row in rows] == [(p, n) for p in "01" for n in "123"]
    drawn = [Patients(load_sweep(path).settings.population).draw_patient(n)[E2] for n in (1, 2, 3)]
    assert [float(row[E2]) for row in rows] == drawn * 2
    with (out / "columns.csv").open() as file:
        meanings = {row["column"]: row["meaning"] for row in csv.DictReader(file)}
    assert meanings[E2] == "drawn: varies between patients"
    table = parquet.read_table(out / "predictive.parquet").to_pylist()
    ends = [float(row["bv_tv_end"]) for row in rows[:3]]
    found = next(row for row in table if row["outcome"] == "bv_tv_end" and not row["point"])
    assert found["q50"] == pytest.approx(sorted(ends)[1])
    assert (found["patients"], found["covers_90"]) == (3, 0.5)
    study = tb.open_study(out)
    assert study.labels == ["hormones.blockade.rankl=0", "hormones.blockade.rankl=0.9"]
    with pytest.raises(InputError, match="found 2 places; allowed: the folder of one sweep"):
        _ = tb.open_study(*sorted(out.glob("000[01]-*"))).population
    people = study.population
    assert people.patients[E2].tolist() == drawn
    assert len(study.contrast(*study.labels[::-1], "bv_tv", (0, 2), percent=False).differences) == 3
    course = people.predict("bv_tv", every=1.0)
    assert course.bv_tv_level.isel(side=0, spread=0).sel(quantile=0.5).values[-1] == found["q50"]
    assert dict(course.sizes) == {"side": 3, "spread": 1, "quantile": 5, "time": 3}
    assert people.outcomes.bv_tv_end.shape == (2, 1, 3, 1)
    result = call("population", out, "--metric", "bv_tv_end", "--format", "png")
    assert result.exit_code == 0, result.stderr
    assert (out / "figures" / "population.png").stat().st_size > 10_000
    assert call("plot", out, "--key", "bv_tv", "--format", "svg").exit_code == 0
    assert "rankl=0.9" in (out / "figures" / "bv_tv.svg").read_text()


def test_what_is_asked_of_a_folder_is_told(tmp_path) -> None:
    alone = call("population", tmp_path)
    assert (alone.exit_code, "found no sweep; allowed: the folder of a sweep" in alone.stderr) == (
        2,
        True,
    )
    pretend(load(tmp_path, DRAWN), tmp_path / "out", lambda who: float(who.patient))
    wrong = call("population", tmp_path / "out", "--metric", "bv_tv_chang")
    assert (wrong.exit_code, "did you mean bv_tv_change?" in wrong.stderr) == (2, True)
    wrong = call("population", tmp_path / "out", "--key", "bv_tw")
    assert (wrong.exit_code, "--key: found 'bv_tw'" in wrong.stderr) == (2, True)


def test_the_example_of_the_page_is_valid(tmp_path) -> None:
    root = Path(__file__).parents[1]
    text = (
        (root / "docs" / "population.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    )
    path = tmp_path / "example.yaml"
    path.write_text(
        text.replace("config: denosumab.yaml", f"config: {root}/configs/denosumab.yaml")
    )
    assert len(list_points(load_sweep(path))) == 2 * 9 * 40 * 2
