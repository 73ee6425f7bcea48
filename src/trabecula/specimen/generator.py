"""Human-like trabecular structures asked for by number."""

import math
from dataclasses import dataclass

from trabecula.base.codes import Sides
from trabecula.base.columns import Array
from trabecula.base.errors import SpecimenError
from trabecula.morphometry import measure_axial_ratio, measure_thickness
from trabecula.specimen.adaptation import LoadSignal, adapt
from trabecula.specimen.cut import cut_connected
from trabecula.specimen.loading import ConductionSignal
from trabecula.specimen.noise import make_band_field
from trabecula.specimen.request import Request, check_request
from trabecula.specimen.specimen import Specimen

ITERATIONS = 16
"""Moves of the surface by the load signal."""

SMOOTHING = 0.10
"""Smoothing of each move relative to the thickness asked for."""

TRIALS = 6
"""Most corrections of wavelength and stretch."""

THICKNESS_TOLERANCE = 0.05
RATIO_TOLERANCE = 0.10

STRETCH_POWER = 1.25
"""Stretch of the field over that of the structure in logarithms: smoothing rounds some off."""

SLOPE = 1.0
"""Power of the wavelength with which thickness grows, before two trials show it."""


@dataclass
class _Trial:
    """One structure and how far it is from what was asked."""

    fraction: Array
    wavelength: float
    thickness: float
    ratio: float
    dropped: float
    request: Request

    @property
    def thickness_error(self) -> float:
        return self.thickness / self.request.tb_th - 1

    @property
    def ratio_error(self) -> float:
        return self.ratio / self.request.anisotropy - 1

    @property
    def error(self) -> float:
        """Largest error relative to its tolerance."""
        return max(
            abs(self.thickness_error) / THICKNESS_TOLERANCE,
            abs(self.ratio_error) / RATIO_TOLERANCE,
        )


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

    A one-sided cut of a band-passed Gaussian random field, moved by its own load signal at constant
    bone volume. Wavelength and stretch are corrected until thickness and anisotropy are met.

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
        ``fraction -> signal`` of shape (z, y, x); default :class:`ConductionSignal`.

    Raises
    ------
    SpecimenError
        If the request contradicts itself or is out of reach. In lattices less than eight thicknesses
        wide, a miss of thickness or anisotropy is a line of the report instead.
    """
    request = Request(shape, voxel, bv_tv, tb_th, anisotropy, seed)
    check_request(request)
    best = _search(request, load_signal)
    report = _describe(best)
    if best.error > 1:
        note = _describe_miss(best)
        if not request.is_tiny:
            raise SpecimenError(note)
        report.append(f"note: {note}; accepted because the lattice is so small")
    return Specimen(best.fraction, voxel, Sides.PERIODIC, report, f"generator, seed {seed}")


def _search(request: Request, load_signal: LoadSignal | None) -> _Trial:
    """Correct wavelength and stretch until the structure fits; return the closest trial."""
    wavelength = request.tb_th / request.voxel / _guess_share(request.bv_tv)
    stretch = request.anisotropy**STRETCH_POWER
    trials: list[_Trial] = []
    for _ in range(TRIALS):
        trials.append(_try(request, wavelength, stretch, load_signal or ConductionSignal()))
        if trials[-1].error <= 1:
            break
        wavelength = _choose_wavelength(trials)
        stretch = min(max(stretch / (1 + trials[-1].ratio_error), 0.4), 4.0)
    return min(trials, key=lambda trial: trial.error)


def _choose_wavelength(trials: list[_Trial]) -> float:
    """Secant on the logarithms of wavelength and thickness over the last two trials."""
    last = trials[-1]
    slope = SLOPE
    if len(trials) > 1:
        step = math.log(last.wavelength / trials[-2].wavelength)
        if abs(step) > 0.01:
            slope = math.log(last.thickness / trials[-2].thickness) / step
    slope = min(max(slope, 0.7 * SLOPE), 2.0 * SLOPE)
    factor = (1 + last.thickness_error) ** (-1 / slope)
    wanted = last.wavelength * min(max(factor, 0.6), 1.6)
    bounded: float = min(max(wanted, 4.0), 0.9 * min(last.request.shape))
    return bounded


def _guess_share(bv_tv: float) -> float:
    """Thickness over wavelength as found on 64^3 voxels of 20 um."""
    share: float = 0.53 * (bv_tv / 0.18) ** 0.4
    return share


def _try(request: Request, wavelength: float, stretch: float, load_signal: LoadSignal) -> _Trial:
    field = make_band_field(request.shape, wavelength, stretch, request.seed)
    field = adapt(
        field, request.bv_tv, SMOOTHING * request.tb_th / request.voxel, load_signal, ITERATIONS
    )
    fraction, dropped = cut_connected(field, request.bv_tv)
    thickness = measure_thickness(fraction >= 0.5, periodic=True) * request.voxel
    ratio = measure_axial_ratio(fraction, True)
    return _Trial(fraction, wavelength, thickness, ratio, dropped, request)


def _describe(trial: _Trial) -> list[str]:
    mean = float(trial.fraction.mean(dtype=float))
    return [
        f"BV/TV {mean:.4f} (asked {trial.request.bv_tv:g})",
        f"Tb.Th {trial.thickness:.1f} um (asked {trial.request.tb_th:g})",
        f"mean intercept length z / yx {trial.ratio:.2f} (asked {trial.request.anisotropy:g})",
        f"loose parts dropped before the last cut: {100 * trial.dropped:.1f} % of bone",
    ]


def _describe_miss(trial: _Trial) -> str:
    size = math.prod(trial.request.shape) * trial.request.voxel**3 * 1e-9
    return (
        f"lattice: found Tb.Th {trial.thickness:.1f} um and anisotropy {trial.ratio:.2f} after "
        f"{TRIALS} trials in {size:.2g} mm^3, asked {trial.request.tb_th:g} um and "
        f"{trial.request.anisotropy:g}; allowed: {100 * THICKNESS_TOLERANCE:g} % and "
        f"{100 * RATIO_TOLERANCE:g} % off; try a larger lattice.shape or another lattice.seed"
    )
