"""Links between pages: what they point at must be there, heading and all."""

import re
from pathlib import Path

_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1`*\s*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*#*$", re.MULTILINE)


def make_slug(title: str) -> str:
    """Return the anchor that GitHub gives to a heading, and our site too."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def find_headings(text: str) -> set[str]:
    """Return the anchors of a page; a heading that comes again gets a number."""
    anchors: set[str] = set()
    for title in _HEADING.findall(_FENCE.sub("", text)):
        slug, number = make_slug(title), 0
        while (anchor := f"{slug}-{number}" if number else slug) in anchors:
            number += 1
        anchors.add(anchor)
    return anchors


def find_links(text: str) -> list[str]:
    """Return what the links and images of a page point at, code left out."""
    return _LINK.findall(_CODE.sub("", _FENCE.sub("", text)))


def find_broken(page: Path, root: Path) -> list[str]:
    """Return the links of a page that lead nowhere: a file, or a heading of a page, that is not there.

    Links to the web are left alone: nothing here asks the net.
    """
    broken = []
    for link in find_links(page.read_text()):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        is_in = target.is_relative_to(root) and target.exists()
        if not is_in or (anchor and anchor not in find_headings(target.read_text())):
            broken.append(link)
    return broken
