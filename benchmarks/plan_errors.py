"""What held arms leave of the errors that a plan expects, from a panel that has been judged.

    python benchmarks/plan_errors.py docs/validation/verdicts.json [--write]

For every endpoint within a year that reads one observable of one arm: its standard error over the
one that the measured noise of single bones would give, and the median over endpoints, by observable.
`--write` puts the medians into `src/trabecula/study/noise.json`, on which plans rest.
"""

import argparse
import json
import math
import statistics
from collections import defaultdict
from pathlib import Path

from pairing import write_noise
from trabecula.study import Sampling, load_panel
from trabecula.study.held import LEAST, SHARES
from trabecula.study.panel import Endpoint
from trabecula.study.terms import When
from trabecula.study.trialplan import MEASURED, make_plan

TRACE = 1e-6
"""Standard error (%) of an arm in which nothing changes: rounding."""

FEWEST = 3
"""Endpoints of which a median is taken."""


class Noting:
    """An observer that notes on which days it was asked."""

    def __init__(self) -> None:
        self.days: list[float] = []

    def observe(self, observable: str, arm: str, when: When) -> float:
        """Return anything."""
        self.days.append(when.day)
        return 1.0

    def find_first_day(self, observable: str, arm: str, level: float, when: When) -> float:
        """Return anything."""
        return self.observe(observable, arm, when)


def find_day(endpoint: Endpoint) -> float:
    """Return the last day (d) that an endpoint reads, infinite for prose."""
    noting = Noting()
    if endpoint.term is not None:
        endpoint.term.compute(noting)
    return max(noting.days, default=math.inf)


def main() -> None:
    """Command line of the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verdicts", type=Path)
    parser.add_argument("--panel", default="calibration")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = json.loads(options.verdicts.read_text("utf-8"))
    ends = {trial["id"]: trial["endpoints"] for trial in found["trials"]}
    bones, edge = int(found["sampling"]["bones"]), int(found["sampling"]["edge"])
    ratios: dict[str, list[float]] = defaultdict(list)
    for trial in load_panel(options.panel).trials:
        plan = make_plan(trial, Sampling(bones, edge), bones, edge)
        for foreseen, row in zip(plan.endpoints, ends[trial.id], strict=True):
            label, error = foreseen.endpoint.label, row["error"]
            observable = label.partition(" (")[0]
            day = find_day(foreseen.endpoint)
            is_known = error is not None and error > TRACE
            if observable in SHARES and is_known and math.isfinite(foreseen.error) and day <= LEAST:
                ratios[observable].append(error / foreseen.error)
                print(f"{trial.id:8s} {label:30s} {foreseen.error:8.2f} {error:8.2f}")
    left = {
        name: round(min(1.0, statistics.median(many)), 2)
        for name, many in sorted(ratios.items())
        if len(many) >= FEWEST
    }
    print(left, {name: len(many) for name, many in ratios.items()})
    if options.write:
        noise = json.loads(MEASURED.read_text("utf-8")) | {"left_beside_held": left}
        write_noise(MEASURED, noise)


if __name__ == "__main__":
    main()
