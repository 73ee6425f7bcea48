"""What an endpoint asks for, as a term that can be computed: a small closed grammar.

A term is arithmetic (``+ - * /`` and parentheses) over numbers and these calls:

- ``OBS(arm)``: an observable of an arm, at the endpoint's day, window and first day unless ``t=``,
  ``w=`` or ``since=`` say otherwise (d);
- ``slope(OBS, arm, from, to)``: change of an observable per year between two days;
- ``rank(OBS, arm, arm, ...)``: Spearman's correlation of an observable with the order in which the arms
  are named, 1 if it falls from each to the next;
- ``share_prevented(OBS, arm, worst, best)``: 1 - (arm - best) / (worst - best);
- ``over(OBS, arm, other)``: an observable of an arm over that of another, each as it is and not
  against its own baseline, of a ``_pct`` in percent; what ``compare`` means for a fold or a ratio, and
  for the rest between two arms in which nothing changes;
- ``first_day(OBS, arm, level)``: first day on which a running mean over the window is beyond the level,
  away from what nothing would do (0 of a change, 1 of a fold).

Arms whose names are no plain words can stand in quotes: ``res_pct("anti-TNF")``.
A bare observable stands for that of the endpoint's own arm; one that ends in ``_vs_ctl`` subtracts
that of the control. Anything else is prose, and is not guessed.
"""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from trabecula.config.names import find_nearest
from trabecula.study.wording import COMPARED, TermError, can_cross, expand, is_plain, quote_names

OBSERVABLES = {
    "bvtv_pct": "change of BV/TV since day 0 (%)",
    "res_pct": "change of matrix resorbed per day against the 90 d before day 0 (%)",
    "form_pct": "change of matrix formed per day against the 90 d before day 0 (%)",
    "acf_ratio": "matrix formed per surface and day, over that of the 90 d before day 0 (1)",
    "opg_pct": "change of free OPG in marrow against the 90 d before day 0 (%)",
    "rankl_per_cell_fold": "RANKL of a marrow cell, over that before day 0 or of the compared arm (1)",
    "ms_bs_pct": "change of mineralising surface (%)",
    "mar_pct": "change of the apposition rate (%)",
    "il1_fold": "IL-1 in marrow, over that of the 90 d before day 0 (1)",
    "tnf_fold": "TNF in marrow, over that of the 90 d before day 0 (1)",
    "sclerostin_pct": "change of sclerostin in marrow against the 90 d before day 0 (%)",
    "ede_um": "erosion depth of sites completed in the window, by area (um)",
    "wth_um": "wall thickness of sites completed in the window, by area (um)",
    "igf1_ratio": "IGF-1 in serum, over that of the 90 d before day 0 (1)",
    "e2_pg_ml": "estradiol in serum (pg/mL)",
    "t_ng_dl": "testosterone in serum (ng/dL)",
}
"""What can be observed, in words."""

WITHOUT_COURSE = ("acf_ratio", "ede_um", "wth_um", "igf1_ratio", "e2_pg_ml", "t_ng_dl")
"""Observables that ``first_day`` cannot follow."""

FUNCTIONS = ("slope", "rank", "share_prevented", "first_day", "over")
"""What a term can call beside observables."""

WHEN = {"t": "t", "w": "w", "since": "since", "t_day": "t", "window_d": "w", "from_day": "since"}
"""How a term can say when: in short, or as an endpoint does."""

LEAD = 90.0
"""Days before day 0 that a run keeps."""


@dataclass(frozen=True)
class When:
    """Where in time an observable is read.

    Parameters
    ----------
    day
        Centre of the window (d).
    width
        Width of the window (d), None for the observable's own.
    since
        Day from which a change is counted (d), None for day 0 or the baseline.
    reference
        First and last day of the baseline (d), None for the 90 d before day 0.
    is_raw
        Whether an observable is wanted as it is, over no baseline.
    """

    day: float
    width: float | None = None
    since: float | None = None
    reference: tuple[float, float] | None = None
    is_raw: bool = False


class Observer(Protocol):
    """Whoever can tell what an arm shows."""

    def observe(self, observable: str, arm: str, when: When) -> float:
        """Return an observable of an arm (its unit)."""
        ...

    def find_first_day(self, observable: str, arm: str, level: float, when: When) -> float:
        """Return the first day (d) on which an observable is beyond `level`."""
        ...


@dataclass(frozen=True)
class Term:
    """A term, ready to be computed.

    Parameters
    ----------
    compute
        Takes an observer, returns the value.
    arms
        Arms that are read.
    text
        The term in full.
    is_smooth
        Whether it follows its observables without jumps; ranks and first days do not.
    observables
        Observables that are read.
    """

    compute: Callable[[Observer], float]
    arms: tuple[str, ...]
    text: str
    is_smooth: bool = True
    observables: tuple[str, ...] = ()


