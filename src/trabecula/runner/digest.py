"""What a spun-up state depends on, as one digest."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trabecula.config.names import DRUGS
from trabecula.hormones import (
    compute_present_levels,
    is_idle_when_replete,
    list_doses,
    make_exposure,
)
from trabecula.kernels.compile import get_numba_version
from trabecula.mechanics import compute_stress

if TYPE_CHECKING:
    from trabecula.config import Config
    from trabecula.hormones import Course

ROOMS = (
    "base",
    "kernels",
    "config",
    "state",
    "hormones",
    "fields",
    "mechanics",
    "cells",
    "lattice",
    "morphometry",
    "specimen",
    "model",
    "runner",
)


@lru_cache(maxsize=1)
def compute_code_digest() -> str:
    """Digest of every source file and table of the rooms that make a state."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256(get_numba_version().encode())
    for room in ROOMS:
        for file in sorted((root / room).rglob("*")):
            if file.suffix in {".py", ".yaml"}:
                digest.update(str(file.relative_to(root)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _describe_structure(config: "Config", settled: bool) -> dict[str, Any]:
    """Return what the structure and its life depend on; rows that a replete bone cannot feel only if
    part of it was lived under other hormones.
    """
    return {
        "code": compute_code_digest(),
        "lattice": config.lattice.describe(),
        "step": config.step,
        "spin_up": config.spin_up,
        "sex": config.patient.sex,
        "parameters": [
            (row.key, row.value)
            for row in config.parameters.rows.values()
            if settled or not is_idle_when_replete(row.key)
        ],
        "rules": dict(config.cells.rules),
        "fields": config.fields.model_dump(mode="json", exclude={"parameters"}),
        "mechanics": _describe_load(config),
    }


def _describe_load(config: "Config") -> dict[str, Any]:
    """Return the settings of mechanics with the stress until day 0 (MPa)."""
    settings = config.mechanics
    stress = compute_stress(settings.stress, config.parameters, 0.0)
    return {**settings.model_dump(mode="json", exclude={"stress", "parameters"}), "stress": stress}


def compute_state_digest(config: "Config", step: int, settled: bool) -> str:
    """Digest of all that determines the state at `step`.

    Parameters
    ----------
    step
        Steps lived.
    settled
        Whether part of them was lived under the levels of day 0.
    """
    content: dict[str, Any] = {"structure": _describe_structure(config, settled), "at": step}
    if settled:
        exposure = make_exposure(config)
        course = exposure.course
        levels = compute_present_levels(exposure, -1.0, config.step)
        content |= {"levels": levels, "age": config.patient.age, "settle": config.settle}
        early = {
            drug: sorted(dose for dose in list_doses(exposure, drug) if dose[0] < 0)
            for drug in DRUGS
        }
        if any(early.values()):
            content["given"] = early
        binding = {r.drug.name for r in config.regimens if r.drug.deed == "neutralises"}
        known = [] if course is None else course.given
        bound = [dose for dose in known if dose[0] in binding and dose[1] < 0]
        if bound:
            content["bound"] = bound
        if course is not None and course.begun < 0.0:
            content["course"] = _describe_past(course)
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _describe_past(course: "Course") -> str:
    """Digest of the levels until day 0 of a course whose drugs move them before it."""
    past = course.edges[1:] <= 0.0
    arrays = [
        course.edges[1:],
        course.inhibition,
        *(course.levels[n] for n in sorted(course.levels)),
    ]
    return hashlib.sha256(b"".join(array[past].tobytes() for array in arrays)).hexdigest()


def compute_resume_digest(config: "Config") -> str:
    """Digest of all of a configuration that a run which goes on must share: all but its length."""
    return config.model_copy(update={"duration": 1.0, "name": "run"}).compute_digest()
