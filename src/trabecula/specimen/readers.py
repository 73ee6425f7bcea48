"""Reading of image files into an array and the voxel size that the header states."""

import logging
import math
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.errors import Problem, SpecimenError
from trabecula.base.files import to_order
from trabecula.specimen.headers import UNITS, Lengths, read_lengths
from trabecula.specimen.scanco import SUFFIXES, get_suffix, read_scanco

ITK_SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd", ".nii", ".nii.gz")
TIFF_SUFFIXES = (".tif", ".tiff")
NUMPY_SUFFIXES = (".npy", ".npz")
MOST_DENSE = 1100
"""Bytes of voxels that a byte of a file can hold: deflate makes a run of zeros 1,030 times smaller."""

LEAST_PAGE = 100
"""Bytes that the directory of a TIFF page takes at least: eight tags of twelve bytes."""

ROUNDING = 1e-3
"""Difference of a direction from an axis that is rounding: one voxel in a thousand."""

OBLIQUE = "directions in the header are oblique and not used: z is the slowest axis of the file"

ALLOWED = (
    ", ".join(ITK_SUFFIXES + TIFF_SUFFIXES + SUFFIXES + NUMPY_SUFFIXES)
    + " or a folder of TIFF slices"
)
IN_CONFIG = (
    ", ".join((*ITK_SUFFIXES, *SUFFIXES))
    + " whose header states the voxel size, an .npz that holds it, or a specimen file"
)
"""What a configuration can name: it has no key for the voxel size of an image."""

SETTLED = {
    "threshold": "holds bone and marrow already parted",
    "labels": "holds bone and marrow already parted",
    "spacing": "states the size of its voxels",
    "crop": "is measured whole",
}
"""What is asked of an image alone, and why not of a specimen file."""


@dataclass(frozen=True)
class Image:
    """What a file holds.

    Parameters
    ----------
    values
        Shape (z, y, x), grey values or labels.
    spacing
        Edges of a voxel along z, y, x (um), None if the file does not say.
    note
        What was read, in words.
    direction
        What was done about the directions in the header, in words; empty if nothing.
    missing
        Why there is no spacing, in words.
    """

    values: Array
    spacing: tuple[float, float, float] | None
    note: str
    direction: str = ""
    missing: str = "a format that does not state it"


def make_error(where: Path | str, key: str, found: str, allowed: str, hint: str) -> SpecimenError:
    """Build the error of one mistake."""
    return SpecimenError.of([Problem(str(where), key, found, allowed, hint)])


def refuse_for_specimen(path: Path, given: Mapping[str, tuple[str, object]]) -> None:
    """Refuse what only an image can be asked, beside the specimen file `path`.

    Parameters
    ----------
    given
        Names of :data:`SETTLED`: the key or option that carries each, and its value, None if not given.

    Raises
    ------
    SpecimenError
        If one is given.
    """
    for name, (key, value) in given.items():
        if value is not None:
            found = f"{name}: {value} beside a specimen file"
            allowed = f"beside an image; a specimen file {SETTLED[name]}"
            raise make_error(path, key, found, allowed, f"remove {key.rpartition('.')[2]}")


def has_spacing(path: Path) -> bool:
    """Whether an image states its voxel size; an NPZ may, by ``voxel`` or ``spacing``."""
    name = path.name.lower()
    if path.is_dir() or name.endswith((*TIFF_SUFFIXES, ".npy")):
        return False
    try:
        if name.endswith(ITK_SUFFIXES):
            return read_lengths(path).is_stated
        if not name.endswith(".npz"):
            return True
        with np.load(path, allow_pickle=False) as loaded:
            return bool({"voxel", "spacing"} & set(loaded.files))
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError):
        return True  # whoever reads it says what is wrong


def load_image(path: Path, is_native: bool = False) -> Image:
    """Read a three-dimensional image.

    Parameters
    ----------
    is_native
        Whether values of AIM and ISQ are left as they are stored, as labels have to be.

    Raises
    ------
    SpecimenError
        If the file is missing, of an unknown format, damaged, or not three-dimensional.
    """
    if not path.exists():
        raise make_error(path, "specimen", "no such file", "an existing image", "check the path")
    reader = _choose_reader(path, is_native)
    try:
        image = reader(path)
    except SpecimenError:
        raise
    except (
        Exception
    ) as error:  # what a foreign reader raises over a damaged file is anybody's guess
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise make_error(
            path,
            "specimen",
            f"a file that cannot be read ({reason[-1][:200]})",
            "a complete image whose header tells the truth",
            "copy or export it again",
        ) from error
    _check_values(path, image.values)
    return image


