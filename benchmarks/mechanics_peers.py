"""Other micro-finite-element solvers on the same bone, each in a process of its own.

The problem is one for all: every bone voxel is an 8-node hexahedron of side `voxel_mm`, fully
integrated (2 x 2 x 2 points); the nodes of the bottom z face are held, those of the top z face are
moved towards it by `strain` times the height and held sideways (rough platens, high friction);
the other sides are free. The bone must be one piece joined through faces that reaches both
platens. The tolerance is the Euclidean norm of the residual over its norm before the solve, where
only the platens have moved; every peer's residual is checked on what it returns.

- `parosol`: ParOSol through `parosol-py` (GPL-2.0-or-later, run as a program): matrix-free
  conjugate gradients with geometric multigrid, double precision, one MPI process per core. Its
  wheels bring the program and its MPI: `pip install parosol-py` (Linux x86-64, CPython 3.11-3.13).
- `pyamg`: the assembled matrix in 3 x 3 blocks, `scipy.sparse.linalg.cg` preconditioned with the
  smoothed aggregation of PyAMG around the six rigid motions, double precision, one thread:
  `pip install pyamg`.

Neither is needed by Trabecula, so both are imported late, and they may live in another environment
(`python` of :func:`run_peer`).

    python benchmarks/mechanics_peers.py NAME INPUT.npz OUTPUT.json

INPUT holds `bone` (bool, z, y, x), `voxel` (mm), `strain` (compressive, positive), `modulus` (MPa),
`poisson` and `tolerance`.
"""

import argparse
import dataclasses
import itertools
import json
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

type Array = np.ndarray[Any, np.dtype[Any]]

CORNERS = np.array(list(itertools.product((0, 1), repeat=3)))
"""Shape (8, 3), the nodes of a voxel as steps along z, y, x."""

OFFSETS = np.array(list(itertools.product((-1, 0, 1), repeat=3)))
"""Shape (27, 3), the nodes around a node along z, y, x; rising in the order of the lattice."""

MAX_RESTARTS = 5
"""How often conjugate gradients start anew when their running residual proved too hopeful."""

AGGREGATION = {"strength": ("symmetric", {"theta": 0.02}), "improve_candidates": None}
"""Of PyAMG; the quickest of those tried: its defaults take nearly twice as long on 100^3 voxels, and
energy-minimised prolongation, Chebyshev and Jacobi smoothers or other thresholds come between."""

REPORT = "peak bytes of a process:"
WRAPPER = f"""
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
unit = 1 if sys.platform == "darwin" else 1024
print("{REPORT}", unit * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.exit(code)
"""
"""Runs one MPI process of a peer and tells its peak resident memory."""


@dataclasses.dataclass(frozen=True)
class PeerResult:
    """What a peer found and what it cost.

    Parameters
    ----------
    peer
        Name and version.
    stiffness
        Force on the top platen over its displacement (N/mm).
    seconds
        Wall time from the voxels in the peer's own format to the displacements: assembly or mesh,
        preconditioner and solve.
    peak_bytes
        Peak resident memory, summed over the processes of the peer.
    iterations
        Of conjugate gradients.
    residual
        Norm of the residual of what was returned, over the norm before the solve.
    processes
        That worked side by side.
    elements, nodes
        Bone voxels, and the nodes they touch.
    stages
        Seconds of the parts; `prepare` (writing the peer's input) is not in `seconds`.
    """

    peer: str
    stiffness: float
    seconds: float
    peak_bytes: int
    iterations: int
    residual: float
    processes: int
    elements: int
    nodes: int
    stages: dict[str, float]


