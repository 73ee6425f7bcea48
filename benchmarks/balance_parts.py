"""Tables for the parts of ``balance.yaml`` that ask more than one arm against its control."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from balance_tables import (
    Pairs,
    compare_pooled,
    compare_series,
    find_site_mean,
    have,
    head,
    measure_depth,
    measure_opening,
    measure_places,
    measure_slope,
    put,
    tell,
)
from runs_read import YEAR, Run, average, read_runs, summarise


def find_arms(folder: Path) -> list[str]:
    """Return the names of the arms in a part's folder."""
    return sorted({path.stem.rpartition("-")[0] for path in folder.glob("*.npz")})


def find_pairs(folder: Path, part: str, control: str = "control") -> Pairs:
    """Return the control runs of a part by seed: its own, or those of ``balance``."""
    own = read_runs(folder / part, control)
    return {run.seed: run for run in own or read_runs(folder / "balance", "control")}


def report_pushed(folder: Path) -> None:
    """How far pushed bones still are from their controls, and the time of an exponential return."""
    pairs = find_pairs(folder, "pushed")
    for arm in find_arms(folder / "pushed"):
        runs = [run for run in read_runs(folder / "pushed", arm) if run.seed in pairs]
        if not runs:
            continue
        head(f"Pushed: {arm}", runs)
        end = min(min(run.day[-1], pairs[run.seed].day[-1]) for run in runs)
        for day in np.arange(0, end + 1, YEAR):
            gaps = [measure_gap(run, pairs[run.seed], day) for run in runs]
            put(f"from control after {day / YEAR:.0f} years (%)", summarise(gaps), "")
        days = np.arange(0, end, 30)
        gaps = np.array([[measure_gap(r, pairs[r.seed], d) for d in days] for r in runs])
        found = fit_return(days, gaps.mean(0))
        put("time of the return (years)", jackknife(gaps, partial(fit_return, days)), "2-8")
        print(f"| the same from the pooled course | {found:.1f} | | |")


def measure_gap(run: Run, control: Run, day: float) -> float:
    """Return how far bone volume is from the control's (%)."""
    return 100 * (run.at("bone", day) / control.at("bone", day) - 1)


def fit_return(days: np.ndarray, gap: np.ndarray) -> float:
    """Return the time constant (y) of the exponential from the first gap that fits best."""
    from scipy.optimize import minimize_scalar

    def miss(log_time: float) -> float:
        model = gap[0] * np.exp(-days / YEAR / math.exp(log_time))
        return float(((gap - model) ** 2).sum())

    found = minimize_scalar(miss, bounds=(math.log(0.2), math.log(50)), method="bounded")
    return math.exp(found.x)


def jackknife(rows: np.ndarray, what: Callable[[np.ndarray], float]) -> tuple[float, float]:
    """Return a number of the mean of `rows`, and its standard error by leaving out one row each."""
    n = len(rows)
    whole = what(rows.mean(0))
    if n < 2:
        return whole, 0.0
    left = np.array([what(np.delete(rows, i, 0).mean(0)) for i in range(n)])
    return whole, math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())


DOSED = (182, 548)
"""Days over which doses are compared (d)."""


def respond(level: np.ndarray, size: float, half: float) -> np.ndarray:
    """Return resorption at levels of estradiol (pg/mL) over that without lack of it: power 1.26."""
    return 1.0 + size / (1.0 + (level / half) ** 1.26)


def read_doses(folder: Path) -> tuple[list[Run], np.ndarray, np.ndarray]:
    """Return runs of one dose, all levels (pg/mL), and what was resorbed at each, shape (bone, level).

    The control comes first, at 100 pg/mL.
    """
    pairs = find_pairs(folder, "doses")
    found = {100.0: pairs}
    for arm in [*find_arms(folder / "doses"), "fifth"]:
        part = "estrogen" if arm == "fifth" else "doses"
        runs = {run.seed: run for run in read_runs(folder / part, arm) if run.seed in pairs}
        if runs:
            found[20.0 if arm == "fifth" else float(arm[3:])] = runs
    seeds = sorted(set.intersection(*map(set, found.values())))
    lived = [next(reversed(found.values()))[seed] for seed in seeds]
    gains = [[runs[seed].gain("resorbed", *DOSED) for runs in found.values()] for seed in seeds]
    return lived, np.array(list(found)), np.array(gains)


