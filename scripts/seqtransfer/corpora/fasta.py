"""Labelled sequences in FASTA files.

A FASTA header is `>id label=EI group=x split=train`. The values are percent-quoted, so a label may
hold any character. `label` is required; `group` names examples that must stay on one side of a
split; `split` is one of train, dev, test where the data come already divided.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

import numpy as np

from seqtransfer.corpora.examples import FACTS, Example, Examples, Facts, check_facts, check_ids
from seqtransfer.corpora.text_files import LONGEST, UTF8, check_text, open_bytes, open_text
from seqtransfer.files import atomic

SEQUENCE = re.compile(r"[A-Za-z*-]+")
LINE = 80  # symbols on one line of a FASTA file
BLOCK = 1 << 18  # bytes of FASTA read at a time: what is made of them stays in a cache
UPPER = bytes(range(256)).upper()
UTF16 = ("\udcff\udcfe", "\udcfe\udcff")  # its mark, as bytes that are no text are read
HEADER = bytes(range(ord(" "), ord("~") + 1)) + b"\n"  # what is usual in headers ...
BODY = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ*-\n"  # ... and, in upper case, below them


def read_fasta(path: Path) -> Examples:
    """Read labelled sequences; the symbols are uppercase letters, `*` and `-`.

    Words of the header that are not label=, group= or split= are ignored.
    Raises ValueError naming file and record if a record has no label, an unknown split, no
    sequence or characters other than these, if an id comes twice, if something stands before the
    first `>`, or if there is no record.

    A file is read block by block as long as nothing is unusual. If anything is, be it wrong or
    merely rare, `iterate_fasta` reads the file instead, which has the rules and the messages.
    """
    examples = Examples([], [], [])
    try:
        with open_bytes(path) as file:
            for block in _blocks(file):
                _append(examples, path, block)
        if len(set(examples.ids)) == len(examples) > 0:
            return examples
    except ValueError:
        pass
    columns = [(e.id, e.symbols, (e.label, e.group, e.split)) for e in iterate_fasta(path)]
    return Examples(*map(list, zip(*columns, strict=True)))


def iterate_fasta(path: Path) -> Iterator[Example]:
    """As `read_fasta`, one example at a time; a fault is raised when its record is reached."""
    seen = set()
    for header, sequence in iterate_records(path):
        name, *words = header.split() or [""]
        if not SEQUENCE.fullmatch(sequence):
            raise ValueError(_sequence_fault(f"{path}: record {name!r}", sequence))
        facts = _facts(path, name, words)
        if name in seen:
            raise ValueError(f"{path}: id {name!r} comes twice; rename one of the two examples")
        seen.add(name)
        yield Example(name, sequence.upper(), *facts)
    if not seen:
        raise ValueError(f"{path}: holds no examples")


def _facts(path: Path, name: str, words: Iterable[str]) -> Facts:
    """Label, group and split from the words of a header."""
    given = {}
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in FACTS:
            if key in given:
                raise ValueError(f"{path}: record {name!r}: {key}= comes twice in its header")
            given[key] = value if "%" not in value else _unquoted(path, name, value)
    facts = check_facts(f"{path}: record {name!r}", given, f"write `>{name} label=...`")
    return facts["label"], facts["group"], facts["split"]


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a FASTA file in blocks of whole records, the last one with a line end."""
    rest = b""
    while read := file.read(BLOCK):
        whole, found, rest = (rest + read).rpartition(b"\n>")
        if found:
            yield whole + b"\n"
            rest = b">" + rest
        elif len(rest) > BLOCK:
            raise ValueError("a record that is longer than a block")
    yield rest if rest.endswith(b"\n") else rest + b"\n"


