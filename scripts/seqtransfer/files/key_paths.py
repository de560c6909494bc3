"""A nested record -> its keys by their paths, to compare two records."""

from collections.abc import Iterator, Mapping


def by_path(record: Mapping) -> dict[str, str]:
    """Every key of a nested record by its path, such as `finetune.steps`, and its value as text."""
    return dict(_flat(record, ""))


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, str(value)
