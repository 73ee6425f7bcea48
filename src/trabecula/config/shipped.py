"""Tables that come with the program, read once: what a YAML file says is kept as JSON.

The reader of YAML is pure Python and takes a second for all of them; JSON takes a hundredth. A kept
copy is named by a digest of the file, its path and the reader's code, and carries one of itself; one
that is cut short, altered or another program's is read over. User's files are always read as they are.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trabecula.base.caches import find_caches
from trabecula.base.errors import Problem, ResultsError
from trabecula.base.files import replace_whole
from trabecula.config import marks
from trabecula.config.marks import Document, load_yaml

PACKAGE = Path(__file__).parents[1]


def load_shipped(path: Path) -> Document:
    """Read a YAML file of the program, from its kept copy if there is one.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not YAML.
    """
    kept = _find_copy(path)
    if kept is not None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return from_text(kept.read_text("utf-8"))
    document = load_yaml(path)
    if kept is not None:
        text = to_text(document)
        with suppress(ResultsError, ValueError, KeyError, TypeError):
            if from_text(text) == document:  # JSON cannot say everything that YAML can
                with replace_whole(kept, "the copy of a table") as temporary:
                    temporary.write_text(text, encoding="utf-8")
    return document


def to_text(document: Document) -> str:
    """Return a document as JSON, below a line with its digest."""
    content: dict[str, Any] = {"name": document.name, "data": document.data}
    content["count"] = document.count
    for places in ("keys", "values"):
        content[places] = [[list(path), where] for path, where in getattr(document, places).items()]
    content["problems"] = [asdict(problem) for problem in document.problems]
    text = json.dumps(content, default=str)
    return f"{_digest(text.encode())}\n{text}"


def from_text(text: str) -> Document:
    """Return the document that :func:`to_text` wrote.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is none.
    """
    digest, _, text = text.partition("\n")
    if digest != _digest(text.encode()):
        msg = "it was altered"
        raise ValueError(msg)
    content = json.loads(text)
    document = Document(content["name"], content["data"], count=content["count"])
    for places in ("keys", "values"):
        found = {tuple(path): where for path, where in content[places]}
        setattr(document, places, found)
    document.problems = [Problem(**problem) for problem in content["problems"]]
    return document


def _find_copy(path: Path) -> Path | None:
    """Return where the copy of a file is or would be; None for a file that is not the program's."""
    if not path.is_relative_to(PACKAGE):
        return None
    try:
        content = path.read_bytes() + Path(marks.__file__).read_bytes()
    except OSError:
        return None
    digest = _digest(str(path).encode() + b"\0" + content)
    return find_caches() / "tables" / f"{path.stem}-{digest}.json"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]
