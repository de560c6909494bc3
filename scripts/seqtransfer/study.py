"""What a study may ask for, beyond the types that the schema checks: names that must exist."""

from pathlib import Path

INITIALIZATIONS = ("text", "random", "shuffled", "domain")


def check(config: dict) -> None:
    """Raise ValueError for a name that nothing defines, with what would have been right.

    Runs when the workflow is planned, so that a misspelt name costs no training.
    """
    catalogue = config["catalogue"]
    for task in config["tasks"]:
        _known("tasks", task, catalogue["tasks"])
        _known(
            f"catalogue.tasks.{task}.source",
            catalogue["tasks"][task]["source"],
            catalogue["sources"],
        )
        if task not in config["max_length"]:
            raise ValueError(f"max_length: no length for task {task!r}; add `{task}: <tokens>`")
        if catalogue["tasks"][task]["format"] == "midi":
            for composer in catalogue["tasks"][task]["classes"]:
                _known(f"pieces of {task}", composer, config["pieces"])
    for initialization in config["initializations"]:
        _known("initializations", initialization, INITIALIZATIONS)
    _known("compare.reference", config["compare"]["reference"], config["initializations"])
    _known("encoder.name", config["encoder"]["name"], catalogue["encoders"])
    for name, encoder in catalogue["encoders"].items():
        _known(f"catalogue.encoders.{name}.source", encoder["source"], catalogue["sources"])


def gpus_per_job() -> int:
    """1 where this machine has an NVIDIA device, else 0: what a training job asks for locally.

    On a cluster the profile's `set-resources` says it for the nodes instead.
    """
    return int(any(Path("/dev").glob("nvidia[0-9]*")))


def _known(key: str, name: str, known) -> None:
    if name not in known:
        raise ValueError(f"{key}: {name!r} is unknown; known: {', '.join(sorted(known))}")
