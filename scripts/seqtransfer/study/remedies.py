"""What to do about an error, where the words of the job leave it open.

Such words stand in the code that makes results, where a better sentence would make all of them
anew. What is added here reruns nothing.
"""

import re
from collections.abc import Callable

NUMBER = r"'-?\d+\.\d+(e-?\d+)?'"
PACKED = (".gz", ".bz2", ".xz")


def added(message: str) -> str:
    """The message, and what to do."""
    for pattern, remedy in REMEDIES:
        if found := re.search(pattern, message):
            return message + remedy(found)
    return message


def _of_twins(found: re.Match) -> str:
    path, name = found[1], found[2]
    if "'" in name or path.endswith(PACKED):
        return ""
    return f"; `grep -nF '>{name}' {path}` shows both lines"


# A pattern of the message -> what is added, from what the pattern found.
REMEDIES: tuple[tuple[str, Callable[[re.Match], str]], ...] = (
    (
        r"; alphabet `\w+` has [A-Z]+ and [A-Z]+$",
        lambda found: (
            "; correct or remove the record, name the alphabet that the file is in, or leave"
            " `alphabet` out of the layout, which then takes every letter, `*` and `-`"
        ),
    ),
    (r"^(?:ValueError: )?(\S+): record '.+': id '(.+)' comes twice; rename", _of_twins),
    (
        rf"no example has the class .*; its labels are {NUMBER}(, {NUMBER}){{2,}};",
        lambda found: "; to predict numbers, write `kind: regression` in place of `classes`",
    ),
    (
        r"(?:^|: )class ('.+') has \d+ examples? in .* Drop the class from the task",
        lambda found: (
            f". To drop it, leave {found[1]} out of `classes`: its examples then serve pretraining"
            " alone"
        ),
    ),
)
