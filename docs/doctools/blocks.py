"""The code blocks of a page, run as a reader would run them.

A fence says what a block is: ``sh`` is run by bash, ``python`` by Python; with a name after it, as
in ``yaml patient.yaml``, a block is a file to be written; ``diff`` is applied to a copy of the
repository, in which all blocks of such a page are run. Anything else is only read. Runs are made
small by the settings of a comment ``<!-- small: PATH=VALUE ... -->``, and what no setting reaches by
comments ``<!-- instead of: TEXT, OTHER TEXT -->``, each about a text of the page's blocks.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

_FENCE = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```\s*$", re.DOTALL | re.MULTILINE)
_SMALL = re.compile(r"<!-- small: (?P<sets>[^\n]*?) -->")
_SWAP = re.compile(r"<!-- instead of: `(?P<old>[^`\n]+)`, `(?P<new>[^`\n]+)` -->")
COPIED = ("src", "tests", "configs", "pyproject.toml")
LIVING = ("run", "validate", "trial")
"""Commands that take the small settings."""


@dataclass(frozen=True)
class Block:
    """One block.

    Parameters
    ----------
    kind
        Language of the fence.
    name
        File to write, empty for a block that is run.
    body
        Its text.
    line
        Line of the page on which it begins.
    """

    kind: str
    name: str
    body: str
    line: int


@dataclass(frozen=True)
class Done:
    """A block that was run, how long it took (s), and what it printed."""

    block: Block
    seconds: float
    output: str


class BlockError(Exception):
    """A block failed."""


def read_blocks(text: str) -> list[Block]:
    """Return the blocks of a page, in order."""
    found = []
    for match in _FENCE.finditer(text):
        kind, _, name = match["info"].strip().partition(" ")
        found.append(
            Block(kind, name.strip(), match["body"], text.count("\n", 0, match.start()) + 1)
        )
    return found


def run_page(page: Path, root: Path, folder: Path) -> Iterator[Done]:
    """Run the blocks of `page` in `folder`, with the package of the repository at `root`.

    Raises
    ------
    BlockError
        If a block fails; with its line, and what it printed.
    """
    text = page.read_text()
    blocks = read_blocks(text)
    folder.mkdir(exist_ok=True)
    source = root / "src"
    if any(block.kind == "diff" for block in blocks):
        copy_repository(root, folder)
        source = folder / "src"
    sets = [s for match in _SMALL.finditer(text) for s in match["sets"].split()]
    environment = make_environment(folder, source, root, sets)
    for block in swap(blocks, text, page.name):
        command = find_command(block, folder)
        if command:
            yield run_block(block, command, folder, environment, page.name)


def swap(blocks: list[Block], text: str, page: str) -> list[Block]:
    """Return blocks with the swaps of the page `text` made.

    Raises
    ------
    BlockError
        If a text that is to be swapped stands in no block.
    """
    for match in _SWAP.finditer(text):
        old, new = match["old"], match["new"]
        if not any(old in block.body for block in blocks):
            msg = f"{page}: no block has {old!r}, instead of which {new!r} should be run"
            raise BlockError(msg)
        blocks = [replace(block, body=block.body.replace(old, new)) for block in blocks]
    return blocks


def find_command(block: Block, folder: Path) -> list[str]:
    """Return what runs a block; a block that is a file is written, and nothing is run."""
    if block.name:
        (folder / block.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / block.name).write_text(block.body)
        return []
    if block.kind == "diff":
        (folder / "change.diff").write_text(block.body)
        return ["git", "apply", "change.diff"]
    if block.kind == "python":
        return [sys.executable, "-c", block.body]
    return ["bash", "-euo", "pipefail", "-c", block.body] if block.kind == "sh" else []


def run_block(
    block: Block, command: list[str], folder: Path, environment: dict[str, str], page: str
) -> Done:
    """Run one block.

    Raises
    ------
    BlockError
        If it fails.
    """
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        msg = f"{page}:{block.line}: status {done.returncode} of\n{block.body}\n{said}"
        raise BlockError(msg)
    return Done(block, time.perf_counter() - start, done.stdout)


def copy_repository(root: Path, folder: Path) -> None:
    """Copy what a change touches, so that the repository stays as it is."""
    ignored = shutil.ignore_patterns("__pycache__", "formats")
    for name in COPIED:
        place = root / name
        if place.is_dir():
            shutil.copytree(place, folder / name, ignore=ignored)
        else:
            shutil.copy(place, folder / name)


def make_environment(folder: Path, source: Path, root: Path, sets: list[str]) -> dict[str, str]:
    """Return the environment of a reader: the package; `trabecula`, `dask`, `python`, `make`.

    `make` only says what it would do: it would install.
    """
    bin_ = folder / ".bin"
    bin_.mkdir(exist_ok=True)
    small = " ".join(f"--set '{s}'" for s in sets)
    living = "|".join(LIVING)
    write_script(
        bin_ / "trabecula",
        f'case "${{1:-}}" in {living}) exec "{sys.executable}" -m trabecula "$@" {small};; esac\n'
        f'exec "{sys.executable}" -m trabecula "$@"\n',
    )
    write_script(bin_ / "dask", f'exec "{sys.executable}" -m dask "$@"\n')
    write_script(bin_ / "python", f'exec "{sys.executable}" "$@"\n')
    write_script(bin_ / "make", f'exec {shutil.which("make") or "false"} -n -C "{root}" "$@"\n')
    path = os.pathsep.join((str(bin_), os.environ.get("PATH", "")))
    python = os.pathsep.join(filter(None, (str(source), os.environ.get("PYTHONPATH", ""))))
    outer = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return outer | {"PATH": path, "PYTHONPATH": python, "MPLBACKEND": "Agg"}


def write_script(path: Path, body: str) -> None:
    """Write an executable script."""
    path.write_text(f"#!/bin/bash\n{body}")
    path.chmod(0o755)
