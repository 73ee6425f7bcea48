"""Voxel finite elements beside other solvers: time, memory and stiffness on the same bones.

Generated bone (BV/TV 0.2, Tb.Th 150 um, 20 um voxels, seed 1), its largest piece, between platens to
which it is glued, compressed along z. All solve to the same true residual, ``--tolerance`` of that of
the platens' movement alone (1e-5: at 1e-4 stiffness still differs by 6e-4). Every solve runs in a
process of its own, one after the other, the solvers in turn; Trabecula's kernels are compiled before
its clock starts, meshes and multigrid belong to its time. Peers live in an environment with
`parosol-py` and `pyamg` (extra `peers`):

    python benchmarks/mechanics.py --peers PYTHON [--sizes 100 200] [--repeats 3] [--image FILE]
    python benchmarks/mechanics.py --warm           after 1 % of the bone has changed
    python benchmarks/mechanics.py --scaling        time against size
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

MODULUS, POISSON, STRAIN = 10000.0, 0.3, 0.01
VOXEL = 0.02
"""mm."""


def make_bone(size: int) -> np.ndarray:
    """Return the largest piece of a generated bone of `size`^3 voxels."""
    from trabecula.specimen import make_specimen

    return keep_largest(
        make_specimen((size,) * 3, 1000 * VOXEL, 0.2, 150.0, 1.3, 1).fraction >= 0.5
    )


def load_image(path: Path) -> tuple[np.ndarray, float]:
    """Return the largest piece of an image of bone, and its voxel (mm)."""
    from trabecula.specimen import load_specimen_image

    specimen = load_specimen_image(path)
    return keep_largest(specimen.fraction >= 0.5), specimen.voxel / 1000


def keep_largest(bone: np.ndarray) -> np.ndarray:
    """Return the largest piece, connected by faces."""
    from scipy.ndimage import label

    parts, _ = label(bone)
    sizes = np.bincount(parts.reshape(-1))
    sizes[0] = 0
    return parts == int(sizes.argmax())


def warm_kernels() -> None:
    """Compile what the solver needs, for one thread and for several."""
    from trabecula.base.codes import Lateral
    from trabecula.mechanics import LoadedLattice

    for edge in (6, 24):
        modulus = np.full((edge, edge, edge), MODULUS)
        modulus[edge // 2, 1, 1] = 0
        LoadedLattice(modulus, POISSON, Lateral.FIXED, (0,)).solve(0, 1e-3)


def measure_residuals(lattice) -> tuple[float, float]:
    """Return the residual of moved platens alone and that of uniform strain."""
    mesh, uniform = lattice.meshes[0], lattice.make_uniform(0)
    moved = np.where(uniform == lattice.shape[0], uniform, 0.0)
    sizes = []
    for u in (moved, uniform):
        force = np.empty(mesh.size)
        mesh.press(u.reshape(-1), force)
        sizes.append(float(np.linalg.norm(force * mesh.free)))
    return sizes[0], sizes[1]


def read_memory(name: str) -> int:
    """Return a line of the process's memory (bytes), such as VmRSS or VmHWM; Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    return 0


def reset_peak() -> int:
    """Forget the peak of compiling the kernels; returns what the process holds now (bytes)."""
    Path("/proc/self/clear_refs").write_text("5")
    return read_memory("VmRSS")


def solve_own(place: Path, out: Path) -> None:
    """Solve the problem of a file in this process and write what it took."""
    from trabecula.base.codes import Lateral
    from trabecula.mechanics import LoadedLattice

    with np.load(place) as file:
        bone, voxel, tolerance = file["bone"], float(file["voxel"]), float(file["tolerance"])
    warm_kernels()
    modulus = np.where(bone, np.float32(MODULUS), np.float32(0))
    base = reset_peak()
    begun = time.perf_counter()
    lattice = LoadedLattice(modulus, POISSON, Lateral.FIXED, (0,))
    made = time.perf_counter()
    moved, uniform = measure_residuals(lattice)
    begun += time.perf_counter() - made  # comparing residuals is not part of the job
    response = lattice.solve(0, tolerance * moved / uniform)
    seconds = time.perf_counter() - begun
    peak = read_memory("VmHWM")
    found = {
        "stiffness": response.force * voxel / bone.shape[0],
        "seconds": seconds,
        "peak_bytes": peak,
        "grown_bytes": peak - base,
        "iterations": response.progress.iterations,
        "residual": response.progress.residual * uniform / moved,
    }
    out.write_text(json.dumps(found))


def run_own(place: Path) -> dict:
    """Run :func:`solve_own` in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "own.json"
        subprocess.run([sys.executable, __file__, "--own", str(place), str(out)], check=True)
        return json.loads(out.read_text())


def run_peer(python: str, name: str, place: Path) -> dict:
    """Run a peer in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "peer.json"
        script = Path(__file__).with_name("mechanics_peers.py")
        subprocess.run([python, str(script), name, str(place), str(out)], check=True)
        return json.loads(out.read_text())


