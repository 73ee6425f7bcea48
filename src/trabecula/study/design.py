"""The points of a sweep: the product of its designs, each with every replicate seed."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from trabecula.base.columns import Array
from trabecula.config.schema import Config
from trabecula.config.sweeps import SAMPLES
from trabecula.study.patients import Patients
from trabecula.study.sensitivity import draw_blocks, draw_trajectories

if TYPE_CHECKING:
    from trabecula.config.populationschema import PopulationSettings
    from trabecula.config.sweeps import Box, Change, Sweep
    from trabecula.config.sweepschema import Range

POPULATION = "population"
"""Block of a sweep that describes a virtual population."""


class Who(NamedTuple):
    """Who lives a run of a virtual population.

    Parameters
    ----------
    point
        Number of the point of the design, from 0.
    draw
        Number of the draw of uncertain parameters; 0 leaves them as they are.
    patient, life
        Numbers, from 1.
    """

    point: int
    draw: int
    patient: int
    life: int


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    Parameters
    ----------
    index
        Its number, from 0.
    changes
        Keys that are changed, with their values and where these stand in the sweep file.
    seed
        Its replicate seed; None if the configuration's own is kept.
    who
        Who lives it, in a virtual population.
    """

    index: int
    changes: tuple["Change", ...]
    seed: int | None
    who: Who | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The changed values by dotted path."""
        return {path: value for path, value, _ in self.changes}

    def configure(self, sweep: "Sweep") -> "Config":
        """Return the configuration of this run.

        Raises
        ------
        ConfigError
            With every mistake at once.
        """
        changes = list(self.changes)
        if self.seed is not None:
            changes.append(
                ("seed", self.seed, sweep.find("seeds" if self.who is None else POPULATION))
            )
        return sweep.configure(changes)


def list_points(sweep: "Sweep") -> list[Point]:
    """Return every run of a sweep; seeds run fastest, so that workers begin with different bones."""
    combinations = [
        tuple(itertools.chain.from_iterable(parts)) for parts in itertools.product(*_design(sweep))
    ]
    if sweep.settings.population is not None:
        return list(_populate(sweep, sweep.settings.population, combinations))
    seeds: tuple[int | None, ...] = sweep.seeds or (None,)
    return [
        Point(index, changes, seed)
        for index, (changes, seed) in enumerate(itertools.product(combinations, seeds))
    ]


def _design(sweep: "Sweep") -> "list[list[tuple[Change, ...]]]":
    """Return the designs of a sweep, each as the changes of its points."""
    settings = sweep.settings
    designs: list[list[tuple[Change, ...]]] = [
        [((path, value, sweep.find("grid", path, i)),) for i, value in enumerate(values)]
        for path, values in settings.grid.items()
    ]
    if settings.zip:
        designs.append(_zip(sweep))
    if settings.list:
        designs.append([
            tuple((path, value, sweep.find("list", i, path)) for path, value in row.items())
            for i, row in enumerate(settings.list)
        ])  # fmt: skip
    for name in SAMPLES:
        sample: Box | None = getattr(settings, name)
        if sample is not None:
            designs.append(_sample(sweep, name, sample))
    return designs


def _populate(
    sweep: "Sweep", population: "PopulationSettings", combinations: "list[tuple[Change, ...]]"
) -> "Iterator[Point]":
    """Yield every life of every patient at every point; patients run fastest."""
    patients = Patients(population)
    people = {n: _find_own(sweep, patients, n) for n in range(1, population.patients + 1)}
    count = 0 if population.uncertain is None else population.uncertain.draws
    rows = [
        tuple(
            (path, value, sweep.find(POPULATION, "uncertain", "rows", path))
            for path, value in patients.draw_parameters(number).items()
        )
        for number in range(count + 1)
    ]
    lives = range(1, population.lives + 1)
    product = itertools.product(range(len(combinations)), range(count + 1), lives, people)
    for index, (point, draw_number, life, number) in enumerate(product):
        changes = (*combinations[point], *people[number], *rows[draw_number])
        seed = patients.find_life(number, draw_number, life)
        yield Point(index, changes, seed, Who(point, draw_number, number, life))


def _find_own(sweep: "Sweep", patients: Patients, number: int) -> "tuple[Change, ...]":
    """Return what is a patient's own, with the seed of the structure, be it shared or not."""
    own = tuple(
        (path, value, sweep.find(POPULATION, "varies", path))
        for path, value in patients.draw_patient(number).items()
    )
    population = sweep.settings.population
    is_shared = population is None or population.structures == "shared"
    seed = find_shared_seed(sweep) if is_shared else patients.find_structure(number)
    return own if seed is None else (*own, ("lattice.seed", seed, sweep.find(POPULATION)))


