"""A window off screen that stays open: scenes come and go before one camera; a click asks them."""

from typing import Any

import numpy as np

from trabecula.base.columns import Array
from trabecula.viz.camera import place_camera
from trabecula.viz.opengl import prepare_drawing
from trabecula.viz.scene import Scene
from trabecula.viz.shot import add_lights, add_meshes
from trabecula.viz.style import GREY

SIZE = (900, 700)


class Stage:
    """Draws one scene after another for a page.

    Raises
    ------
    MissingError
        If the extra or OpenGL is missing.
    """

    def __init__(self) -> None:
        self._pv = pv = prepare_drawing()
        self.plotter = pv.Plotter(off_screen=True, window_size=list(SIZE), lighting="none")
        self.plotter.set_background("white")
        add_lights(self.plotter, pv)
        self.plotter.enable_parallel_projection()
        self.plotter.iren.interactor.Enable()  # off screen it is not, and would answer no mouse
        self.drawn = 0
        self._counting = self.plotter.ren_win.AddObserver("EndEvent", self._count)
        self._scene: Scene | None = None
        self._corners = np.zeros((8, 3))

    def _count(self, *_: Any) -> None:
        """Count pictures: who waits for one sees here that it was drawn."""
        self.drawn += 1

    def show(self, scene: Scene, with_bone: bool, size: Array) -> None:
        """Put `scene` on stage in place of what was there; the camera stays.

        Parameters
        ----------
        size
            Edges x, y, z of the whole lattice, shape (3,), um; drawn as a frame.
        """
        first = self._scene is None
        self._scene = scene if with_bone else None
        self.plotter.clear_actors()
        add_meshes(self.plotter, scene, with_bone)
        frame = self._pv.Box(bounds=(0, size[0], 0, size[1], 0, size[2])).extract_all_edges()
        self.plotter.add_mesh(
            frame, color=GREY, line_width=1, lighting=False, reset_camera=False, pickable=False
        )
        self._corners = np.asarray(frame.points, dtype=np.float64)
        if first:
            self.look_from("corner")

    def look_from(self, view: str) -> None:
        """Put the camera where the whole lattice is seen from `view`."""
        camera = place_camera(view, self._corners)
        width, height = self.plotter.window_size
        self._aim(camera.position, camera.focus, camera.up)
        wide = max(camera.height, camera.width * height / width)
        self.plotter.camera.parallel_scale = 0.5 * wide
        self.plotter.renderer.ResetCameraClippingRange()

    def look_at(self, point: Array, half: float) -> None:
        """Turn to `point` (x, y, z in um) and go near: `half` (um) is seen above and below it."""
        camera = self.plotter.camera
        back = np.array(camera.position) - np.array(camera.focal_point)
        self._aim(np.asarray(point) + back, point, camera.up)
        camera.parallel_scale = half
        self.plotter.renderer.ResetCameraClippingRange()

    def _aim(self, position: Any, focus: Any, up: Any) -> None:
        camera = self.plotter.camera
        camera.position, camera.focal_point, camera.up = (
            tuple(float(v) for v in place) for place in (position, focus, up)
        )

    def pick(self, column: float, row: float) -> Array | None:
        """Return the point of bone (x, y, z in um) seen at a pixel; or None.

        Parameters
        ----------
        column, row
            Place of the pixel, from the left and from below (pixel).
        """
        if self._scene is None:
            return None
        ends = [self._to_world(column, row, depth) for depth in (0.0, 1.0)]
        points, _ = self._scene.bone.ray_trace(*ends, first_point=True)
        return np.asarray(points, dtype=np.float64) if len(points) else None

    def _to_world(self, column: float, row: float, depth: float) -> Array:
        renderer = self.plotter.renderer
        renderer.SetDisplayPoint(column, row, depth)
        renderer.DisplayToWorld()
        x, y, z, w = renderer.GetWorldPoint()
        point: Array = np.array([x, y, z]) / w
        return point

    def take_picture(self) -> Array:
        """Return what the camera sees, shape (row, column, 3), uint8, in units of 1/255."""
        return np.asarray(self.plotter.screenshot(return_img=True))[..., :3]

    def close(self) -> None:
        """Let go of the window."""
        if self.plotter.ren_win is not None:  # a window that goes is not to call what has gone
            self.plotter.ren_win.RemoveObserver(self._counting)
        self.plotter.close()
