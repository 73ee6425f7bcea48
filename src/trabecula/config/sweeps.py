"""A sweep file to a checked :class:`Sweep`, and each of its points to a configuration."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import ConfigError, Problem
from trabecula.config.load import make_config
from trabecula.config.marks import Document, Key, load_yaml, to_dotted
from trabecula.config.names import replace_odd
from trabecula.config.paths import find_path_problem, to_key
from trabecula.config.placing import place_value
from trabecula.config.populationrules import DECIDED, find_population_problems
from trabecula.config.populationschema import PopulationSettings
from trabecula.config.problems import make_problems
from trabecula.config.schema import Config
from trabecula.config.sweepschema import (
    MOST_RUNS,
    Morris,
    Range,
    Sample,
    SeriesTable,
    SobolIndices,
    SweepSettings,
)

if TYPE_CHECKING:
    from pydantic import ValidationError

SENSITIVITY = ("morris", "sobol_indices")
"""Designs that an analysis of sensitivity needs as they are."""

SAMPLES = ("latin_hypercube", "sobol", *SENSITIVITY)
"""Designs that fill a box."""

type Box = Sample | Morris | SobolIndices

type Change = tuple[str, Any, str]
"""A key that is changed: its dotted path, the value, and where that stands."""


@dataclass(frozen=True)
class Sweep:
    """What a sweep file asks for.

    Parameters
    ----------
    path
        The file.
    settings
        Its values.
    document
        Its values with the places where they stand.
    base
        The document of the base configuration.
    base_path
        Its file; paths in a configuration are relative to it.
    """

    path: Path
    settings: SweepSettings
    document: Document
    base: Document
    base_path: Path

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    @property
    def seeds(self) -> tuple[int, ...]:
        """Replicate seeds; empty if the configuration's own is kept."""
        return self.settings.seeds

    @property
    def table(self) -> SeriesTable | None:
        """Which series are tabulated."""
        return self.settings.table

    def find(self, *key: str | int) -> str:
        """Return where the value at `key` stands."""
        return self.document.find_value(key)

    def configure(self, changes: "list[Change]") -> Config:
        """Return the configuration of one point: the base, what all share, and `changes`.

        Raises
        ------
        ConfigError
            With every mistake at once, each where its value stands.
        """
        source = self.base
        document = Document(
            source.name,
            deepcopy(source.data),
            dict(source.keys),
            dict(source.values),
            list(source.problems),
        )
        shared = [
            (path, value, self.find("set", path)) for path, value in self.settings.set.items()
        ]
        for path, value, where in [*shared, *changes]:
            place_value(document, to_key(path), path, deepcopy(value), where)
        if isinstance(document.data, dict):
            document.data["name"] = self.name
        return make_config(document, self.base_path)


def load_sweep(path: str | Path) -> Sweep:
    """Load a sweep file and the base configuration that it names.

    Raises
    ------
    ConfigError
        With every mistake of the sweep file at once. Points are not looked at yet.
    """
    from pydantic import ValidationError

    file = Path(path)
    document = load_yaml(file)
    data = document.data
    if not isinstance(data, dict):
        problem = Problem(document.find_value(()), "(top level)", repr(data), "keys of a sweep")
        raise ConfigError([*document.problems, problem])
    data = {"name": replace_odd(file.stem).lstrip(".") or "sweep", **data}
    problems = list(document.problems)
    settings: SweepSettings | None = None
    rest: SweepSettings | None
    try:
        rest = settings = SweepSettings.model_validate(data)
    except ValidationError as error:
        known = {problem.where for problem in problems}
        found = make_problems(error, document, SweepSettings)
        problems += [problem for problem in found if problem.where not in known]
        rest = _read_rest(data, error)
    if rest is not None:
        problems += [*_check_paths(rest, document), *_check_base(rest, document, file)]
    if settings is not None:
        problems += [*_check_designs(settings, document), *_check_population(settings, document)]
    if problems or settings is None:
        raise ConfigError(sorted(set(problems), key=lambda problem: _order(problem.where)))
    base_path = file.parent / settings.config
    return Sweep(file, settings, document, load_yaml(base_path), base_path)


