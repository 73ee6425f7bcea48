"""The rule table: complete, receptors by cell, and every effect that biology asks for is there."""

import pytest

from trabecula.base.codes import Population, Target
from trabecula.base.errors import ConfigError
from trabecula.config import load_rules
from trabecula.config.marks import parse_yaml
from trabecula.config.names import DERIVED_LEVELS, LEVELS
from trabecula.config.rules import UNIT_OF_LEVEL, read_rules

GOOD = """
- name: one
  level: estradiol
  target: death
  cells: [osteoclast, osteoblast]
  direction: "+"
  receptor: {osteoclast: ER-alpha, osteoblast: ER-beta}
  arm: fast
  ec50: [10, 1, 20]
  hill: [1, 1, 4]
  maximum: [0.5, 0, 2]
  lag: [1, 0, 3]
  grade: B
  source: "a paper"
"""

# level, target, population, sign with which a rise of the level acts
WANTED = [
    ("estradiol", Target.OPG_PRODUCTION, Population.OSTEOBLAST, 1),
    ("estradiol", Target.OPG_PRODUCTION, Population.OSTEOCYTE, 1),
    ("estradiol", Target.OPG_PRODUCTION, Population.LINING, 1),
    ("estradiol", Target.RANKL_PRODUCTION, Population.OSTEOCYTE, -1),
    ("estradiol", Target.RANKL_PRODUCTION, Population.OSTEOBLAST, -1),
    ("estradiol", Target.RANKL_PRODUCTION, Population.LINING, -1),
    ("estradiol", Target.RANKL_PRODUCTION, Population.MARROW, -1),
    ("estradiol", Target.RANKL_RETENTION, Population.OSTEOBLAST, -1),
    ("estradiol", Target.IL1_PRODUCTION, Population.MARROW, -1),
    ("estradiol", Target.IL6_PRODUCTION, Population.MARROW, -1),
    ("estradiol", Target.TNF_PRODUCTION, Population.MARROW, -1),
    ("estradiol", Target.SCLEROSTIN_PRODUCTION, Population.OSTEOCYTE, -1),
    ("estradiol", Target.DEATH, Population.OSTEOCLAST, 1),
    ("estradiol", Target.DEATH, Population.OSTEOBLAST, -1),
    ("estradiol", Target.DEATH, Population.OSTEOCYTE, -1),
    ("estradiol", Target.TRIGGER_RATE, Population.OSTEOCYTE, -1),
    ("testosterone", Target.OPG_PRODUCTION, Population.OSTEOBLAST, -1),
    ("testosterone", Target.DEATH, Population.OSTEOBLAST, -1),
    ("sex_steroid_loss", Target.TRIGGER_RATE, Population.OSTEOCYTE, 1),
    ("sex_steroid_loss", Target.DEATH, Population.OSTEOCLAST, -1),
    ("igf1", Target.RECRUITMENT, Population.OSTEOBLAST, 1),
    ("igf1", Target.SYNTHESIS, Population.OSTEOBLAST, 1),
    ("igf1", Target.GAIN, Population.OSTEOBLAST, 1),
    ("igf1", Target.RANKL_PRODUCTION, Population.OSTEOBLAST, 1),
    ("igf1", Target.OPG_PRODUCTION, Population.OSTEOBLAST, -1),
    ("igf1", Target.TRIGGER_RATE, Population.OSTEOCYTE, 1),
    ("progesterone", Target.SYNTHESIS, Population.OSTEOBLAST, 1),
    ("progesterone", Target.GAIN, Population.OSTEOBLAST, 1),
    ("glucocorticoid", Target.SYNTHESIS, Population.OSTEOBLAST, -1),
    ("glucocorticoid", Target.DEATH, Population.OSTEOBLAST, 1),
    ("glucocorticoid", Target.DEATH, Population.OSTEOCYTE, 1),
    ("glucocorticoid", Target.DEATH, Population.OSTEOCLAST, -1),
    ("glucocorticoid", Target.OPG_PRODUCTION, Population.OSTEOBLAST, -1),
    ("pth", Target.RANKL_PRODUCTION, Population.OSTEOBLAST, 1),
    ("inflammation", Target.IL1_PRODUCTION, Population.MARROW, 1),
    ("inflammation", Target.IL6_PRODUCTION, Population.MARROW, 1),
    ("inflammation", Target.TNF_PRODUCTION, Population.MARROW, 1),
    ("inflammation", Target.RANKL_PRODUCTION, Population.MARROW, 1),
    ("tnf_excess", Target.TRIGGER_RATE, Population.OSTEOCYTE, 1),
    ("tnf_excess", Target.SCLEROSTIN_PRODUCTION, Population.OSTEOCYTE, 1),
    ("oxidative_stress", Target.DEATH, Population.OSTEOCYTE, 1),
    ("oxidative_stress", Target.DEATH, Population.OSTEOBLAST, 1),
    ("oxidative_stress", Target.TRIGGER_RATE, Population.OSTEOCYTE, 1),
    ("bisphosphonate", Target.RESORPTION_ACTIVITY, Population.OSTEOCLAST, -1),
    ("age", Target.TRIGGER_RATE, Population.OSTEOCYTE, 1),
    ("age", Target.GAIN, Population.OSTEOBLAST, -1),
]


