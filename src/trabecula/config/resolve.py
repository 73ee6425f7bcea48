"""Checks between keys, and the defaults that depend on other keys."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trabecula.base.content import compute_content_digest
from trabecula.base.errors import Problem
from trabecula.config.marks import Document, Key, to_dotted
from trabecula.config.names import STAGES
from trabecula.config.parameters import find_disorder, find_override_problems
from trabecula.config.phrases import RegimenError
from trabecula.config.problems import describe_field
from trabecula.config.regimens import (
    KEYS,
    MEAN_WEIGHT,
    UNKNOWN_DRUG,
    Regimen,
    find_unknown,
    read_regimen,
)
from trabecula.config.schema import Config, LatticeSettings, PatientSettings

GENERATED: dict[str, Any] = {
    "shape": (64, 64, 64),
    "bv_tv": 0.18,
    "tb_th": 150.0,
    "anisotropy": 1.3,
}
"""Defaults that only a generated bone has."""

INTERVALS = {
    "fields": ("every",),
    "mechanics": ("every",),
    "output": ("every", "snapshots", "checkpoint", "costly", "states"),
}
"""Keys that hold intervals, by block; a run lives whole steps."""

IMPORTED = ("specimen_digest", "threshold", "labels", "crop")
ROOMS_OF_BLOCK = {
    "hormones": ("hormones", "drugs", "glands"),
    "fields": ("fields",),
    "mechanics": ("mechanics",),
    "cells": ("cells", "lattice"),
}


def find_conflicts(
    data: dict[str, Any],
    config: Config | None,
    wrong: Iterable[Key],
    document: Document,
    file: Path,
    lived: bool = False,
) -> list[Problem]:
    """Return the mistakes that lie between keys; those of one key are pydantic's.

    Parameters
    ----------
    config
        None if keys are wrong.
    wrong
        Where these are. What lies between the others is told at once, and not when they are mended.
    lived
        Whether a run has its bone, so that a specimen whose digest is given need not be there.
    """
    problems = _check_lattice(data.get("lattice"), document, file, lived)
    for block in ROOMS_OF_BLOCK:
        problems += _check_overrides(data, block, document)
    rest, dropped = (config, set[Key]()) if config is not None else _leave_out(data, wrong)
    if rest is not None:
        if ("step",) not in dropped:
            said = {to_dotted(path) for path in dropped}
            problems += [p for p in _check_intervals(rest, document) if p.key not in said]
        if all(path[:1] != ("patient",) for path in dropped):
            problems += _check_patient(rest, document)
        if all(path[:2] != ("hormones", "drugs") for path in dropped):
            problems += _check_drugs(rest, document)
    problems += _check_protocol(data, config, document)
    return problems


def _leave_out(data: dict[str, Any], wrong: Iterable[Key]) -> tuple[Config | None, set[Key]]:
    """Return the configuration without what is wrong, and the keys dropped; None if it cannot stand."""
    rest = deepcopy(data)
    dropped = {_drop(rest, place) for place in wrong}
    try:
        return Config.model_validate(rest), dropped
    except ValidationError:
        return None, dropped


def _drop(data: Any, place: Key) -> Key:
    """Take the key at `place` out of `data`, or the nearest above it; return which."""
    block, path = data, []
    for step in place:
        if not isinstance(block, dict) or step not in block:
            break
        path.append(step)
        parent, block = block, block[step]
    if path:
        del parent[path[-1]]
    return tuple(path)


def _check_protocol(
    data: dict[str, Any], config: Config | None, document: Document
) -> list[Problem]:
    """Read every prescription, also where other keys are wrong.

    How long open ones go on and what the user's own drugs are is then not known: neither is judged.
    """
    given, block = data.get("protocol"), data.get("hormones")
    if not isinstance(given, list | tuple):
        return []
    has_own = isinstance(block, dict) and bool(block.get("drugs"))
    problems: list[Problem] = []
    regimens: list[Regimen] = []
    own = {} if config is None else config.own_drugs
    horizon = 0.0 if config is None else config.horizon
    weight = MEAN_WEIGHT if config is None else config.weight
    rows = {} if config is None else config.overrides
    for index, entry in enumerate(given):
        errors, known = [], entry
        if isinstance(entry, Mapping):
            errors = find_unknown(entry)
            known = {key: value for key, value in entry.items() if key in KEYS}
        try:
            regimens.append(read_regimen(known, horizon, own, regimens, weight, rows))
        except RegimenError as error:
            hidden = config is None and has_own and error.found.startswith(UNKNOWN_DRUG)
            # what is not there may be what a key that is misspelt has
            if not hidden and not (errors and error.is_gap):
                errors.append(error)
        problems += [_tell(error, index, entry, document) for error in errors]
    return problems


def _tell(error: RegimenError, index: int, entry: Any, document: Document) -> Problem:
    """Return what is wrong with an entry, and where: at its key if it has one."""
    path: Key = ("protocol", index)
    if isinstance(entry, Mapping) and error.key in entry:
        path = (*path, error.key)
    unknown = bool(error.key) and error.key not in KEYS
    where = document.find_key(path) if unknown else document.find_value(path)
    return Problem(where, to_dotted(path), error.found, error.allowed, error.hint)


def _check_patient(config: Config, document: Document) -> list[Problem]:
    patient, problems = config.patient, list[Problem]()

    def refuse(name: str, allowed: str, hint: str = "") -> None:
        path: Key = ("patient", name)
        found = f"{name}: {getattr(patient, name)}"
        problems.append(Problem(document.find_value(path), to_dotted(path), found, allowed, hint))

    if patient.sex == "male":
        if patient.stage not in (None, "adult"):
            refuse("stage", "adult for a man", "andropause chooses the trend of his testosterone")
        if patient.last_period is not None:
            refuse("last_period", "only for a woman")
    elif patient.stage == "adult":
        refuse("stage", " or ".join(STAGES[:-1]) + " for a woman")
    elif patient.stage in (None, "premenopausal") and patient.last_period is not None:
        refuse("last_period", "only with a stage of menopause", "name stage: natural_menopause")
    elif patient.stage == "surgical_menopause" and patient.last_period is None:
        refuse("stage", "with last_period, the age at surgery", "add last_period: 45 y")
    for name in ("cycle", "menopause_type") if patient.sex == "male" else ("andropause",):
        if getattr(patient, name) != PatientSettings.model_fields[name].default:
            refuse(name, "only for a " + ("woman" if patient.sex == "male" else "man"))
    passing = patient.stage not in (None, "premenopausal", "surgical_menopause")
    if patient.sex == "female" and patient.menopause_type != "typical" and not passing:
        hint = "name stage: perimenopausal or natural_menopause"
        refuse("menopause_type", "only with a stage of natural menopause", hint)
    return problems


def _check_drugs(config: Config, document: Document) -> list[Problem]:
    problems: list[Problem] = []
    for name, drug in config.hormones.drugs.items():
        path: Key = ("hormones", "drugs", name, "clearance")
        if drug.adds == "glucocorticoid" and drug.clearance is not None:
            allowed = "none for a glucocorticoid, which counts as mg of prednisone a day"
            hint = "leave it out; content says what its unit is worth"
            where, found = document.find_value(path), f"{drug.clearance:g} L/d"
            problems.append(Problem(where, to_dotted(path), found, allowed, hint))
        elif drug.adds != "glucocorticoid" and drug.clearance is None:
            where, allowed = document.find_key(path[:-1]), describe_field(path)
            problems.append(Problem(where, to_dotted(path), "nothing", allowed, "add clearance"))
        if drug.adds != "glucocorticoid" and drug.content > 1.0:
            share: Key = (*path[:-1], "content")
            allowed = "above 0 up to 1, the share of a dose that is the hormone"
            where, found = document.find_value(share), f"{drug.content:g}"
            problems.append(Problem(where, to_dotted(share), found, allowed))
    return problems


def _check_lattice(given: Any, document: Document, file: Path, lived: bool) -> list[Problem]:
    if not isinstance(given, dict):
        return []
    problems: list[Problem] = []
    specimen, digest = given.get("specimen"), given.get("specimen_digest")

    def refuse(name: str, allowed: str, hint: str) -> None:
        path: Key = ("lattice", name)
        where = document.find_key(path)
        problems.append(Problem(where, to_dotted(path), f"{name}: {given[name]}", allowed, hint))

    imported = specimen is not None
    names = tuple(GENERATED) if imported else IMPORTED
    for name in [n for n in names if given.get(n) is not None]:
        if imported:
            refuse(name, "not beside lattice.specimen, whose image decides it", f"remove {name}")
        else:
            refuse(name, "only beside lattice.specimen", "name an image as lattice.specimen")
    if imported and given.get("threshold") is not None and given.get("labels") is not None:
        refuse("labels", "either threshold or labels", "remove one of them")
    if not isinstance(specimen, str) or (lived and isinstance(digest, str)):
        return problems
    if not _stands(specimen, file, Path.is_file):
        is_folder = _stands(specimen, file, Path.is_dir)
        problems.append(
            Problem(
                document.find_value(("lattice", "specimen")),
                "lattice.specimen",
                f"{'a folder' if is_folder else 'no file'} {specimen[:200]}",
                f"a file, relative to {file.parent}",
                "`trabecula import FOLDER --spacing SIZE --out SPECIMEN.h5` makes one of slices"
                if is_folder
                else "",
            )
        )
    elif isinstance(digest, str):
        problems += _check_content(digest, specimen, document, file)
    return problems


def _check_content(digest: str, specimen: str, document: Document, file: Path) -> list[Problem]:
    """Refuse an image that is not the one whose digest is given."""
    try:
        found = compute_content_digest(find_specimen(specimen, file))
    except OSError:
        return []  # whoever reads the image says so
    if found == digest:
        return []
    path: Key = ("lattice", "specimen_digest")
    where, what = document.find_value(path), f"an image of other content ({found[:12]}...)"
    allowed, hint = f"that of {digest[:12]}...", "put the image back, or remove specimen_digest"
    return [Problem(where, to_dotted(path), what, allowed, hint)]


def _stands(specimen: str, file: Path, is_one: Callable[[Path], bool]) -> bool:
    """Whether there is such a file or folder; a name that no system allows is none."""
    try:
        return is_one(find_specimen(specimen, file))
    except (OSError, ValueError):
        return False


def find_specimen(specimen: str, file: Path) -> Path:
    """Return the specimen's path; a relative one starts from the configuration's folder."""
    return (file.parent / specimen).resolve()


def _check_overrides(data: dict[str, Any], block: str, document: Document) -> list[Problem]:
    settings = data.get(block)
    given = settings.get("parameters") if isinstance(settings, dict) else None
    if not isinstance(given, dict):
        return []
    values = {k: v for k, v in given.items() if isinstance(v, int | float | str)}
    full = {to_full_key(key, block): key for key in values}
    problems: list[Problem] = []
    path: Key
    for key in values:
        name = to_full_key(key, block)
        if full[name] != key:
            path = (block, "parameters", full[name])
            found, hint = f"a second value of {name}, which {key} is too", "keep one"
            where = document.find_key(path)
            problems.append(Problem(where, to_dotted(path), found, "one value a row", hint))
    overrides = {f: values[k] for f, k in full.items()}
    for problem, key in find_override_problems(overrides) or find_disorder(overrides):
        path = (block, "parameters", full[key])
        unknown = problem.found == "an unknown parameter"
        where = document.find_key(path) if unknown else document.find_value(path)
        text = to_dotted(path)
        problems.append(Problem(where, text, problem.found, problem.allowed, problem.hint))
    return problems


def to_full_key(key: str, block: str) -> str:
    """Return the key with its room: ``denosumab.clearance`` -> ``hormones.denosumab.clearance``."""
    rooms = ROOMS_OF_BLOCK[block]
    return key if key.partition(".")[0] in rooms else f"{rooms[0]}.{key}"


def _check_intervals(config: Config, document: Document) -> list[Problem]:
    intervals: dict[Key, float | None] = {
        (block, name): getattr(getattr(config, block), name)
        for block, names in INTERVALS.items()
        for name in names
    }
    intervals[("duration",)] = config.duration
    return [
        Problem(
            document.find_value(path),
            to_dotted(path),
            f"{value:g} d",
            f"at least the step of {config.step:g} d",
            "lengthen it or shorten the step",
        )
        for path, value in intervals.items()
        if value is not None and value < config.step
    ]


def _to_steps(interval: float, step: float) -> float:
    """Return the whole number of steps (d) nearest to an interval (d), which is what is lived."""
    whole = max(1, round(interval / step)) * step
    return interval if abs(whole - interval) < 1e-9 else whole


def resolve(config: Config, file: Path) -> Config:
    """Return `config` with every default filled in and the specimen's path absolute."""
    lattice = config.lattice
    filled: dict[str, Any] = {"seed": config.seed if lattice.seed is None else lattice.seed}
    if lattice.specimen is None:
        for name, value in GENERATED.items():
            given = getattr(lattice, name)
            filled[name] = value if given is None else given
    else:
        filled["specimen"] = str(find_specimen(lattice.specimen, file))
    if lattice.sides is None and lattice.specimen is None:
        filled["sides"] = "periodic"  # those of an image are mirrored, of a specimen file as stored
    updates: dict[str, Any] = {"lattice": lattice.model_copy(update=filled)}
    for block in ROOMS_OF_BLOCK:
        settings = getattr(config, block)
        full = {to_full_key(key, block): value for key, value in settings.parameters.items()}
        updates[block] = settings.model_copy(update={"parameters": full})
    for block, names in INTERVALS.items():
        settings = updates.get(block, getattr(config, block))
        given = {name: getattr(settings, name) for name in names}
        whole = {k: _to_steps(v, config.step) for k, v in given.items() if v is not None}
        updates[block] = settings.model_copy(update=whole)
    updates["protocol"] = tuple(regimen.to_mapping() for regimen in config.regimens)
    return config.model_copy(update=updates)


__all__ = ["GENERATED", "LatticeSettings", "find_conflicts", "find_specimen", "resolve"]
