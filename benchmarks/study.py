"""Live the arms of a study file: a bone for each seed, kept at day 0, and every arm from it.

A study file (``benchmarks/balance.yaml``) holds parts; a part says which bones (edge, voxel, seeds,
settings until day 0) and which arms (settings from day 0, days). Every arm leaves one ``.npz``:
``daily`` counts, ``series`` every fortnight with the structure every half year, and all rows of
the BMU ledger. What is there already, if only as the beginning of another life, is not lived again,
so that a study can be stopped at any time.
"""

import copy
import hashlib
import itertools
import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from floors import keep_reference, measure_depths, measure_shift, measure_walls
from push import push
from trabecula.base.codes import Stage

CONFIG = Path(__file__).parents[1] / "configs" / "young_adult.yaml"

BASELINE = 365
"""Days before day 0 of which the counts are kept."""

FORTNIGHT, HALF_YEAR = 14, 182

MULTINUCLEATE = 3
"""Nuclei from which an osteoclast counts as multinucleate."""

COUNTS = (
    "day", "bone", "formed", "resorbed", "released", "granted", "spent", "lost", "faded", "bound",
    "carried", "precursors", "osteoclasts", "multinucleate", "nuclei", "nuclei_of_multinucleate",
    "preosteoblasts", "osteoblasts",
    "osteocytes", "sites", "clusters", "mouth", "opened",
)  # fmt: skip
"""Daily columns; matrix and factor in quanta since the beginning."""

SITES = (
    "activated", "first_resorbed", "last_resorbed", "first_formed", "last_formed", "ended", "phase",
    "resorbed", "formed", "nuclei_days", "nuclei_peak", "mouth", "opened",
)  # fmt: skip


