"""How many of the tests' bad files other libraries accept.

    pip install pooch==1.9.0 fsspec==2026.9.0 aiohttp==3.14.5 snakemake-storage-plugin-http==0.3.1
    pip install dnaio==1.2.4 pyfastx==2.3.1 pysam==0.24.1 polars==2.1.0
    pip install mido==1.3.3 pretty_midi==0.2.11 miditoolkit==1.0.1
    python benchmarks/strictness.py [downloads archives fasta tables midi]      (about 3 minutes)

Every case is one of the tests' own: the faults of the hostile server, the bad archives, mutated and
malformed FASTA, malformed tables, bad and mutated MIDI files. Each runs in a process of its own,
which may take PATIENCE seconds and write files of at most LARGEST bytes. A library without
checksums gets ours behind it, a FASTA or table reader our checks of each record.
"""

import argparse
import contextlib
import errno
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("scripts", "tests/support", "tests/corpora")]

import fuzz  # noqa: E402
import other_readers  # noqa: E402
import test_archives  # noqa: E402
import test_downloads  # noqa: E402
import test_fasta_damage  # noqa: E402
import test_malformed_tables  # noqa: E402
import test_midi_files  # noqa: E402

import hostile_server  # noqa: E402
import plain_midi  # noqa: E402
from hostile_server import Fault  # noqa: E402
from seqtransfer.corpora import archives, fasta  # noqa: E402
from seqtransfer.files import checksums  # noqa: E402

PATIENCE = 8  # seconds a case
LARGEST = 64 << 20  # bytes of a file that a case may write
FORK = multiprocessing.get_context("fork")  # a child has all imports already
MUTATED = 300  # files


def outcome(job: Callable[[], str]) -> str:
    """What `job` returned, "refused" if it raised, or "no end" if it wrote or took too much."""
    receiver, sender = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_confined, args=(job, sender))
    child.start()
    sender.close()
    found = "no end"
    if receiver.poll(PATIENCE):
        with contextlib.suppress(EOFError):
            found = receiver.recv()
    child.kill()
    child.join()
    return found if child.exitcode in (0, -signal.SIGKILL) else "crash"


def _confined(job: Callable[[], str], sender) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    try:
        found = job()
    except BaseException as error:
        found = "no end" if getattr(error, "errno", None) == errno.EFBIG else "refused"
    sender.send(found)
    os._exit(0)


def cases_of(test: Callable, argument: str) -> list:
    """What a test is parametrized with."""
    (found,) = (mark.args[1] for mark in test.pytestmark if argument in str(mark.args[0]))
    return found


# Downloads: (url, path, checksums) -> a file, or an exception.


