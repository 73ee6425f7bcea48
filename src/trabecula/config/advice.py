"""What is allowed but unusual: doses outside clinical ranges, labs far outside reference ranges."""

from functools import lru_cache
from math import inf
from pathlib import Path

from trabecula.config.deeds import find_answers
from trabecula.config.pharmacopoeia import load_drugs, simplify
from trabecula.config.schema import Config
from trabecula.config.shipped import load_shipped

FAR, FAR_ON_DRUGS = 2.0, 20.0
"""A lab is far outside where it is beyond a limit by more than this factor; on drugs that move it."""

MISSED = 0.01
"""Share of a time that whole steps may leave out, or add, without a word."""

COMPARED = (18.0, 25.0)
"""Voxels (um) about the 20 um of the rules, where sites cost as much matrix (decision 0025)."""

GROWN = 25.0
"""Age (y) from which on IGF-1 falls, so that it matters whether levels are those of the age."""

LONG = 10.0
"""Years beyond the age of reference after which a young adult's hormones are told of."""

OVARIES_UNTIL = 55.0
"""Age (y) beyond which hardly any woman is before menopause."""


@lru_cache(maxsize=1)
def load_references() -> dict[str, dict[str, list[list[float]]]]:
    """Return reference ranges: lab, sex, rows of (from age, to age (y), low, high), in the
    units of `patient.labs`.
    """
    table: dict[str, dict[str, list[list[float]]]]
    table = load_shipped(Path(__file__).with_name("references.yaml")).data
    return table


def find_reference(name: str, sex: str, age: float) -> tuple[float, float] | None:
    """Return the reference range of a lab at `age` (y), in the lab's unit; None where there is none."""
    for first, last, low, high in load_references().get(name, {}).get(sex, ()):
        if first <= age < last:
            return low, high
    return None


def find_warnings(config: Config) -> list[str]:
    """Return what to tell the user, a sentence each."""
    judges = (
        _judge_times, _judge_voxel, _judge_stage, _judge_youth, _judge_doses, find_early_doses,
        _judge_own_drugs, _judge_labs, _judge_levels,
    )  # fmt: skip
    return [text for judge in judges for text in judge(config)]


def _judge_times(config: Config) -> list[str]:
    """Tell of times that whole steps miss; a year of 365 d is one."""
    asked = {name: getattr(config, name) for name in ("spin_up", "settle", "duration")}
    lived = {name: round(time / config.step) * config.step for name, time in asked.items()}
    return [
        f"{name}: {time:g} d, of which whole steps of {config.step:g} d make {lived[name]:g} d"
        for name, time in asked.items()
        if abs(lived[name] - time) > MISSED * time
    ]


def _judge_voxel(config: Config) -> list[str]:
    voxel = config.lattice.voxel
    low, high = COMPARED
    if low <= voxel <= high:
        return []
    why = (
        "a pit is one voxel deep on coarser ones"
        if voxel > high
        else "sites wait longer on finer ones"
    )
    return [
        f"lattice.voxel: {voxel:g} um, but rules were tuned on 20 um and compared with 25: {why} "
        "(docs/adr/0025); an image is resampled to what lattice.voxel says"
    ]


def _judge_stage(config: Config) -> list[str]:
    patient = config.patient
    young = patient.sex == "male" or patient.age <= OVARIES_UNTIL
    named = patient.stage not in (None, "premenopausal")
    if young or named or not (config.protocol or patient.labs or patient.stage):
        return []
    return [
        f"patient.stage: ovaries of a woman of {patient.age:.0f} are taken as before menopause; name "
        "natural_menopause or surgical_menopause if they are not"
    ]


def _judge_youth(config: Config) -> list[str]:
    patient, given = config.patient, config.hormones.levels.model_dump(exclude_none=True)
    if config.protocol and not (patient.labs or patient.stage or given) and patient.age > GROWN:
        text = (
            f"patient.age: hormones are those of {patient.age:.0f} y, since there is a protocol; "
            "without one they are a young adult's, with more IGF-1: name a stage, so that arms differ "
            "by drugs alone"
        )
        return [] if _judge_stage(config) else [text]
    known = config.protocol or patient.labs or patient.stage or given
    if patient.age <= config.parameters["hormones.reference.age"] + LONG or known:
        return []
    stage = "adult" if patient.sex == "male" else "premenopausal or natural_menopause"
    return [
        f"patient.age: {patient.age:.0f} y, but with a young adult's hormones, since no stage, labs, "
        f"protocol or levels are given; stage: {stage} gives those of the age"
    ]


