"""Quasi-steady concentration of one ligand in a bone's marrow, cold, to 1e-3 of the source.

Soluble RANKL's diffusion and decay, made at the surface; 128^3 voxels. The same equations go to the
peers as a sparse matrix.
"""

import numpy as np

from bench_worker import Setting, time_call
from cases.common import CONFIGS, make_fraction

EDGE, QUICK_EDGE, TOLERANCE = 128, 24, 1e-3


def prepare(setting: Setting):
    """Make the problem, and leave its matrix for the peers."""
    from trabecula.base.codes import HALF, Sides, Species
    from trabecula.config import load_config
    from trabecula.fields.hierarchy import make_hierarchy
    from trabecula.fields.numbers import get_decay, get_diffusion
    from trabecula.fields.solver import solve_fine
    from trabecula.kernels.compile import set_threads
    from trabecula.state import Grid

    set_threads(1)
    edge = QUICK_EDGE if setting.quick else EDGE
    p = load_config(CONFIGS / "menopause.yaml").parameters
    diffusion = get_diffusion(p, Species.RANKL_SOLUBLE)
    decay = get_decay(p, Species.RANKL_SOLUBLE)
    matrix = (make_fraction(edge) * (2 * HALF)).astype(np.uint16)
    grid = Grid(matrix.shape, 20.0, Sides.PERIODIC)
    hierarchy = make_hierarchy(grid, matrix)
    is_open = hierarchy.is_open
    source = (is_open & (hierarchy.bits != 127)).astype(np.float32)
    rates = np.where(is_open, np.float32(decay), np.float32(0))
    save_matrix(setting, hierarchy.bits, source, diffusion / grid.voxel**2, decay)
    found = np.zeros_like(source)
    cycles = []

    def solve() -> None:
        found[...] = 0
        scratch = rates.copy()  # the solver overwrites it
        cycles.append(
            solve_fine(hierarchy, found, source, scratch, diffusion, "x", TOLERANCE).cycles
        )

    def repeat() -> dict[str, float]:
        cpu, wall = time_call(solve)
        levels, _ = time_call(make_hierarchy, grid, matrix)
        mean = float(found[is_open].mean(dtype=float))
        return {"cpu": cpu, "wall": wall, "levels_cpu": levels, "cycles": cycles[-1], "mean": mean}

    repeat()
    return repeat


def save_matrix(setting: Setting, bits, source, g: float, decay: float) -> None:
    """Write the matrix of g sum_f (c - c_nb) + decay c = source over open voxels (.npz)."""
    from scipy.sparse import coo_array, save_npz

    is_open = bits != 0
    count = int(is_open.sum())
    number = np.full(bits.shape, -1, np.int32)
    number[is_open] = np.arange(count, dtype=np.int32)
    rows, columns, diagonal = [], [], np.full(count, float(decay))
    shifts = [(axis, way) for axis in range(3) for way in (-1, 1)]
    for bit, (axis, way) in enumerate(shifts):
        has = (bits >> bit & 1).astype(bool) & is_open
        row, column = number[has], np.roll(number, -way, axis)[has]
        diagonal[row] += g
        rows.append(row)
        columns.append(column)
    row, column = np.concatenate(rows), np.concatenate(columns)
    values = np.concatenate([np.full(len(row), -g), diagonal])
    every = np.arange(count, dtype=np.int32)
    places = (np.concatenate([row, every]), np.concatenate([column, every]))
    matrix = coo_array((values, places), shape=(count, count)).tocsr()
    save_npz(setting.folder / "solve.npz", matrix, compressed=False)
    np.save(setting.folder / "solve_source.npy", source[is_open].astype(float))
