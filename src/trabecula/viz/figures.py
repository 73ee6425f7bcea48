"""Every figure of a run or of arms, loaded from files: what `plot`, `report` and notebooks draw."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trabecula.analysis import Results
from trabecula.analysis.arms import Arm
from trabecula.base.errors import InputError, ResultsError
from trabecula.records.moments import list_volumes, read_moment
from trabecula.records.reader import read_snapshot
from trabecula.viz.fieldfigure import Marrow, choose_blocks, draw_fields
from trabecula.viz.lattice import Snapshot, draw_lattice
from trabecula.viz.series import draw_arms
from trabecula.viz.sitefigure import Bone, draw_sites

KINDS = ("series", "lattice", "sites", "fields")
"""What can be drawn."""

MOST_SLICES = 4
"""Arms whose lattice is drawn; more would be stamps."""

NO_FIELDS = ("fraction", "osteoid", "mineral", "eroded", "site")


def draw_kind(kind: str, arms: Sequence[Arm]) -> Any:
    """Draw one of :data:`KINDS`; lattice and fields are those of the first run of each arm.

    Returns
    -------
    object
        A ``matplotlib.figure.Figure``.

    Raises
    ------
    ResultsError
        If the runs hold nothing of that kind.
    """
    if kind == "series":
        return draw_arms(arms)
    if kind == "sites":
        return draw_sites(arms, load_bone(arms[0].runs[0]))
    if kind == "fields":
        return draw_fields([one for arm in arms for one in load_marrows(arm, len(arms) > 1)])
    snapshots = load_ends(arms[0].runs[0])
    if len(arms) > 1:
        lasts = [(arm.label, load_ends(arm.runs[0])[-1:]) for arm in arms[:MOST_SLICES]]
        snapshots = [replace(one, label=label) for label, last in lasts for one in last]
    if not snapshots:
        msg = f"{arms[0].runs[0].path}: it holds no snapshot; there is no lattice to draw"
        raise ResultsError(msg)
    return draw_lattice(snapshots)


def draw_all(
    kinds: Sequence[str], arms: Sequence[Arm], insist: bool
) -> tuple[dict[str, Any], list[str]]:
    """Draw several kinds.

    Parameters
    ----------
    insist
        Whether what is missing is an error; else it is left out, and the reason returned.

    Returns
    -------
    tuple
        Figures by kind, and why others are missing.
    """
    figures, reasons = {}, []
    for kind in kinds:
        try:
            figures[kind] = draw_kind(kind, arms)
        except ResultsError as error:
            if insist:
                raise
            reasons.append(str(error))
    return figures, reasons


def load_ends(results: Results) -> list[Snapshot]:
    """Load the first and the last snapshot; one if there is one, none if there is none."""
    return [Snapshot(*read_snapshot(results.path, row)) for row in find_ends(results)]


def find_ends(results: Results) -> list[int]:
    """Return the rows of the first and the last snapshot."""
    count = len(results.snapshots)
    return sorted({0, count - 1}) if count else []


def load_bone(results: Results) -> Bone | None:
    """Load the last snapshot as the ground of a map; None without one."""
    if not len(results.snapshots):
        return None
    moment = read_moment(results.path, len(results.snapshots) - 1, ("fraction", "site"))
    fraction, site = (moment.volumes[name].values for name in ("fraction", "site"))
    return Bone(fraction, site, moment.voxel)


def load_marrows(arm: Arm, is_one_of_many: bool) -> list[Marrow]:
    """Load the fields of the first run of an arm: of first and last snapshot, or of the last only.

    Raises
    ------
    ResultsError
        If the run holds no snapshot.
    """
    results = arm.runs[0]
    rows = find_ends(results)[-1:] if is_one_of_many else find_ends(results)
    if not rows:
        msg = f"{results.path}: it holds no snapshot; there are no fields to draw"
        raise ResultsError(msg)
    names = [name for name in list_volumes(results.path) if name not in NO_FIELDS]
    found = []
    for row in rows:
        moment = read_moment(results.path, row, ["fraction", *names])
        fraction = moment.volumes["fraction"].values
        values = {n: choose_blocks(fraction, moment.volumes[n].values, n) for n in names}
        units: Mapping[str, str] = {name: moment.volumes[name].unit for name in names}
        day = f"day {moment.time:g}"
        found.append(Marrow(f"{arm.label}, {day}" if is_one_of_many else day, values, units))
    return found


def check_names(what: str, given: Sequence[str], allowed: Sequence[str]) -> list[str]:
    """Return `given` once each.

    Raises
    ------
    InputError
        If one is not in `allowed`.
    """
    for name in given:
        if name not in allowed:
            msg = f"{what}: found {name!r}; allowed: {', '.join(allowed)}"
            raise InputError(msg)
    return list(dict.fromkeys(given))
