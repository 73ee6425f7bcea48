"""The benchmark: the harness runs in small, marks are judged as they say, revisions are compared."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import bench_figures  # noqa: E402
import compare  # noqa: E402
from bench import order_cases  # noqa: E402
from bench_table import MARKS, Mark, list_marks, measure_mark  # noqa: E402


def run_script(name: str, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(BENCHMARKS / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def quick(tmp_path_factory) -> tuple[dict, str]:
    """The result of a quick run of two cases that talk to each other through a file."""
    out = tmp_path_factory.mktemp("bench") / "bench.json"
    done = run_script("bench.py", "--quick", "--cases", "solve_scipy", "stencil", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text()), done.stdout


def test_a_case_brings_the_one_it_reads_from(quick) -> None:
    result, _ = quick
    assert list(result["cases"]) == ["stencil", "solve", "solve_scipy"]
    assert all(len(record["rounds"]) == 1 for record in result["cases"].values())


def test_own_and_peer_solve_the_same_equations(quick) -> None:
    own, peer = (quick[0]["cases"][name]["rounds"][0] for name in ("solve", "solve_scipy"))
    assert own["mean"] == pytest.approx(peer["mean"], rel=5e-3)
    assert own["cycles"] > 0


def test_the_run_says_on_what_and_what_came_out(quick) -> None:
    result, text = quick
    assert result["machine"]["cores"] >= 1
    assert result["cases"]["stencil"]["versions"]["numba"]
    assert "masked stencil against triad, one thread" in text
    assert "peak" in text
    assert result["cases"]["solve"]["peak"] > 50e6


def test_two_workers_start_and_live(tmp_path) -> None:
    out = tmp_path / "bench.json"
    done = run_script("bench.py", "--quick", "--cases", "pair", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["cases"]["pair"]["rounds"][0]["gain"] > 0


def test_a_case_that_fails_is_named_and_the_others_go_on(tmp_path) -> None:
    out = tmp_path / "bench.json"
    options = ("--quick", "--peers", sys.executable, "--out", str(out))
    done = run_script("bench.py", *options, "--cases", "morphometry_bonemicro")
    result = json.loads(out.read_text())
    if "morphometry_bonemicro" in result["cases"]:
        pytest.skip("the peer is installed beside this Python")
    assert done.returncode == 1
    assert result["failed"] == ["morphometry_bonemicro"]
    assert result["cases"]["morphometry"]["rounds"]


def test_peers_need_an_interpreter() -> None:
    done = run_script("bench.py", "--quick", "--cases", "solve_pyamg")
    assert done.returncode == 2
    assert "--peers PYTHON" in done.stderr


def test_peers_come_right_after_their_own_side() -> None:
    order = list(order_cases(None, True))
    assert order.index("solve_pyamg") - order.index("solve") <= 2
    assert order.index("morphometry_bonemicro") == order.index("morphometry") + 1
    assert "solve_pyamg" not in order_cases(None, False)


def make_result(**cases: list[dict]) -> dict:
    machine = {"processor": "x", "cores": 2, "system": "x", "revision": "x", "date": "x"}
    machine |= {"load_at_start": 0.0, "load_at_end": 0.0}
    options = {"edge": "200", "days": "30", "warm_up": "60"}
    records = {name: {"rounds": rounds, "versions": {}} for name, rounds in cases.items()}
    return {"machine": machine, "options": options, "failed": [], "cases": records}


def test_ratios_are_formed_within_rounds() -> None:
    result = make_result(
        a=[{"round": 0, "s": 10.0}, {"round": 1, "s": 30.0}],
        b=[{"round": 0, "s": 1.0}, {"round": 1, "s": 2.0}, {"round": 2, "s": 50.0}],
    )
    found = measure_mark(result, Mark("x", ("a", "s"), ("b", "s"), 12.0))
    assert found == (12.5, 10.0, 15.0, 2)


def test_marks_are_reached_missed_or_not_measured() -> None:
    engine = [{"round": 0, "per_core_hour": 900.0, "wall_1": 2.0, "wall_2": 1.0}]
    rows = {row[0]: row[-1] for row in list_marks(make_result(engine=engine))}
    assert rows["whole engine, mechanics on"] == "missed"
    assert rows["two threads against one"] == "reached"
    assert rows["whole engine, mechanics off"] == "not measured"
    assert len(rows) == len(MARKS)


def test_the_page_takes_its_tables_and_keeps_its_words(tmp_path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("before\n\n<!-- bench: marks -->\nOLD\n<!-- end -->\n\nafter\n")
    engine = [{"round": 0, "per_core_hour": 900.0, "share fields": 1.0, "edge": 24.0}]
    result = make_result(engine=engine)
    bench_figures.fill_page(page, bench_figures.make_tables(result))
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "OLD" not in text
    assert "| whole engine, mechanics on | at least 1000 mm^3 yr/core-h | 900 |" in text
    bench_figures.draw_marks(result, tmp_path)
    assert bench_figures.draw_shares(result, tmp_path)
    assert not bench_figures.draw_scale(result, tmp_path)
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "performance_marks.png",
        "performance_shares.png",
    }


def test_the_page_of_the_documentation_has_every_table() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    names = list(bench_figures.make_tables(make_result()))
    assert "marks" in names
    for name in names:
        assert f"<!-- bench: {name} -->" in text


def test_compare_puts_the_whole_first_and_pairs_its_ratios() -> None:
    pairs = [
        ({"fields": 4.0, "walk": 1.0}, {"fields": 2.0, "walk": 1.0, "new": 0.5}),
        ({"fields": 6.0, "walk": 1.0}, {"fields": 2.0, "walk": 1.0, "new": 0.5}),
    ]
    rows = {row[0]: row[1:] for row in compare.tabulate(pairs)}
    assert list(rows) == ["all", "fields", "walk", "new"]
    assert rows["fields"] == ("5.000", "2.000", "2.50", "2.00 to 3.00")
    assert rows["all"] == ("6.000", "3.500", "1.71", "1.43 to 2.00")
    assert rows["new"] == ("-", "0.500", "-", "")


def test_compare_refuses_a_revision_that_is_none() -> None:
    done = run_script("compare.py", "HEAD", "no-such-revision")
    assert done.returncode == 2
    assert "no-such-revision: found no such revision" in done.stderr
    assert "Traceback" not in done.stderr


def test_days_without_their_part_of_mechanics_are_refused() -> None:
    done = run_script("bench.py", "--days", "12", "--cases", "stencil")
    assert done.returncode == 2
    assert "--days: found 12; allowed: multiples of 30" in done.stderr
