"""Mutated studies are refused in one line that begins with a key, or right by a second check."""

import pytest

import planning_fuzz
import study_rules

STUDIES = 300


def test_mutated_studies_are_refused_in_one_line_or_right():
    with planning_fuzz.files_read_once():
        examine = planning_fuzz.examiner()
        said = [examine(number)[1] for number in range(STUDIES)]
    assert said.count(None) >= 20
    assert len({line.split(":")[0] for line in said if line}) >= 50  # so many places


@pytest.mark.parametrize(
    "change",
    [
        {"study": "x\n"},
        {"represent": {"sequences": 240, "tokens": 511}},
        {"seeds": [0, 1.0]},
        {"seeds": [100]},
        {"compare": {"reference": "x"}},
    ],
)
def test_the_second_check_finds_what_a_study_has_wrong(change):
    with planning_fuzz.files_read_once():
        default, study = (planning_fuzz.planned({}) for _ in range(2))
    study_rules.check(study, default)
    for key, value in change.items():
        study[key] = study[key] | value if isinstance(value, dict) else value
    with pytest.raises(AssertionError):
        study_rules.check(study, default)
