"""The options of a converter are closed: what it does not know, or contradicts, is refused."""

import pytest

from seqtransfer.corpora import layouts

FILE = {"file": "x"}
LABEL = {"label": {"field": 2}}


@pytest.mark.parametrize(
    ("converter", "layout", "message"),
    [
        (
            "table",
            {**FILE, "columns": "x"},
            "unknown key 'columns'; allowed: file, files",
        ),
        ("table", {}, "needs either `file` or `files`"),
        ("table", {**FILE, "files": {"train": "y"}}, "needs either `file` or `files`"),
        ("table", {"files": {"trian": "x"}}, "'trian' is no part; use some of train, dev, test"),
        ("table", {"files": ["x"]}, r"files is \['x'\] instead of a map to file names"),
        ("table", {"files": {"train": 3}}, "instead of a map"),
        ("table", {"files": {"train": "x"}, "split": "s"}, "contradict each other"),
        ("table", {"files": {"train": "x", "dev": "y"}, "dev_share": 0.1}, "a dev file and"),
        ("table", {**FILE, "dev_share": 0.1}, "`dev_share` needs given parts"),
        ("table", {"files": {"train": "x"}, "dev_share": 1}, "dev_share is 1.0"),
        ("table", {"files": {"train": "x"}, "dev_share": "0.1"}, "instead of a number"),
        ("table", {**FILE, "label": 2}, "label is 2 instead of a name"),
        ("table", {**FILE, "header": "a,b"}, "instead of a list of names"),
        ("table", {**FILE, "alphabet": "DNA"}, "alphabet 'DNA' is unknown; known: dna, rna"),
        ("table", {**FILE, "strip": ["gap"]}, "'gap' is unknown; known: .*gaps"),
        ("fasta", {**FILE, "format": "fastq"}, "format 'fastq'; use fasta, genbank or embl"),
        ("fasta", {**FILE, "label": "x"}, r"instead of a map such as \{field: 2\}"),
        ("fasta", {**FILE, "label": {}}, "label needs exactly one of field, pattern"),
        ("fasta", {**FILE, "label": {"field": 1, "file": "x"}}, "needs exactly one of"),
        ("fasta", {**FILE, "label": {"field": 0}}, "field is 0; it counts words from 1"),
        ("fasta", {**FILE, "label": {"word": 1}}, "label: unknown key 'word'; allowed: field"),
        ("fasta", {**FILE, "label": {"pattern": "label=("}}, "label: pattern .* is no regular"),
        (
            "fasta",
            {**FILE, "label": {"pattern": "label"}},
            "pattern 'label' needs one group",
        ),
        ("fasta", {**FILE, "label": {"column": "y"}}, "belong together"),
        ("fasta", {**FILE, **LABEL, "labels": "x.tsv"}, "belong together"),
        ("midi", {}, "needs the key `table`"),
        ("lines", {}, "needs the key `files`"),
        ("lines", {"files": {}}, "instead of a map"),
        ("splice", FILE, r"converter `splice` takes no layout; found \['file'\]"),
    ],
)
def test_a_layout_that_its_converter_cannot_follow_is_refused(converter, layout, message):
    with pytest.raises(ValueError, match=message):
        layouts.parse(converter, layout)


def test_a_layout_has_defaults_and_packaged_converters_have_none():
    table = layouts.parse("table", {"file": "x.csv", "strip": ["gaps"]})
    assert (table.sequence, table.label, table.strip, table.split) == (
        "sequence",
        "label",
        ("gaps",),
        None,
    )
    assert layouts.parse("fasta", FILE).label == layouts.Source(pattern=r"(?:^|\s)label=(\S+)")
    assert layouts.parse("lines", {"files": {1: "x"}}).files == {"1": "x"}
    assert layouts.parse("splice", {}) is None
