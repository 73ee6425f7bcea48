"""Lattice, fields and cells at chosen times, and the same lattice as VTK reads it.

The lattice is stored once; ``/VTKHDF`` (temporal ImageData, version 2.0) holds hard links to it.
"""

from typing import Any

import numpy as np

from trabecula.base.codes import FULL
from trabecula.base.columns import Array, columns_of
from trabecula.base.layouts import Lattice
from trabecula.records.series import append
from trabecula.state import FieldStack, Grid, State

POPULATIONS = ("precursors", "osteoclasts", "osteoblasts", "lining", "osteocytes")
EXACT = ("matrix", "osteoid", "site", "eroded")
KEPT_BITS = 8
"""Bits of the mantissa that a stored field keeps: a relative error of 0.2 %."""


def make_snapshots(file: Any, grid: Grid) -> None:
    """Make the empty groups ``/snapshots`` and ``/VTKHDF``."""
    group = file.create_group("snapshots")
    time = _make_list(group, "time", "f8")
    time.attrs["unit"] = "d"
    group.attrs["voxel"] = grid.voxel
    group.attrs["sides"] = grid.sides.name.lower()
    specs = columns_of(Lattice)
    for name in EXACT:
        dataset = _make_stack(group, name, grid.shape, specs[name].dtype)
        dataset.attrs["unit"] = specs[name].unit
        dataset.attrs["long_name"] = specs[name].doc
    mineral = _make_stack(group, "mineral", grid.shape, "u2")
    mineral.attrs["unit"] = "1/32768"
    mineral.attrs["long_name"] = specs["mineral"].doc
    _make_vtkhdf(file, group, grid)


def _make_stack(group: Any, name: str, shape: tuple[int, ...], dtype: str) -> Any:
    chunks = (1, *(min(64, n) for n in shape))
    return group.create_dataset(
        name,
        (0, *shape),
        dtype,
        maxshape=(None, *shape),
        chunks=chunks,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        fletcher32=True,
    )


def _make_list(group: Any, name: str, dtype: str) -> Any:
    return group.create_dataset(name, (0,), dtype, chunks=(256,), maxshape=(None,), fletcher32=True)


def _make_vtkhdf(file: Any, group: Any, grid: Grid) -> None:
    root = file.create_group("VTKHDF")
    nz, ny, nx = grid.shape
    root.attrs["Version"] = np.array([2, 0], dtype=np.int64)
    root.attrs["Type"] = np.bytes_("ImageData")
    root.attrs["WholeExtent"] = np.array([0, nx, 0, ny, 0, nz], dtype=np.int64)
    root.attrs["Origin"] = np.zeros(3)
    root.attrs["Spacing"] = np.full(3, grid.voxel)
    root.attrs["Direction"] = np.eye(3).ravel()
    cells = root.create_group("CellData")
    for name in (*EXACT, "mineral"):
        cells[name] = group[name]
    steps = root.create_group("Steps")
    steps["Values"] = group["time"]
    steps.attrs["NSteps"] = 0


def append_snapshot(file: Any, state: State) -> None:
    """Add the present lattice, fields and cells."""
    group = file["snapshots"]
    if "cells" not in group:
        _make_cells(group.create_group("cells"), state)
        _make_fields(group.create_group("fields"), state.fields)
    if "sed" not in group and state.loading.is_known:
        _make_sed(group, state)
    append(group["time"], [state.clock.time])
    for name in EXACT:
        append(group[name], getattr(state.lattice, name)[None])
    mineral = np.rint(np.clip(state.lattice.mineral, 0.0, 1.99) * FULL).astype(np.uint16)
    append(group["mineral"], mineral[None])
    _append_fields(group["fields"], state.fields)
    if "sed" in group:
        known = state.loading.is_known
        sed = round_mantissa(state.loading.sed) if known else _make_unknown(group["sed"])
        append(group["sed"], sed[None])
    _append_cells(group["cells"], state)
    file["VTKHDF/Steps"].attrs["NSteps"] = group["time"].shape[0]


def _make_sed(group: Any, state: State) -> None:
    dataset = _make_stack(group, "sed", state.loading.sed.shape, "f4")
    dataset.attrs["unit"] = "MPa"
    dataset.attrs["long_name"] = "strain energy density of the tissue under the habitual load"
    dataset.attrs["precision"] = 2.0 ** -(KEPT_BITS + 1)
    for _ in range(group["time"].shape[0]):  # moments before load was followed
        append(dataset, _make_unknown(dataset)[None])


def _make_unknown(dataset: Any) -> Array:
    return np.full(dataset.shape[1:], np.nan, np.float32)


def _make_fields(group: Any, fields: FieldStack) -> None:
    for species in (*fields.fine_names, *fields.coarse_names):
        shape = _halve(fields.get(species), fields.is_coarse(species)).shape
        dataset = _make_stack(group, str(species), shape, "f4")
        dataset.attrs["unit"] = "pM"
        dataset.attrs["long_name"] = f"{species}, mean over 2 x 2 x 2 voxels"
        dataset.attrs["precision"] = 2.0 ** -(KEPT_BITS + 1)


def _append_fields(group: Any, fields: FieldStack) -> None:
    for name in group:
        species = next(s for s in (*fields.fine_names, *fields.coarse_names) if str(s) == name)
        level = _halve(fields.get(species), fields.is_coarse(species))
        append(group[name], round_mantissa(level)[None])


def _halve(level: Array, coarse: bool) -> Array:
    """Return the mean over blocks of 2 x 2 x 2 voxels, the last block repeating an odd edge."""
    if coarse:
        return level
    padded = np.pad(level, [(0, n % 2) for n in level.shape], mode="edge")
    nz, ny, nx = (n // 2 for n in padded.shape)
    return padded.reshape(nz, 2, ny, 2, nx, 2).mean(axis=(1, 3, 5), dtype=np.float32)


def round_mantissa(values: Array) -> Array:
    """Round float32 numbers to :data:`KEPT_BITS` bits of mantissa, so that they compress.

    Parameters
    ----------
    values
        Any shape and unit.

    Returns
    -------
    numpy.ndarray
        The same shape and unit, float32.
    """
    drop = 23 - KEPT_BITS
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half = np.uint32(1 << (drop - 1))
    mask = np.uint32(0xFFFFFFFF << drop & 0xFFFFFFFF)
    return ((bits + half) & mask).view(np.float32)


def _make_cells(group: Any, state: State) -> None:
    for population in POPULATIONS:
        table = getattr(state.cells, population)
        inner = group.create_group(population)
        for name in ("first", "count"):
            _make_list(inner, name, "i8")
        inner.attrs["layout"] = "rows first[i] .. first[i] + count[i] belong to snapshot i"
        for name, spec in columns_of(table.layout).items():
            options = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
            dataset = inner.create_dataset(
                name, (0,), spec.dtype, chunks=(8192,), maxshape=(None,), fletcher32=True, **options
            )
            dataset.attrs["unit"] = spec.unit
            dataset.attrs["long_name"] = spec.doc


def _append_cells(group: Any, state: State) -> None:
    for population in POPULATIONS:
        inner, table = group[population], getattr(state.cells, population)
        append(inner["first"], [inner["uid"].shape[0]])
        append(inner["count"], [table.count])
        for name, column in table.to_arrays().items():
            append(inner[name], column)
