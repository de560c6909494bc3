"""Snakemake with every script in its own process, so that libraries are imported once, not once a
job. All else is Snakemake's: `python one_process.py` takes the arguments of `snakemake`."""

import runpy
import sys

from snakemake import script
from snakemake.cli import main
from snakemake.exceptions import WorkflowError


def execute(self: script.PythonScript, fname: str, edit: bool = False) -> None:
    """Run the script, which Snakemake has written to `fname`, as the main program."""
    if self.bench_record:
        self.bench_record.running_time = 0.0  # a process of its own would be measured
    path = list(sys.path)
    try:
        runpy.run_path(fname, run_name="__main__")
    except SystemExit as end:  # a failed job, whose message stands in its log and on the terminal
        raise WorkflowError(f"{self.path} ended with {end.code}") from end
    finally:
        sys.path[:] = path  # a script's first line adds all of it once more


script.PythonScript.execute_script = execute
sys.exit(main(sys.argv[1:]))
