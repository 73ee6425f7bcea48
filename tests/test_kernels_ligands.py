"""What cells feel, against plain twins."""

from typing import NamedTuple

import numpy as np
import pytest

import twins.ligands
from kernelworlds import SHAPE, compare, make_ligands
from trabecula.kernels.ligands import boost, hill, occupancy, rouse

pytestmark = pytest.mark.twin


class Rates(NamedTuple):
    """What the response reads."""

    alarmin_half: float
    alarmin_max: float


@pytest.mark.parametrize("seed", [1, 2])
def test_occupancy(seed):
    """To 1e-6: the kernel adds the two forms of RANKL in float32."""
    ligands = make_ligands(np.random.default_rng(seed))
    for place in np.random.default_rng(seed).integers(0, SHAPE, (40, 3)):
        found, _ = compare(occupancy, twins.ligands.occupancy, ligands, np.float64(6.0), *place,
                           rtol=1e-6)  # fmt: skip
        assert 0 < found < 1


@pytest.mark.parametrize("seed", [1, 2])
def test_response_to_alarmin(seed):
    """To 1e-6: the kernel reads and adds in float32."""
    ligands = make_ligands(np.random.default_rng(seed))
    rates = Rates(np.float64(0.4), np.float64(0.1))
    for place in np.random.default_rng(seed).integers(0, SHAPE, (40, 3)):
        found, _ = compare(rouse, twins.ligands.rouse, ligands, rates, *place, rtol=1e-6)
        assert 0 < found < 0.1


@pytest.mark.parametrize("power", [1.0, 2.5])
def test_responses(power):
    """To 1e-12: powers and quotients in another order."""
    for value in (-1.0, 0.0, 1e-3, 0.4, 3.0, 1e6):
        found, _ = compare(hill, twins.ligands.hill, value, 0.4, power, rtol=1e-12)
        assert (found > 0) == (value > 0)
    for value in (0.0, 0.5, 40.0):
        found, _ = compare(boost, twins.ligands.boost, value, 2.0, power, rtol=1e-12)
        assert (found > 1) == (value > 0)
