"""The pages: generated parts as the code says, links that lead somewhere, a site that builds."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import build
import generate
from doctools import api, floors, reference, tables
from doctools.links import find_broken, find_headings, find_links, make_slug
from doctools.markers import fill, find_names, find_pages
from trabecula.base.columns import columns_of
from trabecula.config import load_parameters, load_rules
from trabecula.model.metrics import METRICS

ROOT = Path(__file__).parents[1]
PAGES = find_pages(ROOT)
RUN = "run `python docs/generate.py`"


def test_generated_parts_are_what_the_code_says() -> None:
    stale = [
        str(path) for path, text in generate.find_texts().items() if generate.read(path) != text
    ]
    assert not stale, f"{RUN}: {', '.join(stale)}"


def test_every_generated_part_stands_on_a_page() -> None:
    names = {name for page in PAGES for name in find_names(page.read_text())}
    assert names == set(generate.find_makers())


def test_a_changed_parameter_makes_its_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    page = ROOT / "docs" / "reference" / "parameters.md"
    changed = load_parameters({"cells.osteoclast.work": 5600.0})
    monkeypatch.setattr(tables, "load_parameters", lambda: changed)
    assert fill(page.read_text(), generate.find_makers()) != page.read_text()


def test_a_page_that_was_edited_by_hand_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("_build"))
    for name in ("CONTRIBUTING.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "src").symlink_to(ROOT / "src")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 0
    page = tmp_path / "docs" / "odd.md"
    whole = page.read_text()
    page.write_text(whole.replace("| `matrix` | u2 |", "| `matrix` | u4 |"))
    assert generate.main() == 1
    assert "docs/odd.md: stale" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    assert page.read_text() == whole


@pytest.mark.parametrize(
    "text",
    [
        "<!-- generated: a -->\n",
        "<!-- end of generated: a -->\n",
        "<!-- generated: a -->\n<!-- end of generated: b -->\n",
    ],
)
def test_markers_that_do_not_pair_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="do not pair"):
        fill(text, {})


def test_a_part_that_nobody_makes_is_refused() -> None:
    with pytest.raises(ValueError, match="no such generated part: a"):
        fill("<!-- generated: a -->\n<!-- end of generated: a -->\n", {"b": str})


def test_tables_hold_every_column_rule_row_and_series() -> None:
    state = tables.make_state_tables()
    for layout in tables.LAYOUTS:
        assert f"**{layout.__name__}.**" in state
        assert all(f"| `{name}` |" in state for name in columns_of(layout))
    assert tables.make_rule_table().count("\n") == len(load_rules()) + 1
    rows = "\n".join(tables.make_room_table(room) for room in tables.ROOMS)
    numbers = sum(len(rule.rows) for rule in load_rules())
    assert len(re.findall(r"^\| `", rows, re.MULTILINE)) == len(load_parameters().rows) - numbers
    assert tables.make_series_table().count("\n") == len(METRICS) + 1


def test_commands_and_keys_are_described_whole() -> None:
    commands = reference.make_commands()
    for name in ("run", "resume", "branch", "check", "import", "measure", "params", "verify"):
        assert f"### {name}\n" in commands
    assert "| `--set` | PATH=VALUE |" in commands
    assert "| `--json` |  |" in commands
    keys = reference.make_configuration()
    assert "| `voxel` | 10 to 60 um | `20` |" in keys
    assert "| `duration` | above 0 up to 36525 d | needed |" in keys
    assert "| `active` | `on` or `off` | `on` |" in keys
    assert "### hormones.drugs.NAME\n" in keys
    assert "### patient.labs[]\n" in keys


def test_floors_are_drawn_as_the_contract_says() -> None:
    drawn = floors.draw_floors(ROOT)
    for rooms in floors.read_floors(ROOT):
        assert all(f">{room}</text>" in drawn for room in rooms)
    assert floors.read_floors(ROOT)[0] == ["base"]


def test_python_pages_hold_docstrings_and_kernels() -> None:
    pages = api.make_pages(ROOT / "src" / "trabecula")
    assert "compute_hill(level: float" in pages["hormones"]
    assert "- `power`: Hill coefficient n." in pages["hormones"]
    assert "walk_precursors(table, count" in pages["kernels"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert find_broken(page, ROOT) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# A `title`, with [a link](x.md)\n\n# A `title`, with x\n")
    page.write_text(
        "# Here\n[a](other.md) [b](gone.md) ![c](gone.png) [d](other.md#a-title-with-a-link)\n"
        "[e](other.md#gone) [f](#here) [g](#gone) [h](https://example.org/x) `[i](code.md)`\n"
        "```\n[j](fence.md)\n```\n[k](../outside.md)\n"
    )
    wrong = ["gone.md", "gone.png", "other.md#gone", "#gone", "../outside.md"]
    assert find_broken(page, tmp_path) == wrong
    assert len(find_links(page.read_text())) == 9


def test_anchors_are_those_of_github() -> None:
    assert make_slug("7.2 Rules of `hormones`") == "72-rules-of-hormones"
    assert find_headings("# A\n## A\n```\n# no\n```\n") == {"a", "a-1"}


def test_the_site_builds_offline_without_a_warning(tmp_path: Path) -> None:
    for name in ("sphinx", "myst_parser", "furo", "latex2mathml"):
        pytest.importorskip(name)
    command = [sys.executable, str(ROOT / "docs" / "build.py"), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    site = tmp_path / "site"
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        fetched = re.findall(
            r'<(?:script|img|link)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text()
        )
        assert not fetched, (page, fetched)
    assert "<math" in (site / "docs" / "model" / "fields.html").read_text()
    assert (
        "walk_precursors" in (site / "docs" / "reference" / "python" / "kernels.html").read_text()
    )


def test_without_sphinx_the_builder_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "furo", None)
    monkeypatch.setattr(sys, "argv", ["build.py"])
    assert build.main() == 2
    assert 'pip install "trabecula[docs]"' in capsys.readouterr().err


def test_an_option_is_no_folder_for_the_site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["build.py", "--hlep"])
    with pytest.raises(SystemExit):
        build.main()
    assert not list(tmp_path.iterdir())
