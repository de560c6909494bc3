"""Source files, by label -> windows of lexical tokens, without the names that somebody chose."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqtransfer.corpora import layouts
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.symbol_tables import write_symbols
from seqtransfer.corpora.text_files import UTF8, check_text, matching, open_text

if TYPE_CHECKING:  # imported where source files are read
    from pygments.lexer import Lexer

NEWLINE = "Newline"


@dataclass(frozen=True)
class Options:
    """The keys of `layout`, described in LAYOUT."""

    files: Mapping[str, str]
    window: int
    encoding: str = UTF8


LAYOUT = layouts.schema(
    Options,
    {
        "files": {
            "description": "Names of the files of each label, a pattern such as project/**/*.py,"
            " from the top folder or, where that finds none, from any",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": layouts.file("Pattern of paths"),
        },
        "window": {
            "description": "Lexical tokens of an example; a file's windows stay together",
            "type": "integer",
            "minimum": 2,
            "maximum": 510,
        },
        **layouts.TEXT_FILE,
    },
    required=["files", "window"],
)


def convert(folder: Path, corpus: Path, options: Options) -> None:
    """Source files in any language that Pygments knows by their name -> symbols.

    Where several languages have a suffix, as Perl and Prolog have .pl, the files of one folder and
    suffix are read as that which fits their texts best; the log counts files by language.
    An example is `window` tokens side by side; what is left of a file at its end is dropped. Its
    group is the file. Keywords, operators and built-in names are symbols as they stand. Names and
    literals are symbols by their kind, such as `Name.Function` or `String`, and so is whatever else
    a lexer finds; comments, lines for a preprocessor and indentation are none.
    Raises ValueError naming the file for bytes that are no text or a language that is not known,
    and for a label without files.
    """
    write_symbols(corpus, windows(folder, options))


def lexer_of(paths: Sequence[Path], options: Options) -> "Lexer":
    """The lexer of files of one suffix. Where several languages have it, that which fits their
    texts best, taken together, so that a short file gets no other one than those beside it.

    Raises ValueError naming the file for bytes that are no text.
    """
    from pygments.lexers import get_lexer_for_filename

    lexer = _by_name(paths[0])
    fits, found = {lexer.name: 0.0}, {lexer.name: lexer}
    for path in paths:
        text = _text(path, options)
        lexer = get_lexer_for_filename(path.name, code=text)
        found[lexer.name] = lexer
        fits[lexer.name] = fits.get(lexer.name, 0.0) + lexer.analyse_text(text)
    return found[max(fits, key=fits.get)]  # where nothing fits, the first: that of the name


def _kind(path: Path) -> tuple[Path, str, str]:
    """What files of one lexer have in common: folder, suffix, and what their name alone says."""
    return path.parent, path.suffix, _by_name(path).name


def _by_name(path: Path) -> "Lexer":
    """The lexer of a name alone. Raises ValueError for one that no lexer knows."""
    from pygments.lexers import get_lexer_for_filename
    from pygments.util import ClassNotFound

    try:
        return get_lexer_for_filename(path.name)
    except ClassNotFound as error:
        raise ValueError(f"{path}: Pygments knows no language of files of this name") from error


def _text(path: Path, options: Options) -> str:
    with open_text(path, options.encoding) as file:
        text = file.read()
    check_text(str(path), text, options.encoding)
    return text


def symbols(text: str, lexer: "Lexer") -> list[str]:
    """The lexical tokens of a source file."""
    from pygments import token

    plain = (token.Keyword, token.Operator, token.Punctuation)
    plain += (token.Name.Builtin, token.Name.Exception)
    found = []
    for kind, value in lexer.get_tokens(text):
        if kind in token.Comment or kind in token.Text:
            if "\n" in value and found and found[-1] != NEWLINE:
                found.append(NEWLINE)
        elif any(kind in one for one in plain):
            found += value.split()
        else:
            name = "String" if kind in token.String else str(kind).removeprefix("Token.")
            # A string is several tokens of a lexer, but one of ours.
            if name != "String" or found[-1:] != [name]:
                found.append(name)
    return found


def windows(folder: Path, options: Options) -> Iterator[Example]:
    """The windows of every file. Raises ValueError as `convert` does."""
    files = {}
    for key, pattern in options.files.items():
        label = str(key)  # YAML reads 0 as a number
        files[label] = matching(folder, pattern)
        if not files[label]:
            raise ValueError(f"{folder}: no file matches {pattern!r}, the files of {label!r}")
    labels: dict[Path, str] = {}
    for label, paths in files.items():
        for path in paths:
            if labels.setdefault(path, label) != label:
                raise ValueError(
                    f"{path}: is among the files of {labels[path]!r} and of {label!r}; narrow one"
                    " of their patterns"
                )
    beside: dict[tuple, list[Path]] = {}
    for path in labels:
        beside.setdefault(_kind(path), []).append(path)
    lexers: dict[tuple, Lexer] = {}
    spoken: dict[str, Counter[str]] = {label: Counter() for label in files}
    short: Counter[str] = Counter()
    for label, paths in files.items():
        for path in paths:
            kind, name = _kind(path), path.relative_to(folder).as_posix()
            if kind not in lexers:  # when it is needed, since a plan reads the first files alone
                lexers[kind] = lexer_of(beside[kind], options)
            spoken[label][lexers[kind].name] += 1
            own = symbols(_text(path, options), lexers[kind])
            short[label] += len(own) < options.window
            for start in range(0, len(own) - options.window + 1, options.window):
                window = tuple(own[start : start + options.window])
                yield Example(f"{name}:{start}", window, label, name, None, place=str(path))
        if short[label] == len(paths):
            raise ValueError(
                f"{folder}: no file of {label!r} has a window of {options.window} tokens; lower"
                " `window`, or take longer files"
            )
    for label, languages in spoken.items():
        print(f"files of {label!r}, by the language they were read as: {dict(languages)}")
    print(f"files without a window of {options.window} tokens: {dict(short)}")
