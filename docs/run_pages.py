"""Run the code blocks of pages, timed: ``python docs/run_pages.py [PAGE ...]`` (default: all)."""

import argparse
import tempfile
from pathlib import Path

from doctools.blocks import BlockError, run_page

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs" / "tutorials").glob("*.md")))


def main() -> int:
    """Run the pages; 1 if a block fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE")
    pages = [page.resolve() for page in parser.parse_args().pages] or list(PAGES)
    if missing := [page for page in pages if not page.is_file()]:
        parser.error(f"found no file {missing[0]}; allowed: pages such as README.md")
    total, failed = 0.0, 0
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            try:
                for done in run_page(page, ROOT, Path(folder)):
                    total += done.seconds
                    print(f"{done.seconds:7.1f} s  {page.name}:{done.block.line} {done.block.kind}")
            except BlockError as error:
                failed += 1
                print(error)
    print(f"{total:7.1f} s  in all")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
