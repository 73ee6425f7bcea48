"""What cells feel, against plain twins."""

import numpy as np
import pytest

import twins.ligands
from kernelworlds import SHAPE, compare, make_ligands
from trabecula.kernels.ligands import boost, couple, hill, occupancy, rouse
from trabecula.kernels.precursors import PrecursorRates

pytestmark = pytest.mark.twin

RATES = PrecursorRates(
    influx=0.0, motility=0.0, chemotaxis=1.0, adhesion=1.0, half=0.3, power=3.0, kd=29.0, death=0.1,
    mcsf_half=1.0, tnf_half=1.0, tnf_max=0.5, alarmin_half=np.float64(0.4), alarmin_max=np.float64(0.1),
)  # fmt: skip


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
    for place in np.random.default_rng(seed).integers(0, SHAPE, (40, 3)):
        found, _ = compare(rouse, twins.ligands.rouse, ligands, RATES, *place, rtol=1e-6)
        assert 0 < found < 0.1


@pytest.mark.parametrize("seed", [1, 2])
def test_coupling(seed):
    """To 1e-6: the kernel works in float32."""
    rng = np.random.default_rng(seed)
    level, factor = rng.gamma(2.0, 2.0, (2, 60)).astype(np.float32)
    level[0] = 0
    strength, reference = np.float32(0.6), np.float32(2.5)
    _, (*_, after) = compare(
        couple, twins.ligands.couple, level, strength, reference, factor, rtol=1e-6
    )
    assert after[0] == pytest.approx(0.4 * factor[0], rel=1e-6)
    assert (after > factor).any()


@pytest.mark.parametrize("power", [1.0, 2.5])
def test_responses(power):
    """To 1e-12: powers and quotients in another order."""
    for value in (-1.0, 0.0, 1e-3, 0.4, 3.0, 1e6):
        found, _ = compare(hill, twins.ligands.hill, value, 0.4, power, rtol=1e-12)
        assert (found > 0) == (value > 0)
    for value in (0.0, 0.5, 40.0):
        found, _ = compare(boost, twins.ligands.boost, value, 2.0, power, rtol=1e-12)
        assert (found > 1) == (value > 0)
