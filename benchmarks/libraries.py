"""What a library would take in place of a hand-written part: both sides by turns, in one run.

    pip install dnaio==1.2.4 pyfastx==2.3.1 pysam==0.24.1 polars==2.1.0 mido==1.3.3
    pip install pretty_midi==0.2.11 miditoolkit==1.0.1 partitura==1.9.0 datasketch==2.0.0
    python benchmarks/libraries.py [step ...]                 (all parts take about 6 minutes)

A line gives how many times as long as this library's part another one takes: the smallest, the
median and the largest ratio over the rounds. Sides of a round run one after another in one process
of one thread, every other round backwards; `imports` starts a process for each. Whether a library
does the same is in docs/explanation/libraries.md.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import fasta as fasta_files
import neighbours
import numpy as np
import other_readers
import step as training_step
import torch
from threadpoolctl import threadpool_limits
from torch.nn import functional

from seqtransfer.corpora import fasta, midi, sheet_music
from seqtransfer.encoders import bert
from seqtransfer.encoders.dropout import Dropout
from seqtransfer.scoring import metrics
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.measures.pair import Pair
from seqtransfer.similarity.measures.permutation_null import UnitPermutations
from seqtransfer.similarity.measures.representation import Representation
from seqtransfer.tokens import near_duplicates
from seqtransfer.training import devices, optimizer

ROUNDS = 7
ASAP = Path(__file__).resolve().parents[2] / "shared/data/music/asap"


def compare(title: str, sides: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> None:
    """Time the sides, of which the first is ours, and print the ratios to it."""
    seconds = {name: [] for name in sides}
    for work in sides.values():
        work()
    for number in range(rounds):
        for name in list(sides)[:: -1 if number % 2 else 1]:
            start = time.perf_counter()
            sides[name]()
            seconds[name].append(time.perf_counter() - start)
    ours, *others = seconds.values()
    print(f"{title}: ours {statistics.median(ours):.4g} s", flush=True)
    for name, times in zip(list(sides)[1:], others, strict=True):
        ratios = sorted(theirs / mine for theirs, mine in zip(times, ours, strict=True))
        middle = statistics.median(ratios)
        print(f"  {name}: {ratios[0]:.3g} - {middle:.3g} - {ratios[-1]:.3g} times", flush=True)


def of_fasta() -> None:
    """Records a second, each library alone and with our checks of each record behind it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (alphabet, lengths, share) in fasta_files.CORPORA.items():
            path, records = Path(folder, f"{name}.fasta"), 100_000 // share
            fasta_files.write(path, records, alphabet, lengths, 0)
            sides = {"ours": lambda path=path: fasta.read_fasta(path)}
            for library, read in other_readers.FASTA_READERS.items():
                if library != "ours":
                    sides[library] = lambda read=read, path=path: list(read(path))
                sides[f"{library}, record by record with our checks"] = (
                    lambda read=read, path=path: checked(read, path)
                )
            compare(f"FASTA, {records:,} records of {name}", sides, 3)


def checked(read: Callable, path: Path) -> list:
    """The examples of a file whose records `read` yields, with our checks."""
    with mock.patch.object(fasta, "iterate_records", read):
        return list(fasta.iterate_fasta(path))


def of_tables() -> None:
    """100,000 rows of a CSV and of a JSON Lines table as dictionaries of strings."""
    rng = np.random.default_rng(0)
    sequences = ["".join(row) for row in rng.choice(list("ACGT"), (100_000, 60))]
    with tempfile.TemporaryDirectory() as folder:
        table, lines = Path(folder, "x.csv"), Path(folder, "x.jsonl")
        table.write_text("sequence,label\n" + "".join(f"{s},a\n" for s in sequences))
        lines.write_text("".join(f'{{"sequence": "{s}", "label": "a"}}\n' for s in sequences))
        for path, left_out in ((table, ()), (lines, ("csv.DictReader",))):
            readers = {k: read for k, read in other_readers.TABLES.items() if k not in left_out}
            compare(
                f"tables, 100,000 rows of {path.name}",
                {k: lambda read=read, path=path: read(path) for k, read in readers.items()}, 3,
            )  # fmt: skip


def of_step() -> None:
    """A training step by the encoder, and with torch's own attention and dropout."""
    for shape, rounds, repeats in (("study", 12, 4), ("long", 3, 1)):
        batch, length, layers, _ = training_step.SHAPES[shape]

        def steps(
            kind: str, sizes: tuple = (batch, length, layers), repeats: int = repeats, **parts
        ) -> Callable:
            update = training_step.step_of(*sizes, kind, "bfloat16", training_step.ROWS, "cpu")

            def work() -> None:
                with mock.patch.multiple(bert, **parts) if parts else contextlib.nullcontext():
                    for _ in range(repeats):
                        update()

            return work

        with devices.reproducible(0, 1):
            sides = {
                "ours": steps("ours"),
                "autograd over softmax": steps("ours", _Softmax=SimpleNamespace(apply=softmax)),
                "torch's dropout": steps("ours", _add_norm=add_norm),
                "fused attention": steps("ours", _layer_output=by_fused_attention),
                "transformers' BertModel, plain attention": steps("eager"),
                "transformers' BertModel, fused attention": steps("sdpa"),
            }
            compare(f"step, {batch} x {length} tokens, {layers} layers", sides, rounds)


