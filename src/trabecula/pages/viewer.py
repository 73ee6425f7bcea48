"""What the page of a run does: its state in, pictures and words out; no layout here."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trabecula.analysis.sitelife import describe_site, list_spans
from trabecula.base.errors import TrabeculaError
from trabecula.pages.board import Board, Wish
from trabecula.viz.marks import MARKS, PHASES, PICKED, SITES
from trabecula.viz.plate import to_day
from trabecula.viz.scene import Scene
from trabecula.viz.sitehistory import draw_site_history
from trabecula.viz.stage import Stage
from trabecula.viz.style import make_gradient, to_svg

FRAME = 0.25
"""Shortest pause between two snapshots while time runs (s)."""

PAUSE, PATIENCE = 1.0, 20.0
"""Time (s) without drawing in which a page's first, rough picture is sent; longest wait for it."""

STILL = 3
"""A button that came up within so many pixels of where it went down was a click."""

CLOSE = 220.0
"""What is seen above and below a site that is looked at (um)."""

WATCHED = ("row", "colour", "with_bone", "kinds", "marks", "cut", "axis", "place", "site")


class Viewer:
    """Keeps a page's picture in step with its controls.

    Parameters
    ----------
    board
        What can be seen.
    state
        The page's state: attributes that the browser changes too.
    """

    def __init__(self, board: Board, stage: Stage, state: Any) -> None:
        self.board, self.stage, self.state = board, stage, state
        self.push = lambda: None
        self._down: tuple[int, int] | None = None
        self._running = False
        self._is_rough, self._is_refining = board.is_large, False
        for name, value in self.make_defaults().items():
            setattr(state, name, value)

    def make_defaults(self) -> dict[str, Any]:
        """Return the state in which the page opens: the last snapshot, whole."""
        wish = Wish(len(self.board.times) - 1)
        return {
            "row": wish.row, "colour": wish.colour, "with_bone": True, "kinds": list(wish.kinds),
            "marks": list(wish.marks), "cut": wish.cut, "axis": wish.axis, "place": wish.place,
            "site": None, "playing": False, "trouble": "", "day": "", "length": "",
            "scale": {}, "legend": [],
            "sites": [], "site_rows": [], "site_svg": "",
        }  # fmt: skip

    def read_wish(self) -> Wish:
        """Return what the controls ask for."""
        state = self.state
        return Wish(
            row=int(min(max(state.row, 0), len(self.board.times) - 1)),
            colour=state.colour, with_bone=bool(state.with_bone), kinds=tuple(sorted(state.kinds)),
            marks=tuple(sorted(state.marks)), cut=state.cut, axis=state.axis,
            place=round(float(state.place), 4), site=int(state.site or 0),
        )  # fmt: skip

    def refresh(self, **_: Any) -> None:
        """Draw what the controls ask for, and say what is drawn."""
        wish, state = self.read_wish(), self.state
        if self._is_rough:  # cells come with the full picture: drawing them takes longest
            wish = replace(wish, is_rough=True, kinds=())
        try:
            scene = self.board.build(wish)
        except TrabeculaError as error:
            state.trouble = str(error)
            return
        state.trouble = ""
        self.stage.show(scene, wish.with_bone, self.board.size)
        state.day = to_day(float(self.board.times[wish.row]))
        state.length = self.describe_place(wish)
        state.scale, state.legend = self.make_scale(scene), self.make_legend(wish)
        state.sites = self.make_choices(wish)
        self.tell_site(wish)
        self.push()

    async def refine(self, **_: Any) -> None:
        """Draw a large lattice in full, once its rough picture has had the time to reach the page."""
        if self._is_rough and not self._is_refining:  # one page of several
            self._is_refining = True
            drawn, end = self.stage.drawn, time.monotonic() + PATIENCE
            while self.stage.drawn == drawn and time.monotonic() < end:
                await asyncio.sleep(0.05)  # the browser is still building the page that asks for it
            while self.stage.drawn != drawn:  # it is drawn several times, and sent in between
                drawn = self.stage.drawn
                await asyncio.sleep(PAUSE)
            self._is_rough = False
            with self.state:
                self.refresh()

    def describe_place(self, wish: Wish) -> str:
        """Return where the cut is, or how large the lattice is."""
        cut = self.board.make_cut(wish)
        if cut is None:
            return "frame {:.2f} × {:.2f} × {:.2f} mm".format(*(self.board.size / 1000.0))
        return f"{wish.cut} at {wish.axis} = {(cut.position or 0.0) / 1000.0:.2f} mm"

    def make_scale(self, scene: Scene) -> dict[str, str]:
        """Return what the colour bar says; empty if there is none."""
        colouring = scene.colouring
        if colouring is None:
            return {}
        low, high = colouring.limits
        middle = np.sqrt(low * high) if colouring.is_log else 0.5 * (low + high)
        return {
            "label": self.board.describe_scale(colouring), "low": f"{low:.3g}", "high": f"{high:.3g}",
            "middle": f"{middle:.3g}", "gradient": make_gradient(colouring.colours),
        }  # fmt: skip

    def make_legend(self, wish: Wish) -> list[dict[str, str]]:
        """Return names and colours of what is painted on bone."""
        rows = [MARKS[mark] for mark in MARKS if mark in wish.marks]
        rows += PHASES.values() if SITES in wish.marks else []
        rows += [(f"site {wish.site}", PICKED)] if wish.site else []
        return [{"name": name, "colour": colour} for name, colour in rows]

    def make_choices(self, wish: Wish) -> list[dict[str, Any]]:
        """Return the sites that can be picked at this moment."""
        chosen = self.board.list_sites(wish.row)
        if wish.site and wish.site not in chosen:
            chosen.append(wish.site)
        bmus = self.board.bmus
        return [
            {"value": site, "title": f"{site}, from day {bmus['activated'][site - 1]:.0f}"}
            for site in chosen
        ]

    def tell_site(self, wish: Wish) -> None:
        """Show the history of the picked site, or close its panel."""
        state, board = self.state, self.board
        if not 0 < wish.site <= len(board.bmus.get("phase", ())):
            state.site_rows, state.site_svg = [], ""
            return
        row = wish.site - 1
        course = board.measure_site(wish.row, wish.site)
        now = float(board.times[wish.row])
        figure = draw_site_history(list_spans(board.bmus, row), board.times, course, now)
        state.site_rows = [{"name": n, "value": v} for n, v in describe_site(board.bmus, row)]
        state.site_svg = to_svg(figure)

    def note_press(self, place: Sequence[int]) -> None:
        """Remember where the button went down (pixel)."""
        self._down = int(place[0]), int(place[1])

    def note_release(self, place: Sequence[int]) -> None:
        """Pick the site under a click; a drag turns the bone and picks nothing."""
        down, self._down = self._down, None
        if down is None or max(abs(place[0] - down[0]), abs(place[1] - down[1])) > STILL:
            return
        point = self.stage.pick(*place)
        if point is None:
            return
        site = self.board.find_site(self.read_wish().row, point)
        if site != (self.state.site or 0):
            with self.state:  # a click comes from outside the page's own calls: tell the page
                self.state.site = site or None

    def look_from(self, view: str) -> None:
        """Put the camera where the whole lattice is seen."""
        self.stage.look_from(view)
        self.push()

    def look_at_site(self) -> None:
        """Go near to the picked site."""
        if self.state.site:
            self.stage.look_at(self.board.locate_site(int(self.state.site)), CLOSE)
            self.push()

    async def play(self, **_: Any) -> None:
        """Let time run while the page says so, round and round."""
        if self._running:
            return
        self._running = True
        try:
            while self.state.playing:
                with self.state:
                    self.state.row = (int(self.state.row) + 1) % len(self.board.times)
                await asyncio.sleep(FRAME)
        finally:
            self._running = False
