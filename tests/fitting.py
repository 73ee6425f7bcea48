"""A calibration of a small panel, and a stand-in that judges parameter sets by a formula."""

import math
from pathlib import Path

from trabecula.config import load_parameters
from trabecula.config.calibrations import load_calibration
from trabecula.study.calibrating import Calibrator
from trabecula.study.evaluating import Evaluation, EvaluationError
from trabecula.study.fitplan import plan_stages
from trabecula.study.loss import Target

TRIGGER, OPG, RANKL = (
    f"hormones.estrogen_{name}.maximum" for name in ("trigger", "opg", "rankl_hold")
)

USUAL = load_parameters()[TRIGGER]
"""What the table says."""

PANEL = """
rows:
  - id: LOSS
    title: Without estrogen
    population: {sex: F, age_y: 30}
    duration_days: 10
    arms:
      usual: {}
      withdrawn: {e2_pg_ml: [[0, 100], [1, 5]]}
    endpoints:
      - {arm: withdrawn, obs: bvtv_pct, compare: usual, t_day: 8, band: [-4, -2], required: true}
      - {arm: withdrawn, obs: rankl_per_cell_fold, t_day: 8, w: 4, band: [0.5, 2]}
      - {arm: contrast, obs: "first_day(bvtv_pct, withdrawn, -0.1)", band: [1, 9], required: true}
  - id: PROSE
    duration_days: 10
    arms: {usual: {}}
    endpoints: [{arm: usual, obs: bone feels better, band: [0, 1], required: true}]
"""

FILE = f"""
panel: panel.yaml
only: [LOSS]
rows:
  {TRIGGER}: {{}}
  {OPG}: {{low: 0.1, high: 1.5, log: on}}
stages:
  - {{name: small, bones: 2, edge: 16, settle: 10, evaluations: 18, keep: 0.2}}
  - {{name: large, bones: 4, edge: 24, settle: 10, evaluations: 6}}
budget: 100
seed: 3
settings: {{spin_up: 20, lattice.tb_th: 100, mechanics: off}}
"""


def write(folder: Path, text: str = FILE) -> Path:
    """Write panel and calibration; returns the calibration's path."""
    (folder / "panel.yaml").write_text(PANEL)
    path = folder / "fit_me.yaml"
    path.write_text(text)
    return path


class Formula:
    """Bone answers by a formula: two rows decide two endpoints; a third does nothing.

    Parameters
    ----------
    is_bad
        Says of values whether no life can be lived under them.
    stop_at
        Number of the call at which somebody presses Ctrl-C.
    """

    def __init__(self, is_bad=lambda values: False, stop_at=None, error=0.05, hours=0.01):
        self.calls, self.is_bad, self.stop_at = [], is_bad, stop_at
        self.error, self.hours = error, hours

    def evaluate(self, values, fidelity, name):
        if self.stop_at is not None and len(self.calls) == self.stop_at:
            raise KeyboardInterrupt
        self.calls.append((name, dict(values)))
        hours = self.hours * fidelity.bones / 2 * (fidelity.edge / 16) ** 3
        if self.is_bad(values):
            raise EvaluationError("LOSS/usual/bone-1: the solver left the finite numbers", hours)
        loss = -10.0 * (values[TRIGGER] - 0.4)
        opg = math.log(values[OPG] / 0.4)
        blur = 0.1 / fidelity.bones  # little bone shifts what is found
        return Evaluation(
            [
                Target("LOSS: bvtv", "LOSS", loss - 3.0 + blur, self.error, -4.0, -2.0),
                Target("LOSS: opg", "LOSS", opg, self.error, -0.5, 0.5),
                Target("LOSS: rank", "LOSS", 1.0, 0.0, 0.5, 1.1, counts=False),
            ],
            0.5,
            hours,
        )


def make(folder: Path, text: str = FILE, evaluator=None, out="out"):
    """Return a calibrator with the stand-in."""
    asked = load_calibration(write(folder, text))
    return Calibrator(asked, plan_stages(asked), evaluator or Formula(), folder / out)
