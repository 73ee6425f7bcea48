"""What may be wrong with a virtual population: its distributions, correlations and uncertain rows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import PydanticCustomError

from trabecula.base.errors import Problem
from trabecula.config.marginals import LEAST_KEPT, make_marginal
from trabecula.config.marks import Document, Key, to_dotted
from trabecula.config.parameters import find_override_problems
from trabecula.config.paths import find_path_problem, to_key
from trabecula.config.populationschema import Distribution, PopulationSettings, Variation
from trabecula.config.problems import make_problems
from trabecula.config.support import Support, find_support

DECIDED = ("seed", "lattice.seed")
"""Keys that a population sets itself."""

MIDDLE, WIDTH = ("mean", "median"), ("sd", "gsd")

USED: Mapping[str, tuple[str, ...]] = {
    "normal": ("mean", "median", "sd", "low", "high"),
    "lognormal": ("mean", "median", "sd", "gsd", "low", "high"),
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "choice": ("values", "weights"),
    "range": (),
    "log_range": (),
}
"""What each distribution is told by."""

ONE_OF: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "normal": (MIDDLE, ("sd",)), "lognormal": (MIDDLE, WIDTH), "uniform": (("low",), ("high",)),
    "triangular": (("low",), ("mode",), ("high",)), "choice": (("values",),), "range": (),
    "log_range": (),
}  # fmt: skip
"""Of which exactly one is needed."""

SMALLEST_EIGENVALUE = 1e-9

type Mistake = tuple[Key, str, str, str]
"""Where, what was found, what is allowed, a hint."""


def find_population_problems(
    settings: Variation, document: Document, base: Key, decided: tuple[str, ...] = DECIDED
) -> list[Problem]:
    """Return every mistake of a population whose block stands at `base`.

    Parameters
    ----------
    decided
        Keys that may not vary because something else sets them.
    """
    mistakes: list[Mistake] = []
    for path, asked in settings.varies.items():
        key: Key = ("varies", path)
        if asked.distribution in ("range", "log_range"):
            allowed = "a distribution over patients; a range of evidence is of uncertain.rows"
            mistakes.append((key, asked.distribution, allowed, ""))
        elif path in decided:
            mistakes.append((key, path, "a key that is not decided for each patient", ""))
        else:
            mistakes += check_key(key, path, asked)
    mistakes += _check_correlations(settings)
    if isinstance(settings, PopulationSettings) and settings.uncertain is not None:
        for path, asked in settings.uncertain.rows.items():
            mistakes += _check_row(("uncertain", "rows", path), path, asked)
    return [
        Problem(document.find_value((*base, *key)), to_dotted((*base, *key)), *rest)
        for key, *rest in mistakes
    ]


def read_variation(
    given: Mapping[str, Any], document: Document, base: Key, decided: tuple[str, ...]
) -> tuple[Variation | None, list[Problem]]:
    """Return what varies between patients, or every mistake of it.

    Parameters
    ----------
    given
        The keys of :class:`Variation` that are there.
    base
        Where they stand.
    decided
        Keys that may not vary because something else sets them.
    """
    from pydantic import ValidationError

    try:
        settings = Variation.model_validate(dict(given))
    except ValidationError as error:
        keys, values = (
            {key[len(base) :]: where for key, where in marks.items() if key[: len(base)] == base}
            for marks in (document.keys, document.values)
        )
        own = Document(document.name, given, keys, values)
        found = make_problems(error, own, Variation)
        return None, [replace(one, key=f"{to_dotted(base)}.{one.key}") for one in found]
    problems = find_population_problems(settings, document, base, decided)
    return (None if problems else settings), problems


def _check_row(key: Key, path: str, asked: Distribution) -> list[Mistake]:
    """Check an uncertain key, which must be a row of the table of parameters."""
    if find_path_problem(path) is not None:
        return check_key(key, path, asked)
    support = find_support(to_key(path))
    if support.row is None:
        allowed = "a row of the table, such as cells.parameters.osteoclast.work"
        return [(key, path, allowed, "what differs between patients stands under varies")]
    if asked.distribution == "log_range" and support.low <= 0:
        found = f"the range {support.low:g} .. {support.high:g} {support.unit}"
        return [(key, found, "a range above 0 for log_range", "range")]
    return check_key(key, path, asked)


def check_key(key: Key, path: str, asked: Distribution) -> list[Mistake]:
    """Return what is wrong with the distribution of one key of a configuration."""
    reason = find_path_problem(path)
    if reason is not None:
        return [(key, *reason)]
    support = find_support(to_key(path))
    kind = asked.distribution
    given = [name for name in (*MIDDLE, *WIDTH, "low", "mode", "high", "values", "weights")
             if getattr(asked, name) is not None]  # fmt: skip
    mistakes: list[Mistake] = []
    for name in given:
        if name not in USED[kind]:
            words = ", ".join(USED[kind]) or "nothing more"
            mistakes.append(((*key, name), f"{name} of a {kind} distribution", words, ""))
    for group in ONE_OF[kind]:
        count = sum(name in given for name in group)
        if count != 1:
            found = " and ".join(n for n in group if n in given) or "nothing"
            mistakes.append((key, f"{found} for {' or '.join(group)}", "one of them", ""))
    if kind != "choice" and not support.is_number:
        allowed = "distribution: choice, since the key takes no numbers"
        mistakes.append((key, kind, allowed, ""))
    if mistakes:
        return mistakes
    if kind == "choice":
        return _check_choice(key, asked, support)
    return _check_numbers(key, asked, support)


def _check_numbers(key: Key, asked: Distribution, support: Support) -> list[Mistake]:
    for name in ("low", "high"):
        value = getattr(asked, name)
        if value is not None and not support.low <= value <= support.high:
            unit = "" if support.unit in ("", "1") else f" {support.unit}"
            allowed = f"{support.low:g} .. {support.high:g}{unit}"
            hint = "" if support.row is None else f"the range of evidence; {support.row.source}"
            return [((*key, name), f"{name} {value:g}", allowed, hint)]
    low = support.low if asked.low is None else asked.low
    high = support.high if asked.high is None else asked.high
    if not low < high:
        return [(key, f"low {low:g}, high {high:g}", "low under high", "")]
    if asked.mode is not None and not low <= asked.mode <= high:
        return [((*key, "mode"), f"mode {asked.mode:g}", f"{low:g} .. {high:g}", "")]
    middle = asked.mean if asked.median is None else asked.median
    if asked.distribution == "lognormal" and middle is not None and middle <= 0:
        return [(key, f"a middle of {middle:g}", "above 0 for a lognormal distribution", "")]
    kept = make_marginal(asked, support).kept
    if kept < LEAST_KEPT:
        found = f"{100 * kept:.2g} % of the distribution within {low:g} .. {high:g}"
        return [(key, found, f"at least {100 * LEAST_KEPT:g} %", "move the limits or the middle")]
    return []


def _check_choice(key: Key, asked: Distribution, support: Support) -> list[Mistake]:
    values, mistakes = asked.values or (), list[Mistake]()
    for index, value in enumerate(values):
        place: Key = (*key, "values", index)
        if support.row is not None:
            for problem, _ in find_override_problems({support.row.key: value}):
                mistakes.append((place, problem.found, problem.allowed, problem.hint))
        elif support.leaf is not None:
            try:
                support.leaf.read(value)
            except PydanticCustomError as error:
                context = error.context or {}
                mistakes.append((place, context["found"], context["allowed"], context["hint"]))
    if asked.weights is None:
        return mistakes
    if len(asked.weights) != len(values):
        found, allowed = f"{len(asked.weights)} weights", f"{len(values)}, one for each value"
        return [*mistakes, ((*key, "weights"), found, allowed, "")]
    for index, weight in enumerate(asked.weights):
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not is_number or not 0 < weight < float("inf"):
            mistakes.append(((*key, "weights", index), repr(weight), "a number above 0", ""))
    return mistakes


def _check_correlations(settings: Variation) -> list[Mistake]:
    mistakes: list[Mistake] = []
    seen: set[frozenset[str]] = set()
    for index, entry in enumerate(settings.correlation):
        key: Key = ("correlation", index, "between")
        names = [n for n in entry.between if isinstance(n, str) and n in settings.varies]
        if len(entry.between) != 2 or len(names) != 2 or names[0] == names[1]:
            allowed = "two different keys of varies: " + ", ".join(settings.varies)
            mistakes.append((key, str(list(entry.between)), allowed, ""))
        elif frozenset(names) in seen:
            mistakes.append((key, f"{names[0]} and {names[1]} twice", "each pair once", ""))
        else:
            seen.add(frozenset(names))
    if mistakes or not settings.correlation:
        return mistakes
    import numpy as np

    smallest = float(np.linalg.eigvalsh(make_matrix(settings, sorted(settings.varies)))[0])
    if smallest < SMALLEST_EIGENVALUE:
        found = f"correlations that cannot be together (smallest eigenvalue {smallest:.2g})"
        allowed = "a positive definite matrix; pairs that are not given are 0"
        return [(("correlation",), found, allowed, "give the pairs that are missing, or weaker r")]
    return []


def make_matrix(settings: Variation, names: list[str]) -> "list[list[float]]":
    """Return the correlations (-1..1) between keys as a matrix; what is not given is 0."""
    pairs = {frozenset(entry.between): entry.r for entry in settings.correlation}
    return [[1.0 if a == b else pairs.get(frozenset((a, b)), 0.0) for b in names] for a in names]
