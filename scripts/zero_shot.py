"""Score encoders pretrained on a task's domain before any fine-tuning: by their own likelihoods."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer import seeds
from seqtransfer.files import arrow, json_tsv
from seqtransfer.scoring import task_kinds, zero_shot
from seqtransfer.study import cards, jobs
from seqtransfer.tokens.token_maps import borrowed_rows
from seqtransfer.tokens.vocabulary import MASK, SPECIALS, SPELLINGS, Vocabulary
from seqtransfer.training import classifier, devices, pseudo_likelihood


@dataclass(frozen=True)
class Pretrained:
    """Weights, beside the `encoder.json` that lists their symbols, the head that they were trained
    with, and the seed of that training, None where others trained them."""

    weights: Path
    head: Path
    seed: int | None


def main(
    *,
    task: str,
    tokens: Path,
    encoder: Path,
    layers: int,
    models: list[Pretrained],
    threads: int,
    table: Path,
    likelihoods: Path,
    code: str,
) -> None:
    """tokens: folder of the task's id sequences and record; encoder, layers: whose architecture is
    pretrained here; table: of scores, up to three rows a model: by its likelihoods, by those of
    mutations where the task has such, and by frequencies of the symbols that it knows;
    likelihoods: of every test sequence."""
    record = json_tsv.read_json(tokens / "task.json")
    test, train = (arrow.read_ragged(tokens / f"{part}.arrow") for part in ("test", "train"))
    target, vocabulary = task_kinds.of(record), Vocabulary(tuple(record["symbols"]))
    device, metric = devices.choose_device(), zero_shot.metric_of(target)
    wild_type = zero_shot.wild_type(train, test, len(SPECIALS))
    scores, parts = [], []
    for one in models:
        known = json_tsv.read_json(one.weights.parent / "encoder.json")
        rows = borrowed_rows(vocabulary, known["symbols"], None)
        check_mask(task, known["name"], rows)
        kept = np.flatnonzero(pseudo_likelihood.knows(test, rows))
        if len(kept) == 0:
            lacking = [name for name, row in zip(vocabulary.ids(), rows, strict=True) if row < 0]
            raise ValueError(
                f"analyse.zero_shot: {task}: encoder {known['name']!r} knows no test sequence: each"
                f" has a symbol of {lacking[:5]}, which it does not have; give the task `tokens` in"
                " its symbols (DNA for RNA: `{kind: classes, classes: [TU]}`), or leave it out"
            )
        part, names = test.take(kept), {"pretrained_on": known["name"], "seed": one.seed}
        symbols = np.flatnonzero(rows >= 0)
        symbols = symbols[symbols >= len(SPECIALS)]
        with devices.reproducible(0, threads):
            sources = classifier.WeightSources(
                encoder, layers, np.arange(len(vocabulary)), one.weights, rows, 0, task
            )
            model = pseudo_likelihood.model(sources, one.head).to(device)
            by = {"likelihood": pseudo_likelihood.log_likelihoods(model, part, rows, device)}
            if wild_type is not None and (rows[wild_type] >= 0).all():
                marginals = pseudo_likelihood.marginals(model, wild_type, rows, device)
                by["mutations"] = zero_shot.mutation_scores(part, wild_type, marginals)
        by["frequencies"] = zero_shot.symbol_frequencies(part, train, symbols)
        labels = target.labels(part)
        for name, numbers in by.items():
            drawn = seeds.generator(0, task, "zero-shot bootstrap")
            low, high = zero_shot.interval(metric, labels, numbers, part.units, drawn)
            scores.append(
                {"task": task, **names, "by": name, "metric": metric}
                | {"score": zero_shot.score(metric, labels, numbers)}
                | {"low": low, "high": high, "n": len(part), "unknown": len(test) - len(part)}
                | {"log_likelihood": np.nan if name == "mutations" else float(numbers.mean())}
                | {"code": code}
            )
            print(scores[-1], flush=True)
        columns = {"id": part.names, "unit": part.units, "label": labels, **by}
        parts.append(pd.DataFrame({key: np.asarray(c) for key, c in columns.items()} | names))
    json_tsv.write_table(table, pd.DataFrame(scores).astype({"seed": "Int64"}))
    json_tsv.write_table(likelihoods, pd.concat(parts).astype({"seed": "Int64"}))


def check_mask(task: str, name: str, rows: np.ndarray) -> None:
    """Raise ValueError unless the encoder has a token that masks and does nothing else."""
    mask, others = rows[MASK], np.delete(rows[: len(SPECIALS)], MASK)
    if mask < 0 or mask in others:
        raise ValueError(
            f"analyse.zero_shot: {task}: encoder {name!r} has no token of its own that masks, under"
            f" any of the names {', '.join(['[MASK]', *SPELLINGS['[MASK]']])}; leave {task} out"
        )


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        cards.take(snakemake.resources.gpu)
        main(
            task=snakemake.wildcards.task,
            tokens=Path(snakemake.input.task).parent,
            encoder=Path(snakemake.input.encoder).parent,
            layers=snakemake.params.layers,
            models=[
                Pretrained(Path(weights), Path(head), seed)
                for weights, head, seed in zip(
                    snakemake.input.weights,
                    snakemake.input.heads,
                    snakemake.params.seeds,
                    strict=True,
                )
            ],
            threads=snakemake.threads,
            table=Path(snakemake.output.table),
            likelihoods=Path(snakemake.output.likelihoods),
            code=snakemake.params.code,
        )
