"""Mutations of inputs: of parsed YAML, of tables, of plain bytes."""

import copy
import json
import random
from typing import Any

SCALARS = (
    "0", "-1", "1", "1e308", "1e400", "-1e-320", ".nan", ".inf", "-.inf", "~", "true", "off", "''",
    "0x7fffffff", "9223372036854775808", "1.5", "1e-9", "[]", "{}", "[[]]", "'\\u0000'", "'\\u202e'",
    "2026-01-31", "12:30:45", "1 d", "3 kg", "20 um", "1 y", "-5 d", "20 pg/mL", "100 pmol/L", "1/d",
    "1e99 d", "1 d**2", "'1 '", "nan d", "1,5", "1_000", "é", "'../../x'", "/dev/zero", "*x",
    "&x 1", "!!binary aGk=", "!!set {a}", "!x 1", "female", "male", "otsu",
    "200 mg im every 2 weeks x 26",
    "prednisone 5 mg daily", "[0, 1]", "[[0, 1], [5, 2]]", "[[5, 1], [0, 2]]", "[[0, .nan]]", "null",
    "'" + "x" * 300 + "'", "[1, 2, 3]", "{a: 1}",
)  # fmt: skip
"""Text that stands for a value in YAML."""

TOKENS = (
    b"\x00", b"\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"-1", b"99999999999", b"NaN", b"1e999",
    b"\n", b"\r\n", b" ", b",", b":", b"[", b"{", b"'", b'"', b"#", b"&a ", b"*a", b"%",
    b"\t", b"\xc3\x28",
)  # fmt: skip


class Raw(str):
    """Text that is written as it is."""

    __slots__ = ()


def write_flow(node: Any) -> str:
    """Return a parsed document as YAML in flow style."""
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, dict):
        inside = ", ".join(f"{write_flow(key)}: {write_flow(value)}" for key, value in node.items())
        return "{" + inside + "}"
    if isinstance(node, (list, tuple)):
        return "[" + ", ".join(write_flow(value) for value in node) + "]"
    if isinstance(node, str) or node is None or isinstance(node, (bool, int)):
        return json.dumps(node)
    return repr(node)


def list_places(node: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a document."""
    if isinstance(node, dict):
        items: Any = node.items()
    elif isinstance(node, list):
        items = enumerate(node)
    else:
        return found
    for key, value in items:
        found.append((node, key))
        list_places(value, found)
    return found


def parse(text: bytes) -> Any:
    """Return a document, or None if it is none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=False).load(text)
    except (YAMLError, ValueError, UnicodeDecodeError, TypeError, RecursionError, AttributeError):
        return None


def mutate_document(parent: bytes, corpus: list[bytes], rng: random.Random) -> bytes:
    """Change some values or keys of a YAML document; now and then its bytes."""
    document = parse(parent) if rng.random() < 0.9 else None
    if not isinstance(document, dict):
        return mutate_bytes(parent, corpus, rng)
    other = parse(rng.choice(corpus))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        _change(document, other, rng)
    return write_flow(document).encode("utf-8", errors="replace")


def _change(document: Any, other: Any, rng: random.Random) -> None:
    places = list_places(document, [])
    if not places:
        return
    block, key = rng.choice(places)
    donors = list_places(other, [])
    kind = rng.randrange(7)
    if kind <= 2:
        block[key] = Raw(rng.choice(SCALARS))
    elif kind == 3:
        block[key] = _shift(block[key], rng)
    elif kind == 4 and donors:
        owner, name = rng.choice(donors)
        if isinstance(block, dict) and isinstance(owner, dict):
            block[name] = copy.deepcopy(owner[name])
        else:
            block[key] = copy.deepcopy(owner[name])
    elif kind == 5 and isinstance(block, dict):
        name = str(key)
        value = block.pop(key)
        cut = rng.randrange(len(name) + 1)
        block[rng.choice((name[:cut] + name[cut + 1 :], name + "s", name.upper(), Raw("~")))] = (
            value
        )
    elif isinstance(block, dict):
        del block[key]
    else:
        block.insert(key, copy.deepcopy(block[key]))


def _shift(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool) or value is None:
        return Raw(rng.choice(SCALARS))
    if isinstance(value, (int, float)):
        return value * rng.choice((-1, 0, 0.1, 0.5, 0.9, 1.1, 2, 10, 1000)) + rng.choice(
            (0, 0, 1, 0.5)
        )
    if isinstance(value, str):
        cut = rng.randrange(len(value) + 1)
        return value[:cut] + rng.choice(("", " ", "1", "mg", "x", " d", "%")) + value[cut:]
    if isinstance(value, list):
        return copy.deepcopy(rng.choice((value * 2, value[::-1], value[1:], [value])))
    return {"a": value}


def mutate_table(parent: bytes, corpus: list[bytes], rng: random.Random) -> bytes:
    """Change cells of a CSV table; now and then its bytes."""
    if rng.random() < 0.2:
        return mutate_bytes(parent, corpus, rng)
    rows = [line.split(",") for line in parent.decode("utf-8", errors="replace").splitlines()]
    rows = rows or [["day"]]
    for _ in range(rng.choice((1, 1, 2, 4))):
        row = rng.choice(rows)
        column = rng.randrange(len(row))
        kind = rng.randrange(5)
        if kind <= 2:
            row[column] = rng.choice(SCALARS).replace("\n", " ")
        elif kind == 3:
            rows.insert(rng.randrange(len(rows) + 1), list(row))
        elif len(row) > 1:
            del row[column]
    return "\n".join(",".join(row) for row in rows).encode("utf-8", errors="replace")


def mutate_bytes(parent: bytes, corpus: list[bytes], rng: random.Random) -> bytes:
    """Flip, insert, delete, overwrite or splice bytes; headers, which come first, most often."""
    data = bytearray(parent or b"\0")
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        span = len(data) if rng.random() < 0.4 else min(len(data), 600)
        at = rng.randrange(span) if span else 0
        kind = rng.randrange(6)
        if kind == 0 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:at] = rng.choice(TOKENS)
        elif kind == 2:
            token = rng.choice(TOKENS)
            data[at : at + len(token)] = token
        elif kind == 3:
            del data[at : at + rng.choice((1, 2, 8, 64, 4096))]
        elif kind == 4:
            donor = rng.choice(corpus)
            begin = rng.randrange(len(donor) + 1)
            data[at : at + 16] = donor[begin : begin + rng.choice((4, 16, 256))]
        elif data:
            data[at] = rng.randrange(256)
    return bytes(data)
