"""What every converter does at its end: examples -> a standard format, checked and counted."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from seqtransfer.corpora import midi, score_export, text_files
from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.examples import Example, TextExample, check_ids, train_or_dev
from seqtransfer.corpora.fasta import write_fasta
from seqtransfer.corpora.symbol_tables import write_symbols
from seqtransfer.corpora.texts import write_text
from seqtransfer.files import json_tsv
from seqtransfer.files.atomic import whole_folder

SPLIT_NAMES = {"train": "train", "training": "train", "test": "test", "testing": "test"}
SPLIT_NAMES |= dict.fromkeys(("dev", "valid", "validation", "val", "eval", "development"), "dev")
NAMED = 5  # files that one message names
REFUSED = 50  # files that are refused before a list is not read on
MIDI_SUFFIXES = (".mid", ".midi")
MUSIC = (*MIDI_SUFFIXES, *score_export.SUFFIXES)


def write(corpus: Path, examples: Iterable[Example | TextExample], cleaner: Cleaner) -> list[str]:
    """Write FASTA, texts or symbols, as the suffix of `corpus` says. Returns the place of each
    example, in order.

    Prints which letters FASTA or cleaned symbols hold, what was taken out, and what no symbol
    covers.
    """
    places: list[str] = []
    examples = _noted(examples, places)
    if corpus.suffix == ".tsv":
        write_text(corpus, examples)
    elif corpus.suffix == ".symbols":
        write_symbols(corpus, examples)
        if cleaner.uncovered:
            print(f"{corpus.name}: {cleaner.left_out()}")
        if cleaner.stripped or cleaner.counts.any():
            print(f"{corpus.name}: symbols\n{cleaner.table().to_string(index=False)}")
    else:
        write_fasta(corpus, examples)
        print(f"{corpus.name}: symbols\n{cleaner.table().to_string(index=False)}")
    return places


def _noted(
    examples: Iterable[Example | TextExample], places: list[str]
) -> Iterator[Example | TextExample]:
    """The same examples, the place of each appended to `places`."""
    for example in examples:
        places.append(example.place)
        yield example


def with_dev(
    examples: Iterable[Example | TextExample], share: float
) -> Iterator[Example | TextExample]:
    """The same examples, about `share` of the training part made dev by `train_or_dev`: of those
    with a group about that share of the groups. Raises ValueError if some are dev already."""
    counts = Counter()
    for example in examples:
        if share and example.split == "dev":
            raise ValueError(
                f"{example.place}: is of dev, and `dev_share` would add training examples to it;"
                " drop `dev_share`"
            )
        if share and example.split == "train":
            if isinstance(example, TextExample):
                content = f"{example.text}\t{example.second}"
            else:
                content = "".join(example.symbols)
            example = replace(example, split=train_or_dev(example.group or content, share))
        counts[example.split] += 1
        yield example
    given = {part: count for part, count in counts.items() if part}
    if given:
        print(f"examples by the part that the corpus gives them: {given}")


def split_name(where: str, word: str) -> str:
    """train, dev or test out of the usual words for them; ValueError naming `where` for others."""
    if word.lower() not in SPLIT_NAMES:
        known = ", ".join(SPLIT_NAMES)
        raise ValueError(f"{where}: split {word!r} is unknown; known: {known}")
    return SPLIT_NAMES[word.lower()]


class Divided:
    """Parts of examples by the word that each has in `split`: a usual word for a part, or one that
    `parts`, part -> words, gives to dev or test; then all others are train."""

    def __init__(self, parts: Mapping[str, Sequence[str]] | None):
        self._parts = {str(word): part for part, words in (parts or {}).items() for word in words}
        self._unseen = dict(self._parts)

    def part(self, where: str, word: str) -> str:
        """Raises ValueError naming `where` as `split_name` does."""
        self._unseen.pop(word, None)
        return self._parts.get(word, "train") if self._parts else split_name(where, word)

    def check(self, folder: Path) -> None:
        """Raise ValueError for a word of `parts` that no example has, once all are read."""
        if self._unseen:
            word, part = next(iter(self._unseen.items()))
            raise ValueError(
                f"{folder}: no example has {word!r} in `split`, which `parts` gives to {part};"
                " write it as the file does"
            )


def cell(where: str, row: Mapping[str, str], column: str) -> str:
    """The cell of a row without white space around it.

    Raises ValueError naming `where` and the column if nothing is left.
    """
    found = row[column].strip()
    if not found:
        raise ValueError(f"{where}: column {column!r} is empty; fill it or remove the row")
    return found


def one_line(where: str, row: Mapping[str, str], column: str) -> str:
    """A cell that is a label, group, part or id: of one line, which a standard table can hold.

    Raises ValueError naming `where` and the column if it is empty or holds a tab or a line break.
    """
    found = cell(where, row, column)
    if re.search(r"[\t\r\n]", found):
        raise ValueError(
            f"{where}: column {column!r} holds a tab or a line break, {found[:40]!r}; take it out"
        )
    return found


def sequence_example(
    where: str, name: str, facts: Mapping, sequence: str, cleaner: Cleaner
) -> Example:
    """An example with the cleaned sequence; ValueError naming `where` if the id is no word."""
    if not re.fullmatch(r"[^\s>]\S*", name):
        raise ValueError(f"{where}: id {name!r} is no word; choose ids without white space")
    symbols = cleaner.clean(where, sequence.strip())
    label, group, split = facts["label"], facts.get("group"), facts.get("split")
    return Example(name, symbols, label, group, split, place=where)


def find_midi(roots: list[Path], where: str, name: str) -> Path:
    """The MIDI file or score of that path relative to one of the `roots`.

    Raises ValueError naming `where` if it is not there, outside the roots, or no whole MIDI file.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.suffix.lower() not in MUSIC:
        raise ValueError(
            f"{where}: file {name!r} is no relative path to a .mid file or a score"
            f" ({', '.join(score_export.SUFFIXES)})"
        )
    found = next((root / name for root in roots if (root / name).is_file()), None)
    if found is None:
        paths = sorted(path.relative_to(roots[-1]).as_posix() for path in roots[-1].rglob("*"))
        inside = [repr(path) for path in paths if path.endswith(f"/{name}")]
        other = text_files.written_otherwise(roots[-1], name)
        if inside:
            other = f"; write its folder, too: there is {' and '.join(inside[:NAMED])}"
        raise ValueError(f"{where}: there is no file {name!r} below {roots[-1]}{other}")
    if path.suffix.lower() not in MIDI_SUFFIXES:
        return found
    try:
        midi.check_size(found)
        midi.check_structure(found.read_bytes())
    except ValueError as error:
        raise ValueError(
            f"{where}: file {name!r} is no MIDI file that can be read: {error}; replace it or"
            " remove its row"
        ) from error
    return found


