"""Two workers of one thread each beside one: what a sweep of many runs gains from a second core."""

import os
import subprocess
import sys
import time
from pathlib import Path

from bench_worker import Setting

EDGE, QUICK_EDGE, DAYS = 64, 24, 60


def prepare(setting: Setting):
    """Start two workers that wait for a word."""
    edge, days = (QUICK_EDGE, 2) if setting.quick else (EDGE, DAYS)
    command = [sys.executable, __file__, str(edge), str(days), str(setting.warm_up)]
    places = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    workers = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=places
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()

    def live(chosen) -> float:
        begun = time.perf_counter()
        for worker in chosen:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        for worker in chosen:
            worker.stdout.readline()
        return time.perf_counter() - begun

    def repeat() -> dict[str, float]:
        alone, both = live(workers[:1]), live(workers)
        return {"alone_wall": alone, "both_wall": both, "gain": 2 * alone / both}

    return repeat


def serve() -> None:
    """Be one worker: live some days for every line that comes in, until the end of the input."""
    from cases import common

    edge, days, warm_up = (int(text) for text in sys.argv[1:4])
    common.warm_engine()
    model = common.make_model(edge)
    common.live(model, warm_up)
    print("ready", flush=True)
    for _ in sys.stdin:
        common.live(model, days)
        print("done", flush=True)


if __name__ == "__main__":
    serve()
