"""The problem of ``solve``: PyAMG's classical multigrid, accelerated by conjugate gradients."""

import numpy as np

from bench_worker import Setting, time_call

TOLERANCE = 1e-3


def prepare(setting: Setting):
    """Read the matrix and set up the faster of PyAMG's two standard ladders."""
    import pyamg
    from scipy.sparse import csr_matrix, load_npz

    matrix = csr_matrix(load_npz(setting.folder / "solve.npz"))
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    source = np.load(setting.folder / "solve_source.npy")
    ladders, set_up = {}, {}
    for name, make in (
        ("classical", pyamg.ruge_stuben_solver),
        ("aggregation", pyamg.smoothed_aggregation_solver),
    ):
        set_up[name], _ = time_call(
            lambda name=name, make=make: ladders.update({name: make(matrix)})
        )

    def solve(name: str, into: list[float]) -> None:
        x = ladders[name].solve(source, tol=TOLERANCE, accel="cg")
        residual = np.linalg.norm(source - matrix @ x) / np.linalg.norm(source)
        into[:] = [float(x.mean()), float(residual)]

    def repeat() -> dict[str, float]:
        best: dict[str, float] = {}
        for name in ladders:
            into: list[float] = []
            cpu, wall = time_call(solve, name, into)
            if not best or cpu < best["cpu"]:
                best = {"cpu": cpu, "wall": wall, "mean": into[0], "residual": into[1]}
                best["set_up_cpu"] = set_up[name]
        return best

    return repeat
