"""What is said on the terminal, from Snakemake's events: each thing once, and little else."""

import functools
import json
import logging
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_estimate import study

from project import ROOT
from seqtransfer.study import terminal, used_configuration
from seqtransfer.study.estimates import durations
from seqtransfer.study.terminal import Terminal

STATED = "CalledProcessError in file x.smk:\nCommand 'python x.py' returned non-zero exit status 1."


class Job:
    """As Snakemake's, as far as it is asked."""

    def __init__(self, number, rule, output=None, **wildcards):
        self.jobid, self.rule = number, SimpleNamespace(name=rule)
        self.is_norun = rule in ("all", "estimate")
        self.is_local, self.attempt, self.restart_times = True, 1, 0
        self.wildcards, self.resources, self.benchmark = wildcards, {}, None
        self.output, self.temp_output = output or [], set()


def workflow(*jobs):
    dag = SimpleNamespace(
        needrun_jobs=lambda: iter(jobs),
        dependencies={job: {} for job in jobs},
        jobid=lambda job: job.jobid,
    )
    limits = {"_cores": SimpleNamespace(value=2)}
    targets = [job.rule.name for job in jobs if job.rule.name == "estimate"]
    return SimpleNamespace(
        dag=dag, global_resources=limits, touch=False, local_exec=True, dryrun=False,
        dag_settings=SimpleNamespace(targets=targets),
    )  # fmt: skip


def event(name, **facts):
    return logging.makeLogRecord({"event": name, **facts})


@pytest.fixture(scope="module")
def default():
    return study()


def listening(default, folder, *jobs, storage=""):
    """The terminal of a run of the default study, all files of which are in a folder."""
    return Terminal(
        workflow(*jobs),
        default,
        Path("data/raw"),
        folder,
        folder / "logs",
        str(folder / "report"),
        storage,
    )


@pytest.fixture
def speaker(default, tmp_path):
    """A function from jobs to their terminal."""
    return functools.partial(listening, default, tmp_path)


