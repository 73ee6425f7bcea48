"""Runs that belong together: which folders hold runs, what differs, which are replicates."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trabecula.analysis.load import load_results
from trabecula.analysis.results import Results
from trabecula.base.errors import ResultsError
from trabecula.base.files import FORMER, to_order
from trabecula.records.lines import read_lines

FILE = "results.h5"
MANIFEST = "manifest.jsonl"
"""File in the folder of a sweep that lists its runs."""

DEEPEST = 4
"""Levels of folders below a study in which runs are looked for."""

CHANCE = ("seed", "lattice.seed")
"""Keys by which replicates differ."""

ASIDE = (*CHANCE, "name", "output.")
"""Keys that make no other arm."""

MOST_KEYS = 3
"""Differing keys that a label spells out, treatments first."""

TREATMENTS = ("hormones.", "protocol")
"""Beginnings of the keys of what is given."""

AS_IS = "as is"
"""Label of an arm that has none of the keys that others have."""

PATIENT, DRAW = "patient", "draw"
"""What several runs of an arm may be of: a virtual patient, or a draw of uncertain parameters."""


@dataclass(frozen=True)
class Arm:
    """Runs that differ by chance only.

    Parameters
    ----------
    label
        Its name.
    runs
        Results, in the order they were given.
    kind
        What its runs are of, :data:`PATIENT` or :data:`DRAW`; empty if every run is one of its own.
    numbers
        Number of that patient or draw, one a run; none without a `kind`.
    """

    label: str
    runs: tuple[Results, ...]
    kind: str = ""
    numbers: tuple[int, ...] = ()


def find_runs(place: Path) -> list[Path]:
    """Return the run folders that `place` stands for: itself, or those below it, sorted.

    In the folder of a sweep these are the runs that its manifest lists, not what an earlier sweep of
    other settings left there; and nowhere what was set aside below a run, which is no sample of its own.

    Raises
    ------
    ResultsError
        If there is none.
    """
    if place.suffix.lower() in (".yaml", ".yml") and place.is_file():
        msg = (
            f"{place}: found a configuration; allowed: a run folder, a {FILE} or a folder of runs; "
            "trabecula run makes one of it"
        )
        raise ResultsError(msg)
    if place.is_file() or (place / FILE).is_file():
        return [place]
    if not place.is_dir():
        msg = f"{place}: there is no such file or folder; a run folder or a {FILE} is needed"
        raise ResultsError(msg)
    found: list[Path] = []
    patterns = ("*/" * depth + FILE for depth in range(1, DEEPEST + 1))
    for pattern in patterns:
        found += [path.parent for path in place.glob(pattern)]
    listed = {str(line.get("folder") or "") for line in read_lines(place / MANIFEST)}
    if listed:
        found = [path for path in found if path.relative_to(place).parts[0] in listed]
    found = [path for path in found if not _is_set_aside(path, place)]
    if not found:
        msg = (
            f"{place}: the folder holds no {FILE}, nor do the folders in it; a run folder, a {FILE} or "
            "a folder of runs is needed"
        )
        raise ResultsError(msg)
    return sorted(set(found), key=to_order)


def _is_set_aside(path: Path, place: Path) -> bool:
    """Whether a folder of results lies in that of another run, or is named as what was moved there."""
    above = [one for one in path.parents if place in one.parents]
    return path.name.startswith(FORMER) or any((one / FILE).is_file() for one in above)


def load_runs(places: Iterable[Path]) -> list[Results]:
    """Load every run that `places` stand for.

    Raises
    ------
    ResultsError
        If a place holds none, or a file cannot be read.
    """
    return [load_results(path) for place in places for path in find_runs(place)]


def read_config(results: Results) -> Mapping[str, Any]:
    """Return the resolved configuration of a run as nested plain values; empty if none is stored."""
    from trabecula.config.marks import parse_yaml

    text = results.provenance.get("config")
    if not text:
        return {}
    data = parse_yaml(str(text), str(results.path)).data
    return data if isinstance(data, dict) else {}


def flatten(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested values by dotted key; lists stay whole."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{name}.")
        elif not isinstance(value, Mapping):
            flat[name] = value
    return flat


def find_parameters(runs: Sequence[Results]) -> dict[str, list[Any]]:
    """Return the configured keys that differ between runs, each with its value in every run.

    Seeds, names and what is only output are left out; None where a run does not have the key.
    """
    configs = [flatten(read_config(run)) for run in runs]
    keys = dict.fromkeys(key for config in configs for key in config)
    found = {}
    for key in keys:
        values = [config.get(key) for config in configs]
        if not key.startswith(ASIDE) and any(value != values[0] for value in values):
            found[key] = values
    return found


def get_seeds(results: Results) -> tuple[int | None, int | None]:
    """Return the seeds of structure and of chance after day 0; None where they are not stored."""
    config = flatten(read_config(results))
    seed = config.get("seed", results.provenance.get("seed"))
    structure = config.get("lattice.seed", seed)
    return (None if structure is None else int(structure), None if seed is None else int(seed))


def group_runs(runs: Sequence[Results]) -> list[Arm]:
    """Return runs by arm: the same configuration but for seeds, names but for a closing number."""
    parameters = find_parameters(runs)
    names = [_name(run) for run in runs]
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        changed = [f"{key}={values[row]}" for key, values in parameters.items()]
        rows.setdefault("\n".join([name, *changed]), []).append(row)
    labels = _make_labels([found[0] for found in rows.values()], names, parameters)
    return [
        Arm(label, tuple(runs[row] for row in found))
        for label, found in zip(labels, rows.values(), strict=True)
    ]


def _name(run: Results) -> str:
    """Return the name of a run without the number of a replicate; that of its folder if it has none."""
    name = str(read_config(run).get("name") or run.path.parent.name)
    return re.sub(r"[-_.](?:bone-?)?\d+$", "", name) or name


def _make_labels(
    rows: Sequence[int], names: Sequence[str], parameters: Mapping[str, list[Any]]
) -> list[str]:
    """Return a label for the arm of each row: its name, or what differs where names do not."""
    plain = [names[row] for row in rows]
    if len(set(plain)) == len(plain):
        return _strip_common(plain)
    keys = sorted(parameters, key=lambda key: not key.startswith(TREATMENTS))[:MOST_KEYS]
    for tell in (_tell, str):  # in short, unless courses differ by their days alone
        told = []
        for row in rows:
            given = {key: parameters[key][row] for key in keys if parameters[key][row] is not None}
            words = [f"{_shorten(key, keys)} {tell(value)}" for key, value in given.items()]
            told.append(", ".join(words) or AS_IS)
        if len(set(told)) == len(told):
            break
    if len(set(plain)) > 1:
        told = [f"{name}: {text}" for name, text in zip(plain, told, strict=True)]
    if len(set(told)) < len(told):
        told = [f"{text} ({number})" for number, text in enumerate(told, 1)]
    return told


def _strip_common(names: Sequence[str]) -> list[str]:
    """Return names without what all begin with, up to a dash: ``CAL-1-drug`` is ``drug``."""
    if len(names) < 2:
        return list(names)
    parts = [name.split("-") for name in names]
    common = 0
    shortest = min(len(part) for part in parts)
    while common < shortest - 1 and len({part[common] for part in parts}) == 1:
        common += 1
    return ["-".join(part[common:]) for part in parts]


def _tell(value: Any) -> str:
    """Return a value in short: a course by the values that it goes through, without their days."""
    is_course = isinstance(value, list) and all(isinstance(p, list) and len(p) == 2 for p in value)
    if not is_course or not value:
        return str(value)
    steps = [point[1] for point in value]
    words = [f"{step:g}" if isinstance(step, int | float) else str(step) for step in steps]
    return " \u2192 ".join(word for word, _ in itertools.groupby(words))


def _shorten(key: str, keys: Sequence[str]) -> str:
    """Return the last part of a dotted key, if no other key ends so."""
    last = key.rpartition(".")[2]
    return key if sum(other.rpartition(".")[2] == last for other in keys) > 1 else last
