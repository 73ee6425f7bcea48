"""Where VTK can draw without a display; asked in another process, because VTK may take it along."""

import os
import subprocess
import sys
from functools import cache
from typing import Any

from trabecula.base.errors import MissingError
from trabecula.base.extras import check_extra

EXTRA = "viz"
CHOICE = "VTK_DEFAULT_OPENGL_WINDOW"
"""The variable through which VTK is told which window to draw in."""

WINDOWS = {
    "linux": ("vtkEGLRenderWindow", "vtkOSOpenGLRenderWindow", "vtkXOpenGLRenderWindow"),
    "win32": ("vtkWin32OpenGLRenderWindow",),
    "darwin": ("vtkCocoaRenderWindow",),
}

PROBE = """
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
import vtkmodules.vtkRenderingOpenGL2
window, renderer, pixels = vtkRenderWindow(), vtkRenderer(), vtkUnsignedCharArray()
window.SetOffScreenRendering(1)
window.SetSize(8, 8)
renderer.SetBackground(1.0, 0.0, 0.0)
window.AddRenderer(renderer)
window.Render()
window.GetRGBACharPixelData(0, 0, 7, 7, 0, pixels)
print("drawn", pixels.GetValue(0), flush=True)
"""
"""Draws one red picture; without OpenGL it ends by a signal, not by an error."""

SECONDS = 60.0


@cache
def find_window() -> str:
    """Return the window class in which VTK draws off screen here, or an empty text."""
    # where a display is promised but absent, the window for displays is tried last or not at all
    windows = WINDOWS.get(sys.platform, WINDOWS["linux"])
    chosen = os.environ.get(CHOICE)
    for name in (chosen,) if chosen else windows:
        if name == "vtkXOpenGLRenderWindow" and not os.environ.get("DISPLAY"):
            continue
        try:
            done = subprocess.run(
                [sys.executable, "-c", PROBE],
                env=os.environ | {CHOICE: name},
                capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            continue
        if done.returncode == 0 and "drawn 255" in done.stdout:
            return name
    return ""


def load_pyvista(what: str = "a picture in three dimensions") -> Any:
    """Import pyvista for building meshes; nothing is drawn by it.

    Raises
    ------
    MissingError
        If the extra is not installed.
    """
    check_extra(("vtkmodules.vtkCommonCore", "pyvista"), EXTRA, what)
    import pyvista

    return pyvista


def prepare_drawing() -> Any:
    """Import pyvista and make sure that VTK can draw here.

    Raises
    ------
    MissingError
        If the extra or OpenGL is missing.
    """
    pyvista = load_pyvista()
    window = find_window()
    if not window:
        msg = (
            "a picture in three dimensions needs OpenGL, and VTK found none: on Debian or Ubuntu "
            "install libegl1, libgl1 and libgl1-mesa-dri (they need neither display nor graphics "
            "card); `trabecula section` and `trabecula export` work without"
        )
        raise MissingError(msg)
    os.environ[CHOICE] = window
    return pyvista
