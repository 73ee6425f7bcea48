"""The BMU ledger in a results file: one row per remodelling site, with what follows from it."""

from typing import Any

from trabecula.base.columns import Array, columns_of
from trabecula.base.layouts import Sites
from trabecula.morphometry.sites import DERIVED, compute_site_measures
from trabecula.state import State


def _replace(group: Any, name: str, values: Array, unit: str, doc: str) -> None:
    if name not in group:
        dataset = group.create_dataset(
            name,
            (0,),
            values.dtype,
            chunks=(4096,),
            maxshape=(None,),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
            fletcher32=True,
        )
        dataset.attrs["unit"] = unit
        dataset.attrs["long_name"] = doc
    group[name].resize((len(values),))
    group[name][...] = values


def write_ledger(file: Any, state: State) -> None:
    """Store the ledger as it stands now, in place of the one before."""
    group = file.require_group("bmus")
    rows = state.sites.to_arrays()
    for name, spec in columns_of(Sites).items():
        _replace(group, name, rows[name], spec.unit, spec.doc)
    for name, values in compute_site_measures(state).items():
        unit, doc = DERIVED[name]
        _replace(group, name, values, unit, doc)
