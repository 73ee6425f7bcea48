"""The precursors of ``cells`` as a struct of numpy arrays, whole columns at a time."""

import json

import numpy as np

from bench_worker import Setting, Watch

BARE = 2
FACES = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]])


def prepare(setting: Setting):
    """Read the marrow."""
    with np.load(setting.folder / "cells.npz") as file:
        marrow = {name: file[name] for name in file.files}
    p = json.loads((setting.folder / "cells.json").read_text())
    ground, start = marrow["ground"], marrow["voxel"]
    soluble, membrane = marrow["rankl_soluble"], marrow["rankl_membrane"]
    shape = ground.shape
    rng = np.random.default_rng(1)

    def hop(place, moving):
        """Move those of `moving` whose chosen neighbour is open and rich enough in RANKL."""
        at = place[:, moving]
        beside = (at + FACES[rng.integers(0, 6, len(moving))].T) % np.array(shape)[:, None]
        what, there = ground[tuple(beside)], soluble[tuple(beside // 2)]
        odds = rng.random(len(moving)) ** (1.0 / p["chemotaxis"])
        go = (what != 0) & (there >= soluble[tuple(at // 2)] * odds)
        place[:, moving] = np.where(go, beside, at)

    def settle(place, moving, part: float):
        """Return which of `moving` adhere to bare bone in this part of the day."""
        on = moving[ground[tuple(place[:, moving])] == BARE]
        z, y, x = place[:, on]
        block = (z // 2, y // 2, x // 2)
        rankl = membrane[z, y, x] + soluble[block]
        bound = rankl / (p["kd"] + rankl)
        with np.errstate(divide="ignore"):
            theta = 1.0 / (1.0 + (p["half"] / bound) ** p["power"])
        a, tnf = marrow["alarmin"][block], marrow["tnf"][block]
        theta += p["alarmin_max"] * a / (p["alarmin_half"] + a)
        theta *= 1.0 + p["tnf_max"] * tnf / (p["tnf_half"] + tnf)
        return on[rng.random(len(on)) < 1.0 - np.exp(-p["adhesion"] * theta * part)]

    def measure(hops: int, name: str) -> dict[str, float]:
        voxel = start.copy()
        watch = Watch()
        place = np.stack(np.unravel_index(voxel, shape))
        m = marrow["mcsf"][tuple(place // 2)]
        hazard = p["death"] * (p["mcsf_half"] + m) / np.maximum(m, 1e-9)
        alive = rng.random(len(voxel)) >= 1.0 - np.exp(-hazard)
        moving, free, settled = np.flatnonzero(alive), np.ones(len(voxel), bool), 0
        for _ in range(hops):
            hop(place, moving)
            adhered = settle(place, moving, 1.0 / hops)
            settled += len(adhered)
            if len(adhered):
                free[adhered] = False
                moving = moving[free[moving]]
        voxel = np.ravel_multi_index(tuple(place), shape)
        cpu, _ = watch.read()
        return {
            f"per_second_{name}": len(voxel) / cpu,
            f"moved_{name}": float((voxel != start).mean()),
            f"settled_{name}": settled / len(voxel),
            f"died_{name}": float(1.0 - alive.mean()),
        }

    def repeat() -> dict[str, float]:
        return measure(1, "1") | measure(int(p["hops"]), "stroll")

    repeat()
    return repeat
