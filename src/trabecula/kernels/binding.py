"""Mass-action binding of RANKL inside the steady solve.

Symbols: m total membrane RANKL (fine), t total soluble RANKL (coarse), o free OPG (coarse), all pM;
q = K_OPG * B with K = (koff + kc)/kon and B = 1 + sum of other binders over their K; free fraction
phi = q/(q + o)/B. Losses of a total: k phi + kc (1 - phi) + ki * rank * phi / (KD + free).
"""

import numpy as np

from trabecula.kernels.compile import kernel, prange, sized_kernel
from trabecula.kernels.stencil import widen


@kernel
def free_fraction(o, k_opg, b):
    """Free share of RANKL: 1 / (B + o/K); no OPG binding where K is not positive."""
    if k_opg <= 0:
        return 1.0 / b
    return 1.0 / (b + o / k_opg)


@sized_kernel
def compute_loss_fine(free, soluble, o, bits, rank, p, kappa):
    """Loss coefficient (1/d) of total membrane RANKL in every open voxel.

    p = (k, kc, ki, KD_RANK, K_OPG, B); rank in pM per fine voxel; soluble is free soluble RANKL.
    """
    nz, ny = free.shape[:2]
    for j in prange(len(o)):
        share = np.empty(o.shape[2], np.float32)
        row = np.empty(2 * o.shape[2], np.float32)
        for k in range(o.shape[1]):
            fill_free(o[j, k], p[4], p[5], share)
            for x in range(len(share)):
                share[x] = p[1] + (p[0] - p[1]) * share[x]
            widen(share, row)
            for z in range(2 * j, min(2 * j + 2, nz)):
                for y in range(2 * k, min(2 * k + 2, ny)):
                    if write_open(row, bits[z, y], rank[z, y], kappa[z, y]) > 0:
                        here, there = free[z, y], soluble[j, k]
                        add_taken(here, there, o[j, k], bits[z, y], rank[z, y], p, kappa[z, y])


@kernel
def add_taken(free, soluble, o, bits, rank, p, kappa):
    """Add what RANK takes in to the losses of one row of voxels over one row of blocks."""
    for x in range(len(kappa)):
        if rank[x] > 0 and bits[x]:
            phi = free_fraction(o[x >> 1], p[4], p[5])
            bound = p[3] + free[x] + soluble[x >> 1]
            kappa[x] += p[2] * rank[x] * phi / bound


@kernel
def write_open(row, bits, rank, out):
    """Write `row` into the open voxels of one row, else 0; returns how many voxels hold RANK."""
    zero = np.float32(0)
    sites = 0
    for x in range(np.uint64(len(out))):
        out[x] = row[x] if bits[x] else zero
        sites += rank[x] > zero
    return sites


@kernel
def fill_free(o, k_opg, b, share):
    """Write the free share of RANKL over one row of blocks."""
    for x in range(len(o)):
        share[x] = free_fraction(o[x], k_opg, b)


@sized_kernel
def scale_fine(values, o, bits, k_opg, b, inverse, out):
    """Free membrane RANKL from its total, or with `inverse` the total from the free part."""
    nz, ny = values.shape[:2]
    for j in prange(len(o)):
        share = np.empty(o.shape[2], np.float32)
        row = np.empty(2 * o.shape[2], np.float32)
        for k in range(o.shape[1]):
            fill_free(o[j, k], k_opg, b, share)
            if inverse:
                for x in range(len(share)):
                    share[x] = np.float32(1) / share[x]
            widen(share, row)
            for z in range(2 * j, min(2 * j + 2, nz)):
                for y in range(2 * k, min(2 * k + 2, ny)):
                    scale_row(values[z, y], row, bits[z, y], out[z, y])


@kernel
def scale_row(values, row, bits, out):
    """Write values times `row` into open voxels, else 0."""
    zero = np.float32(0)
    for x in range(np.uint64(len(out))):
        w = values[x] * row[x]
        out[x] = w if bits[x] else zero


@kernel
def compute_loss_coarse(free, membrane, o, v, rank, p, kappa):
    """Loss coefficient times pore share of total soluble RANKL; p as in compute_loss_fine.

    `membrane` is the block mean of free membrane RANKL with bone as zero, `rank` that of RANK.
    """
    nz, ny, nx = free.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                w = v[z, y, x]
                loss = 0.0
                if w > 0:
                    phi = free_fraction(o[z, y, x], p[4], p[5])
                    loss = w * (p[1] + (p[0] - p[1]) * phi)
                    bound = p[3] + free[z, y, x] + membrane[z, y, x] / w
                    loss += p[2] * rank[z, y, x] * phi / bound
                kappa[z, y, x] = loss


@kernel
def linearise_opg(o, ligand, s, v, p, kappa, rhs):
    """Newton coefficients of free OPG with the sink kc * ligand * o / (q + o).

    p = (k, kc, q); ligand is total RANKL per whole coarse voxel. The sink is concave, so Newton
    steps rise to the solution from below once negative values are cut.
    """
    nz, ny, nx = o.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                c = max(float(o[z, y, x]), 0.0)
                o[z, y, x] = c
                slope = 0.0
                sink = 0.0
                if p[2] > 0 and v[z, y, x] > 0:
                    d = p[2] + c
                    slope = p[1] * ligand[z, y, x] * p[2] / (d * d)
                    sink = p[1] * ligand[z, y, x] * c / d
                kappa[z, y, x] = p[0] * v[z, y, x] + slope
                rhs[z, y, x] = s[z, y, x] - sink + slope * c


@kernel
def compute_complex(ligand, o, v, k_opg, b, out):
    """RANKL bound to OPG (pM in the pore space) from total ligand per whole coarse voxel."""
    nz, ny, nx = o.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                w = np.float32(0)
                if v[z, y, x] > 0 and k_opg > 0:
                    phi = free_fraction(o[z, y, x], k_opg, b)
                    w = np.float32(ligand[z, y, x] / v[z, y, x] * phi * o[z, y, x] / k_opg)
                out[z, y, x] = w
