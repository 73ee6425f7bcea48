"""A cheap scalar stand-in for mechanical load: conduction through bone along three axes."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.conduction import (
    add_power,
    link_voxels,
    solve_conduction,
    weigh_links,
)

FLOOR = 0.05
"""Bone fraction below which a voxel carries nothing."""

TOLERANCE = 0.05
FIRST_STEPS, LATER_STEPS = 120, 25


class ConductionSignal:
    """Power per bone of steady conduction under unit gradients along z, and more weakly y and x.

    A callable ``fraction -> signal``, both (z, y, x); remembers the last potentials and starts the
    next solve from them. Any other callable of this kind (strain energy density) may replace it.

    Parameters
    ----------
    transversal
        Weight of the power along y and x, that along z being 1.
    """

    def __init__(self, transversal: float = 0.5) -> None:
        self.shares = (1.0, transversal, transversal)
        self._potentials: list[Array] = []

    def __call__(self, fraction: Array) -> Array:
        """Return the signal (float64, z y x, 1), 0 where there is no bone."""
        places = np.empty(fraction.size, np.int64)
        links = np.empty((int(np.count_nonzero(fraction >= FLOOR)) + 1, 6), np.int32)
        count = link_voxels(fraction, FLOOR, places, links)
        places, links = places[:count], links[:count]
        bone = fraction.reshape(-1)[places].astype(np.float64)
        weights = np.empty((count, 6))
        weigh_links(bone, links, weights)
        most = LATER_STEPS if self._potentials else FIRST_STEPS
        if not self._potentials:
            self._potentials = [np.zeros(fraction.size) for _ in range(3)]
        power = np.zeros(count)
        for axis, share in enumerate(self.shares):
            potential = self._potentials[axis]
            u = potential[places]
            solve_conduction(links, weights, axis, u, TOLERANCE, most)
            add_power(links, weights, axis, u, bone, share, power)
            potential[places] = u
        signal = np.zeros(fraction.size)
        signal[places] = power
        return signal.reshape(fraction.shape)
