"""The blocks of a configuration; every quantity a plain number in canonical units."""

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from trabecula.base.content import compute_content_digest
from trabecula.config.dump import dump_yaml
from trabecula.config.names import (
    ANISOTROPY_RANGE,
    BV_TV_RANGE,
    MENOPAUSE_TYPES,
    RULES,
    SOURCES,
    STAGES,
    VOXEL_RANGE,
)
from trabecula.config.parameters import Parameters, load_parameters
from trabecula.config.pharmacopoeia import Drug, find_route, simplify
from trabecula.config.regimens import MEAN_WEIGHT, Regimen, read_regimen
from trabecula.config.types import (
    LARGEST_TIME,
    Choice,
    Entries,
    NumberOr,
    Override,
    Quantity,
    Series,
    Switch,
    Text,
    Whole,
)

type Points = tuple[tuple[float, float], ...]
"""A series: days and values."""

Count = Annotated[int, Whole(8, 1024)]
Length = Annotated[float, Quantity("um", 0)]
Edge = Annotated[float, Quantity("um", 0, above=True)]
Time = Annotated[float, Quantity("d", 0, LARGEST_TIME)]
Interval = Annotated[float, Quantity("d", 0, LARGEST_TIME, above=True)]
Rate = Annotated[float, Quantity("1/d", 0, 1000, above=True)]
Fraction = Annotated[Points, Series(Quantity("1", 0, 1))]
ParameterOverrides = dict[str, Annotated[float | str, Override()]]


def _fill(names: tuple[str, ...]) -> Callable[[dict[str, bool]], dict[str, bool]]:
    return lambda given: {name: given.get(name, True) for name in names}


def _all_on(names: tuple[str, ...]) -> Callable[[], dict[str, bool]]:
    return lambda: dict.fromkeys(names, True)


SourceSwitches = Annotated[
    dict[Annotated[str, Choice(SOURCES)], Annotated[bool, Switch()]],
    AfterValidator(_fill(SOURCES)),
]
RuleSwitches = Annotated[
    dict[Annotated[str, Choice(RULES)], Annotated[bool, Switch()]],
    AfterValidator(_fill(RULES)),
]


class Block(BaseModel):
    """Base of all blocks: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Crop(Block):
    """A box cut out of an image, in um."""

    origin: tuple[Length, Length, Length] = (0.0, 0.0, 0.0)
    size: tuple[Edge, Edge, Edge]


class LatticeSettings(Block):
    """How the bone is generated, or which image it comes from."""

    voxel: Annotated[float, Quantity("um", *VOXEL_RANGE)] = 20.0
    shape: tuple[Count, Count, Count] | None = None
    bv_tv: Annotated[float, Quantity("1", *BV_TV_RANGE)] | None = None
    tb_th: Annotated[float, Quantity("um", 60, 400)] | None = None
    anisotropy: Annotated[float, Quantity("1", *ANISOTROPY_RANGE)] | None = None
    seed: Annotated[int, Whole(0, 2**63 - 1)] | None = None
    specimen: Annotated[str, Text()] | None = None
    specimen_digest: Annotated[str, Text()] | None = None
    threshold: Annotated[float | str, NumberOr("otsu")] | None = None
    labels: tuple[Annotated[int, Whole(-(2**31), 2**31)], ...] | None = None
    crop: Crop | None = None
    sides: Annotated[str, Choice(("periodic", "mirrored"))] | None = None

    def describe(self) -> dict[str, Any]:
        """Return what the bone follows from, as plain values; an image counts by its content.

        Raises
        ------
        OSError
            If the image cannot be read, and its digest is not given.
        """
        values = self.model_dump(mode="json", exclude={"specimen_digest"})
        if self.specimen is not None:
            given = self.specimen_digest
            values["specimen"] = given or compute_content_digest(Path(self.specimen))
        return values


class Lab(Block):
    """Levels measured on one day; before day 0 days are negative.

    What was below detection is given as half of the limit of the assay, or not at all.
    """

    day: Annotated[float, Quantity("d", -LARGEST_TIME, LARGEST_TIME)] = 0.0
    estradiol: Annotated[float, Quantity("pg/mL", 0, 5000, "estradiol", above=True)] | None = None
    testosterone: (
        Annotated[float, Quantity("ng/dL", 0, 10000, "testosterone", above=True)] | None
    ) = None
    free_testosterone: (
        Annotated[float, Quantity("pg/mL", 0, 5000, "testosterone", above=True)] | None
    ) = None
    shbg: Annotated[float, Quantity("nmol/L", 1, 500)] | None = None
    lh: Annotated[float, Quantity("mIU/mL", 0, 300, above=True)] | None = None
    fsh: Annotated[float, Quantity("mIU/mL", 0, 500, above=True)] | None = None
    progesterone: Annotated[float, Quantity("ng/mL", 0, 500, "progesterone", above=True)] | None = (
        None
    )
    igf1: Annotated[float, Quantity("ng/mL", 0, 3000, above=True)] | None = None
    pth: Annotated[float, Quantity("pg/mL", 0, 3000, above=True)] | None = None
    cortisol: Annotated[float, Quantity("ug/dL", 0, 300, "cortisol", above=True)] | None = None


class PatientSettings(Block):
    """Whose bone it is."""

    sex: Annotated[str, Choice(("female", "male"))] = "female"
    age: Annotated[float, Quantity("y", 18, 110)] = 35.0
    weight: Annotated[float, Quantity("kg", 25, 300)] | None = None
    stage: Annotated[str, Choice(STAGES)] | None = None
    last_period: Annotated[float, Quantity("y", 20, 70)] | None = None
    menopause_type: Annotated[str, Choice(MENOPAUSE_TYPES)] = "typical"
    cycle: Annotated[str, Choice(("averaged", "explicit"))] = "averaged"
    start: Annotated[str, Text()] | None = None
    andropause: Annotated[str, Choice(("cross_sectional", "longitudinal"))] = "cross_sectional"
    labs: tuple[Lab, ...] = ()


YOUNG = "times a young adult's (labs: patient.labs)"
INFUSION = "relative potency (5 mg of zoledronate are 1)"


class Levels(Block):
    """Serum levels; a level that is not given stays at the sex's young-adult mean."""

    estradiol: Annotated[Points, Series(Quantity("pg/mL", 0, 5000, "estradiol"))] | None = None
    testosterone: Annotated[Points, Series(Quantity("ng/dL", 0, 10000, "testosterone"))] | None = (
        None
    )
    progesterone: Annotated[Points, Series(Quantity("ng/mL", 0, 500, "progesterone"))] | None = None
    igf1: Annotated[Points, Series(Quantity("1", 0, 10, meaning=YOUNG))] | None = None
    glucocorticoid: Annotated[Points, Series(Quantity("mg/d", 0, 2000))] | None = None
    fsh: Annotated[Points, Series(Quantity("mIU/mL", 0, 500))] | None = None
    inflammation: (
        Annotated[Points, Series(Quantity("1", 0, 1000, meaning="times that of health"))] | None
    ) = None
    pth: Annotated[Points, Series(Quantity("1", 0, 50, meaning=YOUNG))] | None = None


