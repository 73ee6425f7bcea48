"""What a public docstring must say, and which do not say it.

Of every array that goes in or comes out its shape and unit, of every float its unit, and every
error that is raised. Kernels have no annotations, so of them only a docstring is asked.
"""

import ast
import re
from collections.abc import Iterator

from doctools.docstrings import Name, split_entries, split_sections

_ARRAY = re.compile(r"\b(Array|NDArray|ndarray)\b")
_FLOAT = re.compile(r"\bfloat\b")
_SHAPE = re.compile(
    r"(?i:\bshapes?\b)|\([a-z ]+,\)|\((?:[a-z0-9 +]+, )+[a-z0-9 +]+\)|\b[Ff]lat\b|\bscalar\b"
    r"|\b(?:one|a value|entry|row)s? (?:per|for|of)\b|\bper (?:row|voxel|cell|bin|point|day|site)\b"
    r"|\b(?:of|for) (?:every|each)\b|\blist\b|\bin bins\b"
)
_SYMBOLS = (
    r"1|%|0\.\.1|um|mm|d|y|s|h|pM|MPa|GPa|N|N/mm|kDa|kg|g|mg|ug|mL|L|pg/mL|ng/mL|ng/dL|nmol/L"
    r"|um\^[23]|mm\^[23]|1/d|1/um|1/mm|1/y"
)
_RATIOS = r"(?:um|mm|pM|MPa|mg|ug|mL|L|d|y|1)(?:\^\d)?/(?:d|y|um|mm|kg|cm|L|mL|s|h)"
_WORDS = (
    r"units?|quanta|quantum|molecules?|voxels?|degrees?|seconds?|bytes|days?|years?|pixels?|mask"
    r"|bool|ind(?:ex|ices)|shares?|fractions?|ratios?|factors?|powers?|exponent|multipliers?|counts?"
    r"|numbers? of|identit(?:y|ies)|coefficient|weights?|chance|labels?|codes?|grey values?|bits?"
    r"|float32|relative"
)
_AXES = re.compile(r"\bz(?: \+ \d)?,? y(?: \+ \d)?,? x\b(?: \+ \d)?")
_UNIT = re.compile(rf"(?<![\w.])(?:{_SYMBOLS})(?!\w)|{_RATIOS}|(?i:\b(?:{_WORDS})\b)")


def find_faults(name: Name) -> Iterator[str]:
    """Yield what the docstring of a public name lacks."""
    if not name.doc:
        yield f"{name.where}: no docstring"
    elif isinstance(name.node, ast.FunctionDef):
        yield from (
            f"{name.where}: {fault}" for fault in _find_function_faults(name.node, name.doc)
        )


def _find_function_faults(node: ast.FunctionDef, doc: str) -> Iterator[str]:
    sections = split_sections(doc)
    entries = split_entries(sections.get("Parameters", ""))
    options = _find_options(node)
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        kind = ast.unparse(argument.annotation) if argument.annotation else ""
        if argument.arg in options:
            continue
        text = _describe(argument.arg, entries, sections[""])
        yield from _find_value_faults(f"`{argument.arg}`", kind, text)
    kind = ast.unparse(node.returns) if node.returns else ""
    text = " ".join((sections[""], sections.get("Returns", ""), sections.get("Yields", "")))
    yield from _find_value_faults("what it returns", kind, text)
    raised = sections.get("Raises", "")
    if _is_command(node):
        return  # what it raises becomes a message and an exit status
    for error in sorted(find_raised(node)):
        if not re.search(rf"\b{error}\b", raised):
            yield f"raises {error}, which `Raises` does not say"


def _is_command(node: ast.FunctionDef) -> bool:
    return any("app.command" in ast.unparse(decorator) for decorator in node.decorator_list)


def _find_options(node: ast.FunctionDef) -> set[str]:
    """Return the arguments that are options of a command: their help says what they are."""
    return {
        argument.arg
        for argument in (*node.args.args, *node.args.kwonlyargs)
        if argument.annotation is not None and "typer." in ast.unparse(argument.annotation)
    }


def _describe(argument: str, entries: dict[str, str], prose: str) -> str:
    """Return what is said of an argument: its entry, or the prose that names it."""
    if argument in entries:
        return entries[argument]
    return prose if re.search(rf"(?<!\w){re.escape(argument)}(?!\w)", prose) else ""


def _find_value_faults(what: str, kind: str, text: str) -> Iterator[str]:
    is_array = bool(_ARRAY.search(kind)) and "Callable" not in kind
    if is_array and not _SHAPE.search(text):
        yield f"{what} is an array without a shape"
    if (is_array or (_FLOAT.search(kind) and "Callable" not in kind)) and not _UNIT.search(
        _AXES.sub("", text)
    ):
        yield f"{what} is without a unit"


def find_raised(node: ast.FunctionDef) -> set[str]:
    """Return the names of the errors that a function itself raises, functions within it left out."""
    found: set[str] = set()
    stack: list[ast.AST] = list(node.body)
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(inner, ast.Raise) and inner.exc is not None:
            error = inner.exc.func if isinstance(inner.exc, ast.Call) else inner.exc
            word = ast.unparse(error).rpartition(".")[2]
            if word[0].isupper():
                found.add(word)
        stack.extend(ast.iter_child_nodes(inner))
    return found
