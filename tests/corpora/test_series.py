"""Series are read digit by digit from three layouts, and refused by file and line."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtransfer.corpora.converters import series as converter
from seqtransfer.corpora.converters.series import Options
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.series import check_numbers
from seqtransfer.corpora.symbol_tables import read_symbols, write_symbols

NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr)
CHANNELS = st.lists(st.lists(NUMBERS, min_size=1, max_size=5), min_size=1, max_size=3)


def joined(channels):
    return tuple(" | ".join(" ".join(channel) for channel in channels).split())


@given(st.lists(CHANNELS, min_size=1, max_size=4), st.sampled_from([None, "train", "test"]))
def test_what_is_written_is_read_back(tmp_path_factory, corpus, split):
    path = tmp_path_factory.mktemp("series") / "a.symbols"
    examples = [
        Example(f"s{i}", joined(channels), "1", f"g{i}" if i else None, split)
        for i, channels in enumerate(corpus)
    ]
    write_symbols(path, examples, check_numbers)
    assert read_symbols(path, check_numbers) == examples


def converted(tmp_path, name, text, **options):
    content = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    converter.convert(tmp_path, tmp_path / "out.symbols", Options(**({"file": name} | options)))
    return [
        (" ".join(example.symbols), example.label)
        for example in read_symbols(tmp_path / "out.symbols")
    ]


ONE = [("1.50 -2", "a"), ("0 1e-3", "b")]
TWO = [("1.50 -2 | 7", "a"), ("0 1e-3 | 8 9", "b")]
FOUR = [("1 2 | 3 4", "A"), ("5 6 | 7 8", "b")]
QUOTED = [("1.50 -2", "A"), ("0 1e-3", "B, b")]
ARFF = "@relation x\n@attribute t0 numeric\n@attribute 't 1' REAL\n@attribute kind {a,b}\n"
QUOTED_ARFF = ARFF.upper().replace("{A,B}", "{ a, ' B, b ' }")
NESTED = (
    "@relation x\n@attribute both relational\n @attribute t0 numeric\n @attribute t1 numeric\n"
    "@end both\n@attribute kind {a,b}\n@data\n"
)
SHAPED = (
    "@univariate false\n@dimensions 2\n@equalLength true\n@seriesLength 2\n"
    "@classLabel true a b\n@data\n"
)


@pytest.mark.parametrize(
    ("name", "text", "options", "expected"),
    [
        ("x_TRAIN.tsv", "a\t1.50\t-2\nb\t0\t1e-3\n", {}, ONE),
        ("x.txt", "  a   1.50 -2\n\n  b  0 1e-3\n", {}, ONE),
        ("x.csv", "1.50, -2, a\n0,1e-3,b\n", {"label": "last"}, ONE),
        ("x.dat", "a;1.50;-2\nb;0;1e-3\n", {"delimiter": ";"}, ONE),
        ("x.ts", "#1,2:z\n@univariate true\n@data\n1.50,-2:a\n0,1e-3:b\n", {}, ONE),
        ("x.ts", "@dimensions 2\n@DATA\n1.50,-2:7:a\n0,1e-3:8,9:b\n", {}, TWO),
        ("x.arff", f"% x\n{ARFF}@data\n1.50,-2,a\n0,1e-3,b\n", {}, ONE),
        ("x.arff", f"{QUOTED_ARFF}@DATA\n1.50, -2, 'A'\n% x\n\n0,1e-3,\"B, b\"\n", {}, QUOTED),
        ("x.ts.gz", "@data\n1.50,-2:a\n0,1e-3:b\n", {}, ONE),
        ("x.csv", 't0,kind,t1\n1.50,a,-2\n0,"b",1e-3\n', {"label": "kind"}, ONE),
        ("x.csv", '"a",1.50,"-2"\nb,0,1e-3\n', {}, ONE),
        ("x.csv.gz", "a,1.50,-2\nb,0,1e-3\n", {}, ONE),
        ("x.arff", "@data\n'1.50,-2\\n7',a\n'0,1e-3\\n8,9',b\n", {}, TWO),
        ("x.arff", f"{NESTED}'1.50,-2\\n7',a\n'0,1e-3\\n8,9',b\n", {}, TWO),
        ("x.ts", f"{SHAPED}1,2:3,4:A\n5,6:7,8:b\n", {}, FOUR),
        ("x.ts", "@equalLength false\n@seriesLength\n@data\n1.50,-2:7:a\n0,1e-3:8,9:b\n", {}, TWO),
    ],
)
def test_each_layout_gives_the_same_series(tmp_path, name, text, options, expected):
    assert converted(tmp_path, name, text, **options) == expected


def test_parts_come_from_files_and_dev_from_a_share_of_train(tmp_path):
    lines = "".join(f"1\t{i}\t{i + 1}\n" for i in range(200))
    for part in ("TRAIN", "TEST"):
        (tmp_path / f"x_{part}.tsv").write_text(lines)
    files = {"train": "x_TRAIN.tsv", "test": "x_TEST.tsv"}
    converter.convert(tmp_path, tmp_path / "out.symbols", Options(files=files, dev_share=0.2))
    parts = [example.split for example in read_symbols(tmp_path / "out.symbols")]
    assert parts.count("test") == 200
    assert 20 <= parts.count("dev") <= 60 and parts.count("train") == 200 - parts.count("dev")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.tsv", "a\t?\t1\n", r"x\.tsv: line 1: '\?' at place 1 is no finite number"),
        ("x.tsv", "a\t1\nb\tNaN\t1\n", r"line 2: 'NaN' at place 1"),
        ("x.tsv", "a\t1e999\n", r"line 1: '1e999'"),
        ("x.tsv", "a\t1\t\t3\n", r"line 1: '' at place 2"),
        ("x.tsv", "\t1\t2\n", r"line 1: has no label"),
        ("x.tsv", "\n", r"x\.tsv: holds no series"),
        ("x.ts", "@data\n", r"x\.ts: holds no series"),
        ("x.tsv", "a\n", r"line 1: has one cell; state `delimiter`"),
        ("x.tsv", "a\t1\nb\t2,5\n", r"line 2: '2,5' at place 1 .*; write decimals with a point"),
        ("x.tsv", "a\t2026-03-01\t1\n", r"'2026-03-01' at place 1 .*; a date or time is no value"),
        ("x.tsv", "a\t1\t12:30:05\n", r"'12:30:05' at place 2 .*; a date or time is no value"),
        ("x.csv", "label,t0,t1\na,1,2\n", r"line 1: 't0' .* header, name the column of the label"),
        ("x.csv", "a,n/a,1\n", r"line 1: 'n/a' at place 1 .*; fill a missing value"),
        ("x.csv", "a,1,,2\n", r"line 1: '' at place 2 .*; fill a missing value"),
        ("x.ts", "@timeStamps true\n@data\n(0,1),(1,2):a\n", r"line 1: has time stamps"),
        ("x.ts", "@classLabel false\n@data\n1,2\n", r"line 1: has no labels"),
        ("x.ts", "1,2:a\n", r"line 1: data before the line @data"),
        ("x.ts", "@data\n1,2::a\n", r"line 2: '' at place 4 is no finite number"),
        ("x.ts", "@data\n1,2:\n", r"line 2: has no label"),
        ("x.ts", "@data\n1:2:a\n\n3:b\n", r"line 4: has 1 channels, and .*line 2 has 2;"),
    ],
)
def test_a_broken_line_is_named_and_leaves_nothing(tmp_path, name, text, message):
    with pytest.raises(ValueError, match=message):
        converted(tmp_path, name, text)
    assert not (tmp_path / "out.symbols").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.ts", f"{SHAPED}1,2:3,4:a\n1,2:3:b\n",
         r"line 8: has a channel of 1 numbers, .*`@seriesL"),
        ("x.ts", f"{SHAPED}1,2:3,4:5,6:a\n",
         r"line 7: has 3 channels, .* `@dimensions 2`; correct"),
        ("x.ts", f"{SHAPED}1,2:3,4:c\n",
         r"line 7: the label 'c' is none of `@classLabel`: a, b;"),
        ("x.ts", "@univariate true\n@data\n1:2:a\n",
         r"line 3: has 2 channels, .*`@univariate true`"),
        ("x.ts", "@equalLength true\n@data\n1,2:a\n3:b\n",
         r"line 4: .* 1 numbers.* line 3 begins with 2"),
        ("x.ts", "@dimensions two\n@data\n1:a\n",
         r"line 1: '@dimensions two' states no whole number"),
        ("x.ts", "@data\n(0,1),(1,2):a\n",
         r"line 2: has pairs of time and value, which are not read"),
        ("x.arff", f"{ARFF}@data\n1,2,a\n1,a\n",
         r"line 7: has 2 cells, .* declares 3 attributes"),
        ("x.arff", f"{ARFF}@data\n1,2,3,a\n",
         r"line 6: has 4 cells, .* declares 3 attributes"),
        ("x.arff", f"{ARFF}@data\n{{0 1.155, 2 a}}\n",
         r"line 6: is in sparse form, which is not read"),
        ("x.arff", "@attribute 'my kind' {1,2}\n@attribute t numeric\n@data\n1,5\n",
         r"line 1: the attribute 'my kind' has classes but is not the last.*; move it"),
        ("x.arff", f"{ARFF}@data\n1,2,c\n",
         r"line 6: the label 'c' is none of the classes of the last attribute: a, b; correct"),
        ("x.arff", f"{NESTED}'1,2\\n3,4',c\n",
         r"the label 'c' is none of the classes"),
        ("x.arff", f"@attribute subject STRING\n{ARFF}@data\n7,1,2,a\n",
         r"line 1: the attribute 'subject' is a string and no number .*; take it out"),
        ("x.arff", f"@attribute day date 'yyyy'\n{ARFF}@data\n7,1,2,a\n",
         r"'day' is a date and no"),
        ("x.csv", "0,1,2,3\nb,1.5,2,3\n",
         r"line 1: its values are 1, 2, 3, ..., as names of columns are: take the line out"),
        ("x.csv", "1;1,5;2,5\n",
         r"'5;2' at place 1 .*; state `delimiter: ';'`, if that is what parts"),
    ],
)  # fmt: skip
def test_a_line_that_breaks_its_header_is_refused(tmp_path, name, text, message):
    with pytest.raises(ValueError, match=message):
        converted(tmp_path, name, text)


def test_a_corpus_that_was_edited_is_refused_by_its_series(tmp_path):
    path = tmp_path / "a.symbols"
    path.write_text("id\tlabel\tsymbols\ns1\ta\t1 2 | | 3\n")
    with pytest.raises(ValueError, match=r"sequence 's1': a channel holds no number"):
        read_symbols(path, check_numbers)


HEADED = "person,t0,t1,kind\nann,1,2,walk\nbob,3,4,run\n"


def test_a_table_with_a_header_has_its_label_and_group_by_name(tmp_path):
    (tmp_path / "x.csv").write_text(HEADED)
    options = Options(file="x.csv", label="kind", group="person")
    converter.convert(tmp_path, tmp_path / "out.symbols", options)
    assert read_symbols(tmp_path / "out.symbols") == [
        Example("x-000002", ("1", "2"), "walk", "ann", None),
        Example("x-000003", ("3", "4"), "run", "bob", None),
    ]


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        (
            "x.csv",
            HEADED,
            {"label": "class"},
            r"x\.csv: no column 'class'; its columns are \['pers",
        ),
        (
            "x.csv",
            HEADED,
            {"label": "kind"},
            r"line 2: 'ann' in the column 'person' is no finite number",
        ),
        ("x.csv", HEADED + "cat,5,run\n", {"label": "kind"}, r"line 4: has 3 cells instead of 4"),
        ("x.csv", "p,t,kind\n,1,a\n", {"label": "kind", "group": "p"}, "column 'p' is empty"),
        ("x.csv", "kind\na\n", {"label": "kind"}, "line 2: has no numbers"),
        (
            "x.ts",
            "@data\n1:a\n",
            {"label": "kind"},
            r"x\.ts: has its label last; leave `label` out",
        ),
    ],
)
def test_a_table_with_a_header_is_refused_by_column_and_line(
    tmp_path, name, text, options, message
):
    if message.startswith("line 4"):
        options = options | {"group": "person"}
    with pytest.raises(ValueError, match=message):
        converted(tmp_path, name, text, **options)


def test_a_group_needs_a_header_and_a_column_of_its_own():
    with pytest.raises(ValueError, match="name the column of the label, too"):
        Options(file="x.csv", group="person")
    with pytest.raises(ValueError, match="are one column"):
        Options(file="x.csv", label="kind", group="kind")


def test_dev_takes_whole_groups_of_train(tmp_path):
    lines = [f"p{i % 50},{i / 7:.3f},a\n" for i in range(500)]
    for part in ("train", "test"):
        (tmp_path / f"{part}.csv").write_text("".join(["person,t0,kind\n", *lines]))
    files = {"train": "train.csv", "test": "test.csv"}
    options = Options(files=files, dev_share=0.2, label="kind", group="person")
    converter.convert(tmp_path, tmp_path / "out.symbols", options)
    parts = {}
    for example in read_symbols(tmp_path / "out.symbols"):
        parts.setdefault(example.split, set()).add(example.group)
    assert not parts["train"] & parts["dev"] and len(parts["train"] | parts["dev"]) == 50
    assert 3 <= len(parts["dev"]) <= 18


def test_row_numbers_of_pandas_are_no_values(tmp_path):
    (tmp_path / "x.csv").write_text(",act,t0,t1\n1500,walk,0.5,0.1\n1501,run,0.2,0.3\n")
    with pytest.raises(ValueError, match=r"x\.csv: column 1 has no name, as one of row numbers"):
        list(converter.labelled_series(tmp_path, Options(file="x.csv", label="act")))
    (tmp_path / "x.csv").write_text("Unnamed: 0,act,t0\n0,walk,0.5\n1,run,0.2\n")
    with pytest.raises(ValueError, match=r"column 1 is called 'Unnamed: 0', as one of row numbers"):
        list(converter.labelled_series(tmp_path, Options(file="x.csv", label="act")))


def test_a_column_that_counts_the_rows_is_no_value(tmp_path):
    rows = [f"{i},{'walk' if i < 12 else 'run'},{i % 3},{i}\n" for i in range(5, 25)]
    (tmp_path / "x.csv").write_text("".join(["id,act,t0,t1\n", *rows]))
    with pytest.raises(ValueError, match=r"x\.csv: the column 'id' counts the rows"):
        list(converter.labelled_series(tmp_path, Options(file="x.csv", label="act")))
    rows[-1] = "24,run,1,30\n"  # so that t1 does not; id, counted in all but one row, passes
    rows[7] = rows[7].replace("12,", "13,", 1)
    (tmp_path / "x.csv").write_text("".join(["id,act,t0,t1\n", *rows]))
    found = list(converter.labelled_series(tmp_path, Options(file="x.csv", label="act")))
    assert len(found) == 20


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("act,t1,t2", r"in place 1 it has 't1' instead of 't0'"),
        ("act,t0,t1,pid", r"in place 3 it has 'pid' instead of 'no more'"),
        ("act,t0", r"in place 2 it has 'no more' instead of 't1'"),
    ],
)
def test_parts_whose_columns_differ_are_refused(tmp_path, header, said):
    (tmp_path / "train.csv").write_text("act,t0,t1\nwalk,0.5,0.1\nrun,0.2,0.3\n")
    values = ",".join(["0.5"] * header.count(","))
    (tmp_path / "test.csv").write_text(f"{header}\nwalk,{values}\n")
    options = Options(files={"train": "train.csv", "test": "test.csv"}, label="act")
    with pytest.raises(ValueError, match=rf"test\.csv: the columns of its values.*{said}"):
        list(converter.labelled_series(tmp_path, options))


@pytest.mark.parametrize("names", ["400,402,404,406,408", "0.00,0.02,0.04,0.06,0.08"])
def test_a_line_of_numbers_that_names_the_columns_is_no_series(tmp_path, names):
    series = "".join(f"{i % 2},0.{i},0.3,0.1,0.2,0.4\n" for i in range(1, 9))
    with pytest.raises(ValueError, match=r"x\.csv: line 1: its values are .* names the columns"):
        converted(tmp_path, "x.csv", f"label,{names}\n{series}")
    assert len(converted(tmp_path, "x.csv", f"1,{names}\n{series}")) == 9  # a ramp of a class
    (tmp_path / "y.csv").write_text("t1,t2,t3,t4,t5,y\n1,2,3,4,5,up\n2,1,2,1,2,down\n")
    named = Options(file="y.csv", label="y")  # has its header
    assert len(list(converter.labelled_series(tmp_path, named))) == 2
    assert len(converted(tmp_path, "x.csv", f"2.5,{names}\n{series}")) == 9  # and of a regression


def test_missing_values_at_the_end_of_a_line_are_the_end_of_a_shorter_series(tmp_path, capsys):
    """As the archive of UCR pads series of unequal length; a gap before the end is refused."""
    expected = [("1", "7", "3"), ("4",), ("5", "6")]
    text = "a,1,7,3\nb,4,NULL,#N/A\na,5,6,\n"
    assert [tuple(symbols.split()) for symbols, _ in converted(tmp_path, "x.csv", text)] == expected
    assert "x.csv: 2 series end before their line does" in capsys.readouterr().out
    (tmp_path / "y.csv").write_text("y,t0,t1,t2\na,1,7,3\nb,4,,\na,5,6,nan\n")
    named = converter.labelled_series(tmp_path, Options(file="y.csv", label="y"))
    assert [one.symbols for one in named] == expected
    with pytest.raises(ValueError, match=r"line 2: 'NaN' at place 2 is no finite number"):
        converted(tmp_path, "x.csv", "a,1,7,3\nb,4,NaN,5\n")
    with pytest.raises(ValueError, match=r"line 2: has no numbers"):
        converted(tmp_path, "x.csv", "a,1,7,3\nb,NaN,NaN,NaN\n")
