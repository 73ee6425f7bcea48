"""Voxel sizes as headers of NRRD, MetaImage and NIfTI state them: ITK takes every number for mm."""

import math
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

MILLIMETRE = 1000.0
UNITS = {"m": 1e6, "cm": 1e4, "mm": MILLIMETRE, "um": 1.0, "nm": 1e-3}
"""Lengths (um) of the units that a header may state."""

SPELLINGS = {"": "mm", "?": "mm", "none": "mm", "μm": "um", "micron": "um", "microns": "um"}
"""Other words for them, in folded case; without a unit a length is in mm."""

PREFIXES = {"": "m", "centi": "cm", "milli": "mm", "micro": "um", "nano": "nm"}
LONGEST = 1 << 20
"""Bytes of a header that are looked at."""

NIFTI = {348: (80, "3f"), 540: (112, "3d")}
"""By the length of a NIfTI header: where its three edges stand, and as what."""


@dataclass(frozen=True)
class Lengths:
    """What a header says of the size of a voxel.

    Parameters
    ----------
    edges
        Edges of a voxel in the order of the file, in its unit; NaN where it gives none.
    units
        Words for the unit, one or more; empty if there are none.
    """

    edges: tuple[float, ...] = ()
    units: tuple[str, ...] = ()

    @property
    def is_stated(self) -> bool:
        """Whether every edge is a finite length."""
        return bool(self.edges) and all(math.isfinite(edge) and edge for edge in self.edges)

    @property
    def unit(self) -> str | None:
        """The unit of all edges, one of :data:`UNITS`; None if it is another one, or they differ."""
        found = {_to_unit(word) for word in self.units} or {"mm"}
        return found.pop() if len(found) == 1 else None


def _to_unit(word: str) -> str | None:
    folded = word.strip().casefold()
    long = re.fullmatch(r"(centi|milli|micro|nano|)met(?:er|re)s?", folded)
    short = PREFIXES[long[1]] if long else SPELLINGS.get(folded, folded)
    return short if short in UNITS else None


def read_lengths(path: Path) -> Lengths:
    """Read what the header of an image says of the size of its voxels.

    Parameters
    ----------
    path
        NRRD, NHDR, MHA, MHD or NIfTI.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If its header cannot be understood.
    """
    suffix = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    with path.open("rb") as file:
        head = file.read(LONGEST)
    readers = {"nii": _read_nifti, "mha": _read_meta, "mhd": _read_meta}
    return readers.get(suffix, _read_nrrd)(head)


def _read_nrrd(head: bytes) -> Lengths:
    """Read fields up to the first empty line; an axis that is no length of space comes first."""
    fields: dict[str, str] = {}
    for line in _to_text(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]).splitlines():
        name, _, value = line.partition(": ")
        fields["".join(name.split()).casefold()] = value
    units = re.findall(r'"([^"]*)"', fields.get("spaceunits", fields.get("units", "")))
    if "spacedirections" in fields:
        vectors = re.findall(r"none|\([^)]*\)", fields["spacedirections"])
        edges = [math.hypot(*_to_numbers(vector.strip("()"))) for vector in vectors]
    else:
        edges = _to_numbers(fields.get("spacings", ""))
    return Lengths(tuple(edges[-3:]), tuple(units[-3:]))


def _read_meta(head: bytes) -> Lengths:
    """Read keys up to the one that names the voxels; the last of a name counts."""
    text = _to_text(re.split(rb"ElementDataFile", head, maxsplit=1)[0])
    pairs = re.findall(r"^[ \t]*(\w+)[ \t]*[=:][ \t]*([^\r\n]*)", text, re.MULTILINE)
    fields: dict[str, str] = dict(pairs)
    edges = _to_numbers(fields.get("ElementSpacing", fields.get("ElementSize", "")))
    units = (fields["DistanceUnits"],) if "DistanceUnits" in fields else ()
    return Lengths(tuple(edges), units)


def _read_nifti(head: bytes) -> Lengths:
    """Read the edges alone: ITK knows the units of NIfTI and turns them into mm."""
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, max(NIFTI))
        except zlib.error as error:
            raise ValueError(str(error)) from error
    for order in "<>":
        (length,) = struct.unpack_from(f"{order}i", head.ljust(4))
        start, kind = NIFTI.get(length, (0, ""))
        if kind and len(head) >= length:
            return Lengths(struct.unpack_from(order + kind, head, start))
    msg = "a header that is none of NIfTI"
    raise ValueError(msg)


def _to_numbers(text: str) -> list[float]:
    """Return numbers; what is none, such as the word none, is NaN."""
    found = []
    for word in re.split(r"[\s,]+", text.strip()) if text.strip() else []:
        try:
            found.append(float(word))
        except ValueError:
            found.append(math.nan)
    return found


def _to_text(head: bytes) -> str:
    """Return text: µ is one byte for some programs, and two for others."""
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError:
        return head.decode("latin-1")
