"""The best grade that the source of a number allows.

A measured in people, B measured elsewhere, C derived or direction only, D assumed. What a source
cannot carry:

- a source in which nothing can be looked up (a paper, a trial of the panel `calibration`, a label, a
  reference interval, a definition), or only citations that were not found: D. The evidence, notes
  that are not part of the repository, cannot be;
- words of a guess in source or note (assumed, calibrated, chosen, derived, from memory, not seen,
  direction only), or a reference interval of no named laboratory or paper: C at best, and that only
  because something can be looked up;
- a value that was tuned within its range: B at best;
- ``as OTHER``: the grade of the other row at best.
"""

import re
from collections.abc import Mapping

from trabecula.config.parameters.row import GRADES, Row

_PAPER = (
    r"doi:10\.|PMID \d|PMC\d|[A-Z][A-Za-z ]+,? \d{4};\d+:[\w-]+|\b[A-Z][A-Za-z]+ \d+:\d+"
    r"|\b(?:J|Proc|Nat)(?: [A-Z][a-z]+)+ \d+:\d+"
    r'|"[A-Z][^"]{30,}"'
)
_ELSEWHERE = r"\bCAL-\d\d|prescribing information|reference interval|\bdefinition\b|molar masses"
_GUESS = re.compile(
    r"assum|calibrat|\bchosen|\bderived|from memory|not verified|not seen|general knowledge"
    r"|\bdirection\b|\bset so\b|\bfitted\b|\bcustomary\b"
)
_FOUND = re.compile(r"[^;,]*\b(?:its|their|the|not its) DOIs?\b(?: and numbers)?(?: not verified)?")
_LOST = re.compile(r"(?:(?P<who>[^;.]*?): )?citations? not verified")


def find_limit(row: Row, rows: Mapping[str, Row]) -> str:
    """Return the best grade that a row may have by what its source and note say."""
    same = re.match(r"as (\w+(?:\.\w+)?)", row.source)
    if same:
        room, group, _ = f"{row.key}..".split(".", 2)
        leaf = row.key.rpartition(".")[2]
        other = same[1]
        names = (f"{room}.{other}", f"{room}.{group}.{other}", f"{room}.{other}.{leaf}")
        found = next((rows[name] for name in names if name in rows), None)
        if found is not None:
            return found.grade
    if not has_lookup(row.source, row.note):
        return "D"
    words = _LOST.sub("", _FOUND.sub("", f"{row.source}; {row.note}"))
    if _GUESS.search(words) or ("reference interval" in words and not re.search(_PAPER, words)):
        return "C"
    return "B" if row.tuned else "A"


def has_lookup(source: str, note: str) -> bool:
    """Whether something that the source names can be looked up and was found."""
    text = f"{source}; {note}"
    if re.search(_ELSEWHERE, text):
        return True
    for lost in _LOST.finditer(text):
        if lost["who"] is None:
            return False
        for name in re.findall(r"[A-Z][a-z]+", lost["who"]):
            source = re.sub(rf"{name}\b[^;]*", "", source)
    return re.search(_PAPER, source) is not None


def find_overrated(rows: Mapping[str, Row]) -> dict[str, tuple[str, str]]:
    """Return the rows that are graded better than their source allows: grade, and best grade."""
    found = {}
    for key, row in rows.items():
        limit = find_limit(row, rows)
        if GRADES.index(row.grade) < GRADES.index(limit):
            found[key] = (row.grade, limit)
    return found
