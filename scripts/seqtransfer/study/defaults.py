"""What a study file may leave out: keys that have a default, in a file or by other keys."""

import functools
from collections.abc import Mapping
from pathlib import Path

import yaml


def merged(*layers: Mapping) -> dict:
    """A new configuration: the `layers` in their order; the last one wins.

    Maps are merged key by key and lists replaced, as `snakemake --configfile` does; a key of a map
    whose value is null takes the same key of the layers below away. The layers themselves stay as
    they are.
    """
    return functools.reduce(_merged, layers, {})


def read(path: Path) -> object:
    """What a YAML file says.

    Raises ValueError naming the file and the line if it is no YAML, or if a map has a key twice, of
    which YAML would keep the last.
    """
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8-sig"), _Once)
    except RecursionError as error:
        raise ValueError(f"{path}: its lists and maps nest too deeply; write it flatter") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        said = " ".join(filter(None, (error.context, error.problem)))
        raise ValueError(f"{path}: {line}is no YAML ({said})") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from error


class _Once(yaml.SafeLoader):
    """Reads YAML as usual, but no map with a key that comes twice."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if key != "<<" and keys.count(key) > 1), None)
        if twice is not None:
            line = node.start_mark.line + 1
            raise ValueError(
                f"the key {twice!r} comes twice in the map at line {line}; join the two"
            )
        return super().construct_mapping(node, deep)


def _merged(lower: object, upper: object) -> object:
    if not isinstance(upper, Mapping):
        return upper
    below = dict(lower) if isinstance(lower, Mapping) else {}
    gone = {key for key, value in upper.items() if value is None and key in below}
    both = below | {key: _merged(below.get(key), value) for key, value in upper.items()}
    return {key: value for key, value in both.items() if key not in gone}
