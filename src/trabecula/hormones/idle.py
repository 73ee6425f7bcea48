"""Which rows of the parameter table do nothing to a replete bone, so that its spin-up can be shared.

Under a young adult's hormones every multiplier of a rule is exactly 1 and no drug is there, so that
rules, drugs and glands cannot move a bone before its levels leave the young adult's.
"""

from trabecula.config.parameters import Parameters
from trabecula.hormones.arms import make_arms
from trabecula.state.signals import Signals

IDLE = ("hormones.", "drugs.", "glands.", "fields.denosumab.", "fields.opg_fc.")
"""Beginnings of the keys of such rows."""

REFERENCE = ("hormones.female.", "hormones.male.", "hormones.reference.")
"""Of these, what the young adult's levels are: they make the replete bone."""


def is_idle_when_replete(key: str) -> bool:
    """Whether a row acts only once levels or doses differ from a replete young adult's."""
    return key.startswith(IDLE) and not key.startswith(REFERENCE)


def rest_signals(signals: Signals, parameters: Parameters, sex: str) -> None:
    """Bring the answers of a replete bone's rules to rest under `parameters`.

    They are at rest under any table, but where that is depends on it.
    """
    for arm in make_arms(parameters, sex):
        signals.lagged[arm.name] = arm.at_rest
