"""mm^3-years simulated per core-hour on the default bone, and where the time goes.

One thread. A bone of the default configuration is generated, lives for a while so that its sites
are open, and then several repeats of the same number of days are timed stage by stage, measuring
and writing excluded (they are timed apart, once a day as the default output asks for).
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

os.environ["NUMBA_NUM_THREADS"] = "1"

from replete import make_model

HOURS = 3600.0
YEAR = 365.25


def time_stages(model, steps: int) -> dict[str, float]:
    """Live `steps` steps; seconds spent in each stage, and in one daily measurement per step."""
    spent = dict.fromkeys([*(entry.name for entry in model.plan), "measure"], 0.0)
    for _ in range(steps):
        for entry in model.plan:
            begin = time.perf_counter()
            entry.apply(model.state)
            spent[entry.name] += time.perf_counter() - begin
        model.state.clock.step += 1
        begin = time.perf_counter()
        model.sampler.sample(model.state, False)
        spent["measure"] += time.perf_counter() - begin
    return spent


def summarise(repeats: list[dict[str, float]], volume: float, years: float) -> dict:
    """Median throughput over the repeats, and the median share of each stage."""
    totals = [sum(spent.values()) for spent in repeats]
    bare = [total - spent["measure"] for total, spent in zip(totals, repeats, strict=True)]
    rates = [volume * years / (seconds / HOURS) for seconds in totals]
    return {
        "mm3_years_per_core_hour": statistics.median(rates),
        "without_measuring": statistics.median(volume * years / (s / HOURS) for s in bare),
        "repeats": rates,
        "share": {
            name: statistics.median(
                spent[name] / total for spent, total in zip(repeats, totals, strict=True)
            )
            for name in repeats[0]
        },
    }


def measure(edge: int, warm_up: int, steps: int, repeats: int) -> dict:
    """Run the benchmark."""
    config, model = make_model(edge)
    time_stages(model, warm_up)
    found = [time_stages(model, steps) for _ in range(repeats)]
    volume = model.state.grid.volume
    return {
        "edge_voxels": edge,
        "voxel_um": config.lattice.voxel,
        "volume_mm3": volume,
        "warm_up_d": warm_up,
        "days_per_repeat": steps,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        **summarise(found, volume, steps * config.step / YEAR),
    }


def main() -> int:
    """Command line of the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=int, default=64, help="edge of the lattice (voxels)")
    parser.add_argument("--warm-up", type=int, default=200, help="days lived before timing")
    parser.add_argument("--steps", type=int, default=60, help="days per repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    options = parser.parse_args()
    result = measure(options.edge, options.warm_up, options.steps, options.repeats)
    text = json.dumps(result, indent=2)
    if options.out:
        options.out.write_text(f"{text}\n")
    print(text)
    print(f"\n{result['mm3_years_per_core_hour']:.0f} mm^3-years per core-hour", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
