"""Tasks that read the same examples in other tokens: their scores share the examples' chance."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

# Keys of a task that change how its examples are read or scored, and not which they are.
READING = ("title", "tokens", "token_map", "order", "truncate", "max_length", "metric")


def names(tasks: Mapping[Key, Mapping]) -> dict[Key, Key]:
    """Task -> name of its set of examples: that of the first task that has the same ones.

    tasks: task -> record of the catalogue.
    """
    first: dict[Key, dict] = {}
    found: dict[Key, Key] = {}
    for task, record in tasks.items():
        which = {key: value for key, value in record.items() if key not in READING}
        found[task] = next((name for name, other in first.items() if other == which), task)
        first.setdefault(found[task], which)
    return found