def fit_doses(levels: np.ndarray, rates: np.ndarray) -> dict[str, tuple[float, float]]:
    """Fit a Hill curve of power 1.26 through resorption (any unit) at levels of estradiol (pg/mL).

    The control is a point like the others, and all weigh alike: the errors of few bones are too
    uncertain to be weights. Returns half effect (pg/mL), size and scale (the rate of a bone that lacks
    no estradiol, unit of `rates`), each with its error.
    """
    from scipy.optimize import curve_fit

    def curve(level, scale, size, half):
        return np.log(scale * respond(level, size, half))

    start, limits = (rates.min(), 1.45, 11.7), ((0.0, 0.01, 0.01), (np.inf, 20.0, 200.0))
    best, spread = curve_fit(curve, levels, np.log(rates), start, bounds=limits)
    errors = np.sqrt(np.diag(spread))
    return dict(zip(("scale", "size", "half"), zip(best, errors, strict=True), strict=True))


def find_of_curve(levels: np.ndarray, name: str, gains: np.ndarray) -> float:
    """Return ``half`` (pg/mL) or ``size`` of the curve through what was resorbed at each level."""
    return fit_doses(levels, gains)[name][0]


def report_doses(folder: Path) -> None:
    """Resorption at levels of estradiol, and the Hill curve through it."""
    runs, levels, gains = read_doses(folder)
    if len(levels) < 5:
        return
    head("Doses: resorption, days 182-548", runs)
    for place in np.argsort(-levels):
        share = jackknife(gains, lambda mean, at=place: 100.0 * mean[at] / mean[0])
        put(f"at {levels[place]:.0f} pg/mL, % of control", share, "", 0)
    for name, words, band, digits in (
        ("half", "half effect (pg/mL), power 1.26", "10-12", 1),
        ("size", "size A of the curve (1.45 in women)", "", 2),
    ):
        put(words, jackknife(gains, partial(find_of_curve, levels, name)), band, digits)
        put(
            "... its error by the scatter about the curve",
            fit_doses(levels, gains.mean(0))[name],
            "",
            digits,
        )


def report_sites_of_arms(folder: Path, part: str, control: str = "control") -> None:
    """Balance and sites arm by arm, one line each."""
    pairs = find_pairs(folder, part, control)
    arms = find_arms(folder / part)
    if not arms:
        return
    print(f"\n**{part}**\n")
    print(
        "| arm | bones | drift (%/yr) | gain | turnover (%/yr) | Ac.f (/yr) | ES/BS (%) | OS/BS (%) "
        "| depth (um) | resorption, formation at a place (d) |\n" + "|---" * 10 + "|"
    )
    runs = [("control", list(pairs.values()))]
    runs += [(arm, read_runs(folder / part, arm)) for arm in arms if arm != control]
    for arm, group in runs:
        if group:
            print(f"| {arm} | {len(group)} | {' | '.join(describe(group))} |")


def describe(runs: list[Run]) -> Iterable[str]:
    """Yield balance and sites of some runs, each with its standard error."""
    end = min(float(run.day[-1]) for run in runs)
    columns: list[tuple[Callable[[Run], float], int]] = [
        (lambda run: measure_slope(run, 0, end), 2),
        (lambda run: run.effective_gain(0, end), 3),
        (lambda run: run.turnover(0, end), 1),
        (lambda run: measure_opening(run, 0, end), 2),
        (lambda run: 100 * run.series("es_bs", 0, end), 1),
        (lambda run: 100 * run.series("os_bs", 0, end), 1),
        (lambda run: measure_depth(run, 0, end), 1),
    ]
    for what, digits in columns:
        yield tell(average(runs, what), digits, len(runs))
    with np.errstate(all="ignore"):
        places = [measure_places(run, 0, end) for run in runs]
    means = [np.nanmean([place[key] for place in places]) for key in ("resorption", "formation")]
    yield ", ".join(f"{value:.0f}" if value < 1e4 else "none" for value in means)


def report_robust(folder: Path) -> None:
    """Half step and double volume against the bones of the same length in ``balance``."""
    pairs = find_pairs(folder, "robust")
    for arm in find_arms(folder / "robust"):
        runs = read_runs(folder / "robust", arm)
        end = min(float(run.day[-1]) for run in runs)
        head(f"Robustness: {arm}", runs)
        put_differences(runs, list(pairs.values()), end)


def put_differences(runs: list[Run], controls: list[Run], end: float) -> None:
    """Print balance and sites of two groups until day `end`, and whether they differ."""
    for words, what, digits in (
        ("BV/TV slope (%/yr)", lambda run: measure_slope(run, 0, end), 2),
        ("turnover (%/yr)", lambda run: run.turnover(0, end), 1),
        ("clusters (/yr/mm^3)", lambda run: count_clusters(run, end), 1),
        (
            "turnover of a cluster (%/(1/mm^3))",
            lambda run: run.turnover(0, end) / count_clusters(run, end),
            2,
        ),
        ("effective gain", lambda run: run.effective_gain(0, end), 2),
        ("erosion depth (um)", lambda run: measure_depth(run, 0, end), 1),
        ("ES/BS (%)", lambda run: 100 * run.series("es_bs", 0, end), 1),
        ("OS/BS (%)", lambda run: 100 * run.series("os_bs", 0, end), 1),
        ("osteocytes (1000/mm^3)", lambda run: run.series("n_ot_bv", 0, end) / 1000, 1),
    ):
        put_difference(words, [what(run) for run in runs], [what(run) for run in controls], digits)


