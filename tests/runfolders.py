"""Run folders with made-up, known numbers, written by the program's own writer without a life."""

import json
from pathlib import Path

import numpy as np

from bones import add_slab, make_empty
from trabecula.base.codes import FULL, Phase
from trabecula.records import Metric, Provenance, ResultsWriter

SHAPE, VOXEL = (8, 10, 12), 20.0
VOLUME = 8 * 10 * 12 * VOXEL**3
METRICS = {
    "bv_tv": Metric("BV/TV", "bone volume fraction", "1", 1.0),
    "tb_th": Metric("Tb.Th", "trabecular thickness", "um", 30.0),
    "resorption_rate": Metric("BRs.R", "matrix resorbed per day over 30 d", "um^3/d", 1.0),
    "formation_rate": Metric("BF.R", "matrix laid down per day over 30 d", "um^3/d", 1.0),
    "matrix_resorbed": Metric("BRs.V", "matrix resorbed so far", "um^3", 1.0),
    "matrix_formed": Metric("BF.V", "matrix laid down so far", "um^3", 1.0),
    "n_oc_bs": Metric("N.Oc/BS", "osteoclasts per bone surface, 3-D", "1/mm^2", 1.0),
    "rankl_opg": Metric("RANKL/OPG", "total RANKL per total OPG in the marrow", "1", 1.0),
}
HORMONES = {
    "estradiol": Metric("E2", "estradiol", "pg/mL", 1.0),
    "age": Metric("Age", "age", "y", 1.0),
}
CONFIG = """name: {name}
seed: {seed}
duration: 120.0
lattice: {{voxel: 20.0, shape: [8, 10, 12], seed: {seed}}}
patient: {{sex: female, age: 50.0}}
hormones:
  levels: {{estradiol: [[0.0, 100.0], [10.0, {level}]]}}
  blockade: {{sclerostin: [[20.0, 0.0], [21.0, 0.9], [60.0, 0.9], [61.0, 0.0]]}}
  doses: {{denosumab: [[30.0, 60.0], [90.0, 60.0]]}}
  parameters: {{}}
cells:
  parameters: {{cells.a: 1.5}}
"""
PARAMETERS = [
    {"key": "cells.a", "value": 1.5, "unit": "um", "low": 1.0, "high": 2.0, "grade": "B",
     "source": "a study <of> 12"},
    {"key": "cells.b", "value": 3.0, "unit": "1", "low": 0.0, "high": 9.0, "grade": "D",
     "source": "assumed"},
]  # fmt: skip
TIME = np.arange(-90.0, 121.0)


def make_folder(
    folder: Path, name: str = "made-up", seed: int = 1, level: float = 10.0, rise: float = 2.0
) -> Path:
    """Write a run in which resorption rises on day 0 from 1000 to 1000 times `rise` um^3/d.

    Formation stays at 1000 um^3/d; twelve sites are completed, a thirteenth is at work.
    """
    state = make_empty(SHAPE, VOXEL)
    add_slab(state, 0, 3, mineral=0.75)
    state.lattice.site[2, 2:5, 3:6] = 4
    state.fields.fine[...] = np.linspace(1, 7, state.fields.fine.size).reshape(
        state.fields.fine.shape
    )
    rows = np.arange(13)
    state.sites.append(
        activated=10.0 * rows - 60.0, voxel=rows, phase=np.where(rows < 12, Phase.COMPLETE, 0),
        mouth=np.full(13, 60), opened=np.full(13, 24000.0),
        resorbed=np.full(13, 120 * FULL), formed=(100 + 2 * rows) * FULL,
        resorbed_mean=np.full(13, 10.0), resorbed_spread=np.full(13, 30.0),
        formed_mean=np.full(13, 60.0), formed_spread=np.full(13, 300.0),
        reversal=np.full(13, 600.0), reversed=np.full(13, 30),
    )  # fmt: skip
    provenance = Provenance(
        seed=seed,
        config_text=CONFIG.format(name=name, seed=seed, level=level),
        config_digest="abc",
        versions={"trabecula": "0.1.0", "numba": "0.68"},
        parameters=PARAMETERS,
        rules=[{"signal": "estradiol", "target": "opg_production", "ec50": 30.0}],
    )
    writer = ResultsWriter(folder, state.grid, METRICS, HORMONES, provenance)
    resorbed = np.cumsum(np.where(TIME > 0, 1000.0 * rise, 1000.0))
    formed = np.cumsum(np.full(len(TIME), 1000.0))
    bone = 0.2 * VOLUME + formed - resorbed
    for row, day in enumerate(TIME):
        values = {
            "bv_tv": bone[row] / VOLUME, "resorption_rate": 1000.0 * (rise if day > 0 else 1.0),
            "formation_rate": 1000.0, "matrix_resorbed": resorbed[row], "matrix_formed": formed[row],
            "n_oc_bs": 5.0 + seed, "rankl_opg": 0.6,
        }  # fmt: skip
        if day % 30 == 0:
            values["tb_th"] = 150.0 - day / 30.0
        levels = {"estradiol": float(np.interp(day, [0, 10], [100.0, level])), "age": 50.0}
        writer.add_row(float(day), values, levels, {"births": row})
    writer.add_snapshot(state)
    state.clock.step = 120
    state.lattice.matrix[2, 0, 0] = 17
    writer.add_snapshot(state)
    writer.commit(state)
    writer.close()
    text = {"state": "done", "updated": "2026-01-01T00:00:00+00:00", "name": name}
    (folder / "status.json").write_text(json.dumps(text))
    return folder


def make_study(folder: Path, bones: int = 3) -> Path:
    """Write two arms of the same bones; resorption of the second rises more, by bone."""
    for seed in range(1, bones + 1):
        make_folder(folder / "kept" / f"bone-{seed}", "kept", seed, 100.0, 1.0)
        make_folder(
            folder / "withdrawn" / f"bone-{seed}", "withdrawn", seed, 10.0, 1.5 + 0.1 * seed
        )
    return folder
