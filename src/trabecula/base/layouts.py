"""The named tuples of arrays that kernels take and files hold."""

import math
from typing import Annotated, NamedTuple

from trabecula.base.columns import Array, Column

NAN = math.nan


class Lattice(NamedTuple):
    """Per-voxel arrays, each of shape (z, y, x)."""

    matrix: Annotated[Array, Column("u2", "1/32768", "matrix (osteoid and mineralised) in quanta")]
    osteoid: Annotated[Array, Column("u2", "1/32768", "unmineralised part of the matrix in quanta")]
    mineral: Annotated[Array, Column("f4", "1", "degree of mineralisation of the mineralised part")]
    formed: Annotated[Array, Column("f4", "d", "time at which matrix was last laid down", -1e6)]
    resorbed: Annotated[Array, Column("f4", "d", "time at which matrix was last taken", -1e6)]
    bound: Annotated[Array, Column("i4", "1/32768", "coupling factor bound to the eroded surface")]
    site: Annotated[Array, Column("i4", "1", "identity of the last remodelling site, 0 for none")]
    eroded: Annotated[Array, Column("u1", "1", "1 where resorption opened the voxel")]
    layer: Annotated[
        Array, Column("u1", "voxel", "depth below the surface on which the site began")
    ]


class Precursors(NamedTuple):
    """Osteoclast precursors in the marrow."""

    uid: Annotated[Array, Column("u8", "1", "identity: hash of kind, birth place, step and parent")]
    voxel: Annotated[Array, Column("i8", "1", "flat index (z, y, x) of the voxel")]
    born: Annotated[Array, Column("f8", "d", "time of birth")]


class Osteoclasts(NamedTuple):
    """Mononuclear and multinucleate osteoclasts on the surface."""

    uid: Annotated[Array, Column("u8", "1", "identity: hash of kind, birth place, step and parent")]
    voxel: Annotated[Array, Column("i8", "1", "flat index (z, y, x) of the open voxel it sits in")]
    born: Annotated[Array, Column("f8", "d", "time of birth")]
    nuclei: Annotated[Array, Column("i4", "1", "number of nuclei")]
    site: Annotated[Array, Column("i4", "1", "remodelling site it works in, 0 before its first")]
    carry: Annotated[Array, Column("f8", "1/32768", "resorption owed, below one quantum")]
    idle: Annotated[Array, Column("f4", "d", "time at its site since it last resorbed")]
    work: Annotated[Array, Column("f4", "um^3/d", "matrix resorbed in the last step")]


class Osteoblasts(NamedTuple):
    """Preosteoblasts and active osteoblasts on the surface."""

    uid: Annotated[Array, Column("u8", "1", "identity: hash of kind, birth place, step and parent")]
    voxel: Annotated[Array, Column("i8", "1", "flat index (z, y, x) of the open voxel it sits in")]
    born: Annotated[Array, Column("f8", "d", "time of birth")]
    stage: Annotated[
        Array,
        Column(
            "u1",
            "1",
            "0 preosteoblast, 1 active; 2 osteocyte, 3 lining, 4 dead by the end of a step",
        ),
    ]
    dose: Annotated[Array, Column("i4", "1/32768", "coupling factor carried")]
    carry: Annotated[Array, Column("f8", "1/32768", "apposition owed, below one quantum")]
    rest: Annotated[
        Array, Column("f8", "1/32768", "dose owed for matrix laid down, below one quantum")
    ]
    site: Annotated[Array, Column("i4", "1", "remodelling site it works in")]


class LiningCells(NamedTuple):
    """Flat cells that close the quiet surface."""

    uid: Annotated[Array, Column("u8", "1", "identity: hash of kind, birth place, step and parent")]
    voxel: Annotated[Array, Column("i8", "1", "flat index (z, y, x) of the open voxel it covers")]
    born: Annotated[Array, Column("f8", "d", "time of birth")]


class Osteocytes(NamedTuple):
    """Cells buried in matrix."""

    uid: Annotated[Array, Column("u8", "1", "identity: hash of kind, birth place, step and parent")]
    voxel: Annotated[Array, Column("i8", "1", "flat index (z, y, x) of the bone voxel it lies in")]
    born: Annotated[Array, Column("f8", "d", "time of burial")]
    outlet: Annotated[
        Array, Column("i8", "1", "flat index of the nearest open voxel, -1 if out of reach", -1)
    ]
    reach: Annotated[Array, Column("f4", "um", "distance to the outlet")]
    stress: Annotated[
        Array, Column("f4", "1", "excess RANKL emission as bystander of dead neighbours")
    ]
    stimulus: Annotated[
        Array, Column("f4", "1", "strain energy around it, relative to the reference", 1.0)
    ]
    secretion: Annotated[Array, Column("f4", "1", "factor of strain on its sclerostin", 1.0)]
    unrest: Annotated[Array, Column("f4", "1", "factor of strain on its triggering", 1.0)]
    calling: Annotated[Array, Column("f4", "1", "share of its full grant of coupling factor")]


class Sites(NamedTuple):
    """The BMU ledger: one row per remodelling site; row i has identity i + 1."""

    activated: Annotated[Array, Column("f8", "d", "time of activation")]
    voxel: Annotated[Array, Column("i8", "1", "flat index of the voxel where it began")]
    phase: Annotated[
        Array, Column("u1", "1", "0 resorption 1 reversal 2 formation 3 complete 4 abandoned")
    ]
    first_resorbed: Annotated[Array, Column("f8", "d", "first resorption", NAN)]
    last_resorbed: Annotated[Array, Column("f8", "d", "last resorption", NAN)]
    first_formed: Annotated[Array, Column("f8", "d", "first apposition", NAN)]
    last_formed: Annotated[Array, Column("f8", "d", "last apposition", NAN)]
    ended: Annotated[Array, Column("f8", "d", "return to quiescence", NAN)]
    resorbed: Annotated[Array, Column("i8", "1/32768", "matrix removed, in quanta")]
    formed: Annotated[Array, Column("i8", "1/32768", "matrix laid down, in quanta")]
    resorbed_mean: Annotated[Array, Column("f8", "d", "mean time of resorption after activation")]
    resorbed_spread: Annotated[Array, Column("f8", "d^2", "variance of the time of resorption")]
    formed_mean: Annotated[Array, Column("f8", "d", "mean time of apposition after activation")]
    formed_spread: Annotated[Array, Column("f8", "d^2", "variance of the time of apposition")]
    reversal: Annotated[
        Array, Column("f8", "d", "last resorption to first apposition, summed over its places")
    ]
    reversed: Annotated[Array, Column("i4", "voxel", "places where apposition followed resorption")]
    mouth: Annotated[
        Array, Column("i4", "voxel", "surface voxels of the first layer that it eroded")
    ]
    opened: Annotated[Array, Column("f8", "um^2", "area of that surface", is_late=True)]
    deepest: Annotated[Array, Column("i4", "voxel", "deepest layer that it opened")]
    nuclei_days: Annotated[Array, Column("f8", "d", "osteoclast nuclei times days of work")]
    nuclei_peak: Annotated[Array, Column("i4", "1", "most nuclei in one of its osteoclasts")]
