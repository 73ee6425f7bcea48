"""Local thickness and all structural metrics of one specimen; the image goes to the peer too."""

import numpy as np

from bench_worker import Setting, time_call
from cases.common import VOXEL, make_fraction

QUICK_EDGE = 24


def prepare(setting: Setting):
    """Make the specimen: bone, closed at its sides as an image of a biopsy is."""
    from trabecula.kernels.compile import set_threads
    from trabecula.morphometry import measure_structure
    from trabecula.morphometry.thickness import (
        compute_local_thickness,
        measure_number,
        measure_thickness,
    )

    set_threads(1)
    edge = QUICK_EDGE if setting.quick else setting.edge
    mask = make_fraction(edge) >= 0.5
    np.save(setting.folder / "specimen.npy", mask)
    kept: dict[str, float] = {}

    def thickness() -> None:
        local = compute_local_thickness(mask, False)
        kept["tb_th_map"] = float(local[mask].mean(dtype=float)) * VOXEL

    def everything(image=mask) -> None:
        kept.update(measure_structure(image, VOXEL, False, True))

    def by_spheres() -> None:
        """What the peer measures, and no more."""
        mask.mean()
        measure_thickness(mask, False)
        measure_thickness(~mask, False)
        measure_number(mask, False)

    def repeat() -> dict[str, float]:
        thickness_cpu, _ = time_call(thickness)
        same_cpu, _ = time_call(by_spheres)
        all_cpu, all_wall = time_call(everything)
        return {
            "thickness_cpu": thickness_cpu,
            "same_cpu": same_cpu,
            "cpu": all_cpu,
            "wall": all_wall,
            **kept,
        }

    everything(mask[:24, :24, :24])  # compiles what is not compiled yet
    return repeat
