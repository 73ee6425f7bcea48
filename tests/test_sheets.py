"""Laboratory tables and dose records as CSV files."""

import pytest

from courses import mean, read
from trabecula.base.errors import ConfigError
from trabecula.hormones import make_course

LABS = "day,Estradiol [pmol/L],testosterone (nmol/L),FSH\n-14,66.1,10.4,4\n90,91.8,,\n"
DOSES = (
    "date,drug,dose,route\n2026-01-01,testosterone cypionate,100 mg,im\n"
    "2026-01-08,testosterone cypionate,80 mg,im\n2026-01-04,anastrozole,0.5 mg,\n"
)


def make(folder, labs=LABS, doses=DOSES, patient="start: 2026-01-01, "):
    (folder / "labs.csv").write_text(labs)
    (folder / "doses.csv").write_text(doses)
    text = (
        f"duration: 120 d\npatient: {{sex: male, age: 50 y, {patient}labs: labs.csv}}\n"
        "protocol: [file: doses.csv]\n"
    )
    return read(text, folder)


def test_a_table_of_labs_is_read_with_its_units(tmp_path):
    config = make(tmp_path)
    first, second = config.patient.labs
    assert first.estradiol == pytest.approx(18.0, rel=0.01)
    assert first.testosterone == pytest.approx(300, rel=0.01)
    assert (first.fsh, second.fsh, second.day) == (4.0, None, 90.0)
    course = make_course(config)
    assert mean(course, "estradiol", -14, -13) == pytest.approx(18.0, rel=0.05)


def test_a_record_of_doses_becomes_regimens_on_its_dates(tmp_path):
    config = make(tmp_path)
    given = {regimen.drug.name: regimen.doses for regimen in config.regimens}
    assert given["testosterone_cypionate"] == ((0.0, 100.0), (7.0, 80.0))
    assert given["anastrozole"] == ((3.0, 0.5),)
    again = read(config.to_yaml(), tmp_path)
    assert again.regimens == config.regimens
    assert again.patient.labs == config.patient.labs


def test_the_unit_of_a_record_chooses_the_preparation(tmp_path):
    doses = "day,drug,dose,unit\n0,estradiol,1,mg\n1,estradiol,1,mg\n30,estradiol,50,ug\n"
    given = {one.drug.name: one.doses for one in make(tmp_path, doses=doses).regimens}
    assert given == {
        "estradiol_oral": ((0.0, 1.0), (1.0, 1.0)),
        "estradiol_patch": ((30.0, 50.0),),
    }


def test_heads_of_columns_may_have_capitals(tmp_path):
    plain = make(tmp_path)
    heads, rows = DOSES.split("\n", 1)
    capitals = make(tmp_path, "Day" + LABS[3:], heads.title() + "\n" + rows)
    assert capitals.regimens == plain.regimens
    assert capitals.patient.labs == plain.patient.labs


def test_dates_of_labs_in_the_file_itself_count_from_the_start(tmp_path):
    labs = "labs: [{date: 2026-03-05, lh: 4}]"
    text = f'duration: 9 d\npatient: {{sex: male, start: "2026-03-01", {labs}}}\n'
    assert read(text, tmp_path).patient.labs[0].day == 4.0


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"labs": "estradiol\n20\n"}, "columns estradiol"),
        ({"labs": "day,estradiol\n"}, "0 rows"),
        ({"labs": "day,estradiol\n1,2,3\n"}, "rows of different length"),
        ({"labs": "day,estradiol\n1,twenty\n"}, "'twenty'"),
        ({"labs": "day,estradiole\n1,20\n"}, "allowed: day, estradiol, .*did you mean estradiol?"),
        ({"doses": "day;drug;dose\n1;anastrozole;1 mg\n"}, "commas between columns"),
        ({"labs": "date,estradiol\n2026-13-01,20\n"}, "date '2026-13-01'"),
        ({"doses": "day,drug,dose\n1,water,20 mg\n"}, "unknown drug 'water'"),
        ({"doses": "day,drug,dose\nsoon,anastrozole,1 mg\n"}, "day: 'soon'"),
        ({"patient": ""}, "start None"),
        ({"labs": "day,date,estradiol\n5,2026-03-31,20\n"}, "day 5.0 and date '2026-03-31'"),
    ],
)
def test_wrong_tables_are_refused_with_their_fault(tmp_path, change, found):
    with pytest.raises(ConfigError, match=found):
        make(tmp_path, **change)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"labs\.csv: No such file"):
        read("duration: 1 d\npatient: {sex: male, labs: labs.csv}\n", tmp_path)


def test_rows_without_a_day_are_refused_and_blank_ones_skipped(tmp_path):
    with pytest.raises(ConfigError, match="row 3 without a day"):
        make(tmp_path, labs="date,testosterone\n2025-12-01,180\n,500\n")
    config = make(tmp_path, labs="date,testosterone\n2025-12-01,180\n,\n")
    assert len(config.patient.labs) == 1


def test_a_lab_of_zero_is_no_value(tmp_path):
    with pytest.raises(ConfigError, match="above 0"):
        make(tmp_path, labs="day,estradiol\n-14,0\n")