def _choose_reader(path: Path, is_native: bool) -> Callable[[Path], Image]:
    name = path.name.lower()
    if path.is_dir():
        return _load_tiff_folder
    if name.endswith(ITK_SUFFIXES):
        return _load_itk
    if name.endswith(TIFF_SUFFIXES):
        return _load_tiff
    if name.endswith(NUMPY_SUFFIXES):
        return _load_numpy
    if get_suffix(path) in SUFFIXES:
        return partial(_load_scanco, is_native=is_native)
    raise make_error(
        path, "specimen", f"format '{path.suffix or path.name}'", ALLOWED, "convert the image"
    )


def _check_values(path: Path, values: Array) -> None:
    if values.ndim != 3 or min(values.shape) < 2:
        raise make_error(
            path,
            "specimen",
            f"an array of shape {values.shape}",
            "three dimensions of two voxels at least",
            "export a volume, one channel",
        )
    if values.dtype.kind not in "buif":
        kind = f"values of type {values.dtype}"
        raise make_error(path, "specimen", kind, "whole or real numbers", "export grey values")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        share = 1 - np.isfinite(values).mean()
        found = f"{100 * share:.3g} % of voxels not finite"
        raise make_error(path, "specimen", found, "finite grey values", "mask or crop them first")


def _load_itk(path: Path) -> Image:
    """NRRD, MHA, MHD and NIfTI: lengths are in mm, unless the header states another unit."""
    import SimpleITK

    lengths = read_lengths(path)
    if path.suffix.lower() in (".mha", ".mhd"):
        _check_meta_header(path, lengths)
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    wanted = _count_raw_bytes(reader)
    if not _is_compressed(path) and path.suffix.lower() in (".mha", ".nii"):
        held = path.stat().st_size
        if held < wanted:
            msg = f"{held} bytes where the header asks for {wanted} of voxels"
            raise ValueError(msg)
    image, direction = _turn(reader.Execute())
    values = SimpleITK.GetArrayFromImage(image)
    note = f"read {path.name}: {values.shape} voxels (z, y, x)"
    if values.ndim != 3 or image.GetDimension() != 3:
        return Image(values, None, note)
    if not lengths.is_stated:
        return Image(values, None, note, direction, "a header that does not state it")
    if lengths.unit is None:
        words = " and ".join(dict.fromkeys(f"'{unit}'" for unit in lengths.units))
        missing = f"a header in {words}, and not in one of {', '.join(UNITS)}"
        return Image(values, None, note, direction, missing)
    z, y, x = (UNITS[lengths.unit] * float(s) for s in reversed(image.GetSpacing()))
    note += f" of {_format([z, y, x])} um"
    if lengths.unit != "mm":
        note += f" (its header is in {lengths.unit})"
    return Image(values, (z, y, x), note, direction)


def _turn(image: Any) -> tuple[Any, str]:
    """Turn an image whose axes are those of the world, swapped or backwards; say what was done."""
    import SimpleITK

    size = image.GetDimension()
    stated = np.reshape(image.GetDirection(), (size, size))
    if size != 3 or np.allclose(stated, np.eye(3), rtol=0, atol=ROUNDING):
        return image, ""
    axes = np.rint(stated).astype(int)
    is_turned = np.abs(stated - axes).max() <= ROUNDING
    if not (is_turned and np.array_equal(axes @ axes.T, np.eye(3))):
        return image, OBLIQUE
    # a row of the directions says along which axis of the file, and which way, one of the world runs
    along = [int(row @ (1, 2, 3)) for row in axes[::-1]]
    names = [f"{'-' if step < 0 else ''}{'xyz'[abs(step) - 1]}" for step in along]
    words = f"turned as the header says: z, y, x are {', '.join(names)} of the file (x fastest)"
    return SimpleITK.DICOMOrient(image, "LPS"), words