def read_term(
    words: str, arm: str, arms: list[str], control: str, context: Mapping[str, Any]
) -> Term:
    """Read what an endpoint observes.

    Parameters
    ----------
    words
        An observable, or a term.
    arm
        The endpoint's arm, empty for a contrast.
    control
        Arm that it is compared with, empty if there is none.
    context
        ``t``, ``w``, ``since``, ``reference`` (d) and ``compare`` of the endpoint; ``days``, the last
        day that a term may name; ``across``, whether an arm's observable is taken over its control's;
        ``baselines``, those that arms have of their own, first and last day (d) by name; ``named``,
        what the endpoint calls its arm.

    Raises
    ------
    TermError
        If it is prose, names no arm of the trial, or an observable that there is not.
    """
    text = words.strip()
    if not is_plain(text):
        text = quote_names(text, arms)
    else:
        if not arm:
            named = context.get("named")
            others = f"{', '.join(arms)}" if named is None else f"{', '.join(arms)}; not {named}"
            msg = f"'{text}' without an arm of the trial (arms: {others})"
            raise TermError(msg)
        text = expand(text, arm, control, context)
    days = float(context.get("days", math.inf))
    reader = _Reader(arms, _make_when(context), days, context.get("baselines") or {})
    try:
        compute = reader.read(ast.parse(text, mode="eval").body)
    except TermError:
        raise
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        msg = f"prose: '{words[:80]}'"
        raise TermError(msg) from None
    if not reader.used:
        msg = f"'{words}' reads no arm"
        raise TermError(msg)
    repeated = reader.used if len(set(reader.used)) > 1 else []
    if not is_plain(words) and context.get("compare") not in (None, *repeated):
        msg = "compare beside a term: write the difference out, such as obs(arm) - obs(other)"
        raise TermError(msg)
    is_smooth = not {"rank", "first_day"} & reader.functions
    read = tuple(dict.fromkeys(reader.observables))
    return Term(compute, tuple(dict.fromkeys(reader.used)), text, is_smooth, read)


def _make_when(context: Mapping[str, Any]) -> When:
    def number(key: str) -> float | None:
        value = context.get(key)
        return float(value) if isinstance(value, (int, float)) else None

    day = number("t")
    reference = context.get("reference")
    span = None
    if isinstance(reference, list) and len(reference) == 2:
        span = float(reference[0]), float(reference[1])
    return When(0.0 if day is None else day, number("w"), number("since"), span)


_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b if b else float("nan"),
}


def _say_unknown(name: str) -> str:
    """Return what to say of a name that is none of the grammar."""
    hint = find_nearest(name.lower(), list(OBSERVABLES))
    hint = hint or f"there are {', '.join(OBSERVABLES)}; {', '.join(FUNCTIONS)}"
    return f"'{name}' is no observable and no function of the grammar; {hint}"


