"""The specimen that a configuration asks for."""

from typing import TYPE_CHECKING

from trabecula.base.codes import Sides
from trabecula.specimen import Specimen, make_specimen

if TYPE_CHECKING:
    from trabecula.config import Config


def find_seed(config: "Config") -> int:
    """Return the seed of the structure: ``lattice.seed``, or the run's if that is not given."""
    return config.seed if config.lattice.seed is None else config.lattice.seed


def make_specimen_for(config: "Config", bv_tv: float | None) -> Specimen:
    """Generate with this `bv_tv`, or import the specimen that the configuration names.

    Raises
    ------
    SpecimenError
        If the request or the image is no specimen.
    """
    specimen = _generate(config, bv_tv)
    if config.lattice.sides is not None:
        specimen.sides = Sides[config.lattice.sides.upper()]
    return specimen


def _generate(config: "Config", bv_tv: float | None) -> Specimen:
    lattice = config.lattice
    shape, tb_th, anisotropy = lattice.shape, lattice.tb_th, lattice.anisotropy
    assert shape is not None
    assert bv_tv is not None
    assert tb_th is not None
    assert anisotropy is not None
    return make_specimen(shape, lattice.voxel, bv_tv, tb_th, anisotropy, find_seed(config))
