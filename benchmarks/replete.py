"""A young adult's bone for benchmarks: made from a configuration, not yet lived, replete."""

from collections.abc import Sequence
from pathlib import Path

CONFIG = Path(__file__).parents[1] / "configs" / "young_adult.yaml"


def make_model(edge: int, seed: int = 1, sets: Sequence[str] = ()):
    """Return the configuration and the model of a cube of `edge` voxels, structure and life of `seed`.

    Imported late, since the number of threads is set before numba is imported.
    """
    from trabecula.config import load_config
    from trabecula.hormones import make_signals
    from trabecula.model import TrabeculaModel
    from trabecula.model.genesis import make_state
    from trabecula.specimen import make_specimen

    asked = [
        f"lattice.shape=[{edge}, {edge}, {edge}]",
        f"seed={seed}",
        f"lattice.seed={seed}",
        *sets,
    ]
    config = load_config(CONFIG, asked)
    lattice = config.lattice
    specimen = make_specimen(
        lattice.shape, lattice.voxel, lattice.bv_tv, lattice.tb_th, lattice.anisotropy, seed
    )
    signals = make_signals(config)
    state = make_state(
        specimen.fraction, specimen.voxel, specimen.sides, seed, config.step, config.parameters,
        signals,
    )  # fmt: skip
    return config, TrabeculaModel(config, state, replete=True)
