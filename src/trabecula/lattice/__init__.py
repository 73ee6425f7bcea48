"""Floor 3: matrix, osteoid and mineral of every voxel, and the exact ledgers."""

from trabecula.lattice.build import make_lattice, settle_mineral
from trabecula.lattice.ledger import check_ledgers, count_bound, count_carried, count_matrix
from trabecula.lattice.mineral import step_mineralisation

__all__ = [
    "check_ledgers",
    "count_bound",
    "count_carried",
    "count_matrix",
    "make_lattice",
    "settle_mineral",
    "step_mineralisation",
]
