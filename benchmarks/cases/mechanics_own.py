"""Bone of 100^3 voxels glued between platens and compressed: time, peak memory, stiffness.

The problem of ``mechanics.py``; every solve has a process of its own.
"""

import numpy as np

from bench_worker import Setting

EDGE, QUICK_EDGE, TOLERANCE = 100, 24, 1e-5


def prepare(setting: Setting):
    """Make the bone and leave it for the peers."""
    import mechanics

    bone = mechanics.make_bone(QUICK_EDGE if setting.quick else EDGE)
    place = setting.folder / "bone.npz"
    numbers = {"voxel": mechanics.VOXEL, "strain": mechanics.STRAIN, "tolerance": TOLERANCE}
    np.savez(place, bone=bone, modulus=mechanics.MODULUS, poisson=mechanics.POISSON, **numbers)

    def repeat() -> dict[str, float]:
        return mechanics.run_own(place)

    return repeat
