"""A ledger without space, to be better than: sites begin as estradiol lets them, and run their course.

Sites begin at a rate that one Hill curve of estradiol sets and nothing else. Each resorbs evenly over
a fixed time, waits, and refills evenly over another; what it puts back is a fixed share of what it
took. Resorption, formation and bone volume are sums over sites. It has no cells, no signals and no
place.

What an arm gets counts only as far as one curve can honestly know of it. Estradiol counts. A man's
testosterone counts where his estradiol is not given, as what aromatase makes of it (the two change in
proportion). A share of RANKL neutralised, where it is given as a share, takes that share of what
begins and of what is resorbed. Everything else (drugs by their dose, progesterone, IGF-1,
glucocorticoid, FSH, inflammation, cytokines, sclerostin, load) does nothing: its strength would have
to be fitted to the very trials that ask for it.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.analysis import Results, Series
from trabecula.base.codes import Phase
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.config import load_parameters
from trabecula.study.panel import Arm, Panel, Points, Trial
from trabecula.study.pool import Pool
from trabecula.study.scoring import DEPTH, Judged, judge_exact

FROZEN = Path(__file__).parent / "ledger.json"
"""The parameters that were fitted, and to what."""

HISTORY = 600
"""Days before day 0 from which sites are counted: longer than any runs its course."""

LEAD = 90
"""Days before day 0 of which the series are kept."""

SITES = 20_000
"""Sites that stand for all that begin in a trial."""

CONSTANT = ("opg_marrow", "il1_marrow", "tnf_marrow", "sclerostin_marrow", "mar", "bs_tv")
"""Series that never change: the ledger has no such thing."""


@dataclass(frozen=True)
class LedgerParameters:
    """What is fitted.

    Parameters
    ----------
    half
        Estradiol at which half of the curve is reached (pg/mL).
    hill
        Its steepness.
    rise
        Sites that begin without estradiol beyond those with plenty, relative to these.
    resorption, reversal, formation
        How long a site resorbs, waits and refills (d).
    balance
        Put back beyond what was taken, relative to it.
    turnover
        Bone resorbed in a young adult (1/y), relative to all.
    """

    half: float
    hill: float
    rise: float
    resorption: float
    reversal: float
    formation: float
    balance: float
    turnover: float

    def compute_digest(self) -> str:
        """Return what tells these parameters from others."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def load_frozen(path: Path = FROZEN) -> tuple[LedgerParameters, dict[str, Any]]:
    """Return the fitted parameters, and what is told of the fit.

    Raises
    ------
    ResultsError
        If the file was changed since it was written.
    """
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    parameters = LedgerParameters(**told["parameters"])
    if parameters.compute_digest() != told["digest"]:
        msg = f"{path}: found parameters of another digest; allowed: those that were fitted; fit again"
        raise ResultsError(msg)
    return parameters, told


def _interpolate(points: Points, time: Array) -> Array:
    days, values = zip(*points, strict=True)
    found: Array = np.interp(time, days, values)
    return found


def find_estradiol(trial: Trial, arm: Arm, time: Array) -> Array:
    """Return estradiol (pg/mL) at each time (d), shape (time,)."""
    table = load_parameters()
    mean = table[f"hormones.{trial.sex}.estradiol"]
    if "estradiol" in arm.levels:
        return _interpolate(arm.levels["estradiol"], time)
    if trial.sex == "male" and "testosterone" in arm.levels:
        usual = table["hormones.male.testosterone"]
        return mean * _interpolate(arm.levels["testosterone"], time) / usual
    return np.full(len(time), mean)


class Ledger:
    """Lives arms.

    Parameters
    ----------
    parameters
        Fitted.
    """

    def __init__(self, parameters: LedgerParameters) -> None:
        self.parameters = parameters

    def live(self, trial: Trial, arm: Arm) -> Results:
        """Return what an arm shows, as a run of one bone would have written it."""
        p = self.parameters
        time = np.arange(-float(HISTORY), math.ceil(trial.days) + 1.0)
        mean = load_parameters()[f"hormones.{trial.sex}.estradiol"]
        call = self._respond(find_estradiol(trial, arm, time)) / self._respond(np.array([mean]))
        free = np.ones(len(time))
        if "rankl" in arm.blockade:
            free -= _interpolate(arm.blockade["rankl"], time)
        begun = call * free
        resorbed = _gather(begun, 0.0, p.resorption) * free
        depth = _gather(free, -p.resorption, p.resorption)  # of the site that begins now
        late = p.resorption + p.reversal
        formed = (1.0 + p.balance) * _gather(begun * depth, late, p.formation)
        rate = p.turnover / 365.25
        zero = HISTORY
        volume = 1.0 + rate * (
            np.cumsum(formed - resorbed) - np.sum((formed - resorbed)[: zero + 1])
        )
        kept = slice(zero - LEAD, None)
        shown = {
            "matrix_resorbed": np.cumsum(resorbed), "matrix_formed": np.cumsum(formed),
            "bv_tv": volume, "rankl_per_cell": call, "ms_bs": _gather(begun, late, p.formation),
        }  # fmt: skip
        series = {name: Series(values[kept]) for name, values in shown.items()}
        series |= {name: Series(np.ones(len(time[kept]))) for name in CONSTANT}
        return Results(
            Path(f"{trial.id}/{arm.name}"), time[kept], series, bmus=self._list_sites(time, begun)
        )

    def _respond(self, estradiol: Array) -> Array:
        p = self.parameters
        level = np.maximum(estradiol, 1e-9) / p.half
        found: Array = 1.0 + p.rise / (1.0 + level**p.hill)
        return found

    def _list_sites(self, time: Array, begun: Array) -> Mapping[str, Array]:
        """Return sites that began evenly along the sum of what begins."""
        p = self.parameters
        total = np.cumsum(begun)
        if not total[-1] > 0:
            total = np.arange(len(time), dtype=float)
        count = SITES
        marks = np.linspace(total[0], total[-1], count)
        activated = np.interp(marks, total, time)
        return {
            "activated": activated,
            "ended": activated + p.resorption + p.reversal + p.formation,
            "phase": np.full(count, Phase.COMPLETE), "footprint": np.full(count, 1e5),
            "e_de": np.full(count, DEPTH), "w_th": np.full(count, DEPTH * (1.0 + p.balance)),
        }  # fmt: skip


def _gather(values: Array, late: float, width: float) -> Array:
    """Return the mean of `values` (one a day) over the `width` days that ended `late` days ago.

    Before the first day and after the last, values are as on these.
    """
    day = np.arange(len(values), dtype=float)
    edges = np.concatenate([[0.0], np.cumsum(values)])

    def add_up(end: Array) -> Array:
        inside: Array = np.interp(end, np.arange(len(edges), dtype=float), edges)
        inside += np.minimum(end, 0.0) * values[0]
        inside += np.maximum(end - len(values), 0.0) * values[-1]
        return inside

    end = day + 1.0 - late
    mean: Array = (add_up(end) - add_up(end - width)) / width
    return mean


def judge_ledger(panel: Panel, ledger: Ledger) -> dict[str, list[Judged]]:
    """Judge what the ledger shows of a panel, as the model is judged."""
    judged = {}
    for trial in panel.trials:
        pool = Pool({arm.name: [ledger.live(trial, arm)] for arm in trial.used_arms})
        judged[trial.id] = [judge_exact(end, pool) for end in trial.endpoints]
    return judged
