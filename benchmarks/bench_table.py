"""Marks that the speed of Trabecula is held against, and the tables of one benchmark run."""

import statistics
from dataclasses import dataclass
from typing import NamedTuple


class Spread(NamedTuple):
    """Median, lowest and highest over the rounds, and how many there were."""

    median: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Mark:
    """One aim: a measure, or the ratio of two, and the bound it is to keep.

    Parameters
    ----------
    words
        What it says.
    top
        Case and measure.
    bottom
        Case and measure to divide by; None for a measure alone.
    bound
        The aim; reached from it on, or up to it if `is_most`.
    unit
        Of the number.
    """

    words: str
    top: tuple[str, str]
    bottom: tuple[str, str] | None
    bound: float
    is_most: bool = False
    unit: str = ""

    def reached(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value <= self.bound if self.is_most else value >= self.bound


GIB = 2.0**30
MARKS = (
    Mark("whole engine, mechanics on", ("engine", "per_core_hour"), None, 1000, unit="mm^3 yr/core-h"),
    Mark("whole engine, mechanics off", ("engine", "per_core_hour_still"), None, 2000,
         unit="mm^3 yr/core-h"),
    Mark("peak memory of the whole engine", ("engine", "peak_gib"), None, 1.5, True, "GiB"),
    Mark("masked stencil against triad, one thread", ("stencil", "sweep_bytes_1"),
         ("stencil", "triad_bytes_1"), 0.8),
    Mark("masked stencil against triad, two threads", ("stencil", "sweep_bytes_2"),
         ("stencil", "triad_bytes_2"), 0.8),
    Mark("quasi-steady solve, 128^3 to 1e-3, against scipy's Jacobi-CG", ("solve_scipy", "cpu"),
         ("solve", "cpu"), 80),
    Mark("the same against PyAMG's solve (set-up not counted)", ("solve_pyamg", "cpu"),
         ("solve", "cpu"), 30),
    Mark("a day's fields of all species, two threads", ("engine", "fields_wall_2"), None, 0.2, True,
         "s"),
    Mark("a day of 10^5 cells against Mesa's agents", ("cells", "per_second_stroll"),
         ("cells_mesa", "per_second_stroll"), 200),
    Mark("a day of 10^5 cells against numpy columns", ("cells", "per_second_stroll"),
         ("cells_numpy", "per_second_stroll"), 3),
    Mark("... of a single hop, against Mesa's agents", ("cells", "per_second_100000"),
         ("cells_mesa", "per_second_1"), 200),
    Mark("... of a single hop, against numpy columns", ("cells", "per_second_100000"),
         ("cells_numpy", "per_second_1"), 3),
    Mark("cost of a cell among 10^7 against among 10^5", ("cells", "per_second_100000"),
         ("cells", "per_second_10000000"), 1.25, True),
    Mark("local thickness against bone-microarchitecture", ("morphometry_bonemicro", "thickness_cpu"),
         ("morphometry", "thickness_cpu"), 10),
    Mark("the metrics of bone-microarchitecture, against it", ("morphometry_bonemicro", "cpu"),
         ("morphometry", "same_cpu"), 10),
    Mark("all of our metrics against its", ("morphometry_bonemicro", "cpu"), ("morphometry", "cpu"), 10),
    Mark("elements, 100^3 to 1e-5, against ParOSol on two processes", ("mechanics_parosol", "seconds"),
         ("mechanics_own", "seconds"), 1),
    Mark("the same against PyAMG", ("mechanics_pyamg", "seconds"), ("mechanics_own", "seconds"), 1),
    Mark("two threads against one", ("engine", "wall_1"), ("engine", "wall_2"), 1.4),
    Mark("triad on two threads against one", ("stencil", "triad_bytes_2"),
         ("stencil", "triad_bytes_1"), 1.0),
    Mark("two one-thread workers against one", ("pair", "gain"), None, 1.6),
    Mark("`trabecula --help`", ("startup", "help_cpu"), None, 0.3, True, "s"),
    Mark("first result of a small run, warm", ("startup", "run_cpu"), None, 3, True, "s"),
    Mark("cold compilation and the small run, wall", ("startup", "cold_wall"), None, 60, True, "s"),
    Mark("memory beside `check`'s estimate", ("engine", "estimate_miss"), None, 0.2, True,
         "of it"),
    Mark("bytes a voxel, less 120 a cell", ("engine", "bytes_per_voxel"), None, 150, True, "B"),
)  # fmt: skip
"""Issue by issue what was asked for; PyAMG's and ParOSol's solves have no bound of their own but 1."""

CELL = 120
"""Bytes that a cell may take."""


def collect(result: dict, case: str, measure: str) -> dict[int, float]:
    """Return a measure by round."""
    rounds = result["cases"].get(case, {}).get("rounds", [])
    found = {entry["round"]: derive(result, case, entry, measure) for entry in rounds}
    return {number: value for number, value in found.items() if value is not None}


def derive(result: dict, case: str, entry: dict, measure: str) -> float | None:
    """Return a measure of one round, or what follows from several."""
    if measure == "peak_gib":
        peak = result["cases"][case].get("peak")
        return None if peak is None else peak / GIB
    if measure in ("estimate_miss", "bytes_per_voxel"):
        if not entry.get("grown"):
            return None
        grown = entry["grown"]
        if measure == "estimate_miss":
            return abs(grown / entry["estimate"] - 1.0)
        return (grown - CELL * entry["cells"]) / entry["edge"] ** 3
    return entry.get(measure)


def spread(values: list[float]) -> Spread | None:
    """Return median and range, None without values."""
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values), len(values))


