"""The balance of a bone, in minutes: what the study under benchmarks/ shows in hours, in the small.

Hot plates, all of whose osteocytes call: sites open at once and everywhere, so that a few hundred
days of some small lattices hold enough resorption to compare.
"""

import numpy as np
import pytest

from bones import live, make_living
from trabecula.base.codes import FULL, HALF
from trabecula.kernels.space import make_ball

SEEDS = (1, 2, 3, 4)


def live_hot(days, seeds=SEEDS, rules=None, **overrides):
    """Pooled end states of plates whose every osteocyte calls."""
    states = []
    for seed in seeds:
        state, parameters = make_living(seed=seed, **overrides)
        state.cells.osteocytes.rows.stress[:] = 20.0
        live(state, parameters, days, rules=rules)
        states.append(state)
    return states


def measure_unevenness(states):
    """Mean share of bone around the floor of what was opened: deep holes have more of it."""
    shares = []
    ball = make_ball(3.0)
    for state in states:
        bone = state.lattice.matrix >= HALF
        opened = np.argwhere(state.lattice.eroded.astype(bool) & ~bone)
        for place in opened:
            around = (place + ball) % bone.shape
            shares.append(bone[tuple(around.T)].mean())
    return float(np.mean(shares))


def test_osteoclasts_that_creep_to_open_ground_dig_flatter():
    """Over eight plates; two halves of them differed by 0.011 and 0.006."""
    holes, trenches = (
        measure_unevenness(live_hot(25, range(1, 9), **{"cells.osteoclast.levelling": power}))
        for power in (0.0, 5.0)
    )
    assert trenches < holes - 0.003


def test_an_osteoclast_that_needs_room_leaves_deep_places():
    """Of what eight plates have lost, the third layer and below: 8 % where hardly any room is needed."""
    deep = []
    for room in (0.1, 0.345):
        states = live_hot(25, range(1, 9), **{"cells.osteoclast.room": room})
        layers = np.concatenate([
            state.lattice.layer[(state.lattice.eroded > 0) & (state.lattice.matrix < HALF)]
            for state in states
        ])  # fmt: skip
        deep.append(float((layers >= 2).mean()))
    assert deep[0] > 0.04
    assert deep[1] < 0.2 * deep[0]


@pytest.mark.parametrize(
    ("rule", "resorbs"), [("resorption", False), ("coupling", True), ("differentiation", False)]
)
def test_without_a_rule_nothing_is_formed_and_mostly_nothing_resorbed(rule, resorbs):
    """No resorption without osteoclasts at work; no formation where no factor is released."""
    states = live_hot(60, SEEDS[:2], rules={rule: False})
    resorbed = sum(state.volume.resorbed for state in states)
    formed = sum(state.volume.formed for state in states)
    assert resorbed > 100 * FULL if resorbs else resorbed == 0
    assert formed == 0


def test_without_triggering_no_site_begins():
    """Plates whose osteocytes are quiet: only new clusters of dying cells call osteoclasts."""
    begun = []
    for on in (True, False):
        state, parameters = make_living(seed=1)
        state.cells.osteocytes.rows.stress[:] = 0.0
        live(state, parameters, 100, rules={"triggering": on})
        begun.append((state.events.get("clusters", 0), state.volume.resorbed))
    assert begun[0][0] > 0
    assert begun[0][1] > 10 * FULL
    assert begun[1] == (0, 0)


def test_what_is_laid_down_follows_what_was_released():
    """Matrix per factor spent is the gain under the local sclerostin, within its extremes."""
    for state in live_hot(120, SEEDS[:2]):
        books = state.coupling
        assert books.released == state.volume.resorbed
        assert state.volume.formed > 0
        assert 0.2 < state.volume.formed / books.spent < 3.2
