"""Designs and indices of sensitivity, through SALib (extra ``fit``), in the unit cube.

Morris: elementary effects along trajectories (Morris 1991, doi:10.1080/00401706.1991.10484804). Sobol:
Saltelli's blocks (Saltelli et al. 2010, doi:10.1016/j.cpc.2009.09.018), first and total order.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import InputError

MISSING = 'an analysis of sensitivity needs SALib: pip install "trabecula[fit]"'


def _make_problem(dimensions: int) -> dict[str, Any]:
    if find_spec("SALib") is None:
        raise InputError(MISSING)
    names = [f"x{number}" for number in range(dimensions)]
    return {"num_vars": dimensions, "names": names, "bounds": [[0.0, 1.0]] * dimensions}


def draw_trajectories(dimensions: int, trajectories: int, levels: int, seed: int) -> Array:
    """Return Morris trajectories in the unit cube, shape (trajectory * (dimension + 1), dimension).

    Raises
    ------
    InputError
        If SALib is not installed.
    """
    problem = _make_problem(dimensions)
    from SALib.sample import morris

    rows: Array = morris.sample(problem, trajectories, num_levels=levels, seed=seed)
    return rows


def draw_blocks(dimensions: int, blocks: int, seed: int) -> Array:
    """Return Saltelli's blocks in the unit cube, shape (block * (dimension + 2), dimension).

    Raises
    ------
    InputError
        If SALib is not installed.
    """
    problem = _make_problem(dimensions)
    from SALib.sample import sobol

    rows: Array = sobol.sample(problem, blocks, calc_second_order=False, seed=seed)
    return rows


def compute_effects(points: Array, values: Array, levels: int) -> dict[str, Array]:
    """Return the elementary effects of each key over its whole range, in the unit of `values`.

    Parameters
    ----------
    points
        Shape (trajectory * (dimension + 1), dimension), in the unit cube.
    values
        Outcome of each point, shape (point,), in any unit; NaN leaves out its trajectory.

    Returns
    -------
    dict
        ``mu`` the mean, ``mu_star`` the mean magnitude, ``mu_star_conf`` its 95 % half-interval,
        ``sigma`` the spread, each of shape (dimension,).

    Raises
    ------
    InputError
        If fewer than two trajectories are whole, or SALib is not installed.
    """
    dimensions = points.shape[1]
    problem = _make_problem(dimensions)
    from SALib.analyze import morris

    rows, outcomes = _keep_whole(points, values, dimensions + 1, "trajectories")
    found = morris.analyze(problem, rows, outcomes, num_levels=levels, num_resamples=1000, seed=1)
    keys = ("mu", "mu_star", "mu_star_conf", "sigma")
    return {key: np.asarray(found[key], dtype=float) for key in keys}


def compute_shares(points: Array, values: Array) -> dict[str, Array]:
    """Return Sobol's indices of each key: shares of the variance of `values`.

    Parameters
    ----------
    points
        Shape (block * (dimension + 2), dimension), in the unit cube.
    values
        Outcome of each point, shape (point,), in any unit; NaN leaves out its block.

    Returns
    -------
    dict
        ``first`` and ``total`` order, and ``first_conf``, ``total_conf``, their 95 % half-intervals,
        each of shape (dimension,); NaN if the outcome never varies.

    Raises
    ------
    InputError
        If fewer than two blocks are whole, or SALib is not installed.
    """
    dimensions = points.shape[1]
    problem = _make_problem(dimensions)
    from SALib.analyze import sobol

    _, outcomes = _keep_whole(points, values, dimensions + 2, "blocks")
    if np.ptp(outcomes) == 0.0:
        unknown = np.full(dimensions, np.nan)
        return dict.fromkeys(("first", "first_conf", "total", "total_conf"), unknown)
    found = sobol.analyze(problem, outcomes, calc_second_order=False, num_resamples=1000, seed=1)
    names = {"first": "S1", "first_conf": "S1_conf", "total": "ST", "total_conf": "ST_conf"}
    return {key: np.asarray(found[name], dtype=float) for key, name in names.items()}


def _keep_whole(points: Array, values: Array, size: int, what: str) -> tuple[Array, Array]:
    """Leave out every group of `size` points of which one has no outcome."""
    whole = np.isfinite(values).reshape(-1, size).all(axis=1)
    if whole.sum() < 2:
        count = f"{int(whole.sum())} whole {what} of {len(whole)}"
        msg = f"found {count}; allowed: at least 2; finish the sweep"
        raise InputError(msg)
    kept = np.repeat(whole, size)
    return points[kept], values[kept]
