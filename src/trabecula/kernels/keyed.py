"""Keyed random numbers: Philox 4x32-10, a pure function of (seed, stream, step, identity, index).

Salmon et al. 2011, doi:10.1145/2063384.2063405. The 128-bit counter holds identity (64 bits), step
(32) and stream with draw index (16 + 16); the 64-bit key is the seed. No draw depends on order.
"""

import numpy as np

from trabecula.kernels.compile import inlined, kernel

M0 = np.uint64(0xD2511F53)
M1 = np.uint64(0xCD9E8D57)
W0 = np.uint64(0x9E3779B9)
W1 = np.uint64(0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)
S32 = np.uint64(32)
S16 = np.uint64(16)
S11 = np.uint64(11)
TWO53 = 1.0 / 9007199254740992.0


@kernel
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox 4x32 on 32-bit words held in uint64; returns two 64-bit words."""
    for _ in range(10):
        p0 = M0 * c0
        p1 = M1 * c2
        c0 = ((p1 >> S32) ^ c1 ^ k0) & LOW
        c1 = p1 & LOW
        c2 = ((p0 >> S32) ^ c3 ^ k1) & LOW
        c3 = p0 & LOW
        k0 = (k0 + W0) & LOW
        k1 = (k1 + W1) & LOW
    return (c1 << S32) | c0, (c3 << S32) | c2


_philox_written = inlined(getattr(philox, "py_func", philox))


@kernel
def draw_pair(seed, stream, step, identity, index):
    """Return two words of 64 random bits, the first of them that of :func:`draw_bits`."""
    s = np.uint64(seed)
    i = np.uint64(identity)
    tag = (np.uint64(stream) << S16) | (np.uint64(index) & np.uint64(0xFFFF))
    return philox(i & LOW, i >> S32, np.uint64(step) & LOW, tag & LOW, s & LOW, s >> S32)


@kernel
def fill_pairs(seed, stream, step, identities, index, first, second):
    """Write the two words of :func:`draw_pair` for every identity, several at a time."""
    s, now = np.uint64(seed), np.uint64(step) & LOW
    low, high = s & LOW, s >> S32
    tag = ((np.uint64(stream) << S16) | (np.uint64(index) & np.uint64(0xFFFF))) & LOW
    for r in range(np.uint64(len(identities))):
        i = identities[r]
        first[r], second[r] = _philox_written(i & LOW, i >> S32, now, tag, low, high)


@kernel
def fill_draws(seed, stream, step, identities, index, out):
    """Write the number of :func:`draw` for every identity, several at a time."""
    s, now = np.uint64(seed), np.uint64(step) & LOW
    low, high = s & LOW, s >> S32
    tag = ((np.uint64(stream) << S16) | (np.uint64(index) & np.uint64(0xFFFF))) & LOW
    for r in range(np.uint64(len(identities))):
        i = identities[r]
        word, _ = _philox_written(i & LOW, i >> S32, now, tag, low, high)
        out[r] = (word >> S11) * TWO53


@kernel
def draw_bits(seed, stream, step, identity, index):
    """Return 64 random bits; two calls with equal arguments return equal bits."""
    first, _ = draw_pair(seed, stream, step, identity, index)
    return first


@kernel
def draw(seed, stream, step, identity, index):
    """Return a uniform number in [0, 1) with 53 bits."""
    return (draw_bits(seed, stream, step, identity, index) >> S11) * TWO53


@kernel
def draw_below(seed, stream, step, identity, index, bound):
    """Return a uniform integer in 0 .. bound-1."""
    return int(draw(seed, stream, step, identity, index) * bound)


@kernel
def make_uid(seed, population, voxel, step, parent):
    """Return the identity of a newborn: a hash of kind, birth place, birth step and parent."""
    bits = draw_bits(seed, 1, step, np.uint64(parent) ^ (np.uint64(voxel) << S16), population)
    return bits | np.uint64(1)


@kernel
def fill_uniform(seed, stream, step, out):
    """Fill a flat array with uniform numbers in [0, 1), keyed by their place."""
    for i in range(len(out)):
        out[i] = draw(seed, stream, step, i, 0)


@kernel
def order_by_draw(seed, step, uid, out):
    """Give every row a keyed priority, so that conflicts are settled without regard to place."""
    s, now = np.uint64(seed), np.uint64(step) & LOW
    low, high = s & LOW, s >> S32
    tag = np.uint64(17) << S16
    for r in range(np.uint64(len(out))):
        i = np.uint64(uid[r])
        out[r], _ = _philox_written(i & LOW, i >> S32, now, tag, low, high)


@kernel
def fill_uids(seed, population, voxel, out):
    """Write identities of founders: keyed by kind and place, and by rank where a place holds many."""
    rank = 0
    for i in range(len(out)):
        rank = rank + 1 if i > 0 and voxel[i] == voxel[i - 1] else 0
        out[i] = make_uid(seed, population, voxel[i], 0, rank)