def _read_rest(data: Mapping[str, Any], error: "ValidationError") -> SweepSettings | None:
    """Read a file without the keys that are wrong, so that the rest can be looked at as well."""
    from pydantic import ValidationError

    wrong = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
    try:
        return SweepSettings.model_validate({k: v for k, v in data.items() if k not in wrong})
    except ValidationError:
        return None


def _order(where: str) -> tuple[int, ...]:
    return tuple(int(part) for part in where.split(":") if part.isdigit())


def _check_base(settings: SweepSettings, document: Document, file: Path) -> list[Problem]:
    try:
        if (file.parent / settings.config).is_file():
            return []
    except (OSError, ValueError):
        pass
    found, allowed = f"no file {settings.config[:200]}", f"a file, relative to {file.parent}"
    return [Problem(document.find_value(("config",)), "config", found, allowed)]


def list_paths(settings: SweepSettings) -> Iterator[tuple[str, str, Key]]:
    """Yield each key that a design changes: the design, the dotted path, where it stands."""
    for name in ("set", "grid", "zip"):
        for path in getattr(settings, name):
            yield name, path, (name, path)
    for index, row in enumerate(settings.list):
        for path in row:
            yield "list", path, ("list", index, path)
    for name in SAMPLES:
        sample: Box | None = getattr(settings, name)
        for path in sample.ranges if sample is not None else ():
            yield name, path, (name, "ranges", path)


def _check_paths(settings: SweepSettings, document: Document) -> list[Problem]:
    problems: list[Problem] = []
    owners: dict[Key, str] = {}
    for design, path, key in list_paths(settings):
        where = document.find_key(key)
        reason = find_path_problem(path)
        if reason is not None:
            problems.append(Problem(where, to_dotted(key), *reason))
            continue
        owner = owners.setdefault(to_key(path), design)
        if owner != design and "set" not in (owner, design):
            found = f"{path} in {owner} and in {design}"
            problems.append(Problem(where, to_dotted(key), found, "each key in one design"))
        if path == "seed" and settings.seeds:
            allowed = "either seeds, or seed as a key that is varied"
            problems.append(Problem(where, to_dotted(key), "seed beside seeds", allowed))
    return problems


def _check_population(settings: SweepSettings, document: Document) -> list[Problem]:
    """Check the virtual population, and that nothing else sets what it sets."""
    population = settings.population
    if population is None:
        return []
    problems = find_population_problems(population, document, ("population",))
    owners = {to_key(path): design for design, path, _ in list_paths(settings) if design != "set"}
    rows = population.uncertain.rows if population.uncertain is not None else {}
    for kind, paths in (("varies", population.varies), ("uncertain", rows)):
        for path in paths:
            owner = owners.setdefault(to_key(path), kind)
            if owner != kind:
                key: Key = (
                    "population",
                    *(("varies",) if kind == "varies" else (kind, "rows")),
                    path,
                )
                found = f"{path} in {owner} and in {kind}"
                where = document.find_key(key)
                problems.append(Problem(where, to_dotted(key), found, "each key in one place"))
    for name in ("seeds", *SENSITIVITY):
        if getattr(settings, name):
            where, found = document.find_key((name,)), f"{name} beside population"
            hint = "population.lives repeats the chance of a life" if name == "seeds" else ""
            problems.append(Problem(where, name, found, "one of them", hint))
    for design, path, key in list_paths(settings):
        is_kept = path == "lattice.seed" and design == "set" and population.structures == "shared"
        if path in DECIDED and not is_kept:
            where, found = document.find_key(key), f"{path} beside population"
            allowed = "seeds that the population gives each patient"
            problems.append(Problem(where, to_dotted(key), found, allowed))
    return problems


