"""What branching from one bone is worth, how noisy bones are, and whether quoted intervals are honest.

Two arms, untouched and without estrogen, branch from the same bones. From them come:

- the gain of pairing: the variance that the contrast of the arms would have if they were of different
  bones (the sum of both variances) over the variance that it has, at 3 weeks, 3 months and 1 year;
- the noise that plans of trials rest on (``--noise src/trabecula/study/noise.json``);
- how often the quoted 95 % interval of 2 to 6 bones covers the value of all bones, over trials drawn
  from them, by Student's t and by 1.96 standard errors.

``nice python benchmarks/pairing.py --out runs/pairing [--minutes 20] [--bones 60] [--edge 48]``
lives until the minutes of one core are spent; bones that are there are not lived again.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np

from trabecula.analysis import compute_window_mean
from trabecula.analysis.windows import BASELINE
from trabecula.study import Sampling, list_tasks, load_panel
from trabecula.study.lived import Lived
from trabecula.study.living import live_all
from trabecula.study.pool import SERIES, Estimate, Pool, estimate, read_daily
from trabecula.study.terms import TermError, read_term

TRIAL = """
rows:
  - id: PAIR
    population: {sex: F, age_y: 35}
    duration_days: 380
    arms:
      control: {}
      withdrawn: {e2_pg_ml: [[0, 100], [3, 8]]}
    endpoints:
      - {arm: withdrawn, obs: bvtv_pct_vs_ctl, t_day: 365, band: [-10, 0], required: true}
"""

ARMS = ["control", "withdrawn"]
WHEN = {"3 weeks": (21, 14), "3 months": (90, 30), "1 year": (365, 30)}
CONTRASTS = ("bvtv_pct", "res_pct", "form_pct", "acf_ratio", "rankl_per_cell_fold")
RATES = (
    "res_pct", "form_pct", "opg_pct", "ms_bs_pct", "mar_pct", "sclerostin_pct", "rankl_per_cell_fold",
    "il1_fold", "tnf_fold",
)  # fmt: skip
SITES = ("acf_ratio", "ede_um", "wth_um")
DRAWS, TRIALS = 400, 1000


def make_pool(options) -> Pool:
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    (out / "pair.yaml").write_text(TRIAL)
    panel = load_panel(out / "pair.yaml")
    sampling = Sampling(options.bones, options.edge, 0.0, ("spin_up=730",))
    tasks = list_tasks(panel, sampling)
    begun = time.process_time()
    for bone in range(1, options.bones + 1):
        if time.process_time() - begun > 60 * options.minutes:
            break
        found = live_all(panel, [task for task in tasks if task.bone == bone], sampling, out)
        print(*(f"{one.task.folder}: {one.status} {one.message}" for one in found), flush=True)
    return Lived(panel.trials[0], tasks, out).pool


def read(words: str, day: float, width: float | None):
    return read_term(words, "", ARMS, "", {"t": day, "w": width})


def measure_gain(pool: Pool) -> list[dict]:
    """Return unpaired over paired variance of the contrast, with its 95 % interval over bones."""
    rows = []
    rng = np.random.default_rng(1)
    for name, (day, width) in WHEN.items():
        for observable in CONTRASTS:
            wide = None if observable == "bvtv_pct" else 180 if observable == "acf_ratio" else width
            if observable == "acf_ratio" and day < 90:
                continue
            term = read(f"{observable}(withdrawn) - {observable}(control)", day, wide)
            parts = [read(f"{observable}({arm})", day, wide) for arm in ARMS]
            values = spread(term, pool), *(spread(part, pool) for part in parts)
            both, one, other = (np.asarray(value) for value in values)
            gain = (one.var() + other.var()) / both.var()
            drawn = []
            for _ in range(DRAWS):
                pick = rng.integers(len(both), size=len(both))
                drawn.append((one[pick].var() + other[pick].var()) / both[pick].var())
            low, high = np.quantile(drawn, [0.025, 0.975])
            rows.append({
                "when": name, "observable": observable, "contrast": round(term.compute(pool), 4),
                "paired_se": round(estimate(term, pool).error, 4), "gain": round(float(gain), 2),
                "low": round(float(low), 2), "high": round(float(high), 2),
            })  # fmt: skip
    return rows


def spread(term, pool: Pool) -> list[float]:
    """Return what each bone adds: the jackknife's pseudo-values."""
    whole, count = term.compute(pool), pool.count
    return [
        count * whole - (count - 1) * term.compute(pool.leave_out(index)) for index in range(count)
    ]


