"""Mass action of RANKL with OPG, other binders and RANK, voxel by voxel in float64."""

import numpy as np


def refine(coarse, shape):
    """Every coarse value on the fine voxels of its block."""
    for axis in range(3):
        coarse = coarse.repeat(2, axis)
    return coarse[tuple(slice(n) for n in shape)].astype(float)


def free_fraction(o, k_opg, b):
    """1 / (B + o/K); without OPG binding 1 / B."""
    return 1 / (b + (np.asarray(o, float) / k_opg if k_opg > 0 else 0))


def compute_loss(phi, rank, free, p):
    """Free decays, complex is cleared, free binds RANK and is taken in."""
    k, kc, ki, kd = p[:4]
    return k * phi + kc * (1 - phi) + ki * rank * phi / (kd + free)


def compute_loss_fine(free, soluble, o, bits, rank, p, kappa):
    shape = free.shape
    phi = free_fraction(refine(o, shape), p[4], p[5])
    loss = compute_loss(phi, rank.astype(float), free + refine(soluble, shape), p)
    kappa[...] = np.where(bits > 0, loss, 0)


def scale_fine(values, o, bits, k_opg, b, inverse, out):
    phi = free_fraction(refine(o, values.shape), k_opg, b)
    out[...] = np.where(bits > 0, values / phi if inverse else values * phi, 0)


def compute_loss_coarse(free, membrane, o, v, rank, p, kappa):
    """Per whole voxel; where there is pore, membrane RANKL is held by the pore alone."""
    for place in np.ndindex(v.shape):
        pore = float(v[place])
        kappa[place] = 0
        if pore > 0:
            phi = free_fraction(o[place], p[4], p[5])
            there = free[place] + membrane[place] / pore
            lost = compute_loss(phi, rank[place] / pore, there, p)
            kappa[place] = pore * lost


def linearise_opg(o, ligand, s, v, p, kappa, rhs):
    """Tangent at o of decay and sink: kappa its slope, rhs the source less what the slope misses."""
    k, kc, q = p

    def sink(c, total):
        return kc * total * c / (q + c) if q > 0 else 0.0

    o[...] = np.maximum(o, 0)
    for place in np.ndindex(v.shape):
        pore, c, total = float(v[place]), float(o[place]), float(ligand[place])
        slope = 0.0
        if pore > 0 and q > 0:
            small = 1e-4 * q
            slope = (sink(c + small, total) - sink(c - small, total)) / (2 * small)
        kappa[place] = k * pore + slope
        rhs[place] = float(s[place]) - (sink(c, total) if pore > 0 else 0) + slope * c


def compute_complex(ligand, o, v, k_opg, b, out):
    for place in np.ndindex(v.shape):
        out[place] = 0
        if v[place] > 0 and k_opg > 0:
            free = float(ligand[place]) / float(v[place]) * free_fraction(o[place], k_opg, b)
            out[place] = free * float(o[place]) / k_opg
