"""The problem of ``solve``: scipy's conjugate gradients with the inverse diagonal as preconditioner."""

import numpy as np

from bench_worker import Setting, time_call

TOLERANCE = 1e-3


def prepare(setting: Setting):
    """Read the matrix."""
    from scipy.sparse import diags_array, load_npz
    from scipy.sparse.linalg import cg

    matrix = load_npz(setting.folder / "solve.npz").tocsr()
    source = np.load(setting.folder / "solve_source.npy")
    inverse = diags_array(1.0 / matrix.diagonal())
    found = []

    def solve() -> None:
        x, failed = cg(matrix, source, rtol=TOLERANCE, M=inverse)
        assert not failed
        found[:] = [float(x.mean())]

    def repeat() -> dict[str, float]:
        cpu, wall = time_call(solve)
        return {"cpu": cpu, "wall": wall, "mean": found[0]}

    return repeat
