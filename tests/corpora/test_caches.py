"""A shared folder of files by digest: found, filled, refused; and never a wrong file in or out."""

import builtins
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hostile_server
from hostile_server import Fault
from seqtransfer.corpora import caches, downloads, sources
from seqtransfer.files import checksums
from seqtransfer.files.checksums import Checksums

BODY = random.Random(0).randbytes(20_000)
OTHER = random.Random(1).randbytes(20_000)
DIGESTS = {
    "sha256": hashlib.sha256(BODY).hexdigest(),
    "git_blob": hashlib.sha1(b"blob 20000\0" + BODY).hexdigest(),
    "md5": hashlib.md5(BODY).hexdigest(),
}
NAME = f"sha256-{DIGESTS['sha256']}"
QUICK = downloads.Settings(connect=5, stall=5, total=60, attempts=3, further=1000, backoff=0)


@pytest.fixture(scope="module")
def server():
    with hostile_server.running() as running:
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(downloads, "SETTINGS", QUICK)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def files(folder: Path) -> dict[str, bytes]:
    """Every file below the folder by its path, but for locks, which are empty, and digests."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".lock", ".sha256"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_what_one_study_downloaded_another_finds_without_a_network(server, tmp_path, cache, capsys):
    url, page = server.add("/a.bin", BODY, Fault("cut", 10_000))
    source = {"url": url, "sha256": DIGESTS["sha256"]}
    sources.fetch("x", source, tmp_path / "one" / "raw" / "x", cache=cache)
    assert files(cache) == {NAME: BODY}
    asked = len(page.asked)
    offline = source | {"url": "http://127.0.0.1:9/another-name.bin"}
    sources.fetch("y", offline, tmp_path / "two" / "raw" / "y", cache=cache)
    assert files(tmp_path / "one") == {"raw/x/a.bin": BODY}
    assert files(tmp_path / "two") == {"raw/y/another-name.bin": BODY}
    assert len(page.asked) == asked
    assert f"{cache / NAME}: found" in capsys.readouterr().out


def test_without_a_cache_nothing_is_kept_once_the_folder_stands(server, tmp_path):
    url, _ = server.add("/a.bin", BODY, Fault("cut", 10_000))
    sources.fetch("x", {"url": url, "md5": DIGESTS["md5"]}, tmp_path / "raw" / "x")
    assert files(tmp_path) == {"raw/x/a.bin": BODY}
    assert {path.name for path in tmp_path.iterdir()} == {"raw"}


def test_an_open_file_that_is_removed_may_stay_under_another_name(server, tmp_path, monkeypatch):
    """As NFS keeps it: the job's own folder holds its open lock until the lock is closed."""
    removed = os.unlink

    def unlink(path, *, dir_fd=None):
        folder = Path(f"/proc/self/fd/{dir_fd}").resolve() if dir_fd is not None else Path()
        whole = (folder / path).absolute()
        opened = [link for link in Path("/proc/self/fd").iterdir() if link.resolve() == whole]
        if opened:
            whole.rename(whole.with_name(".nfs0001"))
        else:
            removed(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    url, _ = server.add("/a.bin", BODY)
    sources.fetch("x", {"url": url, "md5": DIGESTS["md5"]}, tmp_path / "raw" / "x")
    assert files(tmp_path / "raw" / "x") == {"a.bin": BODY}
    left = [path for path in tmp_path.rglob(".nfs*")]
    assert len(left) == 1  # which NFS itself removes


@pytest.mark.parametrize("what", ["lock", "file"])
def test_a_cached_file_that_may_not_be_read_is_none(server, tmp_path, cache, monkeypatch, what):
    """As another user's may be, in a folder that both use."""
    url, _ = server.add("/a.bin", BODY)
    source = {"url": url, "sha256": DIGESTS["sha256"]}
    sources.fetch("x", source, tmp_path / "one" / "x", cache=cache)
    held = {"lock": cache / "unfinished" / f"{NAME}.lock", "file": cache / NAME}[what]
    read = checksums.faults

    def faults(path, expected):
        if path == cache / NAME:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, expected)

    opens, replaces = builtins.open, os.replace

    def refuse(old, new):
        if Path(new) == cache / NAME:
            raise PermissionError(1, "Operation not permitted", str(new))
        replaces(old, new)

    def opened(path, *rest, **more):
        if Path(path) == held:
            raise PermissionError(13, "Permission denied", str(path))
        return opens(path, *rest, **more)

    monkeypatch.setattr(checksums, "faults", faults)
    monkeypatch.setattr(builtins, "open", opened)
    monkeypatch.setattr(os, "replace", refuse)  # as in a folder where only owners may
    sources.fetch("x", source, tmp_path / "two" / "x", cache=cache)
    assert files(tmp_path / "two") == {"x/a.bin": BODY}


