"""Cholesky factors by outer products, and the solution of what has a pivot."""

import numpy as np


def factorise(a):
    """Take one column off what is left at a time; a column that is nothing is passed over."""
    left, diagonal = np.tril(a) + np.tril(a, -1).T, a.diagonal().copy()
    for j in range(len(a)):
        column = np.zeros(len(a))
        if left[j, j] > 1e-9 * diagonal[j]:
            column[j:] = left[j:, j] / np.sqrt(left[j, j])
            left -= np.outer(column, column)
        a[j:, j] = column[j:]


def substitute(a, b, x, y):
    keep = np.flatnonzero(a.diagonal() > 0)
    lower = np.tril(a)[np.ix_(keep, keep)]
    y[:] = 0
    y[keep] = np.linalg.solve(lower @ lower.T, b[keep].astype(float))
    x[:] = y
