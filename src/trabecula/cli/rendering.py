"""Commands that show bone: render, movie, section."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trabecula.base.errors import InputError
from trabecula.cli.app import app, say_error
from trabecula.cli.options import RunPlace

if TYPE_CHECKING:
    from trabecula.base.columns import Array
    from trabecula.viz.scene import Request

POPULATIONS = ("osteoclasts", "osteoblasts", "lining", "precursors", "osteocytes")
WIDTHS = (20.0, 400.0)
DPI = (50, 1200)
OFF = 0.5
"""Days by which a snapshot may miss the time that was asked for, without a word."""


At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="Day, such as 1 y [default: the last].")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="Day to which resorbed compares [default: the first]."
    ),
]
Beside = Annotated[
    str | None,
    typer.Option("--beside", metavar="TIME", help="A second day, drawn to the left at one scale."),
]
Colour = Annotated[
    str,
    typer.Option(
        "--colour",
        metavar="WHAT",
        help="plain, tissue, resorbed, mineral, sed, rankl, or any field that the file holds.",
    ),
]
View = Annotated[
    str | None,
    typer.Option(
        "--view",
        metavar="PRESET",
        help="corner, low, front, back, left, right or top [default: corner; facing a cut].",
    ),
]
SliceAt = Annotated[
    str | None,
    typer.Option(
        "--slice", metavar="AXIS[=PLACE]", help="Cut across z, y or x, such as z=0.6mm; half way."
    ),
]
SlabAt = Annotated[
    str | None,
    typer.Option(
        "--slab", metavar="AXIS[=PLACE[,THICK]]", help="A slab only, such as y=0.6mm,200um."
    ),
]
WithCells = Annotated[bool, typer.Option("--cells/--no-cells", help="Draw cells.")]
Population = Annotated[
    list[str] | None,
    typer.Option(
        "--population",
        metavar="NAME",
        help=f"Cells to draw, of {', '.join(POPULATIONS)}; repeatable [default: the first two].",
    ),
]
Range = Annotated[
    str | None,
    typer.Option("--range", metavar="LOW,HIGH", help="Ends of the colour scale, in its unit."),
]
Width = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="WIDTH",
        help="Width on paper, such as 85mm [default: 85mm, or 180mm for two].",
    ),
]
Dpi = Annotated[int, typer.Option("--dpi", help="Pixels to an inch.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Where to save [default: DIR/figures].")
]


@app.command()
def render(
    place: RunPlace,
    at: At = None,
    since: Since = None,
    beside: Beside = None,
    colour: Colour = "resorbed",
    view: View = None,
    slice_at: SliceAt = None,
    slab: SlabAt = None,
    cells: WithCells = True,
    population: Population = None,
    limits: Range = None,
    size: Width = None,
    dpi: Dpi = 300,
    out: Out = None,
) -> None:
    """Draw the bone of a run in three dimensions, with its cells; no display is needed."""
    from trabecula.analysis.moments import load_snapshot_times
    from trabecula.viz.render import Renderer, Size
    from trabecula.viz.save import check_picture_path, save_picture

    path = out or name_output(place, f"render_{colour}.png")
    check_picture_path(path)
    held = load_snapshot_times(place)
    rows = [] if beside is None else [find_row(held, beside, "--beside")]
    rows.append(find_row(held, at, "--at"))
    row_since = find_row(held, since, "--since", 0)
    request = make_request(colour, view, (slice_at, slab), cells, population, limits)
    shape = Size(read_width(size, len(rows)), read_dpi(dpi))
    figure = Renderer(place, request, row_since).draw(rows, shape)
    typer.echo(f"saved {save_picture(figure, path, shape.dpi)}")


@app.command()
def movie(
    place: RunPlace,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First day [default: of the run].")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Last day [default: of the run].")
    ] = None,
    since: Since = None,
    colour: Colour = "resorbed",
    view: View = None,
    slice_at: SliceAt = None,
    slab: SlabAt = None,
    cells: WithCells = True,
    population: Population = None,
    limits: Range = None,
    size: Width = None,
    dpi: Dpi = 200,
    fps: Annotated[float, typer.Option("--fps", help="Snapshots a second.")] = 8.0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="An .mp4 or .gif [default: DIR/figures/movie.mp4]."
        ),
    ] = None,
) -> None:
    """Make a film of the snapshots of a run, under one camera and one scale."""
    from trabecula.analysis.moments import load_snapshot_times
    from trabecula.cli.counting import Counter
    from trabecula.viz.film import check_film_path, to_frame, write_film
    from trabecula.viz.render import Renderer, Size

    path = out or name_output(place, "movie.mp4")
    check_film_path(path)
    if not 0.1 <= fps <= 60.0:
        msg = f"--fps: found {fps:g}; allowed: 0.1 to 60"
        raise InputError(msg)
    held = load_snapshot_times(place)
    first, last = find_row(held, from_, "--from", 0), find_row(held, until, "--until")
    row_since = find_row(held, since, "--since", 0)
    if last <= first:
        msg = (
            f"{place}: found one snapshot between --from and --until; allowed: two at least; "
            "run with a shorter output.snapshots"
        )
        raise InputError(msg)
    request = make_request(colour, view, (slice_at, slab), cells, population, limits)
    shape = Size(read_width(size, 1), read_dpi(dpi))
    renderer = Renderer(place, request, row_since)
    rows = range(first, last + 1)
    renderer.settle((first, last))
    with Counter(len(rows), "frame") as watch:
        frames = (to_frame(renderer.draw([row], shape), shape.dpi) for row in rows)
        write_film(path, frames, fps, watch)
    typer.echo(f"saved {path}")


@app.command()
def section(
    place: RunPlace,
    at: At = None,
    beside: Beside = None,
    slice_at: Annotated[
        str,
        typer.Option(
            "--slice",
            metavar="AXIS[=PLACE]",
            help="Plane, such as z=0.6mm; an axis alone: its busiest.",
        ),
    ] = "y",
    stain: Annotated[
        str, typer.Option("--stain", metavar="NAME", help="goldner or kossa.")
    ] = "goldner",
    size: Width = None,
    dpi: Dpi = 300,
    out: Out = None,
) -> None:
    """Draw a section as in histology: bone, osteoid, eroded surface, cement lines, cells."""
    from trabecula.analysis.moments import load_snapshot_times, read_moment
    from trabecula.base.extras import check_extra
    from trabecula.viz.cuts import Cut, read_cut
    from trabecula.viz.save import check_picture_path, save_picture
    from trabecula.viz.section import POPULATIONS as SEEN
    from trabecula.viz.section import VOLUMES, find_busiest, take_section

    check_extra(("matplotlib",), "plot", "a picture")
    from trabecula.viz.histology import STAINS, draw_histology

    path = out or name_output(place, "section.png")
    check_picture_path(path)
    if stain not in STAINS:
        msg = f"--stain: found {stain!r}; allowed: {', '.join(STAINS)}"
        raise InputError(msg)
    cut = read_cut(slice_at, "--slice")
    held = load_snapshot_times(place)
    rows = [] if beside is None else [find_row(held, beside, "--beside")]
    rows.append(find_row(held, at, "--at"))
    width, dpi = read_width(size, len(rows)), read_dpi(dpi)
    moments = [read_moment(place, row, VOLUMES, SEEN) for row in rows]
    if cut.position is None:  # the busiest plane of the last moment serves both
        layer = find_busiest(moments[-1], cut.axis)
        cut = Cut(cut.axis, (layer + 0.5) * moments[-1].voxel)
    figure = draw_histology([take_section(m, cut) for m in moments], width, stain)
    typer.echo(f"saved {save_picture(figure, path, dpi)}")


def name_output(place: Path, name: str) -> Path:
    """Return where a picture of a run goes unless somebody says."""
    return (place if place.is_dir() else place.parent) / "figures" / name


def read_time(text: str, option: str) -> float:
    """Return a time of the command line in days.

    Raises
    ------
    InputError
        If it is none.
    """
    from trabecula.config.units import QuantityError, to_number

    try:
        return to_number(text, "d")
    except QuantityError as error:
        msg = f"{option}: found {text!r} ({error}); allowed: a time such as 90 d or 2 y"
        raise InputError(msg) from None


def find_row(held: "Array", text: str | None, option: str, default: int = -1) -> int:
    """Return the row of the snapshot nearest to a time of the command line.

    Parameters
    ----------
    held
        Times of the snapshots, shape (snapshot,), d.
    default
        The row where no time is given, negative from the end.

    Raises
    ------
    InputError
        If it is no time, or lies outside the run.
    """
    from trabecula.analysis.moments import choose_snapshot

    if text is None:
        return default % len(held)
    day = read_time(text, option)
    row = choose_snapshot(held, day, option)
    if abs(held[row] - day) > OFF:
        say_error(f"{option}: no snapshot of day {day:g}; the nearest is taken, day {held[row]:g}")
    return row


def make_request(
    colour: str,
    view: str | None,
    cuts: tuple[str | None, str | None],
    cells: bool,
    population: list[str] | None,
    limits: str | None,
) -> "Request":
    """Return what is to be seen, from options.

    Raises
    ------
    InputError
        If an option is wrong, or two exclude each other.
    """
    from trabecula.viz.cellglyphs import USUAL
    from trabecula.viz.cuts import read_cut
    from trabecula.viz.scene import Request

    at, slab = cuts
    if at is not None and slab is not None:
        msg = "--slab: found together with --slice; allowed: one of them"
        raise InputError(msg)
    cut = None if at is None else read_cut(at, "--slice")
    cut = cut if slab is None else read_cut(slab, "--slab", slab=True)
    names: Any = population or USUAL
    unknown = [name for name in names if name not in POPULATIONS]
    if unknown:
        msg = f"--population: found {unknown[0]!r}; allowed: {', '.join(POPULATIONS)}"
        raise InputError(msg)
    return Request(colour, cut, tuple(names) if cells else (), read_range(limits), view or "")


def read_range(text: str | None) -> tuple[float, float] | None:
    """Return the ends of a colour scale, in the unit that it shows; None without a text.

    Raises
    ------
    InputError
        If they are not two numbers, the lower one first.
    """
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low, high = 1.0, 0.0
    if not -1e12 < low < high < 1e12:
        msg = f"--range: found {text!r}; allowed: two numbers, the lower one first, such as -40,40"
        raise InputError(msg)
    return low, high


def read_width(text: str | None, count: int) -> float:
    """Return the width on paper (mm) of `count` pictures.

    Raises
    ------
    InputError
        If it is no length, or out of bounds.
    """
    from trabecula.config.units import QuantityError, to_number

    if text is None:
        return 85.0 if count == 1 else 180.0
    low, high = WIDTHS
    try:
        width = to_number(text, "mm")
    except QuantityError:
        width = 0.0
    if not low <= width <= high:
        msg = f"--size: found {text!r}; allowed: a width of {low:g} to {high:g} mm, such as 85mm"
        raise InputError(msg)
    return width


def read_dpi(dpi: int) -> int:
    """Return `dpi` if a picture can have it.

    Raises
    ------
    InputError
        If it is out of bounds.
    """
    if not DPI[0] <= dpi <= DPI[1]:
        msg = f"--dpi: found {dpi}; allowed: {DPI[0]} to {DPI[1]}"
        raise InputError(msg)
    return dpi
