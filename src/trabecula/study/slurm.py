"""A sweep whose workers are jobs of a SLURM cluster, through dask-jobqueue (extra ``hpc``)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trabecula.base.errors import InputError
from trabecula.study.cluster import ENVIRONMENT

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster

MISSING = 'sweeps on SLURM need dask-jobqueue: pip install "trabecula[hpc]"'


@dataclass(frozen=True)
class SlurmJob:
    """One job of the cluster: some worker processes of one thread each.

    Parameters
    ----------
    processes
        Worker processes of a job, each with a core.
    memory
        Memory of a job, such as ``8GB``.
    walltime
        Longest time of a job, ``HH:MM:SS``; a run that it cuts off goes on in another job.
    queue, account
        Partition and account; the cluster's own if empty.
    setup
        Lines of the job's script before the worker starts, such as ``module load python``.
    """

    processes: int = 8
    memory: str = "8GB"
    walltime: str = "12:00:00"
    queue: str = ""
    account: str = ""
    setup: tuple[str, ...] = ()


def make_cluster(job: SlurmJob) -> "SLURMCluster":
    """Return a Dask cluster whose workers are SLURM jobs; none is submitted yet.

    Its ``job_script()`` is the script that ``sbatch`` gets.

    Raises
    ------
    InputError
        If dask-jobqueue is not installed.
    """
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise InputError(MISSING) from None
    exports = [f"export {name}={value}" for name, value in ENVIRONMENT.items()]
    chosen: dict[str, Any] = {
        name: value for name, value in (("queue", job.queue), ("account", job.account)) if value
    }
    return SLURMCluster(
        cores=job.processes,
        processes=job.processes,
        memory=job.memory,
        walltime=job.walltime,
        job_script_prologue=[*job.setup, *exports],
        scheduler_options={"dashboard_address": None},
        worker_extra_args=["--memory-limit", "0"],  # SLURM sees to it; the last one counts
        **chosen,
    )


@contextmanager
def open_slurm(job: SlurmJob, jobs: int) -> Iterator[str]:
    """Submit `jobs` jobs and give the address for ``run_sweep(..., scheduler=ADDRESS)``.

    The jobs are cancelled at the end.
    """
    with make_cluster(job) as cluster:
        cluster.scale(jobs=jobs)
        yield cluster.scheduler_address