@dataclass(frozen=True)
class Bone:
    """What is lived until day 0.

    Parameters
    ----------
    edge
        Edge of the cube (voxels).
    settings
        Changes of ``configs/young_adult.yaml``, as ``--set`` takes them.
    settle
        Days at the levels of day 0, where these are not replete.
    """

    edge: int
    seed: int
    spin_up: int
    settle: int = 0
    settings: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Name of the bone among all that were ever lived with this code."""
        from trabecula.runner.digest import compute_code_digest

        text = json.dumps([compute_code_digest(), self.__dict__], default=list, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Job:
    """One arm of one bone, and where it is kept."""

    part: str
    arm: str
    bone: Bone
    settings: tuple[str, ...]
    days: int
    out: Path
    push: float = 0.0

    @property
    def name(self) -> str:
        """Part, arm and seed."""
        return f"{self.part}/{self.arm}-{self.bone.seed}"

    @property
    def path(self) -> Path:
        """File of the arm."""
        return self.out / f"{self.name}.npz"


def read_parts(path: Path) -> dict[str, dict[str, Any]]:
    """Return the parts of a study file."""
    from ruamel.yaml import YAML

    parts: dict[str, dict[str, Any]] = YAML(typ="safe").load(path.read_text())
    return {name: part for name, part in parts.items() if not name.startswith(".")}


def make_jobs(name: str, part: dict[str, Any], out: Path) -> list[Job]:
    """Return the arms of a part for every seed, bone by bone."""
    jobs = []
    every = tuple(part.get("settings", ()))
    crossed = itertools.product(part["arms"].items(), part.get("with", {"": ()}).items())
    arms = [(name + suffix, given or {}, more) for (name, given), (suffix, more) in crossed]
    for seed in range(1, part["seeds"] + 1):
        for arm, what, more in arms:
            after = flatten(what.get("after", ())) + flatten(more)
            before = every + flatten(what.get("before", ())) + (after if what.get("always") else ())
            bone = Bone(
                what.get("edge", part["edge"]), seed, what.get("spin_up", part["spin_up"]),
                what.get("settle", part.get("settle", 0)), before,
            )  # fmt: skip
            days = what.get("days", part["days"])
            jobs.append(Job(name, arm, bone, before + after, days, out, what.get("push", 0.0)))
    return jobs


def flatten(settings: Iterable[str | list[str]]) -> tuple[str, ...]:
    """Return settings one after another, those of nested lists (YAML aliases) in their place."""
    lists = [[item] if isinstance(item, str) else item for item in settings]
    return tuple(itertools.chain.from_iterable(lists))


def group_by_bone(jobs: list[Job]) -> Iterator[list[Job]]:
    """Arms of one bone are lived one after another by the same process."""
    ordered = sorted(enumerate(jobs), key=lambda job: (job[1].bone.seed, repr(job[1].bone), job[0]))
    for _, group in itertools.groupby(ordered, key=lambda job: job[1].bone):
        yield [job for _, job in group]


def make_config(bone: Bone, settings: tuple[str, ...]):
    """Return the configuration of a bone with `settings`."""
    from trabecula.config import load_config

    cube = [bone.edge] * 3
    asked = [f"lattice.shape={cube}", f"seed={bone.seed}", f"lattice.seed={bone.seed}"]
    asked += [f"spin_up={bone.spin_up}", f"settle={bone.settle}"]
    return load_config(CONFIG, asked + spell_out(settings))


def spell_out(settings: tuple[str, ...]) -> list[str]:
    """Gather rows of the parameter table by their block.

    ``p:cells.osteocyte.trigger=1e-5`` sets a row, ``p:cells.osteocyte.trigger*0.5`` halves it.
    """
    from trabecula.config import load_parameters

    plain = [text for text in settings if not text.startswith("p:")]
    rows: dict[str, dict[str, str]] = {}
    for text in settings:
        if text.startswith("p:"):
            key, sign, value = re.split("([=*])", text[2:], maxsplit=1)
            room = key.partition(".")[0]
            if sign == "*":
                value = repr(load_parameters()[key] * float(value))
            rows.setdefault("cells" if room == "lattice" else room, {})[key] = value
    for block, values in rows.items():
        inside = ", ".join(f"{key}: {value}" for key, value in values.items())
        plain.append(f"{block}.parameters={{{inside}}}")
    return plain


class Diary:
    """Notes of a life: counts daily, series every fortnight, structure every half year."""

    def __init__(self, model, rows: list[list[float]] | None = None) -> None:
        self.model = model
        self.rows = rows or []
        self.series: list[dict[str, float]] = []
        self.references = [keep_reference(model.state)]
        self.depths: list[np.ndarray] = []
        self.walls: list[np.ndarray] = []

    def note_day(self) -> None:
        """Add one row of :data:`COUNTS`."""
        state = self.model.state
        volume, books, cells = state.volume, state.coupling, state.cells
        nuclei = cells.osteoclasts.rows.nuclei
        large = nuclei >= MULTINUCLEATE
        active = int((cells.osteoblasts.rows.stage == Stage.ACTIVE).sum())
        self.rows.append([
            state.clock.time, volume.expected, volume.formed, volume.resorbed,
            books.released, books.granted, books.spent, books.lost, books.faded,
            int(state.lattice.bound.sum(dtype="i8")), int(cells.osteoblasts.rows.dose.sum()),
            cells.precursors.count, cells.osteoclasts.count, int(large.sum()),
            int(nuclei.sum()), int(nuclei[large].sum()), cells.osteoblasts.count - active, active,
            cells.osteocytes.count, state.sites.count, state.events.get("clusters", 0),
            int(state.sites.rows.mouth.sum()), float(state.sites.rows.opened.sum()),
        ])  # fmt: skip

    def note_fortnight(self) -> None:
        """Measure every series."""
        state = self.model.state
        costly = round(state.clock.time) % HALF_YEAR == 0
        row = self.model.sampler.sample(state, costly)
        self.series.append({"day": state.clock.time, **row})
        if costly:
            self.measure_pits()

    def measure_pits(self) -> None:
        """Measure floors of sites of half a year, and walls begun and completed in a whole one."""
        state = self.model.state
        self.depths.append(measure_depths(self.references[-1], state))
        if len(self.references) > 1:
            self.walls.append(measure_walls(self.references[0], state))
        self.references = [self.references[-1], keep_reference(state)]

    def follow(self, days: int) -> None:
        """Live and note `days` days."""
        self.model.call_every(1.0, self.note_day)
        self.model.call_every(FORTNIGHT, self.note_fortnight)
        length = self.model.state.clock.length
        self.model.run_steps(round(days / length))


def make_bone(bone: Bone, folder: Path):
    """Return the bone at day 0 and its daily rows before, from the file it was kept in if there."""
    from trabecula.hormones import is_replete
    from trabecula.model import TrabeculaModel
    from trabecula.records import read_state, write_state
    from trabecula.runner.cache import StateCache
    from trabecula.runner.spinup import SpinUp

    path = folder / f"{bone.digest}.h5"
    if path.is_file():
        state, meta = read_state(path)
        return state, meta["rows"]
    config = make_config(bone, bone.settings)
    state = SpinUp(config, StateCache(folder / "spun-up"), None, lead=BASELINE).make()
    replete = is_replete(config)
    if not replete:
        left = max(0.0, -state.clock.time - bone.settle)
        TrabeculaModel(config, state, replete=True).run_steps(round(left / state.clock.length))
        state.loading.is_fixed = True
    model = TrabeculaModel(config, state, replete=replete)
    diary = Diary(model)
    diary.follow(round(-state.clock.time))
    state.loading.is_fixed = True
    rows = diary.rows[-BASELINE - 1 :]
    write_state(path, state, {"rows": np.asarray(rows).tolist()})
    return state, rows


def find_longer(job: Job, lives: Iterable[Job]) -> Path | None:
    """Return the file of another of `lives` that holds the life of `job`, if it is there."""
    wanted = (job.bone, job.settings, job.push)
    for other in lives:
        same = (other.bone, other.settings, other.push) == wanted and other.days >= job.days
        if same and other.path != job.path and other.path.is_file():
            return other.path
    return None


def live_arms(jobs: list[Job], lives: Iterable[Job] = ()) -> None:
    """Live the arms of one bone that are not there yet; says a line on each.

    What `lives` hold already is not lived again: the file is linked to.
    """
    from trabecula.model import TrabeculaModel
    from trabecula.morphometry.sites import compute_site_measures

    kept = None
    for job in sorted(jobs, key=lambda job: -job.days):
        if job.path.is_file():
            continue
        job.path.parent.mkdir(parents=True, exist_ok=True)
        longer = find_longer(job, [*jobs, *lives])
        if longer is not None:
            job.path.unlink(missing_ok=True)  # a link to what is gone
            job.path.symlink_to(os.path.relpath(longer, job.path.parent))
            print(f"{job.name}: part of {longer.parent.name}/{longer.stem}", flush=True)
            continue
        if kept is None:
            kept, rows = make_bone(job.bone, job.out / "bones")
        begun = time.monotonic()
        state = copy.deepcopy(kept)
        state.seed = job.bone.seed
        if job.push:
            push(state, job.push)
        model = TrabeculaModel(make_config(job.bone, job.settings), state)
        diary = Diary(model, [list(row) for row in rows[:-1]])
        first = diary.references[0]
        diary.follow(job.days)
        names = sorted({key for row in diary.series for key in row})
        series = {n: np.array([row.get(n, np.nan) for row in diary.series]) for n in names}
        sites = {n: np.array(getattr(state.sites.rows, n)) for n in SITES}
        sites |= compute_site_measures(state)
        shift = measure_shift(first, state)
        part = job.path.with_suffix(f".{os.getpid()}.tmp")
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                daily=np.asarray(diary.rows, dtype=float),
                columns=np.array(COUNTS), shift=shift,
                depths=join(diary.depths), walls=join(diary.walls),
                size=state.grid.size, voxel=state.grid.voxel, volume=state.grid.volume,
                **{f"series_{n}": values for n, values in series.items()},
                **{f"sites_{n}": values for n, values in sites.items()},
            )  # fmt: skip
        part.replace(job.path)
        seconds = time.monotonic() - begun
        speed = state.grid.volume * job.days / 365.25 / seconds * 3600
        print(f"{job.name}: {seconds:.0f} s, {speed:.0f} mm^3-yr/h", flush=True)


def join(arrays: list[np.ndarray]) -> np.ndarray:
    """Return arrays one after another; an empty one for none."""
    return np.concatenate([np.zeros(0, np.float32), *arrays])


def live_all(jobs: list[Job], processes: int, lives: list[Job]) -> None:
    """Live all jobs, the bones spread over processes of one thread each; see :func:`live_arms`."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    os.environ["NUMBA_NUM_THREADS"] = "1"
    groups = list(group_by_bone(jobs))
    if processes == 1:
        for group in groups:
            live_arms(group, lives)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(live_arms, group, lives) for group in groups]:
            done.result()
