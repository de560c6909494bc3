"""Damaged FASTA is refused or read exactly as a strict reader of another make reads it.

Nothing is accepted silently: whatever `read_fasta` returns for a mutated file equals what the
reference below, written from the rules of the house form alone, makes of the same bytes. And it
is, to the word of an error, what `iterate_fasta` says of them, wherever blocks begin and end.
"""

import bz2
import gzip
import lzma
import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from unittest import mock
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_fasta_and_texts import EXAMPLES

from project import SHARED
from seqtransfer.corpora import fasta
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.fasta import iterate_fasta, read_fasta, write_fasta

ROUNDS = 800  # mutated files of one run of this test


def reference(content: bytes) -> list[Example] | None:
    """The examples of a house FASTA file in bytes, or None where a rule of the form is broken."""
    text = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    before, *records = re.split(rb"(?:\A|(?<=\n))>", text)
    try:
        if before.decode("utf-8").strip() or not records:
            return None
        examples = []
        for record in records:
            header, _, body = record.partition(b"\n")
            words = header.decode("utf-8").split()
            sequence = b"".join(line.rstrip(b" \t") for line in body.split(b"\n"))
            if b"\0" in header or not words or not re.fullmatch(rb"[A-Za-z*-]+", sequence):
                return None
            fields = [word.split("=", 1) for word in words[1:]]
            fields = [f for f in fields if f[0] in ("label", "group", "split") and len(f) == 2]
            facts = {key: unquote_to_bytes(value).decode("utf-8") for key, value in fields}
            if len(facts) < len(fields) or not facts.get("label"):
                return None
            label, group, split = facts["label"], facts.get("group"), facts.get("split")
            if split not in (None, "", "train", "dev", "test"):
                return None
            symbols = sequence.decode("ascii").upper()
            examples.append(Example(words[0], symbols, label, group or None, split or None))
    except UnicodeDecodeError:
        return None
    return examples if len({e.id for e in examples}) == len(examples) else None


def outcome(path: Path, content: bytes) -> list[Example] | None:
    path.write_bytes(content)
    strict = examples_or_error(iterate_fasta, path)
    for block in (32, fasta.BLOCK):
        with mock.patch.object(fasta, "BLOCK", block):
            assert examples_or_error(read_fasta, path) == strict
    assert isinstance(strict, list) or str(path) in strict
    return strict if isinstance(strict, list) else None


def examples_or_error(read: Callable[[Path], Iterable[Example]], path: Path) -> list[Example] | str:
    try:
        return list(read(path))
    except ValueError as error:
        return str(error)


def seeds() -> list[bytes]:
    """Small valid files: hand-made, and real sequences where they are at hand."""
    plain = b">a label=x split=train\nACGT\nNNAC\n>b|2 label=y%20z group=g split=test\nMK*-\n"
    found = [plain, plain.replace(b"\n", b"\r\n"), plain.lower(), b"\xef\xbb\xbf" + plain]
    if (SHARED / "dna" / "splice.txt").exists():
        rows = (SHARED / "dna" / "splice.txt").read_text().splitlines()[::800]
        cells = [[cell.strip() for cell in row.split(",")] for row in rows]
        records = [f">{quote(n)} label={y}\n{s[:40]}\n{s[40:]}\n" for y, n, s in cells]
        found.append("".join(records).encode())
    return found


def mutate(content: bytes, rng: random.Random) -> bytes:
    """A few random edits of the kind that disks, editors and transfers make."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content) + 1)
        end = min(len(content), at + rng.randint(1, 12))
        kind = rng.randrange(6)
        if kind == 0 and content:
            content[at % len(content)] = rng.randrange(256)
        elif kind == 1:
            del content[at:end]
        elif kind == 2:
            content[at:at] = content[rng.randrange(len(content) + 1) :][: end - at]
        elif kind == 3:
            content[at:at] = rng.choice([b">", b"\n", b"\r", b"\0", b"\xc3", b"%FF", b" ", b"="])
        elif kind == 4:
            content[at:at] = rng.choice([b"\n>", b"label=", b" split=dev", "é".encode(), b"\x1c"])
        else:
            del content[at:]
    return bytes(content)


def test_the_reference_reads_the_seeds_as_they_are(tmp_path):
    for content in seeds():
        expected = reference(content)
        assert expected and outcome(tmp_path / "x.fasta", content) == expected


def test_mutated_files_are_refused_or_read_as_the_reference_reads_them(tmp_path):
    rng = random.Random(20)
    read = 0
    for number in range(ROUNDS):
        content = mutate(rng.choice(seeds()), rng)
        found = outcome(tmp_path / "x.fasta", content)
        assert found == reference(content), (number, content)
        read += found is not None
    # The mutations are mild enough to test both answers.
    assert 0.1 * ROUNDS < read < 0.9 * ROUNDS


@given(st.binary(max_size=60), st.sampled_from(seeds()))
def test_any_bytes_before_inside_or_after_are_read_as_the_reference_reads_them(
    tmp_path_factory, junk, content
):
    path = tmp_path_factory.mktemp("fasta") / "x.fasta"
    middle = len(content) // 2
    for spoiled in (junk + content, content[:middle] + junk + content[middle:], content + junk):
        # Compressed files begin with these, and a reference of their formats would prove little.
        if not spoiled.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")):
            assert outcome(path, spoiled) == reference(spoiled)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_damaged_compressed_file_gives_its_examples_or_is_refused(tmp_path, pack):
    rng = random.Random(21)
    content = b"".join(b">s%d label=x\nACGTACGTNN\n" % i for i in range(40))
    packed = pack(content)
    assert outcome(tmp_path / "x.fasta", packed) == reference(content)
    for _ in range(200):
        damaged = bytearray(packed)
        damaged[rng.randrange(6, len(damaged))] ^= 1 << rng.randrange(8)
        found = outcome(tmp_path / "x.fasta", bytes(damaged))
        assert found is None or found == reference(content)
        cut = outcome(tmp_path / "x.fasta", packed[: rng.randrange(6, len(packed))])
        assert cut is None


@given(EXAMPLES, st.sampled_from([1 << 10, fasta.BLOCK]), st.booleans())
def test_what_is_written_is_read_in_blocks_and_not_record_by_record(
    tmp_path_factory, examples, block, at_the_end
):
    path = tmp_path_factory.mktemp("fasta") / "x.fasta"
    write_fasta(path, examples)
    if not at_the_end:
        path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    slow = mock.patch.object(fasta, "iterate_fasta", side_effect=AssertionError)
    with slow, mock.patch.object(fasta, "BLOCK", block):
        assert list(read_fasta(path)) == examples


@given(EXAMPLES, st.sampled_from([gzip.compress, bz2.compress, lzma.compress, bytes]))
def test_what_is_written_is_read_back_packed_or_not_and_with_any_line_ends(
    tmp_path_factory, examples, pack
):
    path = tmp_path_factory.mktemp("fasta") / "x.fasta"
    write_fasta(path, examples)
    content = path.read_bytes()
    assert reference(content) == examples
    for ends in (b"\n", b"\r\n", b"\r"):
        path.write_bytes(pack(content.replace(b"\n", ends)))
        assert list(read_fasta(path)) == examples
