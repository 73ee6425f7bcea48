"""Images of Scanco scanners, AIM and ISQ, through the library AimIO (extra ``scanco``)."""

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.base.columns import Array

SUFFIXES = (".aim", ".isq")
MILLIMETRE = 1000.0
MOST_DENSE = 1100
"""Voxels of a compressed AIM that a byte can hold."""

DENSITY, PLAIN, NATIVE = "mg HA/cm^3", "not calibrated", "as stored"
type Edges = tuple[float, float, float]


def get_suffix(path: Path) -> str:
    """Return the suffix in lower case without a version, as in ``C0001.ISQ;1``."""
    return Path(path.name.lower().partition(";")[0]).suffix


def read_scanco(path: Path, is_native: bool = False) -> tuple[Array, Edges, str]:
    """Read an AIM or ISQ file; in mg HA/cm^3 where its header holds the calibration.

    Parameters
    ----------
    is_native
        Whether values are left as they are stored: the log of a segmented AIM still holds the
        calibration of the scan, and labels are no densities.

    Returns
    -------
    tuple
        Values of shape (z, y, x), edges of a voxel along z, y, x (um), and what was read in words.

    Raises
    ------
    ModuleNotFoundError
        If the library is not installed.
    ValueError
        If the header asks for more voxels than the file can hold.
    """
    aimio: Any = importlib.import_module("py_aimio")
    read = _read_aim if get_suffix(path) == ".aim" else _read_isq
    values, edges, unit = read(aimio, path, is_native)
    words = " x ".join(f"{edge:.6g}" for edge in edges)
    return values, edges, f"read {path.name}: {values.shape} voxels (z, y, x) of {words} um, {unit}"


def _read_aim(aimio: Any, path: Path, is_native: bool) -> tuple[Array, Edges, str]:
    about = aimio.aim_info(str(path))
    _check_size(path, math.prod(about["dimensions"]), 1 / MOST_DENSE)
    try:
        values = aimio.read_aim(str(path), density=not is_native)[0]
        unit = NATIVE if is_native else DENSITY
    except ValueError:  # the log of what was done to the image does not hold it
        values, unit = aimio.read_aim(str(path))[0], PLAIN
    x, y, z = (MILLIMETRE * float(edge) for edge in about["element_size"])
    return values, (z, y, x), unit


def _read_isq(aimio: Any, path: Path, is_native: bool) -> tuple[Array, Edges, str]:
    """Read the voxels as they lie: the library trusts a count of bytes that large files overflow."""
    about = aimio.isq_info(str(path))
    shape = tuple(int(n) for n in reversed(about["dimensions"]))
    start, count = int(about["data_offset"]), math.prod(shape)
    _check_size(path, count, 2.0, start)
    values: Array = np.fromfile(path, "<i2", count, offset=start).reshape(shape)
    unit = NATIVE if is_native else PLAIN
    try:
        if not is_native:
            slope, intercept = aimio.get_isq_density_equation(about)
            values, unit = values * np.float32(slope) + np.float32(intercept), DENSITY
    except ValueError:  # none in the header
        pass
    x, y, z = (um / n for um, n in zip(about["dimensions_um"], about["dimensions"], strict=True))
    return values, (z, y, x), unit


def _check_size(path: Path, wanted: int, each: float, start: int = 0) -> None:
    """Insist on `each` bytes for all `wanted` voxels after byte `start`."""
    held = path.stat().st_size - start
    if wanted <= 0 or held < each * wanted:
        msg = f"{held} bytes where the header asks for {wanted} voxels"
        raise ValueError(msg)
