"""What the schema does not say of a key: defaults made of other keys, files that stand for blocks."""

from functools import cache

from doctools.markers import write_number, write_table
from trabecula.config import load_parameters
from trabecula.config.phrases import ANALYTES
from trabecula.config.regimens import KEYS, MEAN_WEIGHT
from trabecula.config.resolve import GENERATED
from trabecula.config.species import load_species
from trabecula.runner.pace import SHARE

TAKES = {
    "protocol": "a list of prescriptions: texts, or keys as below",
    "mechanics": "a block, or `on`, `off`",
    "fit": "the file of a frozen fit; stored as a block",
    "lattice.specimen": "an image or a specimen file, relative to the configuration",
    "lattice.specimen_digest": "the SHA-256 of that file; another one is refused",
    "lattice.labels": "a list of whole numbers",
    "patient.start": "the date of day 0, such as `2026-03-31`",
    "patient.labs": "a list of blocks, or a CSV file",
    "patient.labs[].day": "-36525 to 36525 d; or a `date`, with `patient.start`",
}
"""What a key takes, where the schema holds only what it is turned into."""

PROTOCOL = {
    "drug": ("a drug, one of its other names, or a name under `hormones.drugs`", "needed"),
    "dose": (
        "a number in the drug's unit, or a text: `100 mg`, `60 ug/kg`, `0.15 mL of 200 mg/mL`, or "
        "with its schedule in words, `0.5 mg twice a week`",
        "needed without `doses`",
    ),
    "route": ("a route of the drug, such as `im`, `sc`, `oral`, `patch`", "the drug's first"),
    "every": ("at least 0.05 d", "a single dose"),
    "from": ("a day, or a time before or after that which `after` names", "`0`"),
    "until": ("a day after `from`; doses end before it", "the end of the run"),
    "for": ("a time from `from` on, instead of `until`", ""),
    "times": ("a number of doses (whole)", ""),
    "target": (
        "`{estradiol: [20, 30], every: 28 d}`: a lab, the range to reach, days between visits; of "
        + ", ".join(
            f"{name} ({unit})" if unit != "1" else f"{name} (relative, or ng/mL)"
            for name, (unit, _) in ANALYTES.items()
        ),
        "doses stay; visits every 28 d",
    ),
    "doses": ("a list of [day, dose] in order of days; no other key of time is read beside it", ""),
    "after": ("the drug of an entry above: `from` counts from its last dose", ""),
}
"""Keys of a prescription: what each takes, and what holds without it."""


def write_clocks() -> str:
    """Return the clocks of species (d): how often each is solved at most."""
    return " or ".join(write_number(clock) for clock in sorted({s.clock for s in load_species()}))


@cache
def make_defaults() -> dict[str, str]:
    """Return what holds where a key is not given and the schema does not say it, by the key's path."""
    usual = load_parameters()["glands.menopause.age"]
    made = {f"lattice.{name}": _write(value) for name, value in GENERATED.items()}
    return {
        key: f"{text} of a generated bone; an image has its own" for key, text in made.items()
    } | {
        "name": "that of the file",
        "settle": "`365.25`; none where the levels of day 0 are those of the young adult",
        "lattice.seed": "that of `seed`",
        "lattice.threshold": "an image of two values needs none",
        "lattice.specimen_digest": "any content; a run writes that of its image",
        "lattice.crop": "all of the image",
        "lattice.sides": (
            "`periodic` of a generated bone, `mirrored` of an image; a specimen file has its own"
        ),
        "patient.weight": f"{_write(MEAN_WEIGHT)} where a dose goes by it",
        "patient.last_period": f"`{usual:g}`, as far as `stage` allows; after surgery it is needed",
        "hormones.drugs.NAME.absorption": "at once",
        "hormones.drugs.NAME.release": "at once",
        "fields.every": f"`1`; a species is solved no more often than its own clock, {write_clocks()} d",
        "fields.sources": "all `on`",
        "cells.rules": "all `on`",
        "output.checkpoint": f"as often as takes under {SHARE:.0%} of the time".replace("%", " %"),
        "output.states": "none",
    }


def write_protocol() -> str:
    """Return the keys of a prescription as a table.

    Raises
    ------
    ValueError
        If they are not those that are read.
    """
    if set(PROTOCOL) != set(KEYS):
        msg = f"docs/doctools/keys.py: keys of a prescription are {', '.join(KEYS)}"
        raise ValueError(msg)
    rows = [(f"`{key}`", *PROTOCOL[key]) for key in KEYS]
    rows.append(
        (
            "`file`",
            "alone: a CSV file of doses with `day` or `date`, `drug`, `dose`, and if needed `unit`, "
            "`route`",
            "",
        )
    )
    words = (
        "A prescription in keys. In words it is a text: `testosterone cypionate 100 mg im weekly from "
        "day 10` ([patients and prescriptions](../hormones.md#prescriptions))."
    )
    return f"### protocol[]\n\n{words}\n\n{write_table(('key', 'takes', 'default'), rows)}"


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
