"""What several cases need of Trabecula: bones, states, fields in them."""

from functools import lru_cache
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / "configs"
VOXEL = 20.0
MENOPAUSE = ("estradiol=15", "progesterone=0.2", "testosterone=24", "fsh=80")
"""Serum levels after menopause, in the units of the schema."""


def warm_engine(**settings) -> None:
    """Compile or load every kernel of a living bone, on a small one, before anything is timed."""
    from trabecula.kernels.compile import get_max_threads, set_threads

    for threads in {1, get_max_threads()}:
        set_threads(threads)
        model = make_model(24, **settings)
        live(model, 7)
        model.sampler.sample(model.state, True)
    make_model(76, **settings)  # above the size from which kernels run in parallel
    set_threads(1)


def make_model(edge: int, mechanics: bool = True, seed: int = 1, settings: tuple[str, ...] = ()):
    """Return the model of a generated cube of `edge` voxels after menopause, at rest, day 0."""
    from trabecula.base.codes import Sides
    from trabecula.config import load_config
    from trabecula.hormones import make_signals
    from trabecula.model import TrabeculaModel
    from trabecula.model.genesis import make_state

    asked = [f"lattice.shape=[{edge},{edge},{edge}]", f"seed={seed}", f"lattice.seed={seed}"]
    asked += [f"hormones.levels.{level}" for level in MENOPAUSE]
    asked += [] if mechanics else ["mechanics=off"]
    config = load_config(CONFIGS / "menopause.yaml", [*asked, *settings])
    signals, step = make_signals(config), config.step
    fraction = make_fraction(edge, seed)
    state = make_state(fraction, VOXEL, Sides.PERIODIC, seed, step, config.parameters, signals)
    return TrabeculaModel(config, state)


@lru_cache(maxsize=1)
def make_fraction(edge: int, seed: int = 1):
    """Return the bone fraction of a generated cube, shape (z, y, x), 0..1: menopause's bone."""
    from trabecula.specimen import make_specimen

    return make_specimen((edge,) * 3, VOXEL, 0.18, 150.0, 1.3, seed).fraction


def live(model, days: int) -> None:
    """Live some days, measuring included, nothing timed."""
    from trabecula.model.plan import run_step

    for _ in range(days):
        run_step(model.plan, model.state)
        model.sampler.sample(model.state, False)
