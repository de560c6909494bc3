"""No folder that a job did not make is touched, and no copy is trusted that somebody changed."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from seqtransfer.corpora import sources
from seqtransfer.files import atomic, folder_digests

SCRIPTS = Path(sources.__file__).parents[2]


@pytest.fixture
def origin(tmp_path):
    """A folder of somebody's data."""
    folder = tmp_path / "origin"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.fasta").write_text(">a label=1\nACGT\n")
    (folder / "b {x}.txt").write_text("b")
    return folder


@pytest.fixture
def raw(tmp_path):
    return tmp_path / "data" / "raw"


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


ORIGIN = {"sub/a.fasta": ">a label=1\nACGT\n", "b {x}.txt": "b"}


@pytest.mark.parametrize("name", ["../../victim", "", ".", "..", "x\n", "a/b", "victim"])
def test_a_folder_outside_the_data_or_of_somebody_else_is_never_touched(
    tmp_path, origin, raw, name
):
    for folder in (tmp_path / "victim", raw, raw / "victim"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mine").write_text("years of work")
    before = content(tmp_path)
    with pytest.raises(ValueError, match=r"name sources with|is there already.* move it"):
        sources.fetch(name, {"path": str(origin)}, raw / name)
    assert content(tmp_path) == before


def test_a_link_or_a_file_in_place_of_the_folder_is_not_followed_or_replaced(tmp_path, origin, raw):
    raw.mkdir(parents=True)
    (raw / "linked").symlink_to(origin)
    (raw / "file").write_text("mine")
    before = content(tmp_path)
    for name in ("linked", "file"):
        with pytest.raises(ValueError, match=f"{name}: is there already"):
            sources.fetch(
                name, {"url": (origin / "b {x}.txt").as_uri(), "md5": "0" * 32}, raw / name
            )
    assert content(tmp_path) == before


def test_a_folder_that_was_brought_is_replaced_only_while_nobody_changed_it(origin, raw):
    folder = raw / "x"
    sources.fetch("x", {"path": str(origin)}, folder)
    sources.fetch("x", {"path": str(origin), "extract": ["*.txt"]}, folder)
    assert content(folder) == {"b {x}.txt": "b"}
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="x: is there already"):
        sources.fetch("x", {"path": str(origin)}, folder)
    assert content(folder) == {"b {x}.txt": "b", "notes.txt": "mine"}


def test_a_folder_that_somebody_fills_meanwhile_is_not_replaced(tmp_path):
    folder = tmp_path / "x"
    with pytest.raises(ValueError, match="x: is there already"), atomic.whole_folder(folder) as new:
        (new / "a").write_text("ours")
        folder.mkdir()
        (folder / "a").write_text("theirs")
    assert content(tmp_path) == {"x/a": "theirs"}


def test_three_jobs_that_bring_one_source_at_once_all_succeed(origin, raw):
    code = (
        "import sys; from pathlib import Path; from seqtransfer.corpora import sources;"
        "url, sha256, folder = sys.argv[1:];"
        "[sources.fetch('x', {'url': url, 'sha256': sha256}, Path(folder)) for _ in range(5)]"
    )
    digest = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"  # of `b`
    arguments = [(origin / "b {x}.txt").as_uri(), digest, str(raw / "x")]
    command = [sys.executable, "-c", code, *arguments]
    jobs = [
        subprocess.Popen(command, cwd=SCRIPTS, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    errors = [job.communicate()[1] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0, 0], errors
    assert content(raw / "x") == {"b {x}.txt": "b"}
    assert {path.name for path in raw.iterdir()} == {"x", "x.sha256"}


# What cannot be copied


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path: path.symlink_to("nothing"), "a link to nothing"),
        (lambda path: path.symlink_to("bad"), "a link that leads nowhere"),
        (lambda path: path.symlink_to("."), "a folder that is there twice"),
        (lambda path: path.symlink_to("sub"), "a folder that is there twice"),
        (pipe, "a pipe, a socket or a device"),
        (listening, "a pipe, a socket or a device"),
    ],
)
def test_what_is_no_file_is_named_in_one_line_unless_left_out(origin, raw, make, fault):
    make(origin / "zz" if "twice" in fault else origin / "bad")
    with pytest.raises(ValueError) as caught:
        sources.fetch("x", {"path": str(origin)}, raw / "x")
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"source x: '{origin}/") and fault in line and "`extract`" in line
    assert not (raw / "x").exists()
    sources.fetch("x", {"path": str(origin), "extract": ["sub/*"]}, raw / "x")
    assert content(raw / "x") == {"sub/a.fasta": ORIGIN["sub/a.fasta"]}