def _check_designs(settings: SweepSettings, document: Document) -> list[Problem]:
    problems: list[Problem] = []
    lengths = {path: len(values) for path, values in settings.zip.items()}
    for path, length in lengths.items():
        first = next(iter(lengths))
        if length != lengths[first]:
            where, found = document.find_value(("zip", path)), f"{length} values"
            allowed = f"{lengths[first]}, as many as {first} has"
            problems.append(Problem(where, to_dotted(("zip", path)), found, allowed))
    for name in SAMPLES:
        sample: Box | None = getattr(settings, name)
        if sample is not None:
            problems += _check_sample(name, sample, document)
    problems += _check_alone(settings, document)
    count = count_points(settings)
    runs = count_lives(settings.population) if settings.population else len(settings.seeds) or 1
    if count * runs > MOST_RUNS:
        what = "seeds" if settings.population is None else "lives of patients"
        found = f"{count} points with {runs} {what}"
        problems.append(Problem(document.find_value(()), "(file)", found, f"{MOST_RUNS} runs"))
    is_one = count == 1 and not settings.seeds and settings.population is None
    if is_one and not any(list_paths(settings)):
        allowed = (
            "grid, zip, list, latin_hypercube, sobol, morris, sobol_indices, seeds or population"
        )
        problems.append(Problem(document.find_value(()), "(file)", "nothing that varies", allowed))
    return problems


def _check_alone(settings: SweepSettings, document: Document) -> list[Problem]:
    """Insist that a design of sensitivity is the only one: its points mean something together."""
    designs = [name for name in ("grid", "zip", "list", *SAMPLES) if getattr(settings, name)]
    if len(designs) < 2:
        return []
    return [
        Problem(
            document.find_key((name,)), name, f"{name} beside {', '.join(set(designs) - {name})}",
            f"{name} alone, with set and seeds",
        )
        for name in designs if name in SENSITIVITY
    ]  # fmt: skip


def count_points(settings: SweepSettings) -> int:
    """Return how many points the product of all designs has."""
    count = max(1, len(settings.list))
    for values in settings.grid.values():
        count *= len(values)
    if settings.zip:
        count *= len(next(iter(settings.zip.values())))
    for name in SAMPLES:
        sample: Box | None = getattr(settings, name)
        count *= 1 if sample is None else sample.points
    return count


def count_lives(population: PopulationSettings) -> int:
    """Return the runs of one point: each patient's lives, under the table's own rows and each draw."""
    draws = 0 if population.uncertain is None else population.uncertain.draws
    return population.patients * population.lives * (1 + draws)


def _check_sample(name: str, sample: Box, document: Document) -> list[Problem]:
    problems: list[Problem] = []
    word = {"sobol": "points", "sobol_indices": "blocks"}.get(name, "")
    count = getattr(sample, word) if word else 1
    if count & (count - 1):
        key: Key = (name, word)
        up = 1 << count.bit_length()
        hint = f"{up // 2} or {up}"
        allowed = "a power of two, which Sobol points need to be balanced"
        problems.append(
            Problem(document.find_value(key), to_dotted(key), str(count), allowed, hint)
        )
    if name == "morris" and isinstance(sample, Morris) and sample.levels % 2:
        key = (name, "levels")
        where, found = document.find_value(key), str(sample.levels)
        problems.append(Problem(where, to_dotted(key), found, "an even number of levels"))
    for path, limits in sample.ranges.items():
        key = (name, "ranges", path)
        problems += _check_range(key, limits, document)
        if limits.whole and isinstance(sample, Morris):
            allowed = "ranges without whole, whose steps have one length"
            hint = "sobol_indices takes whole numbers"
            where = document.find_value((*key, "whole"))
            problems.append(
                Problem(where, to_dotted((*key, "whole")), "on under morris", allowed, hint)
            )
    return problems


def _check_range(key: Key, limits: Range, document: Document) -> list[Problem]:
    where = document.find_value(key)
    if not limits.low < limits.high:
        found = f"low {limits.low:g}, high {limits.high:g}"
        return [Problem(where, to_dotted(key), found, "low under high")]
    if limits.log and limits.low <= 0:
        return [Problem(where, to_dotted(key), f"low {limits.low:g}", "above 0 with log: on")]
    if limits.whole and not (limits.low.is_integer() and limits.high.is_integer()):
        found = f"{limits.low:g} .. {limits.high:g}"
        return [Problem(where, to_dotted(key), found, "whole numbers with whole: on")]
    return []


def describe_changes(changes: Mapping[str, Any]) -> str:
    """Return changes as one line."""
    return ", ".join(f"{path}={value}" for path, value in changes.items()) or "(as the base)"
