"""What a run says on the terminal: the estimate, one line of progress, each failure once, the end.

Snakemake tells its own log what happens, event by event; `Terminal` listens to that. Where
Snakemake's own lines are switched off (`quiet` in profiles/default), only its warnings and errors
stand beside ours, unless `--verbose` asks for all.
"""

import csv
import json
import logging
import re
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from seqtransfer.study import cards, machine, notes, provenance, refusals, used_configuration
from seqtransfer.study.estimates import costs, durations, estimate
from seqtransfer.study.estimates.costs import Encoder, Job
from seqtransfer.study.estimates.progress import Progress
from seqtransfer.study.failures import Failures

ESTIMATE = "estimate"  # the target that says what a study takes and runs nothing
PAUSE = 60  # seconds between lines of progress, at least
SILENCE = 600  # seconds after which one is said though no job has ended
CLOCK = 2.0  # seconds by which two clocks of one job may differ
SHOWN = 4  # keys of a configuration that a line names
VERDICTS = 5  # lines of verdicts at the end
NOTHING = "Nothing to be done"  # how Snakemake says that every file is there
ENDING = "Will exit after finishing"  # how it says, again and again, that a signal asked it to end
ENDED = "Terminating processes on user request"  # and that Ctrl-C did
# How it says that no rule makes a target.
UNMADE = re.compile(r"MissingRuleException[^\n]*\nNo rule to produce (\S+)")
# How Snakemake says that it makes an environment, which takes minutes and is before any job.
MAKING = ("Creating conda environment", "Pulling singularity image")
# Of Snakemake's errors: a job that named its own or was killed, and that there was one; and that it
# left jobs, which it takes for its own mistake, as where one target of `--until` needs another.
STATED = (
    "returned non-zero exit status 1.",
    "died with <Signals",
    "Exiting because a job execution failed",
    "At least one job did not complete successfully",
    "BUG: Out of jobs ready to be started",
)


