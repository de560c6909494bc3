"""From a study file to the study: defaults, every check in its order, and what is left out."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from seqtransfer.study import defaults
from seqtransfer.study.checks import configuration, key_places, schemas

# Keys of a source that say where its file is, not which file.
PLACES = ("path", "url", "mirrors")
# Keys of a task that change no run, or only its length, which settings are compared by.
SAID = ("title", "domain", "max_length")


def study(config: Mapping, files: Iterable[Path], lowest: Iterable[Path], folder: Path) -> dict:
    """The study that `config` asks for, checked and completed.

    config: the keys of a study, with or without the defaults below them; files: the study files
    that it was read from, which show keys that come twice; lowest: the files of the defaults;
    folder: of the schemas. Whatever a job would refuse later, and can be known now, raises
    ValueError: one line that begins with the key.
    """
    for path in files:
        defaults.read(path)
    schemas.check_values(config)
    default = defaults.merged(*map(defaults.read, lowest))
    merged = defaults.merged(default, config)
    of_study, of_catalogue = (
        defaults.read(folder / f"{name}.schema.yaml") for name in ("config", "catalogue")
    )
    with key_places.told(of_study, of_catalogue):
        schemas.check(merged, of_study)
        _check_task_names(merged["catalogue"], default["catalogue"])
        schemas.check(merged["catalogue"], of_catalogue, "catalogue")
        configuration.check(merged)
    _check_cache(merged.get("cache"))
    _check_name(merged, default)
    _check_lengths(merged, default)
    configuration.complete(merged)
    return merged


def typed(config: Mapping, given: Sequence[str]) -> dict:
    """The configuration, with lists and maps of the command line read as YAML reads them.

    given: what follows `--config`, such as `seeds=[0, 1]`, of which Snakemake takes every entry of
    a list or map for text, and then puts them over the study file's.
    """
    config = dict(config)
    for key, _, text in (argument.partition("=") for argument in given):
        if isinstance(config.get(key), Mapping | list):
            text = text.strip("'\"")
            as_text = yaml.load(text, Loader=yaml.BaseLoader)  # as Snakemake does
            config[key] = _typed(config[key], as_text, yaml.load(text, Loader=_WithTextKeys))
    return config


def altered(config: Mapping, lowest: Iterable[Path]) -> dict[str, list[str]]:
    """Of tasks of the catalogue that a checked study changes while it takes the default study's
    learning rates, which were chosen without these changes: the keys that it changes.

    config: the keys of the study, without the defaults below them; lowest: the files of these.
    """
    tasks = config.get("catalogue", {}).get("tasks", {})
    if not tasks or "settings" in config.get("finetune", {}):
        return {}
    known = defaults.merged(*map(defaults.read, lowest))["catalogue"]["tasks"]
    changed = {}
    for task in [task for task in tasks if task in known and tasks[task] is not None]:
        now, before = defaults.merged(known[task], tasks[task]), known[task]
        keys = [key for key in {**before, **now} if now.get(key) != before.get(key)]
        changed[task] = [key for key in keys if key not in SAID]
    return {task: keys for task, keys in changed.items() if keys}


class _WithTextKeys(yaml.SafeLoader):
    """Reads YAML with all keys as text, as those of a study are."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def _typed(value: object, as_text: object, as_yaml: object) -> object:
    """`value`, with what it has from the command line as YAML reads it."""
    if value == as_text:
        return as_yaml
    if not isinstance(value, Mapping) or not isinstance(as_text, Mapping):
        return value
    return {
        key: _typed(inner, as_text[key], as_yaml[key]) if key in as_text else inner
        for key, inner in value.items()
    }


def _check_cache(cache: str | None) -> None:
    """Raise ValueError if no folder can be at `cache`."""
    if cache is not None:
        path = Path(os.path.expanduser(cache)).absolute()
        there = next(folder for folder in (path, *path.parents) if os.path.exists(folder))
        if not there.is_dir():
            raise ValueError(f"cache: {there} is no folder; name one, or drop the key")


def _check_name(study: dict, default: dict) -> None:
    """Raise ValueError if another study than the default one has its name, and so its files."""
    ours, theirs = _without_places(study), _without_places(default)
    keys = [key for key in ours if ours[key] != theirs.get(key)]
    if study["study"] == default["study"] and keys:
        raise ValueError(
            f"study: {study['study']!r} is the default study, but {', '.join(keys)} differ from it;"
            f" add `study: <name>`, so that results/{study['study']} is not overwritten"
        )


def _check_task_names(ours: dict, catalogue: dict) -> None:
    """Raise ValueError if a task of the catalogue stands for other data, which would have its
    keys."""
    known = catalogue["tasks"]
    if not isinstance(ours["tasks"], Mapping) or not isinstance(ours["sources"], Mapping):
        return  # as the schema says then
    for task in [task for task in ours["tasks"] if task in known]:
        record, source = ours["tasks"][task], known[task]["source"]
        own = record.get("source") if isinstance(record, Mapping) else source
        if isinstance(own, str) and own in ours["sources"] and own != source:
            raise ValueError(
                f"catalogue.tasks.{task}: the catalogue has a task of this name, of the source"
                f" {source}, whose other keys yours would have, such as"
                f" {', '.join(list(known[task])[:3])}; give yours another name"
            )


def _check_lengths(study: dict, default: dict) -> None:
    """Raise ValueError if a task is given a length that the default study's hides."""
    lengths = default["max_length"]
    for task in set(configuration.tasks(study)) & set(lengths):
        record = study["catalogue"]["tasks"][task]
        own, general = record.get("max_length"), study["max_length"][task]
        if general == lengths[task] and own not in (None, general):
            raise ValueError(
                f"catalogue.tasks.{task}.max_length: {own}, but config.yaml has `max_length:"
                f" {{{task}: {general}}}`, which counts; state `max_length: {{{task}: {own}}}`"
            )


def _without_places(study: dict) -> dict:
    """The study without keys that only say where its downloads are."""
    sources = {
        name: {key: value for key, value in source.items() if key not in PLACES}
        for name, source in study["catalogue"]["sources"].items()
    }
    kept = {key: value for key, value in study.items() if key != "cache"}
    return kept | {"catalogue": study["catalogue"] | {"sources": sources}}
