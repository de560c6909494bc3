"""MIDI files and engraved scores, of a table or by label -> MIDI files with an index."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from seqtransfer.corpora import layouts
from seqtransfer.corpora.corpus_files import MUSIC, Divided, cell, copy_midi
from seqtransfer.corpora.examples import FACTS
from seqtransfer.corpora.text_files import UTF8, find, matching, rows


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT."""

    table: str | None = None
    files: Mapping[str, str] | None = None
    file: str = "file"
    label: str = "label"
    group: str | None = None
    split: str | None = None
    parts: Mapping[str, Sequence] | None = None
    delimiter: str | None = None
    encoding: str = UTF8

    def __post_init__(self):
        layouts.check_parts(None, self.split, 0, self.parts)
        said = {one.name: one.default for one in fields(self) if one.name not in ("table", "files")}
        of_table = [name for name, default in said.items() if getattr(self, name) != default]
        if self.files and of_table:
            raise ValueError(
                f"`{of_table[0]}` is of a table; with `files` every file is a piece of its own:"
                " list the files in a `table` if several are of one piece or parts are given"
            )


LAYOUT = layouts.schema(
    Options,
    {
        "table": layouts.file("Name of the table that lists the files; or `files`"),
        "files": {
            "description": "Names of the files of each label, a pattern such as bach/**/*; no table"
            " then. Of what it finds, MIDI files and scores are read (.mid, .midi, .krn, .mxl,"
            " .musicxml, .xml)",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": layouts.file("Pattern of paths"),
        },
        "file": layouts.text("Column of the file, relative to the table or the source"),
        **layouts.FACTS,
        **layouts.PARTS,
        **layouts.DELIMITER,
        **layouts.TEXT_FILE,
    },
    oneOf=[{"required": ["table"]}, {"required": ["files"]}],
)


def convert(folder: Path, corpus: Path, options: Options) -> None:
    """MIDI files -> copies of them, scores -> MIDI files of their notes; and index.tsv with their
    labels.

    Raises ValueError naming table and line, or pattern, for a file that is missing, cannot be read,
    comes twice or lies outside the source, for empty cells, and for a label without files.
    """
    copy_midi(corpus, listed(folder, options))


def listed(folder: Path, options: Options) -> Iterator[tuple[str, str, list[Path], dict]]:
    """(where, path in the table, the folders that it may count from, facts) of each row, or of each
    file of a label. Raises ValueError as `convert`, but for the files themselves."""
    if options.files:
        yield from _by_label(folder, options.files)
        return
    path, divided = find(folder, options.table), Divided(options.parts)
    names = {fact: getattr(options, fact) for fact in FACTS if getattr(options, fact)}
    read = rows(
        path,
        [options.file, *names.values()],
        delimiter=options.delimiter,
        encoding=options.encoding,
    )
    for where, row in read:
        facts = {fact: cell(where, row, column) for fact, column in names.items()}
        if "split" in facts:
            facts["split"] = divided.part(where, facts["split"])
        name = cell(where, row, options.file)
        yield where, name, [path.parent, Path(folder)], facts
    divided.check(folder)


def _by_label(
    folder: Path, files: Mapping[str, str]
) -> Iterator[tuple[str, str, list[Path], dict]]:
    for label, pattern in files.items():
        where, paths = f"{folder}: files of {str(label)!r}", matching(folder, pattern)
        found = [path for path in paths if path.suffix.lower() in MUSIC]
        if not found:
            raise ValueError(f"{where}: {pattern!r} finds no music ({', '.join(MUSIC)})")
        others = len(paths) - len(found)
        print(f"{label}: {len(found)} files" + (f", {others} of other kinds" if others else ""))
        for path in found:
            yield where, path.relative_to(folder).as_posix(), [Path(folder)], {"label": str(label)}
