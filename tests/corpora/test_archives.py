"""Hand-made bad archives and damaged good ones: one clear error each, nothing outside, no bombs."""

import bz2
import gzip
import io
import lzma
import random
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from seqtransfer.corpora import archives

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
COMPRESSORS = {"tar": bytes, "tar.gz": gzip.compress, "tar.bz2": bz2.compress}
COMPRESSORS |= {"tar.xz": lzma.compress}
GOOD = {"d/a.csv": b"1,2\n" * 500, "d/b.csv": b"3,4\n" * 50}


def zipped(*members: tuple[str, bytes], mode: int | None = None) -> bytes:
    """A zip of (name, content); `mode` is the Unix type and permissions of all of them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = (mode or 0) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def test_what_a_mac_adds_to_a_zip_is_left_out(tmp_path):
    added = ("__MACOSX/data/._x.fasta", b"\0"), ("data/.DS_Store", b"\0")
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(("data/x.fasta", b">a\nAC\n"), *added))
    assert archives.unpack(path, None, tmp_path / "out") == 1
    assert archives.unpack(path, ["*.fasta"], tmp_path / "again") == 1
    assert [p.name for p in (tmp_path / "out").rglob("*") if p.is_file()] == ["x.fasta"]


def patched(content: bytes, at: tuple[int, int], form: str, value: int) -> bytes:
    """The zip with a number changed in its (last) local and central header, at these offsets."""
    changed = bytearray(content)
    for magic, offset in zip((LOCAL, CENTRAL), at, strict=True):
        struct.pack_into(f"<{form}", changed, content.rindex(magic) + offset, value)
    return bytes(changed)


def entry(name: str | bytes, content: bytes = b"x", kind: bytes = tarfile.REGTYPE) -> bytes:
    """One member of a tar, block for block."""
    info = tarfile.TarInfo(
        name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
    )
    info.type, info.size = kind, len(content)
    header = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    return header + content + bytes(-len(content) % 512)


def link(name: str, target: str, kind: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info.tobuf()


def sized(size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A member's header that says it has so many bytes."""
    info = tarfile.TarInfo("a")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def sparse(size: int) -> bytes:
    """A member that holds nothing and says that it unpacks to `size` bytes of zeros."""
    header = bytearray(sized(0, tarfile.GNUTYPE_SPARSE))
    struct.pack_into("12s", header, 483, b"%011o\0" % size)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def tarred(*entries: bytes) -> bytes:
    return b"".join(entries) + bytes(1024)


def middle(content: bytes) -> bytes:
    """With a byte in the middle of the compressed data inverted."""
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


