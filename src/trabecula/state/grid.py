"""The lattice's geometry: shape, voxel size, and what lies beyond its sides."""

from dataclasses import dataclass

from trabecula.base.codes import SURFACE_PER_VOXEL, Sides


@dataclass(frozen=True)
class Grid:
    """A regular grid of cubic voxels.

    Parameters
    ----------
    shape
        Number of voxels along z, y, x.
    voxel
        Edge of a voxel (um).
    sides
        Periodic or mirrored continuation.
    """

    shape: tuple[int, int, int]
    voxel: float
    sides: Sides

    @property
    def size(self) -> int:
        """Number of voxels."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel (um^3)."""
        return self.voxel**3

    @property
    def voxel_surface(self) -> float:
        """Mean surface of an open voxel beside bone (um^2)."""
        return SURFACE_PER_VOXEL * self.voxel**2

    @property
    def volume(self) -> float:
        """Tissue volume (mm^3)."""
        return self.size * self.voxel_volume * 1e-9

    @property
    def periodic(self) -> bool:
        """Whether the lattice repeats itself."""
        return self.sides == Sides.PERIODIC

    def to_zyx(self, flat: int) -> tuple[int, int, int]:
        """Return the (z, y, x) of a flat index."""
        _, ny, nx = self.shape
        return flat // (ny * nx), flat // nx % ny, flat % nx