def test_every_wanted_effect_has_its_sign() -> None:
    table = {
        (rule.level, rule.target, cell): rule.direction
        for rule in load_rules()
        for cell in rule.cells
    }
    for level, target, cell, sign in WANTED:
        assert table[level, target, cell] == sign, (level, target, cell)


def test_names_differ_and_every_level_has_a_rule_and_a_unit() -> None:
    rules = load_rules()
    assert len({rule.name for rule in rules}) == len(rules)
    assert {*LEVELS, *DERIVED_LEVELS} == {rule.level for rule in rules}
    assert set(UNIT_OF_LEVEL) == {*LEVELS, *DERIVED_LEVELS}


def test_every_rule_names_the_receptor_of_each_cell() -> None:
    for rule in load_rules():
        assert set(rule.receptor) == set(rule.cells)
        assert all(isinstance(name, str) and name for name in rule.receptor.values())
    receptors = {name for rule in load_rules() for name in rule.receptor.values()}
    assert receptors >= {"ER-alpha", "ER-beta", "AR", "PR", "IGF1R", "GR"}


def test_estrogen_has_a_fast_and_a_slow_arm() -> None:
    rules = {rule.name: rule for rule in load_rules()}
    lag = {
        name: next(r.value for r in rule.rows if r.key.endswith("lag"))
        for name, rule in rules.items()
    }
    assert rules["estrogen_osteoclast_death"].arm == "fast"
    assert rules["estrogen_rankl_hold"].arm == "fast"
    assert rules["estrogen_trigger"].arm == "slow"
    assert lag["estrogen_osteoclast_death"] <= 3
    assert lag["estrogen_rankl_hold"] < 1
    assert 30 <= lag["estrogen_trigger"] <= 60


def test_every_maximum_may_be_zero_and_no_inhibition_exceeds_all() -> None:
    for rule in load_rules():
        [row] = [row for row in rule.rows if row.key.endswith(".maximum")]
        assert row.low == 0
        assert rule.direction == 1 or row.high <= 1


def test_a_good_rule_is_read() -> None:
    [rule] = read_rules(parse_yaml(GOOD, "r.yaml"))
    assert rule.receptor == {Population.OSTEOCLAST: "ER-alpha", Population.OSTEOBLAST: "ER-beta"}
    assert [row.key for row in rule.rows] == [
        f"hormones.one.{number}" for number in ("ec50", "hill", "maximum", "lag")
    ]


def test_what_was_tuned_is_the_maximum_or_what_is_named() -> None:
    def read(tuned: str) -> dict[str, str]:
        text = GOOD.replace("arm: fast", f"arm: fast\n  tuned: {tuned}")
        [rule] = read_rules(parse_yaml(text, "r.yaml"))
        return {row.key.rsplit(".", 1)[1]: row.tuned for row in rule.rows if row.tuned}

    assert read('"a trial"') == {"maximum": "a trial"}
    assert read("{ec50: a dose, hill: a slope}") == {"ec50": "a dose", "hill": "a slope"}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("level: estradiol", "level: estrogen", "level 'estrogen'"),
        ("target: death", "target: bv_tv", "target 'bv_tv'"),
        ("[osteoclast, osteoblast]", "[osteoclast, fat]", "cells ['osteoclast', 'fat']"),
        ("[osteoclast, osteoblast]", "[osteoclast]", "receptors of osteoclast, osteoblast"),
        ('direction: "+"', 'direction: "up"', "direction 'up'"),
        ("arm: fast", "arm: quick", "arm 'quick'"),
        ("ec50: [10, 1, 20]", "ec50: [30, 1, 20]", "ec50: value 30"),
        ("ec50: [10, 1, 20]", "ec50: 10", "ec50: value None"),
        ("  hill: [1, 1, 4]\n", "", "no hill"),
        ('source: "a paper"', 'source: " "', "ec50: an empty source"),
        ("grade: B", "grade: X", "ec50: grade 'X'"),
        ("arm: fast", "arm: fast\n  extra: 1", "a field extra"),
        ('direction: "+"', 'direction: "-"', "an inhibition of up to 2"),
        ("arm: fast", "arm: fast\n  tuned: {half: x}", "'half' tuned"),
    ],
)
def test_each_mistake_of_a_rule_is_seen(old: str, new: str, found: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        read_rules(parse_yaml(GOOD.replace(old, new), "r.yaml"))
    assert found in [problem.found for problem in caught.value.problems]
    assert caught.value.problems[0].where == "r.yaml:2:3"


def test_a_name_used_twice_is_seen() -> None:
    with pytest.raises(ConfigError, match="used twice"):
        read_rules(parse_yaml(GOOD + GOOD, "r.yaml"))
