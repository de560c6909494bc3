"""A training step side by side with its alternatives, and its distance from the machine's limit.

    python benchmarks/step.py --shape study            (about 2 minutes; keep the machine idle)
    python benchmarks/step.py --shape issue
    python benchmarks/step.py --device cuda            (1 minute, on an NVIDIA device)
    python benchmarks/step.py --profile float32        (seconds: what a step consists of)

The step is the study's own, `steps.Steps` on `classifier.Classifier`: BERT of MiniLM's width
with random weights, 64 ids, hidden dropout, mean pooling, bfloat16, in two 1-thread jobs at once.
Each alternative differs in one thing: transformers' encoder under autocast (with its plain or its
fused attention), one job of two threads, float32, all 30,522 rows of the embedding.

`products` multiplies the step's matrices alone: in every layer the products of the four dense maps
(forward, and for the gradients of weights and inputs) and of attention, each in the fastest of the
layouts that were tried. Its time over the step's is the share of the limit. All take turns of a
few steps (turns.py); medians over rounds, with quartiles, of ratios within a round.

On an NVIDIA device a job alone is held against four at once, and the recorded step against the same
kernels launched one by one.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from turns import Turns, Worker, ratios, rounds, spread

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
SHAPES = {  # batch, length, layers, steps a turn (on a device 20 times as many)
    "study": (16, 62, 3, 6),
    "issue": (32, 62, 6, 2),
    "long": (32, 256, 6, 1),
}
WIDTH, HEADS, INNER, ROWS = 384, 12, 1536, 64
CONTESTANTS = {  # name: jobs at once, threads of each, encoder, precision, rows of the embedding
    "ours": (2, 1, "ours", "bfloat16", ROWS),
    "transformers, plain attention": (2, 1, "eager", "bfloat16", ROWS),
    "transformers, fused attention": (2, 1, "sdpa", "bfloat16", ROWS),
    "one 2-thread job": (1, 2, "ours", "bfloat16", ROWS),
    "float32": (2, 1, "ours", "float32", ROWS),
    "30,522 rows": (2, 1, "ours", "bfloat16", 30522),
    "products": (2, 1, "products", "bfloat16", ROWS),
}
ON_DEVICE = {
    "ours": (1, 1, "ours", "bfloat16", ROWS),
    "launched one by one": (1, 1, "launched", "bfloat16", ROWS),
    "transformers, plain attention": (1, 1, "eager", "bfloat16", ROWS),
    "transformers, fused attention": (1, 1, "sdpa", "bfloat16", ROWS),
    "four jobs": (4, 1, "ours", "bfloat16", ROWS),
    "float32": (1, 1, "ours", "float32", ROWS),
}
# Words in the names of PyTorch's operations.
KINDS = {
    "matrix products": ("::mm", "::addmm", "::bmm", "::baddbmm", "mkldnn", "::linear"),
    "GELU and its gradient": ("gelu",),
    "softmax and its gradient": ("softmax",),
    "LayerNorm and its gradient": ("layer_norm",),
    "copies and casts": ("::copy_", "::cat", "::clone", "::contiguous"),
    "sums": ("::sum",),
    "AdamW and the norm of the gradient": ("_foreach", "adam", "norm"),
}


def step_of(
    batch: int, length: int, layers: int, kind: str, precision: str, rows: int, device: str
) -> Callable:
    """A training step of a classifier of three classes."""
    import torch

    from seqtransfer.encoders import bert, loading, transformers_encoder
    from seqtransfer.training import classifier, devices, microbatches, steps
    from seqtransfer.training.optimizer import AdamW

    torch.manual_seed(0)
    record = {
        "model_type": "bert", "vocab_size": rows, "hidden_size": WIDTH, "num_hidden_layers": layers,
        "num_attention_heads": HEADS, "intermediate_size": INNER, "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.0,
    }  # fmt: skip
    if kind in ("ours", "launched"):
        encoder = bert.Bert(bert.Config.of(record), pooler=False)
    else:
        table = "embeddings.word_embeddings.weight"
        facts = loading.Facts("bert", layers, WIDTH, rows, table, 512, 0, True, False)
        encoder = transformers_encoder.TransformersEncoder(record, facts, pooler=False)
        encoder.model.set_attn_implementation(kind)
    encoder.dtype = devices.DTYPES[precision]
    model = classifier.Classifier(encoder, WIDTH, "mean", 3).train().to(device)
    schedule = steps.Schedule(10**6, batch, 1e-4, 0.1, 0.01)
    ids, labels = torch.randint(5, ROWS, (batch, length)), torch.randint(0, 3, (batch,))
    update = steps.Steps(
        AdamW(model, schedule.weight_decay),
        lambda ids, labels: torch.nn.functional.cross_entropy(model(ids, None), labels),
        schedule,
        microbatches.rows,
        recordable=kind == "ours",
    )
    return lambda: update(0, batch, ids.to(device), labels.to(device))


def layouts(*shapes: tuple[int, ...]) -> Iterator[Callable]:
    """Ways to multiply matrices of two shapes in bfloat16: each operand as it is, or transposed."""
    import torch

    left, right = (torch.randn(shape).bfloat16() for shape in shapes)
    turned = [x.mT.contiguous().mT for x in (left, right)]
    for a in (left, turned[0]):
        for b in (right, turned[1]):
            yield lambda a=a, b=b, out=a @ b: torch.matmul(a, b, out=out)


def products_of(batch: int, length: int, layers: int) -> Callable:
    """The matrix products of a step, each in its fastest layout."""
    tokens, head = batch * length, WIDTH // HEADS
    shapes = []
    for into, out in ((WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, INNER), (INNER, WIDTH)):
        shapes += [((tokens, into), (into, out)), ((tokens, out), (out, into))]
        shapes += [((out, tokens), (tokens, into))]
    narrow, square = (batch * HEADS, length, head), (batch * HEADS, length, length)
    wide = (batch * HEADS, head, length)
    shapes += 2 * [(narrow, wide)] + 4 * [(square, narrow)]
    fastest = [min(layouts(*pair), key=seconds) for pair in shapes]

    def step() -> None:
        for product in layers * fastest:
            product()

    return step


def contestants(device: str) -> dict[str, tuple]:
    """By name."""
    return CONTESTANTS if device == "cpu" else ON_DEVICE


def seconds(product: Callable) -> float:
    """Median time of a product."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        product()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def work(shape: str, name: str, device: str) -> None:
    """A worker: steps without end."""
    from seqtransfer.training import devices

    _, threads, kind, precision, rows = contestants(device)[name]
    batch, length, layers, _ = SHAPES[shape]
    turns = Turns()
    with devices.reproducible(0, threads):
        if kind == "products":
            step = products_of(batch, length, layers)
        else:
            step = step_of(batch, length, layers, kind, precision, rows, device)
        while True:
            step()
            turns.done()


