"""Whatever a server does, the result is the right file or an error, and never a wrong file."""

import hashlib
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import pytest

import hostile_server
from hostile_server import Fault
from seqtransfer.corpora import downloads
from seqtransfer.corpora.downloads import Settings, download
from seqtransfer.files.checksums import Checksums

BODY = random.Random(0).randbytes(100_000)
OTHER = random.Random(1).randbytes(100_000)
HALF = len(BODY) // 2
SHA256 = (("sha256", hashlib.sha256(BODY).hexdigest()),)
EXPECTED = Checksums(SHA256)
SIZED = Checksums(SHA256, len(BODY))
QUICK = Settings(connect=5, stall=5, total=60, attempts=3, further=10_000, backoff=0)
DROP = Fault("drop", HALF)


@pytest.fixture(scope="module")
def server():
    with hostile_server.running() as running:
        yield running


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


@pytest.fixture
def waits(monkeypatch):
    """Seconds that the download wanted to wait; it does not."""
    seconds = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=seconds.append)
    monkeypatch.setattr(downloads, "time", clock)
    return seconds


def refused(urls, path, *words, expected=EXPECTED, settings=QUICK) -> str:
    """Downloading raises a ValueError with these words and leaves nothing under the name."""
    with pytest.raises(ValueError) as caught:
        download(urls, path, expected, settings)
    for word in words:
        assert word in str(caught.value)
    assert not path.exists()
    return str(caught.value)


@pytest.mark.parametrize("expected", [EXPECTED, SIZED], ids=["unsized", "sized"])
@pytest.mark.parametrize(
    "faults",
    [
        [],
        [Fault("drop", 0)],
        [DROP],
        [Fault("cut", HALF)],
        [Fault("cut", 15_000)] * 6,  # more often than we try without getting further
        [DROP, Fault("no_range")],
        [DROP, Fault("no_range", HALF)],
        [DROP, Fault("other_range", HALF - 1)],
        [DROP, Fault("other_range", HALF + 1)],
        [DROP, Fault("no_content_range")],
        [DROP, Fault("blind_range")],
        [DROP, Fault("drop", 100), Fault("cut", 20_000), Fault("status", 503)],
        [Fault("unannounced", HALF)],
        [Fault("chunked", HALF)],
        [Fault("chunked", len(BODY) + 1000)],
        [Fault("corrupt", HALF)],
        [Fault("corrupt", HALF), Fault("corrupt", 1)],
        [Fault("cut", 1000), Fault("corrupt", HALF)],
        [Fault("status", 429, 0), Fault("status", 500)],
        [Fault("status", 408), Fault("status", 502)],
        [Fault("no_http")],
        [DROP, Fault("status", 416)],
        [Fault("length", value=len(BODY) + 5)],  # and the part is whole: 416 says so
    ],
    ids=lambda faults: "-".join(fault.kind for fault in faults),
)
def test_passing_faults_end_in_the_right_file(server, path, faults, expected):
    if expected.size and faults and faults[0].kind == "length":
        pytest.skip("with a known size that is final")
    url, page = server.add("/passing", BODY, *faults)
    download([url], path, expected, QUICK)
    assert path.read_bytes() == BODY
    assert [file.name for file in path.parent.iterdir()] == ["file"]
    assert page.faults == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("status", 404), "answered 404"),
        (Fault("status", 403), "answered 403"),
        (Fault("status", 304), "answered 304"),
        (Fault("status", 204), "answered 204"),
        (Fault("status", 503), "answered 503"),
        (Fault("status", 429, 0), "answered 429"),
        (Fault("status", 429, 3600), "asks to wait 3600 s"),
        (Fault("drop", 0), "Connection reset"),
        (Fault("drop", 100), "without getting further"),
        (Fault("no_range", HALF), "without getting further"),
        (Fault("no_http"), r"BadStatusLine: \x16\x03\x01 this is no HTTP"),
        (Fault("redirect", value="/always"), "redirects more than 5 times"),
        (Fault("redirect", value="file:///etc/hostname"), "redirects to file:///etc/hostname"),
        (Fault("redirect", value="ftp://127.0.0.1/a"), "no http or https address"),
        (Fault("redirect", value="http://[bad/"), "no http or https address"),
        (Fault("redirect", value="http://127.0.0.1:9/a"), "refused"),
        (Fault("endless_redirect", value="/always"), "redirects more than 5 times"),
        (Fault("unannounced", HALF), "another sha256"),
        (Fault("chunked", HALF), ""),
        (Fault("corrupt", HALF), "another sha256"),
        (Fault("compressed"), "another sha256"),
        (Fault("page"), "another sha256"),
        (Fault("length", value=HALF), "another sha256"),
        (Fault("too_much", value=1), "another sha256"),
        (Fault("too_much", len(BODY) + 1, 1), "another sha256"),
        (Fault("no_content_range"), "answered 206"),
        (Fault("replaced", value=OTHER), hashlib.sha256(OTHER).hexdigest()),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_lasting_faults_end_in_an_error(server, path, fault, said):
    url, _ = server.add("/always", BODY, always=fault)
    refused([url], path, url, said)
    # A file that is wrong as a whole is not gone on from.
    if "another sha256" in said:
        assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("length", value=len(BODY) + 5), "has 100,005 bytes, expected 100,000"),
        (Fault("length", value=HALF), "has 50,000 bytes, expected 100,000"),
        (Fault("too_much", value=1), "sends 100,001 bytes, expected 100,000"),
        (Fault("too_much", len(BODY) + 1, 1), "has 100,001 bytes, expected 100,000"),
        (Fault("endless"), "expected 100,000"),
        (Fault("page"), "has 44 bytes"),
        (Fault("replaced", value=OTHER[:-1]), "has 99,999 bytes"),
        (Fault("unannounced", 10), "without getting further"),
    ],
)
def test_a_known_size_is_checked_before_and_while_the_file_comes(server, path, fault, said):
    url, page = server.add("/sized", BODY, always=fault, etag=None)
    refused([url], path, url, said, expected=SIZED)
    if fault.kind != "unannounced":
        assert len(page.asked) == 1
        assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    "fault", [Fault("endless"), Fault("too_much", value=1), Fault("too_much", len(BODY) + 1, 1)]
)
def test_a_file_of_unknown_size_may_not_be_larger_than_the_limit(server, path, fault):
    url, _ = server.add("/large", BODY, always=fault)
    settings = replace(QUICK, limit=len(BODY))
    refused([url], path, "expected at most 100,000", settings=settings)
    assert list(path.parent.iterdir()) == []


