"""Tables of the program are kept as JSON, say the same as the YAML, and mend themselves."""

from pathlib import Path

import pytest

import trabecula.config
from trabecula.config import shipped
from trabecula.config.marks import load_yaml
from trabecula.config.shipped import from_text, load_shipped, to_text

CONFIG = Path(trabecula.config.__file__).parent
TABLES = sorted(CONFIG.rglob("*.yaml"))


@pytest.fixture
def cache(monkeypatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "trabecula" / "tables"


@pytest.mark.parametrize("path", [p for p in TABLES if p.stem in ("rules", "species", "fields")])
def test_a_kept_copy_says_what_the_yaml_says(path: Path) -> None:
    document = load_yaml(path)
    again = from_text(to_text(document))
    assert again == document
    assert list(again.data) == list(document.data)


def test_a_table_is_parsed_once(cache: Path, monkeypatch) -> None:
    path = CONFIG / "species.yaml"
    first = load_shipped(path)
    assert [file.suffix for file in cache.iterdir()] == [".json"]

    def refuse(_: Path):
        raise AssertionError("parsed again")

    monkeypatch.setattr(shipped, "load_yaml", refuse)
    assert load_shipped(path) == first
    with pytest.raises(AssertionError, match="parsed again"):
        load_shipped(CONFIG / "rules.yaml")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": 1}'])
def test_a_copy_cut_short_is_read_over(cache: Path, text: str) -> None:
    path = CONFIG / "species.yaml"
    first = load_shipped(path)
    (kept,) = cache.iterdir()
    kept.write_text(text)
    assert load_shipped(path) == first
    assert from_text(kept.read_text()) == first


def test_a_number_altered_in_a_copy_is_read_over(cache: Path) -> None:
    path = CONFIG / "parameters" / "fields.yaml"
    first = load_shipped(path)
    (kept,) = cache.iterdir()
    text = kept.read_text()
    assert "860000.0" in text
    kept.write_text(text.replace("860000.0", "960000.0"))
    assert load_shipped(path) == first
    assert from_text(kept.read_text()) == first


def test_a_file_of_the_user_leaves_no_copy(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("a: 1\n")
    assert load_shipped(path).data == {"a": 1}
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_hinders_nothing(monkeypatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert load_shipped(CONFIG / "species.yaml").data