def test_what_runs_is_told_once_before_it_begins(speaker, capsys):
    told = speaker(Job(0, "finetune", task="splice"), Job(1, "plot"), Job(2, "all"))
    told.emit(event("run_info"))
    told.emit(event("run_info"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "default: 2 jobs: 1 finetune, 1 plot"
    assert [line.split()[1] for line in lines[1:]] == ["time:", "work:", "size:"]


@pytest.mark.parametrize(
    ("arms", "lacking"),
    [
        (["text", "random"], None),
        (["text"], "`random`"),
        (["domain", "random"], "`text`"),
        (["moments"], "`text` and `random`"),
    ],
)
def test_a_plan_of_a_report_says_that_no_claim_is_tested(speaker, default, capsys, arms, lacking):
    for rule in ("judge", "finetune"):
        told = speaker(Job(0, rule, task="splice"))
        told.study = default | {"initializations": arms}
        told.emit(event("run_info"))
        said = f"claims: none can be tested, as each compares two arms; add {lacking} to initial"
        assert (said in capsys.readouterr().err) == (lacking is not None and rule == "judge")


def test_another_study_of_the_same_name_is_told_whose_report_is_there(
    speaker, default, tmp_path, capsys
):
    record = json.loads(json.dumps(used_configuration.selected(default)))
    (tmp_path / "report").mkdir()
    for change in ({}, {"seeds": [7], "tasks": ["splice"]}):
        (tmp_path / "report/study.json").write_text(json.dumps({"configuration": record | change}))
        speaker(Job(0, "plot")).emit(event("run_info"))
        said = capsys.readouterr().err
        assert ("changed since the report" in said) == bool(change)
    assert "tasks, seeds; what rests on that" in said and "another `study:`" in said


@pytest.mark.parametrize(
    ("local", "dryrun", "nodes", "cards_of_each_job", "said"),
    [
        (True, False, None, False, "with 2 jobs at a time"),
        (True, True, None, False, "with 2 jobs at a time"),
        (True, True, 100, False, "with 100 jobs at a time"),  # `-n` with a cluster's profile
        (False, False, 100, False, "with 100 jobs at a time"),
        (False, False, 100, True, "with 100 jobs at a time"),
    ],
)
def test_jobs_at_a_time_are_those_of_the_cluster_also_while_it_is_only_planned(
    speaker, capsys, local, dryrun, nodes, cards_of_each_job, said
):
    cards = [Job(number, "finetune", task="splice") for number in range(8)]
    for job in cards:
        job.resources = {"gpu": 1}
    told = speaker(*cards)
    told.workflow.local_exec, told.workflow.dryrun = local, dryrun
    told.workflow.resource_scopes = SimpleNamespace(is_local=lambda name: cards_of_each_job)
    told.workflow.global_resources |= {
        "_nodes": SimpleNamespace(value=nodes), "gpu": SimpleNamespace(value=1)
    }  # fmt: skip
    told.emit(event("run_info"))
    assert said in capsys.readouterr().err
    assert told._machine().gpus == (None if cards_of_each_job else 1)


def test_cards_that_nothing_uses_are_told(speaker, monkeypatch, capsys):
    monkeypatch.setattr(terminal.cards, "fault", lambda: "there is a GPU, but its driver is old")

    def said(local, **resources):
        job = Job(0, "finetune", task="splice")
        job.resources = resources
        told = speaker(job)
        told.workflow.local_exec = local
        told.workflow.resource_scopes = SimpleNamespace(is_local=lambda name: True)
        told.emit(event("run_info"))
        return capsys.readouterr().err

    assert "its driver is old" in said(True)
    assert "no training job asks for a GPU. If the profile does" in said(False)
    for resources in ({"gpu": 1}, {"_gpus": 1}, {"gres": "gpu:h100:1"}):
        assert "a GPU" not in said(True, **resources) + said(False, **resources)
    speaker(Job(0, "plot")).emit(event("run_info"))
    assert "a GPU" not in capsys.readouterr().err


def test_an_estimate_runs_nothing(speaker, capsys):
    for jobs, told in (
        ([Job(0, "plot"), Job(1, "estimate")], "1 job: 1 plot"),
        ([Job(1, "estimate")], "0 jobs: everything is there"),
    ):
        with pytest.raises(SystemExit) as end:
            speaker(*jobs).emit(event("run_info"))
        assert end.value.code == 0
        assert capsys.readouterr().err.startswith(f"default: {told}")


def test_an_estimate_that_fails_or_is_left_out_of_the_plan_runs_nothing_either(
    speaker, monkeypatch, capsys
):
    told = speaker(Job(0, "plot"))  # by --until
    told.workflow.dag_settings.targets = ["estimate"]
    with pytest.raises(SystemExit) as end:
        told.emit(event("run_info"))
    assert end.value.code == 0
    monkeypatch.setattr(durations, "read", lambda path: 1 / 0)
    with pytest.raises(SystemExit) as end:
        speaker(Job(0, "plot"), Job(1, "estimate")).emit(event("run_info"))
    assert end.value.code == 1
    speaker(Job(0, "plot")).emit(event("run_info"))  # of a run that is no estimate, nothing ends


def test_durations_are_read_without_a_head_and_begun_anew_after_a_full_disk(tmp_path):
    table = tmp_path / "durations.tsv"
    table.write_text("plot\t0\t1.0\t2.0\t\n")
    assert durations.read(table) == []
    table.write_text("")
    durations.append(table, durations.Duration("plot", False, 1.0, 2.0, None))
    assert [one.seconds for one in durations.read(table)] == [2.0]


def test_a_table_of_durations_that_cannot_be_read_teaches_nothing(tmp_path):
    assert durations.read(tmp_path) == []  # a folder
    path = tmp_path / "durations.tsv"
    durations.append(path, durations.Duration("encode", False, 2.0, 3.0, None))
    path.write_bytes(path.read_bytes() + b"\xff\n")
    assert [one.rule for one in durations.read(path)] == ["encode"]


def test_a_finished_job_is_learned_from(speaker, tmp_path, capsys):
    metrics, benchmark = tmp_path / "metrics.json", tmp_path / "benchmark.tsv"
    metrics.write_text('{"steps_taken": 512}')
    benchmark.write_text("s\th:m:s\n90.5\t0:01:30\n")
    timing = tmp_path / "timing.json"
    timing.write_text('{"seconds_training": 80.25, "seconds_total": 91.2}')
    job = Job(0, "finetune", _Named(metrics=str(metrics), timing=str(timing)), task="splice")
    job.benchmark = str(benchmark)
    told = speaker(job, Job(1, "finetune", task="splice"))
    told.emit(event("run_info"))
    told.emit(event("job_started", jobs=[0, 7]))
    capsys.readouterr()
    told.spoken = 0
    told.emit(event("job_finished", job_id=0))
    (learned,) = durations.read(tmp_path / "logs/durations.tsv")
    assert (learned.rule, learned.seconds, learned.share) == ("finetune", 90.5, 0.5)
    assert "1 of 2 jobs" in capsys.readouterr().err
    told.emit(event("job_finished", job_id=7))  # a target, which is no job
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("training", "total"),
    [(80.25, 15.0), (12.0, 25.0)],
    ids=["a killed job had begun it", "a GPU made it for another study"],
)
def test_a_job_that_others_did_part_of_is_not_learned_from(
    speaker, tmp_path, capsys, training, total
):
    timing, benchmark = tmp_path / "timing.json", tmp_path / "benchmark.tsv"
    timing.write_text(json.dumps({"seconds_training": training, "seconds_total": total}))
    benchmark.write_text("s\th:m:s\n20.5\t0:00:20\n")
    job = Job(0, "pretrain", _Named(timing=str(timing)), corpus="splice")
    job.benchmark = str(benchmark)
    told = speaker(job)
    told.emit(event("run_info"))
    told.emit(event("job_started", jobs=[0]))
    told.emit(event("job_finished", job_id=0))
    assert durations.read(tmp_path / "logs/durations.tsv") == []
    assert not told.progress.waiting and "Traceback" not in capsys.readouterr().err


def test_how_far_a_run_is_is_said_again_after_a_long_silence_until_its_end(
    speaker, monkeypatch, capsys
):
    monkeypatch.setattr(terminal, "PAUSE", 0.01)
    before = set(threading.enumerate())
    told = speaker(Job(0, "plot"))
    told.emit(event("run_info"))
    (watch,) = set(threading.enumerate()) - before
    assert watch.daemon
    time.sleep(0.1)
    assert "0 of 1 jobs" not in capsys.readouterr().err  # something was said just now
    told.spoken -= terminal.SILENCE
    limit = time.monotonic() + 20
    said = ""
    while "0 of 1 jobs" not in said and time.monotonic() < limit:
        time.sleep(0.01)
        said += capsys.readouterr().err
    time.sleep(0.1)
    said += capsys.readouterr().err
    assert said.count("0 of 1 jobs") == 1
    told.stop()
    told.spoken -= terminal.SILENCE
    watch.join(20)
    assert not watch.is_alive() and "0 of 1 jobs" not in capsys.readouterr().err


def test_nothing_is_said_of_itself_once_logging_has_ended(speaker):
    told = speaker(Job(0, "plot"))
    told.emit(event("run_info"))
    told.close()  # as Snakemake and Python's end do, whether or not a hook was called
    assert told.over.is_set()


def test_a_study_whose_runs_take_all_their_steps_teaches_nothing_of_how_long_others_last(speaker):
    told = speaker()
    told.study = study(ROOT / "tests/config.yaml")
    assert told._share(Job(0, "finetune", task="splice")) is None


@pytest.mark.parametrize(
    ("heard", "what"),
    [
        (terminal.ENDED + ", this might take some time.", "interrupted"),
        (terminal.ENDING + " currently running jobs.", "interrupted"),
        ("BUG: Out of jobs ready to be started, but not all files built", "not all jobs are done"),
    ],
)
def test_a_run_that_stops_without_a_failure_has_no_cause_to_correct(speaker, capsys, heard, what):
    told = speaker(Job(0, "plot"))
    told.emit(event("run_info"))
    told.emit(logging.makeLogRecord({"msg": heard}))
    told.stop()
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"default: stopped: {what}; what is done is kept: give the same command again"


def test_a_target_that_is_none_or_another_studys_is_told_in_our_words(speaker, capsys):
    told = speaker()
    told.report = "results/default/report"
    told.workflow.rules = [SimpleNamespace(name="judge")]
    for other, named in (("mine", True), ("default", False)):
        text = f"MissingRuleException:\nNo rule to produce results/{other}/x.svg (if you use input"
        record = logging.makeLogRecord({"msg": text})
        told.emit(record)
        assert (told.of_target(record) is not None) == named
        assert ("x.svg belongs to study mine, but" in capsys.readouterr().err) == named
    told.emit(logging.makeLogRecord({"msg": "MissingRuleException:\nNo rule to produce judje (x"}))
    said = capsys.readouterr().err
    assert said.startswith("The command is refused. There is no target judje; did you mean `judge`")


def test_a_run_that_is_asked_to_stop_says_once_that_it_waits_for_its_jobs(speaker, capsys):
    told = speaker(Job(0, "plot"))
    for _ in range(2):
        told.emit(logging.makeLogRecord({"msg": terminal.ENDING + " currently running jobs."}))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("default: asked to stop: the jobs that run now end first")


def test_a_mistake_in_telling_ends_no_run(speaker, monkeypatch, capsys):
    told = speaker(Job(0, "plot"))
    monkeypatch.setattr(told, "_announce", lambda record: 1 / 0)
    told.emit(event("run_info"))
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("level", "text", "needed"),
    [
        (logging.INFO, "Select jobs to execute...", False),
        (logging.INFO, "Nothing to be done (all requested files are present).", True),
        (logging.INFO, "Creating conda environment ../../envs/train.yaml...", True),
        (logging.INFO, "Pulling singularity image docker://x.", True),
        (logging.WARNING, "The input has changed", True),
        (logging.ERROR, STATED, False),  # the job has named its own error
        (logging.ERROR, STATED + "\n  File x.smk, line 50, in __rule_plot", False),
        (logging.ERROR, "Command 'python x.py' died with <Signals.SIGKILL: 9>.", False),
        (logging.ERROR, "At least one job did not complete successfully.", False),
        (logging.ERROR, "BUG: Out of jobs ready to be started, but not all files", False),
        (logging.ERROR, "Remaining jobs:\n - audit: results/x.tsv", True),
        (logging.ERROR, STATED.replace("returned non-zero exit status 1", "died with 9"), True),
    ],
)
def test_of_snakemakes_lines_those_are_left_that_none_of_ours_says(level, text, needed):
    record = logging.makeLogRecord({"levelno": level, "msg": text})
    assert terminal._is_needed(record) is needed