def measure_mark(result: dict, mark: Mark) -> Spread | None:
    """Return a mark's value: ratios are formed within each round that has both sides."""
    top = collect(result, *mark.top)
    if mark.bottom is None:
        return spread(list(top.values()))
    bottom = collect(result, *mark.bottom)
    return spread([top[n] / bottom[n] for n in sorted(top.keys() & bottom.keys()) if bottom[n]])


def to_text(value: float) -> str:
    """Return a number with three figures."""
    if value == 0 or 0.01 <= abs(value) < 1e5:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        return f"{value:.{digits}f}"
    return f"{value:.2e}"


def list_marks(result: dict) -> list[tuple[str, str, str, str, str]]:
    """Return a row for every mark: words, aim, median, spread, reached or not or not measured."""
    rows = []
    for mark in MARKS:
        aim = f"{'at most' if mark.is_most else 'at least'} {mark.bound:g} {mark.unit}".strip()
        found = measure_mark(result, mark)
        if found is None:
            rows.append((mark.words, aim, "", "", "not measured"))
            continue
        verdict = "reached" if mark.reached(found.median) else "missed"
        between = f"{to_text(found.low)} to {to_text(found.high)}, n={found.count}"
        rows.append((mark.words, aim, to_text(found.median), between, verdict))
    return rows


def print_marks(result: dict) -> None:
    """Print every mark beside what was measured."""
    rows = list_marks(result)
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    print("\nmarks")
    for row in rows:
        print(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )


def print_measures(result: dict) -> None:
    """Print machine, versions, and every measure of every case."""
    machine = ", ".join(f"{name} {value}" for name, value in result["machine"].items())
    print(machine)
    for name, record in result["cases"].items():
        versions = ", ".join(
            f"{library} {version}" for library, version in record["versions"].items()
        )
        peak = f", peak {record['peak'] / 1e6:.0f} MB" if record.get("peak") else ""
        print(f"\n{name} ({versions}{peak})")
        measures = dict.fromkeys(
            key for entry in record["rounds"] for key in entry if key != "round"
        )
        for measure in measures:
            values = [entry[measure] for entry in record["rounds"] if measure in entry]
            if all(isinstance(value, int | float) for value in values):
                found = spread([float(value) for value in values])
                assert found is not None
                print(
                    f"  {measure:28s} {to_text(found.median):>10s}   "
                    f"{to_text(found.low)} to {to_text(found.high)}"
                )
    if result["failed"]:
        print(f"\nfailed: {', '.join(result['failed'])}")
