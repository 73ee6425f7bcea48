"""The keys of a virtual population: what differs between patients, and what nobody knows for certain."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from trabecula.config.parameters.row import GRADES
from trabecula.config.schema import Block
from trabecula.config.types import Choice, Items, Quantity, Text, Whole

KINDS = ("normal", "lognormal", "uniform", "triangular", "choice", "range", "log_range")
"""Distributions; the last two stand for the range that the table of parameters gives a row."""

MOST_PATIENTS = 100_000
MOST_DRAWS = 999
"""Draws of the uncertain parameters, and lives of a patient."""

MOST_SEED = 999_999
"""Largest seed of a population: seeds of patients are made of it."""

Number = Annotated[float, Quantity("1")]
Positive = Annotated[float, Quantity("1", 0, above=True)]


class Distribution(Block):
    """How a key is distributed, in the unit of the key."""

    distribution: Annotated[str, Choice(KINDS)]
    mean: Number | None = None
    median: Number | None = None
    sd: Positive | None = None
    gsd: Annotated[float, Quantity("1", 1, above=True)] | None = None
    low: Number | None = None
    mode: Number | None = None
    high: Number | None = None
    values: Annotated[tuple[Any, ...], Items("a list of values, such as [10, 30]")] | None = None
    weights: Annotated[tuple[Any, ...], Items("a list of weights, such as [3, 1]")] | None = None
    source: Annotated[str, Text()] | None = None
    grade: Annotated[str, Choice(GRADES)] | None = None


class Correlation(Block):
    """How two keys go together: the correlation of their normal scores."""

    between: Annotated[tuple[Any, ...], Items("two keys of varies, such as [patient.age, ...]")]
    r: Annotated[float, Quantity("1", -0.999, 0.999)]
    source: Annotated[str, Text()] | None = None
    grade: Annotated[str, Choice(GRADES)] | None = None


def _read_word(value: Any) -> Any:
    """Understand ``KEY: range``."""
    return {"distribution": value} if isinstance(value, str) else value


Distributions = dict[str, Annotated[Distribution, BeforeValidator(_read_word)]]


class Uncertain(Block):
    """Rows of the table of parameters whose value is not known: the same for all patients of a draw."""

    draws: Annotated[int, Whole(1, MOST_DRAWS)]
    rows: Distributions = Field(min_length=1)


class Variation(Block):
    """What differs between patients."""

    seed: Annotated[int, Whole(0, MOST_SEED)] = 1
    varies: Distributions = Field(default_factory=dict)
    correlation: tuple[Correlation, ...] = ()


class PopulationSettings(Variation):
    """A virtual population: patients, each lived at every point of the design."""

    patients: Annotated[int, Whole(1, MOST_PATIENTS)]
    lives: Annotated[int, Whole(1, MOST_DRAWS)] = 1
    structures: Annotated[str, Choice(("own", "shared"))] = "own"
    uncertain: Uncertain | None = None