def softmax(scores, bias, scale):
    """`bert._Softmax` as ordinary operations."""
    wide = scores.float() * scale
    if bias is not None:
        wide = (wide.unflatten(0, (len(bias), -1)) + bias).flatten(0, 1)
    return wide.softmax(-1).to(scores.dtype)


def add_norm(x, z, weights, dropout):
    """`bert._add_norm` with torch's dropout."""
    dense, norm = weights["dense"], weights["LayerNorm"]
    z = bert._linear(z, dense.weight, dense.bias)
    return norm(x + functional.dropout(z, dropout.share))


def by_fused_attention(x, weights, bias, batch, heads, dropout, rows):
    """`bert._layer_output` with torch's own attention."""
    attention, inner = weights["attention"], weights["intermediate"]["dense"]
    maps = attention["self"].values()
    qkv = bert._linear(x, torch.cat([m.weight for m in maps]), torch.cat([m.bias for m in maps]))
    q, k, v = qkv.view(batch, len(x) // batch, 3, heads, -1).permute(2, 0, 3, 1, 4)
    context = functional.scaled_dot_product_attention(q, k, v, bias)
    y = bert._add_norm(x, context.transpose(1, 2).reshape(x.shape), attention["output"], dropout)
    active = functional.gelu(bert._linear(y, inner.weight, inner.bias))
    return bert._add_norm(y, active, weights["output"], dropout)


def of_dropout() -> None:
    """x + drop(z) and its gradient, of the default study's (992, 384) bfloat16."""
    x, z, gradient = torch.randn(3, 992, 384).bfloat16()
    x, z, ours = x.requires_grad_(), z.requires_grad_(), Dropout(0.1)

    def by_ours() -> None:
        for _ in range(50):
            torch.autograd.grad(ours.add(x, z.clone()), (x, z), gradient)

    def by_torch() -> None:
        for _ in range(50):
            torch.autograd.grad(x + functional.dropout(z, 0.1), (x, z), gradient)

    compare("dropout", {"ours": by_ours, "torch": by_torch})


def of_optimizer() -> None:
    """An update of the default study's classifier, gradients clipped."""
    config = bert.Config(training_step.ROWS, training_step.WIDTH, 3, 12, training_step.INNER)
    models = [bert.Bert(config, pooler=False) for _ in range(2)]
    gradients = [torch.randn_like(p) / 100 for p in models[0].parameters()]
    ours, settings = optimizer.AdamW(models[0], 0.01), {"lr": 1e-4, "weight_decay": 0.01}
    theirs = torch.optim.AdamW(models[1].parameters(), fused=True, **settings)

    def filled(model) -> None:
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient

    def by_ours() -> None:
        for _ in range(10):
            filled(models[0])
            ours.step(1e-4, 1.0)

    def by_torch() -> None:
        for _ in range(10):
            filled(models[1])
            torch.nn.utils.clip_grad_norm_(models[1].parameters(), 1.0)
            theirs.step()
            theirs.zero_grad()

    compare("optimizer", {"ours": by_ours, "torch.optim.AdamW(fused=True)": by_torch})


def of_metrics() -> None:
    """The scores of 480 answers of three classes."""
    from sklearn import metrics as theirs

    labels, answers = np.random.default_rng(0).integers(0, 3, (2, 480))

    def by_scikit_learn() -> tuple:
        f1 = theirs.f1_score(labels, answers, average="macro", labels=range(3), zero_division=0)
        return theirs.matthews_corrcoef(labels, answers), f1, theirs.accuracy_score(labels, answers)

    found = metrics.classification_scores(labels, answers, 3)
    assert np.allclose([found[k] for k in ("mcc", "macro_f1", "accuracy")], by_scikit_learn())
    sides = {
        "ours": lambda: [metrics.classification_scores(labels, answers, 3) for _ in range(50)],
        "scikit-learn": lambda: [by_scikit_learn() for _ in range(50)],
    }
    compare("metrics, 50 times", sides)


def of_duplicates() -> None:
    """Clusters of 3,000 sequences, and which share of the similar pairs MinHash finds."""
    import datasketch

    for name, (alphabet, length, kmer, threshold) in neighbours.CORPORA.items():
        sequences = neighbours.corpus(3000, alphabet, length, np.random.default_rng(0))

        def by_minhash(sequences=sequences, kmer=kmer, threshold=threshold) -> set:
            lsh, found = datasketch.MinHashLSH(threshold=threshold, num_perm=128), set()
            for number, row in enumerate(sequences):
                signed = datasketch.MinHash(num_perm=128)
                signed.update_batch([bytes(row[i : i + kmer]) for i in range(len(row) - kmer + 1)])
                found |= {(other, number) for other in lsh.query(signed)}
                lsh.insert(number, signed)
            return found

        sets = near_duplicates.incidence(sequences, kmer)
        blocks = near_duplicates._similar_pairs(sets, threshold)
        exact = {pair[::-1] for block in blocks for pair in zip(*map(list, block), strict=True)}
        found = by_minhash()
        sides = {
            "ours": lambda s=sequences, k=kmer, t=threshold: near_duplicates.clusters(s, k, t),
            "datasketch": by_minhash,
        }
        compare(f"duplicates, {name}", sides, 3)
        print(
            f"  datasketch finds {len(found & exact)} of {len(exact)} similar pairs, and"
            f" {len(found - exact)} others"
        )


def of_midi() -> None:
    """Twelve performances; `symusic alone` is ours without its check."""
    paths = sorted(ASAP.rglob("*.mid"))[::20][:12]
    contents = [path.read_bytes() for path in paths]
    sides = {"ours": lambda: [midi.read_notes(path) for path in paths]}
    for name, read in other_readers.MIDI_READERS.items():
        if name != "ours":
            sides[name] = lambda read=read: [read(content) for content in contents]
    compare(f"MIDI, {len(paths)} performances", sides, 3)


def of_scores() -> None:
    """Eight chorales of music21's corpus, parsed anew and ties joined."""
    import partitura
    from music21 import common, converter

    corpus = Path(common.getCorpusFilePath())
    paths = [corpus / f"bach/bwv{number}.mxl" for number in ("66.6", "253", "254", "255")]

    def by_music21(path: Path) -> int:
        return len(converter.parse(path, forceSource=True).stripTies().flatten().notes)

    def by_partitura(path: Path) -> int:
        return len(partitura.load_musicxml(path).note_array())

    readers = {"ours": sheet_music.read, "music21": by_music21, "partitura": by_partitura}
    sides = {k: lambda read=read: [read(path) for path in paths] for k, read in readers.items()}
    compare(f"scores, {len(paths)} chorales", sides, 3)


def of_null() -> None:
    """A permutation null of 99 draws of PWCCA, 2,000 rows of 128 neurons."""
    from scipy import stats

    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(2000, 128)) for _ in range(2))
    pwcca, sequences = MEASURES["pwcca"], np.arange(2000)

    def by_ours() -> list[float]:
        left, right = (Representation.of(z) for z in (x, y))
        drawn = UnitPermutations.draw(sequences, draws=99, generator=rng)
        return [pwcca.of(pair) for pair in drawn.pairs(left, right)]

    def by_scipy() -> None:
        left, right = (Representation.of(z) for z in (x, y))
        pairs = {"permutation_type": "pairings", "n_resamples": 99, "vectorized": False}
        stats.permutation_test(
            (sequences,), lambda order: pwcca.of(Pair(left, right, order.astype(np.intp))), **pairs
        )

    sides = {"ours": by_ours, "scipy.stats.permutation_test over the same factors": by_scipy}
    compare("null, 99 draws", sides, 3)