def find_shared_seed(sweep: "Sweep") -> int | None:
    """Return the seed of a structure that all share; None if ``lattice.seed`` is given.

    It would follow the seed of each life, and every life would have a bone of its own.
    """
    data = sweep.base.data if isinstance(sweep.base.data, dict) else {}
    lattice = data.get("lattice")
    given = lattice.get("seed") if isinstance(lattice, dict) else None
    if given is not None or "lattice.seed" in sweep.settings.set:
        return None
    seed = data.get("seed", Config.model_fields["seed"].default)
    return seed if isinstance(seed, int) else None  # what is wrong with it is told elsewhere


def _zip(sweep: "Sweep") -> "list[tuple[Change, ...]]":
    lists = sweep.settings.zip
    count = len(next(iter(lists.values())))
    return [
        tuple((path, values[i], sweep.find("zip", path, i)) for path, values in lists.items())
        for i in range(count)
    ]


def _sample(sweep: "Sweep", name: str, sample: "Box") -> "list[tuple[Change, ...]]":
    rows = draw_box(name, sample)
    return [
        tuple(
            (path, stretch(float(share), limits), sweep.find(name, "ranges", path))
            for share, (path, limits) in zip(row, sample.ranges.items(), strict=True)
        )
        for row in rows
    ]


def draw_box(name: str, sample: "Box") -> Array:
    """Return the points of a design in the unit cube, shape (point, key).

    Raises
    ------
    InputError
        If the design needs SALib and it is not installed.
    """
    from trabecula.config.sweepschema import Morris, SobolIndices

    if isinstance(sample, Morris):
        return draw_trajectories(
            len(sample.ranges), sample.trajectories, sample.levels, sample.seed
        )
    if isinstance(sample, SobolIndices):
        return draw_blocks(len(sample.ranges), sample.blocks, sample.seed)
    return draw(name, len(sample.ranges), sample.points, sample.seed)


def draw(name: str, dimensions: int, points: int, seed: int) -> Array:
    """Return points in the unit cube, shape (point, dimension): a Latin hypercube or Sobol's."""
    from scipy.stats import qmc

    if name == "sobol":
        return qmc.Sobol(dimensions, scramble=True, rng=seed).random(points)
    return qmc.LatinHypercube(dimensions, scramble=True, rng=seed).random(points)


def stretch(share: float, limits: "Range") -> float | int:
    """Return the value that lies at `share` (0..1) of a range.

    Whole numbers have equal shares, or with ``log`` shares by the ratio of each to the next.
    """
    low, high = limits.low, limits.high
    if limits.whole:
        if limits.log:
            value = float(low * ((high + 1.0) / low) ** share)
            return min(int(high), math.floor(value))
        return min(int(high), int(low) + math.floor(share * (high - low + 1.0)))
    if limits.log:
        return float(low * (high / low) ** share)
    return float(low + share * (high - low))


def iterate_paths(points: list[Point]) -> Iterator[str]:
    """Yield every path that some point changes, once, in order."""
    yield from dict.fromkeys(path for point in points for path, _, _ in point.changes)
