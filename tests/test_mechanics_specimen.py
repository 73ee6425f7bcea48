"""A real biopsy under compression, against another solver's answer (parosol-py's reference)."""

import json
from pathlib import Path

import numpy as np
import pytest

from trabecula.base.codes import Lateral
from trabecula.config import load_parameters
from trabecula.mechanics.loading import find_loaded
from trabecula.mechanics.specimen import measure_mechanics
from trabecula.specimen.readers import load_image

SHARED = Path(__file__).parents[2] / "shared" / "data"
NAME = "trab1240_sed_axial_z"
VOXEL = 60.698509


@pytest.fixture(scope="module")
def reference():
    """Bone that spans the platens, the reference's numbers, and its strain energy (MPa)."""
    files = [SHARED / name for name in ("trab1240_60.7um.mha", f"{NAME}.json", f"{NAME}.mha")]
    if not all(path.exists() for path in files):
        pytest.skip("the real specimens are not beside the checkout")
    bone, density = (np.asarray(load_image(files[i]).values) for i in (0, 2))
    return find_loaded(bone > 0, (0,)), json.loads(files[1].read_text()), density


@pytest.fixture(scope="module")
def answer(reference):
    bone, known, _ = reference
    model = known["model"]
    modulus = (model["youngs_modulus_mpa"] * bone).astype(np.float32)
    parameters = {
        "mechanics.modulus.poisson": model["poisson_ratio"],
        "mechanics.failure.strain": known["reference"]["critical_strain"],
        "mechanics.failure.volume": known["reference"]["critical_volume_percent"] / 100,
    }
    return measure_mechanics(modulus, VOXEL, 0, -model["strain"], Lateral.FIXED, parameters)


@pytest.mark.shared
def test_the_same_voxels_carry_the_load(reference):
    bone, known, density = reference
    assert bone.sum() == known["reference"]["elements"] == known["source"]["filtered_active_voxels"]
    assert bone.shape == density.shape
    assert ((density > 0) == bone).mean() > 0.999


@pytest.mark.shared
def test_stiffness_and_failure_of_the_biopsy(reference, answer):
    known = reference[1]["reference"]
    assert answer.stiffness == pytest.approx(known["stiffness_z"], rel=5e-4)
    assert known["stiffness_z"] == pytest.approx(935.13, abs=0.01)
    assert answer.pistoia_factor == pytest.approx(known["pistoia_factor"], rel=0.01)
    assert answer.failure_load == pytest.approx(-known["failure_load_z"], rel=0.01)


@pytest.mark.shared
def test_strain_energy_of_the_biopsy_voxel_by_voxel(reference, answer):
    bone, known, density = reference
    assert answer.sed_mean == pytest.approx(known["reference"]["sed_mean"], rel=5e-3)
    assert np.corrcoef(answer.density[bone], density[bone])[0, 1] >= 0.999
    assert np.percentile(answer.density[bone], 95) == pytest.approx(
        known["reference"]["sed_p95"], rel=0.01
    )


def test_a_loose_piece_makes_no_bone_stronger():
    """It bears nothing, so that it is none of the voxels of which two in a hundred may yield."""
    table = load_parameters()
    modulus = np.zeros((12, 12, 12), np.float32)
    modulus[:, 2:6, 2:6] = 1000.0
    modulus[4:8, 3, 3] = 0.0
    alone, loose = modulus, modulus.copy()
    loose[2:10, 8:11, 8:11] = 1000.0
    found = [measure_mechanics(m, 20.0, 0, -0.01, Lateral.FREE, table) for m in (alone, loose)]
    assert found[0].pistoia_factor == pytest.approx(found[1].pistoia_factor, rel=1e-6)
    assert found[0].failure_load == pytest.approx(found[1].failure_load, rel=1e-6)
