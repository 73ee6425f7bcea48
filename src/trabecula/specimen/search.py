"""The field whose structure meets a request: first guess, trials, corrections."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from trabecula.base.columns import Array
from trabecula.specimen.noise import FieldShape
from trabecula.specimen.request import Request

TRIALS = 4
"""Most corrections of one draw."""

DRAWS = 3
"""Most draws of one seed; the next one is taken when the corrections of one were in vain."""

THICKNESS_TOLERANCE = 0.05
RATIO_TOLERANCE = 0.10

LOOSE_TOLERANCE = 0.10
"""Share of loose bone beyond which what is left is another structure than the one that was cut."""

STRETCH_POWER = 1.25
"""Stretch of the field over that of the structure in logarithms: smoothing rounds some off."""

RATIO_GAIN = 0.7
"""Power of the miss of anisotropy with which the stretch is corrected."""

NUMBER = 1.4e-3
"""Trabeculae per um of human bone (1.0-1.9 per mm over sites): sets the share of plates and rods."""

RODS = 0.25
"""Weight of the web at a BV/TV of 0.18 and a Tb.Th of 150 um."""

RODS_POWER = 4.8
"""Power of thickness over bone volume with which that weight grows."""

RODS_RANGE = (0.15, 4.0)

CONNECTED = 0.17
"""BV/TV at which rods alone, of a weight of 1, are still one network."""

FEW_RODS = 0.8
"""Weight of the web below which it, and not the wavelength, is corrected for thickness."""

WAVES = 2.6
"""Wavelength over thickness at a weight of the web of 1."""

WAVE_POWER = -0.46
"""Power of that weight with which the wavelength shrinks."""

LARGEST_WAVE = 0.6
"""Largest wavelength of the sheets over the shortest edge that a first trial takes."""

SLOPE = 1.0
"""Power of the wavelength with which thickness grows, before two trials show it."""


@dataclass
class Trial:
    """One structure and how far it is from what was asked.

    Parameters
    ----------
    fraction
        Bone fraction, shape (z, y, x).
    thickness
        Tb.Th (um).
    ratio
        Mean intercept length along z over that along y and x (1).
    dropped
        Share of bone that was loose.
    networks
        Interwoven networks of bone in the endless lattice (1 is wanted).
    """

    fraction: Array
    shape: FieldShape
    thickness: float
    ratio: float
    dropped: float
    networks: int
    request: Request

    @property
    def thickness_error(self) -> float:
        """Relative miss of the thickness (1)."""
        return self.thickness / self.request.tb_th - 1

    @property
    def ratio_error(self) -> float:
        """Relative miss of the anisotropy (1)."""
        return self.ratio / self.request.anisotropy - 1

    @property
    def error(self) -> float:
        """Largest miss relative to its tolerance."""
        return max(
            abs(self.thickness_error) / THICKNESS_TOLERANCE,
            abs(self.ratio_error) / RATIO_TOLERANCE,
            self.dropped / LOOSE_TOLERANCE,
        )


def search(request: Request, attempt: Callable[[FieldShape], Trial]) -> Trial:
    """Correct the field until its structure fits; return the closest trial."""
    trials: list[Trial] = []
    for draw in range(DRAWS):
        shape, first = _make_first_shape(request, draw), len(trials)
        for _ in range(TRIALS):
            trials.append(attempt(shape))
            if trials[-1].error <= 1 and trials[-1].networks == 1:
                return trials[-1]
            if trials[-1].error <= 1:
                break  # correcting would change little: another draw
            shape = _correct(trials[first:])
    return min(trials, key=lambda trial: (max(trial.error, 1), trial.networks))


def choose_rods(request: Request) -> float:
    """Return the weight of the web that gives a human number of trabeculae.

    Plates of thickness t that are N per length fill about N t of the volume, rods far less. Thick
    trabeculae have to be rods, thin ones plates. Plates come from long waves: a small lattice gets
    rods. Rods of little bone do not meet: then it is plates, fewer than human.
    """
    slimness = NUMBER * request.tb_th / request.bv_tv
    rods: float = RODS * (slimness / (NUMBER * 150 / 0.18)) ** RODS_POWER
    fits: float = (WAVES * request.tb_th / (LARGEST_WAVE * request.width)) ** (-1 / WAVE_POWER)
    low, high = RODS_RANGE
    meets: float = (request.bv_tv / CONNECTED) ** 3
    return min(max(min(rods, meets), fits, low), high)


def _make_first_shape(request: Request, draw: int) -> FieldShape:
    rods = choose_rods(request)
    waves = WAVES * rods**WAVE_POWER * (request.bv_tv / 0.18) ** -0.4
    wavelength = request.tb_th / request.voxel * waves
    return FieldShape(wavelength, request.anisotropy**STRETCH_POWER, rods, draw)


def _correct(trials: list[Trial]) -> FieldShape:
    """Change the weight of the web or the wavelength, and the stretch, after the last trial.

    Where plates prevail few waves fit into the lattice, and another wavelength is another structure:
    there the weight of the web is changed, which thickens the structure that there is.
    """
    last = trials[-1]
    shape = last.shape
    stretch = min(max(shape.stretch * (1 + last.ratio_error) ** -RATIO_GAIN, 0.4), 4.0)
    if shape.rods < FEW_RODS:
        slope = _find_slope(trials, [trial.shape.rods for trial in trials], -WAVE_POWER)
        factor = (1 + last.thickness_error) ** (-1 / slope)
        return replace(shape, stretch=stretch, rods=shape.rods * min(max(factor, 0.5), 2.0))
    slope = _find_slope(trials, [trial.shape.wavelength for trial in trials], SLOPE)
    factor = (1 + last.thickness_error) ** (-1 / slope)
    wanted = shape.wavelength * min(max(factor, 0.6), 1.6)
    wavelength = min(max(wanted, 4.0), 0.9 * min(last.request.shape))
    return replace(shape, stretch=stretch, wavelength=wavelength)


def _find_slope(trials: list[Trial], numbers: list[float], guess: float) -> float:
    """Slope of thickness over `numbers` in logarithms by the last two trials, not far from `guess`."""
    slope = guess
    if len(trials) > 1:
        step = math.log(numbers[-1] / numbers[-2])
        if abs(step) > 0.01:
            slope = math.log(trials[-1].thickness / trials[-2].thickness) / step
    return min(max(slope, 0.5 * guess), 2.0 * guess)
