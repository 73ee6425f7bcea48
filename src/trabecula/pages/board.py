"""From what a reader asked a page to what is drawn: time to snapshot, layers, cuts, the picked site."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trabecula.analysis import load_results
from trabecula.analysis.moments import (
    StoredMoment,
    list_volumes,
    load_snapshot_times,
    read_moment,
)
from trabecula.analysis.sitelife import list_present, measure_course
from trabecula.base.columns import Array
from trabecula.base.errors import ResultsError
from trabecula.viz.cellglyphs import LOOKS
from trabecula.viz.colouring import FIELDS, NAMES, Colouring, list_colours, list_needed
from trabecula.viz.cuts import AXES, SLAB, Cut
from trabecula.viz.marks import ERODED, NEEDED, OSTEOID, SITES, look_up, paint_marks, paint_picked
from trabecula.viz.scene import Request, Scene, make_scene

WORDS = {"plain": "plain", "tissue": "osteoid and eroded", "resorbed": "resorbed and formed"}
"""Colours that are no volume, as the page names them."""

STORED_AS = {"preosteoblasts": "osteoblasts"}
"""Kinds of cells that are a stage of a stored population."""

ALL = ("osteoclasts", "osteoblasts", "preosteoblasts", "lining", "precursors", "osteocytes")
CUTS = ("none", "slice", "slab")
KEPT = 12
"""Scenes and moments that are kept, so that a slider moved back and forth is quick."""

TRIANGLES = 300_000
"""Triangles above which cells are drawn more coarsely: a page is turned, not printed."""

LARGE = 3_000_000
"""Voxels from which the first picture is a rough one."""

NEAR = 3
"""A click this near to a voxel of a site (voxel) picks it."""


@dataclass(frozen=True)
class Wish:
    """What a reader wants to see.

    Parameters
    ----------
    row
        Row of the snapshot.
    colour
        plain, resorbed, mineral, sed, or a field.
    with_bone
        Whether bone is drawn.
    kinds
        Cells that are drawn.
    marks
        Of osteoid, eroded and sites: painted over the colour.
    cut, axis, place
        none, slice or slab; z, y or x; where along it, 0..1.
    site
        The picked site; 0 for none.
    is_rough
        Whether a surface of twice the voxel will do, which is there sooner.
    """

    row: int
    colour: str = "plain"
    with_bone: bool = True
    kinds: tuple[str, ...] = ("osteoclasts", "osteoblasts")
    marks: tuple[str, ...] = (OSTEOID, ERODED)
    cut: str = "none"
    axis: str = "z"
    place: float = 0.5
    site: int = 0
    is_rough: bool = False


class Board:
    """Scenes of one run, made as they are asked for.

    Parameters
    ----------
    place
        Run folder or results file.

    Raises
    ------
    ResultsError
        If the file cannot be read, or holds no snapshot or no bone.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.times = load_snapshot_times(place)
        self._held = list_volumes(place)
        self.bmus: Mapping[str, Array] = load_results(place).bmus
        self._moments: OrderedDict[Any, StoredMoment] = OrderedDict()
        self._scenes: OrderedDict[Any, Scene] = OrderedDict()
        self._limits: dict[Any, tuple[float, float]] = {}
        self._courses: OrderedDict[Any, Array | None] = OrderedDict()
        last = self.load(len(self.times) - 1, ["fraction"])
        self.shape, self.voxel = last.shape, last.voxel
        if not (last.volumes["fraction"].values > 0).any():
            msg = f"{place}: there is no bone in its last snapshot; nothing to show"
            raise ResultsError(msg)

    @property
    def size(self) -> Array:
        """Edges x, y, z of the lattice, shape (3,), um."""
        return np.array(self.shape[::-1]) * self.voxel

    @property
    def is_large(self) -> bool:
        """Whether a surface takes so long that a rough one should stand first."""
        return bool(np.prod(self.shape, dtype=np.int64) >= LARGE)

    def list_colours(self) -> list[tuple[str, str]]:
        """List the colours of bone that this file has: value and words."""
        known = [c for c in list_colours(self._held) if c != "tissue"]  # a layer of its own here
        usable = [c for c in known if c not in FIELDS or set(FIELDS[c]) <= set(self._held)]
        return [(c, WORDS.get(c) or NAMES.get(c) or c.replace("_", " ")) for c in usable]

    def list_kinds(self) -> list[tuple[str, str, str]]:
        """List the kinds of cells: value, words, colour."""
        return [(kind, LOOKS[kind].label, LOOKS[kind].colour) for kind in ALL]

    def load(self, row: int, volumes: Sequence[str], kinds: Sequence[str] = ()) -> StoredMoment:
        """Read volumes and cells of snapshot `row`, or take them from what was read before."""
        populations = tuple(dict.fromkeys(STORED_AS.get(kind, kind) for kind in kinds))
        key = (row, tuple(sorted(set(volumes))), populations)
        found: StoredMoment = _keep(
            self._moments, key, lambda: read_moment(self.place, row, key[1], populations)
        )
        return found

    def build(self, wish: Wish) -> Scene:
        """Build the scene that was wished for.

        Raises
        ------
        InputError
            If the file holds no such colour or cells.
        ResultsError
            If there is no bone in what is to be seen.
        """
        found: Scene = _keep(self._scenes, wish, lambda: self._build(wish))
        return found

    def _build(self, wish: Wish) -> Scene:
        marks = [NEEDED[mark] for mark in wish.marks]
        marks += [NEEDED[SITES]] if wish.site else []
        marks += [NEEDED[ERODED]] if wish.site or SITES in wish.marks else []
        volumes = ["fraction", *list_needed(wish.colour, self._held), *marks]
        moment = self.load(wish.row, volumes, wish.kinds)
        request = self._make_request(wish)
        earlier = self.load(0, ["fraction"]) if wish.colour == "resorbed" else None
        scene = make_scene(moment, request, earlier)
        bodies = {kind: mesh for kind, mesh in scene.bodies.items() if kind in wish.kinds}
        rgb = np.array(scene.bone["rgb"])
        paint_marks(rgb, scene.bone, moment, wish.marks, self.bmus)
        if wish.site:
            paint_picked(rgb, scene.bone, moment, wish.site)
        scene.bone["rgb"] = rgb
        return replace(scene, bodies=bodies)

    def _make_request(self, wish: Wish) -> Request:
        """Return a request whose scale is that of the first and the last snapshot together."""
        populations = tuple(dict.fromkeys(STORED_AS.get(kind, kind) for kind in wish.kinds))
        joined = 2 if wish.is_rough else 1
        request = Request(
            wish.colour, self.make_cut(wish), populations, triangles=TRIANGLES, joined=joined
        )
        if wish.colour == "plain":
            return request
        key = (wish.colour, wish.cut, wish.axis if wish.cut != "none" else "")
        if key not in self._limits:
            ends = [self._find_limits(wish.colour, request, row) for row in self._ends(wish.colour)]
            known = [end for end in ends if end is not None]
            self._limits[key] = min(e[0] for e in known), max(e[1] for e in known)
        return replace(request, limits=self._limits[key])

    def _ends(self, colour: str) -> set[int]:
        last = len(self.times) - 1
        return {last} if colour == "resorbed" else {0, last}

    def _find_limits(self, colour: str, request: Request, row: int) -> tuple[float, float] | None:
        moment = self.load(row, ["fraction", *list_needed(colour, self._held)])
        earlier = self.load(0, ["fraction"]) if colour == "resorbed" else None
        cut = None if request.cut is None else replace(request.cut, position=None)
        scene = make_scene(moment, replace(request, populations=(), cut=cut), earlier)
        return None if scene.colouring is None else scene.colouring.limits

    def make_cut(self, wish: Wish) -> Cut | None:
        """Return the cut that was wished for, never outside the lattice; None for the whole."""
        if wish.cut == "none":
            return None
        axis = AXES.index(wish.axis)
        count = self.shape[axis]
        share = min(max(wish.place, 1.0 / count), 1.0 - 1.0 / count)
        return Cut(axis, share * count * self.voxel, SLAB if wish.cut == "slab" else None)

    def describe_scale(self, colouring: Colouring) -> str:
        """Return what the colour bar says."""
        return colouring.label.format(since=f"day {self.times[0]:g}")

    def list_sites(self, row: int) -> list[int]:
        """List the sites that had begun at snapshot `row`: open ones first, latest first."""
        return list_present(self.bmus, float(self.times[row]))

    def find_site(self, row: int, point: Array) -> int:
        """Return the site nearest to a `point` (x, y, z in um) of the surface; 0 if none is near."""
        sites = self.load(row, ["site"]).volumes["site"].values
        home = np.asarray(point) / self.voxel
        steps = np.arange(-NEAR, NEAR + 1)
        offsets = np.array(np.meshgrid(steps, steps, steps)).reshape(3, -1).T
        inside = ((home + offsets >= 0) & (home + offsets < self.shape[::-1])).all(axis=1)
        offsets = offsets[inside & (np.linalg.norm(offsets, axis=1) <= NEAR)]
        found = look_up(sites, home + offsets)
        centres = np.floor(home + offsets) + 0.5
        distance = np.where(found > 0, np.linalg.norm(centres - home, axis=1), np.inf)
        best = int(np.argmin(distance)) if len(distance) else 0
        return int(found[best]) if len(distance) and np.isfinite(distance[best]) else 0

    def locate_site(self, site: int) -> Array:
        """Return where a site began (x, y, z in um)."""
        z, y, x = np.unravel_index(int(self.bmus["voxel"][site - 1]), self.shape)
        return (np.array([x, y, z]) + 0.5) * self.voxel

    def measure_site(self, row: int, site: int) -> Array | None:
        """Measure the bone in a site's place at every snapshot (um^3), its place as it is at `row`.

        None if no voxel is its own at that moment; shape (snapshot,).
        """
        sites = self.load(row, ["site"]).volumes["site"].values
        make = partial(measure_course, self.place, sites, site, self.voxel)
        return _keep(self._courses, (row, site), make)  # type: ignore[no-any-return]


def _keep(store: OrderedDict[Any, Any], key: Any, make: Any) -> Any:
    """Return what is kept under `key`, or make it and forget the oldest."""
    if key not in store:
        store[key] = make()
        if len(store) > KEPT:
            store.popitem(last=False)
    store.move_to_end(key)
    return store[key]
