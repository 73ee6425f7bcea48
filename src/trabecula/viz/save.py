"""Figures as files: PNG to look at, SVG and PDF to print."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trabecula.base.errors import ResultsError
from trabecula.viz.style import apply_style

FORMATS = ("png", "svg")
"""Formats that are written unless others are asked for."""

DATELESS: dict[str, dict[str, None]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None, "ModDate": None},
}
"""Metadata that would make two files of the same figure differ."""

KNOWN_FORMATS = (*FORMATS, "pdf")


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
