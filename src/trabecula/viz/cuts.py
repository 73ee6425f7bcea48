"""Slices and slabs: which block of the lattice is seen."""

from dataclasses import dataclass

from trabecula.base.errors import InputError
from trabecula.config.units import QuantityError, to_number

AXES = ("z", "y", "x")
SLAB = 200.0
"""Thickness of a slab unless given (um)."""

FROM_ABOVE = (True, False, True)
"""Whether the block below a slice is kept, for z, y, x: what is kept faces every usual view."""


@dataclass(frozen=True)
class Cut:
    """A plane across an axis, or two.

    Parameters
    ----------
    axis
        0 z, 1 y, 2 x.
    position
        Distance of the plane, or of the middle of the slab, from the lattice's face (um); None: half.
    thickness
        Thickness of the slab (um); None for a slice.
    """

    axis: int
    position: float | None = None
    thickness: float | None = None

    @property
    def is_slice(self) -> bool:
        """Whether it is one plane."""
        return self.thickness is None


@dataclass(frozen=True)
class Block:
    """Voxels that are seen, `first` to `last` (not included) along z, y, x.

    Parameters
    ----------
    face
        Axis and layer of the voxels that a slice lays open; None without a slice.
    """

    first: tuple[int, int, int]
    last: tuple[int, int, int]
    face: tuple[int, int] | None = None

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of its part of an array of shape (z, y, x)."""
        z, y, x = (slice(a, b) for a, b in zip(self.first, self.last, strict=True))
        return z, y, x


def read_cut(text: str, option: str, slab: bool = False) -> Cut:
    """Read ``z``, ``z=0.6 mm``, or for a slab also ``z=0.6 mm,200 um``.

    Raises
    ------
    InputError
        If it is none of these.
    """
    allowed = "z, y or x, with a place such as z=0.6mm" + (
        ", and a thickness such as z=0.6mm,200um" if slab else ""
    )
    name, equals, rest = text.partition("=")
    parts = [part.strip() for part in rest.split(",")] if equals else []
    if name.strip() not in AXES or len(parts) > 1 + slab:
        msg = f"{option}: found {text!r}; allowed: {allowed}"
        raise InputError(msg)
    try:
        numbers = [to_number(part, "um") for part in parts]
    except QuantityError as error:
        msg = f"{option}: found {text!r} ({error}); allowed: {allowed}"
        raise InputError(msg) from None
    position = numbers[0] if numbers else None
    thickness = (numbers[1] if len(numbers) > 1 else SLAB) if slab else None
    return Cut(AXES.index(name.strip()), position, thickness)


def choose_block(cut: Cut | None, shape: tuple[int, int, int], voxel: float, option: str) -> Block:
    """Return the voxels that `cut` leaves of a lattice of `shape` and edge `voxel` (um).

    Raises
    ------
    InputError
        If the cut lies outside the lattice.
    """
    whole = Block((0, 0, 0), shape)
    if cut is None:
        return whole
    count = shape[cut.axis]
    size = count * voxel
    position = size / 2.0 if cut.position is None else cut.position
    if not 0.0 < position < size or (cut.thickness is not None and cut.thickness <= 0.0):
        found = f"{AXES[cut.axis]} at {position:g} um"
        found += "" if cut.thickness is None else f", {cut.thickness:g} um thick"
        msg = (
            f"{option}: found {found}; allowed: between 0 and {size:g} um, the size of this lattice"
        )
        raise InputError(msg)
    first, last = list(whole.first), list(whole.last)
    if cut.thickness is not None:
        first[cut.axis] = max(0, round((position - cut.thickness / 2.0) / voxel))
        last[cut.axis] = min(
            count, max(first[cut.axis] + 1, round((position + cut.thickness / 2) / voxel))
        )
        first[cut.axis] = min(first[cut.axis], last[cut.axis] - 1)
        return Block((first[0], first[1], first[2]), (last[0], last[1], last[2]))
    layer = min(max(1, round(position / voxel)), count - 1)
    if FROM_ABOVE[cut.axis]:
        last[cut.axis], open_layer = layer, layer - 1
    else:
        first[cut.axis], open_layer = layer, layer
    return Block(
        (first[0], first[1], first[2]), (last[0], last[1], last[2]), (cut.axis, open_layer)
    )
