"""A renderer for Sphinx that writes equations as MathML, which browsers draw without a script."""

from html import escape
from typing import Any


def setup(app: Any) -> dict[str, bool]:
    """Offer Sphinx the renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _visit_inline(writer: Any, node: Any) -> None:
    _write(writer, node, "inline")


def _visit_block(writer: Any, node: Any) -> None:
    _write(writer, node, "block")


def _write(writer: Any, node: Any, display: str) -> None:
    from docutils import nodes
    from latex2mathml.converter import convert

    tag = "span" if display == "inline" else "div"
    style = "" if display == "inline" else ' style="overflow-x: auto; margin: 1em 0"'
    title = escape(node.astext(), quote=True)
    math = convert(node.astext(), display=display)
    writer.body.append(f'<{tag} class="math" title="{title}"{style}>{math}</{tag}>')
    raise nodes.SkipNode