def _check_meta_header(path: Path, lengths: Lengths) -> None:
    """Insist on a number of dimensions that MetaIO has room for; beyond it the process would die.

    A voxel size that is no length is refused here in words: ITK reads no such image.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for stated in re.findall(rb"NDims\s*=\s*([^\r\n]*)", head):
        if stated.strip() not in (b"2", b"3", b"4"):
            msg = f"NDims = {stated[:20].decode(errors='replace')} in the header"
            raise ValueError(msg)
    if lengths.edges and not lengths.is_stated:
        msg = f"a voxel of {_format(list(lengths.edges))} in the header"
        raise ValueError(msg)


def _count_raw_bytes(source: Any) -> int:
    import SimpleITK

    one = SimpleITK.Image([1] * source.GetDimension(), source.GetPixelID())
    count = int(np.prod([int(n) for n in source.GetSize()], dtype=object))
    return count * int(one.GetSizeOfPixelComponent()) * int(source.GetNumberOfComponents())


def _is_compressed(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4096)
    return b"CompressedData = True" in head


def _format(spacing: list[float]) -> str:
    return " x ".join(f"{s:.6g}" for s in spacing)


def _load_scanco(path: Path, is_native: bool) -> Image:
    """AIM and ISQ of Scanco scanners."""
    try:
        return Image(*read_scanco(path, is_native))
    except ModuleNotFoundError as error:
        raise make_error(
            path,
            "specimen",
            "an image of a Scanco scanner, and no library to read it",
            "any of the other formats, or the extra scanco",
            "pip install 'trabecula[scanco]'",
        ) from error


def _load_tiff(path: Path) -> Image:
    """One file of several pages; its z spacing is not to be trusted, so none is taken."""
    values = _read_tiff(path)
    return Image(values, None, f"read {path.name}: {values.shape} voxels (z, y, x)")


@contextmanager
def _be_quiet(name: str) -> Iterator[None]:
    """Keep a library from logging every oddity of a file: what is wrong is raised."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _read_tiff(path: Path) -> Array:
    """Read all pages; a page must have the strips that its size asks for, and they must be able to."""
    import tifffile

    held = path.stat().st_size
    with _be_quiet("tifffile"), tifffile.TiffFile(path) as file:
        for index, page in enumerate(file.pages):
            if index * LEAST_PAGE > held:
                msg = "pages whose chain has no end"
                raise ValueError(msg)
            wanted, there = math.prod(page.chunked), len(page.dataoffsets)
            if there < wanted:
                msg = f"{there} strips where the header asks for {wanted}"
                raise ValueError(msg)
            if page.nbytes > MOST_DENSE * held:
                msg = f"{held} bytes where the header asks for {page.nbytes} of voxels"
                raise ValueError(msg)
        whole = [one for one in file.series if not one.keyframe.is_reduced]
        for one in whole:
            if (colours := int(one.keyframe.samplesperpixel)) > 1:
                msg = f"{colours} values for each voxel, as in colour; one channel is wanted"
                raise ValueError(msg)
        return _join([one.asarray() for one in whole or file.series])


def _join(parts: list[Array]) -> Array:
    """Return the series of a file one on top of the other; what was written in pieces has several."""
    slices = [part if part.ndim > 2 else part[None] for part in parts]
    if len(parts) < 2:
        return parts[0]
    if len({(part.shape[1:], part.dtype) for part in slices}) > 1 or slices[0].ndim != 3:
        told = ", ".join(f"{part.shape} {part.dtype}" for part in parts)
        msg = f"{len(parts)} images of different shapes or kinds in one file, {told}"
        raise ValueError(msg)
    return np.concatenate(slices)


def _load_tiff_folder(path: Path) -> Image:
    """A folder of slices, in the order of their names, in which slice 2 comes before slice 10."""
    found = (f for f in path.iterdir() if f.name.lower().endswith(TIFF_SUFFIXES))
    files = sorted(found, key=to_order)
    if not files:
        msg = "a folder without TIFF files"
        raise ValueError(msg)
    slices = [_read_tiff(file) for file in files]
    shapes = {one.shape for one in slices}
    if len(shapes) > 1:
        msg = f"slices of different shapes: {sorted(shapes)}"
        raise ValueError(msg)
    values = np.stack(slices)
    ends = f"{files[0].name} to {files[-1].name}"
    note = f"read {len(files)} slices of {path.name}, {ends}: {values.shape} voxels (z, y, x)"
    return Image(values, None, note)


def _load_numpy(path: Path) -> Image:
    """NPY, or NPZ with one array; an NPZ may state `voxel` or `spacing` (um)."""
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return Image(loaded, None, f"read {path.name}: {loaded.shape} voxels (z, y, x)")
    with loaded:
        names = [name for name in loaded.files if name not in ("voxel", "spacing")]
        if len(names) != 1:
            msg = f"an archive of {len(names)} arrays ({', '.join(names)}), not of one"
            raise ValueError(msg)
        values = loaded[names[0]]
        stated = next((loaded[key] for key in ("spacing", "voxel") if key in loaded.files), None)
    note = f"read {path.name}: {values.shape} voxels (z, y, x)"
    if stated is None:
        return Image(values, None, note)
    z, y, x = (float(s) for s in np.broadcast_to(stated, (3,)))
    return Image(values, (z, y, x), note)