def profile(shape: str, precision: str, device: str) -> dict[str, float]:
    """Kind of operation -> its share of the time of all operations of a step."""
    import torch
    from torch.profiler import ProfilerActivity

    from seqtransfer.training import devices

    batch, length, layers, steps = SHAPES[shape]
    with devices.reproducible(0, 1):
        step = step_of(batch, length, layers, "launched", precision, ROWS, device)
        step()  # the first one allocates
        with torch.profiler.profile(activities=[ProfilerActivity.CPU]) as profiled:
            for _ in range(steps):
                step()
    found = dict.fromkeys([*KINDS, "all else"], 0.0)
    for event in profiled.key_averages():
        words = (kind for kind, parts in KINDS.items() if any(part in event.key for part in parts))
        found[next(words, "all else")] += event.self_cpu_time_total
    return {kind: time / sum(found.values()) for kind, time in found.items()}


def main() -> None:
    from seqtransfer.training import devices

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--shape", choices=SHAPES, nargs="+", default=list(SHAPES))
    parser.add_argument("--only", nargs="+", help="of the contestants, besides ours")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--profile", choices=("float32", "bfloat16"), help="shares, and no contest")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(*options.worker)
    if not options.profile and devices.choose_precision(options.device) != "bfloat16":
        parser.error("this processor multiplies no bfloat16, which both sides use; see --profile")
    for shape in options.shape:
        batch, length, layers, steps = SHAPES[shape]
        if options.profile:
            print(f"{batch} x {length} tokens, {layers} layers, {options.profile}")
            for kind, share in profile(shape, options.profile, "cpu").items():
                print(f"  {share:6.1%}  {kind}")
            continue
        known = contestants(options.device)
        names = dict.fromkeys(["ours", *(options.only or known)])
        teams = {n: [Worker(shape, n, options.device) for _ in range(known[n][0])] for n in names}
        steps *= 1 if options.device == "cpu" else 20
        rates = rounds(teams, dict.fromkeys(teams, steps), options.rounds)
        print(f"{batch} x {length} tokens, {layers} layers")
        for name, rate in rates.items():
            print(
                f"  {name}: {spread([1 / r for r in rate], '.4f')} s a step of the machine", end=""
            )
            ahead = ratios(rates["ours"], rate)
            said = "the share of the limit" if name == "products" else "times as fast is ours"
            print(f"; {spread(ahead)} {said}" * (name != "ours"), flush=True)


if __name__ == "__main__":
    main()
