"""Kernels that number a lattice and go between meshes, against their plain twins."""

import numpy as np
import pytest

import twins.meshtransfer
import twins.voxelmesh
from kernelworlds import compare
from meshworlds import make_coarse, make_links, make_modulus, make_world
from trabecula.kernels.meshtransfer import collect_nodes, refine_nodes
from trabecula.kernels.voxelmesh import (
    fill_places,
    fix_nodes,
    link_nodes,
    list_elements,
    mark_blocks,
    merge_moduli,
    number_nodes,
    sum_moduli,
)
from twins.elasticity import find_nodes, interpolate

pytestmark = pytest.mark.twin
SHAPES = [(1, 1, 1), (4, 2, 6), (3, 5, 7), (5, 4, 3), (2, 7, 1)]
CASES = [(s, holes) for s in SHAPES for holes in (0.0, 0.6) if holes == 0 or max(s) > 1]
FLOAT32 = 2e-6


def make(shape, holes):
    return make_world(make_modulus(sum(shape), shape, holes))


@pytest.mark.parametrize(("shape", "holes"), CASES)
def test_nodes_and_elements_in_scan_order(shape, holes):
    world = make(shape, holes)
    blank = np.full(world.numbers.shape, 77, np.int32)
    _, (_, numbers, planes) = compare(
        number_nodes, twins.voxelmesh.number_nodes, world.solid, blank,
        np.full(shape[0] + 2, 77, np.int64),
    )  # fmt: skip
    assert planes[-1] == (numbers >= 0).sum() == world.nodes
    _, (*_, corners, _) = compare(
        list_elements, twins.voxelmesh.list_elements, world.solid, numbers, world.layers,
        np.full_like(world.corners, 77), np.full_like(world.places, 77),
    )  # fmt: skip
    assert len(np.unique(corners, axis=0)) == np.count_nonzero(world.solid)
    _, (_, places) = compare(fill_places, twins.voxelmesh.fill_places, numbers,
                             np.full(world.nodes, 77, np.int64))  # fmt: skip
    nodes, _ = find_nodes(world.solid)
    np.testing.assert_array_equal(np.stack(np.unravel_index(places, numbers.shape), 1), nodes)


@pytest.mark.parametrize(("shape", "holes"), CASES)
@pytest.mark.parametrize("edge", [1, 2, 4])
def test_what_the_sides_hold(shape, holes, edge):
    """Coarse nodes beyond the upper side count as on it; one rule at a time, and random ones."""
    rng = np.random.default_rng(edge)
    size = np.array([edge * n - (edge > 1 and n > 1) for n in shape])
    world = make(shape, holes)
    rules = (rng.random((3, 2, 3)) < 0.5).astype(np.uint8)
    for chosen in (rules, 1 - rules, np.zeros_like(rules)):
        _, (*_, fixed) = compare(
            fix_nodes, twins.voxelmesh.fix_nodes, world.numbers, edge, size, chosen,
            np.zeros((world.nodes, 3), np.uint8),
        )  # fmt: skip
        assert holes > 0 or fixed.any() == chosen.any()


@pytest.mark.parametrize(("shape", "holes"), CASES)
def test_interpolation_is_trilinear(shape, holes):
    """Links, the matrix they stand for, and the interpolation at half places are one thing."""
    world = make(shape, holes)
    blocks = np.full([(n + 1) // 2 for n in shape], 9, np.uint8)
    _, (_, blocks) = compare(mark_blocks, twins.voxelmesh.mark_blocks, world.solid, blocks)
    coarse = make_world(blocks.astype(np.float32))
    _, (*_, links) = compare(
        link_nodes, twins.voxelmesh.link_nodes, world.numbers, coarse.numbers,
        np.full((world.nodes, 4), -9, np.int32),
    )  # fmt: skip
    matrix = twins.meshtransfer.make_matrix(links, coarse.nodes)
    np.testing.assert_array_equal(matrix, interpolate(world.solid > 0, blocks > 0))


@pytest.mark.parametrize(("shape", "holes"), CASES)
@pytest.mark.parametrize(("kind", "rtol"), [(np.float64, 1e-12), (np.float32, FLOAT32)])
def test_refining_and_collecting_are_transposes(shape, holes, kind, rtol):
    world = make(shape, holes)
    coarse = make_coarse(world)
    links = make_links(world, coarse)
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=3 * coarse.nodes).astype(kind), rng.normal(size=3 * world.nodes)
    v = v.astype(kind)
    active = (rng.random(3 * world.nodes) < 0.7).astype(np.uint8)
    coarse_active = (rng.random(3 * coarse.nodes) < 0.7).astype(np.uint8)
    compare(refine_nodes, twins.meshtransfer.refine_nodes, links, u, active, v.copy(), rtol=rtol)
    compare(
        collect_nodes, twins.meshtransfer.collect_nodes, v, world.planes, links, coarse_active,
        np.full(3 * coarse.nodes, 9, kind), rtol=rtol,
    )  # fmt: skip
    fine, back = np.zeros_like(v), np.empty_like(u)
    refine_nodes(links, u * coarse_active, active, fine)
    collect_nodes(v * active, world.planes, links, coarse_active, back)
    scale = np.linalg.norm(u) * np.linalg.norm(v)
    assert abs(np.dot(fine, v * active) - np.dot(u, back)) < rtol * scale


@pytest.mark.parametrize(("shape", "holes"), CASES)
def test_moduli_of_blocks_and_around_nodes(shape, holes):
    world = make(shape, holes)
    coarse = make_coarse(world)
    rows = np.cumsum(coarse.solid.reshape(-1), dtype=np.int32).reshape(coarse.solid.shape) - 1
    _, (*_, merged) = compare(
        merge_moduli, twins.voxelmesh.merge_moduli, world.moduli, world.places, world.layers,
        np.array(shape[1:]), rows, np.full(len(coarse.corners), 9, np.float32), rtol=FLOAT32,
    )  # fmt: skip
    assert merged.sum() == pytest.approx(world.moduli.sum() / 4, rel=1e-5)
    _, (*_, sums) = compare(
        sum_moduli, twins.voxelmesh.sum_moduli, world.corners, world.moduli, world.layers,
        np.full(world.nodes, 9.0), rtol=1e-12,
    )  # fmt: skip
    assert sums.sum() == pytest.approx(8 * world.moduli.sum(dtype=float))


def test_a_solid_block_is_as_stiff_as_its_voxels():
    """Twice the edge at an equal modulus."""
    world = make_world(np.full((4, 4, 4), 3.0, np.float32))
    merged = np.empty(8, np.float32)
    rows = np.arange(8, dtype=np.int32).reshape(2, 2, 2)
    merge_moduli(world.moduli, world.places, world.layers, np.array([4, 4]), rows, merged)
    assert (merged == 6.0).all()
