"""What pydantic reports, as problems with file, line, column, allowed values and nearest key."""

from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from trabecula.base.errors import Problem
from trabecula.config.marks import Document, Key, to_dotted
from trabecula.config.names import find_nearest
from trabecula.config.schema import Config
from trabecula.config.types import Quantity


def make_problems(
    error: ValidationError, document: Document, root: type[BaseModel] = Config
) -> list[Problem]:
    """Translate what pydantic reports about a file whose top level is `root`."""
    problems: list[Problem] = []
    for one in error.errors(include_url=False):
        problems.append(_make_problem(dict(one), document, root))
        for more in one.get("ctx", {}).get("more", ()):
            problems.append(_make_problem({**one, "ctx": more}, document, root))
    return problems


def _make_problem(error: dict[str, Any], document: Document, root: type[BaseModel]) -> Problem:
    path: Key = tuple(part for part in error["loc"] if part != "[key]")
    kind = error["type"]
    if "[key]" in error["loc"] or kind == "extra_forbidden":
        return _unknown_key(path, error, document, root)
    if kind == "missing" and not isinstance(path[-1], int):
        return _missing(path, document, root)
    context = error.get("ctx", {})
    if kind == "leaf":
        item = context["item"]
        spot = path if item is None else (*path, item)
        where = document.find_value(spot)
        return Problem(
            where, to_dotted(spot), context["found"], context["allowed"], context["hint"]
        )
    return _wrong_shape(path, error, document, root)


def _unknown_key(
    path: Key, error: dict[str, Any], document: Document, root: type[BaseModel]
) -> Problem:
    valid = _valid_keys(path[:-1], error, root)
    name = str(path[-1])
    hint = find_nearest(name, valid)
    if not hint:
        places = [key for key in find_keys(root) if key[-1] == name]
        hint = f"did you mean {to_dotted(places[0])}?" if places else ""
    where = document.find_key(path)
    return Problem(where, to_dotted(path), f"unknown key '{name}'", ", ".join(valid), hint)


def _valid_keys(path: Key, error: dict[str, Any], root: type[BaseModel]) -> list[str]:
    model = find_model(path, root)
    if model is not None:
        return list(model.model_fields)
    words: str = error.get("ctx", {}).get("allowed", "")
    return words.split(" or ")


def _missing(path: Key, document: Document, root: type[BaseModel]) -> Problem:
    allowed = describe_field(path, root)
    where = document.find_key(path[:-1])
    return Problem(where, to_dotted(path), "nothing", allowed, f"add {path[-1]}")


def _wrong_shape(
    path: Key, error: dict[str, Any], document: Document, root: type[BaseModel]
) -> Problem:
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "missing":
        path, kind = path[:-1], "too_short"
    model = find_model(path, root)
    if model is not None:
        allowed = "a block of " + ", ".join(model.model_fields)
    elif kind in {"too_short", "too_long"} and "actual_length" not in context:
        allowed = "a list of 3 along z, y, x"
    elif kind in {"tuple_type", "list_type", "too_short", "too_long"}:
        allowed = "a list of 3 along z, y, x" if path[-1] != "labels" else "a list of label values"
    else:
        allowed = "a block of settings" if kind == "dict_type" else str(error["msg"])
    found = "a shorter list" if kind == "too_short" else describe_value(error["input"])
    return Problem(document.find_value(path), to_dotted(path), found, allowed)


def describe_value(value: object) -> str:
    """Return a short text of a value found."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"a block of {', '.join(map(str, value)) or 'nothing'}"
    return repr(value)


def find_model(path: Key, root: type[BaseModel] = Config) -> type[BaseModel] | None:
    """Return the block at `path` of the schema, or None if something else stands there.

    Blocks that stand under names of the user's own are found too, ``hormones.drugs.NAME``, and those of
    lists, ``patient.labs[0]``.
    """
    model: type[BaseModel] | None = root
    is_named = False
    for part in path:
        if is_named or isinstance(part, int):  # a name of the user's own, or a place in a list
            is_named = False
            continue
        if model is None or part not in model.model_fields:
            return None
        annotation = model.model_fields[str(part)].annotation
        model, is_named = _as_model(annotation), get_origin(annotation) is dict
    return None if is_named else model


def _as_model(annotation: Any) -> type[BaseModel] | None:
    for option in (annotation, *get_args(annotation)):
        choice = get_args(option)[0] if get_origin(option) is Annotated else option
        if isinstance(choice, type) and issubclass(choice, BaseModel):
            return choice
    return None


def find_keys(model: type[BaseModel], prefix: Key = ()) -> list[Key]:
    """Return the path of every key of `model`."""
    keys: list[Key] = []
    for name, field in model.model_fields.items():
        keys.append((*prefix, name))
        inner = _as_model(field.annotation)
        if inner is not None:
            keys += find_keys(inner, (*prefix, name))
    return keys


def describe_field(path: Key, root: type[BaseModel] = Config) -> str:
    """Return what the field at `path` may hold."""
    parent = find_model(path[:-1], root)
    field = parent.model_fields.get(str(path[-1])) if parent is not None else None
    leaves = [leaf for leaf in (field.metadata if field else []) if isinstance(leaf, Quantity)]
    return leaves[0].allowed if leaves else "a value"
