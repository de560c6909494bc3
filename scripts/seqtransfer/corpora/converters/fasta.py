"""Anyone's FASTA, GenBank or EMBL files -> labelled sequences in the standard FASTA."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seqtransfer.corpora import layouts
from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import Divided, cell, sequence_example, with_dev, write
from seqtransfer.corpora.examples import FACTS, Example
from seqtransfer.corpora.fasta import iterate_records
from seqtransfer.corpora.text_files import UTF8, NoColumn, find, matching, open_text, rows, unread

if TYPE_CHECKING:
    from Bio.SeqRecord import SeqRecord

PLACES = ("field", "pattern", "file", "column")
# What Biopython's warnings on the sequence of a GenBank or EMBL record begin with. Others are on
# its annotations, which are not read.
OF_SEQUENCES = (
    "Expected sequence length",
    "Premature end of file in sequence",
    "Blank line in sequence",
    "Invalid indentation for sequence",
    "EMBL sequence line missing coordinates",
)


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT; label, group and split are maps of one of PLACES.

    Raises ValueError for a pattern that has not one group, and for options that contradict each
    other.
    """

    file: str | None = None
    files: Mapping[str, str] | None = None
    dev_share: float = 0
    format: str = "fasta"
    encoding: str = UTF8
    labels: str | None = None
    delimiter: str | None = None
    label: Mapping = field(default_factory=lambda: {"pattern": r"(?:^|\s)label=(\S+)"})
    group: Mapping | None = None
    split: Mapping | None = None
    parts: Mapping[str, Sequence] | None = None
    alphabet: str | None = None
    strip: Sequence[str] = ()

    def __post_init__(self):
        layouts.check_parts(self.files, self.split, self.dev_share, self.parts)
        for fact, place in self.places.items():
            for kind in {"pattern", "file"} & set(place):
                layouts.check_pattern(f"{fact}: {kind}", place[kind])
        if any("column" in place for place in self.places.values()) != bool(self.labels):
            raise ValueError(
                "the table `labels` and a `column` of it belong together, such as "
                "labels: x.tsv, label: {column: label}"
            )
        if self.delimiter and not self.labels:
            raise ValueError("`delimiter` is of the table `labels`; state that, or drop it")

    @property
    def places(self) -> dict[str, Mapping]:
        """Where each of label, group and split stands that a record has."""
        return {fact: getattr(self, fact) for fact in FACTS if getattr(self, fact)}


def _place(fact: str) -> dict:
    """Schema of where the label, group or split of a record stands."""
    return {
        "description": f"Where the {fact} of a record stands: one of {', '.join(PLACES)}",
        "type": "object",
        "additionalProperties": False,
        "oneOf": [{"required": [place]} for place in PLACES],
        "properties": {
            "field": {
                "description": "Number of the word of the header; 1 is the id",
                "type": "integer",
                "minimum": 1,
            },
            "pattern": layouts.text("Regular expression of one group, searched in the header"),
            "file": layouts.text("The same, searched in the name of the file"),
            "column": layouts.text("Column of the table `labels`"),
            "default": {
                "description": "What it is where field, pattern or file finds nothing",
                "type": "string",
            },
        },
    }


LAYOUT = layouts.schema(
    Options,
    {
        **layouts.FILES,
        "file": layouts.file(
            "Names of the files, a pattern such as *.fasta; in the top folder or, where it"
            " finds none, in any; or `files`"
        ),
        "format": {
            "description": "Format of the files",
            "enum": ["fasta", "genbank", "embl"],
        },
        **layouts.TEXT_FILE,
        "labels": layouts.file("Name of a table with a column `id`, for what no header says"),
        **layouts.DELIMITER,
        "label": _place("label"),
        "group": _place("group"),
        "split": _place("split"),
        **layouts.PARTS,
        **layouts.SYMBOLS,
    },
    oneOf=layouts.ONE_OF_FILES,
)


def convert(folder: Path, corpus: Path, options: Options) -> list[str]:
    """FASTA, GenBank or EMBL files -> labelled sequences in the standard FASTA. Returns the place
    of each, in order.

    Raises ValueError naming file and record for a record without sequence, label or id, a symbol
    outside the alphabet, an id that comes twice in a file, or in two of them where a table has rows
    by id, or whatever is not the stated format.
    """
    cleaner = Cleaner(options.alphabet, options.strip)
    examples = labelled_records(folder, options, cleaner)
    return write(corpus, with_dev(examples, options.dev_share), cleaner)


