"""A killed Snakemake's jobs end, and its locks go; those of a living one stay."""

import ast
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from seqtransfer.study import liveness

SCRIPTS = Path(liveness.__file__).parents[2]
JOB = "from seqtransfer.study import liveness; liveness.end_with_snakemake()"
# A Snakemake that starts and ends at once, and one that has a job.
BEGIN = "from seqtransfer.study.liveness import begin; begin(clean=True)"
# Refuses what NFS refuses: an exclusive lock of a file that is open for reading alone.
NFS = """
import errno, fcntl, os
local = fcntl.flock
def flock(file, operation):
    number = file if isinstance(file, int) else file.fileno()
    reading = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    if operation & fcntl.LOCK_EX and reading:
        raise OSError(errno.EBADF, "Bad file descriptor")
    local(number, operation)
fcntl.flock = flock
"""
SNAKEMAKE = f"""
import subprocess, sys, time
from seqtransfer.study import liveness
liveness.begin(clean=True)
wait = "; print('here', flush=True); import time; time.sleep(60)"
# As Snakemake does it: a shell between it and the job, which has a process of its own.
started = "; import subprocess; subprocess.Popen(['sleep', '60'])"
code = {JOB!r} + started + wait
job = subprocess.Popen(["bash", "-c", 'set -e; "$0" -c "$1"; true', sys.executable, code])
time.sleep(60)
"""


def start(code: str, folder: Path) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    environment.pop(liveness.NAME, None)
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )


def begin(folder: Path) -> None:
    assert start(BEGIN, folder).wait(20) == 0


@pytest.fixture
def running(tmp_path):
    """A Snakemake with a job that has begun, and Snakemake's lock; and all processes of the job."""
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    (tmp_path / ".snakemake/locks/0.output.lock").write_text("results/a\n")
    process = start(SNAKEMAKE, tmp_path)
    assert process.stdout.readline() == "here\n"
    jobs = psutil.Process(process.pid).children(recursive=True)
    assert [job.name() for job in jobs][-1] == "sleep" and len(jobs) == 3
    yield process, jobs
    for each in (process, *jobs):
        if each.is_running() if isinstance(each, psutil.Process) else each.poll() is None:
            each.kill()
    process.wait()


def test_the_jobs_of_a_killed_snakemake_end_with_all_that_they_started(running):
    process, jobs = running
    process.kill()
    _, left = psutil.wait_procs(jobs, timeout=5)
    assert not left


def test_the_locks_of_a_killed_snakemake_are_removed_when_its_jobs_have_ended(running, tmp_path):
    process, jobs = running
    (alive,) = (tmp_path / ".snakemake/alive").iterdir()
    with open(alive, "rb") as job:  # one more job, which shares the lock until it ends
        process.kill()
        fcntl.flock(job, fcntl.LOCK_SH)
        waiting = start(BEGIN, tmp_path)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(3)
    assert waiting.wait(20) == 0
    assert not psutil.wait_procs(jobs, timeout=0)[1]
    assert list((tmp_path / ".snakemake/locks").iterdir()) == []
    assert list((tmp_path / ".snakemake/alive").iterdir()) == []


def test_the_locks_of_a_living_snakemake_stay(running, tmp_path):
    begin(tmp_path)
    assert [p.name for p in (tmp_path / ".snakemake/locks").iterdir()] == ["0.output.lock"]
    process, jobs = running
    assert process.poll() is None and all(job.is_running() for job in jobs)


def test_the_locks_of_a_killed_snakemake_go_once_no_other_lives_whoever_tried_before(
    running, tmp_path
):
    process, jobs = running
    killed = start(SNAKEMAKE, tmp_path)
    assert killed.stdout.readline() == "here\n"
    theirs = psutil.Process(killed.pid).children(recursive=True)
    killed.kill()
    psutil.wait_procs(theirs, timeout=5)
    begin(tmp_path)  # too early: the other one lives
    assert [p.name for p in (tmp_path / ".snakemake/locks").iterdir()] == ["0.output.lock"]
    process.kill()
    psutil.wait_procs(jobs, timeout=5)
    begin(tmp_path)
    assert list((tmp_path / ".snakemake/locks").iterdir()) == []
    assert list((tmp_path / ".snakemake/alive").iterdir()) == []


