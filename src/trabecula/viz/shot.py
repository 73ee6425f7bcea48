"""A scene as a picture: soft light, white ground, no display."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.camera import Camera
from trabecula.viz.cellglyphs import LOOKS
from trabecula.viz.colouring import Colouring
from trabecula.viz.opengl import prepare_drawing
from trabecula.viz.scene import Scene

OVERSAMPLING = 2
"""The picture is drawn this many times finer, and averaged."""

SHADE = 120.0
"""Reach of the shade that struts cast on each other (um)."""

BIAS = 8.0
"""Depth below which a step casts none (um): what is left of the voxels makes no rings."""

LIGHTS = (((-0.6, 0.8, 1.0), 0.72), ((0.9, 0.2, 0.8), 0.32), ((0.0, -1.0, 0.6), 0.16))
"""Places of the lights about the camera (right, up, towards it), and how strong they are."""


@dataclass(frozen=True)
class Shot:
    """A picture and what is needed to explain it.

    Parameters
    ----------
    picture
        Shape (row, column, 3), uint8.
    pixel
        Edge of a pixel (um).
    kinds
        Kinds of cells that are in the scene.
    """

    picture: Array
    pixel: float
    time: float
    colouring: Colouring | None
    kinds: tuple[str, ...]
    is_tissue: bool


def take_shot(scene: Scene, camera: Camera, width: int) -> Shot:
    """Draw what `camera` sees of a scene, `width` pixels wide.

    Raises
    ------
    MissingError
        If the extra or OpenGL is missing.
    """
    pv = prepare_drawing()
    height = max(2, round(width * camera.height / camera.width))
    size = [OVERSAMPLING * width, OVERSAMPLING * height]
    plotter = pv.Plotter(off_screen=True, window_size=size, lighting="none")
    try:
        plotter.set_background("white")
        cells = add_meshes(plotter, scene)
        add_lights(plotter, pv)
        plotter.camera.position = camera.position
        plotter.camera.focal_point = camera.focus
        plotter.camera.up = camera.up
        plotter.camera.parallel_projection = True
        plotter.camera.parallel_scale = camera.height / 2.0
        plotter.renderer.ResetCameraClippingRange()
        plotter.enable_ssao(radius=SHADE, bias=BIAS, kernel_size=64, blur=True)
        _lift_cells(plotter, cells)
        drawn = np.asarray(plotter.screenshot(return_img=True))
    finally:
        plotter.close()
    picture = _average(drawn[..., :3])
    kinds = tuple(kind for kind in LOOKS if kind in scene.bodies)
    return Shot(picture, camera.width / width, scene.time, scene.colouring, kinds, scene.is_tissue)


def _lift_cells(plotter: Any, cells: Sequence[Any]) -> None:
    """Move cells to a layer of their own: bone hides but does not shade them, as colour tells kinds."""
    from vtkmodules.vtkRenderingCore import vtkRenderer

    above: Any = vtkRenderer()
    above.SetLayer(1)
    above.PreserveDepthBufferOn()
    above.SetActiveCamera(plotter.camera)
    for light in plotter.renderer.lights:
        above.AddLight(light)
    for cell in cells:
        plotter.renderer.RemoveActor(cell)
        above.AddActor(cell)
    plotter.ren_win.SetNumberOfLayers(2)
    plotter.ren_win.AddRenderer(above)


def add_lights(plotter: Any, pv: Any) -> None:
    """Light a scene from places that move with the camera."""
    for place, strength in LIGHTS:
        plotter.add_light(pv.Light(position=place, light_type="camera light", intensity=strength))


def add_meshes(plotter: Any, scene: Scene, with_bone: bool = True) -> list[Any]:
    """Put the meshes of a scene before the camera, which stays where it is; return the cells' actors."""
    soft = {"ambient": 0.24, "diffuse": 0.85, "specular": 0.08, "specular_power": 12}
    soft |= {"smooth_shading": True, "reset_camera": False}
    if with_bone:
        plotter.add_mesh(scene.bone, scalars="rgb", rgb=True, **soft)
    lit = soft | {"ambient": 0.45, "diffuse": 0.7}  # what faces the light has its own colour
    cells = [
        plotter.add_mesh(mesh, color=LOOKS[kind].colour, **lit)
        for kind, mesh in scene.bodies.items()
    ]
    flat = {"lighting": False, "reset_camera": False}
    if scene.plane is not None:
        plotter.add_mesh(scene.plane, scalars="rgb", rgb=True, **flat)
    if scene.lines is not None:
        plotter.add_mesh(scene.lines, color="#ffffff", line_width=2, **flat)
    return cells


def _average(drawn: Array) -> Array:
    rows, columns = (n // OVERSAMPLING for n in drawn.shape[:2])
    blocks = drawn[: rows * OVERSAMPLING, : columns * OVERSAMPLING].reshape(
        rows, OVERSAMPLING, columns, OVERSAMPLING, 3
    )
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
