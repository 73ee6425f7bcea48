"""All structural metrics of one lattice."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.euler import compute_euler_number
from trabecula.kernels.surface import compute_surface_weights
from trabecula.morphometry.anisotropy import measure_anisotropy
from trabecula.morphometry.components import purify
from trabecula.morphometry.imaging import make_image
from trabecula.morphometry.thickness import measure_number, measure_thickness

PER_MM = 1000.0


def measure_structure(
    mask_or_fraction: Array, voxel_um: float, periodic: bool, costly: bool
) -> dict[str, float]:
    """Measure a lattice by the keys of :data:`trabecula.morphometry.METRICS`.

    Parameters
    ----------
    mask_or_fraction
        Shape (z, y, x); bool, or bone fraction 0..1 whose mean is BV/TV and which is bone from
        0.5 on.
    voxel_um
        Edge of a voxel (um).
    periodic
        Whether the lattice repeats itself; otherwise it is mirrored (surface, connectivity) or
        closed (spheres).
    costly
        Whether to measure the others too.

    Returns
    -------
    dict
        bv_tv (1), bs_tv and bs_bv (1/mm); if `costly` tb_th and tb_sp (um), tb_n (1/mm),
        conn_d (1/mm^3), da (1), and tb_th, tb_sp, tb_n, conn_d once more as a scan would show them
        (:mod:`trabecula.morphometry.imaging`). NaN where a metric has no meaning, as spheres, number
        and connectivity of what is bone all through.

    Raises
    ------
    ValueError
        If the array is not three-dimensional or the voxel size is not positive.
    """
    if mask_or_fraction.ndim != 3 or not voxel_um > 0:
        msg = (
            f"expected a 3-D array and a positive voxel, got {mask_or_fraction.ndim}-D, {voxel_um}"
        )
        raise ValueError(msg)
    is_mask = mask_or_fraction.dtype == bool
    mask = mask_or_fraction if is_mask else mask_or_fraction >= 0.5
    bone = float(mask_or_fraction.sum(dtype=np.float64))
    voxels = int(np.count_nonzero(mask))
    _, faces = compute_surface_weights(mask, periodic)
    per_mm = PER_MM / voxel_um
    found = {
        "bv_tv": bone / mask.size,
        "bs_tv": faces / mask.size * per_mm,
        "bs_bv": faces / voxels * per_mm if voxels else float("nan"),
    }
    if costly:
        found |= _measure_costly(mask_or_fraction, mask, voxel_um, periodic)
    return found


def _measure_costly(
    fraction: Array, mask: Array, voxel_um: float, periodic: bool
) -> dict[str, float]:
    image = _measure_mask(make_image(fraction, voxel_um, periodic), voxel_um, periodic)
    return {
        **_measure_mask(mask, voxel_um, periodic),
        "da": measure_anisotropy(fraction, periodic),
        **{f"{key}_imaged": value for key, value in image.items()},
    }


def _measure_mask(mask: Array, voxel_um: float, periodic: bool) -> dict[str, float]:
    if mask.all():  # nothing but the box would bound it
        return dict.fromkeys(("tb_th", "tb_sp", "tb_n", "conn_d"), float("nan"))
    per_mm = PER_MM / voxel_um
    return {
        "tb_th": measure_thickness(mask, periodic) * voxel_um,
        "tb_sp": measure_thickness(~mask, periodic) * voxel_um,
        "tb_n": measure_number(mask, periodic) * per_mm,
        "conn_d": measure_connectivity(mask, periodic) * per_mm**3,
    }


def measure_connectivity(mask: Array, periodic: bool) -> float:
    """Return Conn.D (1/voxel^3): (1 - Euler number) of the purified bone over the volume.

    Purified: enclosed marrow filled, largest component kept (Odgaard & Gundersen 1993,
    doi:10.1016/8756-3282(93)90245-6); edges as in
    :func:`trabecula.kernels.euler.compute_euler_number`.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool: bone.
    """
    if not mask.any():
        return float("nan")
    return (1.0 - compute_euler_number(purify(mask, periodic), periodic)) / mask.size