def compare(name: str, bone: np.ndarray, voxel: float, options: argparse.Namespace) -> list[dict]:
    """Print and return the medians of every solver on one bone."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "bone.npz"
        numbers = {"voxel": voxel, "strain": STRAIN, "modulus": MODULUS, "poisson": POISSON}
        np.savez(place, bone=bone, tolerance=options.tolerance, **numbers)
        solvers = ["trabecula", *(options.only if options.peers else [])]
        runs: dict[str, list[dict]] = {solver: [] for solver in solvers}
        for _ in range(options.repeats):
            for solver in solvers:
                if solver == "trabecula":
                    runs[solver].append(run_own(place))
                elif len(runs[solver]) < options.peer_repeats:
                    runs[solver].append(run_peer(options.peers, solver, place))
        own = statistics.median(run["seconds"] for run in runs["trabecula"])
        for solver, found in runs.items():
            seconds = statistics.median(run["seconds"] for run in found)
            last = found[-1]
            rows.append(
                {"bone": name, "solver": solver, "elements": int(bone.sum()), "runs": found}
            )
            gap = last["stiffness"] / runs["trabecula"][-1]["stiffness"] - 1
            grown = last.get("grown_bytes", 0)
            print(
                f"{name:8s} {int(bone.sum()):9d} {solver:10s} {seconds:8.2f} s  x {seconds / own:6.1f}"
                f"  {last['stiffness']:11.4f} N/mm ({gap:+.1e})  residual {last['residual']:.1e}"
                f"  {last['iterations']:4d} iterations  peak {last['peak_bytes'] / 1e6:6.0f} MB"
                f"{f', {grown / 1e6:.0f} of it for the solve' if grown else ''}",
                flush=True,
            )
    return rows


def change_bone(bone: np.ndarray, share: float) -> np.ndarray:
    """Return the bone with a `share` of its voxels taken or added at its surface."""
    from scipy.ndimage import binary_dilation, binary_erosion

    rng = np.random.default_rng(1)
    half = int(share * bone.sum() / 2)
    changed = bone.copy()
    for ring, value in (
        (bone & ~binary_erosion(bone), False),
        (binary_dilation(bone) & ~bone, True),
    ):
        places = rng.choice(np.flatnonzero(ring), half, replace=False)
        changed.reshape(-1)[places] = value
    return keep_largest(changed)


def time_solve(bone: np.ndarray, tolerance: float, start=None):
    """Return seconds and response of one solve in this process."""
    from trabecula.base.codes import Lateral
    from trabecula.mechanics import LoadedLattice

    begun = time.perf_counter()
    lattice = LoadedLattice(np.where(bone, MODULUS, 0.0), POISSON, Lateral.FIXED, (0,))
    response = lattice.solve(0, tolerance, start)
    return time.perf_counter() - begun, response


def compare_warm(options: argparse.Namespace) -> list[dict]:
    """Print how long a solve takes from nothing and from before 1 % of the bone changed."""
    rows = []
    warm_kernels()
    for size in options.sizes:
        bone = make_bone(size)
        changed = change_bone(bone, 0.01)
        _, before = time_solve(bone, options.tolerance)
        cold, warm = [], []
        for _ in range(options.repeats):
            seconds, fresh = time_solve(changed, options.tolerance)
            cold.append(seconds)
            seconds, again = time_solve(changed, options.tolerance, before.displacement)
            warm.append(seconds)
        ratio = statistics.median(warm) / statistics.median(cold)
        steps = (fresh.progress.iterations, again.progress.iterations)
        rows.append({"size": size, "cold": cold, "warm": warm, "iterations": steps})
        print(
            f"{size}^3: warm {statistics.median(warm):.2f} s, cold {statistics.median(cold):.2f} s, "
            f"ratio {ratio:.2f}; iterations {steps[1]} against {steps[0]}; force "
            f"{again.force / fresh.force - 1:+.1e}",
            flush=True,
        )
    return rows


def measure_scaling(options: argparse.Namespace) -> list[dict]:
    """Print time against size, and the exponent of time against elements.

    One bone of 128^3 voxels repeats itself and is cut to every size, so that structure stays the same.
    """
    rows, once = [], make_bone(128)
    repeats = -(-max(options.sizes) // 128)
    warm_kernels()
    for size in options.sizes:
        bone = keep_largest(np.tile(once, (repeats,) * 3)[:size, :size, :size])
        seconds = [time_solve(bone, options.tolerance) for _ in range(options.repeats)]
        middle = statistics.median(s for s, _ in seconds)
        steps = seconds[-1][1].progress.iterations
        rows.append({"size": size, "elements": int(bone.sum()), "seconds": middle, "steps": steps})
        print(
            f"{size}^3 {int(bone.sum()):9d} elements {middle:7.2f} s {steps:3d} iterations "
            f"{1e6 * middle / bone.sum():.2f} us per element",
            flush=True,
        )
    logs = np.log([[row["elements"], row["seconds"]] for row in rows])
    if len(rows) > 1:
        print(f"time grows as elements^{np.polyfit(logs[:, 0], logs[:, 1], 1)[0]:.2f}")
    return rows


def main() -> None:
    """Run the chosen comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--image", type=Path, nargs="*", default=[])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-repeats", type=int, default=3)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--only", nargs="+", default=["parosol", "pyamg"])
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--own", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.own:
        solve_own(*options.own)
        return
    if options.scaling:
        options.sizes = options.sizes or [64, 96, 128, 160, 200, 250]
        rows = measure_scaling(options)
    elif options.warm:
        options.sizes = options.sizes or [100]
        rows = compare_warm(options)
    else:
        if not options.peers:
            print(
                "no peers: pip install parosol-py pyamg somewhere, and name its python as --peers"
            )
        options.sizes = [100] if options.sizes is None else options.sizes
        bones = [(f"{size}^3", make_bone(size), VOXEL) for size in options.sizes]
        bones += [(path.stem[:8], *load_image(path)) for path in options.image]
        rows = [row for bone in bones for row in compare(*bone, options)]
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=1, default=str))


if __name__ == "__main__":
    main()
