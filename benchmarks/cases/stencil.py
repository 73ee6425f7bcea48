"""One sweep of the masked seven-point stencil on the fine grid, beside a triad of the same run.

Bytes are counted as STREAM counts them, without the read that a write may cause. The sweep reads the
concentration, the source and the inverse diagonal of every voxel and writes one result: 16 bytes,
each array counted once, as neighbours come from cache. The triad a = b + s c counts 12.
"""

import numpy as np

from bench_worker import Setting, time_call
from cases.common import make_fraction

SWEEP_BYTES, TRIAD_BYTES = 16, 12
CALLS = 5


def prepare(setting: Setting):
    """Make a bone's masked grid and three long arrays."""
    from numba import njit, prange

    from trabecula.base.codes import HALF, Sides
    from trabecula.fields.hierarchy import make_hierarchy
    from trabecula.kernels.compile import get_max_threads, set_threads
    from trabecula.kernels.stencil import invert_diagonal, relax_fine
    from trabecula.state import Grid

    @njit(parallel=True, error_model="numpy")
    def triad(a, b, c, s):
        for i in prange(len(a)):
            a[i] = b[i] + s * c[i]

    edge = 32 if setting.quick else setting.edge
    matrix = (make_fraction(edge) * (2 * HALF)).astype(np.uint16)
    grid = Grid(matrix.shape, 20.0, Sides.PERIODIC)
    bits = make_hierarchy(grid, matrix).bits
    g = np.float32(1e4)
    inverse = np.full(matrix.shape, np.float32(50.0)) * (bits > 0)
    invert_diagonal(bits, g, inverse)
    source = (bits > 0).astype(np.float32)
    c, out = np.ones_like(source), np.empty_like(source)
    weight = np.float32(0.8)
    a, b, d = (np.ones(max(4 * matrix.size, 1 << 16), np.float32) for _ in range(3))
    s = np.float32(3.0)
    serial, parallel = relax_fine.halves

    def run(kernel, arguments, count: float, threads: int) -> list[float]:
        set_threads(threads)
        # one thread: its own processor time, which others on the machine do not add to
        clock = 0 if threads == 1 else 1
        return [count / time_call(kernel, *arguments)[clock] for _ in range(CALLS)]

    def repeat() -> dict[str, float]:
        found = {}
        for threads in (1, 2)[: get_max_threads()]:
            sweep, sums = parallel if threads > 1 else serial, (a, b, d, s)
            sweep_rates = run(sweep, (c, source, inverse, bits, g, weight, out), c.size, threads)
            triad_rates = run(triad, sums, a.size, threads)
            found[f"updates_{threads}"] = float(np.median(sweep_rates))
            found[f"sweep_bytes_{threads}"] = SWEEP_BYTES * float(np.median(sweep_rates))
            found[f"triad_bytes_{threads}"] = TRIAD_BYTES * float(np.median(triad_rates))
        set_threads(1)
        return found

    repeat()
    return repeat
