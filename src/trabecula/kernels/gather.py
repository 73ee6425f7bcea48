"""Where something is: marks of a row are gathered eight at a time, blank stretches passed over."""

import numpy as np

from trabecula.kernels.compile import kernel

SPAN = 64
"""Values that are looked at at once, to pass over those where nothing is."""


@kernel
def is_blank(values, first, last):
    """Whether a flat array holds nothing but zeros from `first` up to `last`."""
    found = False
    for i in range(np.uint64(first), np.uint64(last)):
        found |= values[i] != 0
    return not found


@kernel
def find_next(values, first):
    """Return the first place from `first` on where a flat array holds something, its length if none.

    Whole blank stretches are passed over.
    """
    i = first
    while i < len(values):
        if i % SPAN == 0 and is_blank(values, i, min(i + SPAN, len(values))):
            i += SPAN
        elif values[i] == 0:
            i += 1
        else:
            return i
    return len(values)


@kernel
def holds_any(values):
    """Whether a flat array holds anything but zeros; looks no further than it must."""
    return find_next(values, 0) < len(values)


@kernel
def make_marks(count):
    """Return marks (0 or 1) for `count` voxels of a row, none set, and the same eight to a word."""
    marks = np.zeros((count + 7) // 8 * 8, np.uint8)
    return marks, marks.view(np.uint64)


@kernel
def sum_marks(marks):
    """Count the marks of a row."""
    n = 0
    for x in range(np.uint64(len(marks))):
        n += np.int64(marks[x])
    return n


@kernel
def gather(marks, words, found):
    """Write the places of the marks of a row into `found`, and return how many there are.

    `found` has one place more than there are marks. Words without any are passed over; within a word
    there is no branch, since no processor foretells where bone begins.
    """
    n = 0
    for w in range(len(words)):
        if words[w] == np.uint64(0):
            continue
        for x in range(8 * w, 8 * w + 8):
            found[n] = x
            n += np.int64(marks[x])
    return n