def _judge_doses(config: Config) -> list[str]:
    found = []
    for index, regimen in enumerate(config.read_regimens(config.duration)):
        drug = regimen.drug
        odd = [(day, dose) for day, dose in regimen.doses if not drug.low <= dose <= drug.high]
        if odd and drug.high < float("inf"):
            day, dose = odd[0]
            found.append(
                f"protocol[{index}]: {drug.name} {dose:g} {drug.unit} on day {day:g} is outside of "
                f"usual doses, {drug.low:g}-{drug.high:g} {drug.unit}"
            )
        if regimen.doses[-1][0] > config.duration:
            found.append(f"protocol[{index}]: {drug.name} goes on after the run ends")
    for name, points in config.hormones.doses.model_dump(exclude_none=True).items():
        if max(day for day, _ in points) > config.duration:
            found.append(f"hormones.doses.{name} goes on after the run ends")
    return found


def find_early_doses(config: Config) -> list[str]:
    """Return what is given before the bone settles, so that it is not lived, a sentence each."""
    found = []
    for index, regimen in enumerate(config.read_regimens(config.duration)):
        if regimen.doses[0][0] < -config.settle:
            what = "is not given"
            if regimen.drug.deed != "doses":
                what = f"acts from day {-config.settle:g} on alone"
            told = f"protocol[{index}]: {regimen.drug.name} on day {regimen.doses[0][0]:g} {what}"
            found.append(_say_too_early(told, 1, config))
    for name, points in config.hormones.doses.model_dump(exclude_none=True).items():
        days = [f"{day:g}" for day, _ in points if day < -config.settle]
        if not days:
            continue
        told = (
            f"doses on days {', '.join(days)} are" if len(days) > 1 else f"dose on day {days[0]} is"
        )
        found.append(
            _say_too_early(f"hormones.doses.{name}: the {told} not given", len(days), config)
        )
    return found


def _say_too_early(what: str, count: int, config: Config) -> str:
    they, them = ("they are", "them") if count > 1 else ("it is", "it")
    return (
        f"{what}: {they} before the bone lives under the patient's levels "
        f"(settle: {config.settle:g} d); a longer settle takes {them} in"
    )


def _judge_own_drugs(config: Config) -> list[str]:
    return [
        f"hormones.drugs.{name} takes the place of the drug of that name that comes with the program"
        for name in config.hormones.drugs
        if simplify(name) in load_drugs()
    ]


def _judge_labs(config: Config) -> list[str]:
    patient, found = config.patient, []
    begun: dict[str, float] = {}
    for regimen in config.regimens:
        for level in find_answers(regimen.drug, patient.sex):
            begun[level] = min(begun.get(level, inf), regimen.doses[0][0])
    for index, lab in enumerate(patient.labs):
        age = patient.age + lab.day / 365.25
        for name, value in lab.model_dump(exclude_none=True, exclude={"day"}).items():
            limits = find_reference(name, patient.sex, age)
            on_drugs = lab.day > begun.get(name.removeprefix("free_"), inf)
            far = FAR_ON_DRUGS if on_drugs else FAR
            if limits and not limits[0] / far <= value <= limits[1] * far:
                found.append(
                    f"patient.labs[{index}].{name}: {value:g} is far outside of the reference range "
                    f"{limits[0]:g}-{limits[1]:g} of a {patient.sex} patient of {age:.0f}; is the unit "
                    "right?"
                )
    return found


def _judge_levels(config: Config) -> list[str]:
    if not config.protocol and config.patient.stage is None and not config.patient.labs:
        return []
    given = config.hormones.levels.model_dump(exclude_none=True)
    return [
        f"hormones.levels.{name} is given and holds, whatever patient and protocol say of {name}"
        for name in given
    ]
