"""A job's log holds all it printed and its traceback; the terminal gets the cause alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from seqtransfer.study import jobs, logs

SCRIPTS = Path(logs.__file__).parents[2]


def job(body: str, log: Path) -> subprocess.CompletedProcess:
    """Run `body` inside `logs.capture(log)` in a process of its own."""
    lines = [
        "import sys",
        "from seqtransfer.study import logs",
        f"with logs.capture({str(log)!r}):",
    ]
    lines += [f"    {line}" for line in body.splitlines()]
    code = "\n".join([*lines, "print('after the job')"])
    return subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=False
    )


def test_a_failing_job_logs_its_traceback_and_tells_the_terminal_only_the_cause(tmp_path):
    log = tmp_path / "finetune" / "splice.log"
    body = "print('step 1')\nprint('beware', file=sys.stderr)\nraise ValueError('no such task')"
    done = job(body, log)
    assert done.returncode == 1
    assert done.stdout == ""
    cause, details = done.stderr.splitlines()
    assert cause == "ValueError: no such task"
    assert str(log) in details
    text = log.read_text()
    assert "step 1" in text and "beware" in text
    assert "Traceback (most recent call last)" in text
    assert text.splitlines()[-1] == cause


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_log_on_a_full_disk_ends_the_job_with_its_cause_alone():
    done = job("print('step 1')", Path("/dev/full"))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr.splitlines()[0]


def test_a_job_that_succeeds_prints_to_its_log_alone_and_gives_the_streams_back(tmp_path):
    done = job("print('step 1')\nprint('beware', file=sys.stderr)", tmp_path / "a.log")
    assert (done.returncode, done.stdout, done.stderr) == (0, "after the job\n", "")
    assert (tmp_path / "a.log").read_text().splitlines() == ["step 1", "beware"]


def test_a_line_is_in_the_log_as_soon_as_it_is_printed(tmp_path):
    log = tmp_path / "a.log"
    with logs.capture(log):
        print("step 1 of 1000")
        assert log.read_text() == "step 1 of 1000\n"


def test_a_new_run_of_a_job_starts_a_new_log(tmp_path):
    log = tmp_path / "a.log"
    for message in ("first", "second"):
        with pytest.raises(SystemExit) as error, logs.capture(log):
            raise RuntimeError(message)
        assert error.value.code == 1
    assert "second" in log.read_text() and "first" not in log.read_text()


def test_a_retry_keeps_what_the_attempt_before_it_said(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs.liveness, "end_with_snakemake", lambda: None)
    log, output, kept = tmp_path / "a.log", tmp_path / "out", tmp_path / "a.log.before"
    with pytest.raises(SystemExit), jobs.job(log, [output]):
        print("of the first")
        raise ValueError("killed, as it were")
    assert not kept.exists()
    for attempt in ("of the second", "of the third"):
        with jobs.job(log, [output]):
            print(attempt)
            output.write_text("done")
        assert log.read_text() == f"{attempt}\n"
        assert "of the first" in kept.read_text() and "killed, as it were" in kept.read_text()
