"""From an image file to a specimen, every change reported."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from trabecula.base.codes import Sides
from trabecula.base.columns import Array
from trabecula.base.memory import BASE_MEMORY, SCRATCH_BYTES, find_memory
from trabecula.morphometry import keep_largest_component
from trabecula.specimen.readers import Image, load_image, make_error
from trabecula.specimen.resample import resample
from trabecula.specimen.segment import segment
from trabecula.specimen.specimen import Specimen

Spacing = tuple[float, float, float]
VOXELS = (1.0, 500.0)
"""Edges of voxels (um) that an image of trabeculae may have; beyond them its unit is another one."""

SAME = 1e-3
"""Relative difference of voxel sizes below which no resampling is done."""


def load_specimen_image(
    path: Path | str,
    voxel: float | None = None,
    spacing: float | Sequence[float] | None = None,
    threshold: float | str | None = None,
    labels: Sequence[int] | None = None,
    crop: Mapping[str, Sequence[float]] | None = None,
    may_be_solid: bool = False,
) -> Specimen:
    """Read an image, part bone from marrow, crop, resample, and keep the largest component.

    An image whose header says that axes are swapped or run backwards is turned first, so that z is that
    of the world; oblique directions are not used, as the report says. Beyond the faces lies the mirror
    image.

    Parameters
    ----------
    path
        NRRD, MHA, MHD, NIfTI, TIFF (pages or a folder of slices), AIM, ISQ, NPY or NPZ.
    voxel
        Edge of the cubic voxels wanted (um); None keeps the image's.
    spacing
        Edge or edges (z, y, x) of the image's voxels (um), as it lies once it is turned; overrides the
        header.
    threshold
        Lowest grey value of bone, or ``"otsu"``.
    labels
        Values that are bone, as they are stored: AIM and ISQ are not turned into densities then.
    crop
        ``origin`` and ``size`` (um), each z, y, x, from the image's first corner.
    may_be_solid
        Whether an image may be bone all through: for what measures it, not for a bone that is to live.

    Raises
    ------
    SpecimenError
        If the file, its header or a choice is wrong, if no bone is left, or if the voxels wanted are
        more than this machine has memory for.
    """
    file = Path(path)
    image = load_image(file, is_native=labels is not None)
    edges = _choose_spacing(file, image, spacing)
    report = [image.note, *filter(None, [image.direction])]
    if spacing is not None:
        report.append(f"voxel size {_list(edges)} um as given")
    mask, note = segment(file, image.values, threshold, labels, may_be_solid)
    report.append(note)
    if crop is not None:
        mask = _crop(file, mask, edges, crop, report)
    target = _choose_voxel(file, edges, voxel)
    _insist_on_memory(file, mask.shape, edges, target)
    if max(abs(edge / target - 1) for edge in edges) > SAME:
        _check_length(file, mask.shape, edges, target)
        fraction = _resample(mask, edges, target, report)
    else:
        fraction = mask.astype(np.float32)
    fraction = keep_largest(file, fraction, Sides.MIRRORED, report)
    return Specimen(fraction, target, Sides.MIRRORED, report, file.name)


def _choose_spacing(path: Path, image: Image, spacing: float | Sequence[float] | None) -> Spacing:
    """Edges of the image's voxels (um), from the argument or the header."""
    if spacing is None and image.spacing is None:
        raise make_error(
            path,
            "voxel size",
            image.missing,
            "the edge of the image's voxels, or one per axis (z, y, x)",
            "state the voxel size of the image: --spacing SIZE of import and measure",
        )
    stated = image.spacing if spacing is None else spacing
    edges = np.atleast_1d(np.asarray(stated, dtype=float))
    if edges.size not in (1, 3) or not (np.isfinite(edges).all() and (edges > 0).all()):
        allowed = "one or three positive lengths (um)"
        raise make_error(path, "voxel size", str(stated), allowed, "state the voxel size")
    z, y, x = np.broadcast_to(edges, (3,)).tolist()
    low, high = VOXELS
    if not low <= min(z, y, x) <= max(z, y, x) <= high:
        allowed = f"{low:g} .. {high:g} um"
        hint = "numbers without a unit are um, headers of images mm: is the unit right?"
        if spacing is None:
            hint += " --spacing '24 um' of import and measure says what the header should have"
        raise make_error(path, "voxel size", f"{_list((z, y, x))} um", allowed, hint)
    return z, y, x


def _choose_voxel(path: Path, edges: Spacing, voxel: float | None) -> float:
    target = float(np.prod(edges) ** (1 / 3)) if voxel is None else float(voxel)
    if not (np.isfinite(target) and target > 0):
        raise make_error(path, "voxel", f"{target:g} um", "a positive length", "say 20 um")
    return target


