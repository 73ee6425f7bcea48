"""What can be prescribed: names, routes, units and sizes of doses, and what each drug does."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from trabecula.config.shipped import load_shipped

ROUTES = {
    "im": "intramuscular", "sc": "subcutaneous", "subq": "subcutaneous", "iv": "intravenous",
    "po": "oral", "by_mouth": "oral", "patch": "transdermal", "gel": "transdermal",
    "topical": "transdermal", "pellet": "implant", "implanted": "implant",
}  # fmt: skip
"""Short words for routes."""

FAMILIES = {
    "estradiol": ("estradiol_patch", "estradiol_oral"),
    "progesterone": ("progesterone_oral",),
    "testosterone": ("testosterone_cypionate", "testosterone_gel", "testosterone_pellets"),
}
"""Hormones of several preparations; the route chooses."""


@dataclass(frozen=True)
class Drug:
    """One preparation.

    Parameters
    ----------
    name
        Name; its kinetics are the parameters ``drugs.<name>.*``.
    routes
        Routes, the usual one first.
    unit
        Unit of a dose.
    low, high
        Usual doses, in `unit`.
    most
        Largest dose that makes sense, in `unit`.
    deed, on
        What it does, and on what.
    aliases
        Other names.
    per_day
        Whether a dose is what is let go in a day, for as long as it is worn.
    own
        Kinetics that a configuration gives with a drug of its own, by row name; empty otherwise.
    """

    name: str
    routes: tuple[str, ...]
    unit: str
    low: float
    high: float
    most: float
    deed: str
    on: str
    aliases: tuple[str, ...] = ()
    per_day: bool = False
    own: tuple[tuple[str, float], ...] = ()


@lru_cache(maxsize=1)
def load_drugs() -> Mapping[str, Drug]:
    """Return all preparations by name."""
    table = load_shipped(Path(__file__).with_suffix(".yaml")).data
    return {name: _make_drug(name, row) for name, row in table.items()}


def _make_drug(name: str, row: Mapping[str, Any]) -> Drug:
    low, high = map(float, row["clinical"])
    deed, on = row["acts"]
    routes, aliases = tuple(row["routes"]), tuple(row["aliases"])
    most, per_day = float(row["most"]), bool(row.get("per_day"))
    return Drug(name, routes, row["unit"], low, high, most, deed, on, aliases, per_day)


def simplify(name: str) -> str:
    """Return a name in small letters with underscores."""
    return "_".join(name.strip().lower().replace("-", "_").split())


def find_route(word: str) -> str:
    """Return the full name of a route."""
    plain = simplify(word)
    return ROUTES.get(plain, plain)


def find_drug(
    name: str, route: str = "", own: Mapping[str, Drug] | None = None, unit: str = ""
) -> Drug | None:
    """Return the preparation called `name`, by `route` or `unit` where the name leaves several.

    None if there is none.

    Parameters
    ----------
    own
        Drugs that a configuration defines itself.
    unit
        Unit of the dose as it is written: 1 mg of estradiol is swallowed, 50 ug are a patch.
    """
    plain = simplify(name)
    drugs = {**load_drugs(), **(own or {})}
    if plain in drugs:
        return drugs[plain]
    family = [drugs[member] for member in FAMILIES.get(plain, ())]
    fitting = [drug for drug in family if not route or route in drug.routes] or family
    if family:
        return next((drug for drug in fitting if drug.unit == unit), fitting[0])
    return next((drug for drug in drugs.values() if plain in map(simplify, drug.aliases)), None)


def is_called(drug: Drug, route: str, name: str) -> bool:
    """Whether a drug given by `route` may be called so: by a name of its own, or a family's."""
    plain = simplify(name)
    own = [simplify(one) for one in (drug.name, *drug.aliases)]
    return plain in own or find_drug(plain, route, None, drug.unit) == drug


@lru_cache(maxsize=1)
def list_routes() -> frozenset[str]:
    """Return the full names of all routes by which anything is given."""
    routes = {route for drug in load_drugs().values() for route in drug.routes}
    return frozenset(routes | {*ROUTES.values()})


def list_names(own: Mapping[str, Drug] | None = None) -> list[str]:
    """Return every name that :func:`find_drug` understands."""
    drugs = {**load_drugs(), **(own or {})}
    names = {*drugs, *FAMILIES}
    return sorted(names.union(*(map(simplify, drug.aliases) for drug in drugs.values())))
