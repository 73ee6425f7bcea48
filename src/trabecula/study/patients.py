"""Virtual patients: every value a pure function of seed, key and number of the patient.

A share (0..1) is drawn for each key and patient with the keyed random numbers of the model. Keys that
are correlated are drawn together through a Gaussian copula, in the order of their names: a key depends
on those before it in the alphabet with which it is connected, and on nothing else. So neither the order
in a file, nor another patient, nor a key that is not connected moves a value.
"""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from trabecula.base.codes import Stream
from trabecula.base.columns import Array
from trabecula.config.marginals import Marginal, describe_distribution, make_marginal
from trabecula.config.marks import to_dotted
from trabecula.config.paths import to_key
from trabecula.config.populationrules import make_matrix
from trabecula.config.populationschema import Distribution, PopulationSettings, Variation
from trabecula.config.resolve import to_full_key
from trabecula.config.support import find_support
from trabecula.kernels.keyed import draw

BETWEEN, UNCERTAIN = 0, 1
"""Index of the draws of patients, and of those of uncertain parameters."""

HALF = 2.0**-54
"""Half of the distance between two draws, so that none is 0."""

PLACES = 1_000_000
"""Patients of one seed; lives of one structure."""

LIVES = 1000
"""Lives of a patient under one draw of the parameters."""


class Patients:
    """Draws patients, and values of uncertain parameters.

    Parameters
    ----------
    settings
        What varies, as it was checked.
    """

    def __init__(self, settings: Variation) -> None:
        self._seed = settings.seed
        self.varies = _make_marginals(settings.varies)
        is_whole = isinstance(settings, PopulationSettings) and settings.uncertain is not None
        rows = settings.uncertain.rows if is_whole else {}  # type: ignore[attr-defined]
        self.uncertain = _make_marginals(rows)
        self._groups = _make_groups(settings)

    def draw_patient(self, number: int) -> dict[str, Any]:
        """Return what is this patient's own, by dotted path; patients are numbered from 1."""
        from scipy.special import ndtr, ndtri

        values: dict[str, Any] = {}
        for paths, factor in self._groups:
            shares = [_draw_share(self._seed, path, number, BETWEEN) for path in paths]
            for path, score in zip(paths, factor @ ndtri(shares), strict=True):
                values[path] = self.varies[path].get_value(float(ndtr(score)))
        return {path: values[path] for path in self.varies}

    def draw_parameters(self, number: int) -> dict[str, float]:
        """Return a draw of the uncertain parameters (unit of each); number 0 leaves them as they are."""
        if number == 0:
            return {}
        return {
            path: marginal.get_value(_draw_share(self._seed, path, number, UNCERTAIN))
            for path, marginal in self.uncertain.items()
        }

    def find_structure(self, patient: int) -> int:
        """Return the seed of a patient's structure and spin-up."""
        return self._seed * PLACES + patient

    def find_life(self, patient: int, draw_number: int = 0, life: int = 1) -> int:
        """Return the seed of one life: shared by all points of a design, by nothing else."""
        return self.find_structure(patient) * PLACES + draw_number * LIVES + life


def _make_marginals(given: Mapping[str, Distribution]) -> dict[str, Marginal]:
    return {path: make_marginal(one, find_support(to_key(path))) for path, one in given.items()}


def _make_groups(settings: Variation) -> list[tuple[list[str], Array]]:
    """Return keys that are connected by correlations, sorted, each group with its Cholesky factor."""
    names = sorted(settings.varies, key=_identify)
    connected: dict[str, set[str]] = {name: {name} for name in names}
    for entry in settings.correlation:
        first, second = entry.between
        both = connected[first] | connected[second]
        for name in both:
            connected[name] = both
    groups = {frozenset(group): sorted(group, key=_identify) for group in connected.values()}
    return [
        (group, np.linalg.cholesky(np.array(make_matrix(settings, group))))
        for group in groups.values()
    ]


def _identify(path: str) -> str:
    """Return the one name of a key that may be written in several ways."""
    key = to_key(path)
    if len(key) == 3 and key[1] == "parameters":
        return f"{key[0]}.parameters.{to_full_key(str(key[2]), str(key[0]))}"
    return to_dotted(key)


def _draw_share(seed: int, path: str, number: int, kind: int) -> float:
    """Return a uniform number in (0, 1) that belongs to seed, key, number and kind."""
    digest = hashlib.sha256(_identify(path).encode()).digest()
    identity = np.uint64(int.from_bytes(digest[:8], "big"))
    share = draw(np.uint64(seed), int(Stream.PATIENT), number, identity, kind)
    return min(float(share) + HALF, math.nextafter(1.0, 0.0))


def summarise_distributions(settings: PopulationSettings) -> list[dict[str, Any]]:
    """Return a mapping for each distribution: the key, what it is, its quantiles, its basis."""
    patients = Patients(settings)
    rows = settings.uncertain.rows if settings.uncertain is not None else {}
    found = []
    for kind, asked, marginals in (
        ("varies", settings.varies, patients.varies), ("uncertain", rows, patients.uncertain),
    ):  # fmt: skip
        for path, one in asked.items():
            support = find_support(to_key(path))
            row = support.row
            is_range = one.distribution in ("range", "log_range")
            found.append({
                "key": path, "kind": kind, "distribution": describe_distribution(one),
                "q05": marginals[path].get_value(0.05), "median": marginals[path].get_value(0.5),
                "q95": marginals[path].get_value(0.95), "unit": support.unit,
                "grade": one.grade or (row.grade if row is not None and is_range else ""),
                "source": one.source or (row.source if row is not None and is_range else ""),
            })  # fmt: skip
    return found
