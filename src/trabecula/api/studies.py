"""Several runs as one thing: a sweep, the arms of a trial, any folder of runs."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trabecula.analysis import Results
from trabecula.analysis.arms import Arm, find_parameters, get_seeds, load_runs
from trabecula.analysis.contrasts import Contrast, compare_arms, get_arm
from trabecula.api.lives import Run
from trabecula.api.pictures import Picture, make_picture
from trabecula.api.populations import Population
from trabecula.base.errors import InputError
from trabecula.base.extras import check_extra
from trabecula.study.cohort import group_patients

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def open_study(*places: str | Path) -> "Study":
    """Open a folder of run folders (also a sweep or a panel), or several run folders.

    Raises
    ------
    ResultsError
        If a place holds no run, or one cannot be read.
    """
    return Study([Path(place) for place in places])


class Study:
    """Several runs.

    Attributes
    ----------
    results
        Every run's results, without snapshots.
    arms
        The same runs, those that differ by chance only together; in a virtual population those of a
        point of its design.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self.places = tuple(places)
        self.results: tuple[Results, ...] = tuple(load_runs(places))
        self.arms: tuple[Arm, ...] = tuple(group_patients(self.places, self.results))

    @property
    def labels(self) -> list[str]:
        """Labels of the arms."""
        return [arm.label for arm in self.arms]

    @cached_property
    def population(self) -> Population:
        """The virtual population of a sweep: patients, predictive intervals, shares of the variance.

        Raises
        ------
        InputError
            If the study is not one folder of such a sweep.
        """
        if len(self.places) != 1:
            msg = f"found {len(self.places)} places; allowed: the folder of one sweep with a population"
            raise InputError(msg)
        return Population(self.places[0])

    def open_runs(self, arm: str) -> list[Run]:
        """Open the runs of an arm.

        Raises
        ------
        InputError
            If there is no such arm; the message lists those that exist.
        """
        return [Run(results.path) for results in get_arm(self.arms, arm).runs]

    @cached_property
    def table(self) -> "pd.DataFrame":
        """A row a run: arm, seeds, configured keys that differ, days lived."""
        check_extra(("pandas",), "analysis", "a table of runs")
        import pandas as pd

        labels = {id(run): arm.label for arm in self.arms for run in arm.runs}
        seeds = [get_seeds(run) for run in self.results]
        columns = {
            "folder": [str(run.path.parent) for run in self.results],
            "arm": [labels[id(run)] for run in self.results],
            "structure": [bone for bone, _ in seeds],
            "seed": [seed for _, seed in seeds],
            **find_parameters(self.results),
            "days": [run.duration for run in self.results],
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(self.results), name="run"))

    @cached_property
    def series(self) -> "xr.Dataset":
        """Every series over ``run`` and ``time`` (d); what differs between runs are coordinates."""
        return self.get_series()

    def get_series(self, *keys: str) -> "xr.Dataset":
        """Return some series over ``run`` and ``time``, all if none is named.

        Raises
        ------
        ResultsError
            If no run has such a series; the message lists those that exist.
        """
        from trabecula.analysis.dataset import to_study_dataset

        return to_study_dataset(self.arms, self.results, keys or None)

    def contrast(
        self, arm_a: str, arm_b: str, key: str, window: tuple[float, float], percent: bool = True
    ) -> Contrast:
        """Compare two arms, `arm_a` minus `arm_b`, over the bones that both have lived.

        Pairs that were not lived to the window's last day are left out; in a virtual population the
        interval is over patients.

        Parameters
        ----------
        key
            Series.
        window
            First and last day (d).
        percent
            Whether changes (%) against the 90 d before day 0 are compared, rather than means.

        Raises
        ------
        InputError
            If there is no such arm, no pair reaches over the window, or no two runs have the same
            seeds.
        ResultsError
            If there is no such series.
        """
        first, second = get_arm(self.arms, arm_a), get_arm(self.arms, arm_b)
        return compare_arms(first, second, key, window, percent)

    def plot(self, *keys: str) -> Picture:
        """Draw arms over one another: medians and 5-95 % bands; the usual figure if no key is named."""
        from trabecula.viz.series import draw_arms

        return make_picture(lambda: draw_arms(self.arms, keys))

    def plot_sites(self) -> Picture:
        """Draw the ledgers of remodelling sites of the arms."""
        from trabecula.viz.figures import draw_kind

        return make_picture(lambda: draw_kind("sites", self.arms))

    def __repr__(self) -> str:
        return f"Study({len(self.results)} runs, arms: {', '.join(self.labels)})"

    def _repr_html_(self) -> str:
        from trabecula.viz.notebook import make_study_card

        return make_study_card(self.arms)
