"""What a study may ask for zero-shot: tasks that one likelihood a sequence can order, and models
that have one."""

from collections.abc import Mapping

from seqtransfer.encoders import initializations, masked_heads
from seqtransfer.scoring.zero_shot import KINDS
from seqtransfer.study.checks import task_checks


def tasks(config: Mapping) -> list[str]:
    """The tasks whose pretrained encoder is scored before any fine-tuning, in the study's order."""
    return [task for task in config["tasks"] if task in _asked(config)]


def check(config: Mapping) -> None:
    """Raise ValueError for a task that is not the study's, that a likelihood cannot order, or whose
    encoder fills in no masks."""
    where, catalogue = "analyse.zero_shot", config["catalogue"]
    for task in _asked(config):
        task_checks.known_name(where, task, config["tasks"])
        _check_task(f"{where}: {task!r}", catalogue["tasks"][task])
        if "domain" not in map(_kind_of_whole, config["initializations"]):
            raise ValueError(
                f"{where}: {task!r} has no encoder pretrained on its domain; add `domain` to"
                " initializations"
            )
        name = config.get("domain_encoders", {}).get(task)
        reason = masked_heads.refusal(catalogue["encoders"][name]) if name else None
        if reason:
            raise ValueError(
                f"{where}: encoder {name!r}, domain_encoders.{task}, {reason}; leave {task} out, or"
                " name another encoder"
            )


def _asked(config: Mapping) -> list[str]:
    return config.get("analyse", {}).get("zero_shot", [])


def _kind_of_whole(name: str) -> str | None:
    arm = initializations.parse(name)
    return None if arm.part else arm.kind


def _check_task(where: str, record: Mapping) -> None:
    """Raise ValueError, beginning with `where`, unless one number a sequence can be its answer."""
    kind, classes = task_checks.value(record, "kind"), record.get("classes", ())
    if kind not in KINDS:
        raise ValueError(
            f"{where} asks for a class of every token, not of a sequence; leave it out"
        )
    if kind == "classification" and len(classes) != 2:
        raise ValueError(
            f"{where} has {len(classes)} classes, which one likelihood a sequence cannot tell"
            " apart; leave it out, or name a regression or a task of two classes"
        )
    tokens = task_checks.value(record, "tokens")
    if tokens["kind"] == "kmers" and tokens["stride"] < tokens["k"]:
        raise ValueError(
            f"{where} has tokens that overlap, so that its neighbours give a masked one away; leave"
            f" it out, or use `stride: {tokens['k']}`"
        )
    if tokens["kind"] == "intervals":
        raise ValueError(
            f"{where} has tokens `intervals`, of which two pitches give the one between away; leave"
            " it out, or use `kind: symbols`"
        )
