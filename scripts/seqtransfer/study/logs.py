"""One job, one log: everything a job prints, and its traceback, goes to the rule's log file."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path


def in_utf8() -> None:
    """Let the jobs that this process starts write and read UTF-8, whatever the locale."""
    os.environ["PYTHONUTF8"] = "1"


@contextmanager
def capture(path: str | Path) -> Iterator[None]:
    """Send stdout and stderr of the block to `path`; on an error, log the traceback and exit 1.

    The terminal gets the error's message and the log's name, so that the cause is seen at once and
    the details are where Snakemake says the log is.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    # Closed below, which may fail, too.
    log = open(path, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    try:
        with redirect_stdout(log), redirect_stderr(log):
            yield
    except Exception as error:
        print(f"{type(error).__name__}: {error}\n  (details in {path})", file=sys.__stderr__)
        with suppress(OSError):  # the disk may be full
            traceback.print_exc(file=log)
        sys.exit(1)
    finally:
        with suppress(OSError):
            log.close()
