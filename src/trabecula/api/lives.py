"""One run: lived from Python, or opened from its folder."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trabecula.analysis import Results, describe, load_results, summarise
from trabecula.analysis.arms import Arm, read_config
from trabecula.api.pictures import Picture, make_picture
from trabecula.base.errors import InputError
from trabecula.base.outputs import check_kind, check_output

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

RUNS = Path("runs")
DEFAULT_VOLUMES = ("fraction", "osteoid")


def run(
    config: str | Path,
    out: str | Path | None = None,
    set: Sequence[str] | Mapping[str, Any] = (),  # noqa: A002  (as --set of the command)
    seed: int | None = None,
    threads: int | None = None,
    progress: Any = None,
) -> "Run":
    """Live one simulation and open what it left.

    Parameters
    ----------
    config
        Configuration file.
    out
        Run folder; ``runs/NAME`` if None.
    set
        Changes of single keys: ``["lattice.bv_tv=0.2"]`` or ``{"lattice.bv_tv": 0.2}``.
    seed
        Seed of all chance after day 0; of the bone too unless ``lattice.seed`` is given.
    threads
        Threads of the kernels; they change no result.
    progress
        Called with a :class:`trabecula.runner.Progress` some times a second.

    Raises
    ------
    ConfigError
        With every mistake of the configuration at once.
    TrabeculaError
        If a ledger does not close, a solver fails, or nothing can be written.
    """
    from trabecula.config import load_config, telling_places
    from trabecula.runner import run as live

    settings = to_settings(set)
    if seed is not None:
        settings.append(f"seed={seed}")
    checked = load_config(Path(config), settings)
    folder = RUNS / checked.name if out is None else Path(out)
    with telling_places(config, settings):
        live(checked, folder, threads, progress)
    return Run(folder)


def to_settings(given: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """Return changes as PATH=VALUE.

    Raises
    ------
    InputError
        If they are a single text, which would be read letter by letter.
    """
    if isinstance(given, str):
        msg = f'set: found the text {given!r}; allowed: a list such as ["seed=7"], or {{"seed": 7}}'
        raise InputError(msg)
    if isinstance(given, Mapping):
        return [f"{key}={_to_yaml(value)}" for key, value in given.items()]
    return list(given)


def _to_yaml(value: Any) -> str:
    """Return a value in YAML's flow style, which is JSON's but for words: numpy's and paths as well."""
    import json

    return value if isinstance(value, str) else json.dumps(value, default=_to_plain)


def _to_plain(value: Any) -> Any:
    """Return a numpy number or array as Python's, a path as text.

    Raises
    ------
    InputError
        If it is anything else.
    """
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    msg = f"set: found {value!r}; allowed: texts, numbers, lists and mappings of these"
    raise InputError(msg)


def open_run(place: str | Path) -> "Run":
    """Open a run folder, or its ``results.h5``.

    Raises
    ------
    ResultsError
        If there are no results, or they cannot be read.
    """
    return Run(Path(place))


