"""The bone of ``mechanics_own`` by ParOSol."""

from bench_worker import Setting
from cases.peer import make_repeat


def prepare(setting: Setting):
    """Find the script of the peers."""
    return make_repeat(setting, "parosol")
