"""Keyed draws in Python's own integers: Philox 4x32-10 after Salmon et al. 2011."""

import math

from trabecula.base.codes import Stream

WORD = 2**32


def philox(counter, key):
    """Four words from a counter of four words and a key of two, in ten rounds."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [p1 // WORD ^ c[1] ^ k0, p1 % WORD, p0 // WORD ^ c[3] ^ k1, p0 % WORD]
        k0, k1 = (k0 + 0x9E3779B9) % WORD, (k1 + 0xBB67AE85) % WORD
    return c


def draw_bits(seed, stream, step, identity, index):
    return draw_pair(seed, stream, step, identity, index)[0]


def draw_pair(seed, stream, step, identity, index):
    """Twice 64 bits: identity, step and stream with index are the counter, the seed is the key."""
    seed, identity = int(seed), int(identity)
    tag = int(stream) * 2**16 + int(index) % 2**16
    counter = (identity % WORD, identity // WORD, int(step) % WORD, tag)
    words = philox(counter, (seed % WORD, seed // WORD))
    return words[1] * WORD + words[0], words[3] * WORD + words[2]


def draw(seed, stream, step, identity, index):
    """The upper 53 bits as a number in [0, 1)."""
    return (draw_bits(seed, stream, step, identity, index) >> 11) / 2**53


def draw_below(seed, stream, step, identity, index, bound):
    return math.floor(draw(seed, stream, step, identity, index) * bound)


def happens(moment, stream, identity, index, rate):
    """Whether what comes at `rate` (1/d) comes within the step."""
    u = draw(moment.seed, stream, moment.step, identity, index)
    return u < 1 - math.exp(-rate * moment.dt)


def make_uid(seed, population, voxel, step, parent):
    """Identity of a newborn: odd, so never 0."""
    key = int(parent) ^ int(voxel) * 2**16
    return draw_bits(seed, Stream.IDENTITY, step, key, population) | 1


def fill_uniform(seed, stream, step, out):
    out[:] = [draw(seed, stream, step, i, 0) for i in range(len(out))]


def fill_pairs(seed, stream, step, identities, index, first, second):
    for i, identity in enumerate(identities):
        first[i], second[i] = draw_pair(seed, stream, step, identity, index)


def fill_draws(seed, stream, step, identities, index, out):
    out[:] = [draw(seed, stream, step, identity, index) for identity in identities]


def order_by_draw(seed, step, uid, out):
    out[:] = [draw_bits(seed, Stream.ORDER, step, u, 0) for u in uid]


def fill_uids(seed, population, voxel, out):
    """Founders: those that follow one another in one voxel are told apart by their rank."""
    for i in range(len(out)):
        first = i
        while first > 0 and voxel[first - 1] == voxel[i]:
            first -= 1
        out[i] = make_uid(seed, population, voxel[i], 0, i - first)
