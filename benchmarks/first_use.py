"""Which kernels a first run wants, in order: ``src/trabecula/kernels/first_use.json``.

``python benchmarks/first_use.py [--check]`` lives two days of a tiny bone, once with the loops of small
lattices and once with those of large ones, and writes down every kernel that Python calls and the
types of its arguments. ``--check`` exits 1 if the list lacks something.
"""

import argparse
import importlib
import json
import pkgutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numba.core.dispatcher import Dispatcher

from trabecula import kernels
from trabecula.config import load_config
from trabecula.kernels import compile as compiled
from trabecula.kernels.ahead import LIST, write_type
from trabecula.runner import run
from trabecula.runner.cache import StateCache
from trabecula.runner.warming import shrink

CONFIG = Path(__file__).parents[1] / "configs" / "smoke.yaml"


def watch_calls(seen: list) -> None:
    """Note in `seen` every kernel with the types of its arguments when Python first calls it so."""
    resolve = Dispatcher._compile_for_args

    def note(self: Any, *args: Any, **names: Any) -> Any:
        seen.append((self, tuple(self.typeof_pyval(arg) for arg in args)))
        return resolve(self, *args, **names)

    Dispatcher._compile_for_args = note


def live_once() -> None:
    """Live two days of a tiny bone."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run(shrink(load_config(CONFIG)), place / "run", cache=StateCache(place / "states"))


def name_kernels() -> dict[Any, str]:
    """Return the name that :func:`find_kernel` knows each of our kernels by."""
    found = {}
    for module in pkgutil.iter_modules(kernels.__path__):
        for attribute, value in vars(
            importlib.import_module(f"{kernels.__name__}.{module.name}")
        ).items():
            for half, one in zip(
                ("", "/parallel"), getattr(value, "halves", (value,)), strict=False
            ):
                if isinstance(one, Dispatcher) and one.py_func.__module__.endswith(
                    f".{module.name}"
                ):
                    found[one] = f"{module.name}.{attribute}{half}"
    return found


def list_kernels(seen: list) -> list:
    """Return name and types in words, each once."""
    found: dict[str, list] = {}
    names = name_kernels()
    for kernel, kinds in seen:
        name = names.get(kernel)
        if name is not None:
            entry = [name, [write_type(kind) for kind in kinds]]
            found.setdefault(json.dumps(entry), entry)
    return list(found.values())


def record() -> dict[str, list]:
    """Live small and large; what small has wanted already is put where large would have wanted it."""
    seen: list = []
    watch_calls(seen)
    live_once()
    small = list_kernels(seen)
    compiled.PARALLEL_FROM = 0
    live_once()
    sized = {entry[0].partition("/")[0] for entry in list_kernels(seen) if "/" in entry[0]}
    large = [entry for entry in list_kernels(seen) if "/" in entry[0] or entry[0] not in sized]
    return {"small": small, "large": large}


def find_missing(listed: dict[str, list], found: dict[str, list]) -> Iterator[str]:
    """Yield what the list lacks, in words.

    It may have more: what a kernel had compiled for itself is not asked for again with an empty cache.
    """
    for part, entries in found.items():
        yield from (
            f"{LIST.name}: {part} lacks {one}" for one in entries if one not in listed[part]
        )


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="look what is missing and write nothing"
    )
    options = parser.parse_args()
    found = record()
    parts = (
        f'"{part}": [\n' + ",\n".join(json.dumps(one, separators=(",", ":")) for one in entries)
        for part, entries in found.items()
    )
    text = "{\n" + "\n],\n".join(parts) + "\n]\n}\n"
    if options.check:
        missing = list(find_missing(json.loads(LIST.read_text()), found))
        print("\n".join(missing) or "the list is what a first run wants")
        return 1 if missing else 0
    LIST.write_text(text)
    print({part: len(entries) for part, entries in found.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
