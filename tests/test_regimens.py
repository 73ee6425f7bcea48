"""Prescriptions in words and keys: what they become, and what is refused how."""

import pytest

from courses import read
from trabecula.base.errors import ConfigError
from trabecula.config import find_warnings
from trabecula.config.pharmacopoeia import find_drug, list_names, load_drugs
from trabecula.config.phrases import RegimenError
from trabecula.config.regimens import BESIDE_NO_DOSES, read_regimen


def give(entry, duration=365.0, own=None, earlier=()):
    return read_regimen(entry, duration, own or {}, earlier)


@pytest.mark.parametrize(
    ("entry", "drug", "route", "count", "second", "dose"),
    [
        (
            "testosterone cypionate 200 mg im every 2 weeks x 26",
            "testosterone_cypionate",
            "intramuscular",
            26,
            14.0,
            200.0,
        ),
        (
            "estradiol 50 ug patch twice a week for 3 months",
            "estradiol_patch",
            "transdermal",
            27,
            3.5,
            50.0,
        ),
        ("estradiol 1 mg po daily x 3", "estradiol_oral", "oral", 3, 1.0, 1.0),
        ("prednisone 20 mg daily from day 30 for 2 weeks", "prednisone", "oral", 14, 31.0, 20.0),
        (
            "gonadorelin 100 mcg sc 3 times a week until day 7",
            "gonadorelin",
            "subcutaneous",
            3,
            7 / 3,
            100.0,
        ),
        ("Arimidex 0.5 mg weekly until 4 weeks", "anastrozole", "oral", 4, 7.0, 0.5),
        (
            {
                "drug": "testosterone",
                "dose": "0.15 mL of 200 mg/mL",
                "route": "im",
                "every": "7 d",
                "times": 4,
            },
            "testosterone_cypionate",
            "intramuscular",
            4,
            7.0,
            30.0,
        ),
        (
            {"drug": "denosumab", "dose": "60 mg sc every 6 months x 3"},
            "denosumab",
            "subcutaneous",
            3,
            182.625,
            60.0,
        ),
        (
            {"drug": "alendronate", "dose": 70, "every": 7, "from": 10, "until": 30},
            "alendronate",
            "oral",
            3,
            17.0,
            70.0,
        ),
        (
            {"drug": "mpa", "doses": [[0, 2.5], [3, "5 mg"]]},
            "medroxyprogesterone",
            "oral",
            2,
            3.0,
            2.5,
        ),
    ],
)
def test_prescriptions_become_doses_on_days(entry, drug, route, count, second, dose):
    regimen = give(entry)
    assert (regimen.drug.name, regimen.route, len(regimen.doses)) == (drug, route, count)
    assert regimen.doses[1][0] == pytest.approx(second)
    assert regimen.doses[0][1] == dose
    assert give(regimen.to_mapping()) == regimen


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("prednisone 5 mg once daily", "prednisone 5 mg daily"),
        ("prednisone 5 mg per day", "prednisone 5 mg daily"),
        ("prednisone 5 mg/day by mouth", "prednisone 5 mg oral daily"),
        ("prednisone 5 mg qd for a year", "prednisone 5 mg daily for 1 year"),
        ("prednisone 5 mg bid", "prednisone 5 mg twice a day"),
        ("prednisone 5 mg orally every other day", "prednisone 5 mg every 2 days"),
        ("prednisone 5 mg daily x 14 days", "prednisone 5 mg daily for 14 days"),
        ("prednisone 5 mg every 12 hours", "prednisone 5 mg twice daily"),
        ("alendronate 70 mg once a week", "alendronate 70 mg weekly"),
        ("zoledronate 5 mg iv once a year", "zoledronate 5 mg iv yearly"),
        ("denosumab 60 mg subcutaneously every 6 mo", "denosumab 60 mg sc every 6 months"),
        ("denosumab 60 mg sc once every 6 months", "denosumab 60 mg sc every 6 months"),
        ("denosumab 60 mg sc every 26 wk", "denosumab 60 mg sc every 26 weeks"),
        ("testosterone 200 mg im q2w", "testosterone 200 mg im every 2 weeks"),
        ("ipamorelin 300 ug at bedtime", "ipamorelin 300 ug nightly"),
        ("sermorelin 300 ug nightly 5 times a week", "sermorelin 300 ug 5 times a week"),
        ("sermorelin 300 ug 5 nights a week", "sermorelin 300 ug 5 times a week"),
        ("testosterone gel 50 mg daily", "testosterone gel 5 g daily"),  # a gel of 1 %
    ],
)
def test_other_ways_to_say_the_same(said, meant):
    assert give(said).doses == give(meant).doses
    assert give(said).drug == give(meant).drug
    assert len(give(said).doses) >= (1 if "year" in meant else 2)


