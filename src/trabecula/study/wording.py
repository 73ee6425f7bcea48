"""The words of an endpoint before they are a term: names in quotes, bare observables written out."""

import ast
import keyword
import re
from collections.abc import Mapping, Sequence
from typing import Any

COMPARED = ("res_pct", "form_pct", "opg_pct", "ms_bs_pct", "mar_pct", "sclerostin_pct")
"""Changes that ``over`` can take between two arms; folds and ratios it always can."""

CONTROLLED = "_vs_ctl"
"""End of an observable that is compared with that of the control."""

PRINTED, TYPED = "\N{MINUS SIGN}\N{EN DASH}\N{MULTIPLICATION SIGN}\N{DIVISION SIGN}", "--*/"
"""Signs of arithmetic as printers set them, and what they are on a keyboard."""

_PLAIN = re.compile(r"[a-z0-9_]+")


def can_cross(name: str) -> bool:
    """Whether ``over`` can compare an observable between two arms."""
    return name in COMPARED or name.endswith(("_fold", "_ratio"))


def is_plain(words: str) -> bool:
    """Whether the words are one, as a bare observable is."""
    return _PLAIN.fullmatch(words.strip()) is not None


class TermError(ValueError):
    """An endpoint that is no term of the grammar."""


def _is_word(name: str) -> bool:
    """Whether a name can stand in a term without quotes."""
    return name.isidentifier() and not keyword.iskeyword(name)


def quote(name: str) -> str:
    """Return the name of an arm as it stands in a term."""
    return name if _is_word(name) else repr(name)


def quote_names(text: str, arms: list[str]) -> str:
    """Put arms that stand alone between brackets and commas in quotes, if their names need them.

    Signs as printers set them are those of the keyboard, unless the name of an arm has one.
    """
    if not any(sign in arm for arm in arms for sign in PRINTED):
        text = text.translate(str.maketrans(PRINTED, TYPED))
    for name in sorted((arm for arm in arms if not _is_word(arm)), key=len, reverse=True):
        whole = rf"(?<=[(,])\s*{re.escape(name)}\s*(?=[,)])"
        text = re.sub(whole, repr(name).replace("\\", "\\\\"), text)
    return text


def expand(name: str, arm: str, control: str, context: Mapping[str, Any]) -> str:
    """Write a bare observable as a term.

    Raises
    ------
    TermError
        If it is compared with a control and there is none.
    """
    arm, control = quote(arm), quote(control) if control else ""
    if name.endswith(CONTROLLED):
        plain = name.removesuffix(CONTROLLED)
        if not control:
            msg = f"'{name}' without a control; name one with compare"
            raise TermError(msg)
        if context.get("across"):
            return f"over({plain}, {arm}, {control})"
        return f"{plain}({arm}) - {plain}({control})"
    is_compared = context.get("compare") is not None
    if context.get("across") or (is_compared and name.endswith(("_fold", "_ratio"))):
        return f"over({name}, {arm}, {control})"
    return f"{name}({arm}) - {name}({control})" if is_compared else f"{name}({arm})"


def find_pair(words: str, arms: Sequence[str]) -> tuple[str, str, str] | None:
    """Return observable and arms of words that compare two arms as ``over`` does; None of others.

    That is a difference of changes or a ratio of folds, both on the day of the endpoint.
    """
    try:
        tree = ast.parse(quote_names(words.strip(), list(arms)), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.BinOp):
        return None
    (name, arm), (same, other) = _read_side(tree.left), _read_side(tree.right)
    is_pair = name == same and arm != other and {arm, other} <= set(arms)
    is_ratio = isinstance(tree.op, ast.Div) and name.endswith(("_fold", "_ratio"))
    is_difference = isinstance(tree.op, ast.Sub) and name in COMPARED
    return (name, arm, other) if is_pair and (is_ratio or is_difference) else None


def _read_side(node: ast.expr) -> tuple[str, str]:
    """Return observable and arm of ``OBS(arm)``, empty for anything else."""
    is_call = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
    if not is_call or not isinstance(node.func, ast.Name):  # type: ignore[attr-defined]
        return "", ""
    (one,) = node.args  # type: ignore[attr-defined]
    arm = one.id if isinstance(one, ast.Name) else getattr(one, "value", "")
    return node.func.id, arm if isinstance(arm, str) else ""  # type: ignore[attr-defined]
