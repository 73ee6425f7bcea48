"""The bone of ``mechanics_own`` by the peer pyamg, in a process of its own each time."""

import json
import subprocess
import sys
from pathlib import Path

from bench_worker import Setting

NAME = "pyamg"


def prepare(setting: Setting):
    """Find the script of the peers."""
    script = Path(__file__).parents[1] / "mechanics_peers.py"
    given, told = setting.folder / "bone.npz", setting.folder / f"{NAME}.json"

    def repeat() -> dict[str, float]:
        command = [sys.executable, str(script), NAME, str(given), str(told)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        found = json.loads(told.read_text())
        return {name: value for name, value in found.items() if isinstance(value, int | float)}

    return repeat
