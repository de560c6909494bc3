"""Fine-tuning beside the Hugging Face `Trainer`: throughput, memory, and equal losses.

    python benchmarks/trainer.py                       (about 6 minutes; keep the machine idle)
    python benchmarks/trainer.py --encoder E --tokens T --tasks splice --rounds 3
    python benchmarks/trainer.py --base --tasks splice --batch 8 --turn 2 --no-losses

The whole of the default encoder (MiniLM-L6, 6 layers), the default tasks' training sequences
(splice: all of 62 tokens; sentiment: 4 to 40), batches of 32, from position 0 through the pooler on
both sides. Ours is `finetuning.fit` as the study runs it: two 1-thread jobs at once. The Trainer is
one job of two threads on `BertForSequenceClassification` and the sequences under the token map,
with its defaults, and with `bf16=True`; attention dropout is off on both sides, as in the study.
`shipped` is the Trainer with the attention dropout that the encoder's config.json asks for.

`--base` takes a BERT-base of random weights (12 x 768) with the words of `--encoder` in its place.
`--device cuda` does the same on an NVIDIA device, where ours is one job, and four at once.

All processes take turns of a few steps (see turns.py). Peak memory is of one job, its process
whole. At last both sides train in float32 without any dropout, on the same batches, by the same
schedule; the script fails where their losses differ by more than TOLERANCE.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from turns import Turns, Worker, ratios, rounds, spread

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
TASKS = ("splice", "sentiment", "localization", "composer")
TEAMS = {  # name: how many jobs at once, threads each
    "ours": (2, 1),
    "Trainer": (1, 2),
    "Trainer bf16": (1, 2),
    "shipped": (1, 2),
    "shipped bf16": (1, 2),
}
ON_DEVICE = {"ours": (1, 1), "four of ours": (4, 1)} | {name: (1, 1) for name in list(TEAMS)[1:]}
RATE = 1e-4
LOSSES, TOLERANCE = 24, 1e-4
ENDLESS = 1_000_000


class Silent:
    """In the place of a run's checkpoint: is told of every step, keeps losses, saves nothing."""

    def __init__(self, turns: Turns | None = None):
        self.turns, self.losses = turns, []

    def resume(self, run) -> None:
        """There is nothing to resume."""

    def due(self) -> bool:
        """After each step."""
        if self.turns:
            self.turns.done()
        return True

    def save(self, run, record: dict, best: dict) -> None:
        """Keep the last step's loss."""
        self.losses += record["losses"][-1:]


def read(tokens: Path):
    """Training and dev sequences, the target, and the token map of seed 0."""
    from seqtransfer.files import arrow, json_tsv
    from seqtransfer.scoring import task_kinds

    train, dev = (arrow.read_ragged(tokens / f"{name}.arrow") for name in ("train", "dev"))
    target = task_kinds.of(json_tsv.read_json(tokens / "task.json"))
    return train, dev, target, tokens / "maps/seed-0.npy"


def ours(
    encoder: Path,
    tokens: Path,
    threads: int,
    steps: int,
    batch: int,
    clock: Silent,
    plain: bool,
    device: str,
) -> None:
    """Fine-tune as the study does; `plain`: float32, no dropout."""
    from seqtransfer.encoders.dropout import Dropout
    from seqtransfer.encoders.loading import Facts
    from seqtransfer.training import classifier, devices, finetuning
    from seqtransfer.training.evaluations import DevWatch
    from seqtransfer.training.steps import Schedule

    train, dev, target, token_map = read(tokens)
    layers = Facts.of(encoder).layers
    sources = classifier.WeightSources(
        encoder, layers, np.load(token_map), None, None, 0, tokens.name
    )
    with devices.reproducible(0, threads):
        model = classifier.build("text", sources, "first", target.outputs)
        precision = "float32" if plain else devices.choose_precision(device)
        model.encoder.dtype = devices.DTYPES[precision]
        if plain:
            model.encoder.dropout = Dropout(0.0)
        finetuning.fit(
            model, train, dev, target, Schedule(steps, batch, RATE, 0.1, 0.01),
            watch=DevWatch(steps, steps, steps), seed=0, task=tokens.name, device=device,
            checkpoint=clock,
        )  # fmt: skip


