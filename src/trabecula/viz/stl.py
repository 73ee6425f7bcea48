"""The surface of bone as STL, for meshing, printing and finite elements."""

from pathlib import Path
from typing import Any

from trabecula.base.errors import ResultsError
from trabecula.base.files import replace_whole
from trabecula.viz.opengl import load_pyvista

MILLIMETRE = 1000.0


def write_stl(mesh: Any, path: Path, words: str) -> None:
    """Write a surface (um) as binary STL in mm; whole, or not at all.

    Parameters
    ----------
    words
        What stands in its header, which also states the unit; 80 characters at most are kept.

    Raises
    ------
    ResultsError
        If there is no surface, or the file cannot be written.
    MissingError
        If the extra is not installed.
    """
    load_pyvista("a surface")
    from vtkmodules.vtkIOGeometry import vtkSTLWriter

    if not mesh.n_points:
        msg = f"{path}: there is no bone to write; try another time"
        raise ResultsError(msg)
    scaled = mesh.copy()
    scaled.points = scaled.points / MILLIMETRE
    scaled.clear_data()
    writer = vtkSTLWriter()
    writer.SetFileTypeToBinary()
    writer.SetHeader(f"unit: mm; x, y, z; {words}"[:79])
    writer.SetInputData(scaled)
    with replace_whole(path, "the surface") as temporary:
        temporary.touch()
        writer.SetFileName(str(temporary))
        if not writer.Write():
            msg = f"{path}: the surface cannot be written; check space and permissions"
            raise ResultsError(msg)
