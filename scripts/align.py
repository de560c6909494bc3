"""Move the embeddings of a task's symbols so that its sequences lie where texts lie."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from seqtransfer import seeds
from seqtransfer.files import arrow, damage, json_tsv
from seqtransfer.study import jobs, provenance
from seqtransfer.tokens import token_maps
from seqtransfer.tokens.vocabulary import Vocabulary, WordPieces
from seqtransfer.training import alignment, classifier, devices
from seqtransfer.training.classifier import WeightSources
from seqtransfer.training.steps import Schedule


def main(
    *,
    task: str,
    seed: int,
    tokens: Path,
    texts: Path,
    token_map: Path,
    encoder: Path,
    layers: int,
    settings: dict,
    threads: int,
    folder: Path,
    code: str,
) -> None:
    """tokens, texts: folders of the task's sequences and of those of the text task; encoder: folder
    of the text encoder, of which the first `layers` are used; folder: of the results."""
    vocabulary = Vocabulary(tuple(json_tsv.read_json(tokens / "task.json")["symbols"]))
    with damage.named(token_map):
        rows = np.load(token_map, allow_pickle=False)
    sources = WeightSources(encoder, layers, rows, None, None, seed, task)
    own, known = _sequences(tokens, sources), _sequences(texts, _unmapped(texts, sources))
    schedule = Schedule(
        settings["steps"], settings["batch_size"], settings["learning_rate"],
        warmup=0.0, weight_decay=0.0,
    )  # fmt: skip
    print(
        f"{task}: {len(own.ragged)} sequences, {len(known.ragged)} texts, seed {seed}", flush=True
    )
    with devices.reproducible(seed, threads):
        done = alignment.align(own, known, schedule, seeds.generator(seed, task, "align"))
    state = sources.state("text") | {sources.facts.table: own.encoder.table.detach()}
    json_tsv.write_records(folder / "history.tsv", done.history)
    classifier.save(state, sources.record(), folder)
    json_tsv.write_json(folder / "encoder.json", {"name": task, "symbols": vocabulary.ids()})
    summary = {
        "task": task,
        "seed": seed,
        **settings,
        "sequences": len(own.ragged),
        "by_class": own.classes is not None,
        "distance_before": done.before,
        "distance_after": done.after,
        "distance_between_texts": done.between_texts,
        "provenance": provenance.record(code, [*classifier.LIBRARIES, "pot"], threads=threads),
    }
    json_tsv.write_json(folder / "summary.json", summary)
    print({key: value for key, value in summary.items() if key.startswith("distance")})


def _unmapped(texts: Path, sources: WeightSources) -> WeightSources:
    """Weights of the same encoder for a text task whose word pieces keep their own rows."""
    facts = json_tsv.read_json(texts / "task.json")
    rows = token_maps.token_map(
        Vocabulary(tuple(facts["symbols"])),
        WordPieces(sources.encoder).rows(),
        seeds.generator(0, facts["task"], "map"),
        "identity",
    )
    return WeightSources(sources.encoder, sources.layers, rows, None, None, 0, facts["task"])


def _sequences(tokens: Path, sources: WeightSources) -> alignment.Sequences:
    """The training sequences of a task, and the text encoder that embeds them.

    One layer is enough, since embeddings alone are read, and families other than BERT compute every
    layer. Layers that share weights in several groups, as ALBERT's may, cannot be cut.
    """
    shared = sources.record().get("num_hidden_groups", 1) > 1
    low = replace(sources, layers=sources.layers if shared else 1)
    encoder = low.module(pooler=False)
    encoder.load_plain_state(classifier.without_pooler(low.state("text")))
    ragged = arrow.read_ragged(tokens / "train.arrow")
    kind = json_tsv.read_json(tokens / "task.json")["kind"]
    return alignment.Sequences(encoder, ragged, ragged.labels if kind == "classification" else None)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            task=snakemake.wildcards.task,
            seed=int(snakemake.wildcards.seed),
            tokens=Path(snakemake.input.task).parent,
            texts=Path(snakemake.input.text_task).parent,
            token_map=Path(snakemake.input.token_map),
            encoder=Path(snakemake.input.encoder).parent,
            layers=snakemake.params.layers,
            settings=snakemake.params.settings,
            threads=snakemake.threads,
            folder=Path(snakemake.output.weights).parent,
            code=snakemake.params.code,
        )
