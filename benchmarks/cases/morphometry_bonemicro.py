"""The specimen of ``morphometry`` by bone-microarchitecture: Tb.Th, Tb.Sp, Tb.N by spheres.

It measures no connectivity, surface or anisotropy, which are in the other's time; its spheres that
reach beyond the image are left out, as ours are.
"""

import numpy as np

from bench_worker import Setting, time_call

VOXEL_MM = 0.02


def prepare(setting: Setting):
    """Read the specimen."""
    from bone_microarchitecture import compute_microarchitecture, hildebrand_thickness_map

    mask = np.load(setting.folder / "specimen.npy")
    whole, spacing = np.ones_like(mask), (VOXEL_MM,) * 3
    kept: dict[str, float] = {}

    def thickness() -> None:
        local = hildebrand_thickness_map(mask, spacing, backend="cpu")
        values = local[mask]
        kept["tb_th_map"] = 1000.0 * float(values[values > 0].mean(dtype=float))

    def everything() -> None:
        found = compute_microarchitecture(
            periosteal_mask=whole, trabecular_mask=whole, bone_mask=mask, spacing=spacing,
            thickness_backend="cpu",
        ).measurements  # fmt: skip
        kept.update(bv_tv=found["Tb.BV/TV"], tb_n=found["Tb.N"])
        kept.update(tb_th=1000.0 * found["Tb.Th"], tb_sp=1000.0 * found["Tb.Sp"])

    def repeat() -> dict[str, float]:
        thickness_cpu, _ = time_call(thickness)
        all_cpu, all_wall = time_call(everything)
        return {"thickness_cpu": thickness_cpu, "cpu": all_cpu, "wall": all_wall, **kept}

    return repeat
