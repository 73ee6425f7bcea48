"""What the colour of a bone surface says, and the map that says it to all eyes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.analysis.moments import StoredMoment, Volume
from trabecula.base.columns import Array
from trabecula.base.errors import InputError
from trabecula.viz.pore import fill_bone
from trabecula.viz.style import GREEN, ORANGE
from trabecula.viz.surface import compute_depths, sample_volume

BONE = "#e6dcc6"
CUT = "#b9b1a0"
"""Bone, and bone where the picture cuts it."""

SEQUENTIAL, DIVERGING = "cividis", "PRGn"
"""Perceptually uniform; and light in the middle, purple below, green above, unlike any cell."""

FIELDS = {"rankl": ("rankl_membrane", "rankl_soluble")}
"""Colours that are the sum of several fields."""

OF_BONE = ("mineral", "sed")
"""Volumes that mean something inside bone only, so that cuts carry them too."""

NAMES = {
    "mineral": "degree of mineralisation",
    "sed": "SED",
    "rankl": "RANKL",
    "opg": "OPG",
    "sclerostin": "sclerostin",
    "tgfb": "TGF-β",
    "igf1": "IGF-1",
}
UNITS = {"MPa": (1000.0, "kPa"), "1": (1.0, "")}
"""How a stored unit is shown: a factor, and its name."""

SPREAD = (2.0, 99.0)
"""Percentiles between which the colours are stretched."""

WIDE, WIDEST = 20.0, 100.0
"""Ratio of the ends from which the scale is logarithmic, and the most that it then spans."""

MOVED = "− resorbed, + formed since {since} (µm)"

DEEP, LEAST = 95.0, 10.0
"""Percentile of depths, and the least depth (um), at which the diverging map ends."""


@dataclass(frozen=True)
class Colouring:
    """How the values of a surface become colours.

    Parameters
    ----------
    label
        What the colour bar says; ``{since}`` stands for the day that is compared to.
    colours
        Name of a matplotlib colour map.
    limits
        Values at the ends of the map.
    on_cuts
        Whether cut bone is coloured too.
    is_log
        Whether the scale is logarithmic.
    """

    label: str
    colours: str
    limits: tuple[float, float]
    on_cuts: bool = False
    is_log: bool = False

    def to_share(self, values: Array) -> Array:
        """Return where `values` lie on the map, 0..1, in the shape that they have.

        Parameters
        ----------
        values
            Any shape, in the unit of `limits`.
        """
        low, high = self.limits
        if self.is_log:
            values, low, high = np.log(np.maximum(values, low)), np.log(low), np.log(high)
        share: Array = np.clip((values - low) / max(high - low, 1e-30), 0.0, 1.0)
        return share


def make_colouring(
    volume: Volume, shown: Array, limits: tuple[float, float] | None, on_cuts: bool = False
) -> Colouring:
    """Choose the scale of a volume from the values that are `shown`, or between given `limits`.

    Parameters
    ----------
    shown
        Shape (point,), in the unit of `volume`.
    limits
        Values at the ends of the colour map, in the same unit; None: chosen from `shown`.
    """
    if limits is None:
        low, high = (float(p) for p in np.percentile(shown, SPREAD)) if len(shown) else (0.0, 1.0)
        if high - low < 1e-9 * max(abs(high), 1e-30):
            low, high = 0.0, max(high, 1e-9)
    else:
        low, high = limits
    is_log = low >= 0.0 and high > WIDE * low and volume.long_name != NAMES["mineral"]
    if is_log:
        low = max(low, high / WIDEST)
    label = f"{volume.long_name} ({volume.unit})" if volume.unit else volume.long_name
    return Colouring(label, SEQUENTIAL, (low, high), on_cuts, is_log)


def list_colours(held: list[str]) -> list[str]:
    """Return every value of ``--colour`` for a file that holds the volumes `held`."""
    fields = [name for name in held if name not in ("fraction", "osteoid", "eroded", "site")]
    return ["plain", "tissue", "resorbed", *FIELDS, *fields]


def list_needed(colour: str, held: list[str]) -> list[str]:
    """Return the volumes that have to be read for `colour`.

    Raises
    ------
    InputError
        If there is no such colour in a file that holds the volumes `held`.
    """
    allowed = list_colours(held)
    parts = list(FIELDS.get(colour, (colour,)))
    if colour not in allowed or (colour in FIELDS and not set(parts) <= set(held)):
        msg = f"--colour: found {colour!r}; allowed: {', '.join(allowed)}"
        raise InputError(msg)
    if colour in ("plain", "resorbed"):
        return []
    return ["osteoid", "eroded"] if colour == "tissue" else parts


def find_volume(moment: StoredMoment, colour: str) -> Volume | None:
    """Return the volume behind `colour`, in the unit that is shown; None for those without."""
    if colour in ("plain", "tissue", "resorbed"):
        return None
    names = FIELDS.get(colour, (colour,))
    parts = [moment.volumes[name] for name in names]
    factor, unit = UNITS.get(parts[0].unit, (1.0, parts[0].unit))
    held = [part.values for part in parts]
    if colour not in OF_BONE:
        fraction = moment.volumes["fraction"].values
        held = [fill_bone(v, fraction, n) for v, n in zip(held, names, strict=True)]
    values = factor * np.sum(held, axis=0, dtype=np.float32)
    return Volume(values, parts[0].voxel, unit, NAMES.get(colour, colour.replace("_", " ")))


def compute_values(
    mesh: Any,
    moment: StoredMoment,
    colour: str,
    earlier: Any | None,
    limits: tuple[float, float] | None = None,
) -> tuple[Array, Colouring | None]:
    """Compute what `colour` shows at each point of a surface.

    Parameters
    ----------
    earlier
        Surface since which bone was resorbed and formed; None where it is not asked for.
    limits
        Values at the ends of the colour map, in the unit that is shown; None: chosen from the data.

    Returns
    -------
    values
        Shape (point,), in the unit that is shown.
    colouring
        None for ``plain`` and ``tissue``, which have no scale.
    """
    points = np.asarray(mesh.points)
    if colour == "resorbed":
        values = compute_depths(mesh, earlier)
        if limits is None:
            moved = np.abs(values[np.abs(values) > 1.0])
            end = float(np.percentile(moved, DEEP)) if moved.size else LEAST
            end = max(LEAST, 10.0 * float(np.ceil(end / 10.0)))
            limits = (-end, end)
        return values, Colouring(MOVED, DIVERGING, limits)
    volume = find_volume(moment, colour)
    if volume is None:
        return np.zeros(len(points)), None
    if colour in OF_BONE:  # a point of the surface lies half in marrow: look one voxel into bone
        points = points - volume.voxel * np.asarray(mesh["Normals"])
    values = sample_volume(volume.values, volume.voxel, points)
    return values, make_colouring(volume, values, limits, colour in OF_BONE)


def to_rgb(mesh: Any, values: Array, colouring: Colouring | None) -> Array:
    """Return the colour of each point, shape (point, 3), uint8.

    Parameters
    ----------
    values
        Shape (point,), in the unit of the limits of `colouring`.

    Returns
    -------
    ndarray
        Red, green and blue, shape (point, 3), uint8, in units of 1/255.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb as parse

    cut = np.asarray(mesh["cut"]) > 0
    if colouring is None:
        rgb = np.tile(parse(BONE), (mesh.n_points, 1))
    else:
        rgb = colormaps[colouring.colours](colouring.to_share(values))[:, :3]
    if colouring is None or not colouring.on_cuts:
        rgb[cut] = parse(CUT)
    return np.rint(255.0 * rgb).astype(np.uint8)


