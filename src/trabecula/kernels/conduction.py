"""Steady conduction through bone under a mean gradient, on a list of bone voxels, periodic."""

import numpy as np

from trabecula.base.columns import Array
from trabecula.kernels.compile import kernel


@kernel
def link_voxels(fraction: Array, floor: float, places: Array, links: Array) -> int:
    """List voxels with at least `floor` of bone and their periodic face neighbours.

    Writes flat indices to `places` (n) and rows of listed neighbours to `links` (n, 6), -1 where
    the neighbour is not listed; faces -z, +z, -y, +y, -x, +x. Returns n.
    """
    nz, ny, nx = fraction.shape
    rows = np.full(fraction.size, -1, dtype=np.int32)
    flat = fraction.ravel()
    count = 0
    for i in range(flat.size):
        if flat[i] >= floor:
            rows[i] = count
            places[count] = i
            count += 1
    for row in range(count):
        i = places[row]
        z, y, x = i // (ny * nx), i // nx % ny, i % nx
        links[row, 0] = rows[((z - 1) % nz * ny + y) * nx + x]
        links[row, 1] = rows[((z + 1) % nz * ny + y) * nx + x]
        links[row, 2] = rows[(z * ny + (y - 1) % ny) * nx + x]
        links[row, 3] = rows[(z * ny + (y + 1) % ny) * nx + x]
        links[row, 4] = rows[(z * ny + y) * nx + (x - 1) % nx]
        links[row, 5] = rows[(z * ny + y) * nx + (x + 1) % nx]
    return count


@kernel
def weigh_links(bone: Array, links: Array, weights: Array) -> None:
    """Write each face's conductance, the harmonic mean of the two bone fractions."""
    for row in range(len(links)):
        for face in range(6):
            other = links[row, face]
            weights[row, face] = 0.0
            if other >= 0:
                weights[row, face] = 2 * bone[row] * bone[other] / (bone[row] + bone[other])


@kernel
def _apply(links: Array, weights: Array, u: Array, out: Array) -> float:
    """Write the outflow of every voxel at potential `u`; return u . out."""
    total = 0.0
    for row in range(len(links)):
        flow = 0.0
        for face in range(6):
            other = links[row, face]
            if other >= 0:
                flow += weights[row, face] * (u[row] - u[other])
        out[row] = flow
        total += u[row] * flow
    return total


@kernel
def solve_conduction(
    links: Array, weights: Array, axis: int, u: Array, tolerance: float, most: int
) -> int:
    """Solve for the periodic part `u` of the potential under a unit gradient along `axis`.

    Conjugate gradients with Jacobi's preconditioner (Hestenes & Stiefel 1952) from the given `u`,
    until the residual falls to `tolerance` of the right-hand side or for `most` steps; returns the
    steps taken.
    """
    n = len(links)
    diagonal, residual = np.empty(n), np.empty(n)
    search, image = np.empty(n), np.empty(n)
    _apply(links, weights, u, image)
    rho, goal = 0.0, 0.0
    for row in range(n):
        diagonal[row] = 1e-12
        for face in range(6):
            diagonal[row] += weights[row, face]
        push = weights[row, 2 * axis + 1] - weights[row, 2 * axis]
        residual[row] = push - image[row]
        search[row] = residual[row] / diagonal[row]
        rho += residual[row] * search[row]
        goal += push * push / diagonal[row]
    goal *= tolerance * tolerance
    for step in range(most):
        if rho <= goal:
            return step
        alpha = rho / max(_apply(links, weights, search, image), 1e-300)
        fresh = 0.0
        for row in range(n):
            u[row] += alpha * search[row]
            residual[row] -= alpha * image[row]
            fresh += residual[row] * residual[row] / diagonal[row]
        beta = fresh / rho
        rho = fresh
        for row in range(n):
            search[row] = residual[row] / diagonal[row] + beta * search[row]
    return most


@kernel
def add_power(
    links: Array, weights: Array, axis: int, u: Array, bone: Array, share: float, power: Array
) -> None:
    """Add `share` of the power per bone of every voxel, half of each face's dissipation."""
    for row in range(len(links)):
        total = 0.0
        for face in range(6):
            other = links[row, face]
            if other >= 0:
                drop = u[other] - u[row]
                if face == 2 * axis:
                    drop -= 1.0
                elif face == 2 * axis + 1:
                    drop += 1.0
                total += weights[row, face] * drop * drop
        power[row] += 0.5 * share * total / bone[row]
