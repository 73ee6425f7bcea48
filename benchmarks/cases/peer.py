"""A peer of ``mechanics_own`` on the same bone, in a process of its own each time."""

import json
import subprocess
import sys
from pathlib import Path

from bench_worker import Setting


def make_repeat(setting: Setting, name: str):
    """Return what solves the bone that ``mechanics_own`` left with the peer `name`."""
    script = Path(__file__).parents[1] / "mechanics_peers.py"
    given, told = setting.folder / "bone.npz", setting.folder / f"{name}.json"

    def repeat() -> dict[str, float]:
        command = [sys.executable, str(script), name, str(given), str(told)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        found = json.loads(told.read_text())
        return {name: value for name, value in found.items() if isinstance(value, int | float)}

    return repeat
