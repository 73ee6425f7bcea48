"""Small random bones with cells in them, and the comparison of a kernel with its twin."""

import copy
import warnings

import numpy as np
from scipy.ndimage import uniform_filter

from trabecula.base.codes import FULL, HALF
from trabecula.base.columns import make_arrays
from trabecula.base.layouts import Lattice
from trabecula.kernels.ligands import Ligands
from trabecula.kernels.scene import Scene
from trabecula.kernels.space import Moment, Space
from twins.scene import count_cells, fill_ground
from twins.space import fill_contact

SHAPE = (8, 9, 10)
SEAM = 100
"""Quanta of the thinnest osteoid; some voxels hold just that."""
CASES = [(seed, periodic) for seed in (1, 2, 3) for periodic in (1, 0)]
"""Seeds, on a lattice that repeats and on a mirrored one."""


def make_space(periodic, shape=SHAPE):
    return Space(*shape, periodic, 20.0)


def make_moment(seed):
    """A step of 1.25, 0.8 or 1 d: a rate per step must not pass for a rate per day."""
    return Moment(seed, 40 + seed, 40.0 + seed, (1.0, 1.25, 0.8)[seed % 3])


def make_rates(layout, **values):
    """Rates as numba sees them: a Python float would let numpy alone stay in float32."""
    return layout(**{k: np.float64(v) if isinstance(v, float) else v for k, v in values.items()})


def make_matrix(rng, shape=SHAPE, bone=0.45):
    """Lumps of bone with voxels just under and over half in them; open places far from bone too."""
    smooth = uniform_filter(rng.random(shape), 3, mode="wrap")
    solid = smooth > np.quantile(smooth, 1 - bone)
    inside = rng.choice(np.array([HALF, HALF + 700, FULL, FULL]), shape)
    outside = rng.choice(np.array([0, 0, 0, 900, HALF - 1]), shape)
    return np.where(solid, inside, outside).astype(np.uint16)


def make_lattice(rng, shape=SHAPE, sites=5):
    """A lattice that has been remodelled."""
    lattice = make_arrays(Lattice, shape)
    lattice.matrix[...] = make_matrix(rng, shape)
    share = rng.choice(np.array([0, 0, 0, 0.001, 0.5, 1.0]), shape)
    lattice.osteoid[...] = share * lattice.matrix
    lattice.osteoid[rng.random(shape) < 0.05] = SEAM
    lattice.osteoid[4] = 0
    lattice.mineral[...] = rng.random(shape)
    lattice.formed[...] = rng.uniform(-300, 40, shape)
    lattice.bound[...] = rng.choice(np.array([0, 0, 30, SEAM, SEAM + 1, 5000]), shape)
    lattice.bound.reshape(-1)[130:330] = 0  # whole stretches without any
    lattice.site[...] = rng.integers(0, sites + 1, shape)
    lattice.eroded[...] = rng.random(shape) < 0.5
    lattice.layer[...] = rng.integers(0, 5, shape)
    return lattice


def make_ligands(rng, shape=SHAPE):
    """Concentrations (pM) that differ from voxel to voxel."""
    coarse = tuple((n + 1) // 2 for n in shape)
    fields = {name: rng.gamma(2.0, 2.0, coarse) for name in Ligands._fields}
    fields["rankl_membrane"] = rng.gamma(2.0, 2.0, shape)
    return Ligands(**{name: values.astype(np.float32) for name, values in fields.items()})


def make_scene(lattice, space, seam=SEAM, settled=0, **tables):
    """The occupancy of the surface, counted from the tables of `lining`, `osteoclasts` and others."""
    counts = {n: np.zeros(lattice.matrix.shape, np.int16) for n in Scene._fields[4:8]}
    for name, table in tables.items():
        count_cells(table.uid, table.voxel, len(table.uid), counts[name])
    contact, ground = (np.zeros(lattice.matrix.shape, np.uint8) for _ in range(2))
    fill_contact(lattice.matrix, space, contact)
    scene = Scene(
        lattice.matrix, lattice.osteoid, contact, ground, **counts,
        settled=np.zeros(settled, np.uint8),
    )  # fmt: skip
    fill_ground(
        ground, lattice.matrix, contact, scene.lining, scene.osteoblasts, scene.osteoid, seam
    )
    return scene


def find_open(matrix, touching=None):
    """Flat indices of open voxels, of those with a bony face if `touching` (contact) is given."""
    chosen = matrix < HALF if touching is None else touching > 0
    return np.flatnonzero(chosen)


def find_surface(lattice, space):
    """Flat indices of open voxels with a bony face."""
    contact = np.zeros(lattice.matrix.shape, np.uint8)
    fill_contact(lattice.matrix, space, contact)
    return np.flatnonzero(contact)


def make_table(rng, layout, voxels, count, spare=0, **columns):
    """`count` cells on randomly chosen `voxels`, one in ten dead, and `spare` free rows."""
    table = make_arrays(layout, count + spare)
    table.uid[:count] = rng.integers(1, 2**63, count, dtype=np.uint64) * 2 + 1
    table.uid[:count][rng.random(count) < 0.1] = 0
    table.voxel[:count] = rng.choice(voxels, count)
    for name, values in columns.items():
        getattr(table, name)[:count] = values
    return table


def assert_same(found, expected, rtol, where="result"):
    """Equal in every array and number of nested tuples: exactly, or to `rtol` if it is not 0."""
    if isinstance(found, tuple):
        assert len(found) == len(expected), where
        names = getattr(found, "_fields", range(len(found)))
        for name, a, b in zip(names, found, expected, strict=True):
            assert_same(a, b, rtol, f"{where}.{name}")
    elif isinstance(found, np.ndarray) and found.dtype.kind == "f" and rtol > 0:
        scale = np.nanmax(np.abs(expected), initial=0)
        np.testing.assert_allclose(found, expected, rtol, rtol * scale, err_msg=where)
    elif isinstance(found, float) and rtol > 0:
        np.testing.assert_allclose(found, expected, rtol, err_msg=where)
    else:
        np.testing.assert_array_equal(found, expected, err_msg=where)


def compare(kernel, twin, *args, rtol=0.0):
    """Run both on copies of `args`, assert equal results and equal changes; return the kernel's."""
    mine, theirs = copy.deepcopy(args), copy.deepcopy(args)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = kernel(*mine)
    assert_same(found, twin(*theirs), rtol)
    assert_same(mine, theirs, rtol, "argument")
    return found, mine
