"""A configuration file, and settings of the command line, to one checked :class:`Config`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trabecula.base.errors import ConfigError, Problem
from trabecula.config.fits import apply_fit
from trabecula.config.marks import Document, Key, load_yaml, parse_yaml, to_dotted
from trabecula.config.names import replace_odd
from trabecula.config.paths import to_key
from trabecula.config.placing import place_value
from trabecula.config.problems import make_problems
from trabecula.config.resolve import find_conflicts, resolve
from trabecula.config.schema import Config
from trabecula.config.sheets import read_sheets

OTHERS = (
    ({"panel", "stages"}, "a calibration", "calibrate"),
    ({"arms", "endpoints"}, "a trial", "trial"),
    ({"rows"}, "a panel of trials", "validate --panel"),
    ({"config"}, "a sweep, or a population", "sweep"),
)
"""Keys by which files of other commands are known, what they are, and the command."""


def load_config(path: str | Path, sets: Sequence[str] = (), lived: bool = False) -> Config:
    """Load the YAML file at `path`, with `sets` (``PATH=VALUE``) on top.

    Of a run that has its bone, which is `lived`, the image that the file pins may be gone.

    Raises
    ------
    ConfigError
        With every mistake at once.
    """
    file = Path(path)
    return make_config(read_document(file, sets), file, lived)


def read_document(file: Path, sets: Sequence[str] = ()) -> Document:
    """Read the YAML `file`, with `sets` (``PATH=VALUE``) on top; their mistakes are noted there.

    Raises
    ------
    ConfigError
        If it cannot be read or is not YAML.
    """
    document = load_yaml(file)
    for text in sets:
        apply_setting(document, text)
    return document


def make_config(document: Document, file: Path, lived: bool = False) -> Config:
    """Build the configuration of a parsed `document`; paths in it are relative to `file`.

    Of one that has been `lived` a specimen whose digest it holds need not be there.

    Raises
    ------
    ConfigError
        With every mistake at once.
    """
    from pydantic import ValidationError

    data = document.data
    if not isinstance(data, dict):
        problem = Problem(document.find_value(()), "(top level)", repr(data), "blocks of settings")
        raise ConfigError([*document.problems, problem])
    for keys, what, command in OTHERS:
        if keys <= set(data) and "duration" not in data:
            allowed = f"a configuration; this one is for: trabecula {command} {file.name}"
            raise ConfigError([Problem(document.find_value(()), "(file)", what, allowed)])
    data = {"name": _to_name(file.stem), **data}
    problems = list(document.problems) + read_sheets(data, document, file)
    problems += apply_fit(data, document, file)
    config: Config | None = None
    wrong: list[Key] = []
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        known = {problem.where for problem in problems}  # a tag, a key given twice: said once
        found = make_problems(error, document)
        wrong = [one["loc"] for one in error.errors(include_url=False)]
        problems += [problem for problem in found if problem.where not in known]
    problems += find_conflicts(data, config, wrong, document, file, lived)
    if problems or config is None:
        raise ConfigError(sorted(set(problems), key=_order))
    return resolve(config, file)


def _order(problem: Problem) -> tuple[bool, str, int, int, str]:
    name, _, rest = problem.where.partition(":")
    places = rest.split(":")
    if len(places) == 2 and all(place.isdigit() for place in places):
        return False, name, int(places[0]), int(places[1]), problem.key
    return True, problem.where, 0, 0, problem.key


def _to_name(stem: str) -> str:
    return replace_odd(stem).lstrip(".") or "run"


def apply_setting(document: Document, text: str) -> None:
    """Put the value of ``PATH=VALUE`` into `document`; mistakes are noted there."""
    where = f"--set {text}"
    name, sign, value_text = text.partition("=")
    path = to_key(name.strip())
    if not sign or not path:
        problem = Problem(where, name or "(empty)", "no PATH=VALUE", "such as seed=7")
        document.problems.append(problem)
        return
    try:
        value = parse_yaml(value_text, where)
    except ConfigError as error:
        found = error.problems[0].found
        document.problems.append(Problem(where, name, f"{value_text!r} ({found})", "a YAML value"))
        return
    document.problems += value.problems
    if not isinstance(document.data, dict):
        document.data = {}
    place_value(document, path, name, value.data if value_text.strip() else None, where)


def make_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration."""
    schema = Config.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Trabecula configuration"
    return schema


__all__ = ["apply_setting", "load_config", "make_config", "make_json_schema", "to_dotted"]