class _Reader:
    """Turns a syntax tree into a function of an observer."""

    def __init__(
        self, arms: list[str], when: When, days: float,
        baselines: Mapping[str, tuple[float, float]],
    ) -> None:  # fmt: skip
        self._arms, self._when, self._days, self._baselines = arms, when, days, baselines
        self.used: list[str] = []
        self.observables: list[str] = []
        self.functions: set[str] = set()

    def read(self, node: ast.expr) -> Callable[[Observer], float]:
        """Read arithmetic and calls; nothing else."""
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            value = float(node.value)
            return lambda _: value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            inner, sign = self.read(node.operand), -1.0 if isinstance(node.op, ast.USub) else 1.0
            return lambda observer: sign * inner(observer)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
            left, right = self.read(node.left), self.read(node.right)
            operate = _OPERATIONS[type(node.op)]
            return lambda observer: operate(left(observer), right(observer))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._read_call(node.func.id, node.args, node.keywords)
        if isinstance(node, ast.Name) and node.id in OBSERVABLES:
            msg = f"{node.id} names no arm: in a term it is {node.id}(arm)"
            raise TermError(msg)
        if isinstance(node, ast.Name) and node.id.lower() in OBSERVABLES:
            raise TermError(_say_unknown(node.id))
        msg = f"prose: '{ast.unparse(node)[:60]}'"
        raise TermError(msg)

    def _read_call(
        self, name: str, args: list[ast.expr], keywords: list[ast.keyword]
    ) -> Callable[[Observer], float]:
        if name in OBSERVABLES:
            if len(args) != 1:
                msg = f"{name} takes one arm; days stand as t=, w= and since="
                raise TermError(msg)
            arm = self._read_arm(args[0])
            when = self._place(name, arm, self._read_when(keywords))
            self.observables.append(name)
            return lambda observer: observer.observe(name, arm, when)
        readers = {
            "slope": self._read_slope, "rank": self._read_rank,
            "share_prevented": self._read_share, "first_day": self._read_first_day,
            "over": self._read_over,
        }  # fmt: skip
        if name in readers and args and not keywords:
            observable = args[0].id if isinstance(args[0], ast.Name) else ""
            if observable in OBSERVABLES:
                self.functions.add(name)
                self.observables.append(observable)
                return readers[name](observable, args[1:])
        raise TermError(_say_unknown(name))

    def _read_arm(self, node: ast.expr) -> str:
        name = node.id if isinstance(node, ast.Name) else ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value
        if name not in self._arms:
            msg = f"no arm '{ast.unparse(node)}' (arms: {', '.join(self._arms)})"
            raise TermError(msg)
        self.used.append(name)
        return name

    def _read_number(self, node: ast.expr) -> float:
        sign = 1.0
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            sign, node = -1.0, node.operand
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return sign * float(node.value)
        msg = f"'{ast.unparse(node)}' is no number"
        raise TermError(msg)

    def _read_when(self, keywords: list[ast.keyword]) -> When:
        named = {str(word.arg): self._read_number(word.value) for word in keywords}
        given = {WHEN[name]: number for name, number in named.items() if name in WHEN}
        if len(given) < len(named):
            msg = f"{', '.join(named)}: allowed are t, w and since, each once"
            raise TermError(msg)
        when = self._when
        day, width = given.get("t", when.day), given.get("w", when.width)
        self._check_day(day)
        self._check_day(given.get("since", 0.0))
        if width is not None and not width > 0:
            msg = f"w={width:g} is no window"
            raise TermError(msg)
        reference = None if "since" in given else when.reference
        return When(day, width, given.get("since", when.since), reference)

    def _place(self, name: str, arm: str, when: When) -> When:
        """Return when an observable is read, over the baseline that is its arm's; the usual one is none.

        Bone volume alone is that of day 0 where nothing is said, and a mean where that is.
        """
        if arm in self._baselines and when.since is None:
            when = replace(when, reference=self._baselines[arm])
        is_usual = when.reference == (-LEAD, 0.0) and name != "bvtv_pct"
        return replace(when, reference=None) if is_usual else when

    def _check_day(self, day: float) -> None:
        if not -LEAD <= day <= self._days:
            msg = f"its day {day:g} is none of the trial's {self._days:g}"
            raise TermError(msg)

    def _read_slope(self, name: str, args: list[ast.expr]) -> Callable[[Observer], float]:
        if len(args) != 3:
            msg = "slope takes an observable, an arm and two days"
            raise TermError(msg)
        arm = self._read_arm(args[0])
        first, last = self._read_number(args[1]), self._read_number(args[2])
        self._check_day(first)
        self._check_day(last)
        if first == last:
            msg = f"slope between day {first:g} and itself"
            raise TermError(msg)
        when = self._place(name, arm, self._when)
        ends = [replace(when, day=day) for day in (first, last)]

        def compute(observer: Observer) -> float:
            low, high = (observer.observe(name, arm, end) for end in ends)
            return 365.25 * (high - low) / (last - first)

        return compute

    def _read_rank(self, name: str, args: list[ast.expr]) -> Callable[[Observer], float]:
        arms = [self._read_arm(arg) for arg in args]
        if len(arms) < 3:
            msg = "rank takes an observable and three arms or more"
            raise TermError(msg)
        places = [(arm, self._place(name, arm, self._when)) for arm in arms]

        def compute(observer: Observer) -> float:
            from scipy.stats import spearmanr

            values = [-observer.observe(name, arm, when) for arm, when in places]
            if len(set(values)) < 2 or not all(map(math.isfinite, values)):
                return math.nan
            return float(spearmanr(range(len(values)), values).statistic)

        return compute

    def _read_share(self, name: str, args: list[ast.expr]) -> Callable[[Observer], float]:
        if len(args) != 3:
            msg = "share_prevented takes an observable and three arms"
            raise TermError(msg)
        arms = [self._read_arm(arg) for arg in args]
        places = [(arm, self._place(name, arm, self._when)) for arm in arms]

        def compute(observer: Observer) -> float:
            value, bad, good = (observer.observe(name, arm, when) for arm, when in places)
            return 1.0 - (value - good) / (bad - good) if bad != good else float("nan")

        return compute

    def _read_over(self, name: str, args: list[ast.expr]) -> Callable[[Observer], float]:
        if len(args) != 2 or not can_cross(name):
            msg = f"over takes a fold, a ratio or {', '.join(COMPARED)}, and two arms"
            raise TermError(msg)
        arm, other = (self._read_arm(arg) for arg in args)
        when = replace(self._when, is_raw=True)

        def compute(observer: Observer) -> float:
            above, below = (observer.observe(name, a, when) for a in (arm, other))
            ratio = above / below if below else math.nan
            return 100.0 * (ratio - 1.0) if name.endswith("_pct") else ratio

        return compute

    def _read_first_day(self, name: str, args: list[ast.expr]) -> Callable[[Observer], float]:
        if len(args) != 2:
            msg = "first_day takes an observable, an arm and a level"
            raise TermError(msg)
        if name in WITHOUT_COURSE:
            msg = f"first_day cannot follow {name}, which is no course in time"
            raise TermError(msg)
        arm, level = self._read_arm(args[0]), self._read_number(args[1])
        when = self._place(name, arm, self._when)
        return lambda observer: observer.find_first_day(name, arm, level, when)
