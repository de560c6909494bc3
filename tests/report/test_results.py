"""Tables that several others use are read once."""

import pandas as pd
import pytest

from seqtransfer.files import json_tsv
from seqtransfer.report.tables.results import Results


@pytest.mark.parametrize(
    ("name", "kind"),
    [("left_out", "left_out"), ("references", "references"), ("comparisons", "similarities")],
)
def test_a_table_that_is_asked_for_twice_is_read_once(name, kind, monkeypatch, tmp_path):
    read = []

    def read_table(path, *_):
        read.append(path)
        return pd.DataFrame({"task": ["x"], "seed": [0]})

    monkeypatch.setattr(json_tsv, "read_table", read_table)
    results = Results({kind: [tmp_path / "a.tsv", tmp_path / "b.tsv"]}, "domain")
    first = getattr(results, name)
    assert getattr(results, name) is first and len(first) == 2
    assert read == [tmp_path / "a.tsv", tmp_path / "b.tsv"]
