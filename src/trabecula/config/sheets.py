"""Laboratory tables and dose records in CSV files, to the lists that a configuration would hold.

A table of labs has a column ``day`` (or ``date``, with ``patient.start``) and one for each level, its
unit in brackets where it is not the schema's: ``estradiol [pmol/L]``. A record of doses has ``day`` or
``date``, ``drug``, ``dose`` and, if needed, ``route``.
"""

import csv
import re
from datetime import date
from pathlib import Path
from typing import Any

from trabecula.base.errors import Problem
from trabecula.config.marks import Document, Key, to_dotted

MOST_ROWS = 100_000
MOST_BYTES = 16 * 2**20
PLAIN = ("day", "date", "drug", "dose", "unit", "route")
"""Columns that may be written in capitals."""


def read_sheets(data: dict[str, Any], document: Document, file: Path) -> list[Problem]:
    """Put the rows of CSV files that `data` names in their place; returns what is wrong with them."""
    problems: list[Problem] = []
    patient = data.get("patient")
    start = patient.get("start") if isinstance(patient, dict) else None
    if isinstance(patient, dict) and isinstance(patient.get("labs"), str):
        path: Key = ("patient", "labs")
        rows, found = _read(patient["labs"], path, document, file)
        problems += found
        labs, found = _number_days([_to_lab(row) for row in rows], start, path, document)
        patient["labs"], problems = labs, problems + found
    elif isinstance(patient, dict) and isinstance(patient.get("labs"), list):
        given = [dict(lab) if isinstance(lab, dict) else lab for lab in patient["labs"]]
        labs, found = _number_days(given, start, ("patient", "labs"), document)
        patient["labs"], problems = labs, problems + found
    protocol = data.get("protocol")
    if isinstance(protocol, list):
        data["protocol"] = []
        for index, entry in enumerate(protocol):
            if not (isinstance(entry, dict) and set(entry) == {"file"}):
                data["protocol"].append(entry)
                continue
            path = ("protocol", index)
            rows, found = _read(str(entry["file"]), path, document, file)
            problems += found
            rows, found = _number_days(rows, start, path, document)
            data["protocol"] += _to_regimens(rows)
            problems += found
    return problems


def _read(
    name: str, path: Key, document: Document, file: Path
) -> tuple[list[dict[str, Any]], list[Problem]]:
    where, key = document.find_value(path), to_dotted(path)
    allowed = f"a CSV file of at most {MOST_BYTES} bytes, relative to {file.parent}"
    try:
        sheet = (file.parent / name).resolve()
        size = sheet.stat().st_size
        if not sheet.is_file() or size > MOST_BYTES:
            found = f"{name}: {f'{size} bytes' if sheet.is_file() else 'no regular file'}"
            return [], [Problem(where, key, found, allowed)]
        with sheet.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, skipinitialspace=True)
            rows = [dict(row) for _, row in zip(range(MOST_ROWS + 1), reader, strict=False)]
    except (OSError, ValueError, csv.Error) as error:
        found = f"{name}: {getattr(error, 'strerror', None) or error}"
        return [], [Problem(where, key, found, allowed)]
    if not rows or len(rows) > MOST_ROWS:
        return [], [Problem(where, key, f"{name}: {len(rows)} rows", f"1 .. {MOST_ROWS} rows")]
    columns = {(column or "").strip().lower() for column in rows[0]}
    if not columns & {"day", "date"}:
        found = f"{name}: columns {', '.join(sorted(columns))}"
        allowed = "a column day, or date with patient.start; commas between columns"
        return [], [Problem(where, key, found, allowed)]
    if any(None in row or None in row.values() for row in rows):
        return [], [Problem(where, key, f"{name}: rows of different length", "one cell a column")]
    clean = [
        {_to_name(column): cell.strip() for column, cell in row.items() if cell.strip()}
        for row in rows
    ]
    for number, row in enumerate(clean, start=2):
        if row and not {"day", "date"} & set(row):
            found = f"{name}: row {number} without a day"
            return [], [Problem(where, key, found, "a day or a date in every row")]
    return [row for row in clean if row], []


def _to_name(column: str) -> str:
    """Return the head of a column; those that name no level in small letters, whose units have none."""
    plain = column.strip()
    return plain.lower() if plain.lower() in PLAIN else plain


def _to_lab(row: dict[str, Any]) -> dict[str, Any]:
    lab: dict[str, Any] = {}
    for column, cell in row.items():
        match = re.fullmatch(r"(.+?)\s*[\[(](.+)[\])]", column)
        name, unit = (match[1], match[2]) if match else (column, "")
        lab[name.strip().lower().replace(" ", "_")] = _to_value(cell, unit)
    return lab


def _to_value(cell: str, unit: str) -> Any:
    try:
        number = float(cell)
    except ValueError:
        return cell
    return f"{cell} {unit}" if unit else number


def _number_days(
    rows: list[Any], start: Any, path: Key, document: Document
) -> tuple[list[Any], list[Problem]]:
    """Replace ``date`` by days from the patient's start."""
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or "date" not in row:
            continue
        if "day" in row:
            where, place = document.find_value((*path, index)), to_dotted((*path, index))
            found = f"day {row['day']!r} and date {row['date']!r}"
            problems.append(Problem(where, place, found, "one of the two"))
            continue
        try:
            row["day"] = float((date.fromisoformat(str(row["date"])) - _to_date(start)).days)
            del row["date"]
        except ValueError:
            where = document.find_value((*path, index))
            allowed = "a date such as 2026-03-31, with patient.start, the date of day 0"
            found = f"date {row['date']!r}, start {start!r}"
            problems.append(Problem(where, to_dotted((*path, index)), found, allowed))
    return rows, problems


def _to_date(text: Any) -> date:
    return date.fromisoformat(str(text))


def _to_regimens(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gather records of the same drug, route and unit into one entry each, doses in order of days."""
    groups: dict[tuple[str, str, str], list[list[Any]]] = {}
    for row in rows:
        plain = {str(column).lower(): cell for column, cell in row.items()}
        dose = _to_value(str(plain.get("dose", "")), str(plain.get("unit", "")))
        unit = re.sub(r"^[\d.\s]+", "", str(dose))  # it may choose the preparation
        key = (str(plain.get("drug", "")), str(plain.get("route", "")), unit)
        groups.setdefault(key, []).append([_to_value(str(plain.get("day", "")), ""), dose])
    entries = []
    for (drug, route, _), doses in groups.items():
        ordered = sorted(doses, key=lambda dose: (str(type(dose[0])), dose[0]))
        entry: dict[str, Any] = {"drug": drug, "doses": ordered}
        entries.append(entry | ({"route": route} if route else {}))
    return entries