def _check_length(path: Path, shape: tuple[int, ...], edges: Spacing, target: float) -> None:
    lengths = [count * edge for count, edge in zip(shape, edges, strict=True)]
    if min(lengths) < 2 * target:
        allowed = f"at most {min(lengths) / 2:g} um, half the shortest edge"
        raise make_error(path, "voxel", f"{target:g} um", allowed, "choose smaller voxels")


def _insist_on_memory(path: Path, shape: tuple[int, ...], edges: Spacing, target: float) -> None:
    """Refuse voxels that this machine cannot measure, before they are made."""
    wanted = [count * edge / target for count, edge in zip(shape, edges, strict=True)]
    needed = BASE_MEMORY + math.prod(wanted) * SCRATCH_BYTES
    there = find_memory()
    if needed > there:
        numbers = " x ".join(f"{edge:.0f}" for edge in wanted)
        found = f"{numbers} voxels of {target:g} um, which need {needed / 1e9:.0f} GB of memory"
        allowed = f"what this machine has, {there / 1e9:.0f} GB"
        raise make_error(path, "voxel", found, allowed, "choose larger voxels or a smaller box")


def _crop(
    path: Path,
    mask: Array,
    edges: Spacing,
    crop: Mapping[str, Sequence[float]],
    report: list[str],
) -> Array:
    """Cut out the box of `crop` (um), rounded to whole voxels of the image."""
    whole = [count * edge for count, edge in zip(mask.shape, edges, strict=True)]
    origin = [float(v) for v in crop.get("origin", (0.0, 0.0, 0.0))]
    size = [float(v) for v in crop.get("size", whole)]
    fits = len(origin) == 3 and len(size) == 3
    fits = fits and all(
        o >= 0 and s > 0 and o + s <= w * (1 + 1e-6)
        for o, s, w in zip(origin, size, whole, strict=True)
    )
    unknown = sorted(set(crop) - {"origin", "size"})
    if unknown or not fits:
        found = f"unknown key {unknown[0]}" if unknown else f"origin {origin}, size {size} um"
        allowed = f"origin and size (z, y, x) inside {_list(whole)} um"
        raise make_error(path, "crop", found, allowed, "move or shrink the box")
    first = [round(o / e) for o, e in zip(origin, edges, strict=True)]
    count = [max(1, round(s / e)) for s, e in zip(size, edges, strict=True)]
    last = [min(f + c, n) for f, c, n in zip(first, count, mask.shape, strict=True)]
    cut = mask[tuple(slice(f, e) for f, e in zip(first, last, strict=True))]
    before, after = float(mask.mean()), float(cut.mean()) if cut.size else 0.0
    report.append(
        f"cropped {mask.shape} to {cut.shape} voxels from voxel {tuple(first)}: "
        f"BV/TV {before:.5f} -> {after:.5f}"
    )
    if after == 0:
        raise make_error(path, "crop", "a box without bone", "a box with bone", "move the box")
    return cut


def _resample(mask: Array, edges: Spacing, target: float, report: list[str]) -> Array:
    fraction = resample(mask, edges, target)
    before, after = float(mask.mean()), float(fraction.mean(dtype=float))
    report.append(
        f"resampled {_list(edges)} um to {target:g} um: {mask.shape} -> {fraction.shape} voxels, "
        f"BV/TV {before:.5f} -> {after:.5f} ({100 * (after / before - 1):+.2f} %)"
    )
    return fraction


def keep_largest(path: Path, fraction: Array, sides: Sides, report: list[str]) -> Array:
    """Drop bone outside the largest component and the partial voxels around it; `report` says so.

    Parameters
    ----------
    fraction
        Bone volume fraction, shape (z, y, x), 1.

    Returns
    -------
    numpy.ndarray
        The same with what was dropped at 0, shape (z, y, x), 1.

    Raises
    ------
    SpecimenError
        If no voxel is half bone.
    """
    periodic = sides == Sides.PERIODIC
    mask = fraction >= 0.5
    if not mask.any():
        hint = "choose smaller voxels, another threshold or another box"
        raise make_error(path, "specimen", "no voxel that is half bone", "at least one", hint)
    from scipy.ndimage import maximum_filter

    largest = keep_largest_component(mask, periodic)
    near = maximum_filter(largest, size=3, mode="wrap" if periodic else "nearest")
    kept = np.where(largest | (near & ~mask), fraction, 0).astype(np.float32)
    before, after = float(fraction.mean(dtype=float)), float(kept.mean(dtype=float))
    report.append(
        f"kept the largest component: {np.count_nonzero(mask) - np.count_nonzero(largest)} voxels "
        f"dropped, {100 * (1 - after / before):.3f} % of bone, BV/TV {before:.5f} -> {after:.5f}"
    )
    return kept


def _list(values: Sequence[float]) -> str:
    return " x ".join(f"{value:.6g}" for value in values)
