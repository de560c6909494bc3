"""The docs' examples of one's own data: each plans alone, and all run to their report."""

import re

import pytest
import yaml

import small_data
from project import ROOT, in_one_process, plan, snakemake
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import table_files

PAGES = [ROOT / page for page in ("docs/guides/own-data.md", "docs/tutorial.md", "README.md")]
STUDIES = {
    yaml.safe_load(block)["study"]: block
    for page in PAGES
    for block in re.findall(r"```yaml\n(study:.*?)```", page.read_text(), re.DOTALL)
}
GUIDE = [name for name, block in STUDIES.items() if block in PAGES[0].read_text()]
SMALL = {
    "seeds": [0],
    "encoder": {"layers": 1},
    "examples": {"train": 24, "dev": 8, "test": 24},
    "pretrain": {"steps": 2, "batch_size": 4},
    "finetune": {"steps": 2, "batch_size": 16, "first_evaluation": 1},
    "sweep": {"learning_rates": [1e-3], "poolings": ["mean"], "seeds": [100]},
    "represent": {"sequences": 16, "tokens": 2},
    "compare": {"measures": ["cka"], "draws": 2, "floor_seeds": [1000], "groups": 4},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory, encoder):
    """A working folder with `my-data`."""
    folder = tmp_path_factory.mktemp("own")
    small_data.write(folder, encoder)
    return folder


def test_the_tutorials_study_plans_over_the_tiny_one(data):
    (data / "h3.yaml").write_text(STUDIES["h3"])
    studies = (ROOT / "tests/config.yaml", "h3.yaml")
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", *studies, cwd=data))
    assert counts["finetune"] == 3 * 3 and "zero_shot" not in counts


def test_the_guide_has_the_nine_kinds_of_data_in_ten_lines_each():
    blocks = [STUDIES[name] for name in GUIDE]
    tasks = [next(iter(yaml.safe_load(b)["catalogue"]["tasks"].values())) for b in blocks]
    assert [t["converter"] for t in tasks] == [
        "table", "fasta", "fasta", "midi", "table", "table", "series", "table", "three_line"
    ]  # fmt: skip
    assert [t["format"] for t in tasks] == [
        "fasta", "fasta", "fasta", "midi", "text", "symbols", "series", "fasta", "symbols"
    ]  # fmt: skip
    assert [t.get("kind") for t in tasks] == [None] * 7 + ["regression", "token_classification"]
    assert all(len(block.splitlines()) <= 11 for block in blocks)


@pytest.mark.parametrize("name", STUDIES)
def test_each_example_plans_its_whole_study(name, data, tmp_path):
    (tmp_path / "mine.yaml").write_text(STUDIES[name])
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", tmp_path / "mine.yaml", cwd=data))
    assert counts["encode"] == counts["baseline"] == 1
    default = yaml.safe_load((ROOT / "config.yaml").read_text())
    seeds = yaml.safe_load(STUDIES[name]).get("seeds", default["seeds"])
    assert counts["finetune"] == len(default["initializations"]) * len(seeds)
    assert counts["sweep"] > 0


@pytest.mark.workflow
def test_the_examples_run_to_their_report(data):
    files, tasks = [], []
    for name, block in STUDIES.items():
        files.append(data / f"{name}.yaml")
        files[-1].write_text(block)
        tasks.extend(yaml.safe_load(block)["tasks"])
    # The encoder in miniature has 40 positions.
    changes = {"study": "mine", "tasks": tasks, "max_length": dict.fromkeys(tasks, 40)}
    changes["catalogue"] = {"sources": {"minilm-l6": {"path": "encoder"}}}
    files.append(data / "last.yaml")
    files[-1].write_text(yaml.safe_dump(SMALL | changes))
    process = in_one_process("--configfile", *files, cwd=data)
    assert process.returncode == 0, process.stdout[-4000:]
    results = data / "results/mine"
    facts = {task: json_tsv.read_json(results / f"tokens/{task}/task.json") for task in tasks}
    for task, record in facts.items():
        assert min(record["counts"][part] for part in ("train", "dev", "test")) >= 4, task
    assert facts["my-h3"]["symbols"] == ["A", "C", "G", "T"]
    assert facts["my-rna"]["symbols"] == ["A", "C", "G", "U"]
    baselines = json_tsv.read_json(results / "baselines/my-series.json")
    named = [record["baseline"] for record in baselines]
    assert named == ["majority", "ngram", "additive", "dtw", "minirocket"]
    assert facts["my-proteins"]["classes"] == ["Nucleus", "Cytoplasm"]
    assert set(facts["my-composers"]["symbols"]) <= {str(pitch) for pitch in range(128)}
    assert facts["my-stability"]["kind"] == "regression"
    baselines = json_tsv.read_json(results / "baselines/my-structures.json")
    assert [r["baseline"] for r in baselines] == ["majority", "symbol", "window"]
    runs = table_files.read(results / "report/tables/runs.csv")
    assert list(dict.fromkeys(runs["task"])) == tasks and runs["test_score"].notna().all()
    # A file that is edited, as after a complaint about it, is read anew.
    reviews = data / "my-data/reviews.csv"
    reviews.write_text(reviews.read_text().replace("bad", "dab"))
    target = "results/mine/tokens/my-reviews/task.json"
    process = in_one_process("--configfile", *files, "--", target, cwd=data)
    assert process.returncode == 0, process.stdout[-4000:]
    assert "bad" in facts["my-reviews"]["symbols"]
    assert "bad" not in json_tsv.read_json(data / target)["symbols"]
