"""Numbers of a verdict as a reader wants them."""

import pytest

from trabecula.viz.verdicttable import make_verdict_table

END = {
    "what": "res_pct (drug)", "term": "res_pct", "band": [15.0, 55.0], "required": True,
    "published": "up", "value": 233.4, "error": 238.9, "low": -529.2, "high": 994.6, "verdict": "hit",
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [(233.4, 238.9, "233 ± 240"), (-0.1049, 0.00031, "-0.105 ± 0.00031"), (4e-12, 0.0, "0 ± 0")],
)
def test_numbers_have_no_exponent_and_rounding_is_zero(value, error, words) -> None:
    page = str(make_verdict_table([END | {"value": value, "error": error}]))
    assert words in page
    assert "e+" not in page.replace("<table", "")


def test_a_value_that_is_missing_is_left_out() -> None:
    page = str(make_verdict_table([END | {"value": None}], {"ledger": [END | {"value": -6.7e-14}]}))
    assert "±" not in page
    assert ">0 <" in page
