"""Digests are those that others publish, and a catalogue cannot give malformed ones."""

import subprocess
import tempfile
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from project import ROOT, SHARED
from seqtransfer.corpora import sources
from seqtransfer.files import checksums
from seqtransfer.files.checksums import Checksums

SPLICE = SHARED / "dna" / "splice.txt"
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/catalogue.schema.yaml").read_text())
SOURCES = SCHEMA["properties"]["sources"] | {"$defs": SCHEMA["$defs"]}
SHA256, BLOB, MD5 = "0" * 64, "0" * 40, "0" * 32
URL = "https://example.org/a.zip"
PACKAGE = {"package": "p", "version": "1", "archive": "wheel", "sha256": SHA256}


def test_digests_of_a_text_are_those_of_its_standards(tmp_path):
    # RFC 1321 for md5, FIPS 180 for sha256, Git's own documentation for its blob hash.
    (tmp_path / "abc").write_bytes(b"abc")
    like = Checksums((("sha256", SHA256), ("md5", MD5)))
    assert checksums.measured(tmp_path / "abc", like) == Checksums(
        (
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ),
        3,
    )
    (tmp_path / "git").write_bytes(b"test content\n")
    found = checksums.measured(tmp_path / "git", Checksums((("git_blob", BLOB),)))
    assert found.digests == (("git_blob", "d670460b4b4aece5915caf5c68d12f560a9fe3e4"),)


def test_a_git_blob_hash_is_what_git_says(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * 10_000)
    said = subprocess.run(["git", "hash-object", path], capture_output=True, text=True, check=True)
    expected = checksums.stated("x", {"git_blob": said.stdout.strip(), "size": 2_560_000})
    assert checksums.faults(path, expected) == []


@pytest.mark.skipif(not SPLICE.exists(), reason="the real file is not on this machine")
def test_the_published_digests_of_a_real_file_hold():
    source = {
        "sha256": "ebbae10c85d3c285e2a2489a37e42bc2ee8d91d15005e391a9962fa3389a114f",
        "git_blob": "66ee68cb4acc9e55318d64283a9b6ca7df4b6a5f",
        "size": 319_000,
    }
    assert checksums.faults(SPLICE, checksums.stated("splice", source)) == []