def by_ours(url: str, path: Path, expected: checksums.Checksums) -> None:
    settings = test_downloads.replace(test_downloads.QUICK, total=3, limit=LARGEST // 2)
    test_downloads.download([url], path, expected, settings)


def by_pooch(url: str, path: Path, expected: checksums.Checksums) -> None:
    import pooch

    ((kind, digest),) = expected.digests
    known = {"registry": {path.name: f"{kind}:{digest}"}, "urls": {path.name: url}}
    store = pooch.create(path.parent, base_url="", retry_if_failed=2, **known)
    with mock.patch("time.sleep"):
        store.fetch(path.name, downloader=pooch.HTTPDownloader(timeout=5))


def by_fsspec(url: str, path: Path, expected: checksums.Checksums) -> None:
    import fsspec

    fsspec.filesystem("http").get_file(url, str(path))
    _checked(path, expected)


def by_hub(url: str, path: Path, expected: checksums.Checksums) -> None:
    from huggingface_hub import file_download

    with mock.patch("time.sleep"), open(path, "wb") as file:
        file_download.http_get(url, file)
    _checked(path, expected)


def by_snakemake(url: str, path: Path, expected: checksums.Checksums) -> None:
    from snakemake_storage_plugin_http import StorageObject

    source = StorageObject.__new__(StorageObject)
    settings = SimpleNamespace(auth=None, allow_redirects=True, supports_head=True)
    source.query, source.provider = url, SimpleNamespace(settings=settings)
    source.local_path = lambda: path
    source.retrieve_object()
    _checked(path, expected)


def _checked(path: Path, expected: checksums.Checksums) -> None:
    if checksums.faults(path, expected):
        path.unlink()
        raise ValueError("another file")


DOWNLOADERS = {
    "ours": by_ours, "pooch": by_pooch, "fsspec": by_fsspec, "huggingface_hub": by_hub,
    "Snakemake storage": by_snakemake,
}  # fmt: skip


def downloads() -> None:
    """Faults that pass must end in the right file, those that last in an error and no file."""
    passes = cases_of(test_downloads.test_passing_faults_end_in_the_right_file, "faults")
    passing = [(faults, Fault("ok")) for faults in passes]
    last = cases_of(test_downloads.test_lasting_faults_end_in_an_error, "fault")
    lasting = [([], fault) for fault, _ in last if fault.kind != "chunked"]
    lasting += [([], Fault(*each)) for each in (("endless",), ("drip", 0, 0.02), ("stall", 0, 60))]
    with hostile_server.running() as server, tempfile.TemporaryDirectory() as folder:
        for name, get in DOWNLOADERS.items():
            for kind, cases in (("pass", passing), ("last", lasting)):
                found, again = defaultdict(list), 0
                for number, (faults, always) in enumerate(cases):
                    path = Path(folder, f"{name}-{kind}-{number}", "file")
                    path.parent.mkdir()
                    address = f"/{len(server.pages)}"
                    url, page = server.add(address, test_downloads.BODY, *faults, always=always)
                    ended = outcome(partial(_fetched, get, url, path))
                    found[ended].append("-".join(f.kind for f in faults) or always.kind)
                    again += sum("range" in asked for asked in page.asked)
                report(f"{name}, {len(cases)} faults that {kind}", found)
                print(f"  {again} requests went on where a file broke off", flush=True)


def _fetched(get: Callable, url: str, path: Path) -> str:
    get(url, path, test_downloads.EXPECTED)
    return "right file" if path.read_bytes() == test_downloads.BODY else "WRONG FILE"


# Archives: (path, folder) -> files, or an exception.


def by_standard(path: Path, folder: Path) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    else:
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")


def by_shutil(path: Path, folder: Path) -> None:
    shutil.unpack_archive(path, folder, **({} if path.suffix == ".zip" else {"filter": "data"}))


def by_processors(path: Path, folder: Path) -> None:
    from pooch import processors

    kind = processors.Unzip if path.suffix == ".zip" else processors.Untar
    kind(extract_dir=str(folder))(str(path), "download", SimpleNamespace(path=path.parent))


UNPACKERS = {
    "ours": lambda path, folder: archives.unpack(path, None, folder),
    "zipfile, tarfile's filter": by_standard,
    "shutil.unpack_archive": by_shutil,
    "pooch's processors": by_processors,
}


def bad_archives() -> None:
    """The bad archives of the tests; a bomb is one from 100,000 bytes on."""
    for name, unpack in UNPACKERS.items():
        found = defaultdict(list)
        for file, (content, _) in test_archives.BAD.items():
            with tempfile.TemporaryDirectory() as folder:
                path, inner = Path(folder, file), Path(folder, "sub", "out")
                path.write_bytes(content)
                inner.mkdir(parents=True)
                found[outcome(partial(_unpacked, unpack, path, inner))].append(file)
        report(f"{name}, {len(test_archives.BAD)} bad archives", found)


def _unpacked(unpack: Callable, path: Path, inner: Path) -> str:
    archives.HARMLESS = 100_000
    evil = Path("/tmp/evil")
    evil.unlink(missing_ok=True)
    try:
        unpack(path, inner)
    finally:
        outside = evil.exists() or (
            any(inner.parents[1].rglob("evil")) and not any(inner.rglob("evil"))
        )
    return "WROTE OUTSIDE" if outside else "accepted"


def bad_fasta() -> None:
    """Mutated files, against the tests' strict reference; our checks of each record behind all."""
    rng, seeds = random.Random(20), test_fasta_damage.seeds()
    mutated = [test_fasta_damage.mutate(rng.choice(seeds), rng) for _ in range(MUTATED)]
    for name, read in other_readers.FASTA_READERS.items():
        found = Counter(outcome(partial(_mutated, read, content)) for content in mutated)
        print(f"{name}, {MUTATED} mutated FASTA files: {dict(found)}", flush=True)


def _mutated(read: Callable, content: bytes) -> str:
    expected = test_fasta_damage.reference(content)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(fasta, "iterate_records", read):
        path = Path(folder, "x.fasta")
        path.write_bytes(content)
        try:
            examples = list(fasta.iterate_fasta(path))
        except Exception:
            return "right" if expected is None else "refused a good file"
    return "right" if examples == expected else "ACCEPTED" if expected is None else "READ WRONGLY"


def bad_tables() -> None:
    """The CSV and JSON Lines tables of the tests that are malformed as tables."""
    tests = {
        "x.csv": test_malformed_tables.test_a_malformed_csv_file_is_refused,
        "x.jsonl": test_malformed_tables.test_a_malformed_jsonl_file_is_refused,
    }
    for file, test in tests.items():
        contents = [content for content, _ in cases_of(test, "content")]
        for name, read in other_readers.TABLES.items():
            if file == "x.jsonl" and read is other_readers.by_csv:
                continue
            found = defaultdict(list)
            for content in contents:
                found[outcome(partial(_rows_read, read, file, content))].append(repr(content)[:40])
            report(f"{name}, {len(contents)} malformed files {file}", found)


def _rows_read(read: Callable, file: str, content: str | bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, file)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            rows = read(path)
        except Exception as error:
            line = re.search(r"\b(line|row) ?\d", str(error))
            return "refused with the line" if line else "refused without the line"
    cells = [row.get(name) for row in rows for name in other_readers.COLUMNS]
    good = cells and all(cell and str(cell).lower() != "nan" for cell in cells)
    letters = all(fasta.SEQUENCE.fullmatch(str(row["sequence"])) for row in rows) if good else False
    return "accepted" if letters else "refused by our checks"


def bad_midi() -> None:
    """The bad files of the tests, and mutated ones that the tests' strict reader refuses."""
    sources, damaged = fuzz.originals(), []
    for number in range(MUTATED):
        content = fuzz.make(number, sources)
        try:
            plain_midi.notes(content)
        except plain_midi.Fault:
            damaged.append(content)
    for name, read in other_readers.MIDI_READERS.items():
        found = defaultdict(list)
        for case, (content, _) in test_midi_files.BAD.items():
            found[outcome(partial(_noted, read, content))].append(case)
        report(f"{name}, {len(test_midi_files.BAD)} bad MIDI files", found)
        counts = Counter(outcome(partial(_noted, read, content)) for content in damaged)
        print(f"{name}, {len(damaged)} damaged of {MUTATED} mutated: {dict(counts)}", flush=True)


def _noted(read: Callable, content: bytes) -> str:
    return "accepted" if read(content) else "refused"


def report(what: str, found: dict[str, list[str]]) -> None:
    """Counts, and which cases ended in anything but a refusal or the right file."""
    print(f"{what}: {', '.join(f'{len(v)} {k}' for k, v in sorted(found.items()))}", flush=True)
    for ended in sorted(k for k in found if k != "right file" and not k.startswith("refused")):
        print(f"  {ended}: {', '.join(found[ended])}", flush=True)


PARTS = {
    "downloads": downloads, "archives": bad_archives, "fasta": bad_fasta, "tables": bad_tables,
    "midi": bad_midi,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them if none")
    for part in parser.parse_args().parts or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
