"""Baselines fitted and scored, as the script does both."""

from seqtransfer.scoring import baselines


def records(found, dev, test, target):
    """The records of fitted baselines, of a task `toy`."""
    return [one.record("toy", dev, test, target, {"code": "abc"}) for one in found]


def of_sequences(train, dev, test, target):
    """Those of the constant answer and of n-gram regression."""
    return records(baselines.fitted("toy", train, dev, test, target), dev, test, target)
