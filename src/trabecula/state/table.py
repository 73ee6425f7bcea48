"""A table of cells: a struct of arrays, compacted stably and sorted canonically."""

from typing import Any, NamedTuple

import numpy as np

from trabecula.base.columns import Array, columns_of, make_arrays


class Table[L: NamedTuple]:
    """Rows of one layout.

    Kernels take :attr:`arrays` (full capacity) with :attr:`count`; rows beyond `count` are free.
    A row whose ``uid`` is 0 has died and vanishes at the next :meth:`compact`.
    """

    def __init__(self, layout: type[L], capacity: int = 64) -> None:
        self.layout = layout
        self.arrays: L = make_arrays(layout, capacity)
        self.count = 0

    @property
    def capacity(self) -> int:
        """Rows that fit without growing."""
        return len(self.arrays[0])

    @property
    def rows(self) -> L:
        """Views on the living rows."""
        return self.layout(*(a[: self.count] for a in self.arrays))

    def reserve(self, extra: int) -> None:
        """Make room for `extra` more rows."""
        need = self.count + extra
        if need <= self.capacity:
            return
        grown = make_arrays(self.layout, max(need, 2 * self.capacity))
        for old, new in zip(self.arrays, grown, strict=True):
            new[: self.count] = old[: self.count]
        self.arrays = grown

    def append(self, **columns: Any) -> None:
        """Append as many rows as an array of `columns` has, or one; what is not given is the default."""
        sizes = [np.size(value) for value in columns.values() if np.ndim(value) > 0]
        extra = sizes[0] if sizes else 1
        self.reserve(extra)
        for name, spec in columns_of(self.layout).items():
            getattr(self.arrays, name)[self.count : self.count + extra] = columns.get(
                name, spec.default
            )
        self.count += extra

    def take(self, order: Array) -> None:
        """Keep the rows of `order` (indices), in that order."""
        rows = self.rows
        kept = 0
        for array, row in zip(self.arrays, rows, strict=True):
            chosen = row.take(order)
            kept = len(chosen)
            array[:kept] = chosen
        self.count = kept

    def compact(self) -> None:
        """Drop the dead (uid 0) and keep the order of the rest."""
        uid = self.rows.uid  # type: ignore[attr-defined]
        if np.count_nonzero(uid) < self.count:
            self.take(np.flatnonzero(uid))

    def sort(self) -> None:
        """Order rows by voxel, then identity, so that nothing depends on the order of birth."""
        rows: Any = self.rows
        voxel, uid = rows.voxel, rows.uid
        if _is_ordered(voxel, uid):
            return
        # rows are nearly in order, which a stable sort by voxel alone is fast on; ties are few
        order = np.argsort(voxel, kind="stable")
        there = voxel[order]
        tied = there[1:] == there[:-1]
        shared = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
        among = order[shared]
        order[shared] = among[np.lexsort((uid[among], voxel[among]))]
        self.take(order)

    def to_arrays(self) -> dict[str, Array]:
        """Copy the living rows, column by column: each of shape (row,), in the unit of its column."""
        return {n: getattr(self.rows, n).copy() for n in columns_of(self.layout)}

    @classmethod
    def from_arrays(cls, layout: type[L], arrays: dict[str, Array]) -> "Table[L]":
        """Build a table from the columns of :meth:`to_arrays`.

        Parameters
        ----------
        arrays
            Columns by name, each of shape (row,), in the unit of its column.

        Raises
        ------
        KeyError
            If a column is missing.
        ValueError
            If columns differ in length.
        """
        names = list(columns_of(layout))
        count = len(arrays[names[0]])
        table = cls(layout, max(64, count))
        for name in names:
            if arrays[name].shape != (count,):
                msg = f"column {name} has shape {arrays[name].shape}, not ({count},)"
                raise ValueError(msg)
            getattr(table.arrays, name)[:count] = arrays[name]
        table.count = count
        return table


def _is_ordered(voxel: Array, uid: Array) -> bool:
    rises = voxel[1:] > voxel[:-1]
    if rises.all():
        return True
    level = np.flatnonzero(~rises)
    return bool(((voxel[level] == voxel[level + 1]) & (uid[level] <= uid[level + 1])).all())
