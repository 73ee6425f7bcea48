"""Pages that open from disk: pieces of HTML in which everything is escaped and nothing is loaded."""

import base64
import html
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from trabecula.viz.style import apply_style

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: #222; background: #fff; max-width: 60em;
       margin: 2em auto; padding: 0 1em; overflow-wrap: break-word; }
h1, h2, h3 { line-height: 1.2; } h1 { margin-bottom: .2em; } h2 { margin-top: 2.2em; }
p.lead { color: #555; margin-top: 0; } p.source, figcaption { color: #555; font-size: 13px; }
nav { font-size: 13px; } nav a { margin-right: 1em; white-space: nowrap; } a { color: #0058a0; }
div.wide { overflow-x: auto; margin: .8em 0 1.2em; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 3px 8px; border-bottom: 1px solid #ddd; vertical-align: top; }
th.n, td.n { text-align: right; white-space: nowrap; }
figure { margin: 1.2em 0; } img { max-width: 100%; height: auto; display: block; }
pre { background: #f5f5f5; padding: .8em; overflow-x: auto; font-size: 12px; line-height: 1.4; }
code { font-size: 90%; } summary { cursor: pointer; color: #0058a0; margin: .6em 0; }
.hit { color: #00704f; } .near, .undetermined, .warn { color: #8a6100; }
.miss, .wrong, .bad { color: #a94400; font-weight: bold; } .not { color: #777; }
@media (max-width: 40em) { body { margin: 1em auto; font-size: 14px; } th, td { padding: 3px 5px; } }
@media print { body { max-width: none; margin: 0; font-size: 10pt; } nav { display: none; }
  h2, h3 { break-after: avoid; } figure, tr { break-inside: avoid; } pre { white-space: pre-wrap; }
  div.wide { overflow: visible; } a { color: inherit; text-decoration: none; } }
"""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may load: pictures inside the page, and nothing else."""

RESOLUTION = 150
"""Dots per inch of a picture inside a page."""


class Html(str):
    """Text that is HTML already; any other text is escaped."""

    __slots__ = ()


def escape(text: Any) -> str:
    """Return `text` so that a browser shows it as it is; :class:`Html` is left alone."""
    return text if isinstance(text, Html) else html.escape(str(text), quote=True)


def to_number(value: float, digits: int = 4) -> str:
    """Return a `value` of any unit in a few digits; a dash where there is none."""
    if not math.isfinite(value):
        return "-"
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e9 else text


def make_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], numeric: Sequence[int] = ()
) -> Html:
    """Return a table; the cells of the columns `numeric` stand right, floats in four digits."""
    classes = [" class=n" if number in numeric else "" for number in range(len(columns))]
    head = "".join(f"<th{c}>{escape(name)}</th>" for name, c in zip(columns, classes, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{c}>{_to_cell(cell)}</td>" for cell, c in zip(row, classes, strict=True))
        + "</tr>"
        for row in rows
    )
    return Html(f"<div class=wide><table><tr>{head}</tr>{body}</table></div>")


def _to_cell(cell: Any) -> str:
    if cell is None:
        return ""
    return to_number(cell) if isinstance(cell, float) else escape(cell)


def make_list(items: Iterable[str]) -> Html:
    """Return a list of sentences."""
    return Html("<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>")


def make_heading(text: str, level: int = 1) -> Html:
    """Return a heading."""
    return Html(f"<h{level}>{escape(text)}</h{level}>")


def make_paragraph(text: str, kind: str = "") -> Html:
    """Return a paragraph of class `kind`."""
    return Html(f"<p{f' class={escape(kind)}' if kind else ''}>{escape(text)}</p>")


def make_text_block(text: str) -> Html:
    """Return `text` as it is, line by line."""
    return Html(f"<pre>{escape(text)}</pre>")


def make_details(summary: str, content: str) -> Html:
    """Return `content` folded behind a line; it is unfolded in print by the reader's choice only."""
    return Html(f"<details><summary>{escape(summary)}</summary>{escape(content)}</details>")


def make_section(name: str, title: str, *parts: str) -> Html:
    """Return a section with an anchor."""
    inner = "".join(escape(part) for part in parts)
    return Html(f"<section id='{escape(name)}'><h2>{escape(title)}</h2>{inner}</section>")


def make_links(names: Iterable[tuple[str, str]]) -> Html:
    """Return links to sections: anchor and words."""
    links = "".join(f"<a href='#{escape(name)}'>{escape(words)}</a>" for name, words in names)
    return Html(f"<nav>{links}</nav>")


def embed_figure(figure: Any, words: str, caption: str = "") -> Html:
    """Return a ``matplotlib.figure.Figure`` as a picture inside the page."""
    buffer = io.BytesIO()
    with apply_style():
        figure.savefig(
            buffer, format="png", dpi=RESOLUTION, bbox_inches="tight", pad_inches=0.05,
            metadata={"Software": None},
        )  # fmt: skip
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return Html(
        f"<figure><img alt='{escape(words)}' src='data:image/png;base64,{data}'>{below}</figure>"
    )


def make_document(title: str, *parts: str) -> str:
    """Return a whole page."""
    return (
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
        f'<meta http-equiv=Content-Security-Policy content="{POLICY}">'
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"{''.join(escape(part) for part in parts)}</body></html>\n"
    )


def is_page(path: Path) -> bool:
    """Whether a file is a page of this program: each begins with what a browser may load."""
    try:
        with path.open("rb") as file:
            return POLICY.encode() in file.read(1024)
    except OSError:
        return False
