"""The keys of a calibration: which rows are fitted to which trials, in what stages, for how much."""

from typing import Annotated, Any

from pydantic import Field

from trabecula.config.schema import Block, Interval, Time
from trabecula.config.sweepschema import Anything, Names
from trabecula.config.types import Choice, Quantity, Switch, Text, Whole

MOST_EVALUATIONS = 100_000
ENDPOINTS = ("required", "all")
"""Which endpoints of the trials a stage is judged by."""


class RowLimits(Block):
    """Between what limits a row is looked for; those of the table where none are given."""

    low: Annotated[float, Quantity("1")] | None = None
    high: Annotated[float, Quantity("1")] | None = None
    log: Annotated[bool, Switch()] | None = None


class Fidelity(Block):
    """How much bone an evaluation gets."""

    bones: Annotated[int, Whole(1, 400)] = 2
    edge: Annotated[int, Whole(16, 256)] = 64
    settle: Time = 730.0
    only: Annotated[tuple[str, ...], Names()] = ()
    endpoints: Annotated[str, Choice(ENDPOINTS)] = "required"


class StageSettings(Fidelity):
    """One round: how many parameter sets are tried, and which share of them goes on."""

    name: Annotated[str, Text(name=True)]
    evaluations: Annotated[int, Whole(1, MOST_EVALUATIONS)] | None = None
    keep: Annotated[float, Quantity("1", 0, 1, above=True)] = 0.25


class DriftSettings(Block):
    """What an untouched bone may gain or lose, and how much it counts that it does not."""

    limit: Annotated[float, Quantity("1", 0, 100, above=True)] = 0.5
    weight: Annotated[float, Quantity("1", 0, 1000)] = 1.0
    days: Interval = 365.0


class CalibrationSettings(Block):
    """A calibration: rows, trials, stages, budget."""

    name: Annotated[str, Text(name=True)] = "calibration"
    panel: Annotated[str, Text()]
    only: Annotated[tuple[str, ...], Names()] = ()
    settings: dict[str, Annotated[Any, Anything()]] = Field(default_factory=dict)
    rows: dict[str, RowLimits] = Field(min_length=1)
    grades: Annotated[tuple[str, ...], Names()] = ("C", "D")
    stages: tuple[StageSettings, ...] = Field(min_length=1)
    final: Fidelity | None = None
    anchors: Annotated[Any, Anything()] = None
    drift: DriftSettings = DriftSettings()
    budget: Annotated[float, Quantity("1", 0, 1e7, above=True)]
    seed: Annotated[int, Whole(0, 2**31 - 1)] = 1
    workers: Annotated[int, Whole(1, 10_000)] = 1
    keep_lives: Annotated[bool, Switch()] = False
