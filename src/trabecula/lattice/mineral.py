"""Osteoid becomes bone: primary mineralisation after a lag, secondary over years."""

import numpy as np

from trabecula.kernels.mineral import mineralise
from trabecula.kernels.space import Moment
from trabecula.state import State

SECONDARY_EVERY = 10.0
"""Interval (d) of the secondary update, which changes degrees by less than 1 % a time."""


def step_mineralisation(state: State, lag: float, primary: float, secondary_time: float) -> None:
    """Turn osteoid into mineralised matrix and let old matrix gain mineral.

    Parameters
    ----------
    lag
        Time constant of primary mineralisation (d), ``lattice.mineral.lag``.
    primary
        Degree of mineralisation that fresh matrix reaches at once (1), ``lattice.mineral.primary``.
    secondary_time
        Time constant of the approach to 1 (d), ``lattice.mineral.secondary_time``
        (Ruffoni 2007, doi:10.1016/j.bone.2006.11.012).
    """
    dt = state.clock.length
    share = 1.0 - np.exp(-dt / lag)
    steps = max(1, round(SECONDARY_EVERY / dt))
    keep = 1.0
    if state.clock.step % steps == 0:
        keep = float(np.exp(-steps * dt / secondary_time))
    lattice = state.lattice
    clock = state.clock
    moment = Moment(int(state.seed), int(clock.step), float(clock.time), float(dt))
    degrees = (float(share), float(primary), keep)
    mineralise(lattice.matrix, lattice.osteoid, lattice.mineral, degrees, moment)
