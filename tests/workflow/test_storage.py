"""A small study whose files are all in a bucket of a local S3 server; its own data, too. And what
clusters that share no folder would be asked for."""

import json
import re

import pytest
import yaml

import small_data
from project import ROOT, in_one_process, overlay, plan
from seqtransfer.files import json_tsv

pytest.importorskip("snakemake_storage_plugin_s3", reason="no plugin for S3")
moto = pytest.importorskip("moto.server", reason="no moto, the local S3 server")
boto3 = pytest.importorskip("boto3")

pytestmark = pytest.mark.workflow
STUDY = {
    "study": "stored",
    "tasks": ["my-dna"],
    "initializations": ["text", "random", "domain"],
    "seeds": [0],
    "encoder": {"layers": 1},
    "examples": {"train": 24, "dev": 8, "test": 24},
    "max_length": {"my-dna": 40},
    "pretrain": {"steps": 2, "batch_size": 4},
    "finetune": {"steps": 2, "batch_size": 16, "first_evaluation": 1, "settings": "settings.tsv"},
    "represent": {"sequences": 16, "tokens": 2},
    "compare": {"measures": ["cka"], "draws": 2, "floor_seeds": [1000], "groups": 4},
    "catalogue": {
        "sources": {"minilm-l6": {"path": "encoder"}, "my-dna": {"path": "s3://data/h3.fasta"}},
        "tasks": {
            "my-dna": {
                **{"domain": "DNA", "title": "H3 occupancy", "source": "my-dna"},
                **{"converter": "fasta", "format": "fasta", "classes": ["0", "1"]},
                "layout": {
                    **{"file": "h3.fasta", "label": {"pattern": r"occupied=(\d)"}},
                    "alphabet": "dna",
                },
                **{"split": "stratified", "truncate": "centre", "max_length": 40},
            }
        },
    },
}
SETTINGS = "task\tinitialization\tlearning_rate\tpooling\twarmup\n" + "".join(
    f"my-dna\t{arm}\t0.001\tmean\t0.1\n" for arm in STUDY["initializations"]
)
SLURM = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
RUN = "results/stored/runs/my-dna/domain/seed-0/metrics.json"
PAGE = "results/stored/report/claims.html"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """What the client of the server needs, as environment variables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CONFIG_FILE", str(tmp_path_factory.mktemp("aws") / "none"))
        patch.setenv("SNAKEMAKE_STORAGE_S3_ACCESS_KEY", "key")
        patch.setenv("SNAKEMAKE_STORAGE_S3_SECRET_KEY", "secret")
        running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        running.start()
        host, port = running.get_host_and_port()
        patch.setenv("SNAKEMAKE_STORAGE_S3_ENDPOINT_URL", f"http://{host}:{port}")
        yield boto3.client(
            "s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1",
            aws_access_key_id="key", aws_secret_access_key="secret",
        )  # fmt: skip
        running.stop()


@pytest.fixture(scope="module")
def data(encoder, tmp_path_factory):
    """A folder with the data and the study."""
    folder = tmp_path_factory.mktemp("stored")
    small_data.write(folder, encoder)
    (folder / "settings.tsv").write_text(SETTINGS)
    overlay(folder, **STUDY)
    return folder


def stored(folder, *arguments, prefix="s3://bucket/all"):
    """Snakemake with all files in the bucket `bucket`: the profile of this project but for its
    name."""
    profile = ("--profile", ROOT / "profiles/s3", "--default-storage-prefix", prefix)
    return in_one_process(*profile, "--configfile", "study.yaml", *arguments, cwd=folder)


@pytest.fixture(scope="module")
def planned(server, data):
    """The folder of a study whose data are in a bucket."""
    server.create_bucket(Bucket="data")
    server.upload_file(str(data / "my-data/h3.fasta"), "data", "h3.fasta")
    return data


@pytest.fixture(scope="module")
def study(planned):
    """The folder of a study that ran with its files in the bucket."""
    process = stored(planned)
    assert process.returncode == 0, process.stdout[-6000:]
    assert f"the answer: s3://bucket/all/{PAGE}" in process.stdout
    return planned


def keys(server):
    """Names of all files in the bucket, without the prefix."""
    pages = server.get_paginator("list_objects_v2").paginate(Bucket="bucket")
    names = [entry["Key"] for page in pages for entry in page["Contents"]]
    assert all(name.startswith("all/") for name in names)
    return {name.removeprefix("all/") for name in names}


def test_all_files_of_a_study_are_in_the_bucket_and_none_beside_it(study, server):
    there = keys(server)
    assert {PAGE, RUN, "data/raw/my-dna/h3.fasta", "logs/stored/page.log"} <= there
    assert not any(name.startswith("results/stored/representations") for name in there)
    assert [path for path in study.glob("results/**/*") if path.is_file()] == []
    assert not (study / "data").exists()


def test_the_scores_are_those_of_a_study_without_a_bucket(study, server, tmp_path, encoder):
    small_data.write(tmp_path, encoder)
    (tmp_path / "settings.tsv").write_text(SETTINGS)
    here = {"sources": {**STUDY["catalogue"]["sources"], "my-dna": {"path": "my-data/h3.fasta"}}}
    overlay(tmp_path, **STUDY | {"catalogue": STUDY["catalogue"] | here})
    process = in_one_process("--configfile", "study.yaml", "--", RUN, cwd=tmp_path)
    assert process.returncode == 0, process.stdout[-6000:]
    found = server.get_object(Bucket="bucket", Key=f"all/{RUN}")["Body"].read()
    assert json.loads(found) == json_tsv.read_json(tmp_path / RUN)


def test_another_machine_whose_settings_are_newer_finds_the_results_and_trains_nothing(
    study, tmp_path
):
    for name in ("study.yaml", "settings.tsv"):
        (tmp_path / name).write_text((study / name).read_text())
    (tmp_path / "encoder").symlink_to(study / "encoder")
    counts = plan(stored(tmp_path, "-n", "-q", "rules"))
    assert set(counts) <= {"judge", "page", "plot", "record", "all", "total"}


def test_new_data_in_the_bucket_are_taken_anew(study, server):
    assert plan(stored(study, "-n", "-q", "rules")) == {}
    server.upload_file(str(study / "my-data/h3.fasta"), "data", "h3.fasta")
    counts = plan(stored(study, "-n", "-q", "rules"))
    assert counts["download"] == counts["convert"] == 1 and counts["finetune"] == 3


def test_a_missing_object_of_the_catalogue_is_named(study, tmp_path):
    changed = yaml.safe_load((study / "study.yaml").read_text())
    changed["catalogue"]["sources"]["my-dna"]["path"] = "s3://data/other.fasta"
    overlay(tmp_path, **changed | {"study": "lost"})
    (tmp_path / "settings.tsv").write_text(SETTINGS)
    (tmp_path / "encoder").symlink_to(study / "encoder")
    process = stored(tmp_path, "-n", prefix="s3://bucket/lost")
    assert process.returncode != 0 and "s3://data/other.fasta" in process.stdout


def asked(folder, server, profile) -> list[dict[str, str]]:
    """The resources of every job of the study, `threads` and `rule` among them, by a profile whose
    plugin is there."""
    module = f"snakemake_executor_plugin_{profile.replace('-', '_')}"
    pytest.importorskip(module, reason=f"no plugin for {profile}")
    server.create_bucket(Bucket="cluster")
    process = in_one_process(
        *("-n", "--quiet", "progress", "--configfile", "study.yaml"),
        *("--workflow-profile", ROOT / "profiles" / profile),
        *("--default-storage-prefix", "s3://cluster/all"),
        cwd=folder,
    )
    assert process.returncode == 0, process.stdout[-6000:]
    found = []
    for name, lines in re.findall(r"^(?:local)?rule (\w+):\n((?: .*\n)+)", process.stdout, re.M):
        resources = re.search(r"resources: (.*)", lines)
        threads = re.search(r"threads: (\d+)", lines)
        pairs = (pair.split("=") for pair in resources[1].split(", ")) if resources else ()
        found.append({"rule": name, "threads": threads[1] if threads else "1", **dict(pairs)})
    return found


def test_kubernetes_gets_a_limit_for_every_job_and_a_gpu_for_those_that_compute(planned, server):
    jobs = {job["rule"]: job for job in asked(planned, server, "kubernetes") if "mem_mb" in job}
    assert {"finetune", "pretrain", "represent", "encode", "page"} <= set(jobs)
    for name, job in jobs.items():
        assert (job["scale"], job["disk_mb"]) == ("0", "20000"), name
        assert (job.get("gpu") == "1") == (name in SLURM["set-resources"]), name
        assert ("gpu_manufacturer" in job) == ("gpu" in job), name  # else the plugin refuses it


def test_aws_batch_is_asked_only_for_memory_that_its_plugin_gives(planned, server):
    jobs = [job for job in asked(planned, server, "aws-batch") if "mem_mb" in job]
    amounts = pytest.importorskip("snakemake_executor_plugin_aws_batch.constant")
    for job in jobs:
        threads, memory = int(job["threads"]), int(job["mem_mb"])
        assert threads in amounts.VALID_RESOURCES_MAPPING.get(memory, []), job
        assert (job.get("_gpus") == "1") == (job["rule"] in SLURM["set-resources"]), job
    assert {"finetune", "compare", "convert"} <= {job["rule"] for job in jobs}


def test_aws_batch_names_every_rule_that_asks_for_memory_of_its_own():
    """The plugin gives the least to an amount that is not in its list."""
    profile = yaml.safe_load((ROOT / "profiles/aws-batch/config.yaml").read_text())
    text = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    rules = re.split(r"^(?:use )?rule ", text, flags=re.MULTILINE)[1:]
    asking = {re.match(r"\w+", one)[0] for one in rules if "mem_mb=" in one}
    assert asking and asking <= set(profile["set-resources"])