def labelled_records(folder: Path, options: Options, cleaner: Cleaner) -> Iterator[Example]:
    """The records of every file. Where ids begin anew in each file, one that came in a file before
    is put behind the name of its part or file, unless a table has rows by id. Raises ValueError as
    `convert` does."""
    side = _side_table(folder, options)
    unused, divided = dict.fromkeys(side), Divided(options.parts)
    homes: dict[str, Path] = {}  # id -> the first file that has it
    renamed: list[str] = []
    for part, path in _fasta_files(folder, options):
        header = None
        for header, sequence in _records(path, options.format, options.encoding):
            name = header.split()[0] if header.strip() else ""
            where = f"{path}: record {name!r}"
            if not name:
                raise ValueError(f"{where}: has no id; write it after the `>`")
            facts = {
                fact: _fact(where, fact, place, header, path, side)
                for fact, place in options.places.items()
            }
            if "split" in facts:
                facts["split"] = divided.part(where, facts["split"])
            unused.pop(name, None)
            facts |= {"split": part} if part else {}
            if homes.setdefault(name, path) != path and not side:
                name = f"{part or _stem(folder, path)}-{name}"
                renamed.append(name)
            yield sequence_example(where, name, facts, sequence, cleaner)
        if header is None:
            raise ValueError(f"{path}: holds no records; correct it, or its name in the layout")
    divided.check(folder)
    if renamed:
        print(
            f"ids that an earlier file has, and that were renamed: {len(renamed)}, {renamed[0]}"
            " the first"
        )
    if unused:
        first, more = next(iter(unused)), len(unused) - 1
        others = (
            f" and {more} more rows have ids of none; remove them" if more else "; remove the row"
        )
        raise ValueError(f"{side[first][0]}: no record has the id {first!r}{others}")


def _fasta_files(folder: Path, options: Options) -> list[tuple[str | None, Path]]:
    if options.files:
        return [(part, find(folder, name)) for part, name in options.files.items()]
    found = matching(folder, options.file)
    if not found:
        raise ValueError(f"{folder}: holds no files called {options.file}; correct `file`")
    beside = find(folder, options.labels) if options.labels else None
    left = [path for path in unread(folder, found) if path != beside]
    for what, paths in (("read", found), ("left", left)):
        print(f"files {what}: {', '.join(p.relative_to(folder).as_posix() for p in paths)}")
    return [(None, path) for path in found]


def _stem(folder: Path, path: Path) -> str:
    """A file's path below `folder` as one word, without what follows the first dot of its name."""
    inside = path.relative_to(folder)
    return re.sub(r"[\s/]+", "_", inside.with_name(inside.name.split(".")[0]).as_posix())


def _records(path: Path, form: str, encoding: str) -> Iterator[tuple[str, str]]:
    """(header, sequence) of every record; of GenBank and EMBL, id and definition are the header."""
    if form == "fasta":
        yield from iterate_records(path, encoding)
        return
    from Bio import SeqIO
    from Bio.Seq import UndefinedSequenceError

    name = None
    with open_text(path, encoding) as file:
        records = SeqIO.parse(file, form)
        while record := _next_record(path, records, form, name):
            name = record.id
            try:
                sequence = str(record.seq)
            except UndefinedSequenceError as error:
                raise ValueError(f"{path}: record {name!r}: has no sequence") from error
            yield f"{name} {record.description}", sequence
    if name is None:
        raise ValueError(f"{path}: holds no {form} records")


def _next_record(
    path: Path, records: "Iterator[SeqRecord]", form: str, before: str | None
) -> "SeqRecord | None":
    from Bio import BiopythonParserWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Biopython's word for a malformed record that it mends
            warnings.simplefilter("ignore", BiopythonParserWarning)
            for message in OF_SEQUENCES:
                warnings.filterwarnings("error", message)
            return next(records, None)
    except Exception as error:  # the parsers raise many kinds
        place = f"the record after {before!r}" if before else "its first record"
        kind = type(error).__name__
        raise ValueError(f"{path}: {place} is not {form} ({kind}: {error})") from error


def _side_table(folder: Path, options: Options) -> dict[str, tuple[str, dict]]:
    """Id -> (where, row) of the table `labels`."""
    side: dict[str, tuple[str, dict]] = {}
    if options.labels:
        columns = [place["column"] for place in options.places.values() if "column" in place]
        table = find(folder, options.labels)
        read = rows(table, ["id", *columns], delimiter=options.delimiter, encoding=options.encoding)
        try:
            for where, row in read:
                name = cell(where, row, "id")
                if name in side:
                    raise ValueError(f"{where}: id {name!r} came before, {side[name][0]}")
                side[name] = where, row
        except NoColumn as error:
            if error.column != "id" or error.hint:
                raise
            remedy = "; rename the one with the records' ids, it must be called `id`"
            raise NoColumn(error.where, "id", error.names, remedy) from error
    return side


def _fact(
    where: str,
    fact: str,
    place: Mapping[str, str | int],
    header: str,
    path: Path,
    side: Mapping[str, tuple[str, dict]],
) -> str:
    """One fact about a record, from where the layout says it stands."""
    words = header.split()
    if "column" in place:
        if words[0] not in side:
            part = next((part for part in re.split(r"\W+", words[0]) if part in side), None)
            hint = f"; it has {part!r}: write the whole id there" if part else "; add one"
            raise ValueError(f"{where}: has no row in the table `labels`{hint}")
        stands, row = side[words[0]]
        return cell(stands, row, place["column"])
    if "field" in place:
        found = words[place["field"] - 1] if len(words) >= place["field"] else None
    else:
        text = header if "pattern" in place else path.name
        pattern = place.get("pattern") or place["file"]
        found = (layouts.searched(f"{where}: {fact}", pattern, text) or "").strip()
    if not found and "default" not in place:
        raise ValueError(
            f"{where}: its {fact} is not where the layout says; header {header[:80]!r};"
            f" correct the record or `{fact}` of the layout"
        )
    return found or place["default"]
