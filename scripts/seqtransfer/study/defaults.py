"""What a study file may leave out: keys that have a default, in a file or by other keys."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml


def below(config: Mapping, files: Iterable[Path]) -> dict:
    """A new configuration: the YAML `files` in their order, then `config`; the last one wins.

    Maps are merged key by key and lists replaced, as `snakemake --configfile` does. `config` itself
    stays as it is.
    """
    merged: dict = {}
    for layer in [*(yaml.safe_load(path.read_text(encoding="utf-8")) for path in files), config]:
        merged = _merged(merged, layer)
    return merged


def _merged(lower: object, upper: object) -> object:
    if not isinstance(upper, Mapping):
        return upper
    below = dict(lower) if isinstance(lower, Mapping) else {}
    return below | {key: _merged(below.get(key), value) for key, value in upper.items()}
