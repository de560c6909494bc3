"""Mistakes of a study end Snakemake in one line, without the trace that Python or Snakemake add."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told() -> Iterator[None]:
    """Turn a ValueError of the block into its message on stderr and exit code 1.

    Snakemake prints where in its own files an exception was raised, but lets an exit pass.
    """
    try:
        yield
    except ValueError as error:
        sys.exit(f"The study is refused. {error}")
