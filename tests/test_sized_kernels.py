"""Kernels that are compiled both ways give the same bits with one thread, with two, and serially."""

import copy
import importlib
import re
from functools import cache
from pathlib import Path

import numba
import numpy as np
import pytest

import trabecula.kernels
import twins.stencil
from kernelworlds import make_lattice, make_moment, make_space
from meshworlds import make_coarse, make_links, make_modulus, make_world
from trabecula.base.codes import HALF
from trabecula.kernels import compile as compile_module
from trabecula.kernels.compile import (
    get_max_threads,
    get_threads,
    prange,
    set_threads,
    sized_kernel,
)

pytestmark = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="without the JIT both halves are the same loop"
)
SHAPE, COARSE = (9, 7, 37), (5, 4, 19)
"""Odd, so that threads get unequal shares and blocks are cut off, with rows as long as registers."""

SOURCES = {p.stem: p.read_text() for p in Path(trabecula.kernels.__path__[0]).glob("*.py")}
SIZED = {
    f"{file}.{name}"
    for file, text in SOURCES.items()
    for name in re.findall(r"^@(?:sized_kernel|make_sized\(.*\))\ndef (\w+)", text, re.MULTILINE)
}
PAIRS = {
    f"{file}.{name}"
    for file, text in SOURCES.items()
    for name in re.findall(r"^(\w+)_parallel = parallel_kernel\(", text, re.MULTILINE)
}
"""Kernels that their caller chooses a half of: `name` and `name_parallel`."""


