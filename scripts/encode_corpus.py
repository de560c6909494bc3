"""Turn a domain corpus into id sequences to pretrain on, without what its tasks hold out."""

from dataclasses import dataclass
from pathlib import Path

from seqtransfer.corpora.examples import Example
from seqtransfer.files import arrow, json_tsv
from seqtransfer.study import jobs, provenance
from seqtransfer.tokens import domain_corpora, encoding, manifests, views


@dataclass(frozen=True)
class Source:
    """Where examples come from. record: the catalogue's, of a task or the corpus; files: of its
    corpus, as the converter wrote them; settings: by which they are seen."""

    record: dict
    files: list[Path]
    settings: views.Settings

    def read(self, encoder: Path) -> list[Example]:
        """The examples, in windows of `settings.max_length` where they are music."""
        return list(encoding.read(self.record, self.files, encoder, self.settings))


def main(
    *,
    corpus: str,
    tasks: dict[Path, Source],
    further: Source | None,
    encoder: Path,
    settings: views.Settings,
    folder: Path,
    code: str,
) -> None:
    """tasks: those that the corpus serves, by the folder of their parts; further: what it has
    besides; settings: of the tasks, with the greatest of their lengths."""
    served = [
        domain_corpora.Served(
            source.read(encoder),
            manifests.read(tokens / "manifest.tsv"),
            source.settings,
        )
        for tokens, source in tasks.items()
    ]
    others = further.read(encoder) if further else []
    stated = further.record.get("apart") if further else None
    apart = domain_corpora.Apart(**stated) if stated else None
    ragged, vocabulary, counts = domain_corpora.build(served, others, settings, apart)
    arrow.write_ragged(folder / "pretrain.arrow", ragged)
    facts = {
        "task": corpus,
        "tasks": [tokens.name for tokens in tasks],
        "symbols": list(vocabulary.symbols),
        "max_length": settings.max_length,
        "counts": counts,
        "provenance": provenance.record(code, ["numpy", "pyarrow", "tokenizers"]),
    }
    json_tsv.write_json(folder / "task.json", facts)
    print({**facts, "symbols": f"{len(vocabulary.symbols)} symbols"})


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        files, own = list(map(Path, snakemake.input.corpora)), {}
        settings = views.Settings.of(*snakemake.params.settings)
        for facts, (count, *seen) in zip(
            snakemake.input.tasks, snakemake.params.tasks, strict=True
        ):
            own[Path(facts).parent] = Source(seen[0], files[:count], views.Settings.of(*seen))
            files = files[count:]
        main(
            corpus=snakemake.wildcards.domain_corpus,
            tasks=own,
            further=Source(snakemake.params.further, files, settings) if files else None,
            encoder=Path(snakemake.input.encoder).parent,
            settings=settings,
            folder=Path(snakemake.output.task).parent,
            code=snakemake.params.code,
        )