def test_routes_of_every_drug_are_words():
    assert give("progesterone 100 mg vaginal nightly").route == "vaginal"


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("estradiol 1 mg daily", "estradiol_oral"),
        ("estradiol 50 ug daily", "estradiol_patch"),
        ("estradiol 50 ug oral daily", "estradiol_oral"),
        ({"drug": "estradiol", "dose": "0.5 mg", "every": 1}, "estradiol_oral"),
        ("testosterone 5 g daily", "testosterone_gel"),
        ("testosterone 100 mg weekly", "testosterone_cypionate"),
    ],
)
def test_the_unit_chooses_where_the_name_leaves_several(entry, name):
    assert give(entry).drug.name == name


def test_a_patch_is_worn_until_the_next_and_a_week_at_most():
    every = {
        "daily": {1.0},
        "twice a week": {3.5},
        "weekly": {7.0},
        "every 2 weeks": {7.0},
        "once": {*()},
    }
    for words, days in every.items():
        assert {*give(f"estradiol 50 ug patch {words}").worn.values()} == days
    assert give("estradiol 1 mg po daily").worn == {}
    listed = {"drug": "estradiol_patch", "doses": [[0, 50], [2, 50], [9, 50], [30, 50], [33, 50]]}
    assert give(listed).worn == {0.0: 2.0, 2.0: 7.0, 9.0: 7.0, 30.0: 3.0, 33.0: 3.0}


def test_the_unit_of_listed_doses_chooses_the_preparation():
    def drug(*doses):
        days = [[7 * k, dose] for k, dose in enumerate(doses)]
        return give({"drug": "estradiol", "doses": days}).drug.name

    assert drug("1 mg", "2 mg") == "estradiol_oral"
    assert drug("1 mg", 2) == "estradiol_oral"
    assert drug("50 ug", "100 ug") == drug(50) == "estradiol_patch"
    with pytest.raises(RegimenError, match="estradiol_oral and of estradiol_patch"):
        drug("1 mg", "50 ug")


@pytest.mark.parametrize(
    ("drug", "dose", "analyte", "allowed"),
    [
        ("denosumab", "60 mg", "estradiol", "no target"),
        ("sermorelin", "200 ug", "testosterone", "igf1"),
        ("anastrozole", "1 mg", "igf1", "estradiol or testosterone"),
    ],
)
def test_a_target_is_a_lab_that_the_drug_moves(drug, dose, analyte, allowed):
    target = {analyte: [0.2, 0.4] if analyte == "igf1" else [20, 30]}
    with pytest.raises(RegimenError, match="does not move") as caught:
        give({"drug": drug, "dose": dose, "every": 30, "target": target})
    assert allowed in caught.value.allowed
    assert caught.value.key == "target"


def test_a_length_counts_from_the_first_dose():
    given = give({"drug": "prednisone", "dose": "5 mg daily for 3 months", "from": "30 d"})
    assert (given.doses[0][0], given.doses[-1][0], len(given.doses)) == (30.0, 121.0, 92)
    earlier = give("denosumab 60 mg sc every 6 months for 1 y", 1000.0)
    after = {"drug": "zoledronate", "dose": 5, "every": 30, "for": 60, "after": "denosumab"}
    days = [day for day, _ in give(after, 1000.0, None, [earlier]).doses]
    assert days == [earlier.doses[-1][0] + one for one in (0.0, 30.0)]
    assert give(earlier.to_mapping(), 1000.0) == earlier


