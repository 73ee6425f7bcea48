"""Figures as files: PNG to look at, SVG to print."""

from pathlib import Path
from typing import Any

from trabecula.base.errors import ResultsError
from trabecula.viz.style import apply_style

FORMATS = ("png", "svg")


def save_figure(figure: Any, folder: Path, name: str) -> list[Path]:
    """Write `figure` as ``folder/name.png`` and ``.svg``; returns the paths.

    Raises
    ------
    ResultsError
        If the folder or a file cannot be written.
    """
    paths = [folder / f"{name}.{ending}" for ending in FORMATS]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with apply_style():
            for path in paths:
                dateless = {"Date": None} if path.suffix == ".svg" else None
                figure.savefig(path, bbox_inches="tight", pad_inches=0.05, metadata=dateless)
    except OSError as error:
        msg = f"{folder}: the figure cannot be written: {error}; check space and permissions"
        raise ResultsError(msg) from error
    return paths
