"""A virtual population as pandas and xarray know it: who was drawn, what is predicted, what it is of."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trabecula.api.pictures import Picture, make_picture
from trabecula.base.extras import check_extra
from trabecula.study.cohort import Cohort, load_cohort
from trabecula.study.forecast import predict_series
from trabecula.study.forecasttables import tabulate_intervals, tabulate_variance
from trabecula.study.predictive import SHARES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class Population:
    """A sweep with a virtual population.

    Attributes
    ----------
    about
        Numbers of patients, lives and draws, distributions, and points of the design.
    """

    def __init__(self, place: str | Path) -> None:
        self._cohort: Cohort = load_cohort(Path(place))
        self.about: dict[str, Any] = self._cohort.about

    @property
    def patients(self) -> "pd.DataFrame":
        """A row a patient: the drawn values, and the seed of the structure where it is the patient's."""
        keys = [*self.about["varies"], *self._own_structure]
        return self._tabulate("patient", keys, self._cohort.entries[0, 0, :, 0])

    @property
    def draws(self) -> "pd.DataFrame":
        """A row a draw of the uncertain parameters, from 1."""
        return self._tabulate(
            "draw", list(self.about["uncertain"]), self._cohort.entries[0, 1:, 0, 0]
        )

    @property
    def _own_structure(self) -> list[str]:
        return ["lattice.seed"] if self.about["structures"] == "own" else []

    def _tabulate(self, name: str, keys: Sequence[str], entries: Any) -> "pd.DataFrame":
        check_extra(("pandas",), "analysis", "a table of patients")
        import pandas as pd

        numbers = pd.RangeIndex(1, len(entries) + 1, name=name)
        columns = {
            key: [None if entry is None else entry.parameters.get(key) for entry in entries]
            for key in keys
        }
        return pd.DataFrame(columns, index=numbers)

    @property
    def intervals(self) -> "pd.DataFrame":
        """Predictive intervals of every outcome, a row an outcome, side and spread."""
        return self._to_frame(tabulate_intervals(self._cohort, self._cohort.read_outcomes()))

    @property
    def variance(self) -> "pd.DataFrame":
        """Shares of the variance of every outcome, a row an outcome and side."""
        return self._to_frame(tabulate_variance(self._cohort, self._cohort.read_outcomes()))

    def _to_frame(self, rows: Sequence[dict[str, Any]]) -> "pd.DataFrame":
        check_extra(("pandas",), "analysis", "a table of intervals")
        import pandas as pd

        return pd.DataFrame(rows)

    @property
    def outcomes(self) -> "xr.Dataset":
        """Every outcome over ``point``, ``draw`` (0 is the table's own), ``patient`` and ``life``."""
        check_extra(("xarray",), "analysis", "a table of outcomes")
        import xarray as xr

        dims = ("point", "draw", "patient", "life")
        points, draws, patients, lives = self._cohort.entries.shape
        coordinates = {
            "point": np.arange(points), "draw": np.arange(draws), "patient": np.arange(patients) + 1,
            "life": np.arange(lives) + 1, "label": ("point", self._cohort.labels),
        }  # fmt: skip
        found = self._cohort.read_outcomes()
        return xr.Dataset({name: (dims, values) for name, values in found.items()}, coordinates)

    def predict(self, *keys: str, every: float | None = None) -> "xr.Dataset":
        """Return predictive intervals of series over time; of those of the sweep's table by default.

        Parameters
        ----------
        every
            Interval of the moments (d); that of the sweep's table if None.

        Returns
        -------
        xarray.Dataset
            A variable for each series and what it is read as, such as ``bv_tv_change``, over ``side``
            (a point, or its difference from the first), ``spread``, ``quantile`` and ``time`` (d).

        Raises
        ------
        InputError
            If there is no such series.
        """
        check_extra(("xarray",), "analysis", "a table of intervals")
        import xarray as xr

        cohort = self._cohort
        courses = predict_series(cohort, keys or cohort.series, every or cohort.every)
        sides = list(dict.fromkeys(course.side for course in courses))
        spreads = list(dict.fromkeys(course.spread for course in courses))
        found: dict[str, Any] = {}
        for course in courses:
            shape = (len(sides), len(spreads), len(SHARES), len(course.time))
            dims = ("side", "spread", "quantile", "time")
            words = {"unit": course.unit, "units": course.unit}
            blank = (dims, np.full(shape, np.nan), words)
            values = found.setdefault(f"{course.key}_{course.kind}", blank)[1]
            values[sides.index(course.side), spreads.index(course.spread)] = (
                course.prediction.quantiles
            )
        clock = {"unit": "d", "units": "d", "long_name": "time since day 0"}
        coordinates = {
            "time": ("time", courses[0].time, clock), "quantile": list(SHARES), "spread": spreads,
            "label": ("side", [side.label for side in sides]),
            "against": ("side", [side.against for side in sides]),
        }  # fmt: skip
        return xr.Dataset(found, coordinates)

    def plot(self, *keys: str, every: float | None = None) -> Picture:
        """Draw the fan chart of series; those that the sweep tabulates if none is named.

        Parameters
        ----------
        every
            Interval of the moments (d); that of the sweep's table if None.
        """
        from trabecula.viz.fans import draw_fans

        cohort = self._cohort
        courses = predict_series(cohort, keys or cohort.series, every or cohort.every)
        return make_picture(lambda: draw_fans(courses))

    def __repr__(self) -> str:
        about = self.about
        return (
            f"Population({about['patients']} patients of {about['lives']} lives, "
            f"{about['draws']} draws of parameters, points: {'; '.join(about['points'])})"
        )
