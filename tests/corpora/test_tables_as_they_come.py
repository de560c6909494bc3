"""Tables as people have them: of another kind, under names that look alike, with bare marks."""

import pyarrow as pa
import pytest
from pyarrow import parquet
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


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Sequence,label", r"; did you mean 'Sequence'\? then name it so in the layout$"),
        ("sequence,lable", r"; did you mean 'lable'\? then name it so in the layout$"),
        ("sequence, label", "; ' label' begins with a blank: take the blank out .*, or write"),
        ("sequence ,label", "; 'sequence ' ends with a blank: take the blank out"),
        ("sequence,y", r"its columns are \['sequence', 'y'\]$"),
    ],
)
def test_a_column_that_is_nearly_the_one_asked_for_is_named(tmp_path, header, said):
    with pytest.raises(ValueError, match=rf"x\.csv: no column .*{said}"):
        convert(tmp_path, "table", {"file": "x.csv"}, {"x.csv": f"{header}\nMK,a\nMV,b\n"})
    column = header.split(",")[1]
    if column.strip() == "label":
        layout = {"file": "x.csv", "label": column, "sequence": header.split(",")[0]}
        assert [e.label for e in convert(tmp_path, "table", layout)] == ["a", "b"]


def test_a_key_of_json_and_a_column_of_parquet_that_are_near_are_named(tmp_path):
    text = '{"seq": "MK", "Label": "a"}\n'
    with pytest.raises(ValueError, match=r"no key 'label'; .*; did you mean 'Label'"):
        convert(tmp_path, "table", {"file": "x.jsonl", "sequence": "seq"}, {"x.jsonl": text})
    table = pa.table({"sequence": ["MK"], "Label": ["a"]})
    parquet.write_table(table, tmp_path / "raw" / "x.parquet")
    with pytest.raises(ValueError, match=r"no column 'label'; .*; did you mean 'Label'"):
        convert(tmp_path, "parquet", {"file": "x.parquet"})


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("name\tlabel", "no column 'id'; .*; rename the one with the .* must be called `id`$"),
        ("ID\tlabel", "no column 'id'; .*; rename the one with the .* must be called `id`$"),
        ("id\tLabel", "no column 'label'; .*; did you mean 'Label'"),
        ("id;label", "no column 'id'; .* state `delimiter: ';'`"),
    ],
)
def test_a_table_beside_fasta_files_needs_a_column_of_ids(tmp_path, header, said):
    layout = {"file": "x.fa", "labels": "l.tsv", "label": {"column": "label"}}
    files = {"x.fa": ">p\nMK\n", "l.tsv": f"{header}\np\ta\n"}
    with pytest.raises(ValueError, match=rf"l\.tsv: {said}"):
        convert(tmp_path, "fasta", layout, files)
