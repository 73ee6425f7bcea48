"""The species table: sources, grid and clock of every diffusing molecule."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from trabecula.base.codes import Population, Species, Stage, Target
from trabecula.base.errors import ConfigError, Problem
from trabecula.config.shipped import load_shipped
from trabecula.config.units import QuantityError, to_number


class Scale(StrEnum):
    """What the rate of a source is multiplied by."""

    CELL = "cell"
    STRESS = "stress"
    ALARM = "alarm"
    VOLUME = "volume"
    WORK = "work"
    MATURE = "mature"
    SUBSTRATE = "substrate"


@dataclass(frozen=True)
class SourceRow:
    """One population that makes a species.

    Parameters
    ----------
    population, stage
        Who makes it; stage None for all stages.
    scale
        What the rate is multiplied by.
    rate
        Key of the rate in the parameter table (molecules).
    """

    population: Population
    stage: Stage | None
    scale: Scale
    rate: str


@dataclass(frozen=True)
class SpeciesRow:
    """One diffusing molecule.

    Parameters
    ----------
    species
        Which one.
    is_coarse
        Whether it lives on the grid twice as coarse.
    clock
        Interval between solves (d).
    target
        Hormone target that multiplies its production, None for none.
    sources
        Who makes it.
    removal
        What changes when its source is taken out.
    """

    species: Species
    is_coarse: bool
    clock: float
    target: Target | None
    sources: tuple[SourceRow, ...]
    removal: str


@lru_cache(maxsize=1)
def load_species() -> tuple[SpeciesRow, ...]:
    """Return the species table in the order of :class:`Species`."""
    return read_species(Path(__file__).parent / "species.yaml")


def read_species(path: Path) -> tuple[SpeciesRow, ...]:
    """Return the rows of a species table.

    Raises
    ------
    ConfigError
        If a row is missing or has a wrong word; all mistakes at once.
    """
    document = load_shipped(path)
    data: dict[str, Any] = document.data or {}
    problems = list(document.problems)
    names = [str(s) for s in Species]
    allowed = ", ".join(names)
    problems += [
        Problem(str(path), n, "no row", "a row for each species") for n in names if n not in data
    ]
    problems += [
        Problem(str(path), n, "an unknown species", allowed) for n in data if n not in names
    ]
    rows = []
    for species in Species:
        if species in data:
            try:
                rows.append(_make_row(species, data[species]))
            except (KeyError, ValueError, QuantityError) as error:
                where = document.find_key((str(species),))
                problems.append(Problem(where, str(species), str(error), "see the table's header"))
    if problems:
        raise ConfigError(problems)
    return tuple(rows)


def _make_row(species: Species, row: dict[str, Any]) -> SpeciesRow:
    if row["grid"] not in ("fine", "coarse"):
        msg = f"grid {row['grid']!r}"
        raise ValueError(msg)
    target = Target(row["target"]) if "target" in row else None
    sources = tuple(_make_source(source) for source in row["sources"])
    clock = to_number(row["clock"], "d")
    return SpeciesRow(species, row["grid"] == "coarse", clock, target, sources, str(row["removal"]))


def _make_source(row: dict[str, Any]) -> SourceRow:
    stage = Stage[str(row["stage"]).upper()] if "stage" in row else None
    population = Population[str(row["population"]).upper()]
    return SourceRow(population, stage, Scale(row["scale"]), f"fields.{row['rate']}")
