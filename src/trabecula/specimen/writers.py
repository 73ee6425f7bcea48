"""Writing of one value per voxel as an image file."""

from pathlib import Path

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.files import discard, name_temporary
from trabecula.specimen.headers import MILLIMETRE
from trabecula.specimen.readers import ITK_SUFFIXES, make_error

SUFFIXES = tuple(suffix for suffix in ITK_SUFFIXES if suffix not in {".nhdr", ".mhd"})
"""Endings of images that are one file."""

MARK, WRITTEN = "ITK_FileNotes", "written by Trabecula"
"""A key that all of these formats keep (NIfTI keeps no other), and what is said there."""


def check_image_path(path: Path, key: str) -> None:
    """Refuse a path that is no image of one file, or whose folder is missing.

    Parameters
    ----------
    key
        The option that named it.

    Raises
    ------
    SpecimenError
        If nothing could be written there.
    """
    if not path.name.endswith(SUFFIXES):
        allowed = f"a file ending in {', '.join(SUFFIXES)}"
        raise make_error("command line", key, path.name, allowed, "such as sed.mha")
    if not path.parent.is_dir():
        allowed = "a file in a folder that exists"
        raise make_error("command line", key, f"no folder {path.parent}", allowed, "make it first")


def write_image(path: Path, values: Array, voxel: float, centre: float = 0.0) -> None:
    """Write `values` (z, y, x) with the edge `voxel` (um) of a voxel; whole, or not at all.

    Parameters
    ----------
    centre
        World coordinate of the middle of the first voxel along x, y and z (um).

    Raises
    ------
    SpecimenError
        If the image cannot be written.
    """
    import SimpleITK

    check_image_path(path, "image")
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values))
    image.SetSpacing([voxel / MILLIMETRE] * 3)
    image.SetOrigin([centre / MILLIMETRE] * 3)
    image.SetMetaData(MARK, WRITTEN)
    temporary = name_temporary(path)
    try:
        SimpleITK.WriteImage(image, str(temporary), True)
        temporary.replace(path)
    except (RuntimeError, OSError) as error:
        discard(temporary)
        words = str(error).strip().splitlines()[-1]
        hint = "check space and permissions"
        raise make_error(path, "image", words, "a place that can be written", hint) from error


def is_written_here(path: Path) -> bool:
    """Whether an image is one that this program wrote, which it may replace."""
    import SimpleITK

    header = SimpleITK.ImageFileReader()
    header.SetFileName(str(path))
    try:
        header.ReadImageInformation()
    except RuntimeError:
        return False
    return bool(header.HasMetaDataKey(MARK) and header.GetMetaData(MARK) == WRITTEN)
