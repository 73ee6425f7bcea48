"""How many clusters of dying osteocytes the rule expects at a step, and how many are drawn.

Lives replete bones (structure and life of seeds 1..N) at each step and adds up, before every
triggering, the chance of each osteocyte that may start a cluster. What the rule expects must not depend
on the step; what is drawn scatters about it as counts do. Run it with
``python benchmarks/triggering.py [--edge 64] [--seeds 2] [--days 1095] [--steps 1 0.5]``.
"""

import argparse

import numpy as np

from replete import make_model


def expect_clusters(state, parameters) -> float:
    """Return the clusters that the osteocytes of `state` are expected to start in one step."""
    from trabecula.cells.rates import make_osteocyte_rates

    rates, rows = make_osteocyte_rates(parameters, state.signals), state.cells.osteocytes.rows
    near = (rows.uid != 0) & (rows.outlet >= 0) & (rows.reach <= rates.depth)
    age = state.clock.time - state.lattice.formed.reshape(-1)[rows.voxel[near]]
    hazard = rates.trigger * rows.unrest[near][age >= rates.young].astype(float)
    return float(-np.expm1(-hazard * state.clock.length).sum())


def live(edge: int, seed: int, days: float, step: float) -> tuple[float, int]:
    """Live a bone for `days` at `step` (d); return the clusters expected and drawn."""
    config, model = make_model(edge, seed, [f"step={step}"])
    state, expected = model.state, 0.0
    for _ in range(round(days / step)):
        for entry in model.plan:
            if entry.name == "triggering":
                expected += expect_clusters(state, config.parameters)
            entry.apply(state)
        state.clock.step += 1
    return expected, state.events["clusters"]


def main() -> None:
    """Command line: a line for each step, and how far what was drawn lies from what was expected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--days", type=float, default=1095.0)
    parser.add_argument("--steps", type=float, nargs="+", default=[1.0, 0.5])
    options = parser.parse_args()
    print("| step (d) | expected | drawn | in errors of a count |\n|---|---|---|---|")
    for step in options.steps:
        lives = [live(options.edge, 1 + n, options.days, step) for n in range(options.seeds)]
        expected, drawn = (sum(found) for found in zip(*lives, strict=True))
        away = (drawn - expected) / expected**0.5
        print(f"| {step:g} | {expected:.1f} | {drawn} | {away:+.1f} |", flush=True)


if __name__ == "__main__":
    main()
