"""The precursors of ``cells`` as Mesa agents: one object a cell, one call of its step a day.

The marrow is given to them as flat Python lists, which single look-ups are faster in than in arrays.
"""

import json
from math import exp

import numpy as np

from bench_worker import Setting, Watch

BARE = 2


def prepare(setting: Setting):
    """Read the marrow and make the agents."""
    import mesa

    with np.load(setting.folder / "cells.npz") as file:
        marrow = {name: file[name] for name in file.files}
    p = json.loads((setting.folder / "cells.json").read_text())
    nz, ny, nx = marrow["ground"].shape
    my, mx = marrow["mcsf"].shape[1:]
    ground = marrow["ground"].tobytes()
    soluble, mcsf, tnf, alarmin, membrane = (
        marrow[name].reshape(-1).tolist()
        for name in ("rankl_soluble", "mcsf", "tnf", "alarmin", "rankl_membrane")
    )
    faces = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))
    root = 1.0 / p["chemotaxis"]

    class Precursor(mesa.Agent):
        def __init__(self, model, z: int, y: int, x: int) -> None:
            super().__init__(model)
            self.z, self.y, self.x = z, y, x
            self.fate = 0

        def step(self) -> None:
            rng, hops = self.random, self.model.hops
            z, y, x = self.z, self.y, self.x
            block = ((z >> 1) * my + (y >> 1)) * mx + (x >> 1)
            m = mcsf[block]
            if rng.random() < 1.0 - exp(-p["death"] * (p["mcsf_half"] + m) / max(m, 1e-9)):
                self.fate = 1
                return
            what = ground[(z * ny + y) * nx + x]
            for _ in range(hops):
                dz, dy, dx = faces[int(rng.random() * 6)]
                a, b, c = (z + dz) % nz, (y + dy) % ny, (x + dx) % nx
                beside = ((a >> 1) * my + (b >> 1)) * mx + (c >> 1)
                there = ground[(a * ny + b) * nx + c]
                if there and soluble[beside] >= soluble[block] * rng.random() ** root:
                    z, y, x, block, what = a, b, c, beside, there
                if what != BARE:
                    continue
                rankl = membrane[(z * ny + y) * nx + x] + soluble[block]
                bound = rankl / (p["kd"] + rankl)
                theta = 1.0 / (1.0 + (p["half"] / bound) ** p["power"]) if bound > 0.0 else 0.0
                theta += p["alarmin_max"] * alarmin[block] / (p["alarmin_half"] + alarmin[block])
                theta *= 1.0 + p["tnf_max"] * tnf[block] / (p["tnf_half"] + tnf[block])
                if rng.random() < 1.0 - exp(-p["adhesion"] * theta / hops):
                    self.fate = 2
                    break
            self.z, self.y, self.x = z, y, x

    start = np.stack(np.unravel_index(marrow["voxel"], (nz, ny, nx)), axis=1).tolist()

    def measure(hops: int, name: str) -> dict[str, float]:
        model = mesa.Model(rng=1)
        model.hops = hops
        for z, y, x in start:
            Precursor(model, z, y, x)
        watch = Watch()
        model.agents.do("step")
        cpu, _ = watch.read()
        agents = list(model.agents)
        moved = [[a.z, a.y, a.x] != at for a, at in zip(agents, start, strict=True)]
        found = {
            f"per_second_{name}": len(start) / cpu,
            f"moved_{name}": sum(moved) / len(start),
            f"settled_{name}": sum(a.fate == 2 for a in agents) / len(start),
            f"died_{name}": sum(a.fate == 1 for a in agents) / len(start),
        }
        model.remove_all_agents()
        return found

    def repeat() -> dict[str, float]:
        return measure(1, "1") | measure(int(p["hops"]), "stroll")

    return repeat