def _append(examples: Examples, path: Path, block: bytes) -> None:
    """Append the records of a block. Raises ValueError if anything about them is unusual."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    codes = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))  # of the lines
    starts = np.concatenate([[0], ends[:-1] + 1])
    is_header = codes[starts] == ord(">")
    if not is_header[0]:
        raise ValueError("something before the first record")
    in_header = np.repeat(is_header, ends - starts + 1)
    in_body = ~in_header
    in_body[ends[:-1][~is_header[1:]]] = False  # one line a record: ends within records go
    bodies = codes[in_body].tobytes().translate(UPPER)
    headers = _id_and_facts_on_lines(codes[in_header])
    if headers.translate(None, HEADER) or bodies.translate(None, BODY):
        raise ValueError("an unusual character")
    symbols = bodies.decode("ascii").split("\n")[:-1]
    lines = headers.decode("ascii").split("\n")[:-1]
    ids, words = lines[0::2], lines[1::2]
    if len(ids) != len(symbols) or "" in symbols or ">" in ids:
        raise ValueError("a record without sequence or id")
    known = {each: _facts(path, "", each.split()) for each in set(words)}  # mostly a few
    examples.ids.extend([name[1:] for name in ids])
    examples.symbols.extend(symbols)
    examples.facts.extend([known[each] for each in words])


def _id_and_facts_on_lines(codes: np.ndarray) -> bytes:
    """Header lines with a line end for their first blank. Raises ValueError if one has no blank."""
    ends = np.flatnonzero(codes == ord("\n"))
    blanks = np.append(np.flatnonzero(codes == ord(" ")), len(codes))
    first = blanks[np.searchsorted(blanks, np.concatenate([[0], ends[:-1] + 1]))]
    if (first > ends).any():
        raise ValueError("a header of one word has no label")
    codes[first] = ord("\n")
    return codes.tobytes()


def iterate_records(path: Path, encoding: str = UTF8) -> Iterator[tuple[str, str]]:
    """(header without `>`, sequence) of every record of any FASTA file.

    The file may be compressed (gzip, bzip2, xz), wrapped, and have any line ends; white space at
    the ends of lines is dropped, and nothing else. The sequence is not checked.
    Raises ValueError naming file and record if the header is no text in `encoding`, and file and
    line if something stands before the first `>`: whoever skips it may skip a record without its
    `>`.
    """
    with open_text(path, encoding) as file:
        header, lines, length = None, [], 0
        for number, line in enumerate(file, start=1):
            if line[0] == ">":
                if header is not None:
                    yield header, "".join(lines)
                header, lines, length = line[1:].rstrip(), [], 0
                if not header.isascii() or "\0" in header:
                    where = f"{path}: line {number}: record {header.split()[:1]}"
                    check_text(where, header, encoding)
            elif header is not None:
                lines.append(line.rstrip(" \t\n"))
                length += len(lines[-1])
                if length > LONGEST:
                    raise ValueError(
                        f"{path}: line {number}: record {header.split()[:1]} is longer than "
                        f"{LONGEST:,} symbols; cut it to the part that matters"
                    )
            elif line.strip():
                if line[:2] in UTF16:
                    check_text(f"{path}: line {number}", line, encoding)
                raise ValueError(
                    f"{path}: line {number}: not a FASTA file, or its first record has no `>`; "
                    f"found {line.rstrip()[:40]!r} before the first `>`"
                )
        if header is not None:
            yield header, "".join(lines)


def write_fasta(path: Path, examples: Iterable[Example]) -> None:
    """Write labelled sequences so that `read_fasta` gives them back.

    Raises ValueError naming the example if FASTA cannot hold it: no label, an id that is empty,
    starts with `>` or contains white space, a pair, symbols other than single uppercase letters, *
    and -; or if an id comes twice, or there are no examples.
    """
    names, places = [], []
    with atomic.atomic(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for example in examples:
            where = example.place or f"{path}: example {example.id!r}"
            names.append(example.id)
            places.append(example.place)
            sequence = "".join(example.symbols)
            if example.second:
                raise ValueError(f"{where}: FASTA holds one sequence a record, not a pair")
            if not re.fullmatch(r"[^\s>]\S*", example.id):
                raise ValueError(f"{where}: a FASTA id is one word that does not start with `>`")
            check_text(where, example.id)
            single = isinstance(example.symbols, str) or set(map(len, example.symbols)) <= {1}
            if not single:
                raise ValueError(f"{where}: FASTA holds symbols of one character only")
            if not SEQUENCE.fullmatch(sequence) or sequence != sequence.upper():
                raise ValueError(_sequence_fault(where, sequence))
            given = {"label": example.label, "group": example.group, "split": example.split}
            facts = check_facts(where, given, how="give it a label")
            words = [f"{key}={quote(value, safe='')}" for key, value in facts.items() if value]
            lines = (sequence[i : i + LINE] for i in range(0, len(sequence), LINE))
            file.write("\n".join([f">{example.id} {' '.join(words)}", *lines]) + "\n")
        check_ids(path, names, places)


def _unquoted(path: Path, name: str, value: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: record {name!r}: {value!r} is no quoted UTF-8") from error


def _sequence_fault(where: str, sequence: str) -> str:
    if not sequence:
        return f"{where}: has no sequence; remove the record"
    bad = set(re.sub(r"[A-Za-z*-]", "", sequence)) or set(re.sub(r"[A-Z*-]", "", sequence))
    first = next(i for i, symbol in enumerate(sequence) if symbol in bad) + 1
    shown = ", ".join(repr(symbol) for symbol in sorted(bad)[:8])
    return f"{where}: holds {shown} from position {first} on; use letters, `*` and `-` only"