def attach(
    workflow, study: Mapping, raw: Path, encoders: Path, logs: Path, report: str, storage: str
) -> "Terminal":
    """Let the `workflow`, Snakemake's object, speak as this module says.

    study: completed; raw: folder of the copies of sources; encoders: folder of the encoders; logs:
    folder of the logs of all studies; report: the folder of the report; storage: what comes before
    it in storage, "" on a file system.
    """
    logger = workflow.logger_manager.logger
    quiet = {topic.name.lower() for topic in workflow.output_settings.quiet or ()}
    silent = "all" in quiet
    terminal = Terminal(workflow, study, raw, encoders, logs, report, storage, silent=silent)
    logger.addHandler(terminal)
    own = [handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"]
    for handler in own:
        if workflow.output_settings.verbose and not terminal.silent:
            for theirs in handler.filters:
                theirs.quiet = set()
        # With `progress` among them Snakemake would tell nobody that a job has finished.
        elif {"rules", "host"} <= quiet:
            handler.addFilter(_is_needed)
            handler.addFilter(lambda record: terminal.of_target(record) is None)
    return terminal


def verdicts(report: Path) -> list[str]:
    """Where the page of claims is, and the verdict on the first claims that the study tests."""
    told = [f"the answer: {report / 'claims.html'}"]
    claims = json.loads((report / "claims.json").read_text(encoding="utf-8"))["claims"]
    tested = [c for c in claims if c["headline"] and c["verdict"] != "not tested"]
    for claim in tested[:VERDICTS]:
        overall = claim["overall"] or {}
        effect = "" if overall.get("mean") is None else f" ({overall['mean']:+.3f} {claim['unit']})"
        verdict = f"{claim['verdict']} {claim['qualifier']}".strip()
        told.append(f"  {verdict}: {claim['title']}{effect}")
    if not tested:
        told.append("  the study tests none of the claims")
    return told


class Terminal(logging.Handler):
    """Prints on stderr what Snakemake's events mean for who waits."""

    def __init__(
        self, workflow, study: Mapping, raw: Path, encoders: Path, logs: Path, report: str,
        storage: str = "", *, silent: bool = False,
    ):  # fmt: skip
        super().__init__()
        self.workflow, self.study, self.raw, self.encoders = workflow, study, raw, encoders
        self.table = logs / "durations.tsv"
        self.report, self.storage = report, storage
        self.silent = silent  # what is asked for, the estimate, is said all the same
        self.progress: Progress | None = None
        self.jobs: dict = {}  # number -> Snakemake's job
        self.rules: set[str] = set()  # of all jobs, targets included
        self.failures = Failures(self.jobs, time.time())
        self.ending = self.interrupted = False
        self.spoken = time.time()
        self.over = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        act = {
            "run_info": self._announce,
            "job_started": self._start,
            "job_finished": self._finish,
            "job_error": self._fail,
            "group_error": self._fail_group,
        }.get(str(getattr(record, "event", "")))
        if str(record.msg).startswith(NOTHING):
            act = self._rest
        elif str(record.msg).startswith(ENDING):
            act = self._end_soon
        elif str(record.msg).startswith(ENDED):
            self.interrupted = True
        elif said := self.of_target(record):
            print(f"The command is refused. {said}", file=sys.stderr, flush=True)
        if act is None:
            return
        try:
            act(record)
        except Exception:
            self.handleError(record)  # a mistake here ends no run,
            if self._estimates():
                sys.exit(1)  # nor begins one

    def of_target(self, record: logging.LogRecord) -> str | None:
        """What is said where Snakemake names a target that is none here; None of other records."""
        unmade = UNMADE.match(str(record.msg))
        if not unmade:
            return None
        results, studies = Path(self.report).parents[1], provenance.PACKAGE.parents[1]
        return refusals.of_another_study(
            unmade[1], self.study["study"], results, studies / "workflow/studies"
        ) or refusals.of_no_target(unmade[1], [rule.name for rule in self.workflow.rules])

    def _announce(self, record: logging.LogRecord) -> None:
        """The estimate, once; the run ends there if it is all that is asked for."""
        if self.progress is not None or self.workflow.touch:
            return
        planned = list(self.workflow.dag.needrun_jobs())
        self.jobs = {job.jobid: job for job in planned if not job.is_norun}
        sources = self.study["catalogue"]["sources"]
        paths = {name: one["path"] for name, one in sources.items() if "path" in one}
        originals = {str(self.raw / name): path for name, path in paths.items()}
        self.failures = Failures(self.jobs, time.time(), originals)
        self.rules = {job.rule.name for job in planned}
        jobs = [self._job(job) for job in self.jobs.values()]
        encoder = Encoder.of(self.study, self.encoders)
        # What computes the jobs of a cluster, nobody knows beforehand.
        narrow = machine.bfloat16() if self.workflow.local_exec else True
        known = durations.Durations(durations.read(self.table), narrow)
        at_a_time = self._machine()
        if jobs:
            found = estimate.estimate(jobs, self.study, encoder, known, at_a_time)
            lines = estimate.lines(found)
            free = shutil.disk_usage(".").free
            if found.disk + found.temporary + found.download > free:
                lines.append(f"size: but only {estimate.size(free)} of disk are free")
        else:
            lines = ["0 jobs: everything is there"]
        lines += self._of_cards(jobs)
        if "judge" in self.rules and (said := notes.untested(self.study["initializations"])):
            lines.append(said)
        keys = used_configuration.changed(self.study, Path(self.report, "study.json"))
        if keys:
            more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
            lines.append(
                f"changed since the report in {self.report}: {', '.join(keys[:SHOWN])}{more}; what"
                " rests on that is made anew. If this is another study, give it another `study:`"
            )
        self._say(*lines)
        self.progress = Progress(
            jobs, self.study, encoder, known, at_a_time, time.time(), queued=self._on_cluster()
        )
        if self._estimates():
            sys.exit(0)
        threading.Thread(target=self._watch, daemon=True).start()

    def _of_cards(self, jobs: list[Job]) -> list[str]:
        """What is said of cards that are there, or asked for, and not used."""
        trained = [job for job in jobs if job.rule in costs.TRAINED]
        if not trained or any(job.gpu for job in trained):
            return []
        if not self._on_cluster():
            return [fault] if (fault := cards.fault()) else []
        return [
            "no training job asks for a GPU. If the profile does, a --set-resources of the command"
            " line replaced it: write that into the profile"
        ]

    def _estimates(self) -> bool:
        """Whether the estimate is all that is asked for, whatever `--until` leaves of the plan."""
        return ESTIMATE in self.workflow.dag_settings.targets

    def _start(self, record: logging.LogRecord) -> None:
        for number in self.jobs.keys() & set(record.jobs):
            self.progress.start(number, time.time())

    def _finish(self, record: logging.LogRecord) -> None:
        if record.job_id not in self.jobs:
            return
        job, now = self.jobs[record.job_id], time.time()
        self.failures.succeed(record.job_id)
        learned = self.progress.finish(
            record.job_id, now, _benchmark(job), self._share(job), _spent(job)
        )
        if learned is not None:
            with suppress(OSError):  # another's table, or a full disk: an estimate is worth no run
                durations.append(self.table, learned)
        self._say_parts(job)
        self._say_progress(now, PAUSE)

    def _say_parts(self, job) -> None:
        """Of a task that was split now, what its user should hear."""
        path = Path(getattr(job.output, "task", ""))
        if job.rule.name == "encode" and path.is_file():  # else it is in storage
            for line in notes.of_parts(json.loads(path.read_text()), self.study["examples"]):
                self._say(line)

    def _say_progress(self, now: float, pause: float) -> None:
        """How far the run is, if nothing was said for so many seconds."""
        if now - self.spoken >= pause:
            self._say(self.progress.line(now))

    def _watch(self) -> None:
        """Until the end, say how far the run is whenever nothing else was said for long."""
        while not self.over.wait(PAUSE):
            with self.lock:  # no event is dealt with meanwhile, nor the end
                if not self.over.is_set():
                    self._say_progress(time.time(), SILENCE)

    def _end_watch(self) -> None:
        with self.lock:
            self.over.set()

    def close(self) -> None:
        """Also where no hook is called, as when Snakemake itself fails: nothing more is said."""
        self._end_watch()
        super().close()

    def _fail(self, record: logging.LogRecord) -> None:
        """A job failed. Of each one of a group Snakemake says so, whatever became of it."""
        if record.jobid not in self.jobs or record.jobid in self.failures.grouped:
            return
        if self.progress is not None:
            self.progress.fail(record.jobid)
        self._say(*self.failures.of_job(record.jobid, _first(record.log), last=self.ending))

    def _fail_group(self, record: logging.LogRecord) -> None:
        told = {one["jobid"]: _first(one["log"]) for one in record.job_error_info}
        logs = {number: log for number, log in told.items() if number in self.jobs}
        if not logs:  # before the run was announced
            return
        if self.progress is not None:
            for number in logs:
                self.progress.fail(number)
        own = _first(record.aux_logs)
        self._say(*self.failures.of_group(logs, own, time.time(), last=self.ending))

    def _rest(self, record: logging.LogRecord) -> None:
        """All was there before: where the answer is, if it was asked for."""
        self._answer({rule.name for rule in self.workflow.dag.targetrules})

    def _end_soon(self, record: logging.LogRecord) -> None:
        """Someone asked the run to end (SIGTERM): it waits for its jobs, which may take long."""
        if not self.ending:
            self.ending = self.interrupted = True
            self._say(
                "asked to stop: the jobs that run now end first, and no other one begins. Ctrl-C"
                " ends them, too; those that train then go on from their last saved state"
            )

    def end(self) -> None:
        """All jobs are done: how long they took, and where the answer is, if it was asked for."""
        self._end_watch()
        if self.progress is None:  # files were only touched
            return
        took = time.time() - self.progress.started
        self._say(f"done: {estimate.count(len(self.jobs))} in {estimate.span(took, took)}")
        self._answer(self.rules)

    def _answer(self, rules: set[str]) -> None:
        if not rules & {"all", "report", "page"}:
            return
        if self.storage:
            self._say(f"the answer: {self.storage}/{self.report}/claims.html")
        else:
            self._say(*verdicts(Path(self.report)))

    def stop(self) -> None:
        """The run ends before all jobs are done."""
        self._end_watch()
        if self.progress is None:
            return
        failed = len(self.failures.failed)
        what = "interrupted" if self.interrupted else "not all jobs are done"
        what = f"{estimate.count(failed)} failed" if failed else what
        remedy = "correct the cause and give" if failed else "give"
        self._say(f"stopped: {what}; what is done is kept: {remedy} the same command again")

    def _say(self, *lines: str) -> None:
        self.spoken = time.time()  # also where a job has said the same itself
        if not lines or (self.silent and not self._estimates()):
            return
        named = (f"{self.study['study']}: {line}" for line in lines)
        print(*named, sep="\n", file=sys.stderr, flush=True)

    def _job(self, job) -> Job:
        after = (self.workflow.dag.jobid(other) for other in self.workflow.dag.dependencies[job])
        return Job(
            number=job.jobid,
            rule=job.rule.name,
            wildcards=dict(job.wildcards.items()),
            gpu=any(job.resources.get(name) for name in cards.RESOURCES),
            temporary=bool(job.output) and set(job.output) == set(job.temp_output),
            after=frozenset(after) & self.jobs.keys(),
        )

    def _on_cluster(self) -> bool:
        """Whether jobs run elsewhere, or would if this were no dry run."""
        nodes = self.workflow.global_resources.get("_nodes")
        return not self.workflow.local_exec or bool(self.workflow.dryrun and nodes and nodes.value)

    def _machine(self) -> estimate.Machine:
        workflow = self.workflow
        limits = {name: limit.value for name, limit in workflow.global_resources.items()}
        if not self._on_cluster():
            return estimate.Machine(limits.get("_cores"), limits.get("gpu"))
        # Of a cluster, also while it is only planned. Its limit of cards may be each job's own.
        shared = not workflow.resource_scopes.is_local("gpu")
        return estimate.Machine(limits.get("_nodes"), limits.get("gpu") if shared else None)

    def _share(self, job) -> float | None:
        """Of the steps that a run might have taken, those that it took; None if it had to."""
        if job.rule.name != "finetune" or costs.least_share(self.study["finetune"]) == 1:
            return None
        metrics = Path(job.output.metrics)
        if not metrics.exists():  # it ran elsewhere, and its files are in storage
            return None
        return json.loads(metrics.read_text())["steps_taken"] / self.study["finetune"]["steps"]


def _first(logs: list[str]) -> Path | None:
    return Path(logs[0]) if logs else None


def _benchmark(job) -> float | None:
    """Seconds that the job itself measured: without those that it waited on a cluster."""
    if not job.benchmark or not Path(job.benchmark).exists():
        return None
    rows = list(csv.DictReader(Path(job.benchmark).read_text().splitlines(), delimiter="\t"))
    return float(rows[-1]["s"]) if rows else None


def _spent(job) -> float:
    """Seconds that went into a job's result, whoever spent them; 0 if none are known."""
    path = Path(getattr(job.output, "timing", ""))
    if not path.is_file():  # a job without, or its files are in storage
        return 0.0
    timing = json.loads(path.read_text())
    # The process's clock is right to a second, and Snakemake's starts a little earlier.
    return max(timing["seconds_training"], timing["seconds_total"] - CLOCK)


def _is_needed(record: logging.LogRecord) -> bool:
    """Whether a line of Snakemake's says what no line of ours does."""
    text = str(record.msg)
    if text.startswith((NOTHING, *MAKING)):
        return True
    return record.levelno >= logging.WARNING and not any(said in text for said in STATED)
