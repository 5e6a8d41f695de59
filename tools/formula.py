"""Weights by a formula, for networks whose trained ones are not at hand: the same bits as examples/common/formula.hpp.

    u(name, i) = 2 * (top 24 bits of splitmix64(fnv1a64(name) + (i + 1) * 0x9e3779b97f4a7c15)) + 1 - 2**24
    value      = centre + float32(u) * float32(bound / 2**24)          uniform from -bound to bound around the centre

u is an odd integer that a float32 holds, so the product rounds once; where there is a centre, the bound is a power of two
and the product is exact, so the sum rounds once. The bound of a weight is He's: sqrt(6 / its inputs), by which an output
is as large as they are.
"""

import math

import numpy as np

GOLDEN_GAMMA = 0x9E3779B97F4A7C15
MASK = 2**64 - 1


def fnv1a64(name):
    result = 0xCBF29CE484222325
    for byte in name.encode():
        result = ((result ^ byte) * 0x100000001B3) & MASK
    return result


def splitmix64(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def values(name, shape, bound, centre=0.0):
    count = math.prod(shape)
    result = np.empty(count, np.float32)
    step = np.float32(bound / 2**24)
    begin = fnv1a64(name)
    with np.errstate(over="ignore"):
        for at in range(0, count, 1 << 22):
            i = np.arange(at + 1, min(count, at + (1 << 22)) + 1, dtype=np.uint64)
            top = splitmix64(np.uint64(begin) + i * np.uint64(GOLDEN_GAMMA)) >> np.uint64(40)
            u = 2 * top.astype(np.int64) + 1 - 2**24
            result[at : at + len(i)] = np.float32(centre) + u.astype(np.float32) * step
    return result.reshape(shape)


def he_bound(inputs):
    return math.sqrt(6 / inputs)
