"""Build the whole site, offline: ``python docs/build.py [OUT]`` (default docs/_build)."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from doctools import api

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "_build"
COPIED = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "CITATION.cff")
SECTIONS = {
    "Start": (
        "quickstart",
        "tutorials/index",
        "tutorials/firstrun",
        "tutorials/ownimage",
        "tutorials/patient",
        "tutorials/*",
        "hormones",
        "safety",
    ),
    "Model": (
        "odd",
        "model/index",
        "model/*",
        "nomenclature",
        "balance",
        "sites",
        "loads",
        "validation",
    ),
    "Reference": ("reference/*", "reference/python/index"),
    "House": ("architecture", "adr/*", "*"),
}
REDIRECT = '<!doctype html><meta http-equiv="refresh" content="0; url=docs/index.html">\n'


def main() -> int:
    """Build the site; 1 if Sphinx warned of anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=OUT, help="folder of the site")
    out = parser.parse_args().out.resolve()
    try:
        import furo  # noqa: F401  (a theme that is not there fails late and darkly)
        import latex2mathml  # noqa: F401
        import myst_parser  # noqa: F401
        from sphinx.application import Sphinx
    except ImportError as error:
        print(f'{error.name} is not installed: pip install "trabecula[docs]"', file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pages"
        copy_pages(source)
        site = Sphinx(
            source, None, out, Path(folder) / "doctrees", "html",
            confoverrides=make_settings(), warningiserror=True, freshenv=True,
        )  # fmt: skip
        site.build()
    (out / "index.html").write_text(REDIRECT)
    print(f"{out / 'index.html'}")
    return int(site.statuscode != 0)


def copy_pages(source: Path) -> None:
    """Copy what people read to `source`, laid out as in the repository, and add the Python pages."""
    ignored = shutil.ignore_patterns("_build", "doctools", "*.py", "__pycache__")
    shutil.copytree(ROOT / "docs", source / "docs", ignore=ignored)
    shutil.copytree(ROOT / "configs", source / "configs")
    for name in COPIED:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    folder = source / "docs" / "reference" / "python"
    folder.mkdir()
    package = ROOT / "src" / "trabecula"
    for room, text in api.make_pages(package).items():
        (folder / f"{room}.md").write_text(text)
    (folder / "index.md").write_text(api.make_index(package))
    index = source / "docs" / "index.md"
    index.write_text(index.read_text() + write_contents(source / "docs"))


def write_contents(docs: Path) -> str:
    """Return hidden tables of contents that hold every page once."""
    seen: set[str] = {"index"}
    parts = []
    for caption, patterns in SECTIONS.items():
        names = []
        for pattern in patterns:
            for page in sorted(docs.glob(f"{pattern}.md")):
                name = page.relative_to(docs).with_suffix("").as_posix()
                if name not in seen:
                    seen.add(name)
                    names.append(name)
        if caption == "House":
            names += [
                f"../{n[:-3]}" for n in COPIED if n.endswith(".md") and (docs.parent / n).exists()
            ]
        head = f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n:maxdepth: 1\n\n"
        parts.append(head + "\n".join(names) + "\n```\n")
    return "".join(parts)


def make_settings() -> dict[str, object]:
    """Return the settings of Sphinx; nothing in them asks for anything from the net."""
    return {
        "project": "Trabecula",
        "root_doc": "docs/index",
        "extensions": ["myst_parser", "doctools.mathml"],
        "html_theme": "furo",
        "html_title": "Trabecula",
        "html_math_renderer": "mathml",
        "html_copy_source": False,
        "html_show_copyright": False,
        "myst_enable_extensions": ["dollarmath"],
        "myst_heading_anchors": 4,
        "myst_heading_slug_func": "doctools.links.make_slug",
        "suppress_warnings": ["myst.header"],
        "exclude_patterns": ["configs"],
    }


if __name__ == "__main__":
    raise SystemExit(main())
