"""Small random lattices of elements, numbered by the twins, for the kernels of elasticity."""

from dataclasses import dataclass

import numpy as np

from twins import voxelmesh


@dataclass
class World:
    """A lattice of moduli and its mesh."""

    modulus: np.ndarray
    solid: np.ndarray
    numbers: np.ndarray
    planes: np.ndarray
    layers: np.ndarray
    corners: np.ndarray
    places: np.ndarray

    @property
    def moduli(self):
        return self.modulus[self.solid > 0]

    @property
    def nodes(self):
        return int(self.planes[-1])


def make_world(modulus):
    solid = (modulus > 0).astype(np.uint8)
    numbers = np.empty([n + 1 for n in solid.shape], np.int32)
    planes = np.zeros(len(solid) + 2, np.int64)
    voxelmesh.number_nodes(solid, numbers, planes)
    layers = np.r_[0, np.cumsum(solid.sum((1, 2), dtype=np.int64))]
    corners, places = np.empty((layers[-1], 4), np.int32), np.empty(layers[-1], np.int32)
    voxelmesh.list_elements(solid, numbers, layers, corners, places)
    return World(modulus, solid, numbers, planes, layers, corners, places)


def make_modulus(seed, shape, holes=0.5, kind=np.float32):
    """Moduli of 1 to 3; many voxels of 0, so that parts touch by edges and corners, or not at all."""
    rng = np.random.default_rng(seed)
    modulus = rng.uniform(1, 3, shape).astype(kind)
    modulus[rng.random(shape) < holes] = 0
    if min(shape) > 2:
        modulus[shape[0] // 2, :, : shape[2] // 2] = 0
    return modulus


def make_coarse(world):
    """The next coarser world, with moduli of 1."""
    blocks = np.zeros([(n + 1) // 2 for n in world.solid.shape], np.uint8)
    voxelmesh.mark_blocks(world.solid, blocks)
    return make_world(blocks.astype(np.float32))


def make_links(world, coarse):
    links = np.empty((world.nodes, 4), np.int32)
    voxelmesh.link_nodes(world.numbers, coarse.numbers, links)
    return links
