"""Connected components, enclosed marrow, and the purified mask that connectivity is counted on."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.base.pieces import find_held


def label_components(mask: Array, periodic: bool, corners: bool) -> tuple[Array, int]:
    """Number the connected components of `mask`.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool.
    periodic
        Whether components join across the sides.
    corners
        True for 26 neighbours (bone), false for 6 (marrow).

    Returns
    -------
    tuple
        int32 labels (z, y, x), 0 outside `mask`, and the number of components.
    """
    from scipy import ndimage
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    structure = np.ones((3, 3, 3), bool) if corners else None
    labels, count = ndimage.label(mask, structure)
    if not periodic or count < 2:
        return labels, int(count)
    pairs = np.concatenate([_touching(labels, axis, corners) for axis in range(3)])
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count + 1,) * 2)
    _, joined = connected_components(graph, directed=False)
    order = np.unique(joined[1:], return_inverse=True)[1] + 1
    table = np.concatenate([[0], order]).astype(np.int32)
    joined_labels: Array = table[labels]
    return joined_labels, int(order.max())


def _touching(labels: Array, axis: int, corners: bool) -> Array:
    """Pairs of labels that face each other across the seam of `axis`."""
    first, last = np.take(labels, 0, axis), np.take(labels, -1, axis)
    shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)] if corners else [(0, 0)]
    found = []
    for shift in shifts:
        other = np.roll(first, shift, (0, 1))
        both = (last > 0) & (other > 0)
        found.append(np.unique(np.stack([last[both], other[both]], 1), axis=0))
    return np.concatenate(found)


def keep_largest_component(mask: Array, periodic: bool) -> Array:
    """Return the largest 26-connected component of `mask` (bool, z y x)."""
    labels, count = label_components(mask, periodic, corners=True)
    if count < 2:
        return mask.astype(bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: Array = labels == sizes.argmax()
    return largest


def find_enclosed_marrow(mask: Array, periodic: bool) -> Array:
    """Return the marrow (bool, z y x) that no 6-connected path joins to the largest marrow space.

    In a lattice that does not repeat itself, marrow that reaches a side is not enclosed.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool: bone.
    """
    labels, count = label_components(~mask, periodic, corners=False)
    if count < 2:
        return np.zeros(mask.shape, bool)
    enclosed: Array = ~find_held(labels, count, periodic)[labels]
    return enclosed


def purify(mask: Array, periodic: bool) -> Array:
    """Fill enclosed marrow and keep the largest bone component (bool, z y x).

    Parameters
    ----------
    mask
        Shape (z, y, x), bool: bone.
    """
    largest = keep_largest_component(mask, periodic)
    purified: Array = largest | find_enclosed_marrow(largest, periodic)
    return purified


def compute_largest_component_share(mask: Array, periodic: bool) -> float:
    """Return the share of bone voxels in the largest 26-connected component, NaN without bone.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool: bone.
    """
    bone = int(np.count_nonzero(mask))
    if bone == 0:
        return float("nan")
    return int(np.count_nonzero(keep_largest_component(mask.astype(bool), periodic))) / bone


def count_networks(mask: Array, corners: bool) -> int:
    """Count the components of a periodic `mask` laid out twice along every axis.

    What is one piece only because a path leaves on one side and comes back on the other beside where
    it left is several interwoven networks in the endless lattice: then this is more than 1. Contacts
    across two sides at once (edges of the lattice) are left out.

    Parameters
    ----------
    mask
        Shape (z, y, x), bool: bone.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    labels, count = label_components(mask, False, corners)
    if count == 0:
        return 0
    ends = []
    for axis in range(3):
        pairs = _touching_inside(np.take(labels, 0, axis), np.take(labels, -1, axis), corners) - 1
        for copy in range(8):
            other = copy ^ (1 << axis)
            ends.append(np.stack([pairs[:, 0] + copy * count, pairs[:, 1] + other * count], 1))
    both = np.concatenate(ends)
    graph = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(8 * count,) * 2)
    return int(connected_components(graph, directed=False)[0])


def _touching_inside(first: Array, last: Array, corners: bool) -> Array:
    """Pairs of labels of two facing planes, none across the planes' own borders."""
    reach = 1 if corners else 0
    padded, found = np.pad(first, reach), []
    rows, columns = last.shape
    for i in range(2 * reach + 1):
        for j in range(2 * reach + 1):
            other = padded[i : i + rows, j : j + columns]
            both = (last > 0) & (other > 0)
            found.append(np.unique(np.stack([last[both], other[both]], 1), axis=0))
    return np.concatenate(found)