def test_doses_by_weight():
    patient = "patient: {sex: female, weight: 60 kg}"
    text = f"duration: 9 d\n{patient}\nprotocol: [cjc-1295 60 ug/kg sc once]\n"
    assert read(text).regimens[0].doses == ((0.0, 3600.0),)
    assert give("opg-fc 3 mg/kg sc once").doses == ((0.0, 3.0),)


def test_an_open_end_goes_on_to_the_end_of_the_run():
    assert len(give("anastrozole 1 mg daily", 90.0).doses) == 90
    assert give("zoledronate 5 mg iv once").doses == ((0.0, 5.0),)


def test_an_open_end_stays_open_in_the_resolved_configuration():
    config = read("duration: 30 d\nprotocol: [anastrozole 1 mg daily, prednisone 5 mg daily x 3]\n")
    longer = read(config.to_yaml().replace("duration: 30.0", "duration: 60.0"))
    assert [len(regimen.doses) for regimen in longer.regimens] == [60, 3]


def test_one_regimen_follows_another():
    first = give("denosumab 60 mg every 6 months x 4")
    entry = {"drug": "zoledronate", "dose": "5 mg", "after": "denosumab", "from": "6 months"}
    assert give(entry, earlier=[first]).doses == ((4 * 182.625, 5.0),)
    with pytest.raises(RegimenError, match="after 'prolia2'"):
        give({**entry, "after": "prolia2"}, earlier=[first])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("denosumab 60 mg every 6 months x 4", "Prolia"),
        ("testosterone cypionate 100 mg im weekly x 9", "testosterone cypionate"),
        ("estradiol 1 mg oral daily x 9", "estradiol"),
        ("estradiol 50 ug transdermal daily x 9", "Estradiol"),
    ],
)
def test_after_takes_the_names_that_drug_takes(given, name):
    first = give(given)
    entry = {"drug": "zoledronate", "dose": "5 mg", "after": name, "from": 30}
    assert give(entry, earlier=[first]).doses == ((first.doses[-1][0] + 30.0, 5.0),)


def test_after_a_drug_is_after_its_last_dose_of_all_whatever_the_order_of_entries():
    """Entries need not stand in the order of their days: what is listed later may have ended before."""
    late = give("denosumab 60 mg every 6 months x 2")
    early = give({"drug": "denosumab", "dose": 60, "every": 100, "times": 3, "from": -300})
    assert [one.doses[-1][0] for one in (late, early)] == [182.625, -100.0]
    entry = {"drug": "zoledronate", "dose": "5 mg", "after": "denosumab", "from": 30}
    for earlier in ([late, early], [early, late]):
        assert give(entry, earlier=earlier).doses == ((212.625, 5.0),)


def test_a_target_is_read_in_words_and_keys():
    words = give("anastrozole 0.5 mg twice a week until estradiol is 20-30 pg/mL")
    keys = give(
        {"drug": "anastrozole", "dose": 0.5, "every": 3.5, "target": {"estradiol": [20, 30]}}
    )
    assert words.target == keys.target
    molar = give(
        {
            "drug": "anastrozole",
            "dose": 0.5,
            "every": 3.5,
            "target": {"estradiol": ["73.4 pmol/L", "110.1 pmol/L"]},
        }
    )
    assert molar.target.low == pytest.approx(20, rel=0.01)


