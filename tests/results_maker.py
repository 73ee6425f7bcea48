"""Made-up results with known numbers, for tests of analysis and figures."""

from pathlib import Path

import numpy as np

from trabecula.analysis import Results, Series

TIME = np.arange(-89.0, 731.0)


def make_step(time: np.ndarray, before: float, after: float, day: float = 60.0) -> np.ndarray:
    return np.where(time <= day, before, after)


def make_results(resorption: float = 1.5, noise: float = 0.0) -> Results:
    """Resorption jumps at day 60 from 100 to 100 times `resorption`; volume falls 5 %."""
    rng = np.random.default_rng(1)
    wobble = 1.0 + noise * rng.standard_normal(len(TIME))
    thickness = np.full(len(TIME), np.nan)
    thickness[89::30] = 150.0 - np.arange(len(thickness[89::30]))
    series = {
        "bv_tv": Series(
            0.18 * (1 - 0.05 * np.clip(TIME / 730, 0, None)), "1", "BV/TV", "bone volume"
        ),
        "tb_th": Series(thickness, "um", "Tb.Th", "trabecular thickness", 30.0),
        "resorption_rate": Series(
            make_step(TIME, 100.0, 100.0 * resorption) * wobble, "um^3/d", "", "resorption"
        ),
        "formation_rate": Series(make_step(TIME, 90.0, 120.0, 150.0) * wobble, "um^3/d"),
        "n_oc_bs": Series(make_step(TIME, 2.0, 3.0) * wobble, "1/mm^2", "N.Oc/BS"),
        "n_ob_bs": Series(make_step(TIME, 30.0, 40.0, 150.0) * wobble, "1/mm^2", "N.Ob/BS"),
        "rankl_opg": Series(make_step(TIME, 0.6, 0.7) * wobble, "1", "RANKL/OPG"),
        "es_bs": Series(np.full(len(TIME), 0.04) * wobble, "1", "ES/BS"),
        "os_bs": Series(np.full(len(TIME), 0.12) * wobble, "1", "OS/BS"),
    }
    hormones = {
        "estradiol": Series(np.interp(TIME, [60, 90], [100.0, 10.0]), "pg/mL", "E2", "estradiol"),
        "testosterone": Series(np.full(len(TIME), 30.0), "ng/dL", "T", "testosterone"),
    }
    bmus = {
        "phase": np.array([3, 3, 4, 0], dtype="u1"),
        "rs_p": np.array([40.0, 44.0, 4.0, 10.0]),
        "rv_p": np.array([10.0, 6.0, np.nan, np.nan]),
        "fp": np.array([130.0, 140.0, np.nan, np.nan]),
    }
    return Results(Path("made/up/results.h5"), TIME, series, hormones, bmus)
