"""Where the camera stands, and how large a micrometre is in its picture."""

from dataclasses import dataclass

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import InputError

VIEWS = {
    "corner": (1.0, -1.6, 0.75),
    "low": (1.0, -1.6, 0.15),
    "front": (0.0, -1.0, 0.0),
    "back": (0.0, 1.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "top": (0.0, 0.0, 1.0),
}
"""Directions x, y, z from the bone to the camera; z is up, and y in a view from the top."""

FACING = ("top", "front", "right")
"""Views that look straight at a cut across z, y, x."""

MARGIN = 1.03

CLEAR = 150.0
"""Space between the camera and what it sees (um): shades are reckoned from the distance to the camera
with eleven bits, so from farther away flat faces would get stripes."""


@dataclass(frozen=True)
class Camera:
    """A camera far away: parallel rays, so that one scale holds for the whole picture.

    Parameters
    ----------
    position, focus, up
        World coordinates x, y, z (um), and the direction that is up.
    width, height
        Size of what it sees (um).
    """

    position: Array
    focus: Array
    up: Array
    width: float
    height: float


def check_view(name: str) -> None:
    """Refuse a view that is not there.

    Raises
    ------
    InputError
        If there is no view of that name.
    """
    if name not in VIEWS:
        msg = f"--view: found {name!r}; allowed: {', '.join(VIEWS)}"
        raise InputError(msg)


def place_camera(view: str, points: Array) -> Camera:
    """Place the camera of `view` so that `points` (x, y, z in um; shape (point, 3)) fill the picture."""
    back = np.array(VIEWS[view]) / np.linalg.norm(VIEWS[view])
    up = np.array([0.0, 1.0, 0.0]) if abs(back[2]) > 0.99 else np.array([0.0, 0.0, 1.0])
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    up = np.cross(back, right)
    seen = np.asarray(points, dtype=np.float64) @ np.column_stack([right, up, back])
    low, high = seen.min(axis=0), seen.max(axis=0)
    focus = (low + high) / 2.0 @ np.vstack([right, up, back])
    width, height, depth = MARGIN * (high - low)
    distance = depth / 2.0 + CLEAR
    return Camera(focus + distance * back, focus, up, float(width), float(height))