def count_clusters(run: Run, end: float) -> float:
    """Return the clusters of dying osteocytes until day `end` (1/yr per mm^3 of tissue)."""
    return run.gain("clusters", 0, end) * YEAR / float(run.data["volume"])


def put_difference(words: str, ours: list[float], theirs: list[float], digits: int) -> None:
    """Print two means and how likely chance alone would set them as far apart.

    They differ if they lie two standard errors of the difference apart and Student's test, with the
    scatter of all bones, gives chance less than one in twenty: two bones are often much closer to one
    another than to the rest, and their own error then says little.
    """
    from scipy.stats import ttest_ind

    here, there = summarise(ours), summarise(theirs)
    verdict = "one bone"  # whose error is not known
    if min(len(ours), len(theirs)) > 1:
        chance = float(ttest_ind(ours, theirs, equal_var=True).pvalue)
        apart = abs(here[0] - there[0]) > 2 * math.hypot(here[1], there[1])
        told = f"p {chance:.2f}" if chance >= 0.005 else "p < 0.01"
        gap, error = here[0] - there[0], math.hypot(here[1], there[1])
        told = f"difference {gap:+.{digits}f} ± {error:.{digits}f}, {told}"
        verdict = f"{'differs' if apart and chance < 0.05 else 'same'} ({told})"
    put(f"{words}; control {tell(there, digits, len(theirs))}", here, verdict, digits)


def report_voxels(folder: Path) -> None:
    """The same rules on half the voxel."""
    whole, half = (read_runs(folder / "voxels", arm) for arm in ("whole", "half"))
    if not whole or not half:
        return
    head("Half voxel, against the same cubes of 20 um", half)
    put_differences(half, whole, min(float(run.day[-1]) for run in whole + half))


def report_ageing(folder: Path) -> None:
    """Bone and structure from 20 to 90 years."""
    for arm in find_arms(folder / "ageing"):
        runs = read_runs(folder / "ageing", arm)
        head(f"Ageing: {arm}", runs)
        for age in (30, 40, 50, 60, 70, 80, 90):
            day = (age - 20) * YEAR
            if day > min(float(run.day[-1]) for run in runs) + 2:
                break  # nobody has come so far
            found = [
                100 * (run.series("bv_tv", day - YEAR, day + 1) / run.series("bv_tv", -1, YEAR) - 1)
                for run in runs
            ]
            put(f"BV/TV in the year before {age}, of that after 20 (%)", summarise(found), "", 1)
        end = min(float(run.day[-1]) for run in runs)
        for age in (23, 60, 87):
            middle = (age - 20) * YEAR
            if middle + 3 * YEAR <= end + 2:
                found = [
                    find_site_mean(r, "w_th", middle - 3 * YEAR, middle + 3 * YEAR) for r in runs
                ]
                put(f"walls at {age} (um)", summarise(found), "", 0)
        for age in (20, 40, 60, 80):
            start, stop = (age - 20) * YEAR, min((age - 10) * YEAR, end)
            if stop > start + YEAR:
                found = [run.turnover(start + 1, stop) for run in runs]
                put(f"turnover from {age} on (%/yr)", summarise(found), "", 0)
        if have(runs, "component_share"):
            found = [100 * (1 - run.series("component_share", end - YEAR, end + 1)) for run in runs]
            put("in pieces that nothing holds, last year (% of bone)", summarise(found), "", 1)
        for key in ("tb_n", "tb_th_imaged", "conn_d_imaged"):
            found = summarise([compare_decades(run, key) for run in runs])
            put(f"{key}, last five years over first (%)", found, "", 1)


def compare_decades(run: Run, key: str) -> float:
    """Return the change (%) of a series from its first to its last five years."""
    end = float(run.day[-1])
    return 100 * (run.series(key, end - 5 * YEAR, end + 1) / run.series(key, -1, 5 * YEAR) - 1)


