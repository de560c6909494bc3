"""Draw an artificial corpus, or shuffle a task's, in the form of a task's training sequences."""

from pathlib import Path

from seqtransfer import seeds
from seqtransfer.files import arrow, json_tsv
from seqtransfer.study import jobs, provenance
from seqtransfer.tokens import artificial_corpora


def main(
    *, corpus: str, record: dict, shuffled: tuple[Path, Path] | None, folder: Path, code: str
) -> None:
    """record: the catalogue's; shuffled: sequences and record of the task that it names."""
    generator = seeds.generator(0, corpus, "artificial")  # one draw, as pretraining has one seed
    if shuffled:
        sequences, facts = shuffled
        ragged = artificial_corpora.shuffled(arrow.read_ragged(sequences), generator)
        symbols = json_tsv.read_json(facts)["symbols"]
    else:
        ragged, symbols = artificial_corpora.draw(record, generator)
    arrow.write_ragged(folder / "pretrain.arrow", ragged)
    facts = {
        "task": corpus,
        "domain": "artificial",
        "symbols": symbols,
        "max_length": int(ragged.lengths.max()),
        "counts": {"pretrain": len(ragged)},
        "provenance": provenance.record(code, ["numpy", "pyarrow"]),
    }
    json_tsv.write_json(folder / "task.json", facts)
    print({**facts, "symbols": f"{len(symbols)} symbols"})


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            corpus=snakemake.wildcards.artificial,
            record=snakemake.params.record,
            shuffled=tuple(map(Path, snakemake.input.shuffled)) or None,
            folder=Path(snakemake.output.task).parent,
            code=snakemake.params.code,
        )