@pytest.mark.parametrize("kind", DIGESTS)
def test_a_file_placed_by_hand_is_taken_under_each_of_its_digests(tmp_path, cache, kind):
    cache.mkdir()
    (cache / f"{kind}-{DIGESTS[kind]}").write_bytes(BODY)
    source = {"url": "http://127.0.0.1:9/a.bin", "size": len(BODY), **DIGESTS}
    sources.fetch("x", source, tmp_path / "raw" / "x", cache=cache)
    assert files(tmp_path / "raw") == {"x/a.bin": BODY}


def test_an_archive_under_its_digest_is_unpacked_as_its_url_or_package_says(tmp_path, cache):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("d/a", b"1")
    content = (tmp_path / "a.zip").read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    cache.mkdir()
    (cache / f"sha256-{sha256}").write_bytes(content)
    package = {"package": "p", "version": "1", "sha256": sha256}
    for number, source in enumerate(
        [
            {"url": "http://127.0.0.1:9/b.zip?raw=true", "sha256": sha256},
            package | {"archive": "wheel"},
            package | {"archive": "sdist"},  # old ones are zips
        ]
    ):
        folder = tmp_path / "raw" / str(number)
        sources.fetch(folder.name, source, folder, cache=cache)
        assert files(folder) == {"d/a": b"1"}


