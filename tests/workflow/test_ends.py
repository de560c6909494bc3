"""What a plan accepts ends in a report: kinds of tasks x numbers of arms, and runs that fail."""

import json
import re

import pandas as pd
import pytest
import yaml
from test_own_data import SMALL

import small_data
from project import in_one_process
from seqtransfer.report.studies import finished_studies, mended
from seqtransfer.report.tables import table_files

KEYS = {"title": "made up", "truncate": "head"}
TABLE = KEYS | {"converter": "table"}
TASKS = {
    "dna": TABLE | {"domain": "DNA", "format": "fasta", "classes": ["0", "1"], "split": "given"}
    | {"source": "dna", "layout": {"files": {"train": "dev.csv", "test": "test.csv"}}},
    "steadiness": TABLE | {"domain": "protein", "format": "fasta", "kind": "regression"}
    | {"source": "stability", "split": "random"}
    | {"layout": {"file": "stability.jsonl", "sequence": "primary", "label": "score"}},
    "pairs": TABLE | {"domain": "text", "format": "text", "classes": ["0", "1"]}
    | {"source": "pairs", "split": "stratified"}
    | {"layout": {"file": "pairs.csv", "text": "one", "second": "other", "label": "same"}},
    "tunes": KEYS | {"domain": "music", "format": "midi", "converter": "midi", "split": "grouped"}
    | {"source": "tunes", "classes": ["Bach", "Liszt"]}
    | {"layout": {"table": "asap.csv", "label": "composer", "group": "piece"}},
}  # fmt: skip
TASKS["dna"]["layout"] |= {"dev_share": 0.2, "alphabet": "dna"}
PATHS = {"minilm-l6": "encoder", "dna": "my-data/H3", "stability": "my-data/stability.jsonl",
         "pairs": "my-data/pairs.csv", "tunes": "my-data/music"}  # fmt: skip
TINY = {"title": "made up", "kind": "zipf", "symbols": 30, "exponent": 1.0, "sequences": 40,
        "length": 20}  # fmt: skip
CATALOGUE = {
    "sources": {name: {"path": path} for name, path in PATHS.items()},
    "tasks": TASKS,
    "artificial": {"tiny": TINY},
}
EVERY_ARM = [
    *("text", "random", "shuffled", "moments", "spectrum", "first-1", "re-embedded", "domain"),
    *("checkpoint-1", "from-tiny", "from-dna", "from-tiny-attention-only", "domain-layernorm-only"),
]

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    """A working folder with the data; studies share their downloads."""
    folder = tmp_path_factory.mktemp("ends")
    small_data.write(folder, encoder)
    return folder


def reported(folder, name, tasks, arms, reference, files=(), **changes):
    """Run a study; its tables `runs` and `differences`, and its ledger. files: of the report, if
    not all are wanted."""
    study = SMALL | {"study": name, "tasks": tasks, "initializations": arms}
    study |= {"max_length": dict.fromkeys(TASKS, 24), "catalogue": CATALOGUE}
    study["finetune"] = SMALL["finetune"] | {"settings": "sweep"}
    for key, values in ({"compare": {"reference": reference}} | changes).items():
        study[key] = study.get(key, {}) | values
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(study))
    report = folder / "results" / name / "report"
    goals = ["--", *(report.relative_to(folder) / file for file in files)] if files else []
    process = in_one_process("--configfile", path, *goals, cwd=folder)
    assert process.returncode == 0, process.stdout[-4000:]
    tables = [table_files.read(report / f"tables/{t}.csv") for t in ("runs", "differences")]
    text = (report / "claims.json").read_text()
    ledger = json.loads(text, parse_constant=lambda token: pytest.fail(f"{token} is no JSON"))
    return *tables, {record["id"]: record for record in ledger["claims"]}, ledger["caveats"]


def arms_of(runs: pd.DataFrame) -> set:
    assert runs["test_score"].notna().all()
    return set(zip(runs["task"], runs["initialization"], strict=True))


@pytest.mark.parametrize(
    ("name", "arms", "paper"),
    [("one", ["text"], False), ("two", ["text", "moments"], True)],
)
def test_a_study_without_any_known_contrast_ends_in_a_report_of_baselines_alone(
    name, arms, paper, folder
):
    runs, differences, claims, _ = reported(
        folder, name, list(TASKS), arms, arms[-1], compare={"reference": arms[-1], "paper": paper}
    )
    assert arms_of(runs) == {(task, arm) for task in TASKS for arm in arms}
    assert differences.empty
    tested = {name for name, one in claims.items() if one["verdict"] != "not tested"}
    assert tested == {"baseline"}


