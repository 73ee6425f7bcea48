"""Grey values or labels to bone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trabecula.base.columns import Array
from trabecula.specimen.readers import make_error

TWO_VALUES = "an image of two values at least, bone and marrow"


def segment(
    path: Path,
    values: Array,
    threshold: float | str | None,
    labels: Sequence[int] | None,
    may_be_solid: bool = False,
) -> tuple[Array, str]:
    """Return the bone mask (bool, z y x) and what was done, in words.

    Without threshold and labels an image of two values is taken as it is: the higher is bone.

    Parameters
    ----------
    may_be_solid
        Whether a choice may leave everything as bone: a block can be measured, but nothing lives in it.

    Raises
    ------
    SpecimenError
        If the choice is missing, double, unknown, or leaves nothing or everything.
    """
    if threshold is not None and labels is not None:
        found = "a threshold and labels"
        raise make_error(path, "threshold", found, "one of them", "drop the other")
    if labels is not None:
        mask, note = _choose_labels(path, values, labels)
    elif threshold is not None:
        mask, note = _cut_grey(path, values, threshold)
    else:
        mask, note = _take_binary(path, values, may_be_solid)
    share = float(mask.mean())
    if share == 0.0 or (share == 1.0 and not may_be_solid):
        low, high = values.min(), values.max()
        left = "nothing" if share == 0 else "everything"
        raise make_error(
            path,
            "threshold" if labels is None else "labels",
            f"{note}, which leaves {left} as bone",
            f"a choice that parts the values {low:g} to {high:g}" if low < high else TWO_VALUES,
            "try 'otsu'" if low < high else "",
        )
    return mask, f"{note}: BV/TV {share:.5f}"


def _choose_labels(path: Path, values: Array, labels: Sequence[int]) -> tuple[Array, str]:
    present = np.unique(values)
    missing = [label for label in labels if label not in present]
    if missing or not labels:
        some = ", ".join(f"{v:g}" for v in present[:12])
        found = f"labels {list(labels)}"
        raise make_error(path, "labels", found, f"labels of the image: {some}", "choose of these")
    return np.isin(values, np.asarray(list(labels))), f"bone is label {list(labels)}"


def _cut_grey(path: Path, values: Array, threshold: float | str) -> tuple[Array, str]:
    if isinstance(threshold, str):
        if threshold.lower() != "otsu":
            found = f"'{threshold}'"
            raise make_error(path, "threshold", found, "a number or 'otsu'", "give one of these")
        if values.min() == values.max():
            found = f"'otsu' on an image of one value ({values.min():g})"
            raise make_error(path, "threshold", found, TWO_VALUES, "")
        from skimage.filters import threshold_otsu

        level = float(threshold_otsu(values))
        mask: Array = values > level
        return mask, f"bone is above Otsu's threshold {level:g}"
    mask = values >= threshold
    return mask, f"bone is from grey value {threshold:g} on"


def _take_binary(path: Path, values: Array, may_be_solid: bool) -> tuple[Array, str]:
    present = np.unique(values)
    if len(present) == 1:
        found = f"no threshold for an image of one value ({present[0]:g})"
        if not (may_be_solid and present[0] > 0):
            raise make_error(path, "threshold", found, TWO_VALUES, "")
        allowed = f"--threshold {present[0]:g} or --label {present[0]:g}, if all of it is bone"
        raise make_error(path, "threshold", found, allowed, "an image of two values needs neither")
    if len(present) != 2:
        raise make_error(
            path,
            "threshold",
            f"no threshold for an image of {len(present)} different values",
            "a threshold (number or 'otsu') or labels; images of two values need none",
            "give import and measure --threshold or --label; in a configuration set "
            "lattice.threshold or lattice.labels",
        )
    mask: Array = values == present[1]
    return mask, f"two values: {present[1]:g} is bone, {present[0]:g} is marrow"