A, NOISE = ("good", b"1"), random.Random(0).randbytes(5000)
BAD = {
    # zips: names
    "parent.zip": (zipped(A, ("../evil", b"2")), "'../evil' is a path with `..`"),
    "deep.zip": (zipped(A, ("a/b/../../../evil", b"2")), "a path with `..`"),
    "absolute.zip": (zipped(A, ("/tmp/evil", b"2")), "an absolute path"),
    "backslash.zip": (zipped(A, ("..\\evil", b"2")), "a path with a backslash"),
    "drive.zip": (zipped(A, ("C:\\evil", b"2")), "a path with a backslash"),
    "newline.zip": (zipped(A, ("a\nb", b"2")), "control characters"),
    "escape.zip": (zipped(A, ("\x1b[2Ja", b"2")), "control characters"),
    "direction.zip": (zipped(A, ("a\u202egpj.exe", b"2")), "control characters"),
    "zero.zip": (zipped(A, ("aXb", b"2")).replace(b"aXb", b"a\0b"), "control characters"),
    "nameless.zip": (zipped(A, ("", b"2")), "a file without a name"),
    "dot.zip": (zipped(A, (".", b"2")), "a file without a name"),
    "long-name.zip": (zipped(A, ("a" * 256, b"2")), "too long"),
    "long-path.zip": (zipped(A, ("a/" * 600 + "a", b"2")), "too long"),
    "twice.zip": (zipped(A, ("./good", b"2")), "'good' is a path used twice"),
    "case.zip": (zipped(A, ("GOOD", b"2")), "upper and lower case: 'good'"),
    "accent.zip": (zipped(("\u00e9", b"1"), ("e\u0301", b"2")), "a path used twice"),
    "file-folder.zip": (zipped(A, ("good/a", b"2")), "another member's folder"),
    "folder-file.zip": (zipped(("Good/a", b"2"), A), "another member's folder"),
    # zips: kinds
    "link.zip": (zipped(A, mode=stat.S_IFLNK | 0o777), "a link or a device"),
    "device.zip": (zipped(A, mode=stat.S_IFCHR), "a link or a device"),
    "fifo.zip": (zipped(A, mode=stat.S_IFIFO), "a link or a device"),
    "encrypted.zip": (patched(zipped(A), (6, 8), "H", 1), "'good' is encrypted"),
    "method.zip": (patched(zipped(A), (8, 10), "H", 99), "may be damaged"),
    # zips: content
    "checksum.zip": (patched(zipped(A), (14, 16), "I", 1), "may be damaged"),
    "says-less.zip": (patched(zipped(("a", NOISE)), (22, 24), "I", 10), "may be damaged"),
    "says-more.zip": (patched(zipped(("a", NOISE)), (22, 24), "I", 9999), "may be damaged"),
    "says-huge.zip": (patched(zipped(A), (22, 24), "I", 0xFFFFFFF0), "would unpack to"),
    "no-offset.zip": (patched(zipped(A), (26, 42), "H", 999), "may be damaged"),
    "cut.zip": (zipped(("a", NOISE))[:2000], "may be damaged"),
    "page.zip": (b"<html>Not found</html>", "may be damaged"),
    "nothing.zip": (b"", "may be damaged"),
    "empty.zip": (zipped(), "holds no files"),
    "only-a-folder.zip": (zipped(("a/", b"")), "holds no files"),
    "bomb.zip": (zipped(("a", bytes(2_000_000))), "2,000,000 bytes, more than the"),
    # tars: names
    "parent.tar": (tarred(entry("good"), entry("../evil")), "a path with `..`"),
    "absolute.tar": (tarred(entry("good"), entry("/tmp/evil")), "an absolute path"),
    "backslash.tar": (tarred(entry("..\\evil")), "a path with a backslash"),
    "latin1.tar": (tarred(entry(b"\xdcbung.mid")), "control characters"),
    "long-name.tar": (tarred(entry("a" * 256)), "too long"),
    "twice.tar": (tarred(entry("good"), entry("good")), "a path used twice"),
    "case.tar": (tarred(entry("good"), entry("Good")), "upper and lower case"),
    "file-folder.tar": (tarred(entry("good"), entry("good/a")), "another member's folder"),
    "nameless.tar": (tarred(entry("")), "a file without a name"),
    # tars: kinds
    "link.tar": (tarred(link("a", "/etc/passwd", tarfile.SYMTYPE)), "a link or a device"),
    "hard-link.tar": (tarred(entry("b"), link("a", "b", tarfile.LNKTYPE)), "a link or a device"),
    "through-a-link.tar": (
        tarred(link("a", "/tmp", tarfile.SYMTYPE), entry("a/evil")),
        "a link or a device",
    ),
    "block.tar": (tarred(link("a", "", tarfile.BLKTYPE)), "a link or a device"),
    # tars: content
    "backwards.tar": (tarred(sized(-512)), "may be damaged"),
    "backwards-name.tar": (tarred(sized(-512, tarfile.GNUTYPE_LONGNAME)), "a header in it"),
    "huge-name.tar": (tarred(sized(1 << 40, tarfile.GNUTYPE_LONGNAME)), "a header in it"),
    "huge-header.tar": (tarred(sized(1 << 30, tarfile.XHDTYPE)), "a header in it"),
    "chain.tar": (tarred(*[entry("a", b"b", tarfile.GNUTYPE_LONGNAME)] * 3000), "damaged"),
    "says-huge.tar": (tarred(sized(1 << 40)), "times its own size"),
    "zeros.tar": (tarred(sparse(1 << 32)), "would unpack to"),
    "cut.tar": (tarred(entry("a", NOISE))[:3000], "may be damaged"),
    "cut.tar.gz": (gzip.compress(tarred(entry("a", NOISE)))[:3000], "may be damaged"),
    "cut.tar.bz2": (bz2.compress(tarred(entry("a", NOISE)))[:3000], "may be damaged"),
    "cut.tar.xz": (lzma.compress(tarred(entry("a", NOISE)))[:3000], "may be damaged"),
    "flipped.tar.gz": (middle(gzip.compress(tarred(entry("a", NOISE)))), "may be damaged"),
    "flipped.tar.bz2": (middle(bz2.compress(tarred(entry("a", NOISE)))), "may be damaged"),
    "flipped.tar.xz": (middle(lzma.compress(tarred(entry("a", NOISE)))), "may be damaged"),
    "header.tar": (middle(tarred(entry("a", b""))[:512]), "may be damaged"),
    "page.tar.gz": (b"<html>Not found</html>", "may be damaged"),
    "nothing.tar.xz": (b"", "may be damaged"),
    "empty.tar": (tarred(), "holds no files"),
    "bomb.tar.gz": (gzip.compress(tarred(entry("a", bytes(2_000_000)))), "times its own size"),
    "bomb.tar.bz2": (bz2.compress(tarred(entry("a", bytes(2_000_000)))), "times its own size"),
    "bomb.tar.xz": (lzma.compress(tarred(entry("a", bytes(2_000_000)))), "times its own size"),
}


