"""What every job does around its own work: it logs, ends with Snakemake, and records digests."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from seqtransfer.files import atomic
from seqtransfer.study import digests, liveness, logs


@contextmanager
def job(log: str | Path, outputs: Iterable[str | Path]) -> Iterator[None]:
    """Run the block as a job of Snakemake that writes `outputs`, files or folders.

    What it prints goes to `log`; see `logs.capture`. If Snakemake dies, the job ends at once.
    What a killed job left of `outputs` is removed; their digests are recorded beside `log`. The log
    of an attempt that did not end, which a retry would overwrite, is kept as `<log>.before`.
    """
    log = Path(log)
    if log.is_file() and log.stat().st_size and not digests.is_recorded(log):
        log.replace(f"{log}.before")
    outputs = [Path(path) for path in outputs]
    with logs.capture(log):
        liveness.end_with_snakemake()
        digests.forget(log)
        for path in outputs:
            atomic.remove_partial(path)
        yield
        digests.record(log, outputs)
