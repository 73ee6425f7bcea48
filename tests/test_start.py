"""What makes a start short and an end quick, and that nothing else comes of it."""

import gc
import inspect
import logging
import subprocess
import sys

import pytest

from trabecula.cli import main as entry
from trabecula.model.framework import ask_frames

LOOK = """
import inspect
import trabecula.model.model
print(len(inspect.modulesbyfile))
"""


@pytest.fixture
def collector():
    """The state of the garbage collector, put back afterwards."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.parametrize("ending", [SystemExit(2), KeyboardInterrupt()])
@pytest.mark.parametrize(("command", "spared"), [("run", True), ("branch", True), ("live", False)])
def test_garbage_is_looked_for_seldom_and_not_at_the_end(
    monkeypatch, collector, ending, command, spared
):
    before, seen = gc.get_threshold()[0], []

    def end(prog_name):
        seen.extend([prog_name, gc.get_threshold()[0], gc.get_freeze_count()])
        raise ending

    monkeypatch.setattr(entry, "app", end)
    monkeypatch.setattr(sys, "argv", ["trabecula", command])
    with pytest.raises(type(ending)):
        entry.main()
    assert seen == ["trabecula", entry.FREED_EVERY if spared else before, 0]
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000


def test_mesa_comes_without_a_look_at_every_module():
    found = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 20, "paths of some 1600 modules were resolved"


def test_mesa_names_its_loggers_as_ever():
    names = [name for name in logging.root.manager.loggerDict if name.startswith("MESA.")]
    assert "MESA.mesa.model" in names


def ask_and_fail():
    here = inspect.currentframe()
    assert inspect.getmodule(here) is sys.modules[__name__]
    assert inspect.getmodule(pytest.fixture).__name__ == pytest.fixture.__module__, "others as ever"
    raise KeyError


def test_frames_are_asked_for_as_long_as_it_lasts(monkeypatch):
    search = inspect.getmodule
    monkeypatch.setattr(sys.modules[__name__], "__file__", None)  # no search by file finds it
    with ask_frames(), pytest.raises(KeyError):
        ask_and_fail()
    with pytest.raises(KeyError), ask_frames():
        raise KeyError
    assert inspect.getmodule is search
