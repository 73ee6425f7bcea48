"""Free testosterone from total testosterone, SHBG and albumin (Vermeulen 1999).

Free F solves T = F (1 + K_alb C_alb + K_shbg SHBG / (1 + K_shbg F)), a quadratic.
"""

from trabecula.base.columns import Array
from trabecula.config.parameters import Parameters

NMOL_L_PER_NG_DL = 1.0 / 28.842
PG_ML_PER_NMOL_L = 288.42
ALBUMIN_MASS = 66.5e3
"""Molar mass of albumin (g/mol)."""


def _read(parameters: Parameters) -> tuple[float, float]:
    """Return 1 + what albumin binds per free, and the affinity of SHBG (L/nmol)."""
    p = parameters
    albumin = p["glands.binding.albumin"] / ALBUMIN_MASS * 1e9
    return 1.0 + p["glands.binding.albumin_affinity"] * albumin, p["glands.binding.shbg_affinity"]


def compute_free(testosterone: Array, shbg: Array, parameters: Parameters) -> Array:
    """Return free testosterone (pg/mL) from total (ng/dL) and SHBG (nmol/L), of any shape.

    Parameters
    ----------
    testosterone
        Any shape, ng/dL.
    shbg
        Shape that goes with it, nmol/L.

    Returns
    -------
    numpy.ndarray
        That shape, pg/mL.
    """
    loose, k = _read(parameters)
    total = testosterone * NMOL_L_PER_NG_DL
    b = loose + k * (shbg - total)
    free = (-b + (b * b + 4.0 * loose * k * total) ** 0.5) / (2.0 * loose * k)
    return free * PG_ML_PER_NMOL_L


def compute_shbg_between(total: float, free: float, parameters: Parameters) -> float:
    """Return the SHBG (nmol/L) that leaves `free` testosterone of the `total`; below 0 if none can.

    Parameters
    ----------
    total
        Total testosterone (ng/dL).
    free
        Free testosterone (pg/mL).
    """
    unbound = compute_total(free, 0.0, parameters)
    return (total - unbound) / (compute_total(free, 1.0, parameters) - unbound)


def compute_total(free: float, shbg: float, parameters: Parameters) -> float:
    """Return total testosterone (ng/dL) from free (pg/mL) and SHBG (nmol/L).

    Parameters
    ----------
    free
        Free testosterone (pg/mL).
    shbg
        SHBG (nmol/L).
    """
    loose, k = _read(parameters)
    f = free / PG_ML_PER_NMOL_L
    return f * (loose + k * shbg / (1.0 + k * f)) / NMOL_L_PER_NG_DL
