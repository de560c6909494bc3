"""Controls and joined studies, as the workflow plans them."""

import yaml

from project import ROOT, overlay, plan, snakemake


def test_controls_are_swept_and_trained_as_arms_are_and_never_compared(tmp_path):
    study = overlay(tmp_path, study="mine", tasks=["splice", "splice-shuffled"],
                    controls=["cnn", "self-attention"], max_length={"splice-shuffled": 62},
                    seeds=[0, 1, 2], finetune={"settings": "sweep"},
                    sweep={"learning_rates": [1e-3], "seeds": [100],
                           "poolings": ["mean", "first"]})  # fmt: skip
    process = snakemake("-n", "--quiet", "host", "--configfile", study, cwd=tmp_path)
    counts = plan(process)
    assert counts["finetune"] == 2 * (2 + 2) * 3 and counts["sweep"] == 2 * (2 + 2)
    assert counts["choose"] == counts["choose_controls"] == 1
    assert counts["choose_one"] == 2 * (2 + 2)  # so that another arm retrains no run of these
    assert counts["represent"] == counts["compare"] == 2
    assert "results/mine/runs/splice/cnn/seed-0/metrics.json" in process.stdout
    assert "results/mine/report/tables/without_encoder.md" in process.stdout
    assert "representations/splice/seed-0/cnn" not in process.stdout
    assert "pretrain" not in counts


def test_only_controls_are_swept_where_arms_have_a_table_of_settings(tmp_path):
    process = snakemake("-n", "--configfile", ROOT / "workflow/studies/controls.yaml", cwd=tmp_path)
    counts = plan(process)
    assert counts["finetune"] == 4 * (2 + 3) * 4 and counts["sweep"] == 4 * 3 * 4
    assert counts["choose_controls"] == 1 and "choose" not in counts
    assert counts["choose_one"] == 4 * 3


def test_studies_are_joined_only_if_they_are_named_and_finished(tmp_path):
    def said(*arguments):
        process = snakemake("-n", "--quiet", "host", *arguments, "--", "data_ratio", cwd=tmp_path)
        return process.returncode, process.stdout

    code, text = said()
    assert code and "data_ratio: name the finished studies in the study file" in text
    study = ("--configfile", ROOT / "workflow/studies/ratio.yaml")
    code, text = said(*study)
    missing = "results/ratio-16/report/tables/runs.csv is not there; run ratio-16 first"
    assert code and f"data_ratio: {missing}" in text
    tasks = yaml.safe_load((ROOT / "workflow/studies/ratio.yaml").read_text())["tasks"]
    for name in ("ratio-16", "ratio-4", "default"):
        files = [
            "report/study.json",
            "report/tables/runs.csv",
            *(f"tokens/{task}/manifest.tsv" for task in tasks),
        ]
        for file in files:
            path = tmp_path / "results" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    code, text = said(*study)
    assert code == 0 and "results/ratio/data-ratio/multipliers.csv" in text
    assert "results/ratio/report" not in text


def test_a_smaller_share_of_the_training_part_is_one_study_more(tmp_path):
    study = ROOT / "workflow/studies/ratio.yaml"
    settings = ("--config", "study=ratio-16", "examples={train_fraction: 0.0625}")
    process = snakemake("-n", "--quiet", "host", "--configfile", study, *settings, cwd=tmp_path)
    assert plan(process)["encode"] == 2
    assert "results/ratio-16/tokens/splice/train.arrow" in process.stdout
