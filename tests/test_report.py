"""Pages that open from disk: what is in them, what is escaped, and that nothing is loaded."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from populations import DRAWN, load, pretend
from runfolders import VOLUME, make_folder, make_study
from trabecula.analysis import load_results
from trabecula.analysis.closure import check_closure
from trabecula.cli.main import app
from trabecula.viz.page import Html, escape, make_document, make_table
from trabecula.viz.runpage import to_change, to_spread
from trabecula.viz.studypage import make_study_page, tell_baseline

NASTY = "<script>alert('x')</script>&\"'"


class Reader(HTMLParser):
    """Collects tags, attributes and text; notes tags that are not closed in order."""

    VOID = ("meta", "img", "br")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.links, self.texts, self.open = [], [], [], []
        self.anchors, self.wrong = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        self.links += [found[key] for key in ("src", "href") if key in found]
        self.anchors += [found["id"]] if "id" in found else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def call(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def insist_on_self_contained(page: str) -> Reader:
    reader = Reader(page)
    assert reader.wrong == []
    assert reader.open == []
    assert not set(reader.tags) & {"script", "link", "iframe", "object", "base"}
    for link in reader.links:
        assert link.startswith(("data:image/png;base64,", "#")), link[:60]
    inside = [link[1:] for link in reader.links if link.startswith("#")]
    assert set(inside) <= set(reader.anchors)
    outside_pictures = re.sub(r"data:[^']*", "", page)
    assert "://" not in outside_pictures
    assert "@import" not in outside_pictures
    assert "url(" not in outside_pictures
    assert "default-src 'none'" in page
    return reader


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    folder = make_folder(tmp_path_factory.mktemp("run") / "made-up")
    result = call("report", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == f"saved {folder / 'report.html'}"
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_page_is_whole_and_loads_nothing(page: str) -> None:
    reader = insist_on_self_contained(page)
    assert reader.tags.count("img") == 4
    wanted = {"happened", "pictures", "asked", "ledgers", "numbers", "provenance", "repeat"}
    assert wanted <= set(reader.anchors)
    assert "viewport" in page
    assert "@media print" in page
    assert len(page) < 3_000_000


def test_a_run_page_says_what_happened_in_numbers(page: str) -> None:
    text = " ".join(Reader(page).texts)
    assert "The bone lived 120 days." in text
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    resorption = next(row for row in rows if "matrix resorbed per day" in row)
    assert "+100" in resorption
    assert "1000" in resorption
    assert re.search(r"± [\d.]+</td>$", resorption)
    bone = next(row for row in rows if "BV/TV" in row and "bone volume fraction" in row)
    assert re.search(r"± \d", bone)


def test_a_run_page_tells_what_was_asked_and_where_it_comes_from(page: str) -> None:
    text = " ".join(Reader(page).texts)
    assert "2 doses, day 30 to 120" in text
    assert "estradiol: [[0.0, 100.0], [10.0, 10.0]]" in text
    assert "measured elsewhere" in text
    assert "Changed in this run" in text
    assert "trabecula run config.yaml" in text
    assert re.search(r"\b[0-9a-f]{64}\b", text)
    assert "0.68" in text


def test_a_run_page_closes_the_ledger(page: str, tmp_path: Path) -> None:
    assert "closed" in page
    results = load_results(make_folder(tmp_path / "run"))
    closure = check_closure(results, VOLUME)
    assert closure is not None
    assert closure.is_closed
    assert closure.change == pytest.approx(-120 * 1000.0)
    results.series["matrix_formed"].values[-1] += 50.0
    wrong = check_closure(results, VOLUME)
    assert wrong is not None
    assert not wrong.is_closed
    assert wrong.miss == pytest.approx(50.0)
    cleared = replace(results.series["matrix_formed"], values=np.zeros(len(results.time)))
    cleared.values[-1] = 50.0
    results.series["matrix_cleared"] = cleared
    right = check_closure(results, VOLUME)
    assert right is not None
    assert right.is_closed


def test_names_and_sources_are_escaped(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run", name=f"'{NASTY.replace(chr(39), chr(39) * 2)}'")
    assert call("report", folder).exit_code == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    reader = insist_on_self_contained(page)
    assert NASTY in "".join(reader.texts)
    assert "a study <of> 12" in "".join(reader.texts)


def test_pieces_escape_all_but_html() -> None:
    assert escape("<b>") == "&lt;b&gt;"
    assert escape(Html("<b>")) == "<b>"
    assert "<i>" not in make_table(["<i>", ""], [["<i>", 1.23456]], (1,))
    assert "1.235" in make_table(["a", "b"], [["", 1.23456]], (1,))
    assert "&lt;/title&gt;" in make_document("</title>", "<p>")


def test_numbers_are_written_without_powers() -> None:
    assert [to_change(value) for value in (1234.0, -0.1234, 0.0, float("nan"))] == [
        "+1234", "-0.123", "0", "-",
    ]  # fmt: skip
    assert to_spread(217.3) == "± 217"
    assert to_spread(float("nan")) == ""


def test_a_folder_of_runs_becomes_one_page_with_contrasts(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    entry = {
        "run": 9,
        "folder": "run-9",
        "status": "failed",
        "error": NASTY,
        "parameters": {"a": 1},
    }
    lived = [
        {"run": n, "folder": name, "status": "done"} for n, name in enumerate(("kept", "withdrawn"))
    ]
    lines = ['{"format_version": 1}', *map(json.dumps, (*lived, entry)), '{"torn']
    (study / "manifest.jsonl").write_text("\n".join(lines))
    result = call("report", study)
    assert result.exit_code == 0, result.output
    page = (study / "report.html").read_text(encoding="utf-8")
    reader = insist_on_self_contained(page)
    text = " ".join(reader.texts)
    assert "6 runs in 2 arms; 1 failed" in text
    assert "withdrawn - kept" in text
    assert "against the 90 d before day 0 of the same run" in text
    row = next(
        r for r in re.findall(r"<tr>(.*?)</tr>", page) if "withdrawn - kept</td><td>BRs.R" in r
    )
    assert "+70" in row
    assert "45.2 to 94.8" in row
    assert NASTY in "".join(reader.texts)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (-400.0, "the 90 d before"),
        (-90.0, "the 90 d before"),
        (-29.0, "the 29 d before day 0 (all there is of the usual 90)"),
        (0.0, "the first measurement, since nothing was measured before day 0"),
    ],
)
def test_a_page_of_a_study_says_how_long_its_baseline_is(first: float, words: str) -> None:
    runs = [SimpleNamespace(time=np.arange(start, 10.0)) for start in (first, -365.0)]
    assert words in tell_baseline(runs)


def test_a_judged_panel_becomes_a_page_beside_its_own(tmp_path: Path) -> None:
    make_study(tmp_path / "CAL-1", 1)
    ends = [
        {"what": "a change", "published": "-3 to -1", "band": [-3.0, -1.0], "required": True,
         "value": -2.0, "error": 0.25, "verdict": "hit", "term": "bvtv_pct(drug)"},
        {"what": NASTY, "band": [None, None], "value": None, "verdict": "not scorable",
         "reason": "prose"},
    ]  # fmt: skip
    trials = [{"id": "CAL-1", "title": "one", "source": "a book", "score": 1.0, "endpoints": ends},
              {"id": "CAL-2", "title": "two", "score": None, "endpoints": []}]  # fmt: skip
    verdicts = {"panel": "p.yaml", "score": 1.0, "score_no_change": 0.2, "trials": trials}
    (tmp_path / "verdicts.json").write_text(json.dumps(verdicts))
    result = call("report", tmp_path)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "overview.html").read_text(encoding="utf-8")
    reader = insist_on_self_contained(page)
    text = " ".join(reader.texts)
    assert "-2 ± 0.25" in text
    assert "not scorable: prose" in text
    assert "No runs of this trial" in text
    assert reader.tags.count("img") == 1
    assert NASTY in "".join(reader.texts)


@pytest.mark.parametrize("content", ["{", "[]", '{"trials": [3]}', "{}"])
def test_damaged_verdicts_are_said_to_be(tmp_path: Path, content: str) -> None:
    (tmp_path / "verdicts.json").write_text(content)
    result = call("report", tmp_path)
    assert result.exit_code == 2
    assert "verdicts.json: damaged" in result.stderr
    assert not (tmp_path / "overview.html").exists()


def test_missing_and_damaged_runs_are_one_message(tmp_path: Path) -> None:
    assert "there is no such file or folder" in call("report", tmp_path / "absent").stderr
    assert "holds no results.h5" in call("report", tmp_path).stderr
    (tmp_path / "results.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)
    result = call("report", tmp_path)
    assert result.exit_code == 2
    assert "damaged" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "report.html").exists()


def test_the_page_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run")
    assert call("report", folder / "results.h5", "--out", tmp_path / "a.html").exit_code == 0
    assert (tmp_path / "a.html").stat().st_size > 10_000
    for wrong in (tmp_path, tmp_path / "nowhere" / "a.html"):
        result = call("report", folder, "--out", wrong)
        assert result.exit_code == 2
        assert "--out: found" in result.stderr


def test_runs_that_have_not_stored_a_moment_make_no_page(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "study" / "run")
    with h5py.File(folder / "results.h5", "r+") as file:
        for series in (*file["series"].values(), *file["hormones"].values()):
            series.resize(0, axis=0)
    result = call("report", tmp_path / "study")
    assert result.exit_code == 2
    assert f"{tmp_path / 'study'}: no run in it has stored a moment yet" in result.stderr
    assert not (tmp_path / "study" / "report.html").exists()


def test_a_page_that_cannot_be_written_may_have_another_name(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run")
    (folder / "report.html").mkdir()
    result = call("report", folder)
    assert result.exit_code == 2
    assert "report.html: cannot be written: " in result.stderr
    assert "name another with --out" in result.stderr


def test_patients_of_a_population_are_runs_of_an_arm_and_not_arms(tmp_path: Path) -> None:
    few = DRAWN.replace("patients: 4", "patients: 2").replace("draws: 3", "draws: 2")
    out = tmp_path / "out"
    pretend(
        load(tmp_path, f"grid: {{hormones.blockade.rankl: [0, 0.9]}}\n{few}"), out, lambda _: 1.0
    )
    for folder in sorted(path for path in out.iterdir() if path.is_dir()):
        make_folder(folder)
    page = make_study_page(out)
    insist_on_self_contained(page)
    assert "12 runs in 4 arms" in page
    assert "hormones.blockade.rankl=0.9, uncertain parameters" in page
