"""Human-like trabecular structures asked for by number."""

import math

from trabecula.base.codes import Sides
from trabecula.base.errors import SpecimenError
from trabecula.morphometry import count_networks, measure_axial_ratio, measure_thickness
from trabecula.specimen.adaptation import LoadSignal, adapt
from trabecula.specimen.cut import cut_connected
from trabecula.specimen.noise import FieldShape, make_bone_field
from trabecula.specimen.request import Request, check_request
from trabecula.specimen.search import (
    DRAWS,
    LOOSE_TOLERANCE,
    RATIO_TOLERANCE,
    THICKNESS_TOLERANCE,
    TRIALS,
    Trial,
    search,
)
from trabecula.specimen.specimen import Specimen
from trabecula.specimen.strain import StrainSignal

ITERATIONS = 12
"""Moves of the surface by the load signal: strain then spreads from half to 1.7 times its median,
with 6 of them up to twice; more of them change little."""

SMOOTHING = 0.10
"""Smoothing of each move relative to the thickness asked for."""


def make_specimen(
    shape: tuple[int, int, int],
    voxel: float,
    bv_tv: float,
    tb_th: float,
    anisotropy: float,
    seed: int,
    load_signal: LoadSignal | None = None,
) -> Specimen:
    """Generate a periodic structure: one connected component, no enclosed marrow.

    One component also in the endless lattice, unless the report counts more interwoven networks.

    A level cut of plates and rods made of two Gaussian random fields, moved by its own load signal
    at constant bone volume. The share of plates is chosen so that Tb.N is human; it, wavelength and
    stretch are corrected until thickness and anisotropy are met.

    BV/TV and Tb.Th leave little choice of the rest: plates of thickness t number about BV/TV / t per
    length, rods more. Ranges over seeds, 20 um voxels, anisotropy 1.3 (human, over sites:
    Tb.N 1.0-1.9, Tb.Sp 550-950 um, Conn.D 2-8, BS/BV 13-24):

    ===== ====== ==== ========= ============ ======== =========
    BV/TV Tb.Th  edge Tb.N /mm  Conn.D /mm^3 Tb.Sp um BS/BV /mm
    ===== ====== ==== ========= ============ ======== =========
    0.18  150 um 64   1.37-1.58 3.3-5.2      576-634  16.9-18.3
    0.18  150 um 96   1.39-1.55 4.0-4.4      627-682  17.5-18.7
    0.20  150 um 64   1.45-1.67 4.8-6.2      566-600  16.7-17.8
    0.20  150 um 96   1.40-1.51 3.5-3.7      649-683  17.3-18.7
    0.18  200 um 64   1.45-1.60 4.3-5.7      471-520  15.8-16.5
    0.18  200 um 96   1.24-1.36 3.5-4.0      565-609  14.8-15.0
    0.20  200 um 64   1.18-1.34 3.8-6.2      624-672  13.7-15.1
    0.20  200 um 96   1.24-1.33 3.8-4.2      635-677  14.0-14.4
    0.12  150 um 64   1.06-1.16 2.4-4.8      777-895  17.5-18.6
    0.25  150 um 64   1.78-2.01 6.7-9.1      447-517  17.1-18.4
    0.18  150 um 48   1.50-1.80 6.8-9.0      509-580  18.1-19.3
    ===== ====== ==== ========= ============ ======== =========

    Much bone of thin trabeculae (BV/TV 0.25 at 150 um) has more of them than human bone, and so has a
    lattice less than eight thicknesses wide, in which there is no room for plates.

    Parameters
    ----------
    shape
        Voxels along z, y, x.
    voxel
        Edge of a voxel (um).
    bv_tv
        Bone volume fraction (1), met within 0.001.
    tb_th
        Sphere-fitted mean thickness (um), met within 5 %.
    anisotropy
        Mean intercept length along z over the geometric mean of those along y and x (1), met
        within 10 %.
    seed
        Key of the structure.
    load_signal
        ``fraction -> signal`` of shape (z, y, x); default :class:`StrainSignal`.

    Raises
    ------
    SpecimenError
        If the request contradicts itself or is out of reach. In lattices less than eight thicknesses
        wide, a miss is a line of the report instead.
    """
    request = Request(shape, voxel, bv_tv, tb_th, anisotropy, seed)
    check_request(request)
    best = search(request, lambda field: _try(request, field, load_signal or StrainSignal()))
    report = _describe(best)
    if best.error > 1:
        note = _describe_miss(best)
        if not request.is_tiny:
            raise SpecimenError(note)
        report.append(f"note: {note}; accepted because the lattice is so small")
    return Specimen(best.fraction, voxel, Sides.PERIODIC, report, f"generator, seed {seed}")


def _try(request: Request, shape: FieldShape, load_signal: LoadSignal) -> Trial:
    """Make the structure of one field and measure it."""
    field = make_bone_field(request.shape, shape, request.seed)
    field = adapt(
        field, request.bv_tv, SMOOTHING * request.tb_th / request.voxel, load_signal, ITERATIONS
    )
    fraction, dropped = cut_connected(field, request.bv_tv)
    mask = fraction >= 0.5
    thickness = measure_thickness(mask, periodic=True) * request.voxel
    ratio = measure_axial_ratio(fraction, True)
    networks = count_networks(mask, corners=True)
    return Trial(fraction, shape, thickness, ratio, dropped, networks, request)


def _describe(trial: Trial) -> list[str]:
    mean = float(trial.fraction.mean(dtype=float))
    return [
        f"BV/TV {mean:.4f} (meant {trial.request.bv_tv:.4g})",
        f"Tb.Th {trial.thickness:.1f} um (meant {trial.request.tb_th:g})",
        f"mean intercept length z / yx {trial.ratio:.2f} (meant {trial.request.anisotropy:g})",
        f"loose parts dropped before the last cut: {100 * trial.dropped:.1f} % of bone",
        f"interwoven networks in the endless lattice: {trial.networks}",
    ]


def _describe_miss(trial: Trial) -> str:
    request = trial.request
    size = math.prod(request.shape) * request.voxel**3 * 1e-9
    return (
        f"lattice: found Tb.Th {trial.thickness:.1f} um, anisotropy {trial.ratio:.2f} and "
        f"{100 * trial.dropped:.0f} % loose bone after {DRAWS * TRIALS} trials in {size:.2g} mm^3, "
        f"asked {request.tb_th:g} um and {request.anisotropy:g}; allowed: "
        f"{100 * THICKNESS_TOLERANCE:g} % and {100 * RATIO_TOLERANCE:g} % off, "
        f"{100 * LOOSE_TOLERANCE:g} % loose; try a larger lattice.shape or another lattice.seed"
    )