def measure_noise(pool: Pool, volume: float) -> dict[str, list[dict]]:
    """Return the deviation of 1 mm^3 of bone and the correlation of arms, by day and window."""
    found: dict[str, list[dict]] = {}
    plans = [("bvtv_pct", day, None) for day in (21, 90, 180, 365)]
    plans += [
        (o, day, w)
        for o in RATES
        for day in (21, 90, 350)
        for w in (7, 14, 30, 90)
        if w <= day + 14
    ]
    plans += [(o, day, w) for o in SITES for day, w in ((90, 90), (180, 180), (290, 180))]
    for observable, day, width in plans:
        try:
            arms = [spread(read(f"{observable}({arm})", day, width), pool) for arm in ARMS]
        except TermError:
            continue
        control, withdrawn = (np.asarray(values) for values in arms)
        if not (np.isfinite(control).all() and np.isfinite(withdrawn).all()):
            continue
        deviation = math.sqrt((control.var(ddof=1) + withdrawn.var(ddof=1)) / 2.0 * volume)
        shared = 0.0
        if control.std() > 0 and withdrawn.std() > 0:
            shared = min(0.99, float(np.corrcoef(control, withdrawn)[0, 1]))
        found.setdefault(observable, []).append({
            "day": day, "window": width, "sd": float(f"{deviation:.3g}"),
            "correlation": round(shared, 2),
        })  # fmt: skip
    return found


def measure_coverage(pool: Pool) -> list[dict]:
    """Return how often intervals of few bones cover the value of all, over trials drawn from them.

    Bones are drawn without putting them back, and the error is made smaller by as much as that makes
    the value of the few closer to that of all.
    """
    rng = np.random.default_rng(2)
    rows = []
    for name, (day, width) in WHEN.items():
        for observable in ("bvtv_pct", "res_pct", "form_pct"):
            wide = None if observable == "bvtv_pct" else width
            for words in (
                f"{observable}(withdrawn)",
                f"{observable}(withdrawn) - {observable}(control)",
            ):
                term, kept = read(words, day, wide), {}
                truth = term.compute(Cached(pool, range(pool.count), kept))
                row: dict = {"when": name, "term": words}
                for count in range(2, min(6, pool.count - 1) + 1):
                    tried = [
                        try_bones(term, pool, rng.permutation(pool.count)[:count], truth, kept)
                        for _ in range(TRIALS)
                    ]
                    row |= {f"t {count}": round(float(np.mean([t for t, _ in tried])), 3)}
                    row |= {f"1.96 {count}": round(float(np.mean([z for _, z in tried])), 3)}
                rows.append(row)
    return rows


def try_bones(term, pool: Pool, picked, truth: float, kept: dict) -> tuple[bool, bool]:
    """Return whether the intervals of some bones cover the truth: Student's t, and 1.96."""
    count = len(picked)
    parts = np.array([
        term.compute(Cached(pool, np.delete(picked, index), kept)) for index in range(count)
    ])  # fmt: skip
    spread_of_parts = float(((parts - parts.mean()) ** 2).sum())
    error = math.sqrt((count - 1) / count * spread_of_parts * (1.0 - count / pool.count))
    found = Estimate(term.compute(Cached(pool, picked, kept)), error, count)
    away = abs(found.value - truth)
    return away <= found.reach, away <= 1.96 * error


class Cached:
    """An observer over chosen bones, whose sums before and in a window are read once."""

    def __init__(self, pool: Pool, picked, kept: dict) -> None:
        self._pool, self._picked, self._kept = pool, picked, kept

    def observe(self, observable: str, arm: str, when) -> float:
        """Return an observable (%)."""
        if (observable, arm, when) not in self._kept:
            series = "bv_tv" if observable == "bvtv_pct" else SERIES[observable]
            half = (when.width or 0.0) / 2.0
            pairs = []
            for run in self._pool.get_runs(arm):
                values = read_daily(run, series)
                if series == "bv_tv":
                    pairs.append((values[run.time <= 0][-1], values[run.time <= when.day][-1]))
                else:
                    end = min(when.day + half, float(run.time[-1]))
                    windows = BASELINE, (end - 2 * half, end)
                    pairs.append([compute_window_mean(run.time, values, *w) for w in windows])
            self._kept[observable, arm, when] = np.asarray(pairs)
        before, now = self._kept[observable, arm, when][list(self._picked)].sum(axis=0)
        return 100.0 * (now / before - 1.0)


def write_noise(place: Path, noise: dict) -> None:
    """Write what plans rest on, a row a line."""
    place.write_text(json.dumps(noise).replace('{"day"', '\n  {"day"') + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/pairing"))
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--bones", type=int, default=60)
    parser.add_argument("--edge", type=int, default=48)
    parser.add_argument("--noise", type=Path, help="where to write the noise that plans rest on")
    options = parser.parse_args()
    pool = make_pool(options)
    volume = (options.edge * 0.02) ** 3
    told = {
        "bones": pool.count, "volume_mm3": round(volume, 3), "gain": measure_gain(pool),
        "coverage": measure_coverage(pool),
    }  # fmt: skip
    (options.out / "pairing.json").write_text(json.dumps(told, indent=1) + "\n")
    if options.noise:
        before = json.loads(options.noise.read_text()) if options.noise.is_file() else {}
        noise = before | {"bones": pool.count, "volume_mm3": round(volume, 3),
                          "observables": measure_noise(pool, volume)}  # fmt: skip
        write_noise(options.noise, noise)
    for row in told["gain"] + told["coverage"]:
        print(row)


if __name__ == "__main__":
    main()
