"""A Slurm cluster of one node with two pretend GPUs, on this machine, for as long as a block runs.

Everything of it lies in one folder: configuration, sockets, logs. Its commands are in
`<folder>/bin`, which the environment of `Cluster.environment` puts before others. Slurm itself
comes from Debian's packages, which `.ci/run` names.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "slurmdbd", "mariadbd", "mariadb", "sbatch", "sacct")
COMMANDS = ("sbatch", "srun", "squeue", "sacct", "sacctmgr", "scancel", "scontrol", "sinfo")
START = 300.0  # seconds within which a daemon must start, and end: machines are slow at times
PATH = f"{os.environ['PATH']}:/usr/sbin"
SLURM = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# A preempted job waits as long as a credential lives until it starts again, by default 120 s. On a
# busy machine a step may take some seconds to start, within which its credential must live.
AuthInfo=socket={folder}/munge.socket,cred_expire=30
MpiDefault=none
# By group: a process whose parent was killed first is no longer found by its parents.
ProctrackType=proctrack/pgid
TaskPlugin=task/none
TaskProlog={folder}/prolog
SwitchType=switch/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
GresTypes=gpu
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
{accounting}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
JobRequeue=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=2
MessageTimeout=100
OverTimeLimit=0
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=64000 Gres=gpu:a100:2
PartitionName=normal Nodes={host} Default=YES PriorityTier=1
PartitionName=urgent Nodes={host} PriorityTier=2
"""
ACCOUNTING = {
    False: "AccountingStorageType=accounting_storage/none",
    True: """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={ports[2]}
AccountingStoragePass={folder}/munge.socket""",
}
DATABASE = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={ports[2]}
SlurmUser=root
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports[3]}
StorageUser=slurm
StoragePass=slurm
StorageLoc=accounts
"""
# Each step of a job appends which job it is of and which devices it may use.
PROLOG = """\
#!/bin/sh
echo "$SLURM_JOB_ID ${{CUDA_VISIBLE_DEVICES:-none}}" >> {folder}/devices.txt
"""


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `environment` is that of a process which submits jobs to it."""

    folder: Path
    environment: dict[str, str]

    def ask(self, *command: str) -> str:
        """What a command of Slurm prints."""
        return subprocess.run(
            command,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ).stdout

    def devices(self) -> dict[str, set[str]]:
        """Number of a job -> what CUDA_VISIBLE_DEVICES was in its steps; `none` if unset."""
        found: dict[str, set[str]] = {}
        for line in (self.folder / "devices.txt").read_text().splitlines():
            job, device = line.split()
            found.setdefault(job, set()).add(device)
        return found


def missing() -> str | None:
    """Why no cluster can be started here, and what to do about it; None where one can be."""
    if os.geteuid():
        return "Slurm's daemons need root: run the tests as root"
    absent = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
    if absent:
        return f"no {', '.join(absent)}: on Debian, give the `apt-get` commands of .ci/run as root"
    return None


@contextmanager
def running(folder: Path, *, accounting: bool, cpus: int = 8) -> Iterator[Cluster]:
    """The cluster, idle. All that was started has ended when the block ends.

    cpus: that its node says it has, whatever this machine has.
    """
    host = socket.gethostname().split(".")[0]
    facts = {"folder": folder, "host": host, "ports": _free_ports(4), "cpus": cpus}
    facts["accounting"] = ACCOUNTING[accounting].format(**facts)
    for name in ("bin", "state", "spool"):
        (folder / name).mkdir()
    folder.chmod(0o755)  # munged refuses a socket where others may write
    for number in (0, 1):
        os.mknod(folder / f"card{number}", 0o020666, os.makedev(1, 3))  # as /dev/null
    _write(folder / "munge.key", os.urandom(128).hex(), 0o600)
    _write(folder / "slurm.conf", SLURM.format(**facts), 0o644)
    _write(folder / "slurmdbd.conf", DATABASE.format(**facts), 0o600)
    _write(folder / "gres.conf", f"Name=gpu Type=a100 File={folder}/card[0-1]\n", 0o644)
    _write(folder / "prolog", PROLOG.format(**facts), 0o755)
    for name in COMMANDS:
        # Not by the environment: the executor's job step passes no SLURM_CONF on.
        call = f'SLURM_CONF={folder}/slurm.conf exec {shutil.which(name, path=PATH)} "$@"'
        _write(folder / "bin" / name, f"#!/bin/sh\n{call}\n", 0o755)
    cluster = Cluster(folder, os.environ | {"PATH": f"{folder}/bin:{PATH}"})
    with ExitStack() as stack:
        stack.enter_context(
            _daemon(
                folder, "munged", "--foreground", "--force", f"--key-file={folder}/munge.key",
                f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid",
                f"--seed-file={folder}/munge.seed", f"--log-file={folder}/munge.log",
                ready=(folder / "munge.socket").exists,
            )
        )  # fmt: skip
        if accounting:
            # To make the database takes seconds there, and on a slow disk minutes.
            memory = stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))
            stack.enter_context(_accounting(folder, Path(memory), facts["ports"]))
        controller = _daemon(
            folder, "slurmctld", "-D", "-f", folder / "slurm.conf",
            ready=lambda: "UP" in cluster.ask("scontrol", "ping"),
        )  # fmt: skip
        stack.enter_context(controller)
        node = _daemon(
            folder, "slurmd", "-D", "-f", folder / "slurm.conf",
            ready=lambda: "idle" in cluster.ask("sinfo", "--noheader", "--format=%t"),
        )  # fmt: skip
        stack.enter_context(node)
        stack.callback(_end_jobs, cluster)
        yield cluster


@contextmanager
def _accounting(folder: Path, memory: Path, ports: list[int]) -> Iterator[None]:
    """Slurm's accounting daemon, and the database that it writes to, in the folder `memory`."""
    options = ("--no-defaults", "--user=root", f"--datadir={memory}")
    file = folder / "database.socket"
    install = ("mariadb-install-db", *options, "--auth-root-authentication-method=normal")
    subprocess.run(install, check=True, capture_output=True)
    database = _daemon(
        folder, "mariadbd", *options, f"--socket={file}", "--bind-address=127.0.0.1",
        f"--port={ports[3]}",
        ready=file.exists,
    )  # fmt: skip
    grant = "GRANT ALL ON accounts.* TO slurm@localhost IDENTIFIED BY 'slurm'"
    client = ("mariadb", "--no-defaults", "--user=root", f"--socket={file}", f"--execute={grant}")
    with database:
        subprocess.run(client, check=True, capture_output=True)
        with _daemon(folder, "slurmdbd", "-D", ready=lambda: _listens(ports[2])):
            yield


@contextmanager
def _daemon(folder: Path, *command: object, ready: Callable[[], bool]) -> Iterator[None]:
    """A program that runs until the block ends; its output is in a log named after it."""
    log = folder / f"{command[0]}.output"
    environment = os.environ | {"PATH": PATH, "SLURM_CONF": f"{folder}/slurm.conf"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        limit = time.monotonic() + START
        while not ready():
            if process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"{command[0]} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(START)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_jobs(cluster: Cluster) -> None:
    """Cancel all jobs and wait until none is left on the node."""
    cluster.ask("scancel", "--user=root")
    limit = time.monotonic() + START
    while cluster.ask("squeue", "--noheader") and time.monotonic() < limit:
        time.sleep(0.1)


def _write(path: Path, text: str, mode: int) -> None:
    path.touch(mode)
    path.chmod(mode)
    path.write_text(text)


def _free_ports(count: int) -> list[int]:
    """Ports of this machine on which nothing listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
