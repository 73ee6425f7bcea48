"""Concentrations of the diffusing species, on the lattice or on a grid twice as coarse."""

from dataclasses import dataclass

from trabecula.base.codes import Species
from trabecula.base.columns import Array


@dataclass
class FieldStack:
    """Two stacks of concentrations.

    Parameters
    ----------
    fine
        Shape (species, z, y, x), pM, float32; order of `fine_names`.
    coarse
        Shape (species, ceil(z/2), ceil(y/2), ceil(x/2)), pM, float32; order of `coarse_names`.
    unsettled
        Share of free RANKL that the last exchange between RANKL and OPG still moved, 1: what
        binding leaves to the next tick.
    """

    fine_names: tuple[Species, ...]
    coarse_names: tuple[Species, ...]
    fine: Array
    coarse: Array
    unsettled: float = 0.0

    def get(self, species: Species) -> Array:
        """Return the concentration of `species` (pM), a view of shape (z, y, x) on its own grid."""
        if species in self.fine_names:
            return self.fine[self.fine_names.index(species)]  # type: ignore[no-any-return]
        return self.coarse[self.coarse_names.index(species)]  # type: ignore[no-any-return]

    def is_coarse(self, species: Species) -> bool:
        """Whether `species` lives on the coarse grid (voxel (z, y, x) reads (z//2, y//2, x//2))."""
        return species in self.coarse_names
