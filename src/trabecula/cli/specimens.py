"""Commands about specimens: import, measure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trabecula.base.errors import ConfigError, InputError, Problem, ResultsError
from trabecula.base.outputs import check_kind, check_output
from trabecula.cli.app import app
from trabecula.cli.mechanics import (
    Axis,
    LateralSides,
    Mechanics,
    Modulus,
    Poisson,
    SedImage,
    Strain,
    compress_specimen,
    make_test_options,
)
from trabecula.cli.options import Json
from trabecula.cli.progress import CompilationNotice
from trabecula.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from trabecula.specimen import Specimen

LEAST_BOX = 10.0
"""Shortest edge of a closed box over Tb.Sp from which the box takes less than a tenth of Tb.Sp."""

Threshold = Annotated[
    str | None,
    typer.Option("--threshold", metavar="T", help="Lowest grey value of bone, or 'otsu'."),
]
Labels = Annotated[
    list[int] | None, typer.Option("--label", help="Value that is bone, instead; repeatable.")
]
Spacing = Annotated[
    str | None,
    typer.Option(
        "--spacing", metavar="SIZE", help="Voxel size of the image, if its header does not say."
    ),
]
Crop = Annotated[
    str | None,
    typer.Option(
        "--crop",
        metavar="Z,Y,X,DZ,DY,DX",
        help="Box to cut out: corner and size (um, or with unit).",
    ),
]


@app.command("import")
def import_image(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image, or folder of slices.")],
    out: Annotated[Path, typer.Option("--out", metavar="SPECIMEN.h5", help="File to write.")],
    threshold: Threshold = None,
    labels: Labels = None,
    voxel: Annotated[
        str | None,
        typer.Option(
            "--voxel",
            metavar="SIZE",
            help="Voxel size wanted, 10 to 60 um [default: the image's].",
        ),
    ] = None,
    spacing: Spacing = None,
    crop: Crop = None,
    as_json: Json = False,
) -> None:
    """Turn an image into a specimen file, with its morphometry and a picture."""
    check_output(out, (image,), (".h5",))
    replaced = describe_earlier(out)
    check_pictures(image, out, bool(replaced))
    specimen = load_image(image, threshold, labels, voxel, spacing, crop)
    with CompilationNotice():
        metrics = measure_specimen(specimen)
    from trabecula.records import SpecimenFile, write_specimen

    report = tuple(specimen.report)
    said = [*report, *judge_box(specimen, metrics)]
    parts = (specimen.fraction, specimen.voxel, specimen.sides, report, specimen.origin, metrics)
    write_specimen(out, SpecimenFile(*parts))
    picture = save_picture(specimen, out)
    if as_json:
        files = {"specimen": str(out), "picture": str(picture)}
        print_json({"report": said, "metrics": metrics, "files": files})
        return
    for line in said:
        typer.echo(line)
    print_metrics(metrics)
    typer.echo(f"saved {out} and {picture}{replaced and f', in place of {replaced}'}")


@app.command()
def measure(
    place: Annotated[
        Path, typer.Argument(metavar="SPECIMEN|IMAGE", help="Specimen file, or an image.")
    ],
    threshold: Threshold = None,
    labels: Labels = None,
    spacing: Spacing = None,
    crop: Crop = None,
    mechanics: Mechanics = False,
    axis: Axis = None,
    strain: Strain = None,
    modulus: Modulus = None,
    poisson: Poisson = None,
    lateral: LateralSides = None,
    sed: SedImage = None,
    as_json: Json = False,
) -> None:
    """Measure the morphometry of a specimen or an image, and how stiff and strong it is."""
    from trabecula.records.reader import find_kind

    given = {"axis": axis, "strain": strain, "modulus": modulus, "poisson": poisson}
    test = make_test_options(mechanics, {**given, "lateral": lateral, "sed": sed})
    if sed is not None:
        check_output(sed, (place,), option="--sed")
        if sed.is_file():
            from trabecula.specimen.writers import is_written_here

            check_kind(sed, is_written_here(sed), "an image", "--sed")
    if find_kind(place) == "trabecula specimen":
        from trabecula.specimen.readers import refuse_for_specimen

        refuse_for_specimen(place, {
            "threshold": ("--threshold", threshold), "labels": ("--label", labels or None),
            "spacing": ("--spacing", spacing), "crop": ("--crop", crop),
        })  # fmt: skip
        specimen = load_specimen(place)
    else:
        specimen = load_image(place, threshold, labels, None, spacing, crop, may_be_solid=True)
    with CompilationNotice():
        metrics = measure_specimen(specimen)
        if test is not None:
            metrics |= compress_specimen(specimen, test)
    said = [*specimen.report, *judge_box(specimen, metrics), *judge_marrow(specimen)]
    if as_json:
        print_json({**metrics, "report": said})
        return
    for line in said:
        typer.echo(line)
    print_metrics(metrics)
    if test is not None and metrics["stiffness"] == 0:
        typer.echo("no bone reaches from platen to platen along this axis")
    if test is not None and test.sed is not None:
        typer.echo(f"saved {test.sed}")


def describe_earlier(out: Path) -> str:
    """Return which specimen a new one at `out` replaces, nothing if there is none.

    Raises
    ------
    InputError
        If another file stands there: an image or a run is not made again as easily.
    """
    from trabecula.records.reader import find_kind

    if not out.exists():
        return ""
    if find_kind(out) != "trabecula specimen":
        msg = (
            f"--out: found {out}, which is there and no specimen; allowed: a new file, or a specimen, "
            "which is replaced; choose another name"
        )
        raise InputError(msg)
    try:
        return f"the specimen of {load_specimen(out).origin}"
    except ResultsError:
        return "a damaged specimen"


def check_pictures(image: Path, out: Path, is_replaced: bool) -> None:
    """Refuse a specimen whose pictures would take the place of other files.

    Parameters
    ----------
    is_replaced
        Whether a specimen stands at `out`, to which pictures under that name belong.

    Raises
    ------
    InputError
        If they would.
    """
    from trabecula.viz import FORMATS

    for ending in FORMATS:
        picture = out.with_name(f"{out.stem}.{ending}")
        check_output(picture, (image,))
        check_kind(picture, is_replaced, "the picture of a specimen")


def load_specimen(path: Path) -> "Specimen":
    """Load a specimen file."""
    from trabecula.records import read_specimen
    from trabecula.specimen import Specimen

    found = read_specimen(path)
    return Specimen(found.fraction, found.voxel, found.sides, list(found.report), found.origin)


def load_image(
    path: Path,
    threshold: str | None,
    labels: list[int] | None,
    voxel: str | None,
    spacing: str | None,
    crop: str | None,
    may_be_solid: bool = False,
) -> "Specimen":
    """Load an image; where it does not state its voxel size, `voxel` is that too.

    Parameters
    ----------
    may_be_solid
        Whether it may be bone all through.

    Raises
    ------
    InputError
        If the file or an option is wrong.
    """
    from trabecula.specimen import load_specimen_image
    from trabecula.specimen.readers import has_spacing

    edge = None if voxel is None else to_length(voxel, "--voxel")
    stated = None if spacing is None else to_length(spacing, "--spacing")
    if edge is not None and stated is None and not has_spacing(path):
        stated = edge
    elif edge is not None:
        insist_on_use(edge, voxel)
    return load_specimen_image(
        path,
        voxel=edge,
        spacing=stated,
        threshold=None if threshold is None else to_threshold(threshold),
        labels=labels or None,
        crop=None if crop is None else to_box(crop),
        may_be_solid=may_be_solid,
    )


def to_length(text: str, option: str, is_place: bool = False) -> float:
    """Return a length in um from a bare number or a text with a unit; one of a place may be 0.

    Raises
    ------
    ConfigError
        If it is not a length, or not above zero.
    """
    from trabecula.config.units import QuantityError, to_number

    allowed = f"a length {'of 0 or more' if is_place else 'above 0'}, such as 20 or '20 um'"
    try:
        length = to_number(_to_value(text), "um")
    except QuantityError as error:
        found = f"{text!r} ({error})"
        raise ConfigError([Problem("command line", option, found, allowed)]) from None
    if length < 0 or (length == 0 and not is_place):
        raise ConfigError([Problem("command line", option, text, allowed)])
    return length


def _to_value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip()


def insist_on_use(edge: float, text: str | None) -> None:
    """Refuse voxels of `edge` (um), given as `text`, that no configuration can use.

    Raises
    ------
    ConfigError
        If they are too small or too large.
    """
    from trabecula.config.names import VOXEL_RANGE

    low, high = VOXEL_RANGE
    if not low <= edge <= high:
        allowed = f"{low:g} to {high:g} um, as lattice.voxel of a configuration"
        hint = "leave it out to keep the image's"
        raise ConfigError([Problem("command line", "--voxel", str(text), allowed, hint)])


def to_threshold(text: str) -> float | str:
    """Return a grey value, or the name of a method."""
    return _to_value(text)


def to_box(text: str) -> dict[str, list[float]]:
    """Return corner and size (um) of a box from six lengths with commas between.

    Raises
    ------
    ConfigError
        If there are not six lengths.
    """
    parts = text.split(",")
    if len(parts) != 6:
        allowed = "six lengths: corner z,y,x and size z,y,x"
        found = f"{len(parts)} in {text!r}"
        raise ConfigError([Problem("command line", "--crop", found, allowed)])
    corner = [to_length(part, "--crop", is_place=True) for part in parts[:3]]
    return {"origin": corner, "size": [to_length(part, "--crop") for part in parts[3:]]}


def measure_specimen(specimen: "Specimen") -> dict[str, float]:
    """Return every structural metric of a specimen by its key, in its unit."""
    from trabecula.base.codes import Sides
    from trabecula.morphometry import measure_structure

    periodic = specimen.sides == Sides.PERIODIC
    return measure_structure(specimen.fraction, specimen.voxel, periodic, costly=True)


def judge_box(specimen: "Specimen", metrics: dict[str, float]) -> list[str]:
    """Return a line if the box of a bone with walls is too small for its spheres, else nothing.

    Parameters
    ----------
    metrics
        Those of the specimen by key, with `tb_sp` (um).
    """
    from trabecula.base.codes import Sides

    edge, spheres = min(specimen.fraction.shape) * specimen.voxel, metrics["tb_sp"]
    if specimen.sides == Sides.PERIODIC or not edge < LEAST_BOX * spheres:
        return []
    return [
        f"the box ({edge:g} um at its shortest) is {edge / spheres:.1f} times Tb.Sp: spheres have to "
        f"fit into it, so Tb.Sp is too small and Tb.N too large to be compared with a generated bone "
        f"or a larger box; from {LEAST_BOX:g} times on both are within a tenth"
    ]


def judge_marrow(specimen: "Specimen") -> list[str]:
    """Return a line if a specimen is bone all through, as then few metrics have a meaning."""
    if (specimen.fraction < 0.5).any():
        return []
    return ["bone all through: metrics of its walls and of its marrow are undefined"]


def print_metrics(metrics: dict[str, float]) -> None:
    """Print metrics with symbol, unit and name."""
    from trabecula.mechanics import METRICS as MECHANICAL
    from trabecula.morphometry import METRICS

    words = {key: (m.symbol, m.long_name, m.unit) for key, m in METRICS.items()} | MECHANICAL
    rows = [
        (key, words[key][0], value, words[key][2], words[key][1]) for key, value in metrics.items()
    ]
    print_table("", ("key", "symbol", "value", "unit", "what"), rows)


def save_picture(specimen: "Specimen", beside: Path) -> Path:
    """Save the specimen's picture next to the file `beside`; returns the PNG's path."""
    from trabecula.viz import draw_specimen, save_figure

    share = float(specimen.fraction.mean(dtype=float))
    title = f"{specimen.origin}, {specimen.voxel:g} µm voxels, BV/TV {100 * share:.1f} %"
    figure = draw_specimen(specimen.fraction, specimen.voxel, title)
    return save_figure(figure, beside.parent, beside.stem)[0]
