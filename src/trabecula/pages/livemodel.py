"""A bone that lives while somebody watches: its series, its slices, and what is changed by hand."""

import copy
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trabecula.base.codes import FULL, Species, Stage
from trabecula.hormones import compute_present_blockade, compute_present_levels
from trabecula.model import TrabeculaModel
from trabecula.model.plan import find_signals
from trabecula.pages.knobs import DOSES, Knob
from trabecula.state import State
from trabecula.viz.colouring import FIELDS, NAMES
from trabecula.viz.livebone import LiveSlice

if TYPE_CHECKING:
    from trabecula.config import Config

SERIES = ("bv_tv", "n_oc_bs", "n_ob_bs", "rankl_opg")
YEAR = 365.25

RUNNING = threading.Lock()
"""Compiled loops take all threads: one bone lives at a time, however many pages are open."""

ENDED = threading.Event()
"""The page is being closed: no bone lives on."""

PATIENCE = 5.0
"""Longest time that a bone waits for its page (s); a page that nobody looks at may not be drawn."""
PAUSE = 0.01
"""How often it looks (s)."""

SHOWN = ("rankl", "opg", "sclerostin", "tgfb", "igf1", "estradiol", "none")
"""Fields that can lie in the marrow of the slice."""


@dataclass(frozen=True)
class Start:
    """What a page's bone begins with, and returns to on Reset; never changed.

    Parameters
    ----------
    state
        The bone of day 0.
    """

    config: "Config"
    state: State


