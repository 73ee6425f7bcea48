"""Who took part in a trial, as a panel writes it: sex, age, stage."""

import re
from collections.abc import Mapping
from typing import Any

from trabecula.config.parameters import load_parameters
from trabecula.config.populationschema import Variation
from trabecula.study.complaints import is_number, is_window

AGE = 50.0
"""Age (y) of people of whom none is given."""

WOMEN, MEN = ("f", "female", "females", "woman", "women"), ("m", "male", "males", "man", "men")
PEOPLE = ("sex", "age_y", "n", "note", "notes", "source", "comment", *Variation.model_fields)
"""Keys of a population that are read, or are words for people."""


def find_stage(sex: str, age: float) -> str:
    """Return the stage of a patient of whom none is given.

    Parameters
    ----------
    age
        Age on day 0 (y).
    """
    if sex == "male":
        return "adult"
    late = age > load_parameters()["glands.menopause.age"]
    return "natural_menopause" if late else "premenopausal"


def list_unread(people: Mapping[str, Any]) -> list[str]:
    """Return the keys of a population that are not known."""
    return [str(key) for key in people if key not in PEOPLE]


def _read_age(text: str) -> Any:
    """Return an age in words as a number, two ages as [first, last], else the text."""
    numbers = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", text)]
    is_plain = re.fullmatch(r"[\d.\s\-–to+<>y]*", text) is not None
    if not is_plain or len(numbers) not in (1, 2):
        return text
    return numbers[0] if len(numbers) == 1 else numbers


def read_people(people: Mapping[str, Any]) -> tuple[str, float, list[str]]:
    """Return sex, age (y) and what had to be assumed of them."""
    unread = list_unread(people)
    notes = [f"population: not read: {', '.join(unread)}"] if unread else []
    words = re.findall(r"[a-z]+", str(people.get("sex", "F")).lower())
    are_men, are_women = (any(word in names for word in words) for names in (MEN, WOMEN))
    if are_men == are_women and "sex" in people:
        notes.append(f"sex {people['sex']}: taken as women")
    age = people.get("age_y", AGE)
    if isinstance(age, dict):
        age = age.get("mean", age.get("median", age))
    if isinstance(age, str):
        age = _read_age(age)
    if is_window(age):
        age = (age[0] + age[1]) / 2.0
        notes.append(f"age {people['age_y']}: taken as {age:g} y")
    years = float(age) if is_number(age) else AGE
    kept = min(max(years, 18.0), 110.0)
    if kept != years or not is_number(age):
        notes.append(f"age {age}: taken as {kept:g} y")
    return ("male" if are_men and not are_women else "female"), kept, notes
