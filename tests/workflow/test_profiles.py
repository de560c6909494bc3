"""Cluster profiles give a GPU to every rule that can use one, and its jobs the time of a GPU."""

import re

import pytest
import yaml
from test_environments import RULE

from project import ROOT, overlay, snakemake

CLUSTERS = {"slurm": "gpu", "kubernetes": "gpu", "aws-batch": "_gpus"}
AGAIN = re.compile(r"^use rule (\w+) as (\w+) with:", re.M)


def on_gpus() -> set[str]:
    """The rules whose jobs take a GPU, and those that are made of them."""
    texts = [path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk"))]
    found = {name for text in texts for name, body in RULE.findall(text) if "gpu=GPU" in body}
    return found | {name for text in texts for rule, name in AGAIN.findall(text) if rule in found}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_rule_that_takes_a_gpu_gets_one_from_the_profile(cluster):
    profile = yaml.safe_load((ROOT / "profiles" / cluster / "config.yaml").read_text())
    given = {rule for rule, asked in profile["set-resources"].items() if CLUSTERS[cluster] in asked}
    assert given == on_gpus() and "pretrain_again" in given


def test_a_job_that_a_profile_gives_a_gpu_asks_for_the_time_of_one(tmp_path):
    """Whatever the machine has that plans it: so many steps of six layers take hours on a CPU."""
    study = overlay(tmp_path, study="mine", encoder={"layers": 6},
                    finetune={"settings": "sweep", "steps": 16384, "patience": 2048})  # fmt: skip
    command = ("-n", "--quiet", "progress", "--configfile", study)
    minutes = []  # of the longest job, as jobs come in any order
    for options in ((), *(("--set-resources", f"finetune:gpu={cards}") for cards in (1, 0))):
        text = snakemake(*command, *options, cwd=tmp_path).stdout
        jobs = re.findall(r"^rule finetune:\n(?: .*\n)+?    resources: (.*)", text, re.M)
        minutes.append(max(int(re.search(r"runtime=(\d+)", job)[1]) for job in jobs))
    assert minutes[1] == 120 < minutes[0] == minutes[2]
