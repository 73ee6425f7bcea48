"""Repeat the figures of ``docs/balance.md``: live the parts of a study file.

``python benchmarks/balance.py [--plan benchmarks/balance.yaml] [--parts balance estrogen]
[--seeds 2] [--out runs/balance] [--processes 2]``.
"""

import argparse
from pathlib import Path

from study import live_all, make_jobs, read_parts

HERE = Path(__file__).parent


def main() -> None:
    """Live what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, default=HERE / "balance.yaml")
    parser.add_argument("--parts", nargs="+")
    parser.add_argument("--seeds", type=int, help="no more than these of every part")
    parser.add_argument("--out", type=Path, default=HERE.parent / "runs" / "balance")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    parts = read_parts(options.plan)
    if unknown := sorted(set(options.parts or ()) - set(parts)):
        parser.error(f"--parts: found {', '.join(unknown)}; allowed: {', '.join(parts)}")
    lives = [job for name, part in parts.items() for job in make_jobs(name, part, options.out)]
    jobs = [job for job in lives if job.part in (options.parts or parts)]
    if options.seeds:
        jobs = [job for job in jobs if job.bone.seed <= options.seeds]
    live_all(jobs, options.processes, lives)


if __name__ == "__main__":
    main()