def report_ablation(folder: Path) -> None:
    """A line for each rule off: balance and sites in health, and the answer to surgery."""
    kept = {run.seed: run for run in read_runs(folder / "ablation", "none")}
    if not kept:
        return
    volume = sum(float(run.data["volume"]) for run in kept.values())
    print(
        f"\n**Ablation**, {len(kept)} bones, {volume:.1f} mm^3, a year from the day the rule goes\n"
    )
    print(
        "| off | BV/TV (%) | gain | resorbed, formed (% of all on) | depth (um) | surgery: resorbed, "
        "formed, days 182-365 (% of the same without) | BV/TV (% from the same without) |\n"
        + "|---" * 7
        + "|"
    )
    arms = find_arms(folder / "ablation")
    for arm in arms:
        if f"{arm}_surgical" in arms:  # the study may still be going on
            line = " | ".join(describe_ablation(folder, arm, kept))
            print(f"| {arm} | {line.replace('nan', '-').replace('inf', '-')} |")


def describe_ablation(folder: Path, arm: str, kept: Pairs) -> Iterable[str]:
    """Yield the cells of a line of the table of ablations."""
    off = read_runs(folder / "ablation", arm)
    cut = read_runs(folder / "ablation", f"{arm}_surgical")
    pairs = {run.seed: run for run in off}
    yield f"{np.mean([run.bv_percent(365) for run in off]):+.1f}"
    with np.errstate(all="ignore"):
        yield f"{np.mean([run.effective_gain(0, 365) for run in off]):.2f}"
    rates = [compare_pooled(off, kept, name, 0, 365)[0] for name in ("resorbed", "formed")]
    yield f"{rates[0]:.0f}, {rates[1]:.0f}"
    yield f"{np.mean([measure_depth(run, 0, 365) for run in off]):.0f}"
    with np.errstate(all="ignore"):
        rates = [compare_pooled(cut, pairs, name, 182, 365)[0] for name in ("resorbed", "formed")]
    yield f"{rates[0]:.0f}, {rates[1]:.0f}"
    gaps = [run.bv_percent(365) - pairs[run.seed].bv_percent(365) for run in cut]
    yield f"{np.mean(gaps):+.1f}"


def report_arms_of_estrogen(folder: Path) -> None:
    """Surgery with one of estrogen's rules off."""
    pairs = find_pairs(folder, "arms_of_estrogen")
    arms = find_arms(folder / "arms_of_estrogen")
    if not arms:
        return
    print("\n**Surgery with one of estrogen's arms off**, against the control\n")
    spans = (("resorbed", 0, 30), ("resorbed", 182, 365), ("formed", 182, 365))
    titles = " | ".join(f"{name}, days {first}-{last} (%)" for name, first, last in spans)
    print(f"| off | {titles} | BV/TV at a year (%) |\n|---|---|---|---|---|")
    for part, arm in [("estrogen", "surgical"), *(("arms_of_estrogen", arm) for arm in arms)]:
        runs = [run for run in read_runs(folder / part, arm) if run.seed == 1 and 1 in pairs]
        if runs:
            rates = [f"{compare_pooled(runs, pairs, *span)[0]:.0f}" for span in spans]
            gap = runs[0].bv_percent(365) - pairs[1].bv_percent(365)
            name = "none" if part == "estrogen" else arm
            print(f"| {name} | {' | '.join(rates)} | {gap:+.1f} |")


def report_space(folder: Path) -> None:
    """How much of the loss came back once estrogen did: remodelling space, and structure."""
    pairs = find_pairs(folder, "estrogen")
    runs = [run for run in read_runs(folder / "estrogen", "returned") if run.seed in pairs]
    if not runs:
        return
    head("Loss that comes back", runs)
    gaps = {
        day: [r.bv_percent(day) - pairs[r.seed].bv_percent(day) for r in runs] for day in (365, 730)
    }
    back = [late - lost for lost, late in zip(gaps[365], gaps[730], strict=True)]
    put("lost in a year without estrogen (%)", summarise(gaps[365]), "-4 to -9")
    put("back after a year with it (%): remodelling space", summarise(back), "")
    put("still gone (%): structure", summarise(gaps[730]), "")
    # four weeks of estrogen lowered serum sclerostin by 27 % (17 women), none raised it by 1 % (18):
    # Modder et al. 2011, doi:10.1002/jbmr.128; serum is fed by what leaves marrow
    shift = [
        100
        * (r.series("sclerostin_marrow", 385, 415) / r.series("sclerostin_marrow", 305, 366) - 1)
        for r in runs
    ]
    put("sclerostin in marrow, weeks 3-6 with it (% of before)", summarise(shift), "-40 to -15")
    for key in ("tb_n", "tb_th_imaged", "conn_d_imaged", "es_bs", "os_bs"):
        found = summarise([compare_series(run, pairs[run.seed], key, 730) for run in runs])
        put(f"{key} at its end, % against control", found, "", 1)