def working_since(folder: Path) -> float | None:
    asked = "from seqtransfer.study import liveness; print(liveness.working_since())"
    return ast.literal_eval(start(asked, folder).communicate(timeout=20)[0])


def test_it_is_known_since_when_a_snakemake_works_here_and_that_a_killed_one_does_not(
    running, tmp_path
):
    (tmp_path / ".snakemake/alive/killed.lock").touch()
    process, jobs = running
    since = working_since(tmp_path)
    assert since == pytest.approx(psutil.Process(process.pid).create_time(), abs=20)
    process.kill()
    psutil.wait_procs(jobs, timeout=5)
    process.wait()
    assert working_since(tmp_path) is None


def test_on_nfs_too_the_locks_of_a_killed_snakemake_are_removed(tmp_path):
    for name in ("locks/0.output.lock", "alive/killed.lock"):
        path = tmp_path / ".snakemake" / name
        path.parent.mkdir(parents=True)
        path.touch()
    assert start(NFS + BEGIN, tmp_path).wait(20) == 0
    assert [path for path in (tmp_path / ".snakemake").rglob("*") if path.is_file()] == []


def test_locks_that_no_killed_snakemake_of_ours_left_stay(tmp_path):
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    (tmp_path / ".snakemake/locks/0.input.lock").touch()
    begin(tmp_path)
    assert len(list((tmp_path / ".snakemake/locks").iterdir())) == 1


def test_a_job_whose_snakemake_is_long_gone_ends(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    environment[liveness.NAME] = str(tmp_path / "gone.lock")
    code = f"{JOB}; import time; time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    assert process.wait(20) == -signal.SIGKILL


# Locks of other machines are free here, as on a file system that keeps them on one machine.
ELSEWHERE = """
import fcntl, platform
from seqtransfer.study import liveness
fcntl.flock = lambda file, operation: None
platform.node = lambda: "other"
liveness.FRESH, liveness.BEAT = {fresh}, 0.2
"""


@pytest.mark.parametrize("fresh", [300, 0])
def test_a_snakemake_of_another_machine_lives_while_its_file_is_fresh(running, tmp_path, fresh):
    process, jobs = running
    (alive,) = (tmp_path / ".snakemake/alive").iterdir()
    assert start(ELSEWHERE.format(fresh=fresh) + BEGIN, tmp_path).wait(20) == 0
    assert alive.exists() == (tmp_path / ".snakemake/locks/0.output.lock").exists() == bool(fresh)
    code = ELSEWHERE.format(fresh=fresh) + JOB + "; print('lives'); import time; time.sleep(2)"
    alive.touch()
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), liveness.NAME: str(alive)}
    job = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False)
    assert job.returncode == (0 if fresh else -signal.SIGKILL)
    assert process.poll() is None and all(one.is_running() for one in jobs)


def test_a_living_snakemake_touches_its_file(tmp_path):
    code = "from seqtransfer.study import liveness; liveness.BEAT = 0.1; liveness.begin(clean=True)"
    process = start(code + "; print('here', flush=True); import time; time.sleep(30)", tmp_path)
    assert process.stdout.readline() == "here\n"
    (alive,) = (tmp_path / ".snakemake/alive").iterdir()
    os.utime(alive, (0, 0))
    ends = time.time() + 20
    while alive.stat().st_mtime == 0 and time.time() < ends:
        time.sleep(0.1)
    process.kill()
    process.wait()
    assert alive.stat().st_mtime > 0


def test_where_files_cannot_be_locked_no_file_is_left(tmp_path):
    refuse = "import errno, fcntl, os\ndef flock(*_): raise OSError(errno.ENOLCK, 'No locks')\n"
    refused = start(f"{refuse}fcntl.flock = flock\n{BEGIN}", tmp_path)
    assert refused.wait(20) == 0
    assert list((tmp_path / liveness.FOLDER).iterdir()) == []
