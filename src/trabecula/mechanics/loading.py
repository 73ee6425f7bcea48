"""Load cases: which side holds what, and which voxels are in the way of the load."""

from dataclasses import dataclass

import numpy as np

from trabecula.base.codes import Lateral
from trabecula.base.columns import Array


@dataclass(frozen=True)
class LoadCase:
    """Compression or tension between two platens.

    Parameters
    ----------
    axis
        Direction of the load: 0 z, 1 y, 2 x.
    lateral
        FREE: platens without friction, free sides. FIXED: bone glued to the platens, free sides.
        MIRRORED: platens without friction, sides that stay plane (the lattice goes on, mirrored).
    """

    axis: int
    lateral: Lateral

    def make_rules(self) -> Array:
        """Return what the sides hold: shape (axis, low or high side, component), 0 or 1."""
        rules = np.zeros((3, 2, 3), np.uint8)
        rules[self.axis, :, self.axis] = 1
        if self.lateral == Lateral.FIXED:
            rules[self.axis] = 1
        if self.lateral == Lateral.MIRRORED:
            for axis in range(3):
                rules[axis, :, axis] = 1
        return rules


def find_loaded(elements: Array, axes: tuple[int, ...]) -> Array:
    """Return the elements whose component, connected by faces, spans the lattice along an axis.

    Others carry no load: they float, or hang from one platen.

    Parameters
    ----------
    elements
        Mask of shape (z, y, x).
    axes
        Spanning along one of these is enough.

    Returns
    -------
    numpy.ndarray
        Mask of shape (z, y, x).
    """
    from scipy.ndimage import label

    parts, count = label(elements)
    keep = np.zeros(count + 1, bool)
    for axis in axes:
        faces = (np.take(parts, side, axis=axis) for side in (0, -1))
        low, high = (np.unique(face) for face in faces)
        keep[np.intersect1d(low, high)] = True
    keep[0] = False
    found: Array = keep[parts]
    return found
