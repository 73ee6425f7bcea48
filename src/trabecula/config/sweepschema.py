"""The keys of a sweep file: a base configuration, what is varied, and replicate seeds."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from trabecula.config.populationschema import PopulationSettings
from trabecula.config.schema import Block, Interval
from trabecula.config.types import Items, Quantity, Switch, Text, Whole, _Leaf, make_error

LARGEST_SEED = 2**63 - 1
MOST_RUNS = 100_000
"""Runs of one sweep."""


@dataclass(frozen=True)
class Rows(_Leaf):
    """A list of mappings from configuration keys to values."""

    def read(self, value: Any) -> tuple[dict[str, Any], ...]:
        """Return the rows."""
        if not isinstance(value, list | tuple) or not value:
            raise make_error(repr(value), "a list of rows, such as [{seed: 1}, {seed: 2}]")
        for index, row in enumerate(value):
            if not isinstance(row, dict):
                raise make_error(
                    repr(row), "a row {KEY: VALUE, ...}; {} changes nothing", "", index
                )
        return tuple(value)

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "array", "items": {"type": "object"}, "minItems": 1}


@dataclass(frozen=True)
class Anything(_Leaf):
    """Whatever the key that it is given to may hold."""

    def read(self, value: Any) -> Any:
        """Return `value`."""
        return value

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {}


@dataclass(frozen=True)
class Seeds(_Leaf):
    """A number of replicates, or their seeds."""

    def read(self, value: Any) -> tuple[int, ...]:
        """Return the seeds; N stands for 1 .. N."""
        if isinstance(value, int) and not isinstance(value, bool):
            return tuple(range(1, Whole(1, MOST_RUNS).read(value) + 1))
        if not isinstance(value, list | tuple) or not value:
            raise make_error(repr(value), "a number of seeds, or a list such as [1, 2, 3]")
        for index, seed in enumerate(value):
            is_whole = isinstance(seed, int) and not isinstance(seed, bool)
            if not is_whole or not 0 <= seed <= LARGEST_SEED:
                allowed = f"a whole number 0 .. {LARGEST_SEED}"
                raise make_error(repr(seed), allowed, "", index)
            if seed in value[:index]:
                raise make_error(f"{seed} twice", "each seed once", "", index)
        return tuple(value)

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "array", "minItems": 1}]}


@dataclass(frozen=True)
class Names(_Leaf):
    """A list of names."""

    def read(self, value: Any) -> tuple[str, ...]:
        """Return the names."""
        if not isinstance(value, list | tuple) or not value:
            raise make_error(repr(value), "a list of names, such as [bv_tv, turnover]")
        for index, name in enumerate(value):
            if not isinstance(name, str) or not name:
                raise make_error(repr(name), "a name", "", index)
        return tuple(value)

    def describe(self) -> dict[str, Any]:
        """Return the JSON schema."""
        return {"type": "array", "items": {"type": "string"}, "minItems": 1}


ValueLists = dict[str, Annotated[tuple[Any, ...], Items("a list of values, such as [10, 30, 100]")]]


class Range(Block):
    """From where to where a key is drawn."""

    low: Annotated[float, Quantity("1")]
    high: Annotated[float, Quantity("1")]
    log: Annotated[bool, Switch()] = False
    whole: Annotated[bool, Switch()] = False


class Sample(Block):
    """Points that fill a box of ranges."""

    points: Annotated[int, Whole(1, MOST_RUNS)]
    seed: Annotated[int, Whole(0, 2**31 - 1)] = 1
    ranges: dict[str, Range] = Field(min_length=1)


class Morris(Block):
    """Trajectories through a grid of levels: which keys matter at all."""

    trajectories: Annotated[int, Whole(2, 10_000)]
    levels: Annotated[int, Whole(4, 100)] = 4
    seed: Annotated[int, Whole(0, 2**31 - 1)] = 1
    ranges: dict[str, Range] = Field(min_length=2)

    @property
    def points(self) -> int:
        """Runs of one replicate."""
        return self.trajectories * (len(self.ranges) + 1)


class SobolIndices(Block):
    """Saltelli's blocks: which share of the variance comes from each key."""

    blocks: Annotated[int, Whole(2, MOST_RUNS)]
    seed: Annotated[int, Whole(0, 2**31 - 1)] = 1
    ranges: dict[str, Range] = Field(min_length=2)

    @property
    def points(self) -> int:
        """Runs of one replicate."""
        return self.blocks * (len(self.ranges) + 2)


class SeriesTable(Block):
    """Which series become a table of their own, and how often a row is taken."""

    series: Annotated[tuple[str, ...], Names()]
    every: Interval = 30.0


class SweepSettings(Block):
    """A sweep: the product of all designs that are given, each point with every seed."""

    name: Annotated[str, Text(name=True)] = "sweep"
    config: Annotated[str, Text()]
    set: dict[str, Annotated[Any, Anything()]] = Field(default_factory=dict)
    grid: ValueLists = Field(default_factory=dict)
    zip: ValueLists = Field(default_factory=dict)
    list: Annotated[tuple[dict[str, Any], ...], Rows()] = ()
    latin_hypercube: Sample | None = None
    sobol: Sample | None = None
    morris: Morris | None = None
    sobol_indices: SobolIndices | None = None
    seeds: Annotated[tuple[int, ...], Seeds()] = ()
    population: PopulationSettings | None = None
    table: SeriesTable | None = None
