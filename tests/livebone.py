"""Small bones that tests live in."""

import numpy as np

from trabecula.base.codes import Sides
from trabecula.cells import make_stages
from trabecula.config import load_parameters
from trabecula.fields import step_fields
from trabecula.lattice import check_ledgers, step_mineralisation
from trabecula.model.genesis import make_state
from trabecula.state import Signals

LIVELY = {"cells.osteocyte.trigger": 1.0e-4, "cells.bone.young": 60.0}


def make_slab(shape=(16, 20, 18), thickness=8):
    """A plate of bone across the lattice, marrow on both sides, with a half-filled skin."""
    fraction = np.zeros(shape, np.float32)
    low = (shape[0] - thickness) // 2
    fraction[low : low + thickness] = 1.0
    fraction[low + thickness] = 0.25
    return fraction


def make_bone(seed=1, sides=Sides.PERIODIC, **overrides):
    """The slab as a living state, with parameters."""
    parameters = load_parameters({**LIVELY, **overrides})
    signals = Signals()
    signals.levels["testosterone"] = 30.0
    state = make_state(make_slab(), 20.0, sides, seed, 1.0, parameters, signals)
    return state, parameters


def live(state, parameters, days, rules=None, sources=None, watch=None):
    """Live on for some days, ledgers checked daily."""
    stages = make_stages(state, parameters, rules or {})
    for _ in range(days):
        step_fields(state, parameters, sources or {})
        for stage in stages:
            stage.step(state)
        step_mineralisation(
            state,
            parameters["lattice.mineral.lag"],
            parameters["lattice.mineral.primary"],
            parameters["lattice.mineral.secondary_time"],
        )
        check_ledgers(state)
        if watch is not None:
            watch(state)
        state.clock.step += 1
    return state
