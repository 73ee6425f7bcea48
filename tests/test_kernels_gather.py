"""Marks along a row and blank stretches, against plain twins."""

import numpy as np
import pytest

import twins.gather
from trabecula.kernels.gather import (
    SPAN,
    find_next,
    gather,
    holds_any,
    is_blank,
    make_marks,
    sum_marks,
)

pytestmark = [pytest.mark.twin, pytest.mark.filterwarnings("error")]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 100])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.6, 1.0])
def test_marks(count, share):
    """Rows as long as a word, shorter and longer; empty, sparse and full."""
    marks, words = make_marks(count)
    assert len(marks) == 8 * len(words) >= count
    assert not marks.any()
    marks[:count] = np.random.default_rng(count).random(count) < share
    assert sum_marks(marks) == twins.gather.sum_marks(marks)
    found, expected = np.full((2, len(marks) + 1), -1)
    n = gather(marks, words, found)
    assert n == twins.gather.gather(marks, words, expected)
    assert found[:n].tolist() == expected[:n].tolist()


@pytest.mark.parametrize("kind", [np.int32, np.uint16, np.float32])
@pytest.mark.parametrize("at", [None, 0, SPAN - 1, SPAN, 3 * SPAN + 4])
def test_blank_stretches(kind, at):
    values = np.zeros(3 * SPAN + 5, kind)
    if at is not None:
        values[at] = 3
    assert holds_any(values) == twins.gather.holds_any(values) == (at is not None)
    for first in (0, 1, SPAN - 1, SPAN, 3 * SPAN, len(values)):
        assert find_next(values, first) == twins.gather.find_next(values, first)
    for first in range(0, len(values), SPAN):
        last = min(first + SPAN, len(values))
        assert is_blank(values, first, last) == twins.gather.is_blank(values, first, last)