def theirs(
    encoder: Path,
    tokens: Path,
    threads: int,
    steps: int,
    batch: int,
    turns: Turns | None,
    kind: str,
    device: str,
) -> list[float]:
    """Fine-tune by the Trainer; returns its losses. `kind`: a name of TEAMS, or `plain`."""
    import torch
    from torch.nn.utils.rnn import pad_sequence
    from transformers import (
        BertForSequenceClassification,
        PrinterCallback,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )
    from transformers.utils import logging

    from seqtransfer import seeds
    from seqtransfer.encoders.loading import Facts
    from seqtransfer.training import batches, classifier
    from seqtransfer.training.steps import Schedule

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(threads)
    train, _, target, token_map = read(tokens)
    rows, plain = np.load(token_map), kind == "plain"
    layers = Facts.of(encoder).layers
    record = {"num_hidden_layers": layers, "num_labels": target.outputs}
    if not kind.startswith("shipped"):
        record["attention_probs_dropout_prob"] = 0.0
    if plain:
        record["hidden_dropout_prob"] = 0.0
    torch.manual_seed(0)
    # The house folder holds a bare encoder; the library finds its tensors by their names.
    model = BertForSequenceClassification.from_pretrained(encoder, **record)
    schedule = Schedule(steps, batch, RATE, 0.1, 0.01)
    examples = range(len(train))
    options = {"max_steps": steps, "per_device_train_batch_size": batch, "use_cpu": device == "cpu"}
    options |= {"bf16": kind.endswith("bf16"), "save_strategy": "no", "report_to": "none"}
    options |= {"output_dir": "/nowhere", "disable_tqdm": True, "learning_rate": RATE}
    if plain:
        sources = classifier.WeightSources(encoder, layers, rows, None, None, 0, tokens.name)
        head = classifier.build("text", sources, "first", target.outputs).head
        model.classifier.load_state_dict(head.state_dict())
        order = seeds.generator(0, tokens.name, "order")
        examples = np.concatenate(list(batches.order(train.lengths, batch, steps, order))).tolist()
        options |= {"logging_steps": 1, "weight_decay": schedule.weight_decay}
        options |= {"train_sampling_strategy": "sequential"}

    def collate(items: list[int]) -> dict[str, torch.Tensor]:
        ids = [torch.from_numpy(rows[train[i]].astype(np.int64)) for i in items]
        padded = pad_sequence(ids, batch_first=True)
        mask = pad_sequence([torch.ones_like(row) for row in ids], batch_first=True)
        labels = torch.from_numpy(train.labels[items])
        return {"input_ids": padded, "attention_mask": mask, "labels": labels}

    class Watch(TrainerCallback):
        def __init__(self):
            self.losses = []

        def on_step_end(self, *arguments, **_):
            if turns:
                if turns.last and device != "cpu":
                    torch.cuda.synchronize()
                turns.done()

        def on_log(self, arguments, state, control, logs=None, **_):
            self.losses += [logs["loss"]] if "loss" in logs else []

    class SameSchedule(Trainer):
        def create_scheduler(self, num_training_steps, optimizer=None):
            optimizer = optimizer or self.optimizer
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule.rate)
            return self.lr_scheduler

    watch = Watch()
    trainer = (SameSchedule if plain else Trainer)(
        model, TrainingArguments(**options), data_collator=collate,
        train_dataset=list(examples), callbacks=[watch],
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return watch.losses


def difference(encoder: Path, tokens: Path, batch: int, device: str) -> float:
    """Largest difference of both sides' losses over LOSSES steps, relative where above 1."""
    watch = Silent()
    # A run's last loss is its history's.
    ours(encoder, tokens, 2, LOSSES + 1, batch, watch, True, device)
    other = theirs(encoder, tokens, 2, LOSSES + 1, batch, None, "plain", device)
    other = np.array(other[:LOSSES])
    mine = np.array(watch.losses)
    print(f"losses of ours: {np.round(mine, 5)}\nof the Trainer: {np.round(other, 5)}")
    return float(np.max(np.abs(mine - other) / np.maximum(1.0, np.abs(other))))


def work(encoder: Path, tokens: Path, kind: str, threads: int, batch: int, device: str) -> None:
    """A worker: fine-tune without end."""
    turns = Turns()
    if kind.endswith("ours"):
        ours(encoder, tokens, threads, ENDLESS, batch, Silent(turns), False, device)
    else:
        theirs(encoder, tokens, threads, ENDLESS, batch, turns, kind, device)


def write_base(folder: Path, words: Path) -> None:
    """Write an encoder folder of a BERT-base of random weights with the word pieces of `words`."""
    import torch
    from transformers import BertConfig, BertModel

    from seqtransfer.encoders import encoder_folders

    torch.manual_seed(0)
    model = BertModel(BertConfig())
    encoder = encoder_folders.Encoder(model.config.to_dict(), model.state_dict())
    encoder_folders.write(folder, folder.name, encoder, {}, None, words)


def compare(
    encoder: Path, tokens: Path, names: list[str], count: int, batch: int, turn: int, device: str
) -> None:
    """Print the throughput and peak memory of the teams on one task. turn: steps of one turn."""
    teams = {
        name: [Worker(encoder, tokens, name, threads, batch, device) for _ in range(jobs)]
        for name, (jobs, threads) in (TEAMS if device == "cpu" else ON_DEVICE).items()
        if name in names
    }
    rates = rounds(teams, dict.fromkeys(teams, turn), count)
    peaks = {name: statistics.mean(w.peak for w in team) / 1e9 for name, team in teams.items()}
    for name, rate in rates.items():
        print(
            f"{tokens.name}, {name}: {spread([r * batch for r in rate], '.1f')} examples a second,"
            f" peak {peaks[name]:.2f} GB a job"
            + f"; ours {spread(ratios(rates['ours'], rate))} times as fast,"
            f" {peaks['ours'] / peaks[name]:.2f} of the memory" * (name != "ours"),
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, default=ROOT / "data/encoders/minilm-l6")
    parser.add_argument("--tokens", type=Path, default=ROOT / "results/default/tokens")
    parser.add_argument("--tasks", nargs="*", default=TASKS, help="none: compare the losses alone")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--teams", nargs="+", default=list(ON_DEVICE), help="besides ours")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--base", action="store_true", help="a BERT-base of random weights")
    parser.add_argument("--batch", type=int, default=32, help="sequences")
    # As many batches as `batches.order` sorts together.
    parser.add_argument("--turn", type=int, default=8, help="steps of a turn")
    parser.add_argument("--no-losses", action="store_true")
    parser.add_argument("--worker", nargs=6, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        encoder, tokens, kind, threads, batch, device = options.worker
        work(Path(encoder), Path(tokens), kind, int(threads), int(batch), device)
        return
    with tempfile.TemporaryDirectory() as folder:
        encoder = options.encoder
        if options.base:
            encoder = Path(folder) / "bert-base"
            write_base(encoder, options.encoder)
        measure(encoder, options)


def measure(encoder: Path, options: argparse.Namespace) -> None:
    """Print throughput, memory and the difference of losses, by the options of the command."""
    batch, device = options.batch, options.device
    for task in options.tasks:
        names, tokens = ["ours", *options.teams], options.tokens / task
        compare(encoder, tokens, names, options.rounds, batch, options.turn, device)
    if not options.no_losses:
        apart = difference(encoder, options.tokens / TASKS[0], batch, device)
        print(f"{LOSSES} losses in float32 without dropout differ by {apart:.1e} at most")
        if not apart <= TOLERANCE:
            sys.exit(f"that is more than {TOLERANCE}")


if __name__ == "__main__":
    main()