@pytest.mark.parametrize(
    ("entry", "found", "allowed", "hint"),
    [
        ("anastrozol 1 mg daily", "unknown drug 'anastrozol'", "hormones.drugs", "anastrozole"),
        ("aspirin 100 mg daily", "unknown drug 'aspirin'", "denosumab, ", ""),
        (
            {"drug": "estradiol_patch", "dose": 50, "route": "im"},
            "by route 'im'",
            "transdermal",
            "preparation",
        ),
        ("testosterone cypionate 200 g weekly", "dose 200 g", "1000 mg", "unit"),
        ("anastrozole 1 mg sometimes", "'sometimes'", "every", ""),
        ("anastrozole daily", "'anastrozole daily'", "prescription", ""),
        ({"drug": "anastrozole", "doze": 1}, "a key doze", "dose", "dose"),
        ({"drug": "anastrozole"}, "no dose", "mg", ""),
        ({"dose": 1}, "no drug", "one of", ""),
        ({"drug": "anastrozole", "dose": "1 kg/L"}, "dose '1 kg/L'", "mg", ""),
        ({"drug": "anastrozole", "dose": 0}, "dose 0", "above 0", ""),
        ({"drug": "anastrozole", "dose": 1, "every": 0.001}, "every 0.001", "0.05 d", ""),
        ({"drug": "anastrozole", "dose": 1, "every": "1 kg"}, "every: '1 kg'", "a time", ""),
        ({"drug": "anastrozole", "dose": 1, "times": 0}, "times 0", "from 1 on", ""),
        ({"drug": "anastrozole", "dose": 1, "times": 3}, "3 times without", "every", ""),
        (
            {"drug": "anastrozole", "dose": 1, "every": 1, "times": 60000},
            "60000 doses",
            "50000",
            "",
        ),
        (
            {"drug": "anastrozole", "dose": 1, "every": 1, "from": 9, "until": 3},
            "until day 3",
            "after",
            "",
        ),
        ({"drug": "anastrozole", "doses": [[3, 1], [2, 1]]}, "day 2 after day 3", "ascending", ""),
        ({"drug": "anastrozole", "dose": "1 mg 0 times a week"}, "0 times a week", "once", ""),
        ({"drug": "anastrozole", "doses": [3]}, "doses 3", "[[day, dose], ...]", ""),
        ({"drug": "anastrozole", "doses": 3}, "doses 3", "[[day, dose], ...]", ""),
        ({"drug": "anastrozole", "dose": 1, "target": 3}, "target 3", "estradiol", ""),
        (
            {"drug": "anastrozole", "dose": 1, "target": {"lh": [1, 2]}},
            "target lh",
            "estradiol",
            "",
        ),
        (
            {"drug": "anastrozole", "dose": 1, "target": {"estradiol": 3}},
            "estradiol: 3",
            "estradiol",
            "",
        ),
        (
            {"drug": "anastrozole", "dose": 1, "target": {"estradiol": ["1 kg", 2]}},
            "1 kg",
            "estradiol",
            "",
        ),
        (
            {"drug": "anastrozole", "dose": 1, "target": {"estradiol": [9, 2]}},
            "9 to 2",
            "low to high",
            "",
        ),
        (
            {"drug": "anastrozole", "dose": 1, "target": {"estradiol": [1, 2], "every": 0.2}},
            "visits",
            "1 d",
            "",
        ),
        ("prednisone 5 mg for 6 months", "an end without an interval", "daily", ""),
        (
            "anastrozole 0.5 mg until estradiol is 20-30 pg/mL",
            "a target without an interval",
            "daily",
            "",
        ),
        (
            {"drug": "anastrozole", "dose": 1, "every": 1, "until": 9, "for": 3},
            "for 3 and until 9",
            "one of the two",
            "",
        ),
        (7, "7", "a prescription", ""),
        *(
            ({"drug": "denosumab", "doses": [[0, "60 mg"]], key: 7}, f"{key} beside doses", "", "")
            for key in BESIDE_NO_DOSES
        ),
        (
            {"drug": "sermorelin", "dose": 300, "every": 1, "target": {"igf1": [200, 300]}},
            "target igf1: 200 to 300",
            "up to 10",
            "ng/mL",
        ),
    ],
)
def test_wrong_prescriptions_are_refused_with_help(entry, found, allowed, hint):
    with pytest.raises(RegimenError) as caught:
        give(entry)
    error = caught.value
    assert found in error.found
    assert allowed in error.allowed
    assert hint in error.hint


def test_a_target_of_igf1_may_be_the_lab_that_it_is():
    keys = {"drug": "sermorelin", "dose": 300, "every": 1}
    lab = give({**keys, "target": {"igf1": ["230 ng/mL", "345 ng/mL"]}})
    assert (lab.target.low, lab.target.high) == (1.0, 1.5)


