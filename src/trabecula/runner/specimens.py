"""The specimen that a configuration asks for: generated, from an image, or from a specimen file."""

from pathlib import Path
from typing import TYPE_CHECKING

from trabecula.base.codes import Sides
from trabecula.base.columns import Array
from trabecula.base.errors import Problem, ResultsError, SpecimenError
from trabecula.model.memory import insist_on_shape
from trabecula.records.specimenfile import is_specimen, read_specimen
from trabecula.specimen import Specimen, load_specimen_image, make_specimen
from trabecula.specimen.images import keep_largest
from trabecula.specimen.readers import IN_CONFIG, has_spacing, make_error, refuse_for_specimen
from trabecula.specimen.request import Request, check_request
from trabecula.specimen.resample import resample

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.config.schema import Crop, LatticeSettings


def find_seed(config: "Config") -> int:
    """Return the seed of the structure: ``lattice.seed``, or the run's if that is not given."""
    return config.seed if config.lattice.seed is None else config.lattice.seed


def make_specimen_for(config: "Config", bv_tv: float | None) -> Specimen:
    """Generate with this `bv_tv` (1), or import the specimen that the configuration names.

    Raises
    ------
    SpecimenError
        If the request, the image or the crop is no specimen, or a specimen file is damaged.
    """
    lattice = config.lattice
    if lattice.specimen is None:
        specimen = _generate(config, bv_tv)
    else:
        specimen = _import(Path(lattice.specimen), lattice)
    if lattice.sides is not None:
        specimen.sides = Sides[lattice.sides.upper()]
    return specimen


def _import(path: Path, lattice: "LatticeSettings") -> Specimen:
    try:
        if is_specimen(path):
            return _load_file(path, lattice)
    except ResultsError as error:
        found = f"a file that cannot be read: {error}"
        problem = Problem(str(path), "specimen", found, "a whole specimen file, or an image")
        raise SpecimenError(str(error), [problem]) from error
    _insist_on_spacing(path)
    return load_specimen_image(
        path,
        lattice.voxel,
        threshold=lattice.threshold,
        labels=lattice.labels,
        crop=None if lattice.crop is None else lattice.crop.model_dump(),
    )


def _insist_on_spacing(path: Path) -> None:
    """Refuse an image whose voxel size only a person knows: a configuration has no key for it."""
    if not has_spacing(path):
        hint = (
            f"`trabecula import {path.name} --spacing SIZE --out SPECIMEN.h5`, then name SPECIMEN.h5 "
            "as lattice.specimen"
        )
        found = "an image that does not state its voxel size"
        raise make_error(path, "lattice.specimen", found, IN_CONFIG, hint)


def insist_on_specimen(config: "Config") -> Specimen | None:
    """Refuse a specimen that cannot be had, before anything is written.

    A structure to be generated is judged by its numbers; an image is read, and returned so that
    nobody needs to read it again.

    Raises
    ------
    SpecimenError
        If the request, the image or the crop is no specimen, a specimen file is damaged, or the bone
        is more than this machine can live.
    """
    if config.lattice.specimen is None:
        check_request(_make_request(config, config.lattice.bv_tv))
        return None
    specimen = make_specimen_for(config, None)
    insist_on_shape(specimen.fraction.shape, specimen.voxel, "lattice.specimen")
    return specimen


def _make_request(config: "Config", bv_tv: float | None) -> Request:
    lattice = config.lattice
    shape, tb_th, anisotropy = lattice.shape, lattice.tb_th, lattice.anisotropy
    assert shape is not None
    assert bv_tv is not None
    assert tb_th is not None
    assert anisotropy is not None
    return Request(shape, lattice.voxel, bv_tv, tb_th, anisotropy, find_seed(config))


def _generate(config: "Config", bv_tv: float | None) -> Specimen:
    asked = _make_request(config, bv_tv)
    return make_specimen(
        asked.shape, asked.voxel, asked.bv_tv, asked.tb_th, asked.anisotropy, asked.seed
    )


def _load_file(path: Path, lattice: "LatticeSettings") -> Specimen:
    asked = {"threshold": lattice.threshold, "labels": lattice.labels}
    refuse_for_specimen(path, {name: (f"lattice.{name}", asked[name]) for name in asked})
    stored = read_specimen(path)
    report, fraction = list(stored.report), stored.fraction
    if lattice.crop is not None:
        fraction = _crop(path, fraction, stored.voxel, lattice.crop)
        report.append(f"cropped to {fraction.shape} voxels: BV/TV {fraction.mean():.5f}")
    if abs(stored.voxel / lattice.voxel - 1.0) > 1e-6:
        before = fraction.mean()
        fraction = resample(fraction, (stored.voxel,) * 3, lattice.voxel)
        report.append(
            f"resampled {stored.voxel:g} -> {lattice.voxel:g} um: BV/TV {before:.5f} -> "
            f"{fraction.mean():.5f}"
        )
    if fraction is not stored.fraction:
        fraction = keep_largest(path, fraction, stored.sides, report)
    return Specimen(fraction, lattice.voxel, stored.sides, report, f"{path.name}: {stored.origin}")


def _crop(path: Path, fraction: Array, voxel: float, crop: "Crop") -> Array:
    """Cut out a box (um), rounded to whole voxels."""
    first = [round(edge / voxel) for edge in crop.origin]
    last = [low + round(edge / voxel) for low, edge in zip(first, crop.size, strict=True)]
    inside = all(
        0 <= low < high <= n for low, high, n in zip(first, last, fraction.shape, strict=True)
    )
    if not inside:
        whole = ", ".join(f"{n * voxel:g}" for n in fraction.shape)
        found = f"origin {crop.origin}, size {crop.size} um"
        allowed = f"a box inside {whole} um"
        raise make_error(path, "lattice.crop", found, allowed, "move or shrink the box")
    return fraction[tuple(slice(low, high) for low, high in zip(first, last, strict=True))]