def test_the_end_tells_where_the_answer_is_and_the_verdicts_on_what_was_tested(tmp_path):
    def claim(verdict, mean=None, headline=True):
        overall = None if mean is None else {"mean": mean}
        return {"headline": headline, "verdict": verdict, "title": "Text is better", "unit": "MCC",
                "qualifier": "on average" if mean else "", "overall": overall}  # fmt: skip

    claims = [claim("supported", 0.0712), claim("not tested"), claim("mixed", headline=False)]
    claims += [claim("undecided")] * 9
    (tmp_path / "claims.json").write_text(json.dumps({"claims": claims}))
    lines = terminal.verdicts(tmp_path)
    assert lines[0] == f"the answer: {tmp_path / 'claims.html'}"
    assert lines[1] == "  supported on average: Text is better (+0.071 MCC)"
    assert lines[2:] == ["  undecided: Text is better"] * 4
    (tmp_path / "claims.json").write_text(json.dumps({"claims": [claim("not tested")]}))
    assert terminal.verdicts(tmp_path)[1:] == ["  the study tests none of the claims"]


def test_the_end_of_a_study_in_storage_says_where_its_page_is(speaker, capsys, tmp_path):
    told = speaker(Job(0, "page"), Job(1, "all"), storage="s3://bucket/all")
    told.emit(event("run_info"))
    told.end()
    answer = f"the answer: s3://bucket/all/{tmp_path}/report/claims.html"
    assert answer in capsys.readouterr().err


@pytest.mark.parametrize(("target", "told"), [("all", True), ("tables", False)])
def test_a_study_that_was_finished_before_says_its_answer_too(
    speaker, capsys, tmp_path, target, told
):
    (tmp_path / "report").mkdir()
    (tmp_path / "report/claims.json").write_text('{"claims": []}')
    finished = speaker()
    finished.workflow.dag.targetrules = [SimpleNamespace(name=target)]
    finished.emit(logging.makeLogRecord({"msg": terminal.NOTHING + " (all is there)."}))
    answer = f"default: the answer: {tmp_path / 'report/claims.html'}"
    assert (answer in capsys.readouterr().err) is told


class _Named(list):
    """A list of files of which some have names, as Snakemake's."""

    def __init__(self, **names):
        super().__init__(names.values())
        self.__dict__.update(names)