def test_a_study_of_every_arm_and_kind_ends_in_a_report(folder):
    runs, differences, claims, _ = reported(
        folder, "every", ["steadiness", "pairs", "tunes"], EVERY_ARM, "domain",
        pretrain={"checkpoints": [1]}, compare={"reference": "domain", "attention": 4},
    )  # fmt: skip
    assert arms_of(runs) == {
        (t, arm) for t in ("steadiness", "pairs", "tunes") for arm in EVERY_ARM
    }
    assert {("text", "random"), ("text", "domain")} <= set(
        zip(differences["left"], differences["right"], strict=True)
    )
    assert claims["b"]["verdict"] == "undecided" and claims["b"]["unit"] == "score"


def test_pretraining_that_diverges_leaves_empty_numbers_and_claims_that_name_the_runs(folder):
    runs, differences, claims, notes = reported(
        folder, "diverged", ["steadiness"], ["text", "random", "domain"], "domain",
        # Matrices grow by a factor of 99 a step, until they overflow.
        pretrain={"learning_rate": 10, "weight_decay": 10, "steps": 40},
        finetune={"weight_decay": 10, "steps": 40}, sweep={"learning_rates": [1e-3, 10]},
        compare={"reference": "domain", "attention": 4},
    )  # fmt: skip
    scores = runs.set_index("initialization")["test_score"]
    assert scores.isna().to_dict() == {"text": False, "random": False, "domain": True}
    assert runs.set_index("initialization").loc["domain", "diverged"]
    # A rate at which training diverges is never chosen.
    assert runs.set_index("initialization")["learning_rate"].drop("domain").tolist() == [1e-3] * 2
    means = differences[differences["quantity"] == "test score"].set_index(["left", "right"])[
        "mean"
    ]
    assert means.isna().to_dict() == {
        ("text", "random"): False, ("text", "domain"): True, ("domain", "random"): True,
    }  # fmt: skip
    for name in ("c", "d2-cka"):
        assert claims[name]["verdict"] == "not testable here"
        assert claims[name]["overall"]["mean"] is None
    assert "domain pretraining in steadiness, seed 0" in claims["c"]["reading"]
    assert any("Domain pretraining diverged on steadiness" in note for note in notes)
    assert any("1 of 3 runs have no finite score (domain pretraining in" in note for note in notes)
    assert any("similarities are not defined (text pretraining with" in note for note in notes)


def test_choices_of_the_released_code_end_in_a_report_that_names_them_and_can_be_mended(folder):
    moved = {"pairs": {"kind": "shift", "shift": 3}, "dna": {"kind": "permutation"}}
    tasks = TASKS | {t: TASKS[t] | {"token_map": moved[t] | {"specials": "moved"}} for t in moved}
    choices = {
        "compare": {"reference": "domain", "paper": True},
        "catalogue": {"tasks": tasks},
        "examples": {"duplicates": "kept"},
        "max_length": {"dna": 5},  # 64 sequences of 3 letters: test has many that train has, too
    }
    arms, dropout = ["text", "random", "domain"], ["random", "domain"]
    study = folder, "as-released", list(moved), arms, "domain"
    runs, _, claims, notes = reported(*study, **choices, represent={"dropout": dropout})
    assert len(arms_of(runs)) == 6 and claims["b"]["verdict"] == "undecided"
    (copies,) = (note for note in notes if "stand in train, too" in note)
    assert re.search(r"kept: dna [1-9][0-9]* of 24\.", copies)
    assert any("the same at every seed in pairs:" in note for note in notes)
    assert any("rows of other tokens in pairs, dna:" in note for note in notes)
    assert any(
        "hidden states of random weights and domain pretraining alone" in note for note in notes
    )
    files = ("claims.json", "study.json")  # no figures: the other study draws the same
    mended_runs, *_, notes = reported(folder, "mended-dropout", *study[2:], files, **choices)
    assert not any("Dropout stays on" in note for note in notes)
    names = ("as-released", "mended-dropout")
    studies = [finished_studies.read(folder / "results" / name) for name in names]
    found = mended.table(studies[0], studies[1:]).set_index(["study", "task"])
    # Dropout in what is compared changes no run, but the similarities.
    pd.testing.assert_series_equal(runs["test_score"], mended_runs["test_score"])
    assert (found.loc["mended-dropout", "change"] == 0).all()
    assert set(found.loc["mended-dropout", "keys"]) == {"represent.dropout"}
    similarities = [
        table_files.read(folder / "results" / study.name / "report/tables/paper.csv")
        for study in studies
    ]
    noisy, quiet = (one.query("left == 'random'")["paper_released"] for one in similarities)
    assert (noisy != quiet).all()
