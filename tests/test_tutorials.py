"""Tutorials and README: every block is executed as a reader would execute it, on small bones."""

import re
from pathlib import Path

import pytest

from doctools.blocks import BlockError, read_blocks, run_page

ROOT = Path(__file__).parents[1]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
PAGES = [ROOT / "README.md", *(page for page in TUTORIALS if page.name != "index.md")]
LONG = ("sweep", "trial")
"""Pages that take more than half a minute: run by `make validate` and by docs/run_pages.py."""

LIVED = [
    pytest.param(page, marks=pytest.mark.slow) if page.stem in LONG else page for page in PAGES
]
RUN = ("sh", "python", "diff")
READ = ("yaml", "text")


@pytest.mark.parametrize("page", LIVED, ids=lambda page: page.stem)
def test_every_block_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    done = list(run_page(page, ROOT, tmp_path))
    blocks = [b for b in read_blocks(page.read_text()) if b.kind in RUN and not b.name]
    assert [(d.block.kind, d.block.line) for d in done] == [(b.kind, b.line) for b in blocks]
    assert blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_says_what_it_is(page: Path) -> None:
    text = page.read_text()
    fences = re.findall(r"^```(.*)$", text, re.MULTILINE)
    assert all(fences[::2]), "a fence without a word is never run"
    for block in read_blocks(text):
        assert block.kind in RUN + READ, f"{page.name}:{block.line}"


def test_every_tutorial_is_listed() -> None:
    index = (ROOT / "docs" / "tutorials" / "index.md").read_text()
    assert all(f"({page.name})" in index for page in TUTORIALS if page.name != "index.md")


def write_page(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text)
    return page


def test_a_command_that_fails_is_seen_with_its_line(tmp_path: Path) -> None:
    page = write_page(tmp_path, "# Page\n\n```sh\nfalse | true\n```\n")
    with pytest.raises(BlockError, match=r"page\.md:3: status 1"):
        list(run_page(page, ROOT, tmp_path))


def test_a_python_block_that_fails_is_seen(tmp_path: Path) -> None:
    page = write_page(tmp_path, "```python\nassert 1 == 2, 'no'\n```\n")
    with pytest.raises(BlockError, match="AssertionError: no"):
        list(run_page(page, ROOT, tmp_path))


def test_a_change_that_no_longer_fits_is_seen_and_the_repository_untouched(tmp_path: Path) -> None:
    place = "src/trabecula/base/codes.py"
    before = (ROOT / place).read_text()
    change = f"--- a/{place}\n+++ b/{place}\n@@ -1,2 +1,2 @@\n-{{}}\n+a line\n \n"
    page = write_page(tmp_path, f"```diff\n{change.format('no such line')}```\n")
    with pytest.raises(BlockError, match="patch"):
        list(run_page(page, ROOT, tmp_path / "made"))
    first = before.splitlines()[0]
    page = write_page(
        tmp_path, f"```diff\n{change.format(first)}```\n```sh\nhead -1 {place}\n```\n"
    )
    *_, done = run_page(page, ROOT, tmp_path / "again")
    assert done.output == "a line\n"
    assert (ROOT / place).read_text() == before


def test_small_settings_reach_runs_and_nothing_else(tmp_path: Path) -> None:
    page = write_page(
        tmp_path,
        "<!-- small: duration=2 -->\n```sh\nsed -n 2p .bin/trabecula\nmake demo\n```\n",
    )
    [done] = run_page(page, ROOT, tmp_path)
    assert "--set 'duration=2'" in done.output
    assert done.output.startswith('case "${1:-}" in run|validate|trial)')


def test_what_is_run_instead_of_a_text_is_said_and_must_be_there(tmp_path: Path) -> None:
    swap = "<!-- instead of: `echo 48`, `echo 24` -->"
    page = write_page(tmp_path, f"{swap}\n```sh\necho 48\n```\n")
    [done] = run_page(page, ROOT, tmp_path)
    assert done.output == "24\n"
    page = write_page(tmp_path, f"{swap}\n```sh\necho 64\n```\n")
    with pytest.raises(BlockError, match="no block has 'echo 48'"):
        list(run_page(page, ROOT, tmp_path))
