"""Whether the keys of an artificial corpus fit its kind and each other."""

from collections.abc import Mapping

from seqtransfer.study.checks import task_checks

_DRAWN = ("sequences", "length", "symbols")
# Kind of an artificial corpus -> its keys, besides kind and title.
KEYS = {
    "zipf": (*_DRAWN, "exponent"),
    "markov": (*_DRAWN, "exponent", "successors"),
    "nested": (*_DRAWN, "exponent", "opening"),
    "flat": (*_DRAWN, "exponent", "opening"),
    "shuffle_dyck": (*_DRAWN, "exponent", "opening"),
    "reverse": (*_DRAWN, "exponent"),
    "sort": (*_DRAWN, "exponent"),
    "set": (*_DRAWN, "exponent"),
    "stack": (*_DRAWN, "exponent", "pushing"),
    "automaton": (*_DRAWN, "rule", "width"),
    "lstm": (*_DRAWN, "units", "temperature"),
    "shuffled": ("task",),
}
# Kind of a procedural task -> symbols that stand for no symbol of the input.
MARKS = {"reverse": 1, "sort": 1, "set": 1, "stack": 2}


def check(where: str, record: Mapping, known_tasks: Mapping) -> None:
    """Raise ValueError, beginning with `where`, if keys of an artificial corpus do not fit.

    record: the catalogue's entry; known_tasks: the catalogue's.
    """
    kind = record["kind"]
    for key in KEYS[kind]:
        if key not in record:
            raise ValueError(f"{where}: {kind} needs `{key}:`")
    for key in record:
        if key not in ("kind", "title", *KEYS[kind]):
            raise ValueError(f"{where}: {kind} has no `{key}:`; drop it")
    if "task" in record:
        task_checks.known_name(f"{where}.task", record["task"], known_tasks)
    if "opening" in record and record["length"] % 2:
        raise ValueError(f"{where}.length: pairs need an even number of tokens")
    if kind in MARKS and record["length"] < 5:
        raise ValueError(f"{where}.length: {kind} needs an input and its output; take 5 or more")
    if "symbols" in record:
        _check_symbols(where, kind, record["symbols"])


def _check_symbols(where: str, kind: str, symbols: int) -> None:
    least = MARKS.get(kind, 0) + 1
    if symbols < least:
        raise ValueError(
            f"{where}.symbols: {symbols} leaves none for the input, as {kind} has marks of its own;"
            f" take {least} or more"
        )
    if kind == "shuffle_dyck" and symbols % 2:
        raise ValueError(f"{where}.symbols: {symbols} is odd, but brackets come in twos")
    if kind == "automaton" and (symbols < 2 or symbols & symbols - 1):
        raise ValueError(
            f"{where}.symbols: {symbols} is no power of 2; a token of n cells needs 2^n symbols"
        )
