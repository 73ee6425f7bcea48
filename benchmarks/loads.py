"""What load does to bone: disuse, overload, a little more load, and a turned load.

Plan: structures and lives of seeds 1..N (``--seeds``), cubes of ``--edge`` voxels of 20 um, replete
hormones. Every bone lives in for ``--spin-up`` days, its reference is fixed, and each arm goes on
from that same bone for ``--years``. Means and standard errors are over seeds, of differences from
the control arm of the same bone: ``python benchmarks/loads.py [--out loads.json] [--figure loads.png]``;
``--read loads.json`` takes the runs of before.
"""

import argparse
import copy
import json
import math
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ARMS = {
    "control": {"z": 0.5, "y": 0.2, "x": 0.2},
    "slight": {"z": 0.525, "y": 0.21, "x": 0.21},
    "disuse": {"z": 0.1, "y": 0.04, "x": 0.04},
    "overload": {"z": 1.0, "y": 0.4, "x": 0.4},
    "turned": {"z": 0.2, "y": 0.2, "x": 0.5},
}
"""Habitual stress along each axis (MPa)."""

HALF_YEAR = 183


COUNTS = ("stimulus", "sclerostin")
"""Means over osteocytes that are told as they are: strain energy over the reference, secretion (1)."""


def measure(state) -> dict[str, float]:
    """Return bone volume, apparent moduli and fabric of a bone."""
    import numpy as np

    from trabecula.base.codes import FULL
    from trabecula.morphometry.anisotropy import compute_projected_areas

    fraction = state.lattice.matrix.astype(np.float32) / FULL
    (across_z, _, across_x), _ = compute_projected_areas(fraction, True)
    osteocytes = state.cells.osteocytes.rows
    return {
        "day": state.clock.time,
        "bv_tv": state.volume.expected / FULL / state.grid.size,
        "formed": state.volume.formed / FULL,
        "resorbed": state.volume.resorbed / FULL,
        "granted": state.coupling.granted / FULL,
        "modulus_ratio": float(state.loading.modulus[2] / state.loading.modulus[0]),
        "fabric_ratio": float(across_z / across_x),  # lengths go as one over the areas they meet
        "stimulus": float(osteocytes.stimulus.mean(dtype=float)),
        "sclerostin": float(osteocytes.secretion.mean(dtype=float)),
    }


def live_seed(
    edge: int, seed: int, spin_up: int, years: int, arms: list[str]
) -> dict[str, list[dict[str, float]]]:
    """Live one bone in, then every arm from it; returns half-yearly measures by arm."""
    from replete import CONFIG, make_model
    from trabecula.config import load_config
    from trabecula.model import TrabeculaModel

    _, model = make_model(edge, seed)
    model.run_steps(spin_up)
    bone, rows = model.state, {}
    bone.loading.is_fixed = True
    for arm in arms:
        stress = ARMS[arm]
        asked = [f"lattice.shape=[{edge}, {edge}, {edge}]", f"seed={seed}"]
        asked += [f"mechanics.stress.{axis}={value}" for axis, value in stress.items()]
        branch = TrabeculaModel(load_config(CONFIG, asked), copy.deepcopy(bone), replete=True)
        rows[arm] = [measure(branch.state)]
        for _ in range(2 * years):
            branch.run_steps(HALF_YEAR)
            rows[arm].append(measure(branch.state))
    return rows


def draw(runs: list[dict], arms: list[str], path: Path) -> None:
    """Save the course of every arm: mean over seeds with its standard error."""
    from trabecula.viz.style import BLACK, BLUE, GREEN, ORANGE, VERMILION, apply_style

    colours = dict(zip(ARMS, (BLACK, GREEN, BLUE, VERMILION, ORANGE), strict=True))
    panels = {
        "bv_tv": "BV/TV (% of the start)",
        "modulus_ratio": "stiffness x / z (% of the start)",
        "stimulus": "strain energy felt (% of the start)",
    }
    with apply_style() as make_figure:
        figure = make_figure(figsize=(7.2, 2.6), layout="constrained")
        axes = figure.subplots(1, len(panels))
        for axis, (key, words) in zip(axes, panels.items(), strict=True):
            for arm in arms:
                rows = [
                    [100 * row[key] / run["control"][0][key] for row in run[arm]] for run in runs
                ]
                columns = list(zip(*rows, strict=True))
                years = [at / 2 for at in range(len(columns))]
                mean = [statistics.mean(column) for column in columns]
                error = [statistics.stdev(column) / math.sqrt(len(runs)) for column in columns]
                axis.errorbar(years, mean, error, color=colours[arm], label=arm, linewidth=1.2)
            axis.set_xlabel("years")
            axis.set_ylabel(words)
        axes[-1].set_yscale("log")
        axes[-1].set_yticks(ticks := [5, 10, 20, 50, 100, 200, 300], [str(tick) for tick in ticks])
        axes[-1].set_yticks([], minor=True)
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(arms)
        )
    figure.savefig(path, dpi=200)


def compare(runs: list[dict], arm: str, key: str, at: int) -> tuple[float, float]:
    """Return mean and standard error over seeds of the relative difference from control (%)."""
    gaps = [100.0 * (run[arm][at][key] / run["control"][at][key] - 1.0) for run in runs]
    return statistics.mean(gaps), statistics.stdev(gaps) / math.sqrt(len(gaps))


def live_all(options: argparse.Namespace) -> list[dict]:
    """Live all bones of the plan on two processes."""
    with ProcessPoolExecutor(max_workers=2) as pool:
        jobs = [
            pool.submit(live_seed, options.edge, seed, options.spin_up, options.years, options.arms)
            for seed in range(1, options.seeds + 1)
        ]
        return [job.result() for job in jobs]


def main() -> None:
    """Run the plan on two processes and print the arms' course."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--spin-up", type=int, default=730)
    parser.add_argument("--years", type=int, default=4)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), help="control comes first")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--read", type=Path)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    begun = time.monotonic()
    if options.read is not None:
        runs = json.loads(options.read.read_text())["runs"]
    else:
        runs = live_all(options)
    arms = list(runs[0])
    if options.out is not None:
        options.out.write_text(json.dumps({"plan": vars(options), "runs": runs}, default=str))
    if options.figure is not None:
        draw(runs, arms, options.figure)
    years = (len(runs[0]["control"]) - 1) // 2
    changes = [
        100.0 * (run["control"][-1]["bv_tv"] / run["control"][0]["bv_tv"] - 1.0) for run in runs
    ]
    print(f"control: BV/TV {statistics.mean(changes):+.2f} % in {years} y, each {changes}")
    for arm in arms[1:]:
        for at in range(2, 2 * years + 1, 2):
            cells = [
                f"{key} {mean:+7.2f} +- {error:.2f} %"
                for key in ("bv_tv", "modulus_ratio", "fabric_ratio", "stimulus")
                for mean, error in [compare(runs, arm, key, at)]
            ]
            print(f"{arm:9s} year {at // 2}: " + "   ".join(cells), flush=True)
            means = {key: statistics.mean(run[arm][at][key] for run in runs) for key in COUNTS}
            paid = statistics.mean(run[arm][at]["granted"] / run[arm][at]["formed"] for run in runs)
            told = "   ".join(f"{key} {mean:.2f}" for key, mean in means.items())
            print(f"{'':9s} mean over osteocytes: {told}   granted over formed {paid:.2f}")
    print(f"{(time.monotonic() - begun) / 30:.0f} core-minutes")


if __name__ == "__main__":
    main()