def test_two_links_to_the_folder_itself_end(origin, raw):
    for name in ("one", "two"):
        (origin / name).symlink_to(".")
    with pytest.raises(ValueError, match=r"'.*one' is a folder that is there twice"):
        sources.fetch("x", {"path": str(origin)}, raw / "x")


def test_a_name_with_a_line_break_is_refused_and_braces_and_links_to_files_are_copied(
    tmp_path, origin, raw
):
    (tmp_path / "large").write_text("elsewhere")
    (origin / "link").symlink_to(tmp_path / "large")
    sources.fetch("x", {"path": str(origin)}, raw / "x")
    assert content(raw / "x") == ORIGIN | {"link": "elsewhere"}
    assert not (raw / "x" / "link").is_symlink()
    (origin / "a\nb").write_text("")
    with pytest.raises(ValueError, match=r"a\\nb' is a path with control characters"):
        sources.fetch("y", {"path": str(origin)}, raw / "y")


def test_a_file_or_folder_that_cannot_be_read_is_named(origin, raw, monkeypatch):
    def forbidden(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", forbidden)
    with pytest.raises(ValueError, match=r"source x: '.*origin' cannot be read"):
        sources.fetch("x", {"path": str(origin)}, raw / "x")


# What was brought, and is used later


def test_digests_are_those_of_sha256sum(origin, raw):
    if not shutil.which("sha256sum"):
        pytest.skip("no sha256sum here")
    sources.fetch("x", {"path": str(origin)}, raw / "x")
    command = ["sha256sum", "--check", "--strict", "../x.sha256"]
    done = subprocess.run(command, cwd=raw / "x", capture_output=True, text=True, check=True)
    assert sorted(done.stdout.splitlines()) == [f"{name}: OK" for name in sorted(ORIGIN)]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda folder: (folder / "b {x}.txt").write_text("c"), "'b {x}.txt' was altered"),
        (lambda folder: os.truncate(folder / "sub/a.fasta", 5), "'sub/a.fasta' was altered"),
        (lambda folder: (folder / "sub/a.fasta").unlink(), "'sub/a.fasta' is missing"),
        (lambda folder: (folder / "new").write_text(""), "'new' was added"),
    ],
)
def test_a_changed_copy_is_noticed_though_size_and_time_stay(origin, raw, change, word):
    folder, digests = raw / "x", raw / "x.sha256"
    sources.fetch("x", {"path": str(origin)}, folder)
    (folder / ".snakemake_timestamp").touch()  # Snakemake's own
    folder_digests.check(folder, digests)
    times = folder.stat().st_mtime_ns
    change(folder)
    for path in folder.rglob("*"):
        os.utime(path, ns=(times, times))
    with pytest.raises(ValueError) as caught:
        folder_digests.check(folder, digests)
    assert str(folder) in str(caught.value) and word in str(caught.value)
    assert "delete the folder and rerun" in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "abc  a\n", "0" * 64 + "  cut", "\0"])
def test_a_list_of_digests_that_is_lost_or_damaged_is_named(origin, raw, text):
    sources.fetch("x", {"path": str(origin)}, raw / "x")
    digests = raw / "x.sha256"
    digests.unlink() if text is None else digests.write_text(text)
    with pytest.raises(ValueError, match=r"x\.sha256: is no list of the digests"):
        folder_digests.check(raw / "x", digests)
