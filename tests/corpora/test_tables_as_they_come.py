"""Tables as people have them: of another kind, under names that look alike, with bare marks."""

import pytest
from test_general_converters import convert


@pytest.mark.parametrize("there", ["se\u0301q.csv", "S\u00e9Q.csv"])
def test_a_name_that_only_looks_like_the_files_is_told_apart(tmp_path, there):
    files = {there: "label,text\na,x\n"}
    with pytest.raises(ValueError, match=rf"holds 0 files called s\u00e9q.*'{there}' is written"):
        convert(tmp_path, "table", {"file": "s\u00e9q.csv"}, files, form="text")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("x.parquet", "write `converter: parquet`"),
        ("x.xlsx", "save the sheet as CSV"),
        ("x.json", "write one object a line, in a file called .jsonl"),
        ("x.txt", "rename it, or state its `delimiter`"),
    ],
)
def test_a_table_of_another_kind_is_refused_with_what_to_do(tmp_path, name, remedy):
    with pytest.raises(ValueError, match=rf"ends in none of .csv.*; {remedy}"):
        convert(tmp_path, "table", {"file": name}, {name: "label,text\na,x\n"}, form="text")


def test_without_quoting_a_quotation_mark_is_a_character(tmp_path):
    text = 'label\ttext\na\t"Bad film\nb\tgood\na\tan "ugly" one"\nb\t"great"\n'
    layout = {"file": "x.tsv", "quoted": False}
    made = convert(tmp_path, "table", layout, {"x.tsv": text}, form="text")
    assert [e.text for e in made] == ['"Bad film', "good", 'an "ugly" one"', '"great"']
    assert [e.label for e in made] == list("abab")
