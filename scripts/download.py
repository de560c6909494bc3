"""Bring one source of the catalogue to its folder, checked by its digests."""

from pathlib import Path

from seqtransfer.corpora import sources
from seqtransfer.study import jobs


def main(*, source: dict, name: str, cache: str | None, folder: Path) -> None:
    """source: the catalogue's entry, see `sources.fetch`; name: of the source; cache: folder of
    files that were downloaded before, perhaps below `~`, None for no cache; folder: where the
    source's files go.

    Raises ValueError as `sources.fetch`.
    """
    sources.fetch(name, source, folder, cache=Path(cache).expanduser() if cache else None)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            source=snakemake.params.source | snakemake.params.ways,
            name=snakemake.wildcards.source,
            cache=snakemake.params.cache,
            folder=Path(snakemake.output.folder),
        )