def test_packages_are_kept_in_the_cache_too(tmp_path, cache, monkeypatch):
    wheel = tmp_path / "x-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x/a.csv", b"1,2")
        archive.writestr(
            "x-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: x\nVersion: 1.0"
        )
        archive.writestr("x-1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("x-1.0.dist-info/RECORD", b"")
    content = wheel.read_bytes()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    sha256 = hashlib.sha256(content).hexdigest()
    source = {"package": "x", "version": "1.0", "archive": "wheel", "sha256": sha256}
    with pytest.raises(ValueError, match=r"source x: x==1\.0 has another size"):
        sources.fetch("x", source | {"size": 5}, tmp_path / "raw" / "x", cache=cache)
    assert NAME not in files(cache)
    source["extract"] = ["x/*"]
    sources.fetch("x", source, tmp_path / "raw" / "x", cache=cache)
    assert files(cache) == {f"sha256-{sha256}": content}
    wheel.unlink()
    sources.fetch("x", source, tmp_path / "raw" / "x", cache=cache)
    assert files(tmp_path / "raw") == {"x/x/a.csv": b"1,2"}


def test_a_damaged_file_in_the_cache_is_not_used_and_replaced(server, tmp_path, cache, capsys):
    cache.mkdir()
    (cache / NAME).write_bytes(OTHER)
    url, _ = server.add("/a.bin", BODY)
    source = {"url": url, "sha256": DIGESTS["sha256"]}
    with pytest.raises(ValueError, match="cannot get"):
        sources.fetch(
            "x", source | {"url": "http://127.0.0.1:9/a"}, tmp_path / "raw" / "x", cache=cache
        )
    sources.fetch("x", source, tmp_path / "raw" / "x", cache=cache)
    assert files(tmp_path / "raw") == {"x/a.bin": BODY}
    assert files(cache) == {NAME: BODY}
    assert "not used, another sha256" in capsys.readouterr().out


def test_one_line_says_what_is_missing_and_where_to_put_it(tmp_path, cache):
    source = {"url": "http://127.0.0.1:9/d/a.zip", "mirrors": ["http://127.0.0.1:9/m/a.zip"]}
    source |= {"size": 20_000, **DIGESTS}
    with pytest.raises(ValueError) as caught:
        sources.fetch("x", source, tmp_path / "raw" / "x", cache=cache)
    line, first, second = str(caught.value).splitlines()
    for word in ("source x", "a.zip", source["url"], *DIGESTS.values(), "20,000 bytes"):
        assert word in line
    assert "set `path:` of source x in your study file" in line
    assert f"put it at {cache / NAME}" in line
    assert source["url"] in first and source["mirrors"][0] in second


@pytest.fixture
def nobody():
    """A folder that anyone may search, and a user who may not write where modes forbid it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if root:
                os.seteuid(0)
            for path in Path(folder).rglob("*"):
                os.chmod(path, 0o777)


def test_a_cache_that_cannot_be_written_is_only_read(server, nobody, capsys):
    cache = nobody / "cache"
    cache.mkdir()
    (cache / NAME).write_bytes(BODY)
    cache.chmod(0o555)
    offline = {"url": "http://127.0.0.1:9/a.bin", "sha256": DIGESTS["sha256"]}
    sources.fetch("x", offline, nobody / "raw" / "x", cache=cache)
    assert files(nobody / "raw" / "x") == {"a.bin": BODY}
    url, _ = server.add("/other.bin", OTHER)
    other = {"url": url, "sha256": hashlib.sha256(OTHER).hexdigest()}
    sources.fetch("y", other, nobody / "raw" / "y", cache=cache)
    assert files(nobody / "raw" / "y") == {"other.bin": OTHER}
    assert files(cache) == {NAME: BODY}
    assert not (nobody / "raw" / ".unfinished").exists()
    assert "is only read" in capsys.readouterr().out


def test_jobs_that_want_the_same_file_at_once_bring_it_once(server, tmp_path, cache):
    url, page = server.add("/a.bin", BODY, Fault("drip", value=0), always=Fault("status", 404))
    source = {"url": url, "sha256": DIGESTS["sha256"]}

    def job(number: int) -> None:
        sources.fetch("x", source, tmp_path / str(number) / "raw" / "x", cache=cache)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(job, range(4)))
    assert len(page.asked) == 1
    assert files(cache) == {NAME: BODY}
    for number in range(4):
        assert files(tmp_path / str(number)) == {"raw/x/a.bin": BODY}


def test_a_writable_cache_is_writable_to_many_at_once(cache):
    with ThreadPoolExecutor(8) as pool:
        expected = Checksums((("sha256", DIGESTS["sha256"]),))
        assert all(pool.map(lambda _: caches._writable(cache, expected), range(2000)))


def test_the_lock_and_the_part_of_a_killed_job_pass_to_the_next(server, tmp_path, cache):
    url, page = server.add("/a.bin", BODY, Fault("stall", 10_000, 60))
    code = (
        "import sys; from pathlib import Path; from seqtransfer.corpora import sources;"
        "url, sha256, folder, cache = sys.argv[1:];"
        "sources.fetch('x', {'url': url, 'sha256': sha256}, Path(folder), cache=Path(cache))"
    )
    arguments = [url, DIGESTS["sha256"], tmp_path / "raw" / "x", cache]
    scripts = Path(sources.__file__).parents[2]
    job = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=scripts)
    give_up = time.monotonic() + 60
    while not (parts := [p for p in cache.rglob("*.part") if p.stat().st_size]):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert NAME not in files(cache)
    size = parts[0].stat().st_size
    source = {"url": url, "sha256": DIGESTS["sha256"]}
    sources.fetch("x", source, tmp_path / "raw" / "x", cache=cache)
    assert files(tmp_path / "raw") == {"x/a.bin": BODY}
    assert files(cache) == {NAME: BODY}
    assert page.asked[-1]["range"] == f"bytes={size}-"


def test_a_lock_that_another_job_holds_too_long_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(caches, "PATIENCE", 0.05)
    monkeypatch.setattr(caches, "POLL", 0.01)
    with caches._locked(tmp_path / "a"):
        with pytest.raises(ValueError, match=r"a\.lock: another job holds it"):
            with caches._locked(tmp_path / "a"):
                pass
    with caches._locked(tmp_path / "a"):
        pass


def test_a_folder_that_fails_to_unpack_keeps_its_download_for_a_corrected_study(server, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("d/a.csv", b"1")
    content = (tmp_path / "a.zip").read_bytes()
    url, page = server.add("/a.zip", content)
    source = {"url": url, "sha256": hashlib.sha256(content).hexdigest()}
    with pytest.raises(ValueError, match="no member matches"):
        sources.fetch("x", source | {"extract": ["*.tsv"]}, tmp_path / "raw" / "x")
    sources.fetch("x", source | {"extract": ["*.csv"]}, tmp_path / "raw" / "x")
    assert files(tmp_path / "raw") == {"x/d/a.csv": b"1"}
    assert len(page.asked) == 1
    assert not (tmp_path / "raw" / ".unfinished").exists()


# Any interleaving of faults

PLACES = st.integers(0, len(BODY) + 10)
FAULTS = st.one_of(
    st.builds(
        Fault,
        st.sampled_from(
            "ok drop cut unannounced chunked corrupt no_range blind_range no_content_range page "
            "no_http compressed".split()
        ),
        PLACES,
    ),
    st.builds(Fault, st.just("other_range"), st.integers(0, len(BODY) - 1)),
    st.builds(Fault, st.just("length"), value=PLACES),
    st.builds(Fault, st.just("too_much"), st.just(0), value=st.integers(1, 100)),
    st.builds(
        Fault, st.just("status"), st.sampled_from([403, 404, 416, 429, 500, 503]), st.just(0)
    ),
    st.builds(Fault, st.just("replaced"), value=st.sampled_from([BODY, OTHER, OTHER[:99], b""])),
    st.builds(Fault, st.just("redirect"), value=st.sampled_from(["/0", "/1", "file:///etc/hosts"])),
)


@settings(max_examples=100, deadline=None)
@given(
    faults=st.tuples(st.lists(FAULTS, max_size=6), st.lists(FAULTS, max_size=6)),
    etags=st.tuples(st.sampled_from(['"1"', 'W/"1"', None]), st.sampled_from(['"1"', None])),
    kinds=st.sets(st.sampled_from(sorted(DIGESTS)), min_size=1),
    sized=st.booleans(),
    cached=st.booleans(),
)
def test_faults_in_any_order_give_the_right_file_or_an_error_and_do_not_spoil_the_next_job(
    server, faults, etags, kinds, sized, cached
):
    urls, pages = [], []
    for number in range(2):
        url, page = server.add(f"/{number}", BODY, *faults[number], etag=etags[number])
        urls.append(url)
        pages.append(page)
    source = {"url": urls[0], "mirrors": urls[1:], **{kind: DIGESTS[kind] for kind in kinds}}
    source |= {"size": len(BODY)} if sized else {}
    with tempfile.TemporaryDirectory() as folder:
        raw, cache = Path(folder) / "raw", Path(folder) / "cache"

        def brought() -> dict[str, bytes]:
            """All but the beginnings that a later job goes on from."""
            return {name: kept for name, kept in files(raw).items() if name[0] != "."}

        def job() -> bool:
            before = brought()
            try:
                sources.fetch("x", source, raw / "x", cache=cache if cached else None)
            except ValueError:
                assert brought() == before
                return False
            assert files(raw) == {"x/0": BODY}
            return True

        job()
        job()
        for page in pages:  # the servers are mended
            page.body, page.faults = BODY, []
        assert job()
        kept = files(cache)
        assert len(kept) == cached
        assert set(kept.values()) <= {BODY}
