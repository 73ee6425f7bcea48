"""Panels and trials from files: what cannot be read is told, or kept with its reason."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem
from trabecula.config.marginals import describe_distribution
from trabecula.config.marks import Document, Key, load_yaml
from trabecula.config.names import find_nearest
from trabecula.config.parameters import load_parameters
from trabecula.config.populationrules import read_variation
from trabecula.config.populationschema import Variation
from trabecula.study.arms import ArmReader, flatten_settings
from trabecula.study.complaints import Complaints, drop_empty, is_number, say
from trabecula.study.endpoints import EndpointReader, find_last_day, list_days, read_flag
from trabecula.study.held import is_steady
from trabecula.study.panel import (
    PANELS,
    Arm,
    Endpoint,
    Panel,
    Points,
    Trial,
    drop_unlived,
    list_panels,
)
from trabecula.study.people import AGE, PEOPLE, find_stage, list_unread, read_people
from trabecula.study.trials import DECIDED

LONGEST = 36525.0
"""Longest trial (d)."""

ROWS = ("rows", "trials")
"""Keys under which a panel may have its trials."""

WORDS = (
    "schema_version", "title", "name", "observables", "scoring", "note", "notes", "comment", "source",
)  # fmt: skip
"""Keys of a panel that are words for people."""

READ = (
    "id", "title", "source", "population", "duration_days", "arms", "endpoints", "reference",
    "config", "settings",
)  # fmt: skip
"""Keys of a trial that are read."""

UNUSED = ("note", "notes", "comment", "evidence", "caveat")
"""Keys of a trial that are words for people."""


def load_panel(path: str | Path, strict: bool = False) -> Panel:
    """Read a panel from a file, or by the name of one that comes with the program.

    A file of one trial is a panel of one.

    Parameters
    ----------
    strict
        Whether a mistake ends the reading, in a file of one trial also a key that is not known and an
        endpoint that cannot be scored. If not, what it makes impossible is listed as not
        scorable, with the reason, and the rest stands.

    Raises
    ------
    ConfigError
        If there is no trial at all, if YAML itself forbids what stands there, or if `strict`.
    """
    file = Path(path)
    if str(path) in list_panels():
        file = PANELS / f"{path}.yaml"
    elif not file.exists():
        names = list_panels()
        allowed = f"a YAML file, or {' or '.join(names)}"
        hint = find_nearest(str(path), names)
        raise ConfigError([Problem(str(path), "(file)", "No such file", allowed, hint)])
    document = load_yaml(file)
    complaints = Complaints(document)
    data: Any = document.data
    given = [key for key in ROWS if isinstance(data, dict) and key in data]
    base: Key = ()
    if given:
        data, base = data[given[0]], (given[0],)
    elif isinstance(data, dict) and "arms" in data:
        data = [data]
    if document.problems or not isinstance(data, list) or not data:
        found = Problem(
            document.find_value(base), "rows", say(data), "a list of trials, or a trial"
        )
        raise ConfigError(document.problems or [found])
    is_one = not given and isinstance(document.data, dict)
    unread = [k for k in document.data if k not in (*given[:1], *WORDS)] if given else []
    trials = []
    for index, row in enumerate(data):
        place = () if is_one else (*base, index)
        trials.append(RowReader(place, complaints, file, index).read(row))
    if strict and is_one:  # of others' panels, which say more than is read, only what is wrong
        complaints.problems += complaints.unread
        complaints.problems += [] if complaints.problems else _find_unscorable(trials[0], document)
    if strict and complaints.problems:
        raise ConfigError(complaints.problems)
    if unread:
        note = f"of the file, not of this trial alone: not read: {', '.join(unread)}"
        trials[0] = replace(trials[0], notes=(*trials[0].notes, note))
    return Panel(file, _part_names(trials))


def _find_unscorable(trial: Trial, document: Document) -> list[Problem]:
    """Return what is wrong with each endpoint of one's own trial that cannot be scored.

    Prose is none of it: what no observable can be is noted beside the rest.
    """
    where = document.find_value(("endpoints",))
    return [
        Problem(where, "endpoints", f"{end.label}: {end.reason}", "what can be scored")
        for end in trial.endpoints
        if end.term is None and not end.reason.startswith("prose")
    ]


def _part_names(trials: list[Trial]) -> tuple[Trial, ...]:
    """Give trials of one name different ones."""
    found: list[Trial] = []
    for trial in trials:
        same = sum(other.id.partition(" #")[0] == trial.id for other in found)
        if same:
            note = f"a trial before it is called {trial.id} too"
            trial = replace(trial, id=f"{trial.id} #{same + 1}", notes=(*trial.notes, note))  # noqa: PLW2901
        found.append(trial)
    return tuple(found)


class RowReader:
    """Reads one trial.

    Parameters
    ----------
    path
        Where it stands.
    file
        The panel's file; a configuration that the trial names is relative to it.
    """

    def __init__(self, path: Key, complaints: Complaints, file: Path, index: int) -> None:
        self._path, self._complaints, self._file = path, complaints, file
        self._index = index
        self._notes: list[str] = []

    def read(self, row: Any) -> Trial:
        """Return the trial; one that cannot be lived has endpoints with the reason."""
        if not isinstance(row, dict):
            allowed = "a trial: id, duration_days, arms, endpoints"
            reason = self._complaints.add(self._path, row, allowed)
            return self._give_up({}, f"row {self._index + 1}", reason)
        row = drop_empty(row, ("duration_days", "reference"))
        fallback = self._file.stem if not self._path else f"row {self._index + 1}"
        name = str(row.get("id") or fallback)
        days, reason = self._read_days(row)
        arms, missing = self._read_arms(row.get("arms"), days)
        if reason or missing:
            return self._give_up(row, name, reason or missing)
        given = row.get("population")
        people: dict[str, Any] = given if isinstance(given, dict) else {}
        if given is not None and not isinstance(given, dict):
            self._notes.append(f"population is no {{sex, age_y}} and not read: {say(given)}")
        sex, age, assumed = read_people(people)
        self._notes += assumed
        unread = [str(key) for key in row if key not in READ and key not in UNUSED]
        self._complaints.add_unread(self._path, unread, READ)
        if unread:
            self._notes.append(f"not read: {', '.join(unread)}")
        self._complaints.add_unread((*self._path, "population"), list_unread(people), PEOPLE)
        config, settings, why = self._read_base(row)
        variation, unclear = self._read_variation(people)
        if config is not None and people.keys() & {"sex", "age_y"}:
            self._notes.append("sex and age are those of the configuration, not of population")
        elif not (variation or has_patient(settings)):
            self._notes += [] if "sex" in people else ["sex not given: taken as women"]
            self._notes += [] if "age_y" in people else [f"age_y not given: taken as {AGE:g} y"]
        if config is None and not has_patient(settings) and any(map(has_glands, arms)):
            stage = find_stage(sex, age)
            settings = {**settings, "patient.stage": stage}
            self._notes.append(
                f"arms with prescriptions: all are patients with glands ({stage}), in whom what an arm "
                "does not name follows from sex and age"
            )
        why = why or unclear
        if config is None and not settings:
            arms = self._complete(arms, sex, age)
        reader = EndpointReader(
            (*self._path, "endpoints"), [arm.name for arm in arms], days, row.get("reference"),
            self._complaints, self._notes, {} if config or settings else list_steady(arms),
            {arm.name: arm.reference for arm in arms if arm.reference is not None},
        )  # fmt: skip
        endpoints = reader.read(row.get("endpoints"))
        if why:
            arms = tuple(replace(arm, reason=arm.reason or why) for arm in arms)
        self._note_idle_arms(arms, endpoints)
        endpoints = drop_unlived(endpoints, arms)
        title, source = str(row.get("title", name)), str(row.get("source", ""))
        notes = tuple(dict.fromkeys(self._notes))
        return Trial(
            name, title, source, sex, age, days, arms, endpoints, notes, config, settings, variation
        )  # fmt: skip

    def _complete(self, arms: tuple[Arm, ...], sex: str, age: float) -> tuple[Arm, ...]:
        """Return arms with the estradiol that a man's testosterone makes; say what else is assumed."""
        found = []
        for arm in arms:
            made = {} if sex == "female" or arm.settings else find_estradiol(arm)
            if made:
                self._notes.append(
                    f"arm {arm.name}: estradiol follows testosterone, as it is not given"
                )
            found.append(replace(arm, levels={**arm.levels, **made}))
        bare = [arm.name for arm in found if not arm.settings and "estradiol" not in arm.levels]
        if bare and sex == "female" and find_stage(sex, age) != "premenopausal":
            level = load_parameters()["hormones.female.estradiol"]
            self._notes.append(
                f"e2_pg_ml not given for women of {age:g} y: that of a young woman, {level:g} pg/mL "
                f"({', '.join(bare)})"
            )
        return tuple(found)

    def _note_idle_arms(self, arms: Sequence[Arm], endpoints: Sequence[Endpoint]) -> None:
        """Say which arms no endpoint reads, since they are not lived."""
        read = {name for end in endpoints if end.term for name in end.term.arms}
        idle = [arm.name for arm in arms if arm.name not in read]
        if idle and read:
            self._notes.append(f"arms that no endpoint reads are not lived: {', '.join(idle)}")

    def _give_up(self, row: Mapping[str, Any], name: str, reason: str) -> Trial:
        """Return a trial that cannot be lived, its endpoints listed."""
        given = row.get("endpoints")
        entries = given if isinstance(given, list) and given else [None]
        none = (math.nan, math.nan)
        ends = tuple(
            Endpoint(
                str(entry.get("obs")) if isinstance(entry, dict) else "the whole trial", None, reason,
                none, isinstance(entry, dict) and bool(read_flag(entry.get("required"))), "",
            )
            for entry in entries
        )  # fmt: skip
        title, source = str(row.get("title", name)), str(row.get("source", ""))
        return Trial(name, title, source, "female", 50.0, 0.0, (), ends, (f"not lived: {reason}",))

    def _read_days(self, row: Mapping[str, Any]) -> tuple[float, str]:
        """Return the duration (d), and why there is none; not given, it is the last endpoint's day."""
        stated = row.get("duration_days")
        if "duration_days" not in row:
            stated = max(list_days(row.get("endpoints")), default=None)
            if stated is not None:
                self._notes.append(
                    f"no duration_days: taken as {stated:g}, the last endpoint's day"
                )
        if is_number(stated) and 0 < float(stated) <= LONGEST:  # type: ignore[arg-type]
            days = find_last_day(row.get("endpoints"), float(stated))  # type: ignore[arg-type]
            if days > float(stated):  # type: ignore[arg-type]
                self._notes.append(f"lived until day {days:g}, the last endpoint's")
            return min(days, LONGEST), ""
        path = (*self._path, "duration_days")
        return 0.0, self._complaints.add(path, stated, f"days, up to {LONGEST:g}")

    def _read_arms(self, given: Any, days: float) -> tuple[tuple[Arm, ...], str]:
        """Return arms, which stand by name or in a list with their names, and why there are none.

        Parameters
        ----------
        days
            How long they are lived (d).
        """
        path: Key = (*self._path, "arms")
        entries: list[tuple[str, Any, Key]] = []
        if isinstance(given, dict):
            entries = [(str(key), value, (*path, key)) for key, value in given.items()]
        elif isinstance(given, list) and all(isinstance(one, dict) for one in given):
            for index, one in enumerate(given):
                name = str(one.get("name") or one.get("id") or f"arm {index + 1}")
                entries.append((name, one, (*path, index)))
        names = [name for name, _, _ in entries]
        if not entries or len(set(names)) < len(names):
            allowed = "at least one arm, each with a name of its own"
            return (), self._complaints.add(path, given, allowed)
        arms = (
            ArmReader(name, place, self._complaints, self._notes, days).read(value)
            for name, value, place in entries
        )
        return tuple(arms), ""

    def _read_variation(self, people: Mapping[str, Any]) -> tuple[Variation | None, str]:
        """Return what differs between patients, and what is wrong with it."""
        given = {key: people[key] for key in Variation.model_fields if key in people}
        if not given:
            return None, ""
        base: Key = (*self._path, "population")
        found, problems = read_variation(given, self._complaints.document, base, DECIDED)
        if found is None:
            self._complaints.problems += problems
            return None, str(problems[0])
        words = [f"{key} ({describe_distribution(one)})" for key, one in found.varies.items()]
        self._notes.append(
            f"bones are patients who differ in {', '.join(words)}; the plan's errors leave this out"
        )
        return found, ""

    def _read_base(self, row: Mapping[str, Any]) -> tuple[Path | None, dict[str, Any], str]:
        """Return the configuration that a trial begins from, its settings, and what is wrong."""
        config, reason = None, ""
        if row.get("config") is not None:
            config = self._file.parent / str(row["config"])
            if not config.is_file():
                allowed = f"a file, relative to {self._file.parent}"
                reason = self._complaints.add((*self._path, "config"), str(row["config"]), allowed)
        found, wrong = flatten_settings(row.get("settings") or {}, self._file.parent)
        if wrong:
            path = (*self._path, "settings")
            reason = reason or self._complaints.add(path, wrong, "keys of a configuration")
        return config, found, reason


def list_steady(arms: Sequence[Arm]) -> dict[str, object]:
    """Return by name the levels of every arm in which nothing changes."""
    return {
        arm.name: sorted((name, points[0][1]) for name, points in arm.levels.items())
        for arm in arms
        if is_steady(arm) and not arm.settings and not arm.reason
    }


def find_estradiol(arm: Arm) -> dict[str, Points]:
    """Return the estradiol of a man of whom testosterone alone is given: in proportion to it."""
    points = arm.levels.get("testosterone")
    if points is None or "estradiol" in arm.levels:
        return {}
    table = load_parameters()
    share = table["hormones.male.estradiol"] / table["hormones.male.testosterone"]
    return {"estradiol": tuple((day, share * level) for day, level in points)}


def has_patient(settings: Mapping[str, Any]) -> bool:
    """Whether settings of a trial say who the patient is."""
    return any(key.split(".")[0] == "patient" for key in settings)


def has_glands(arm: Arm) -> bool:
    """Whether settings of an arm make its levels follow from glands, which other arms then need too."""
    heads = {key.split(".")[0] for key in arm.settings}
    named = any(key.startswith("patient") for key in arm.settings)
    return "protocol" in heads and not named