class Run:
    """What a run left, read when it is asked for.

    Attributes
    ----------
    folder
        Its folder.
    results
        Everything but the snapshots, as :class:`trabecula.analysis.Results`.
    """

    def __init__(self, place: Path) -> None:
        self.results: Results = load_results(place)
        self.folder = self.results.path.parent

    @property
    def name(self) -> str:
        """Name of the run."""
        return str(self.config.get("name") or self.folder.name)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The resolved configuration as nested plain values: times in d, lengths in um."""
        return read_config(self.results)

    @cached_property
    def series(self) -> "xr.Dataset":
        """Every series over ``time`` (d), with ``unit``, ``symbol`` and ``long_name``."""
        from trabecula.analysis.dataset import to_dataset

        return to_dataset(self.results)

    @cached_property
    def hormones(self) -> "xr.Dataset":
        """Levels, drugs and shares neutralised on the same clock."""
        from trabecula.analysis.dataset import to_dataset

        return to_dataset(self.results, "hormones")

    @cached_property
    def events(self) -> "xr.Dataset":
        """Cumulative counts since spin-up began."""
        from trabecula.analysis.dataset import to_dataset

        return to_dataset(self.results, "events")

    @cached_property
    def sites(self) -> "pd.DataFrame":
        """The ledger of remodelling sites, a row each; units are in ``attrs["units"]``."""
        from trabecula.analysis.dataset import to_site_table

        return to_site_table(self.results)

    @property
    def snapshot_times(self) -> np.ndarray:
        """Times of the snapshots, shape (snapshot,), d."""
        return np.asarray(self.results.snapshots)

    @property
    def volumes(self) -> list[str]:
        """Names of what every snapshot holds per voxel or block."""
        from trabecula.records.moments import list_volumes

        return list_volumes(self.results.path)

    def snapshot(
        self, time: float | None = None, names: Sequence[str] = DEFAULT_VOLUMES
    ) -> "xr.Dataset":
        """Return volumes of the snapshot nearest to `time`, with coordinates in um.

        Parameters
        ----------
        time
            Day (d); the last snapshot if None.
        names
            Of :attr:`volumes`. Fields stand on blocks of 2 x 2 x 2 voxels with their own coordinates.

        Raises
        ------
        InputError
            If `time` lies more than half a day outside the snapshots, or there is no such volume.
        ResultsError
            If the run holds no snapshot yet.
        """
        from trabecula.analysis.dataset import to_volumes
        from trabecula.analysis.moments import choose_snapshot, load_snapshot_times

        times = load_snapshot_times(self.results.path)
        return to_volumes(self.results.path, choose_snapshot(times, time, "time"), names)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What happened, as numbers; see :func:`trabecula.analysis.summarise`."""
        return summarise(self.results)

    def describe(self) -> list[str]:
        """Return what happened, as sentences."""
        return describe(self.summary)

    def plot(self, *keys: str) -> Picture:
        """Draw series or levels over time; the usual figure if none is named.

        Raises
        ------
        ResultsError
            If there is no such series; the message lists those that exist.
        MissingError
            If the extra ``plot`` is not installed.
        """
        from trabecula.viz.series import draw_arms

        return make_picture(lambda: draw_arms([self._to_arm()], keys))

    def plot_sites(self) -> Picture:
        """Draw the ledger of remodelling sites."""
        from trabecula.viz.figures import draw_kind

        return make_picture(lambda: draw_kind("sites", [self._to_arm()]))

    def plot_fields(self) -> Picture:
        """Draw distributions of the fields of the first and last snapshot."""
        from trabecula.viz.figures import draw_kind

        return make_picture(lambda: draw_kind("fields", [self._to_arm()]))

    def plot_lattice(self) -> Picture:
        """Draw the middle slices of the first and last snapshot."""
        from trabecula.viz.figures import draw_kind

        return make_picture(lambda: draw_kind("lattice", [self._to_arm()]))

    def report(self, path: str | Path | None = None) -> Path:
        """Write the page of the run; ``report.html`` in its folder if `path` is None.

        Raises
        ------
        InputError
            If `path` does not end in ``.html``, is a file of a run, or one that is no page of ours.
        """
        from trabecula.records.atomic import write_text_whole
        from trabecula.viz.page import is_page
        from trabecula.viz.report import make_report, name_page

        target = name_page(self.folder) if path is None else Path(path)
        check_output(target, (self.results.path,), (".html",), "path")
        check_kind(target, is_page(target), "a page", "path")
        write_text_whole(target, make_report(self.results.path))
        return target

    def _to_arm(self) -> Arm:
        return Arm(self.name, (self.results,))

    def __repr__(self) -> str:
        results = self.results
        return f"Run({str(self.folder)!r}, {results.duration:g} d, {len(results.series)} series)"

    def _repr_html_(self) -> str:
        from trabecula.viz.notebook import make_run_card

        return make_run_card(self.results, self.name)