class Blockade(Block):
    """Neutralised fraction of each signal, 0..1."""

    rankl: Fraction | None = None
    il1: Fraction | None = None
    il6: Fraction | None = None
    tnf: Fraction | None = None
    tgfb: Fraction | None = None
    sclerostin: Fraction | None = None


class Doses(Block):
    """What is given, each dose at its day; before day 0 as far as `settle` reaches."""

    denosumab: Annotated[Points, Series(Quantity("mg", 0, 5000), False)] | None = None
    opg_fc: Annotated[Points, Series(Quantity("mg/kg", 0, 100), False)] | None = None
    bisphosphonate: (
        Annotated[Points, Series(Quantity("1", 0, 100, meaning=INFUSION), False)] | None
    ) = None


class OwnDrug(Block):
    """A drug of the user's own: a chain of first-order steps into serum, added to a level.

    All but a glucocorticoid, which counts as mg of prednisone a day and may be worth more than its own
    weight of it, need a clearance.
    """

    adds: Annotated[str, Choice(("testosterone", "estradiol", "progesterone", "glucocorticoid"))]
    unit: Annotated[str, Choice(("mg", "ug", "g"))] = "mg"
    route: Annotated[str, Text()] = "oral"
    absorption: Rate | None = None
    release: Rate | None = None
    elimination: Rate
    wear: Annotated[float, Quantity("d", 0, 1000)] = 0.0
    content: Annotated[float, Quantity("1", 0, 20, above=True)] = 1.0
    bioavailability: Annotated[float, Quantity("1", 0, 1, above=True)] = 1.0
    clearance: Annotated[float, Quantity("L/d", 0, 1e6, above=True)] | None = None


class HormoneSettings(Block):
    """Levels, blockades and doses."""

    levels: Levels = Levels()
    blockade: Blockade = Blockade()
    doses: Doses = Doses()
    drugs: dict[Annotated[str, Text(name=True)], OwnDrug] = Field(default_factory=dict)
    parameters: ParameterOverrides = Field(default_factory=dict)


class FieldSettings(Block):
    """How the diffusing molecules are solved."""

    every: Interval = 1.0
    sources: SourceSwitches = Field(default_factory=_all_on(SOURCES))
    parameters: ParameterOverrides = Field(default_factory=dict)


class Stress(Block):
    """Habitual apparent stress along each axis; one that is not given is that of the table."""

    z: Annotated[Points, Series(Quantity("MPa", 0, 50))] | None = None
    y: Annotated[Points, Series(Quantity("MPa", 0, 50))] | None = None
    x: Annotated[Points, Series(Quantity("MPa", 0, 50))] | None = None


class MechanicsSettings(Block):
    """How the bone is loaded, and how often and how finely that is solved."""

    active: Annotated[bool, Switch()] = True
    every: Interval = 30.0
    mesh: Annotated[str, Choice(("coarse", "fine"))] = "coarse"
    lateral: Annotated[str, Choice(("mirrored", "free", "fixed"))] = "mirrored"
    tolerance: Annotated[float, Quantity("1", 1e-8, 0.05)] = 1e-3
    stress: Stress = Stress()
    parameters: ParameterOverrides = Field(default_factory=dict)