def copy_midi(corpus: Path, listed: Iterable[tuple[str, str, list[Path], dict]]) -> None:
    """Copy the MIDI files of a list into `corpus`, under the same paths, and write index.tsv; of
    scores, their notes.

    listed: (where, its path in the list, the folders it may lie in, facts) of each.
    Raises ValueError for the files that `find_midi` refuses and for scores that cannot be read, the
    first REFUSED, which it prints.
    """
    with whole_folder(corpus) as new:
        index, pieces, faults = [], {}, {}
        for where, name, roots, facts in listed:
            path = PurePosixPath(name)
            piece = path.with_suffix("").as_posix()
            if pieces.setdefault(piece, where) != where:
                raise ValueError(f"{where}: file {name!r} was named before, {pieces[piece]}")
            path = path if path.suffix.lower() in MIDI_SUFFIXES else path.with_suffix(".mid")
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            try:
                found = find_midi(roots, where, name)
                if found.suffix.lower() in MIDI_SUFFIXES:
                    shutil.copyfile(found, new / path)
                else:
                    score_export.write_midi(found, new / path)
            except ValueError as error:
                faults[name] = str(error)
                if len(faults) == REFUSED:
                    break
                continue
            index.append({"file": path.as_posix(), **facts})
        _refuse(faults)
        check_ids(corpus, [row["file"] for row in index])
        json_tsv.write_records(new / "index.tsv", index)


def _refuse(faults: Mapping[str, str]) -> None:
    """Raise ValueError if there are faults, by file: with the first, and the names of a few more;
    if there are more, all are printed, for the log."""
    if not faults:
        return
    (_, first), *others = faults.items()
    if others:
        print("\n".join(faults.values()))
        names = ", ".join(repr(name) for name, _ in others[:NAMED])
        names += ", ..." if len(others) > NAMED else ""
        least = "at least " if len(faults) == REFUSED else ""
        files = "file is" if len(others) == 1 else "files are"
        first += f"; {least}{len(others)} more {files} refused, {names}: the log says why"
    raise ValueError(first)
