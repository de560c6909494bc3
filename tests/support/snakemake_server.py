"""A process that has imported Snakemake, and forks for each command that it is given.

To start Snakemake takes longer than to plan most studies. In the fork all is as in a process that
was started for the command: arguments, folder, environment, output, exit code.

    python snakemake_server.py [scripts]

scripts: folder of the library that the workflow uses, to have its modules ready, too; only where
none of them is edited meanwhile. Reads orders from standard input, a line of JSON each; writes the
exit code of each to standard output.
"""

import gc
import json
import os
import runpy
import sys
from pathlib import Path

from snakemake import script
from snakemake.cli import get_argument_parser, main
from snakemake.exceptions import WorkflowError


def execute(self: script.PythonScript, fname: str, edit: bool = False) -> None:
    """Run the script, which Snakemake has written to `fname`, as the main program of this process,
    so that libraries are imported once, not once a job."""
    if self.bench_record:
        self.bench_record.running_time = 0.0  # a process of its own would be measured
    path = list(sys.path)
    try:
        runpy.run_path(fname, run_name="__main__")
    except SystemExit as end:  # a failed job, whose message stands in its log and on the terminal
        raise WorkflowError(f"{self.path} ended with {end.code}") from end
    finally:
        sys.path[:] = path  # a script's first line adds all of it once more


def become(
    arguments: list[str], cwd: str, environment: dict[str, str], output: str, one_process: bool
) -> None:
    """Make this process that of the command; one_process: jobs run in it, too."""
    target = os.open(output, os.O_WRONLY)
    for descriptor, end in ((os.open(os.devnull, os.O_RDONLY), 0), (target, 1), (target, 2)):
        os.dup2(descriptor, end)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["snakemake", *arguments]
    if one_process:
        script.PythonScript.execute_script = execute


get_argument_parser()  # imports the plugins
for scripts in sys.argv[1:]:
    sys.path.insert(0, scripts)
    from seqtransfer.report import register  # noqa: F401
    from seqtransfer.study import planning, provenance, terminal  # noqa: F401

    for path in Path(scripts).glob("*.py"):
        provenance.code_digest(path)
gc.freeze()  # so that no fork looks through, and copies, what is there by now
for line in sys.stdin:
    if not (child := os.fork()):
        become(**json.loads(line))
        sys.exit(main(sys.argv[1:]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
