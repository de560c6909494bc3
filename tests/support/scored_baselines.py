"""Baselines fitted and scored, as the script does both."""

import numpy as np
import pytest

from seqtransfer.scoring import baselines


def records(found, dev, test, target):
    """The records of fitted baselines, of a task `toy`; what they write of test scores as they do,
    but for the digits of numbers."""
    made = [one.record("toy", dev, test, target, {"code": "abc"}) for one in found]
    for one, record in zip(found, made, strict=True):
        rows = one.predictions(test, target)
        assert [row["id"] for row in rows] == list(test.names)
        assert {row["baseline"] for row in rows} == {record["baseline"]}
        written = (np.array([row[key] for row in rows]) for key in ("label", "prediction"))
        assert target.score_written(*written) == pytest.approx(record["test"]["score"], abs=1e-3)
    return made


def of_sequences(train, dev, test, target):
    """Those of the constant answer and of n-gram regression."""
    return records(baselines.fitted("toy", train, dev, test, target), dev, test, target)
