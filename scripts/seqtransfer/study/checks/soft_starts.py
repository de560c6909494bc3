"""Soft starts of a study: which of its arms are some, and the texts that they are aligned with."""

from collections.abc import Mapping

from seqtransfer.encoders import arm_descriptions
from seqtransfer.study.checks import task_checks


def asked(config: Mapping) -> list[str]:
    """The names of the soft starts of the study's arms, once each."""
    found = map(arm_descriptions.soft_start, config["initializations"])
    return [name for name in dict.fromkeys(found) if name]


def texts(config: Mapping) -> list[str]:
    """The task of texts that the study reads for its soft starts; none if it has none."""
    return [config["align"]["texts"]] if asked(config) else []


def check(config: Mapping) -> None:
    """Raise ValueError if a corpus has the name of a soft start of the study, or if the texts are
    none, or have no classes."""
    catalogue = config["catalogue"]
    for name in asked(config):
        for part in ("tasks", "artificial"):
            if name in catalogue[part]:
                raise ValueError(
                    f"catalogue.{part}.{name}: the arm from-{name} is a soft start; use another"
                    " name"
                )
    for name in texts(config):
        task_checks.known_name("align.texts", name, catalogue["tasks"])
        record = catalogue["tasks"][name]
        kind = task_checks.value(record, "kind")
        if record["format"] != "text" or kind != "classification":
            raise ValueError(
                f"align.texts: {name!r} is a {kind} in format {record['format']}; name a"
                " classification of texts, such as sentiment"
            )
