"""Object storage: what a job needs there besides the files that its rule names. No rules.

On a file system a job finds all files of a folder beside each other. Storage brings it only those that
are named as inputs. So in storage the other files are named, too. On a file system they are not: one
more input would rerun the jobs of finished studies.
"""

from snakemake.io import expand as expand_paths

IN_STORAGE = workflow.storage_settings.default_storage_provider is not None
# What comes before every path in storage, such as s3://bucket/folder.
STORAGE = (workflow.storage_settings.default_storage_prefix or "").rstrip("/")
# Only these have word pieces, in a file of their own.
TEXT_ENCODERS = [
    name
    for name, record in CATALOGUE["encoders"].items()
    if not wanted_encoders.knows_symbols(record)
]


def expand(patterns, *arguments, **wildcards):
    """Snakemake's `expand`, which refuses what a rule in storage has for its outputs, the places of
    their copies: it gets their paths as the rule names them."""
    return expand_paths(
        [path_in_rule(pattern) for pattern in listed(patterns)], *arguments, **wildcards
    )


def path_in_rule(path):
    """The path of an output as its rule names it."""
    stored = getattr(path, "flags", {}).get("storage_object")
    return stored.query.removeprefix(f"{STORAGE}/") if stored else path


def beside(*named):
    """Input function: what a job reads beside the study's encoder, and beside the files that the
    input functions `named` give, weights or folders of sources."""

    def files(wildcards):
        paths = [ENCODER, *(path for one in named for path in listed(one(wildcards)))]
        return neighbours(paths)

    return files


def beside_only(named):
    """Input function: what a job reads beside the files that the input function `named` gives."""

    def files(wildcards):
        return neighbours(listed(named(wildcards)))

    return files


def listed(paths):
    """What an input function gives, as a list: one path, several, or none."""
    return [paths] if isinstance(paths, str) else list(paths)


def neighbours(paths):
    """What jobs read beside weights, the record of an encoder, or the folder of a source."""
    if not IN_STORAGE:
        return []
    found = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder == "<raw>":
            names = [f"{name}.sha256"]
        elif folder.startswith("<encoders>/"):
            pieces = folder.removeprefix("<encoders>/") in TEXT_ENCODERS
            names = ["encoder.json", "config.json", "model.safetensors"]
            names += ["tokenizer.json"] if pieces else []
        else:
            names = ["encoder.json"]
        found |= {f"{folder}/{name}": None for name in names}
    return [path for path in found if path not in paths]


def stored_source(wildcards):
    """The file or folder of a source whose `path:` is an address, such as s3://bucket/mine.fasta.
    Of its provider Snakemake needs the plugin."""
    path = CATALOGUE["sources"][wildcards.source].get("path")
    return [storage(path)] if local_sources.is_address(path) else []
