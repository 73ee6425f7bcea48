"""What can be turned by hand on a living bone: serum levels, blockades, doses."""

from dataclasses import dataclass

from trabecula.base.errors import InputError


@dataclass(frozen=True)
class Knob:
    """A slider.

    Parameters
    ----------
    name
        Key of the configuration.
    block
        levels or blockade.
    words
        Its name on the page.
    unit
        Unit of its value.
    high, step
        Largest value, and the step between values.
    """

    name: str
    block: str
    words: str
    unit: str
    high: float
    step: float

    def to_stored(self, value: float) -> float:
        """Return `value`, in the unit of the slider, as the configuration holds it (blockades: 1).

        Raises
        ------
        InputError
            If it is outside the slider.
        """
        if not 0.0 <= value <= self.high:
            msg = f"{self.words}: found {value:g}; allowed: 0 to {self.high:g} {self.unit}".strip()
            raise InputError(msg)
        return value / 100.0 if self.block == "blockade" else float(value)

    def describe(self, value: float) -> str:
        """Return name and `value`, in the unit of the slider, for people."""
        return f"{self.words} {value:g} {self.unit}".strip()


KNOBS = (
    Knob("estradiol", "levels", "estradiol", "pg/mL", 300.0, 1.0),
    Knob("testosterone", "levels", "testosterone", "ng/dL", 1500.0, 5.0),
    Knob("igf1", "levels", "IGF-1", "× young adult", 3.0, 0.05),
    Knob("glucocorticoid", "levels", "prednisone", "mg/d", 60.0, 0.5),
    Knob("pth", "levels", "PTH", "× young adult", 10.0, 0.1),
    Knob("inflammation", "levels", "inflammation", "× usual", 20.0, 0.1),
    Knob("rankl", "blockade", "RANKL blockade", "%", 100.0, 1.0),
    Knob("sclerostin", "blockade", "sclerostin blockade", "%", 100.0, 1.0),
)

DOSES = {"denosumab": (60.0, "denosumab 60 mg"), "bisphosphonate": (1.0, "bisphosphonate dose")}
"""Usual doses: amount in the unit of the configuration, and words."""