def test_milligrams_are_of_what_the_gel_holds():
    strong = "hormones: {parameters: {drugs.testosterone_gel.content: 0.02}}\n"
    text = "duration: 9 d\nprotocol: [testosterone gel 50 mg daily]\n"
    assert read(text).regimens[0].doses[0][1] == pytest.approx(5.0)
    assert read(text + strong).regimens[0].doses[0][1] == pytest.approx(2.5)
    own = (
        "hormones: {drugs: {mygel: {adds: testosterone, unit: g, elimination: 1, content: 0.05, "
        "clearance: 900}}}\n"
    )
    [regimen] = read("duration: 9 d\nprotocol: [mygel 50 mg daily]\n" + own).regimens
    assert regimen.doses[0][1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("drug", "key", "found", "hint"),
    [
        ("{adds: estradiol, elimination: 8}", ".clearance", "nothing", "add clearance"),
        ("{adds: glucocorticoid, elimination: 8, clearance: 400}", ".clearance", "400 L/d", "leave it"),
        ("{adds: estradiol, elimination: 8, clearance: -1}", ".clearance", "-1", ""),
        ("{adds: estradiol, elimnation: 8}", ".elimnation", "unknown", "elimination"),
    ],
)  # fmt: skip
def test_a_drug_of_the_users_own_has_a_clearance_unless_it_counts_in_prednisone(
    drug, key, found, hint
):
    with pytest.raises(ConfigError) as caught:
        read(f"duration: 1 y\nhormones:\n  drugs:\n    mine: {drug}\n")
    problems = {p.key: p for p in caught.value.problems}
    problem = problems[f"hormones.drugs.mine{key}"]
    assert found in problem.found
    assert hint in problem.hint
    assert problem.where.startswith("t.yaml:4:")
    assert len(problems) == 1 + ("elimnation" in drug), "nothing else is asked for"


def test_mistakes_of_a_protocol_stand_at_their_place():
    text = (
        "duration: 1 y\nprotocol:\n  - anastrozole 1 mg daily\n  - drug: nonsense\n    dose: 1 mg\n"
    )
    with pytest.raises(ConfigError) as caught:
        read(text)
    [problem] = caught.value.problems
    assert problem.where == "t.yaml:4:11"
    assert problem.key == "protocol[1].drug"
    text = (
        "duration: 1 y\nprotocol:\n  - {drug: prednisone,\n     doses: [[soon, 5 mg]]}\n"
        "  - {drug: anastrozole, dose: 1 mg, every: 1 d,\n"
        "     target: {estradiol: [20, 30], every: soon}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert [(p.where, p.key, p.found[:13]) for p in caught.value.problems] == [
        ("t.yaml:4:13", "protocol[0].doses", "day: 'soon' ("),
        ("t.yaml:6:14", "protocol[1].target", "every: 'soon'"),
    ]
    with pytest.raises(ConfigError, match="a list of prescriptions"):
        read("duration: 1 y\nprotocol: 3\n")


@pytest.mark.parametrize("drugs", ["", "hormones: {drugs: {mydrug: {on: testosterone}}}\n"])
def test_a_mistake_elsewhere_blames_no_prescription(drugs):
    """Neither how long it goes on nor what the user's own drugs are is known then."""
    text = "steo: 1\nduration: 1 y\nprotocol: [gonadorelin 100 ug twice a day"
    with pytest.raises(ConfigError) as caught:
        read(f"{drugs}{text}{', mydrug 5 mg daily' if drugs else ''}]\n")
    assert not [p for p in caught.value.problems if p.key.startswith("protocol")]
    with pytest.raises(ConfigError, match="an unknown drug 'mydrug'"):
        read(f"{text}, mydrug 5 mg daily]\n")


@pytest.mark.parametrize("key", ["from", "until", "every"])
def test_no_time_of_a_prescription_is_beyond_a_hundred_years(key):
    entry = {"drug": "prednisone", "dose": "5 mg", "every": "1 d", key: "-1e12"}
    with pytest.raises(RegimenError) as caught:
        read_regimen(entry, 365.0, {})
    assert caught.value.found == f"{key}: '-1e12'"
    assert "from -36525 to 36525" in caught.value.allowed


