"""Where something is, one value at a time."""


def is_blank(values, first, last):
    return all(value == 0 for value in values[first:last])


def find_next(values, first):
    return next((i for i in range(first, len(values)) if values[i] != 0), len(values))


def holds_any(values):
    return any(value != 0 for value in values)


def sum_marks(marks):
    return int(sum(int(mark) for mark in marks))


def gather(marks, words, found):
    places = [place for place, mark in enumerate(marks) if mark]
    found[: len(places)] = places
    return len(places)
