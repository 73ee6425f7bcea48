"""What must close at every step, exactly."""

from trabecula.base.errors import LedgerError
from trabecula.kernels.mineral import sum_quanta
from trabecula.state import State


def count_matrix(state: State) -> int:
    """Matrix on the lattice (quanta)."""
    return int(sum_quanta(state.lattice.matrix))


def count_bound(state: State) -> int:
    """Coupling factor bound to surfaces (quanta)."""
    return int(sum_quanta(state.lattice.bound))


def count_carried(state: State) -> int:
    """Coupling factor carried by osteoblasts (quanta)."""
    return int(state.cells.osteoblasts.rows.dose.sum())


def check_ledgers(state: State) -> None:
    """Compare what is there with what the ledgers say must be there.

    Raises
    ------
    LedgerError
        If matrix differs from start + formed - resorbed - cleared, or released and granted coupling
        factor from bound + carried + spent + lost + faded, by as little as one quantum.
    """
    matrix, volume = count_matrix(state), state.volume
    if matrix != volume.expected:
        msg = (
            f"day {state.clock.time:g}: the lattice holds {matrix} quanta of matrix, the volume "
            f"ledger {volume.expected} (start {volume.start} + formed {volume.formed} - resorbed "
            f"{volume.resorbed} - cleared {volume.cleared}); the state cannot be trusted, go back to "
            "the last checkpoint"
        )
        raise LedgerError(msg)
    coupling = state.coupling
    bound, carried = count_bound(state), count_carried(state)
    held = bound + carried + coupling.spent + coupling.lost + coupling.faded
    if coupling.released + coupling.granted != held:
        msg = (
            f"day {state.clock.time:g}: {coupling.released} quanta of coupling factor were "
            f"released and {coupling.granted} granted, {held} are accounted for (bound {bound}, "
            f"carried {carried}, spent {coupling.spent}, lost {coupling.lost}, faded "
            f"{coupling.faded}); go back to the last checkpoint"
        )
        raise LedgerError(msg)
