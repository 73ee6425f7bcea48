"""No species is decoration: without its source the cells that read it live otherwise."""

import pytest

from bones import live, make_living

SEEDS, DAYS, EARLY = (1, 2, 3, 4), 80, 20
"""Osteoclasts are counted in the first days, while lives with and without a source share their draws and
precursors still are many."""

UNTREATED = "nothing"
NEAR = {
    "cells.osteoclast.tgfb_half": 0.05, "cells.precursor.tnf_half": 0.2, "cells.precursor.tnf_max": 2.0,
}  # fmt: skip
"""Half effects (pM) that levels over open plates reach; TNF of the young is felt within chance else."""


def count(species):
    """Pooled counts over some slabs whose every osteocyte calls, without the source of `species`."""
    found = dict.fromkeys(("osteoblasts", "resorbed", "formed", "spent", "nuclei", "deaths"), 0)
    found["osteoclasts"] = 0
    for seed in SEEDS:
        state, parameters = make_living(seed=seed, **NEAR)
        state.cells.osteocytes.rows.stress[:] = 20.0

        begun, days = state.clock.step, []

        def watch(s):
            found["nuclei"] += int(s.cells.osteoclasts.rows.nuclei.sum())
            if s.clock.step <= begun + EARLY:  # noqa: B023  (called before the next seed)
                days[:] = [s.events.get("osteoclasts_born", 0)]  # noqa: B023

        live(state, parameters, DAYS, sources={species: False}, watch=watch)
        found["osteoblasts"] += state.events["osteoblasts_born"]
        found["osteoclasts"] += days[0]
        found["deaths"] += state.events["nuclei_died"]
        found["resorbed"] += state.volume.resorbed
        found["formed"] += state.volume.formed
        found["spent"] += state.coupling.spent
    return found


@pytest.fixture(scope="module")
def whole():
    return count(UNTREATED)


@pytest.mark.parametrize(
    ("species", "of", "per", "low", "high"),
    [
        ("tgfb", "deaths", "nuclei", 0.0, 0.99),  # it kills nuclei
        ("igf1", "osteoblasts", "resorbed", 0.0, 0.97),  # it helps to recruit them
        ("sclerostin", "formed", "spent", 1.6, 12.0),  # it brakes the gain, up to fourfold at rest
        ("mcsf", "osteoclasts", None, -0.01, 0.01),  # no precursor lives without it
        ("il1", "deaths", "nuclei", 1.02, 2.0),  # it keeps nuclei alive
        ("tnf", "osteoclasts", None, 0.0, 0.99),  # it helps precursors to settle
    ],
)
def test_without_its_source_cells_live_otherwise(whole, species, of, per, low, high):
    without = count(species)
    change = without[of] / whole[of]
    if per:
        change *= whole[per] / without[per]
    assert low < change < high, change