def measure_peak_bytes() -> int:
    """Return the peak resident memory of this process (bytes).

    Linux hands `ru_maxrss` down from the process that started this one, so its own mark goes first.
    """
    status = Path("/proc/self/status")
    mark = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    if mark:
        return 1024 * int(mark[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def solve_parosol(
    bone: Array,
    voxel_mm: float,
    strain: float,
    modulus: float,
    poisson: float,
    tolerance: float,
    processes: int = 2,
) -> PeerResult:
    """Solve with ParOSol at its default six levels of multigrid.

    `seconds` is the wall time of the program from launch to exit: reading, mesh, preconditioner,
    solve, strain energy density and writing. It works in double precision but reads the modulus and
    the displacements of the platens in single precision.
    """
    import h5py
    from parosol_py.boundary_conditions import axial_compression
    from parosol_py.hdf5_io import write_parosol_input
    from parosol_py.runner import (
        build_parosol_command,
        mpi_runtime_environment,
        packaged_executable,
        parse_run_summary,
    )

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parosol.h5"
        begin = time.perf_counter()
        stiffness = bone.transpose(2, 1, 0).astype(np.float32) * np.float32(modulus * 1e-3)
        where, values = axial_compression(
            stiffness, axis="z", strain=-strain, voxel_size_mm=voxel_mm
        )
        write_parosol_input(
            path,
            stiffness_gpa_xyz=stiffness,
            fixed_displacement_coordinates=where,
            fixed_displacement_values=values,
            voxel_size_mm=voxel_mm,
            poisson_ratio=poisson,
        )
        prepared = time.perf_counter()
        executable = str(packaged_executable())
        # the name alone: the program has room for short paths only
        command = build_parosol_command(
            executable=executable,
            input_file=path.name,
            outputs=("sed",),
            tolerance=tolerance,
            mpi_processes=processes,
        )
        environment = mpi_runtime_environment(command, {**os.environ, "OMP_NUM_THREADS": "1"})
        place = command.index(executable)
        command[place:place] = [sys.executable, "-c", WRAPPER]
        launched = time.perf_counter()
        run = subprocess.run(
            command, cwd=folder, env=environment, text=True, capture_output=True, check=False
        )
        seconds = time.perf_counter() - launched
        if run.returncode:
            raise RuntimeError(f"ParOSol ended with {run.returncode}: {run.stdout}\n{run.stderr}")
        with h5py.File(path, "r") as file:
            # of the lattice: whole numbers of voxel sides, in the order x, y, z
            level = np.rint(file["Mesh/Coordinates"][:, 2] / voxel_mm).astype(np.int64)
            force = file["Solution/force"][:]
            moved = file["Solution/disp"][:, 2]

    summary = parse_run_summary(run.stdout)
    if None in (summary.iterations, summary.relative_residual, summary.absolute_residual):
        raise RuntimeError(f"ParOSol did not say how it converged: {run.stdout}")
    solving = re.search(r"#\s+Solving:\s+(\S+)", run.stdout)
    peaks = re.findall(rf"{REPORT} (\d+)", run.stdout)
    if not peaks:
        raise RuntimeError(f"no process told its peak memory: {run.stdout}")
    top = level == bone.shape[0]
    inside = (level > 0) & ~top
    initial = summary.absolute_residual / summary.relative_residual
    return PeerResult(
        peer=f"parosol-py {metadata.version('parosol-py')}",
        stiffness=float(force[top, 2].sum() / moved[top].mean()),
        seconds=seconds,
        # lines of two processes may run into each other: one then speaks for both
        peak_bytes=sum(map(int, peaks)) * processes // len(peaks),
        iterations=summary.iterations,
        residual=float(np.linalg.norm(force[inside]) / initial),
        processes=processes,
        elements=int(np.count_nonzero(bone)),
        nodes=len(level),
        stages={
            "prepare": prepared - begin,
            "program": summary.overall_time_seconds,
            "solve": float(solving[1]) if solving else math.nan,
        },
    )


def make_element_matrix(modulus: float, poisson: float, side: float) -> Array:
    """Return the stiffness of one voxel, shape (8, 3, 8, 3): node, direction, node, direction."""
    lame = modulus * poisson / ((1 + poisson) * (1 - 2 * poisson))
    shear = modulus / (2 * (1 + poisson))
    matrix = np.zeros((8, 3, 8, 3))
    for point in 0.5 + (CORNERS - 0.5) / math.sqrt(3):
        weight = np.where(CORNERS == 1, point, 1 - point)
        others = np.stack([weight[:, [1, 2]], weight[:, [0, 2]], weight[:, [0, 1]]]).prod(2).T
        slope = (2 * CORNERS - 1) * others / side
        matrix += lame * np.einsum("ai,bj->aibj", slope, slope)
        matrix += shear * np.einsum("aj,bi->aibj", slope, slope)
        matrix += shear * np.einsum("ak,bk,ij->aibj", slope, slope, np.eye(3))
    return matrix * side**3 / 8


def number_nodes(bone: Array) -> tuple[Array, Array, int]:
    """Number the nodes of the bone that no platen holds, in the order of the lattice.

    Returns
    -------
    tuple
        Shape (voxels, 8), the free node at each corner of each bone voxel, -1 for a held one;
        shape (free nodes, 3), where they are along z, y, x (voxels); and the number of all nodes.
    """
    shape = tuple(edge + 1 for edge in bone.shape)
    active = np.zeros(shape, dtype=bool)
    for corner in CORNERS:
        window = tuple(
            slice(step, step + edge) for step, edge in zip(corner, bone.shape, strict=True)
        )
        active[window] |= bone
    nodes = int(np.count_nonzero(active))
    active[0] = active[-1] = False
    number = np.full(shape, -1, dtype=np.int32)
    number[active] = np.arange(np.count_nonzero(active), dtype=np.int32)
    voxels = np.argwhere(bone)
    corners = np.stack([number[tuple((voxels + corner).T)] for corner in CORNERS], axis=1)
    return corners, np.argwhere(active), nodes


def assemble(corners: Array, count: int, element: Array) -> Any:
    """Return the stiffness of the free nodes as 3 x 3 blocks, with sorted columns.

    No node is the same corner of two voxels, so the voxels are added a pair of corners at a time:
    no repeats within a pair, and no list of coordinates, many times the size of the matrix.
    """
    from scipy.sparse import bsr_array

    pairs = [
        (a, b, int(np.flatnonzero((CORNERS[b] - CORNERS[a] == OFFSETS).all(1))[0]))
        for a, b in itertools.product(range(8), repeat=2)
    ]
    neighbour = np.full((count, 27), -1, dtype=np.int32)
    for a, b, offset in pairs:
        free = (corners[:, a] >= 0) & (corners[:, b] >= 0)
        neighbour[corners[free, a], offset] = corners[free, b]
    present = neighbour >= 0
    starts = np.concatenate([[0], np.cumsum(present.sum(1))]).astype(np.int32)
    place = np.cumsum(present.ravel(), dtype=np.int32).reshape(present.shape) - 1
    columns = neighbour[present]
    blocks = np.zeros((len(columns), 3, 3))
    for a, b, offset in pairs:
        free = (corners[:, a] >= 0) & (corners[:, b] >= 0)
        blocks[place[corners[free, a], offset]] += element[a, :, b, :]
    return bsr_array((blocks, columns, starts), shape=(3 * count, 3 * count))


def make_rigid_motions(where: Array) -> Array:
    """Return the six rigid motions of the nodes at `where`, shape (3 nodes, 6), of like size."""
    arm = where - where.mean(0)
    arm /= np.sqrt((arm**2).mean())
    motions = np.zeros((len(where), 3, 6))
    for axis in range(3):
        after, last = (axis + 1) % 3, (axis + 2) % 3
        motions[:, axis, axis] = 1
        motions[:, after, 3 + axis] = -arm[:, last]
        motions[:, last, 3 + axis] = arm[:, after]
    return motions.reshape(-1, 6)


def solve_pyamg(
    bone: Array, voxel_mm: float, strain: float, modulus: float, poisson: float, tolerance: float
) -> PeerResult:
    """Solve with conjugate gradients and PyAMG's smoothed aggregation.

    Both platens hold their nodes in all directions, so these leave the system whole and the blocks
    stay 3 x 3. `seconds` runs from the voxels to the displacements: assembly, aggregation, solve.
    The peak is that of this process, so each bone needs a new one.
    """
    import pyamg
    import scipy
    from scipy.sparse.linalg import cg

    begin = time.perf_counter()
    element = make_element_matrix(modulus, poisson, voxel_mm)
    corners, where, nodes = number_nodes(bone)
    count = len(where)
    matrix = assemble(corners, count, element)
    step = -strain * bone.shape[0] * voxel_mm
    touching = corners[-np.count_nonzero(bone[-1]) :]
    upper = CORNERS[:, 0] == 1
    push = step * element[:, :, upper, 0].sum(2)
    load = np.zeros((count, 3))
    for a in np.flatnonzero(~upper):
        below = touching[:, a]
        load[below[below >= 0]] -= push[a]
    right = load.ravel()
    assembled = time.perf_counter()
    ladder = pyamg.smoothed_aggregation_solver(
        matrix, B=make_rigid_motions(where), symmetry="symmetric", **AGGREGATION
    )
    cycle = ladder.aspreconditioner(cycle="V")
    aggregated = time.perf_counter()
    size = np.linalg.norm(right)
    found = np.zeros(3 * count)
    iterations = 0

    def tick(_: Array) -> None:
        nonlocal iterations
        iterations += 1

    for _ in range(MAX_RESTARTS):
        found, _ = cg(
            matrix, right, x0=found, rtol=0.0, atol=tolerance * size, M=cycle, callback=tick
        )
        residual = float(np.linalg.norm(right - matrix @ found) / size)
        if residual <= tolerance:
            break
    end = time.perf_counter()

    full = np.concatenate([found.reshape(-1, 3), np.zeros((1, 3))])[touching]
    full[:, upper, 0] = step
    force = np.einsum("aibj,ebj->i", element[upper], full)[0]
    return PeerResult(
        peer=f"pyamg {pyamg.__version__}, scipy {scipy.__version__}",
        stiffness=float(force / step),
        seconds=end - begin,
        peak_bytes=measure_peak_bytes(),
        iterations=iterations,
        residual=residual,
        processes=1,
        elements=len(corners),
        nodes=nodes,
        stages={
            "assemble": assembled - begin,
            "aggregate": aggregated - assembled,
            "solve": end - aggregated,
        },
    )


PEERS = ("parosol", "pyamg")


def solve(name: str, path: Path, processes: int) -> PeerResult:
    """Solve the bone of an INPUT file with a peer, in this process."""
    with np.load(path) as given:
        bone = np.ascontiguousarray(given["bone"], dtype=bool)
        voxel, strain, modulus, poisson, tolerance = (
            float(given[key]) for key in ("voxel", "strain", "modulus", "poisson", "tolerance")
        )
    if not (bone[0].any() and bone[-1].any()):
        raise ValueError("the bone does not reach both platens")
    if name == "parosol":
        return solve_parosol(bone, voxel, strain, modulus, poisson, tolerance, processes)
    return solve_pyamg(bone, voxel, strain, modulus, poisson, tolerance)


def run_peer(
    name: str,
    bone: Array,
    voxel_mm: float,
    strain: float,
    modulus: float,
    poisson: float,
    tolerance: float,
    processes: int = 2,
    python: str = sys.executable,
) -> PeerResult:
    """Solve with a peer in a new process, so that time and peak memory are its own.

    Parameters
    ----------
    name
        Of :data:`PEERS`.
    bone
        Shape (z, y, x), bool, one piece that reaches both platens.
    voxel_mm
        Side of a voxel (mm).
    strain
        Compressive, positive (1).
    modulus, poisson
        Of the bone (MPa, 1).
    tolerance
        Norm of the residual over its norm before the solve.
    processes
        MPI processes of ParOSol, threads of the numerical libraries elsewhere.
    python
        Interpreter that has the peer.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, told = Path(folder) / "input.npz", Path(folder) / "output.json"
        np.savez_compressed(
            given, bone=np.asarray(bone, dtype=bool), voxel=voxel_mm, strain=strain,
            modulus=modulus, poisson=poisson, tolerance=tolerance,
        )  # fmt: skip
        command = [python, __file__, name, str(given), str(told), "--processes", str(processes)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(processes)}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return PeerResult(**json.loads(told.read_text()))


def main() -> int:
    """Command line of one peer on one bone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("input", type=Path, help="the bone and its numbers (.npz)")
    parser.add_argument("output", type=Path, help="where the result goes (.json)")
    parser.add_argument("--processes", type=int, default=2, help="MPI processes of ParOSol")
    options = parser.parse_args()
    text = json.dumps(dataclasses.asdict(solve(options.name, options.input, options.processes)))
    options.output.write_text(f"{text}\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
