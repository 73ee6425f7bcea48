"""Column specifications: written once, read by kernels, files and documentation.

A layout is a ``NamedTuple`` whose fields are annotated with a :class:`Column`; numba takes the
tuple as it is, HDF5 takes dtype, unit and description from the same line.
"""

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Column:
    """One array of a layout.

    Parameters
    ----------
    dtype
        Numpy dtype name.
    unit
        Unit of the stored numbers, ``1`` for none.
    doc
        What the numbers mean.
    default
        Value of a new row.
    is_late
        Whether older files may lack it; what is read from them is not a number.
    """

    dtype: str
    unit: str
    doc: str
    default: float = 0
    is_late: bool = False


@cache
def columns_of(layout: type[NamedTuple]) -> MappingProxyType[str, Column]:
    """Return the column specification of every field of `layout`, in order.

    Raises
    ------
    TypeError
        If a field has no column specification, or several.
    """
    hints = get_type_hints(layout, include_extras=True)
    found: dict[str, Column] = {}
    for name, hint in hints.items():
        specs = [part for part in get_args(hint)[1:] if isinstance(part, Column)]
        if len(specs) != 1:
            msg = f"{layout.__name__}.{name} has {len(specs)} column specifications, not one"
            raise TypeError(msg)
        found[name] = specs[0]
    return MappingProxyType(found)


def make_arrays[L: NamedTuple](layout: type[L], shape: int | tuple[int, ...]) -> L:
    """Build a `layout` of freshly filled arrays, each of `shape`."""
    specs = columns_of(layout)
    make: Any = layout
    return make(*(np.full(shape, s.default, dtype=s.dtype) for s in specs.values()))  # type: ignore[no-any-return]
