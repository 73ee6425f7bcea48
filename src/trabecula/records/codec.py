"""Dataclasses, layouts, tables and mappings as HDF5 groups: explicit arrays, never a pickle.

Every name and type comes from the declaration of the state itself, so a field that is added there
is stored here, and a file that lacks it is refused.
"""

import dataclasses
import enum
import hashlib
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np

from trabecula.base.columns import Array, Column, columns_of
from trabecula.base.errors import ResultsError
from trabecula.state import Table

SMALL = 4096
"""Arrays of fewer elements are stored in one piece, without compression."""


def write_array(group: Any, name: str, array: Array, unit: str = "", doc: str = "") -> Any:
    """Store one array of any shape; returns the HDF5 dataset.

    Parameters
    ----------
    array
        Any shape, in `unit`.
    """
    options: dict[str, Any] = {}
    if array.size >= SMALL:
        chunk = (1,) * (array.ndim - 3) + tuple(min(64, n) for n in array.shape[-3:])
        chunk = (min(len(array), 65536),) if array.ndim == 1 else chunk
        options = {"chunks": chunk, "compression": "gzip", "compression_opts": 1, "shuffle": True}
    dataset = group.create_dataset(name, data=array, **options)
    if unit:
        dataset.attrs["unit"] = unit
        dataset.attrs["description"] = doc
    return dataset


def write_layout(group: Any, arrays: NamedTuple) -> None:
    """Store each array of a layout with the unit and description of its column."""
    for name, spec in columns_of(type(arrays)).items():
        write_array(group, name, getattr(arrays, name), spec.unit, spec.doc)


def read_layout[L: NamedTuple](group: Any, layout: type[L]) -> L:
    """Read a layout of arrays and insist on the declared number type of each."""
    make: Any = layout
    return make(*(_read_column(group, n, s) for n, s in columns_of(layout).items()))  # type: ignore[no-any-return]


def _read_column(group: Any, name: str, spec: Column) -> Array:
    if spec.is_late and name not in group:
        return np.full(len(next(iter(group.values()))), np.nan, spec.dtype)
    dataset = group[name]
    if dataset.dtype != np.dtype(spec.dtype):
        msg = f"{dataset.name}: found numbers of type {dataset.dtype}; {np.dtype(spec.dtype)} is needed"
        raise ResultsError(msg)
    return dataset[()]  # type: ignore[no-any-return]


def write_value(group: Any, name: str, value: Any) -> None:
    """Store one field of a dataclass under `name`."""
    if dataclasses.is_dataclass(value):
        inner = group.create_group(name)
        for part in dataclasses.fields(value):
            write_value(inner, part.name, getattr(value, part.name))
    elif isinstance(value, Table):
        write_layout(group.create_group(name), value.rows)
    elif isinstance(value, np.ndarray):
        write_array(group, name, value)
    elif isinstance(value, dict):
        _write_mapping(group.create_group(name), value)
    elif hasattr(value, "_fields"):
        write_layout(group.create_group(name), value)
    else:
        group.attrs[name] = _to_attribute(value)


def _write_mapping(group: Any, mapping: dict[str, Any]) -> None:
    import h5py

    names = [str(key) for key in mapping]
    values = list(mapping.values())
    group.create_dataset("names", data=names, shape=(len(names),), dtype=h5py.string_dtype())
    if values and isinstance(values[0], (list, tuple)):
        group.create_dataset("lengths", data=np.array([len(v) for v in values], dtype=np.int64))
        values = [number for value in values for number in value]
    group.create_dataset("values", data=np.asarray(values))


def _to_attribute(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_attribute(part) for part in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, int) and value > np.iinfo(np.int64).max:
        return np.uint64(value)
    return value


def read_value(group: Any, name: str, hint: Any) -> Any:
    """Read what :func:`write_value` stored, as the declared type `hint`."""
    origin = get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return read_dataclass(group[name], hint)
    if origin is Table:
        return _read_table(group[name], get_args(hint)[0])
    if hint == Array:
        return group[name][()]
    if origin is dict:
        return _read_mapping(group[name], get_args(hint)[1])
    if origin is tuple:
        part = get_args(hint)[0]
        return tuple(_to_type(item, part) for item in group.attrs[name])
    if hasattr(hint, "_fields"):
        return read_layout(group[name], hint)
    return _to_type(group.attrs[name], hint)


def read_dataclass(group: Any, kind: Any) -> Any:
    """Read every field of a dataclass."""
    hints = get_type_hints(kind)
    parts = [part for part in dataclasses.fields(kind) if not _is_left_out(group, part)]
    return kind(**{part.name: read_value(group, part.name, hints[part.name]) for part in parts})


def _is_left_out(group: Any, part: dataclasses.Field[Any]) -> bool:
    """Whether a number came to the state later than the file was written: it has its default."""
    return bool(part.metadata.get("is_late")) and part.name not in group.attrs


def _read_table(group: Any, layout: Any) -> Any:
    rows = read_layout(group, layout)
    try:
        return Table.from_arrays(layout, rows._asdict())
    except ValueError as error:
        msg = f"{group.name}: {error}"
        raise ResultsError(msg) from error


def _read_mapping(group: Any, hint: Any) -> dict[str, Any]:
    names = group["names"].asstr()[()].tolist()
    values = group["values"][()].tolist()
    if get_origin(hint) is not list:
        return {name: hint(value) for name, value in zip(names, values, strict=True)}
    lengths = group["lengths"][()] if names else []
    pieces = np.split(np.asarray(values), np.cumsum(lengths)[:-1]) if names else []
    return {name: piece.tolist() for name, piece in zip(names, pieces, strict=True)}


def _to_type(value: Any, kind: Any) -> Any:
    return kind(value.item() if isinstance(value, np.generic) else value)


def compute_digest(file: Any) -> str:
    """Digest of all names, numbers and attributes of an open file, its own digest excepted."""
    digest = hashlib.sha256()
    parts: list[tuple[str, Any]] = [("/", file)]
    file.visititems(lambda name, item: parts.append((name, item)))
    for name, item in parts:
        digest.update(name.encode())
        for key in sorted(item.attrs):
            if key != "digest":
                digest.update(f"{key}={item.attrs[key]!r}".encode())
        if hasattr(item, "dtype"):
            digest.update(f"{item.dtype}{item.shape}".encode())
            array = np.asarray(item[()])
            plain = array.dtype != object
            digest.update(array.tobytes() if plain else repr(array.tolist()).encode())
    return digest.hexdigest()