def written(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where to unpack to; a ratio counts from 100,000 bytes on."""
    monkeypatch.setattr(archives, "HARMLESS", 100_000)
    (tmp_path / "sub" / "out").mkdir(parents=True)
    return tmp_path / "sub" / "out"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_archive_is_refused_by_name_and_reason(tmp_path, folder, name):
    content, said = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError) as caught:
        archives.unpack(tmp_path / name, None, folder)
    assert str(caught.value).startswith(f"{name}: ")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    assert not list(tmp_path.rglob("evil")) and not Path("/tmp/evil").exists()
    assert all(path.is_relative_to(folder) for path in (tmp_path / "sub").glob("*"))


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("a.zip", zipped(A, ("../evil", b"2"), ("bomb", bytes(2_000_000)))),
        ("a.tar.gz", gzip.compress(tarred(entry("good", b"1"), entry("../evil")), mtime=0)),
    ],
    ids=["zip", "tar.gz"],
)
def test_bad_members_that_are_not_asked_for_do_not_matter(tmp_path, folder, name, members):
    (tmp_path / name).write_bytes(members)
    assert archives.unpack(tmp_path / name, ["good"], folder) == 1
    assert written(folder) == {"good": b"1"}
    assert written(tmp_path / "sub") == {"out/good": b"1"}


def test_a_bomb_beside_the_members_of_a_tar_is_not_decompressed_either(tmp_path, folder):
    content = tarred(entry("good", b"1"), entry("bomb", bytes(2_000_000)), entry("good too"))
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match="times its own size"):
        archives.unpack(tmp_path / "a.tar.gz", ["good"], folder)


def test_what_comes_is_counted_whatever_the_archive_says(tmp_path, folder, monkeypatch):
    (tmp_path / "a.zip").write_bytes(zipped(("a", bytes(50_000)), ("b", bytes(50_000))))
    members = archives._zip_members

    def lying(archive):
        for member in members(archive):
            yield archives.Member(member.name, 1, member.fault, member.open)

    monkeypatch.setattr(archives, "_zip_members", lying)
    with pytest.raises(ValueError, match="more than the 99 allowed"):
        archives.unpack(tmp_path / "a.zip", None, folder, limit=99)
    assert sum(map(len, written(folder).values())) == 0
    with pytest.raises(ValueError, match="another size than it says"):
        archives.unpack(tmp_path / "a.zip", ["b"], folder)


def test_limit_and_ratio_can_be_raised_and_lowered(tmp_path, folder):
    for name in ("a.zip", "a.tar.gz"):
        zeros = ("a", bytes(300_000))
        content = zipped(zeros) if name == "a.zip" else gzip.compress(tarred(entry(*zeros)))
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="`ratio:`"):
            archives.unpack(tmp_path / name, None, folder)
        with pytest.raises(ValueError, match="`limit:`"):
            archives.unpack(tmp_path / name, None, folder, 299_999, ratio=2000)
        assert archives.unpack(tmp_path / name, None, folder, 300_000, ratio=2000) == 1
        assert written(folder) == {"a": bytes(300_000)}
        (folder / "a").unlink()


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_tars_are_known_by_content_under_any_tar_name(tmp_path, folder, kind):
    content = COMPRESSORS[kind](tarred(*(entry(*member) for member in GOOD.items())))
    (tmp_path / "x").write_bytes(content)
    for name in (f"a.{kind}", "a.tgz", "A.TAR.BZ2"):
        assert archives.is_archive(name)
        assert archives.unpack(tmp_path / "x", ["d/*"], folder, name=name) == 2
        assert written(folder) == GOOD
        for path in GOOD:
            (folder / path).unlink()


@pytest.mark.parametrize("kind", ["zip", *COMPRESSORS])
def test_any_damage_to_an_archive_ends_in_an_error_or_in_its_members(tmp_path, folder, kind):
    entries = (entry(*member) for member in GOOD.items())
    good = zipped(*GOOD.items()) if kind == "zip" else COMPRESSORS[kind](tarred(*entries))
    chance = random.Random(kind)
    errors = 0
    for number in range(150):
        bad = bytearray(good)
        for _ in range(chance.choice([1, 1, 2, 10])):
            # Headers at both ends are where damage is interesting.
            spread = chance.choice([40, 600, len(bad)])
            bad[chance.randrange(-spread, spread) % len(bad)] = chance.choice([0, 255, 46, 47, 128])
        if number % 4 == 0:
            del bad[chance.randrange(len(bad)) :]
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(bad)
        out = folder / str(number)
        out.mkdir()
        try:
            archives.unpack(path, None, out)
        except ValueError as error:
            assert str(error).startswith(path.name)
            errors += 1
        else:
            # Zips and the compressions have sums; a plain tar has them for its headers alone.
            assert kind == "tar" or set(written(out).values()) <= set(GOOD.values())
        path.unlink()
    assert 50 < errors < 150
    assert {path.name for path in folder.parent.iterdir()} == {"out"}
