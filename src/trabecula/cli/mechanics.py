"""The mechanical test of a specimen: options, and what they may be."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trabecula.base.errors import ConfigError, Problem

if TYPE_CHECKING:
    from trabecula.specimen import Specimen

AXES = "zyx"
LATERAL = ("fixed", "free", "mirrored")
STRAINS = "-0.5 .. 0.5 without 0; the sign changes nothing, as the test is linear"

Mechanics = Annotated[
    bool, typer.Option("--mechanics", help="Compress it between platens too, by voxel elements.")
]
Axis = Annotated[
    str | None, typer.Option("--axis", metavar="z|y|x", help="Direction of the load [default: z].")
]
Strain = Annotated[
    float | None, typer.Option("--strain", metavar="E", help="Mean strain [default: 0.01].")
]
Modulus = Annotated[
    float | None,
    typer.Option("--modulus", metavar="MPA", help="Young's modulus of bone [default: 10000]."),
]
Poisson = Annotated[
    float | None, typer.Option("--poisson", metavar="NU", help="Poisson's ratio [default: 0.3].")
]
LateralSides = Annotated[
    str | None,
    typer.Option(
        "--lateral",
        metavar="fixed|free|mirrored",
        help="Bone glued to the platens, sliding on them, or held by plane sides too "
        "[default: fixed].",
    ),
]
SedImage = Annotated[
    Path | None,
    typer.Option("--sed", metavar="OUT.mha", help="Save strain energy density (MPa) per voxel."),
]


@dataclass(frozen=True)
class Compression:
    """How a specimen is compressed.

    Parameters
    ----------
    axis
        Direction of the load: 0 z, 1 y, 2 x.
    strain
        Magnitude of the mean strain (1).
    modulus
        Young's modulus of bone (MPa).
    poisson
        Poisson's ratio (1).
    lateral
        fixed, free or mirrored.
    sed
        Image of strain energy density to write.
    """

    axis: int
    strain: float
    modulus: float
    poisson: float
    lateral: str
    sed: Path | None


def make_test_options(
    wanted: bool,
    given: dict[str, str | float | Path | None],
) -> Compression | None:
    """Return the checked options, or None if no test is `wanted`.

    Parameters
    ----------
    given
        Values of axis, strain (1), modulus (MPa), poisson (1), lateral and sed; None where not given.

    Raises
    ------
    ConfigError
        If an option is wrong, or given without ``--mechanics``; all mistakes at once.
    """
    problems = []
    if not wanted:
        for name, value in given.items():
            if value is not None:
                found, hint = f"--{name} {value}", "add --mechanics"
                problems.append(
                    Problem("command line", f"--{name}", found, "only with --mechanics", hint)
                )
        if problems:
            raise ConfigError(problems)
        return None
    axis, lateral = str(given["axis"] or "z"), str(given["lateral"] or "fixed")
    numbers = {"strain": 0.01, "modulus": 10000.0, "poisson": 0.3}
    numbers |= {k: float(given[k]) for k in numbers if given[k] is not None}  # type: ignore[arg-type]
    checks = (
        ("axis", axis, axis in tuple(AXES), "z, y or x"),
        ("lateral", lateral, lateral in LATERAL, ", ".join(LATERAL)),
        ("strain", numbers["strain"], 0 < abs(numbers["strain"]) <= 0.5, STRAINS),
        ("modulus", numbers["modulus"], 0 < numbers["modulus"] <= 1e6, "above 0 .. 1e6 MPa"),
        ("poisson", numbers["poisson"], 0 <= numbers["poisson"] <= 0.49, "0 .. 0.49"),
    )
    problems = [
        Problem("command line", f"--{name}", str(found), allowed)
        for name, found, fine, allowed in checks
        if not fine
    ]
    if problems:
        raise ConfigError(problems)
    sed = given["sed"]
    if isinstance(sed, Path):
        from trabecula.specimen.writers import check_image_path

        check_image_path(sed, "--sed")
    return Compression(
        AXES.index(axis), abs(numbers["strain"]), numbers["modulus"], numbers["poisson"], lateral,
        sed if isinstance(sed, Path) else None,
    )  # fmt: skip


def compress_specimen(specimen: "Specimen", options: Compression) -> dict[str, float]:
    """Compress a specimen; returns every key of :data:`trabecula.mechanics.METRICS`, in its unit."""
    from trabecula.base.codes import Lateral
    from trabecula.config import load_parameters
    from trabecula.mechanics import METRICS, compute_modulus, measure_mechanics
    from trabecula.specimen.writers import write_image

    p = load_parameters()
    share = compute_modulus(specimen.fraction, 1.0, p) / p["mechanics.modulus.tissue"]
    modulus = share * options.modulus
    lateral = Lateral[options.lateral.upper()]
    found = measure_mechanics(
        modulus, specimen.voxel, options.axis, options.strain, lateral, p, options.poisson
    )
    if options.sed is not None:
        write_image(options.sed, found.density, specimen.voxel, specimen.voxel / 2.0)
    return {key: float(getattr(found, key)) for key in METRICS}
