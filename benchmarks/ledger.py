"""Fit the ledger without space to a panel, by the optimiser of every fit; freeze what was found.

``python benchmarks/ledger.py [--evaluations 1000] [--seed 1] [--panel calibration] [--out FILE]``.
The loss is one minus the score of the panel, plus a tenth of how far required endpoints lie outside
their bands (in half-widths, at most 2 each), so that there is a way to go where scores are flat.
"""

import argparse
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from trabecula.study import load_panel, score_panel
from trabecula.study.fitting import Dimension, minimise
from trabecula.study.ledger import FROZEN, Ledger, LedgerParameters, judge_ledger

SPACE = {
    "half": Dimension(2.0, 60.0, is_log=True),
    "hill": Dimension(0.7, 5.0),
    "rise": Dimension(0.1, 10.0, is_log=True),
    "resorption": Dimension(10.0, 60.0),
    "reversal": Dimension(5.0, 60.0),
    "formation": Dimension(60.0, 200.0),
    "balance": Dimension(-0.2, 0.05),
    "turnover": Dimension(0.08, 0.5),
}


def compute_excess(judged) -> float:
    """Return how far required endpoints lie outside their bands, the mean in half-widths."""
    found = []
    for ends in judged.values():
        for one in ends:
            if one.endpoint.required and one.endpoint.term is not None and one.endpoint.has_band:
                low, high = one.endpoint.band
                value, half = one.found.value, (high - low) / 2.0
                beyond = max(low - value, value - high, 0.0) / half
                found.append(min(beyond, 2.0) if math.isfinite(beyond) else 2.0)
    return sum(found) / len(found) if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--panel", default="calibration")
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--out", type=Path, default=FROZEN)
    options = parser.parse_args()
    panel = load_panel(options.panel)

    def compute_loss(values: Mapping[str, float]) -> float:
        judged = judge_ledger(panel, Ledger(LedgerParameters(**values)))
        return 1.0 - score_panel(judged) + 0.1 * compute_excess(judged)

    fit = minimise(
        compute_loss, SPACE, options.evaluations, options.seed, options.journal, "ledger"
    )
    digits = {key: float(f"{value:.5g}") for key, value in fit.values.items()}
    parameters = LedgerParameters(**digits)
    score = score_panel(judge_ledger(panel, Ledger(parameters)))
    told = {
        "parameters": asdict(parameters), "digest": parameters.compute_digest(),
        "score": round(score, 4), "loss": round(fit.loss, 4), "evaluations": fit.evaluations,
        "optimiser": fit.optimiser, "panel": panel.path.name,
        "panel_digest": hashlib.sha256(panel.path.read_bytes()).hexdigest(),
    }  # fmt: skip
    options.out.write_text(json.dumps(told, indent=1) + "\n")
    print(options.out.read_text())


if __name__ == "__main__":
    main()