def _read_mechanics(value: Any) -> Any:
    """Understand ``mechanics: off`` and ``mechanics: on``."""
    if value in ("off", False):
        return {"active": False}
    return {} if value in ("on", True) else value


def _make_drug(name: str, drug: OwnDrug) -> Drug:
    numbers = drug.model_dump(exclude_none=True, exclude={"adds", "unit", "route"})
    own = tuple(sorted((key, float(value)) for key, value in numbers.items()))
    plain = simplify(name)
    limits = (0.0, math.inf, 1e6)
    return Drug(plain, (find_route(drug.route),), drug.unit, *limits, "adds", drug.adds, own=own)


class CellSettings(Block):
    """Which rules the cells follow; switches by name stand in the ODD page, section 3."""

    rules: RuleSwitches = Field(default_factory=_all_on(RULES))
    parameters: ParameterOverrides = Field(default_factory=dict)


class OutputSettings(Block):
    """What is written how often, in d."""

    every: Interval = 1.0
    snapshots: Interval = 30.0
    checkpoint: Interval | None = None
    costly: Interval = 90.0
    states: Interval | None = None
    states_kept: Annotated[int, Whole(2, 1000)] = 24


class FitRecord(Block):
    """Which frozen fit the parameters were taken from; a file names it, ``fit: FILE``."""

    name: Annotated[str, Text()]
    digest: Annotated[str, Text()]


class Config(Block):
    """One simulation, fully resolved: times in d, lengths in um, hormones in assay units."""

    name: Annotated[str, Text(name=True)] = "run"
    seed: Annotated[int, Whole(0, 2**63 - 1)] = 1
    spin_up: Time = 3 * 365.25
    settle: Time = 365.25
    duration: Interval
    step: Annotated[float, Quantity("d", 0.01, 5)] = 1.0
    lattice: LatticeSettings = LatticeSettings()
    patient: PatientSettings = PatientSettings()
    hormones: HormoneSettings = HormoneSettings()
    protocol: Annotated[tuple[Any, ...], Entries()] = ()
    fields: FieldSettings = Field(default_factory=FieldSettings)
    mechanics: Annotated[MechanicsSettings, BeforeValidator(_read_mechanics)] = Field(
        default_factory=MechanicsSettings
    )
    cells: CellSettings = Field(default_factory=CellSettings)
    output: OutputSettings = OutputSettings()
    fit: FitRecord | None = None

    @property
    def parameters(self) -> Parameters:
        """The parameter table with this configuration's overrides."""
        return load_parameters(self.overrides)

    @property
    def own_drugs(self) -> dict[str, Drug]:
        """Drugs that the configuration defines itself."""
        drugs = self.hormones.drugs
        return {simplify(name): _make_drug(name, drug) for name, drug in drugs.items()}

    @property
    def weight(self) -> float:
        """Weight of the patient (kg)."""
        return MEAN_WEIGHT if self.patient.weight is None else self.patient.weight

    @property
    def horizon(self) -> float:
        """Day to which levels follow from glands and doses: the end of the run, or its last lab's day.

        A lab beyond the end shapes what comes before it, so that its own day has to be known.
        """
        return max([self.duration, *(lab.day + 1.0 for lab in self.patient.labs)])

    @property
    def regimens(self) -> tuple[Regimen, ...]:
        """The prescriptions of the protocol, in order; those without an end go on to the horizon."""
        return self.read_regimens(self.horizon)

    def read_regimens(self, until: float) -> tuple[Regimen, ...]:
        """Return the prescriptions; those without an end go on to day `until`.

        Raises
        ------
        RegimenError
            If one cannot be read.
        """
        found: list[Regimen] = []
        for entry in self.protocol:
            own, weight, rows = self.own_drugs, self.weight, self.overrides
            found.append(read_regimen(entry, until, own, found, weight, rows))
        return tuple(found)

    @property
    def overrides(self) -> dict[str, float | str]:
        """Overrides of all rooms, by full key: numbers in the row's unit, or texts with one."""
        blocks = (self.hormones, self.fields, self.mechanics, self.cells)
        return {key: value for block in blocks for key, value in block.parameters.items()}

    def to_mapping(self) -> dict[str, Any]:
        """Return nested plain values; keys that are not in use are left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_yaml(self) -> str:
        """Return the resolved configuration as YAML that loads to an equal one."""
        return dump_yaml(self.to_mapping())

    def pin_specimen(self) -> Self:
        """Return a copy that says what its image holds, so that a run can do without the image."""
        if self.lattice.specimen is None:
            return self
        pinned = {"specimen_digest": self.lattice.describe()["specimen"]}
        return self.model_copy(update={"lattice": self.lattice.model_copy(update=pinned)})

    def compute_digest(self) -> str:
        """Digest of all that the configuration determines; an image counts by its content."""
        described = self.lattice.describe()
        values = self.to_mapping()
        values["lattice"] = {key: value for key, value in described.items() if value is not None}
        text = json.dumps(values, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
