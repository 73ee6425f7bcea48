"""Draw a result of ``bench.py`` into docs/figures and write its tables into docs/performance.md.

``python benchmarks/bench_figures.py RESULT.json [--docs docs]``. Tables stand between the lines
``<!-- bench: NAME -->`` and ``<!-- end -->`` of the page; everything else of it is left as it is.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from bench_table import MARKS, list_marks, measure_mark, spread, to_text
from trabecula.viz.style import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILION, WIDTH, apply_style

LEAST_SHARE = 0.02
"""Share of a day under which a stage is drawn among the others."""


def median_of(result: dict, case: str) -> dict[str, float]:
    """Return the median over rounds of every measure of a case; empty if it was not run."""
    rounds = result["cases"].get(case, {}).get("rounds", [])
    names = dict.fromkeys(name for entry in rounds for name in entry if name != "round")
    found = {}
    for name in names:
        middle = spread([entry[name] for entry in rounds if name in entry])
        assert middle is not None
        found[name] = middle.median
    return found


def draw_marks(result: dict, place: Path) -> None:
    """Draw every mark as how far beyond (right) or short of (left) its bound it is."""
    shown = [(mark, found) for mark in MARKS if (found := measure_mark(result, mark)) is not None]
    shown = shown[::-1]
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 0.4 + 0.19 * len(shown)), layout="constrained")
        axis = figure.subplots()
        for y, (mark, found) in enumerate(shown):
            ways = [mark.bound / v if mark.is_most else v / mark.bound for v in found[:3] if v > 0]
            colour = GREEN if mark.reached(found.median) else VERMILION
            axis.plot([1, ways[0]], [y, y], color=colour, lw=1)
            axis.plot(ways[1:], [y, y], color=colour, lw=3.5, alpha=0.35)
            axis.plot(ways[0], y, "o", color=colour, ms=4)
            axis.annotate(
                f"{to_text(found.median)} {mark.unit}".strip(), (1.01, y), va="center", fontsize=6.5,
                xycoords=("axes fraction", "data"), color=BLACK,
            )  # fmt: skip
        axis.axvline(1, color=GREY, lw=0.8)
        axis.set_xscale("log")
        axis.set_yticks(range(len(shown)), [mark.words.replace("`", "") for mark, _ in shown])
        axis.set_ylim(-0.7, len(shown) - 0.3)
        axis.set_xlabel("short of the mark   <   1   <   beyond it")
    figure.savefig(place / "performance_marks.png", dpi=200)


def draw_shares(result: dict, place: Path) -> bool:
    """Draw where a day of the whole engine goes; False if it was not measured."""
    found = median_of(result, "engine")
    shares = {
        name.removeprefix("share "): v for name, v in found.items() if name.startswith("share ")
    }
    if not shares:
        return False
    large = {name: share for name, share in shares.items() if share >= LEAST_SHARE}
    rows = sorted(large.items(), key=lambda row: row[1])
    rest = 1.0 - sum(large.values())
    rows = [(f"{len(shares) - len(large)} others", rest), *rows] if rest > 0 else rows
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH / 2, 0.5 + 0.18 * len(rows)), layout="constrained")
        axis = figure.subplots()
        axis.barh(
            [name for name, _ in rows], [100 * share for _, share in rows], color=BLUE, height=0.65
        )
        for y, (_, share) in enumerate(rows):
            axis.annotate(f" {100 * share:.0f}", (100 * share, y), va="center", fontsize=7)
        axis.set_xlabel(f"share of a day's processor time (%), {found['edge']:.0f}³ voxels")
        axis.margins(y=0.02)
    figure.savefig(place / "performance_shares.png", dpi=200)
    return True


def draw_scale(result: dict, place: Path) -> bool:
    """Draw cost against volume, against cells, and against species; False if not measured."""
    found, whole = median_of(result, "scale"), median_of(result, "engine")
    edges = sorted(int(n.split("_")[1]) for n in found if re.fullmatch(r"cpu_\d+", n))
    if not edges:
        return False
    points = [((edge * 0.02) ** 3, found[f"cpu_{edge}"]) for edge in edges]
    if whole:
        points.append((whole["volume"], whole["cpu"] / whole["volume"]))
    cells = {
        n.rsplit("_", 1)[1]: v
        for n, v in median_of(result, "cells").items()
        if re.fullmatch(r"per_second_\d+", n)
    }
    with apply_style() as make_figure:
        figure = make_figure(figsize=(WIDTH, 2.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        left.plot(*zip(*points, strict=True), "o-", color=BLUE, ms=4)
        left.set_xscale("log")
        left.set_xlabel("tissue (mm³)")
        left.set_ylabel("seconds per mm³ and day")
        kinds = sorted(
            (int(n.split("_")[1]), v) for n, v in found.items() if n.startswith("species_")
        )
        middle.plot(*zip(*kinds, strict=True), "o-", color=ORANGE, ms=4)
        middle.set_xlabel("species with sources")
        middle.set_ylabel("seconds to solve all, cold, 96³")
        crowd = sorted((int(n), 1e9 / v) for n, v in cells.items())
        if crowd:
            right.plot(*zip(*crowd, strict=True), "o-", color=GREEN, ms=4)
            right.set_xscale("log")
        right.set_xlabel("cells")
        right.set_ylabel("ns per cell and day (one hop)")
        for axis in (left, middle, right):
            axis.set_ylim(0, 1.05 * axis.get_ylim()[1])
    figure.savefig(place / "performance_scale.png", dpi=200)
    return True


def make_tables(result: dict) -> dict[str, str]:
    """Return the tables of the page by name."""
    rows = ["| what | aim | median | range | |", "|---|---|---|---|---|"]
    rows += ["| " + " | ".join(row) + " |" for row in list_marks(result)]
    machine, options = result["machine"], result["options"]
    versions: dict[str, str] = {}
    for record in result["cases"].values():
        versions |= record["versions"]
    words = (
        f"{machine['date']}, revision {machine['revision']}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['system']}; load {machine['load_at_start']:.1f} at the "
        f"start and {machine['load_at_end']:.1f} at the end (above {machine['cores']} the machine was "
        f"shared). Lattice of {options['edge']}^3 voxels, {options['days']} d a repeat after "
        f"{options['warm_up']} d. "
        + ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
        + "."
    )
    return {
        "marks": "\n".join(rows), "machine": words, "morphometry": tabulate_morphometry(result),
        "scale": tabulate_scale(result), "bytes": tabulate_bytes(result),
    }  # fmt: skip


def tabulate_morphometry(result: dict) -> str:
    """Return the values of both on the same image."""
    own, peer = median_of(result, "morphometry"), median_of(result, "morphometry_bonemicro")
    rows = ["| | Trabecula | bone-microarchitecture | difference |", "|---|---|---|---|"]
    names = {"bv_tv": "BV/TV", "tb_th": "Tb.Th (um)", "tb_sp": "Tb.Sp (um)", "tb_n": "Tb.N (/mm)"}
    for key, words in names.items():
        if key in own and key in peer:
            gap = f"{100 * (own[key] / peer[key] - 1):+.1f} %"
            rows.append(f"| {words} | {own[key]:.4g} | {peer[key]:.4g} | {gap} |")
    return "\n".join(rows) if len(rows) > 2 else "not measured"


def tabulate_scale(result: dict) -> str:
    """Return the cost of a day by size of the bone."""
    found = median_of(result, "scale")
    rows = [
        "| lattice | ms per mm^3 and day | cells per mm^3 | sites at work per mm^3 |",
        "|---|---|---|---|",
    ]
    names = sorted(
        (n.removeprefix("cpu_") for n in found if n.startswith("cpu_")), key=lambda n: n.zfill(5)
    )
    for name in names:
        words = "64^3, many sites" if name == "busy" else f"{name}^3"
        cells = found.get(f"cells_{name}")
        said = "" if cells is None else f"{cells:.0f}"
        rows.append(
            f"| {words} | {1000 * found[f'cpu_{name}']:.0f} | {said} | {found[f'sites_{name}']:.1f} |"
        )
    picture = "![Cost against volume, species, cells](figures/performance_scale.png)\n\n"
    return picture + "\n".join(rows) if len(rows) > 2 else "not measured"


def tabulate_bytes(result: dict) -> str:
    """Return the stages that allocate most, with their share of a day's time."""
    found = median_of(result, "engine")
    most = sorted((n for n in found if n.startswith("bytes ")), key=lambda n: -found[n])[:8]
    if not most:
        return "not measured"
    rows = ["| stage | bytes per voxel allocated in one call | share of a day |", "|---|---|---|"]
    for name in most:
        stage = name.removeprefix("bytes ")
        per_voxel = found[name] / found["edge"] ** 3
        rows.append(f"| {stage} | {per_voxel:.1f} | {100 * found[f'share {stage}']:.1f} % |")
    return "\n".join(rows)


def fill_page(page: Path, tables: dict[str, str]) -> None:
    """Write the tables between their lines of the page."""
    text = page.read_text()
    for name, table in tables.items():
        pattern = rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)"
        text = re.sub(
            pattern, lambda m, table=table: f"{m[1]}\n{table}\n\n{m[2]}", text, flags=re.DOTALL
        )
    page.write_text(text)


def main() -> int:
    """Command line of the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path)
    parser.add_argument("--docs", type=Path, default=Path(__file__).parents[1] / "docs")
    options = parser.parse_args()
    result = json.loads(options.result.read_text())
    figures = options.docs / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    draw_marks(result, figures)
    draw_shares(result, figures)
    draw_scale(result, figures)
    page = options.docs / "performance.md"
    if page.exists():
        fill_page(page, make_tables(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