@cache
def make_cases():
    """Arguments of every kernel; what it writes begins as nines, where it begins as anything."""
    rng = np.random.default_rng(4)
    lattice, space = make_lattice(rng, SHAPE), make_space(1, SHAPE)
    bits = np.zeros(SHAPE, np.uint8)
    twins.stencil.mark_open(lattice.matrix, HALF, True, bits)
    touching = np.zeros(SHAPE, np.uint8)
    twins.stencil.mark_surface(bits, True, touching)
    starts = np.concatenate([[0], np.cumsum(touching.sum((1, 2), dtype=np.int64))])
    places = np.argwhere(touching)
    voxels = np.ravel_multi_index(places.T, SHAPE)
    blocks = np.ravel_multi_index(places.T // 2, COARSE)

    def fine(*count):
        return (0.1 + rng.random((*count, *SHAPE))).astype(np.float32)

    def coarse(*count):
        return (0.1 + rng.random((*count, *COARSE))).astype(np.float32)

    def nines(*shape, kind=np.float64):
        return np.full(shape, 9, kind)

    def counts():
        return (rng.random(SHAPE) < 0.2).astype(np.int16)

    marrow = np.where(bits > 0, fine(), np.float32(0))
    pore = np.where(rng.random(COARSE) < 0.8, coarse(), np.float32(0))
    g, p = np.float32(3.0), (2.5, 0.9, 30.0, 6.0, 0.6, 1.7)
    blank, block = nines(*SHAPE, kind=np.float32), nines(*COARSE, kind=np.float32)
    byte = nines(*SHAPE, kind=np.uint8)
    slabs = nines(COARSE[0], 4)
    inverse = np.where(bits > 0, 1 / (9 + fine()), np.float32(0)).astype(np.float32)
    level = (g, block, slabs)
    return {
        "binding.compute_loss_fine": (marrow, coarse(), coarse(), bits, fine(), p, blank),
        "binding.scale_fine": (marrow, coarse(), bits, 0.6, 1.7, True, blank),
        "deposit.fill_open": (bits, 0.3, coarse(), blank),
        "levels.count_surface": (bits, True, nines(SHAPE[0], kind=np.int64)),
        "levels.list_surface": (bits, True, starts, 9 + 0 * voxels, 9 + 0 * blocks),
        "levels.sum_surface": (
            voxels, blocks, starts, fine(2).reshape(2, -1), coarse(6).reshape(6, -1), nines(SHAPE[0], 9),
        ),
        "levels.fill_occupancy": (
            voxels, blocks, marrow.reshape(-1), coarse().reshape(-1), 6.0, nines(len(voxels)),
        ),
        "levels.sum_weighted": (coarse(3), pore, nines(COARSE[0], 4)),
        "levels.sum_open": (fine(2), bits, nines(SHAPE[0], 3)),
        "mineral.mineralise": (
            lattice.matrix, lattice.osteoid, lattice.mineral, (0.065, 0.7, 0.98), make_moment(1),
        ),
        "mineral.sum_tissue": (
            lattice.matrix, lattice.osteoid, lattice.mineral, nines(SHAPE[0], 4),
        ),
        "mineral.sum_quanta": (lattice.bound,),
        "multigrid.coarsen_bits": (bits, block, nines(3, *COARSE, kind=np.float32)),
        "multigrid.correct_level": (coarse(), coarse()[:3, :2, :10].copy(), pore),
        "multigrid.relax_level": (coarse(), coarse(), coarse(), coarse(3), g, g / 5, block),
        "multigrid.compute_residual_level": (coarse(), coarse(), pore, coarse(3), coarse(), *level),
        "scene.fill_ground": (byte, lattice.matrix, bits & 7, counts(), counts(), lattice.osteoid, 100),
        "space.fill_contact": (lattice.matrix, space, byte),
        "stencil.mark_open": (lattice.matrix, HALF, True, byte),
        "stencil.invert_diagonal": (bits, g, fine()),
        "stencil.restrict_decay": (bits, g, inverse, block),
        "stencil.relax_fine": (marrow, fine(), inverse, bits, g, g / 5, blank),
        "stencil.restrict_residual_fine": (marrow, fine(), inverse, bits, *level),
        "stencil.sum_squares": (marrow, slabs),
        "stencil.prolong_fine": (coarse(), bits, marrow),
        "stencil.restrict_fine": (marrow, bits, block),
    }  # fmt: skip


@cache
def make_mechanics_cases():
    """Arguments of the kernels of elasticity; vectors of several blocks, the last one short."""
    rng = np.random.default_rng(5)
    world = make_world(make_modulus(5, SHAPE, holes=0.3))
    coarse = make_coarse(world)
    links = make_links(world, coarse)

    def make(count=20_000):
        return rng.normal(size=count).astype(np.float32)

    def free(count):
        return (rng.random(count) < 0.8).astype(np.uint8)

    fine, few = 3 * world.nodes, 3 * coarse.nodes
    lame, inverse = np.array([0.6, 0.4], np.float32), free(20_000) * np.float32(0.7)
    return {
        "hexahedra.press_elements": (
            make(fine), world.corners, world.moduli, world.layers, lame, make(fine),
        ),
        "meshtransfer.refine_nodes": (links, make(few), free(fine), make(fine)),
        "meshtransfer.collect_nodes": (make(fine), world.planes, links, free(few), make(few)),
        "krylov.sum_blocks": (make(), make(), np.full(3, 9.0)),
        "krylov.start_smoothing": (make(), inverse, np.float32(0.7), make(), make()),
        "krylov.smooth": (make(), make(), inverse, lame, make(), make()),
        "krylov.subtract": (make(), make(), inverse, make()),
        "krylov.advance": (make(), make(), np.float32(0.6), inverse, make(), make()),
        "krylov.turn": (make(), np.float32(0.4), make()),
    }  # fmt: skip


def find_args(name):
    return (make_cases() | make_mechanics_cases())[name]


def find_kernel(name):
    file, name = name.rsplit(".", 1)
    return getattr(importlib.import_module(f"trabecula.kernels.{file}"), name)


def collect_bits(kernel, args):
    """All that a kernel returns and leaves in copies of its arguments."""
    mine = copy.deepcopy(args)
    found = kernel(*mine)
    return [repr(found), *(a.tobytes() for a in mine if isinstance(a, np.ndarray))]


def run_parallel(kernel, args):
    """Bits of the parallel half by number of threads."""
    before, found = get_threads(), {}
    try:
        for threads in range(1, min(2, get_max_threads()) + 1):
            set_threads(threads)
            found[threads] = collect_bits(kernel, args)
    finally:
        set_threads(before)
    return found


def test_every_kernel_that_is_compiled_both_ways_has_a_case():
    assert len(SIZED) > 20
    assert len(PAIRS) == 2
    assert set(make_cases()) | set(make_mechanics_cases()) == SIZED | PAIRS


@pytest.mark.parametrize("name", sorted(SIZED))
def test_both_halves_of_a_sized_kernel_give_the_same_bits(name):
    (one, other), args = find_kernel(name).halves, find_args(name)
    serial = collect_bits(one, args)
    for threads, bits in run_parallel(other, args).items():
        assert bits == serial, f"{threads} threads"
    assert serial != collect_bits(lambda *_: None, args), "it did nothing"


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_both_halves_of_a_pair_give_the_same_bits(name):
    args = make_cases()[name]
    serial = collect_bits(find_kernel(name), args)
    for threads, bits in run_parallel(find_kernel(f"{name}_parallel"), args).items():
        assert bits == serial, f"{threads} threads"
    assert serial != collect_bits(lambda *_: None, args), "it did nothing"


@sized_kernel
def sum_by_thread(values, out):
    total = 0.0
    for i in prange(len(values)):
        total += values[i]
    out[0] = total


@pytest.mark.skipif(get_max_threads() < 2, reason="numba was started with one thread")
def test_a_sum_per_thread_is_found(monkeypatch):
    """The parallel half does share out its loop, and the comparison sees what comes of it."""
    values = np.random.default_rng(1).random(10_000)
    args = (values, np.zeros(1))
    serial = collect_bits(sum_by_thread, args)
    monkeypatch.setattr(compile_module, "PARALLEL_FROM", 0)
    assert run_parallel(sum_by_thread, args)[2] != serial
