"""Snapshots of a run as plates: one moment, or two side by side, under one camera and one scale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.analysis.moments import StoredMoment, list_volumes, read_moment
from trabecula.viz.camera import FACING, Camera, check_view, place_camera
from trabecula.viz.colouring import list_needed
from trabecula.viz.opengl import prepare_drawing
from trabecula.viz.plate import INCH, make_plate, split_width
from trabecula.viz.scene import Request, Scene, make_scene
from trabecula.viz.shot import take_shot

USUAL_VIEW = "corner"


@dataclass(frozen=True)
class Size:
    """Size of a picture.

    Parameters
    ----------
    width
        Width (mm).
    dpi
        Pixels to an inch.
    """

    width: float = 85.0
    dpi: int = 300


class Renderer:
    """Draws moments of one run; what does not change from picture to picture is made once.

    Parameters
    ----------
    place
        Run folder or results file.
    since
        Row of the snapshot since which bone was resorbed and formed.

    Raises
    ------
    InputError
        If the file holds no such colour, or there is no such view.
    MissingError
        If the extra or OpenGL is missing.
    """

    def __init__(self, place: Path, request: Request, since: int = 0) -> None:
        check_view(request.view or USUAL_VIEW)
        self._place, self._request = place, request
        self._needed = ["fraction", *list_needed(request.colour, list_volumes(place))]
        prepare_drawing()
        compared = request.colour == "resorbed"
        self._earlier = read_moment(place, since, ["fraction"]) if compared else None
        self._camera: Camera | None = None

    @property
    def since(self) -> float | None:
        """Day to which ``resorbed`` compares (d); None for other colours."""
        return None if self._earlier is None else self._earlier.time

    def load(self, row: int) -> StoredMoment:
        """Read what the picture of snapshot `row` needs."""
        return read_moment(self._place, row, self._needed, self._request.populations)

    def build(self, row: int) -> Scene:
        """Build the scene of snapshot `row`."""
        return make_scene(self.load(row), self._request, self._earlier)

    def settle(self, rows: Sequence[int]) -> None:
        """Fix camera and scale, so that they suit the snapshots `rows` together.

        Raises
        ------
        ResultsError
            If there is no bone in one of them.
        """
        points, ends = [], []
        for row in rows:
            scene = self.build(row)
            points.append(scene.points)
            if scene.colouring is not None:
                ends.append(scene.colouring.limits)
        self._camera = place_camera(self._choose_view(), np.concatenate(points))
        if ends and self._request.limits is None:
            limits = min(low for low, _ in ends), max(high for _, high in ends)
            self._request = replace(self._request, limits=limits)

    def draw(self, rows: Sequence[int], size: Size) -> Any:
        """Draw snapshots side by side.

        Returns
        -------
        object
            A ``matplotlib.figure.Figure``, `size` wide.
        """
        width = size.width / INCH
        pixels = max(2, round(split_width(width, len(rows)) * size.dpi))
        if len(rows) == 1 and self._camera is None:
            scene = self.build(rows[0])
            camera = place_camera(self._choose_view(), scene.points)
            return make_plate([take_shot(scene, camera, pixels)], width, self.since)
        if self._camera is None:
            self.settle(rows)
        assert self._camera is not None
        shots = [take_shot(self.build(row), self._camera, pixels) for row in rows]
        return make_plate(shots, width, self.since)

    def _choose_view(self) -> str:
        cut = self._request.cut
        return self._request.view or (USUAL_VIEW if cut is None else FACING[cut.axis])
