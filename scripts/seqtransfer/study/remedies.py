"""What to do about an error, where the words of a job leave it open or say what does not apply.

Such words stand in the code that makes results, where a better sentence would make all of them
anew. What is added here reruns nothing.
"""

import re
from collections.abc import Callable

NUMBER = r"'-?\d+\.\d+(e-?\d+)?'"
PACKED = (".gz", ".bz2", ".xz")
LISTED = 3  # tensors that a message names at most


def added(message: str) -> str:
    """The message, with what to do."""
    for pattern, better in REMEDIES:
        message = re.sub(pattern, better, message, count=1)
    return message


def _of_twins(found: re.Match) -> str:
    path, name = found[1], found[2]
    if "'" in name or path.endswith(PACKED):
        return found[0]
    return f"{found[0]}; `grep -nF '>{name}' {path}` shows both lines"


def _of_tensors(found: re.Match) -> str:
    lacking, unlike = found[1], found[2]
    such = "tensors such as " if lacking.count("', '") == LISTED - 1 else ""
    faults = [f"lacks {such}{lacking}"] if lacking else []
    faults += [f"has other shapes than config.json says, in {unlike}"] if unlike else []
    return f"{' and '.join(faults)}; get it again, with the config.json beside it"


# A pattern of the message -> what stands in place of what it finds.
REMEDIES: tuple[tuple[str, Callable[[re.Match], str]], ...] = (
    (
        r"; alphabet `\w+` has [A-Z]+ and [A-Z]+$",
        lambda found: (
            f"{found[0]}; correct or remove the record, name the alphabet that the file is in, or"
            " leave `alphabet` out of the layout, which then takes every letter, `*` and `-`"
        ),
    ),
    (r"^(?:ValueError: )?(\S+): record '.+': id '(.+)' comes twice; rename .*", _of_twins),
    (
        rf"no example has the class .*; its labels are {NUMBER}(, {NUMBER}){{2,}};.*",
        lambda found: (
            f"{found[0]}; to predict numbers, write `kind: regression` in place of `classes`"
        ),
    ),
    (
        r"(?:^|: )class ('.+') has \d+ examples? in .* Drop the class from the task.*",
        lambda found: (
            f"{found[0]}. To drop it, leave {found[1]} out of `classes`: its examples then serve"
            " pretraining alone"
        ),
    ),
    (
        r"lacks \[(.*)\] or has other shapes than config.json says, \[(.*)\]; get it again",
        _of_tensors,
    ),
)
