"""Patients and protocols for tests of the endocrine layer."""

from pathlib import Path

from trabecula.config.load import make_config
from trabecula.config.marks import parse_yaml
from trabecula.hormones import make_course

MAN = "patient: {sex: male, age: 35 y, stage: adult}"
WOMAN = "patient: {sex: female, age: 60 y, stage: natural_menopause, last_period: 50}"


def read(text, folder=Path()):
    """Configuration of a YAML text."""
    return make_config(parse_yaml(text, "t.yaml"), folder / "t.yaml")


def follow(patient, protocol="[]", duration="1 y", more=""):
    """Course of a patient under a protocol."""
    return make_course(read(f"duration: {duration}\n{patient}\nprotocol: {protocol}\n{more}"))


def mean(course, name, start, end):
    return course.average(course.levels[name], start, end)
