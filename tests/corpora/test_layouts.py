"""The options of a converter are closed: what it does not know, or contradicts, is refused."""

import pytest

from seqtransfer.corpora.converters import CONVERTERS, LAYOUTS, table
from seqtransfer.study.checks.task_checks import check_layout

FILE = {"file": "x"}
LABEL = {"label": {"field": 2}}


@pytest.mark.parametrize(
    ("converter", "layout", "message"),
    [
        ("table", {**FILE, "lable": "x"}, "x.layout: unknown key 'lable'; did you mean 'label'"),
        ("table", {}, "needs one of `file:` or `files:`; it has no key"),
        ("table", {**FILE, "files": {"train": "y"}}, "needs one of `file:` or `files:`"),
        ("table", {"files": {"trian": "x"}}, "unknown key 'trian'; did you mean 'train'"),
        ("table", {"files": ["x"]}, r"files: \['x'\] is not a map of keys and values"),
        ("table", {"files": {"train": 3}}, "files.train: 3 is not text"),
        ("table", {"files": {"train": "x"}, "split": "s"}, "contradict each other"),
        ("table", {"files": {"train": "x", "dev": "y"}, "dev_share": 0.1}, "a dev file and"),
        ("table", {**FILE, "dev_share": 0.1}, "`dev_share` needs given parts"),
        ("table", {"files": {"train": "x"}, "dev_share": 1}, "dev_share: 1 is greater than or"),
        ("table", {"files": {"train": "x"}, "dev_share": "0.1"}, "'0.1' is not a number; drop"),
        *(
            (name, {"files": {"train": "x", "test": other}}, "files: train and test are both ")
            for name, other in (("table", "x"), ("fasta", "./x"), ("three_line", "x"))
        ),
        ("table", {**FILE, "label": 2}, "label: 2 is not text"),
        ("table", {**FILE, "header": "a,b"}, r"header: 'a,b' is not a list, in \[ \]"),
        ("table", {**FILE, "alphabet": "DNA"}, "alphabet: 'DNA' is unknown; known: dna, rna"),
        ("table", {**FILE, "strip": ["gap"]}, "strip.0: 'gap' is unknown; known: gaps, stop"),
        ("fasta", {**FILE, "format": "fastq"}, "'fastq' is unknown; known: fasta, genbank, embl"),
        ("fasta", {**FILE, "label": "x"}, "label: 'x' is not a map of keys and values"),
        ("fasta", {**FILE, "label": {}}, "label: needs one of `field:` or `pattern:`"),
        ("fasta", {**FILE, "label": {"field": 1, "file": "x"}}, "label: needs one of"),
        ("fasta", {**FILE, "label": {"field": 0}}, "label.field: 0 is less than the minimum of 1"),
        ("fasta", {**FILE, "label": {"word": 1}}, "label: unknown key 'word'"),
        ("fasta", {**FILE, "label": {"pattern": "label=("}}, "label: pattern .* is no regular"),
        ("fasta", {**FILE, "label": {"pattern": "label"}}, "pattern 'label' needs one group"),
        ("fasta", {**FILE, "label": {"column": "y"}}, "belong together"),
        ("fasta", {**FILE, **LABEL, "labels": "x.tsv"}, "belong together"),
        ("fasta", {**FILE, **LABEL, "delimiter": ";"}, "`delimiter` is of the table `labels`"),
        ("midi", {}, "needs one of `table:` or `files:`"),
        ("lines", {}, "needs `files:`"),
        ("lines", {"files": {}}, "files: .* should be non-empty"),
        *(
            ("table", {"file": path}, r"layout\.file: '.*' is no path inside the source")
            for path in ("../..", "/etc/passwd", "a/../../b", "..", "", ".", "a\nb", "a\0b")
        ),
        ("table", {"files": {"test": "../x"}}, r"files\.test: '../x' is no path inside"),
        ("lines", {"files": {"a": "/x"}}, r"files\.a: '/x' is no path inside"),
        ("midi", {"table": "../x.csv"}, r"table: '../x.csv' is no path inside"),
        ("fasta", {**FILE, **LABEL, "labels": "/x"}, r"labels: '/x' is no path inside"),
        *(
            ("table", {**FILE, "encoding": name}, r"encoding: '.*' is no encoding of text")
            for name in ("utf-99", "hex", "undefined", "a\0b", "", "é", "x" * 999)
        ),
        *(
            (
                "table",
                {**FILE, "delimiter": mark},
                "delimiter: '.*' is not one character .*; write one",
            )
            for mark in (";;", "", '"', "\n", "\r", "\0")
        ),
        *(
            ("midi", {"table": "x.csv", "delimiter": mark}, r'for a tab write "\\t", in double')
            for mark in (r"\t", "tab")
        ),
        ("fasta", {**FILE, "label": {"pattern": "(a{99999999999})"}}, "is no regular expression"),
        ("fasta", {**FILE, "label": {"pattern": "(" * 1500 + ")" * 1500}}, "is no regular expr"),
        ("splice", FILE, r"converter `splice` takes none; found \['file'\]"),
    ],
)
def test_a_layout_that_its_converter_cannot_follow_is_refused(converter, layout, message):
    with pytest.raises(ValueError, match=message) as caught:
        check_layout("x.layout", converter, layout)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "cp1252", "UTF-8-SIG", "ascii"])
def test_encodings_of_text_and_any_other_mark_between_cells_pass(encoding):
    layout = {"file": "inner/x y.csv", "encoding": encoding}
    for mark in ",;\t|\x1f":
        check_layout("x", "table", layout | {"delimiter": mark})


def test_options_that_a_layout_leaves_out_have_defaults():
    layout = {"file": "x.csv", "strip": ["gaps"]}
    check_layout("x", "table", layout)
    found = table.Options(**layout)
    assert (found.sequence, found.label, found.strip) == ("sequence", "label", ["gaps"])
    assert found.split is found.group is found.files is None


def test_schemas_know_the_defaults_of_the_options_and_every_converter_with_options_has_one():
    properties = LAYOUTS["table"]["properties"]
    assert (properties["label"]["default"], properties["dev_share"]["default"]) == ("label", 0)
    assert "default" not in properties["group"]
    assert set(LAYOUTS) == {name for name, known in CONVERTERS.items() if known.options}
    for layout in LAYOUTS.values():
        assert all(key["description"] for key in layout["properties"].values())


def test_labels_of_a_table_of_lines_may_be_numbers():
    check_layout("x", "lines", {"files": {0: "negative.txt", 1: "positive.txt"}})