class LiveModel(TrabeculaModel):
    """One living bone of one open page."""

    def __init__(self, start: Start) -> None:
        super().__init__(start.config, copy.deepcopy(start.state))
        self.series: dict[str, list[float]] = {
            key: [] for key in ("time", "resorption", "formation", *SERIES)
        }
        self.changes: list[tuple[float, str]] = []
        self._waiting: list[Callable[[], None]] = []
        self.is_behind: Callable[[], bool] = lambda: False
        """Whether the page still has a step of this bone to draw."""
        with RUNNING:
            self._note()

    @property
    def day(self) -> float:
        """Time (d)."""
        return float(self.state.clock.time)

    def step(self) -> None:
        """Live one step and measure; none once the page is being closed.

        A page that is drawn by another thread begins anew whenever the bone has moved on: a bone that
        lives faster than it can be drawn would never be seen. So it waits for its page.
        """
        end = time.monotonic() + PATIENCE
        while self.is_behind() and not ENDED.is_set() and time.monotonic() < end:
            time.sleep(PAUSE)
        if ENDED.is_set():
            self.running = False
            return
        with RUNNING:
            self._catch_up()
            super().step()
            self._note()

    def _do(self, change: Callable[[], None]) -> None:
        """Change something now, or before the next step while one is on its way.

        The signals of a running step are renewed already: a dose that was dated to it would be given by
        no step. The page does not wait for a step either, which may take a while.
        """
        if RUNNING.acquire(blocking=False):
            try:
                self._catch_up()
                change()
            finally:
                RUNNING.release()
        else:
            self._waiting.append(change)

    def _catch_up(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()

    def _note(self) -> None:
        state = self.state
        row = self.sampler.sample(state, costly=False)
        self.series["time"].append(state.clock.time)
        for key in SERIES:
            self.series[key].append(row.get(key, np.nan))
        bone = state.volume.expected / FULL * state.grid.voxel_volume
        for name in ("resorption", "formation"):
            rate = row.get(f"{name}_rate", np.nan)
            self.series[name].append(100.0 * YEAR * rate / bone if bone else np.nan)

    def copy_series(self) -> tuple[dict[str, list[float]], list[tuple[float, str]]]:
        """Return series of one length, each in its metric's unit, and days (d) and words of changes."""
        with RUNNING:
            self._catch_up()
            return {key: list(values) for key, values in self.series.items()}, list(self.changes)

    def read_knob(self, knob: Knob) -> float:
        """Return what the next step will live under, in the unit of the knob."""
        exposure = find_signals(self.plan).exposure
        if knob.block == "blockade":
            return 100.0 * compute_present_blockade(exposure, knob.name, self.day, self._length)
        return compute_present_levels(exposure, self.day, self._length)[knob.name]

    @property
    def _length(self) -> float:
        return float(self.state.clock.length)

    def turn(self, knob: Knob, value: float) -> None:
        """Set a level or a blockade to `value`, in the unit of the knob, from now on.

        Raises
        ------
        InputError
            If the value is outside what the knob allows.
        """
        stored = knob.to_stored(value)

        def change() -> None:
            block = getattr(self.hormones, knob.block)
            points = {knob.name: ((self.day, stored),)}
            # a slider that is dragged leaves one mark, where it was let go
            self.changes = [
                c for c in self.changes if c[0] != self.day or not c[1].startswith(knob.words)
            ]
            self._change({knob.block: block.model_copy(update=points)}, knob.describe(value))

        self._do(change)

    def give_dose(self, drug: str) -> None:
        """Give the usual dose of a drug now."""
        amount, words = DOSES[drug]

        def change() -> None:
            given = (*(getattr(self.hormones.doses, drug) or ()), (self.day, amount))
            doses = self.hormones.doses.model_copy(update={drug: given})
            self._change({"doses": doses}, words)

        self._do(change)

    def _change(self, update: dict[str, Any], words: str) -> None:
        self.hormones = self.hormones.model_copy(update=update)
        self.changes.append((self.day, words))

    def take_slice(self, axis: int, share: float, field: str) -> LiveSlice:
        """Return one plane of the bone as it is now.

        Parameters
        ----------
        axis
            0 z, 1 y, 2 x.
        share
            Where along it, 0..1.
        field
            Of :data:`SHOWN`.
        """
        with RUNNING:
            return self._take_slice(axis, share, field)

    def _take_slice(self, axis: int, share: float, field: str) -> LiveSlice:
        state, shape = self.state, self.state.grid.shape
        layer = min(int(share * shape[axis]), shape[axis] - 1)
        lattice = state.lattice
        matrix, osteoid = (
            np.take(a, layer, axis).astype(np.float32) / FULL
            for a in (lattice.matrix, lattice.osteoid)
        )
        eroded = np.take(lattice.eroded, layer, axis)
        values = self._take_field(axis, layer, field, matrix.shape)
        label = "" if values is None else f"{NAMES.get(field, field)} (pM)"
        names = [name for number, name in enumerate("zyx") if number != axis]
        place = (
            f"{''.join(names)} at {'zyx'[axis]} = {(layer + 0.5) * state.grid.voxel / 1000:.2f} mm"
        )
        cells = self._find_cells(axis, layer)
        return LiveSlice(
            self.day, state.grid.voxel, matrix, osteoid, eroded, values, label, cells, place
        )

    def _take_field(self, axis: int, layer: int, field: str, shape: tuple[int, ...]) -> Any:
        if field == "none":
            return None
        total = np.zeros(shape, np.float32)
        for name in FIELDS.get(field, (field,)):
            species = Species(name)
            is_coarse = self.state.fields.is_coarse(species)
            plane = np.take(
                self.state.fields.get(species), layer // 2 if is_coarse else layer, axis
            )
            if is_coarse:
                plane = plane.repeat(2, 0).repeat(2, 1)[: shape[0], : shape[1]]
            total += plane
        return total

    def _find_cells(self, axis: int, layer: int) -> dict[str, Any]:
        found = {}
        cells = self.state.cells
        for kind in ("osteocytes", "precursors", "osteoblasts", "osteoclasts"):
            table = getattr(cells, kind)
            voxels = np.asarray(table.rows.voxel[: table.count])
            if kind == "osteoblasts":
                active = table.rows.stage[: table.count] == Stage.ACTIVE
                found["preosteoblasts"] = self._place(voxels[~active], axis, layer)
                voxels = voxels[active]
            found[kind] = self._place(voxels, axis, layer)
        return found

    def _place(self, voxels: Any, axis: int, layer: int) -> Any:
        places = np.array(np.unravel_index(voxels.astype(np.int64), self.state.grid.shape))
        return np.delete(places[:, places[axis] == layer], axis, axis=0)