def of_imports() -> None:
    """Seconds that an import adds to a new process's."""
    beside = {
        "numpy": "scipy.special scipy.stats sklearn.metrics pandas pyarrow.csv polars seaborn"
        " statsmodels.stats.weightstats pingouin rich.progress jsonschema requests"
        " pooch Bio.SeqIO dnaio pyfastx pysam symusic mido pretty_midi music21 partitura".split(),
        "torch": "torch.optim torch._dynamo transformers.models.bert.modeling_bert".split(),
    }
    for base, names in beside.items():
        seconds = {name: [] for name in (base, *names)}
        for number in range(5):
            for name in list(seconds)[:: -1 if number % 2 else 1]:
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", f"import {base}, {name}"], check=False)
                seconds[name].append(time.perf_counter() - start)
        for name in names:
            more = sorted(np.subtract(seconds[name], seconds[base]))
            print(
                f"import {name} after {base}: {more[0]:.2f} - {more[2]:.2f} - {more[4]:.2f} s",
                flush=True,
            )


PARTS = {
    "fasta": of_fasta, "tables": of_tables, "step": of_step, "dropout": of_dropout,
    "optimizer": of_optimizer, "metrics": of_metrics, "duplicates": of_duplicates, "midi": of_midi,
    "scores": of_scores, "null": of_null, "imports": of_imports,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them if none")
    torch.set_num_threads(1)
    with threadpool_limits(1):
        for part in parser.parse_args().parts or PARTS:
            PARTS[part]()


if __name__ == "__main__":
    main()
