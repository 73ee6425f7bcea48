"""A day of osteoclast precursors: hops up the RANKL gradient, settling on bare bone, death.

Measured with the default motility (`_stroll`: as many hops a day as the model makes) and with one
hop a day, which shows what a cell costs that hardly moves. The peers live by equal rules: the same
fields, the same odds. One thread; rows sorted by place, as the model keeps them. Cell numbers of
10^5 to 10^7 share one lattice.
"""

import json

import numpy as np

from bench_worker import Setting, Watch
from cases.common import live, make_model

EDGE, QUICK_EDGE = 128, 24
COUNTS, QUICK_COUNTS = (100_000, 1_000_000, 10_000_000), (1000, 10_000)
PEER_COUNT, QUICK_PEER_COUNT = 100_000, 1000


def prepare(setting: Setting):
    """Make the marrow and its fields, leave them for the peers."""
    from cases.common import CONFIGS
    from trabecula.base.layouts import Precursors
    from trabecula.cells.rates import compute_seam, make_precursor_rates
    from trabecula.cells.scene import Stage, make_ligands, make_moment
    from trabecula.config import load_config
    from trabecula.kernels.compile import set_threads
    from trabecula.kernels.precursors import count_hops, lose_precursors, walk_precursors
    from trabecula.state import Table

    set_threads(1)
    model = make_model(QUICK_EDGE if setting.quick else EDGE, mechanics=False)
    live(model, 1)
    state, p = model.state, load_config(CONFIGS / "menopause.yaml").parameters
    stage = Stage(state)
    stage.set_up(state, compute_seam(p, state.grid))
    strolls = make_precursor_rates(p, state.signals)
    hop = 0.999 * state.grid.voxel**2 / 6.0
    rates = strolls._replace(motility=hop, chemotaxis=float(strolls.chemotaxis))
    ligands, moment = make_ligands(state), make_moment(state)
    places = np.flatnonzero(stage.scene.ground.reshape(-1) > 0)
    rng = np.random.default_rng(1)
    counts = QUICK_COUNTS if setting.quick else COUNTS
    hops = int(count_hops(stage.space, moment, strolls))
    save_marrow(setting, stage.scene.ground, ligands, rates, hops, rng.choice(
        places, QUICK_PEER_COUNT if setting.quick else PEER_COUNT))  # fmt: skip

    def crowd(count: int):
        table = Table(Precursors, count)
        voxel = np.sort(rng.choice(places, count))
        table.append(uid=rng.integers(1, 1 << 62, count).astype(np.uint64), voxel=voxel, born=0.0)
        return table, voxel.copy(), stage.scene._replace(settled=np.zeros(count, np.uint8))

    crowds = [crowd(count) for count in counts]

    def day(table, scene, how) -> int:
        died = lose_precursors(table.arrays, table.count, ligands, stage.space, moment, how)
        walk_precursors(table.arrays, table.count, scene, ligands, stage.space, moment, how)
        return int(died)

    def measure(crowd, how, name: str) -> dict[str, float]:
        table, voxel, scene = crowd
        uid = table.arrays.uid.copy()
        table.arrays.voxel[:], scene.settled[:] = voxel, 0
        watch = Watch()
        died = day(table, scene, how)
        found = {
            f"per_second_{name}": table.count / max(watch.read()[0], 1e-9),
            f"moved_{name}": float((table.arrays.voxel != voxel).mean()),
            f"settled_{name}": float(scene.settled.mean()),
            f"died_{name}": died / table.count,
        }
        table.arrays.uid[:] = uid
        return found

    def repeat() -> dict[str, float]:
        found: dict[str, float] = {}
        for crowd in crowds:
            found |= measure(crowd, rates, str(crowd[0].count))
        found |= measure(crowds[0], strolls, "stroll")
        return found | {"hops_per_second": hops * found["per_second_stroll"], "hops": hops}

    repeat()
    return repeat


def save_marrow(setting: Setting, ground, ligands, rates, hops: int, voxel) -> None:
    """Write what a peer needs to live by the same rules."""
    coarse = ("rankl_soluble", "mcsf", "tnf", "alarmin")
    fields = {name: getattr(ligands, name) for name in coarse}
    np.savez(
        setting.folder / "cells.npz", ground=ground, voxel=np.sort(voxel),
        rankl_membrane=ligands.rankl_membrane, **fields,
    )  # fmt: skip
    numbers = {name: float(value) for name, value in rates._asdict().items()} | {"hops": hops}
    (setting.folder / "cells.json").write_text(json.dumps(numbers))