def test_resolved_protocols_read_to_the_same():
    config = read("duration: 1 y\nprotocol: [anastrozole 1 mg daily x 3, denosumab 60 mg once]\n")
    assert read(config.to_yaml()).regimens == config.regimens


@pytest.mark.parametrize(
    ("patient", "found"),
    [
        ("{sex: male, stage: premenopausal}", "stage: premenopausal"),
        ("{sex: male, last_period: 50}", "last_period"),
        ("{sex: female, stage: adult}", "stage: adult"),
        ("{sex: female, last_period: 50}", "last_period"),
        ("{sex: female, stage: surgical_menopause}", "stage: surgical_menopause"),
        ("{sex: male, cycle: explicit}", "only for a woman"),
        ("{sex: male, menopause_type: flat}", "only for a woman"),
        ("{sex: female, andropause: longitudinal}", "only for a man"),
        ("{sex: female, menopause_type: flat}", "name stage: perimenopausal"),
    ],
)
def test_stages_belong_to_a_sex(patient, found):
    with pytest.raises(ConfigError, match=found):
        read(f"duration: 1 y\npatient: {patient}\n")


def test_unusual_doses_and_labs_are_warned_of():
    text = (
        "duration: 30 d\n"
        "patient: {sex: male, age: 40 y, labs: [{estradiol: 25}, {day: 3, estradiol: 900}]}\n"
        "protocol: [anastrozole 20 mg daily x 40]\nhormones: {levels: {igf1: 0.8}}\n"
    )
    warnings = find_warnings(read(text))
    assert len(warnings) == 4
    for words in (
        "usual doses, 0.1-2 mg",
        "after the run ends",
        "labs[1].estradiol",
        "levels.igf1",
    ):
        assert any(words in warning for warning in warnings), words
    plain = "duration: 30 d\npatient: {age: 24}\nprotocol: [anastrozole 1 mg daily x 3]\n"
    assert find_warnings(read(plain)) == []


def test_labs_on_drugs_are_not_held_against_the_untreated():
    """Castrate levels under an agonist are what it is given for; a wrong unit is told all the same."""
    text = (
        "duration: 1 y\npatient: {sex: male, age: 60, labs: [{day: 60, testosterone: LAB}]}\n"
        "protocol: [leuprolide 7.5 mg every 4 weeks]\n"
    )
    assert find_warnings(read(text.replace("LAB", "20"))) == []
    [warning] = find_warnings(
        read(text.replace("LAB", "20").replace("[leuprolide 7.5 mg every 4 weeks]", "[]"))
    )
    assert "is the unit right" in warning
    [warning] = find_warnings(read(text.replace("LAB", "0.7")))
    assert "labs[0].testosterone: 0.7 is far outside" in warning


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("gonadorelin 100 ug three times a day for 30 days", 90),
        ("gonadorelin 100 ug 5 times a week for 4 weeks", 20),
        ("gonadorelin 100 ug 3 times a week for 12 weeks", 36),
        ("gonadorelin 100 ug every 2 days for 29 days", 15),
        ("{drug: gonadorelin, dose: 100, every: 0.7, until: 2.1}", 3),
        ("{drug: prednisone, dose: 5, every: 7, times: 9, until: 30}", 5),
        ("{drug: prednisone, dose: 5, every: 7, times: 3, until: 30}", 3),
    ],
)
def test_doses_end_before_the_end_whatever_the_interval(words, count):
    [regimen] = read(f"duration: 1 y\nprotocol: [{words}]\n").regimens
    assert len(regimen.doses) == count


def test_two_doses_of_one_day_are_two(tmp_path):
    """As records by date hold them."""
    (tmp_path / "doses.csv").write_text(
        "date,drug,dose\n2026-01-01,anastrozole,0.5 mg\n2026-01-01,anastrozole,1 mg\n"
    )
    text = "duration: 30 d\npatient: {start: 2026-01-01}\nprotocol: [{file: doses.csv}]\n"
    [regimen] = read(text, tmp_path).regimens
    assert regimen.doses == ((0.0, 0.5), (0.0, 1.0))


