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

    def repeat() -> dict[str, float]:
        voxel = start.copy()
        watch = Watch()
        place = np.stack(np.unravel_index(voxel, shape))
        block = tuple(place // 2)
        m = marrow["mcsf"][block]
        hazard = p["death"] * (p["mcsf_half"] + m) / np.maximum(m, 1e-9)
        alive = rng.random(len(voxel)) >= 1.0 - np.exp(-hazard)
        beside = (place + FACES[rng.integers(0, 6, len(voxel))].T) % np.array(shape)[:, None]
        what, there = ground[tuple(beside)], soluble[tuple(beside // 2)]
        odds = rng.random(len(voxel)) ** (1.0 / p["chemotaxis"])
        go = alive & (what != 0) & (there >= soluble[block] * odds)
        place = np.where(go, beside, place)
        at = np.flatnonzero(alive & (ground[tuple(place)] == BARE))
        z, y, x = place[:, at]
        block = (z // 2, y // 2, x // 2)
        rankl = membrane[z, y, x] + soluble[block]
        bound = rankl / (p["kd"] + rankl)
        with np.errstate(divide="ignore"):
            theta = 1.0 / (1.0 + (p["half"] / bound) ** p["power"])
        a, tnf = marrow["alarmin"][block], marrow["tnf"][block]
        theta += p["alarmin_max"] * a / (p["alarmin_half"] + a)
        theta *= 1.0 + p["tnf_max"] * tnf / (p["tnf_half"] + tnf)
        settled = rng.random(len(at)) < 1.0 - np.exp(-p["adhesion"] * theta)
        voxel = np.ravel_multi_index(tuple(place), shape)
        cpu, _ = watch.read()
        return {
            "per_second": len(voxel) / cpu,
            "moved": float((voxel != start).mean()),
            "settled": float(settled.sum() / len(voxel)),
            "died": float(1.0 - alive.mean()),
        }

    repeat()
    return repeat