def test_a_broken_off_file_is_gone_on_from_where_it_broke_off_and_only_in_that_version(
    server, path
):
    url, page = server.add("/a", BODY, DROP, Fault("drop", 100))
    download([url], path, EXPECTED, QUICK)
    assert "range" not in page.asked[0]
    # A reset may lose what was on its way, so the offset itself is not foreseen.
    offsets = [int(asked["range"][6:-1]) for asked in page.asked[1:]]
    assert 0 < offsets[0] < offsets[1] <= HALF + 100
    assert [asked.get("if-range") for asked in page.asked] == [None, '"1"', '"1"']


def test_last_modified_marks_the_version_where_the_etag_is_weak(server, path):
    options = {"etag": 'W/"1"', "modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
    url, page = server.add("/a", BODY, Fault("cut", HALF), **options)
    download([url], path, EXPECTED, QUICK)
    assert page.asked[1]["if-range"] == options["modified"]
    assert page.asked[1]["range"] == f"bytes={HALF}-"
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("etag", ['"old"', None])
def test_a_file_that_changes_between_two_attempts_is_not_mixed(server, path, etag):
    change = Fault("replaced", value=BODY) if etag else Fault("blind_range")
    url, page = server.add("/a", OTHER, Fault("cut", HALF), change, etag=etag)
    refused([url], path, settings=replace(QUICK, attempts=1))
    if not etag:
        page.body = BODY
    download([url], path, EXPECTED, QUICK)
    assert path.read_bytes() == BODY


def test_a_failed_call_leaves_its_part_to_the_next_and_a_wrong_file_does_not(server, path):
    url, page = server.add("/a", BODY, always=Fault("cut", HALF))
    refused([url], path, settings=replace(QUICK, attempts=1))
    page.always = Fault("ok")
    page.asked.clear()
    download([url], path, EXPECTED, QUICK)
    assert [asked.get("range") for asked in page.asked] == [f"bytes={HALF}-"]

    path.unlink()
    page.always = Fault("corrupt", HALF)
    refused([url], path, "another sha256")
    page.always = Fault("ok")
    page.asked.clear()
    download([url], path, EXPECTED, QUICK)
    assert [asked.get("range") for asked in page.asked] == [None]


@pytest.mark.parametrize("garbage", [OTHER[:HALF], OTHER, OTHER + OTHER, b""])
@pytest.mark.parametrize("expected", [EXPECTED, SIZED], ids=["unsized", "sized"])
def test_a_part_of_unknown_content_does_no_harm(server, path, garbage, expected):
    url, _ = server.add("/a", BODY, etag=None)
    downloads._part(path, url).write_bytes(garbage)
    download([url], path, expected, QUICK)
    assert path.read_bytes() == BODY
    for note in (
        '["cut',
        "[]",
        "{}",
        '{"version": 1, "size": "2"}',
        '{"version": null, "size": 9}',
    ):
        path.unlink()
        downloads._part(path, url).write_bytes(garbage)
        downloads._note(downloads._part(path, url)).write_text(note)
        download([url], path, expected, QUICK)
        assert path.read_bytes() == BODY


def test_a_part_that_was_whole_when_the_job_was_killed_needs_no_server(server, path):
    url, page = server.add("/a", BODY)
    downloads._part(path, url).write_bytes(BODY)
    download([url], path, SIZED, QUICK)
    assert path.read_bytes() == BODY
    assert page.asked == []


def test_a_killed_job_is_gone_on_from(server, path):
    url, page = server.add("/a", BODY, Fault("stall", HALF, 60))
    code = (
        "import sys; from pathlib import Path; from seqtransfer.corpora.downloads import download;"
        "from seqtransfer.files.checksums import Checksums;"
        "download([sys.argv[1]], Path(sys.argv[2]), Checksums((('sha256', sys.argv[3]),)))"
    )
    scripts = Path(downloads.__file__).parents[2]
    job = subprocess.Popen([sys.executable, "-c", code, url, path, SHA256[0][1]], cwd=scripts)
    part = downloads._part(path, url)
    give_up = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < give_up:
        time.sleep(0.01)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert not path.exists()
    size = part.stat().st_size
    assert 0 < size <= HALF
    download([url], path, EXPECTED, QUICK)
    assert path.read_bytes() == BODY
    assert page.asked[-1]["range"] == f"bytes={size}-"


def test_mirrors_are_asked_in_order_and_each_that_fails_is_named(server, path):
    first, gone = server.add("/first", BODY, always=Fault("status", 404))
    second, broken = server.add("/second", BODY, always=Fault("cut", 10))
    third, whole = server.add("/third", BODY)
    settings = replace(QUICK, attempts=2)
    message = refused([first, second], path, settings=settings)
    assert message.index(f"{first}: answered 404") < message.index(f"{second}: broke off")
    download([first, second, third, "http://127.0.0.1:9/never"], path, EXPECTED, settings)
    assert path.read_bytes() == BODY
    # The part of the second belongs to its own version and is no beginning for the third.
    assert "range" not in whole.asked[0]
    assert [file.name for file in path.parent.iterdir()] == ["file"]
    assert len(gone.asked) == 2 and len(broken.asked) >= 2


def test_a_mirror_may_be_a_local_file(server, path, tmp_path):
    origin = tmp_path / "an origin"
    origin.write_bytes(OTHER)
    url, _ = server.add("/a", BODY, always=Fault("status", 404))
    refused([url, origin.as_uri()], path, "answered 404", "another sha256")
    origin.write_bytes(BODY)
    download([url, origin.as_uri()], path, SIZED, QUICK)
    assert path.read_bytes() == BODY
    refused(["file:///nowhere/a"], path.with_name("b"), "there is no file /nowhere/a")


def test_waits_double_up_to_the_longest_and_begin_anew_with_progress(server, path, waits):
    url, _ = server.add("/a", BODY, always=Fault("status", 503))
    refused([url], path, settings=Settings(attempts=6, backoff=1, longest_wait=5, total=1e6))
    assert waits == [1, 2, 4, 5, 5]
    waits.clear()
    faults = [Fault("status", 503)] * 3 + [Fault("cut", 10)] + [Fault("status", 503)] * 2
    url, _ = server.add("/b", BODY, *faults)
    download([url], path, EXPECTED, Settings(attempts=4, further=10, backoff=1, total=1e6))
    assert waits == [1, 2, 4, 1, 2, 4]


@pytest.mark.parametrize(("asked", "waited"), [(7, 7), (0, 1), ("soon", 1), (-5, 1)])
def test_a_server_that_asks_to_wait_is_obeyed(server, path, waits, asked, waited):
    url, _ = server.add("/a", BODY, Fault("status", 429, asked))
    download([url], path, EXPECTED, Settings(total=1e6))
    assert waits == [waited]


def test_a_server_may_ask_to_wait_until_a_date(server, path, waits):
    date = formatdate(time.time() + 100, usegmt=True)
    url, _ = server.add("/a", BODY, Fault("status", 503, date))
    download([url], path, EXPECTED, Settings(total=1e6))
    assert waits == [pytest.approx(100, abs=10)]


def test_a_server_that_stalls_is_left_and_asked_again(server, path):
    url, page = server.add("/a", BODY, Fault("stall", HALF, 2), Fault("stall", 0, 2))
    download([url], path, EXPECTED, replace(QUICK, stall=0.3, attempts=5))
    assert path.read_bytes() == BODY
    assert page.asked[1]["range"] == f"bytes={HALF}-"
    url, _ = server.add("/a", BODY, always=Fault("stall", 0, 2))
    refused([url], path.with_name("b"), "timed out", settings=replace(QUICK, stall=0.1))


def test_a_server_that_drips_is_left_when_the_time_is_over(server, path):
    slow, _ = server.add("/a", BODY, always=Fault("drip", value=0.02))
    fast, _ = server.add("/b", BODY)
    refused([slow, fast], path, f"{slow}: not done", settings=replace(QUICK, total=0.3))
    # Waiting that would end too late is not begun.
    busy, _ = server.add("/c", BODY, always=Fault("status", 503, 30))
    settings = replace(QUICK, total=10, longest_wait=60)
    refused([busy], path, "no time left", settings=settings)


def test_redirects_are_followed_also_when_going_on(server, path):
    target, page = server.add("/real", BODY, Fault("cut", HALF))
    url, _ = server.add("/moved", b"", always=Fault("redirect", value="/real"))
    download([url], path, EXPECTED, QUICK)
    assert path.read_bytes() == BODY
    assert page.asked[1]["range"] == f"bytes={HALF}-"
    assert page.asked[1]["if-range"] == '"1"'
    away, _ = server.add("/away", b"", always=Fault("redirect", value=target))
    download([away], path.with_name("b"), EXPECTED, QUICK)


def test_an_address_out_of_reach_is_an_error_with_the_innermost_reason(path):
    message = refused(["http://127.0.0.1:9/a"], path, "Connection refused")
    assert "HTTPConnectionPool" not in message


def test_the_log_tells_size_and_speed_now_and_then(server, path, capsys):
    url, _ = server.add("/a", BODY, DROP)
    download([url], path, EXPECTED, QUICK)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "again in 0 s" in lines[0]
    assert "goes on at" in lines[1]
    assert lines[2].startswith(f"{url}: 100,000 bytes, ") and lines[2].endswith(" MB/s")
    small, _ = server.add("/b", BODY[:40], always=Fault("drip", value=0.01))
    expected = Checksums((("md5", hashlib.md5(BODY[:40]).hexdigest()),))
    download([small], path, expected, replace(QUICK, report=0.1))
    *running, last = capsys.readouterr().out.splitlines()
    assert 1 <= len(running) < 20
    assert all(" of 40 bytes, " in line for line in running), running
    assert last.startswith(f"{small}: 40 bytes, ")


def test_no_password_of_a_url_is_shown_in_logs_or_errors(server, path, capsys, waits):
    def private(url: str) -> str:
        return url.replace("://", "://user:secret%40@")

    url, _ = server.add("/kept", BODY, DROP, Fault("status", 503))
    download([private(url)], path, EXPECTED, QUICK)
    shown = capsys.readouterr().out
    assert url in shown and "again in" in shown and "goes on at" in shown
    other, _ = server.add(
        "/other", BODY, always=Fault("redirect", value="ftp://user:secret@host/a")
    )
    path.unlink()
    shown += refused([private(other), "http://user:secret@[bad/a"], path, other, "ftp://host/a")
    assert "secret" not in shown + capsys.readouterr().out


def test_only_what_stands_before_the_host_is_left_out_of_a_url():
    for kept in ("https://host:80/a@b//c@d?e=f@g", "no url: user@host"):
        assert downloads.shown(kept) == kept
    assert downloads.shown("try http://a:b@c/d or ftp://e@f") == "try http://c/d or ftp://f"
