"""The whole engine on a generated cube after menopause: stage by stage, one thread and two.

What is timed is what `trabecula run` does in a day: the plan of the model with mechanics, and the
daily measurement. "Without mechanics" is the same life less the seconds of that stage.
"""

import tracemalloc

import numpy as np

from bench_worker import Setting, Watch, read_memory, reset_peak
from cases.common import live, make_model, warm_engine

QUICK_EDGE = 24
YEAR, HOUR = 365.25, 3600.0


def prepare(setting: Setting):
    """Generate the bone and live it in."""
    from trabecula.kernels.compile import get_max_threads
    from trabecula.model.memory import BASE_MEMORY, compute_memory

    edge = QUICK_EDGE if setting.quick else setting.edge
    warm_engine()
    before = reset_peak()
    model = make_model(edge)
    live(model, setting.warm_up)
    model.sampler.sample(model.state, True)  # the largest stage, which a run has every 90 d
    grid = model.state.grid
    grown = read_memory("VmHWM") - before
    counted: dict[str, float] = {}

    def repeat() -> dict[str, float]:
        found: dict[str, float] = {
            "edge": edge, "volume": grid.volume, "grown": grown, "before": before,
            "estimate": compute_memory(grid.size, grid.volume) - BASE_MEMORY,
            "cells": count_cells(model.state),
        }  # fmt: skip
        for threads in (1, 2)[: get_max_threads()]:
            found |= time_days(model, setting.days, threads)
        if not counted:
            counted.update(count_bytes(model, min(3, setting.days)))
        return found | counted

    return repeat


def count_cells(state) -> int:
    """Return the number of cells of all populations."""
    c = state.cells
    tables = (c.precursors, c.osteoclasts, c.osteoblasts, c.lining, c.osteocytes)
    return sum(table.count for table in tables)


def time_days(model, days: int, threads: int) -> dict[str, float]:
    """Live some days; mm^3-years per core-hour, and seconds of processor and wall a day by stage."""
    from trabecula.kernels.compile import set_threads

    set_threads(threads)
    names = [*dict.fromkeys(entry.name for entry in model.plan), "measure"]
    cpu, wall = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)

    def add(name: str, watch: Watch) -> None:
        spent = watch.read()
        cpu[name] += spent[0]
        wall[name] += spent[1]

    for _ in range(days):
        for entry in model.plan:
            watch = Watch()
            entry.apply(model.state)
            add(entry.name, watch)
        model.state.clock.step += 1
        watch = Watch()
        model.sampler.sample(model.state, False)
        add("measure", watch)
    set_threads(1)
    volume = model.state.grid.volume * days * model.state.clock.length / YEAR
    found = {f"wall_{threads}": sum(wall.values()) / days}
    found[f"fields_wall_{threads}"] = wall["fields"] / days
    if threads == 1:
        total = sum(cpu.values())
        found["cpu"] = total / days
        found["fields_cpu"] = cpu["fields"] / days
        found["per_core_hour"] = volume / (total / HOUR)
        found["per_core_hour_still"] = volume / ((total - cpu.get("mechanics", 0.0)) / HOUR)
        found |= {f"share {name}": seconds / total for name, seconds in cpu.items()}
    return found


def count_bytes(model, days: int) -> dict[str, float]:
    """Return the bytes that a day's stages allocate at most beside the state, by tracemalloc."""
    tracemalloc.start()
    most: dict[str, float] = {}
    first = tracemalloc.get_traced_memory()[0]
    for _ in range(days):
        for entry in model.plan:
            tracemalloc.reset_peak()
            now = tracemalloc.get_traced_memory()[0]
            entry.apply(model.state)
            new = float(tracemalloc.get_traced_memory()[1] - now)
            most[f"bytes {entry.name}"] = max(most.get(f"bytes {entry.name}", 0.0), new)
        model.state.clock.step += 1
    left = tracemalloc.get_traced_memory()[0] - first
    tracemalloc.stop()
    peak = float(np.max(list(most.values())))
    return {"bytes_per_step": peak, "bytes_left_per_step": left / days, **most}
