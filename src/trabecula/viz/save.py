"""Figures as files: PNG to look at, SVG and PDF to print."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trabecula.base.errors import InputError, ResultsError
from trabecula.base.files import replace_whole
from trabecula.viz.style import apply_style

FORMATS = ("png", "svg")
"""Formats that are written unless others are asked for."""

KNOWN_FORMATS = (*FORMATS, "pdf")
ENDINGS = (".png", ".pdf", ".svg", ".tif", ".tiff")
"""What one picture may be saved as."""

DATELESS: dict[str, dict[str, None]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None, "ModDate": None},
}
"""Metadata that would make two files of the same figure differ."""


def save_figure(
    figure: Any, folder: Path, name: str, formats: Sequence[str] = FORMATS
) -> list[Path]:
    """Write `figure` as ``folder/name.FORMAT`` in every one of `formats`; returns the paths.

    Raises
    ------
    ResultsError
        If the folder or a file cannot be written.
    """
    paths = [folder / f"{name}.{ending}" for ending in formats]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with apply_style():
            for path in paths:
                metadata = DATELESS.get(path.suffix)
                figure.savefig(path, bbox_inches="tight", pad_inches=0.05, metadata=metadata)
    except OSError as error:
        msg = f"{folder}: the figure cannot be written: {error}; check space and permissions"
        raise ResultsError(msg) from error
    return paths


def check_picture_path(path: Path, option: str = "--out") -> None:
    """Refuse a path that is no picture.

    Raises
    ------
    InputError
        If its ending is none of :data:`ENDINGS`.
    """
    if path.suffix.lower() not in ENDINGS:
        msg = f"{option}: found {path.name!r}; allowed: a file ending in {', '.join(ENDINGS)}"
        raise InputError(msg)


def save_picture(figure: Any, path: Path, dpi: int) -> Path:
    """Write `figure` in its exact size, whole or not at all; returns the path.

    Raises
    ------
    InputError
        If its ending is none of :data:`ENDINGS`.
    ResultsError
        If it cannot be written.
    """
    check_picture_path(path)
    kind = path.suffix.lower().lstrip(".")
    with replace_whole(path, "the picture") as temporary, apply_style():
        figure.savefig(temporary, dpi=dpi, format=kind, metadata=DATELESS.get(f".{kind}"))
    return path
