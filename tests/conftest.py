"""What all tests share."""

import pytest

from trabecula.runner.cache import StateCache


@pytest.fixture(scope="session")
def caches(tmp_path_factory):
    """A place for XDG_CACHE_HOME; processes that test side by side share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "caches"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def states(caches):
    """States before day 0, each lived by the first test that wants it."""
    return StateCache(caches / "trabecula" / "states")