def test_a_drug_of_ones_own_may_be_worth_more_than_prednisone():
    drug = "hormones: {drugs: {mine: {adds: WHAT, elimination: 6, content: 6.67MORE}}}\n"
    text = "duration: 30 d\nprotocol: [mine 2 mg daily]\n" + drug
    assert read(text.replace("WHAT", "glucocorticoid").replace("MORE", "")).regimens
    with pytest.raises(ConfigError, match=r"mine\.content.*6\.67.*up to 1"):
        read(text.replace("WHAT", "estradiol").replace("MORE", ", clearance: 1000"))


@pytest.mark.parametrize(
    ("voxel", "words"), [(10, "wait longer"), (20, ""), (25, ""), (36, "one voxel deep")]
)
def test_voxels_on_which_rules_were_not_tuned_are_told(voxel, words):
    warnings = find_warnings(read(f"duration: 30 d\nlattice: {{voxel: {voxel} um}}\n"))
    assert [words in warning for warning in warnings] == ([True] if words else [])


def test_what_would_be_misread_is_told():
    old = "duration: 30 d\npatient: {sex: female, age: 63}\nprotocol: [denosumab 60 mg sc]\n"
    [warning] = find_warnings(read(old))
    assert "before menopause" in warning
    named = old.replace("age: 63", "age: 63, stage: natural_menopause")
    assert find_warnings(read(named)) == []
    early = "{drug: zoledronate, dose: 5, from: -400}"
    late = named.replace("denosumab 60 mg sc", early)
    for drug in (early, "{drug: prednisone, dose: 5, every: 1, from: -400, until: -380}"):
        [warning] = find_warnings(read(late.replace(early, drug)))
        words = "is not given" if "zoledronate" in drug else "acts from day -365.25 on alone"
        assert words in warning
        assert find_warnings(read("settle: 2 y\n" + late.replace(early, drug))) == []


def test_a_young_adults_hormones_in_the_old_are_told():
    old = "duration: 30 d\npatient: {sex: male, age: 75}\n"
    [warning] = find_warnings(read(old))
    assert "young adult's hormones" in warning
    assert "stage: adult" in warning
    assert find_warnings(read(old + "hormones: {levels: {testosterone: 300}}\n")) == []
    given = old + "protocol: [denosumab 60 mg once]\n"
    [warning] = find_warnings(read(given))
    assert "patient.age: hormones are those of 75 y, since there is a protocol" in warning
    assert find_warnings(read(given.replace("75", "75, stage: adult"))) == []
    assert find_warnings(read(given.replace("75", "24"))) == []
    assert find_warnings(read(old.replace("75", "44"))) == []
    assert find_warnings(read(old.replace("75", "75, stage: adult"))) == []


def test_a_lab_after_the_end_lets_no_prescription_go_on():
    text = "duration: 1 y\npatient: {sex: male, age: 60, labs: [{day: 700, testosterone: 400}]}\n"
    assert find_warnings(read(text + "protocol: [testosterone cypionate 100 mg weekly]\n")) == []
    [warning] = find_warnings(
        read(text + "protocol: [testosterone cypionate 100 mg weekly x 60]\n")
    )
    assert "after the run ends" in warning


def test_a_drug_that_takes_a_known_name_and_doses_after_the_end_are_told():
    own = "{denosumab: {adds: testosterone, elimination: 1, clearance: 900}}"
    text = f"duration: 30 d\nhormones: {{drugs: {own}, doses: {{opg_fc: [[31, 1]]}}}}\n"
    after, taken = find_warnings(read(text))
    assert "hormones.doses.opg_fc goes on after the run ends" in after
    assert "hormones.drugs.denosumab takes the place" in taken


def test_every_name_of_a_drug_finds_it():
    for name in list_names():
        assert find_drug(name) is not None
    for drug in load_drugs().values():
        assert 0 < drug.low < drug.high <= drug.most
        for alias in drug.aliases:
            assert find_drug(alias) == drug
    assert find_drug("water") is None
    assert find_drug("estradiol", "oral").name == "estradiol_oral"