def test_every_checksum_that_is_given_is_checked(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    right = checksums.stated("x", {"md5": "900150983CD24FB0D6963F7D28E17F72", "size": 3})
    assert checksums.faults(tmp_path / "abc", right) == []
    for wrong, said in [
        ({"size": 4}, "another size: expected 4 bytes, found 3"),
        ({"sha256": SHA256}, f"another sha256: expected {SHA256}, found ba7816bf"),
        ({"git_blob": BLOB}, f"another git_blob: expected {BLOB}, found f2ba8f84"),
    ]:
        source = {"path": str(tmp_path / "abc"), "md5": right.digests[0][1], **wrong}
        with pytest.raises(ValueError, match=said) as caught:
            sources.fetch("x", source, tmp_path / "raw" / "x")
        assert "of source x in your study file" in str(caught.value)
        assert not (tmp_path / "raw" / "x").exists()


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_two_contents_have_the_same_checksums_only_if_they_are_the_same(one, other):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(one)
        like = Checksums((("sha256", SHA256), ("git_blob", BLOB), ("md5", MD5)))
        expected = checksums.measured(path, like)
        path.write_bytes(other)
        faults = checksums.faults(path, expected)
    assert (faults == []) == (one == other)
    assert len(faults) in (0, 3, 4)


BAD = [
    ({}, "is not valid"),
    ({"licence": "MIT"}, "is not valid"),
    ({"url": URL}, "is not valid"),
    ({"url": URL, "size": 5}, "is not valid"),
    ({"url": URL, "sha256": SHA256[1:]}, "does not match"),
    ({"url": URL, "sha256": SHA256 + "0"}, "does not match"),
    ({"url": URL, "sha256": "g" * 64}, "does not match"),
    ({"url": URL, "sha256": MD5}, "does not match"),
    ({"url": URL, "md5": SHA256}, "does not match"),
    ({"url": URL, "md5": int("1" * 32)}, "is not of type 'string'"),  # no quotes in the YAML
    ({"url": URL, "git_blob": MD5}, "does not match"),
    ({"url": URL, "sha1": BLOB}, "'sha1' was unexpected"),
    ({"url": URL, "md5": MD5, "size": 0}, "less than the minimum"),
    ({"url": URL, "md5": MD5, "size": "12 MB"}, "is not of type 'integer'"),
    ({"url": URL, "md5": MD5, "size": 1.5}, "is not of type 'integer'"),
    ({"url": "ftp://example.org/a", "md5": MD5}, "does not match"),
    ({"url": "example.org/a", "md5": MD5}, "does not match"),
    ({"url": "https://example.org/", "md5": MD5}, "does not match"),
    ({"url": URL, "md5": MD5, "mirrors": []}, "[] "),
    ({"url": URL, "md5": MD5, "mirrors": URL}, "is not of type 'array'"),
    ({"url": URL, "md5": MD5, "mirrors": ["scp://a/b"]}, "does not match"),
    ({"url": URL, "md5": MD5, "mirrors": [URL, URL]}, "non-unique"),
    (PACKAGE | {"mirrors": [URL]}, "'url' is a dependency of 'mirrors'"),
    ({"package": "p", "version": "1", "sha256": SHA256}, "'archive' is a dependency of 'package'"),
    ({"package": "p", "archive": "sdist", "sha256": SHA256}, "'version' is a dependency"),
    ({"package": "p", "version": "1", "archive": "wheel", "md5": MD5}, "'sha256' is a dependency"),
    (PACKAGE | {"archive": "egg"}, "is not one of"),
    (PACKAGE | {"version": 1.0}, "is not of type 'string'"),
    ({"path": "a", "version": "1"}, "'package' is a dependency of 'version'"),
    ({"path": "a", "limit": 0}, "less than the minimum"),
    ({"path": "a", "limit": "4 GiB"}, "is not of type 'integer'"),
    ({"path": "a", "ratio": 0.5}, "less than the minimum"),
    ({"path": "a", "extract": []}, "[] "),
    ({"path": "a", "extract": "*.csv"}, "is not of type 'array'"),
    ({"path": "a", "extrakt": ["*.csv"]}, "'extrakt' was unexpected"),
    ({"path": ""}, "'' "),
]
GOOD = [
    {"path": "a"},
    {"path": "a", "extract": ["*.csv"], "limit": 1 << 40, "ratio": 1000, "size": 5},
    {"url": URL, "sha256": SHA256},
    {"url": URL + "?raw=true", "md5": MD5, "mirrors": ["http://a/b", "file:///c"], "size": 9},
    {"url": "file:///a/b.tar.bz2", "git_blob": BLOB, "md5": MD5, "sha256": SHA256},
    PACKAGE | {"size": 5, "licence": "MIT"},
    PACKAGE | {"path": "/a/local.whl"},
    {"url": URL, "md5": MD5, "path": "a"},
]


@pytest.mark.parametrize(("source", "said"), BAD)
def test_the_schema_refuses_a_bad_source(source, said):
    with pytest.raises(jsonschema.ValidationError) as caught:
        jsonschema.validate({"x": source}, SOURCES, jsonschema.Draft202012Validator)
    assert said in caught.value.message


@pytest.mark.parametrize("source", GOOD)
def test_the_schema_takes_a_good_source(source):
    jsonschema.validate({"x": source}, SOURCES, jsonschema.Draft202012Validator)
    checksums.stated("x", source)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"sha256": "12"}, "`sha256:` must be 64 hexadecimal digits"),
        ({"md5": int("1" * 32)}, "`md5:` must be 32 hexadecimal digits in quotes"),
        ({"git_blob": "x" * 40}, "`git_blob:` must be 40 hexadecimal digits"),
        ({"md5": ""}, "it is ''"),
        ({"size": 0}, "`size:` must be a number of bytes"),
        ({"size": True}, "`size:` must be a number of bytes"),
        ({"size": "5"}, "it is '5'"),
    ],
)
def test_malformed_checksums_are_named_with_their_source(source, said):
    with pytest.raises(ValueError, match="source x: ") as caught:
        checksums.stated("x", source)
    assert said in str(caught.value)
