"""Words for what a mechanical test gives: key to (symbol, long name, unit)."""

METRICS: dict[str, tuple[str, str, str]] = {
    "stiffness": ("K", "force per displacement between platens", "N/mm"),
    "apparent_modulus": ("E.app", "stress per strain between platens", "MPa"),
    "sed_mean": ("SED", "mean strain energy density at the bone's voxel centres", "MPa"),
    "pistoia_factor": ("f.fail", "factor on the load at which the specimen fails", "1"),
    "failure_load": ("F.fail", "force at which the specimen fails", "N"),
}