def paint_tissue(mesh: Any, moment: StoredMoment) -> Array:
    """Return colours that say mineralised bone, osteoid, or eroded surface.

    Returns
    -------
    ndarray
        Red, green and blue, shape (point, 3), uint8, in units of 1/255.
    """
    rgb = to_rgb(mesh, np.zeros(mesh.n_points), None)
    paint(rgb, find_eroded_points(mesh, moment), ORANGE)
    paint(rgb, find_osteoid_points(mesh, moment), GREEN)
    return rgb


def paint(rgb: Array, points: Array, colour: str) -> None:
    """Give some points one colour, in place.

    Parameters
    ----------
    rgb
        Colour of each point, shape (point, 3), uint8, in units of 1/255.
    points
        Mask of those that get it, shape (point,).
    """
    from matplotlib.colors import to_rgb as parse

    rgb[points] = np.rint(255.0 * np.array(parse(colour)))


def find_osteoid_points(mesh: Any, moment: StoredMoment) -> Array:
    """Return a mask of the points of a bone surface under which osteoid lies, shape (point,)."""
    osteoid = moment.volumes["osteoid"]
    points = np.asarray(mesh.points) - 0.4 * osteoid.voxel * np.asarray(mesh["Normals"])
    soft = sample_volume(osteoid.values, osteoid.voxel, points) > 0.25
    found: Array = soft & (np.asarray(mesh["cut"]) == 0)
    return found


def find_eroded_points(mesh: Any, moment: StoredMoment) -> Array:
    """Return a mask of the points of a bone surface that bear the mark of resorption, shape (point,)."""
    eroded = moment.volumes["eroded"]  # the mark is in the open voxel in front of the surface
    points = np.asarray(mesh.points) + 0.5 * eroded.voxel * np.asarray(mesh["Normals"])
    marked = sample_volume(eroded.values, eroded.voxel, points) > 0.5
    found: Array = marked & (np.asarray(mesh["cut"]) == 0)
    return found
