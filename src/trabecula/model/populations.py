"""Mesa's view of the populations: agent sets whose agents are rows of a table.

Nothing is copied and no object exists per cell; a handle is made when somebody asks for one.
"""

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import numpy as np
from mesa.agentset import AbstractAgentSet

from trabecula.base.columns import Array
from trabecula.base.errors import TrabeculaError
from trabecula.state import Table


class CellHandle:
    """One row of a table, with Mesa's ``unique_id`` and the columns as attributes."""

    __slots__ = ("_row", "_table")

    def __init__(self, table: Any, row: int) -> None:
        object.__setattr__(self, "_table", table)
        object.__setattr__(self, "_row", row)

    @property
    def unique_id(self) -> int:
        """Identity of the cell."""
        return int(self._table.rows.uid[self._row])

    def __getattr__(self, name: str) -> Any:
        if name not in self._table.layout._fields:
            msg = f"cells of {self._table.layout.__name__} have no column {name}"
            raise AttributeError(msg)
        return getattr(self._table.rows, name)[self._row].item()

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._table.layout._fields:
            msg = f"cells of {self._table.layout.__name__} have no column {name}"
            raise AttributeError(msg)
        getattr(self._table.rows, name)[self._row] = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CellHandle) and self.unique_id == other.unique_id

    def __hash__(self) -> int:
        return hash(self.unique_id)


class PopulationView(AbstractAgentSet):  # type: ignore[misc]
    """A population, or some of its rows, as Mesa's agent set.

    Parameters
    ----------
    table
        The table of the population.
    random
        Mesa's generator, used by :meth:`shuffle` alone; no rule draws from it.
    rows
        Indices of the rows, in order; all living rows if None.
    """

    def __init__(self, table: Table[Any], random: Random, rows: Array | None = None) -> None:
        self.table = table
        self.random = random
        self._rows = rows

    @property
    def rows(self) -> Array:
        """Index of every row in view, shape (row,)."""
        return np.arange(self.table.count) if self._rows is None else self._rows

    def _view(self, rows: Array, inplace: bool) -> "PopulationView":
        if inplace:
            self._rows = rows
            return self
        return PopulationView(self.table, self.random, rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[CellHandle]:
        return (CellHandle(self.table, int(row)) for row in self.rows)

    def __contains__(self, agent: object) -> bool:
        return isinstance(agent, CellHandle) and bool((self.get("uid") == agent.unique_id).any())

    def _update(self, agents: Iterable[CellHandle]) -> "PopulationView":
        return self._view(np.array([agent._row for agent in agents], dtype=np.int64), True)

    def to_list(self) -> list[CellHandle]:
        """Return a handle for every cell in view."""
        return list(self)

    def get(self, attr_names: Any, handle_missing: str = "error", default_value: Any = None) -> Any:
        """Return a column as an array, or several as one record array (one record per cell).

        Raises
        ------
        AttributeError
            If a column does not exist and `handle_missing` is not ``"default"``.
        """
        if isinstance(attr_names, str):
            return self._get_column(attr_names, handle_missing, default_value)
        columns = [self._get_column(n, handle_missing, default_value) for n in attr_names]
        return np.rec.fromarrays(columns, names=list(attr_names))

    def _get_column(self, name: str, handle_missing: str, default: Any) -> Array:
        name = "uid" if name == "unique_id" else name
        if name in self.table.layout._fields:
            return getattr(self.table.rows, name)[self.rows]  # type: ignore[no-any-return]
        if handle_missing == "default":
            return np.full(len(self), default)
        msg = f"cells of {self.table.layout.__name__} have no column {name}"
        raise AttributeError(msg)

    def set(self, attr_name: str, value: Any) -> "PopulationView":
        """Set a column of the cells in view to one value or to one value each."""
        self._get_column(attr_name, "error", None)
        getattr(self.table.rows, attr_name)[self.rows] = value
        return self

    def agg(self, attribute: str, func: Any) -> Any:
        """Apply one function, or each of several, to a whole column."""
        values = self.get(attribute)
        return func(values) if callable(func) else [function(values) for function in func]

    def select(
        self,
        filter_func: Any = None,
        at_most: float = float("inf"),
        inplace: bool = False,
        agent_type: Any = None,
    ) -> "PopulationView":
        """Return the cells that a mask over the view, or a function of a handle, chooses.

        Parameters
        ----------
        at_most
            Number of cells, or, as a float up to 1, share of the view.
        agent_type
            Layout of the population; the view is empty if it is another.
        """
        rows = self.rows
        limit = int(at_most * len(rows)) if isinstance(at_most, float) and at_most <= 1 else at_most
        if filter_func is not None:
            mask = filter_func if isinstance(filter_func, np.ndarray) else self._ask(filter_func)
            rows = rows[mask]
        if agent_type is not None and agent_type is not self.table.layout:
            rows = rows[:0]
        return self._view(rows if limit >= len(rows) else rows[: int(limit)], inplace)

    def _ask(self, function: Callable[[CellHandle], bool]) -> Array:
        return np.fromiter((bool(function(cell)) for cell in self), bool, len(self))

    def groupby(self, by: Any, result_type: str = "agentset") -> Any:
        """Group cells by a column or by a function of a handle."""
        from mesa.agentset import GroupBy

        keys = np.array([by(cell) for cell in self]) if callable(by) else self.get(by)
        views = {key: self._view(self.rows[keys == key], False) for key in np.unique(keys).tolist()}
        if result_type == "list":
            return GroupBy({key: list(view) for key, view in views.items()})
        return GroupBy(views)

    def shuffle(self, inplace: bool = False) -> "PopulationView":
        """Return the cells in an order drawn from Mesa's generator."""
        order = list(range(len(self)))
        self.random.shuffle(order)
        return self._view(self.rows[order], inplace)

    def sort(self, key: Any, ascending: bool = False, inplace: bool = False) -> "PopulationView":
        """Return the cells ordered by a column or by a function of a handle."""
        keys = np.array([key(cell) for cell in self]) if callable(key) else self.get(key)
        order = np.argsort(keys, kind="stable")
        return self._view(self.rows[order if ascending else order[::-1]], inplace)

    def map(self, method: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Call a function with every handle and return what it returns."""
        return [method(cell, *args, **kwargs) for cell in self]

    def do(self, method: Any, *args: Any, **kwargs: Any) -> "PopulationView":
        """Call a function with every handle."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: Any, *args: Any, **kwargs: Any) -> "PopulationView":
        """Call a function with every handle, in an order drawn from Mesa's generator."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def add(self, agent: Any) -> None:
        """Refuse: cells are born by rules alone.

        Raises
        ------
        TrabeculaError
            Always.
        """
        msg = "cells are born and die by the rules of the model; a view cannot add or remove them"
        raise TrabeculaError(msg)

    discard = add
    remove = add
