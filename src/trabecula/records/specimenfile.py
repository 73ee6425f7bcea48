"""Specimens as files: bone fraction per voxel with its size, its sides and its history."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trabecula.base.codes import Sides
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.records.atomic import open_kind, write_whole
from trabecula.records.codec import compute_digest, write_array
from trabecula.records.reader import find_kind

KIND = "trabecula specimen"
FORMAT_VERSION = 1


class SpecimenFile(NamedTuple):
    """What a specimen file holds.

    Parameters
    ----------
    fraction
        Bone fraction per voxel, shape (z, y, x), float32, 0..1.
    voxel
        Edge of a voxel (um).
    sides
        What lies beyond the faces.
    report
        Every change made between image or generator and these numbers.
    origin
        Where the specimen comes from.
    morphometry
        Measured metrics by key.
    """

    fraction: Array
    voxel: float
    sides: Sides
    report: tuple[str, ...]
    origin: str
    morphometry: Mapping[str, float]


def write_specimen(path: Path, specimen: SpecimenFile) -> None:
    """Write a specimen in one atomic step.

    Raises
    ------
    ResultsError
        If the file cannot be written or does not read back.
    """
    with write_whole(path, read_specimen) as file:
        file.attrs["kind"] = KIND
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["voxel"] = float(specimen.voxel)
        file.attrs["sides"] = specimen.sides.name.lower()
        file.attrs["origin"] = specimen.origin
        file.attrs["report"] = "\n".join(specimen.report)
        fraction = np.ascontiguousarray(specimen.fraction, dtype=np.float32)
        write_array(file, "fraction", fraction, "1", "bone volume per voxel volume")
        group = file.create_group("morphometry")
        for key, value in specimen.morphometry.items():
            group.attrs[key] = float(value)
        file.attrs["digest"] = compute_digest(file)


def read_specimen(path: Path) -> SpecimenFile:
    """Read a specimen.

    Raises
    ------
    ResultsError
        If the file is missing, damaged, of another kind or of another format version.
    """
    with open_kind(path, KIND, FORMAT_VERSION) as file:
        if compute_digest(file) != file.attrs["digest"]:
            msg = f"{path}: damaged: its content no longer matches its digest; import it again"
            raise ResultsError(msg)
        fraction = file["fraction"][()]
        _insist_on_fractions(path, fraction)
        attrs: dict[str, Any] = dict(file.attrs)
        report = attrs["report"]
        return SpecimenFile(
            fraction=fraction,
            voxel=float(attrs["voxel"]),
            sides=Sides[attrs["sides"].upper()],
            report=tuple(report.split("\n")) if report else (),
            origin=attrs["origin"],
            morphometry={k: float(v) for k, v in file["morphometry"].attrs.items()},
        )


def _insist_on_fractions(path: Path, fraction: Array) -> None:
    """Refuse what no lattice can be made of, though its digest is right."""
    low, high = (fraction.min(), fraction.max()) if fraction.size else (np.nan, np.nan)
    if fraction.ndim != 3 or not (low >= 0 and high <= 1):
        msg = (
            f"{path}: found bone fractions of shape {fraction.shape}, {low:g} to {high:g}; "
            "three dimensions of 0 to 1 are needed; import it again"
        )
        raise ResultsError(msg)


def is_specimen(path: Path) -> bool:
    """Whether `path` is a specimen file and not an image.

    Raises
    ------
    ResultsError
        If it is an HDF5 file that cannot be opened.
    """
    return find_kind(path) == KIND
