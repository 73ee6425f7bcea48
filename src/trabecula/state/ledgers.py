"""The two conserved quantities: matrix, and the coupling factor that resorption sets free."""

from dataclasses import dataclass, field


@dataclass
class VolumeLedger:
    """Matrix in quanta: start + formed - resorbed - cleared is what the lattice must hold, exactly.

    Osteoclasts resorb; what nothing holds is cleared away.
    """

    start: int = 0
    formed: int = 0
    resorbed: int = 0
    cleared: int = field(default=0, metadata={"is_late": True})

    @property
    def expected(self) -> int:
        """Quanta that the lattice must hold now."""
        return self.start + self.formed - self.resorbed - self.cleared


@dataclass
class CouplingLedger:
    """Coupling factor in quanta: what came equals what is there and what went, exactly.

    released + granted = bound + carried + spent + lost + faded. Resorption releases factor, strained
    osteocytes grant it.

    Bound factor lies on the lattice and carried factor in osteoblasts; only totals that are gone
    from both are kept here.
    """

    released: int = 0
    granted: int = 0
    spent: int = 0
    lost: int = 0
    faded: int = 0
