"""The configuration of a study -> the part of it that the study uses, for its record."""

import json
from collections.abc import Mapping
from pathlib import Path

from seqtransfer.files import json_tsv, key_paths
from seqtransfer.study.checks import configuration, soft_starts


def selected(config: Mapping) -> dict:
    """The study's configuration: of the catalogue what it uses, `align` if an arm does, and not the
    cache, which changes no result and is a folder of this machine."""
    catalogue = config["catalogue"]
    corpora = configuration.corpora(config)
    tasks = {name: catalogue["tasks"][name] for name in configuration.tasks(config)}
    names = {config["encoder"]["name"], *configuration.domain_encoders(config).values()}
    names |= {catalogue["encoders"][name].get("tokenizer", name) for name in names}
    encoders = {name: catalogue["encoders"][name] for name in sorted(names)}
    artificial = {
        name: catalogue["artificial"][name] for name in corpora if name in catalogue["artificial"]
    }
    domain = {name: catalogue["corpora"][name] for name in corpora if name in catalogue["corpora"]}
    read = [*tasks.values(), *domain.values()]
    sources = {name for record in read for name in configuration.sources(record)}
    sources |= {known["source"] for known in encoders.values() if "source" in known}
    sources |= {part for name in sources for part in configuration.parts(catalogue, name)}
    kept = {"tasks": tasks, "encoders": encoders, "artificial": artificial}
    kept["corpora"] = domain
    kept["sources"] = {name: catalogue["sources"][name] for name in sorted(sources)}
    unused = {"cache"} if soft_starts.asked(config) else {"cache", "align"}
    said = {key: value for key, value in config.items() if key not in unused}
    return said | {"catalogue": kept}


def changed(config: Mapping, record: Path) -> list[str]:
    """The keys, by their paths, in which a completed study is not what its last report says.

    record: `study.json` of that report; without one, or one that can be read, there are none.
    """
    try:
        before = key_paths.by_path(json_tsv.read_json(record)["configuration"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
    now = key_paths.by_path(json.loads(json.dumps(selected(config))))
    return [key for key in dict.fromkeys([*now, *before]) if now.get(key) != before.get(key)]
