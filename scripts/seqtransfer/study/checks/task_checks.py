"""What a task of a study may ask for: keys of the catalogue's entry that must fit each other."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path

from seqtransfer.corpora.converters import CONVERTERS, LAYOUTS, series
from seqtransfer.corpora.examples import SPLITS
from seqtransfer.corpora.text_files import suffix
from seqtransfer.scoring.task_kinds import UNLABELLED
from seqtransfer.study.checks import schemas
from seqtransfer.tokens import tokenizations
from seqtransfer.tokens.tokenizations import TOKENIZATIONS

METRICS = {
    "classification": ("mcc", "accuracy", "macro_f1", "f1"),
    "regression": ("spearman", "pearson"),
    "token_classification": ("mcc", "accuracy", "macro_f1", "f1"),
}
RULES = {
    "classification": ("stratified", "grouped", "given"),
    "regression": ("random", "grouped", "given"),
    "token_classification": ("random", "grouped", "given"),
}


# What a task is that does not say it.
UNSAID = {
    "kind": "classification",
    "tokens": {"kind": "symbols"},
    "token_map": {"kind": "permutation"},
}


def value(record: Mapping, key: str) -> str | dict:
    """What a task's record says for a key of UNSAID, or would mean by saying nothing."""
    return record.get(key, UNSAID[key])


def check(where: str, record: dict) -> None:
    """Raise ValueError, beginning with `where`, if keys of a task do not fit each other."""
    _check_kind(where, record)
    _check_converter(where, record)
    _check_label_of_series(where, record)
    _check_split(where, record)
    tokens = value(record, "tokens")
    _check_token_labels(where, record, tokens)
    _check_token_map(f"{where}.token_map", record)
    check_tokens(f"{where}.tokens", tokens, record["format"])
    _check_uses_of_tokens(where, record, tokens)


def _check_kind(where: str, record: dict) -> None:
    """Raise ValueError, beginning with `where`, if what is learned has other classes, another
    score or another split."""
    kind = value(record, "kind")
    if kind != "regression" and "classes" not in record:
        raise ValueError(f"{where}: a {kind} needs `classes`; or set `kind: regression`")
    if kind == "regression" and "classes" in record:
        raise ValueError(f"{where}: a regression has no `classes`; drop them, or `kind`")
    for key, allowed in (("metric", METRICS[kind]), ("split", RULES[kind])):
        if record.get(key, allowed[0]) not in allowed:
            raise ValueError(
                f"{where}.{key}: {record[key]!r} does not fit a {kind}; use {', '.join(allowed)}"
            )
    if record.get("metric") == "f1" and len(record["classes"]) != 2:
        raise ValueError(
            f"{where}.metric: f1 is of two classes, and there are {len(record['classes'])}; use"
            " macro_f1"
        )


def _check_converter(where: str, record: dict) -> None:
    """Raise ValueError, beginning with `where`, unless there is the converter, and it follows the
    layout and writes the format."""
    if "converter" not in record:
        raise ValueError(f"{where}: needs `converter:`, one of {', '.join(sorted(CONVERTERS))}")
    known_name(f"{where}.converter", record["converter"], CONVERTERS)
    formats = CONVERTERS[record["converter"]].formats
    if record["format"] not in formats:
        raise ValueError(
            f"{where}.format: converter `{record['converter']}` writes"
            f" {' or '.join(formats)}, not {record['format']}"
        )
    check_layout(f"{where}.layout", record["converter"], record.get("layout", {}))
    _check_one_source(where, record)


def _check_label_of_series(where: str, record: dict) -> None:
    """Raise ValueError, beginning with `where`, if it is left open which end of a line without a
    header is the number to predict: labels that are classes are known by their names."""
    layout = record.get("layout", {})
    files = [layout.get("file"), *layout.get("files", {}).values()]
    bare = [name for name in files if name and suffix(Path(name)) not in series.HEADED]
    regression = record["converter"] == "series" and value(record, "kind") == "regression"
    if regression and bare and "label" not in layout:
        raise ValueError(
            f"{where}.layout: say where in {bare[0]} the number to predict stands: `label: first`"
            " or `label: last` of each line, or the name of its column"
        )


def _check_split(where: str, record: dict) -> None:
    """Raise ValueError, beginning with `where`, if the layout lacks what the split needs, or gives
    parts that it ignores."""
    converter, layout = record["converter"], record.get("layout", {})
    if converter not in LAYOUTS:
        return
    if record.get("split") == "given":
        _check_given(where, converter, layout)
        return
    _check_no_parts(where, record, layout)
    grouped = CONVERTERS[converter].grouped or "group" in layout
    if record.get("split") == "grouped" and not grouped:
        known = "group" in LAYOUTS[converter]["properties"]
        remedy = "add it, or use" if known else f"{converter} has none; use"
        raise ValueError(
            f"{where}.split: grouped needs `group:` in the layout; {remedy}"
            f" {RULES[value(record, 'kind')][0]}"
        )


def _check_token_map(where: str, record: dict) -> None:
    """Raise ValueError, beginning with `where`, if its keys do not fit its kind, or the task."""
    mapped = value(record, "token_map")
    if mapped["kind"] != "permutation" and record["format"] != "text":
        raise ValueError(f"{where}: {mapped['kind']} is for text; use permutation")
    if (mapped.get("shift", 0) > 0) != (mapped["kind"] == "shift"):
        raise ValueError(f"{where}: `shift: <rows>` goes with kind shift, and only with it")
    if mapped["kind"] == "identity" and mapped.get("specials") == "moved":
        raise ValueError(f"{where}: identity moves no token; drop `specials`, or use another kind")


def _check_uses_of_tokens(where: str, record: dict, tokens: dict) -> None:
    """Raise ValueError, beginning with `where`, if tokens cannot be cut or compared as asked."""
    if tokenizations.is_trained(tokens) and record["truncate"] == "centre":
        raise ValueError(
            f"{where}.truncate: centre needs tokens of one width; use head, tail or ends"
        )
    if tokenizations.is_lossy(tokens) and "neighbours" in record:
        raise ValueError(
            f"{where}.neighbours: are found before {tokens['kind']} are learned, and numbers are"
            " hardly ever equal; use tokens of kind sax, or drop it"
        )


def _check_token_labels(where: str, record: dict, tokens: dict) -> None:
    """Raise ValueError, beginning with `where`, unless labels of symbols and a kind that learns
    them come together, and every symbol is one token at its place."""
    labelled = CONVERTERS[record["converter"]].labels_symbols(record.get("layout", {}))
    if value(record, "kind") != "token_classification":
        if labelled:
            raise ValueError(
                f"{where}: its layout gives every symbol a label; set `kind: token_classification`"
            )
        return
    if not labelled or record["format"] != "symbols":
        raise ValueError(
            f"{where}: a token_classification needs a label of every symbol: converter"
            " three_line, or table or parquet with format symbols and `symbol_label:` in the layout"
        )
    if tokens["kind"] != "symbols":
        raise ValueError(
            f"{where}.tokens: {tokens['kind']} are not one token a symbol, as a"
            " token_classification needs; leave out `tokens`"
        )
    if "order" in record:
        raise ValueError(
            f"{where}.order: shuffled takes symbols from their labels; leave it out of a"
            " token_classification"
        )
    broken = next((name for name in record["classes"] if " " in name or name == UNLABELLED), None)
    if broken:
        raise ValueError(
            f"{where}.classes: {broken!r} holds a space or is `{UNLABELLED}`, which stands for an"
            " unknown label; give the class another name"
        )


def _check_one_source(where: str, record: dict) -> None:
    """Raise ValueError, beginning with `where`, if scores are to be exported of several sources."""
    named = record.get("source")
    if record["converter"] == "scores" and isinstance(named, list) and len(named) > 1:
        raise ValueError(
            f"{where}.source: converter scores exports the pieces of one source; name one, or put"
            " the folders of all composers into one source of yours"
        )


def check_corpus(where: str, record: dict, served: list[dict]) -> None:
    """Raise ValueError, beginning with `where`, if a domain corpus cannot serve these tasks."""
    form, tokens = served[0]["format"], value(served[0], "tokens")
    for task in served:
        if (task["format"], value(task, "tokens")) != (form, tokens):
            raise ValueError(
                f"{where}: its tasks differ in format or tokens, so that no corpus can serve all;"
                " name one for each"
            )
    if tokenizations.is_trained(tokens):
        raise ValueError(
            f"{where}: tokens of kind {tokens['kind']} are learned from a task's own sequences;"
            " drop it from domain_corpora"
        )
    if "source" not in record:
        return
    known_name(f"{where}.converter", record["converter"], CONVERTERS)
    formats = CONVERTERS[record["converter"]].formats
    if form != record["format"] or form not in formats:
        raise ValueError(
            f"{where}: its tasks are of format {form}; the corpus says {record['format']}, and"
            f" converter `{record['converter']}` writes {' or '.join(formats)}"
        )
    check_layout(f"{where}.layout", record["converter"], record.get("layout", {}))
    _check_one_source(where, record)
    if record["converter"] == "scores" and not record.get("composers"):
        raise ValueError(
            f"{where}.composers: name those whose scores the corpus is of, such as [palestrina]"
        )
    if "apart" in record:
        _check_apart(f"{where}.apart", record["apart"], tokens)


def _check_given(where: str, converter: str, layout: dict) -> None:
    """Raise ValueError, beginning with `where`, if the layout does not give three parts."""
    known = LAYOUTS[converter]["properties"]
    if "split" not in known and "properties" not in known.get("files", {}):
        raise ValueError(f"{where}.split: {converter} gives no parts; use another split")
    files = set(layout.get("files", ())) | ({"dev"} if layout.get("dev_share") else set())
    lacking = [part for part in SPLITS if part not in files]
    if lacking and "split" not in layout:
        column = "`split:` in the layout, or " if "split" in known else ""
        raise ValueError(
            f"{where}.split: given needs {column}`files:` of train, dev and test (dev can be a"
            f" `dev_share:` of train); it lacks {', '.join(lacking)}"
        )


def _check_no_parts(where: str, record: dict, layout: dict) -> None:
    """Raise ValueError, beginning with `where`, if the layout gives parts that the split ignores:
    the task would be trained on the test part of whoever made the files."""
    by_part = "properties" in LAYOUTS[record["converter"]]["properties"].get("files", {})
    named = [key for key in ("files", "split", "dev_share") if layout.get(key)]
    if not by_part:
        named = [key for key in named if key != "files"]
    if named:
        raise ValueError(
            f"{where}.split: {record.get('split')}, but `{named[0]}` of the layout gives parts,"
            " which that would mix; write `split: given`, or leave it out of the layout"
        )


def _check_apart(where: str, apart: dict, tokens: dict) -> None:
    """Raise ValueError, beginning with `where`, if equal runs of symbols may be other tokens."""
    if tokens.get("stride", 1) > 1:
        raise ValueError(
            f"{where}: the tasks' tokens start {tokens['stride']} symbols apart, so that equal runs"
            " that begin between them have no token in common; use tokens of stride 1"
        )
    if apart.get("both_strands") and tokens["kind"] not in ("symbols", "kmers"):
        raise ValueError(
            f"{where}.both_strands: tokens of kind {tokens['kind']} have no complement; use symbols"
            " or kmers"
        )


def check_tokens(where: str, tokens: dict, form: str) -> None:
    """Raise ValueError, beginning with `where`, if a corpus of format `form` has no such tokens."""
    known_name(f"{where}.kind", tokens["kind"], TOKENIZATIONS)
    formats = TOKENIZATIONS[tokens["kind"]].formats
    if form not in formats:
        raise ValueError(f"{where}: {tokens['kind']} are for {' and '.join(formats)} tasks")
    options = tokenizations.OPTIONS.get(tokens["kind"], tokenizations.Options())
    schemas.check(tokens, options.schema(), where)
    said_of(where, options.check, tokens)


def check_layout(where: str, name: str, layout: dict) -> None:
    """Raise ValueError, beginning with `where`, if the converter cannot follow the layout."""
    if name in LAYOUTS:
        schemas.check(layout, LAYOUTS[name], where)
        said_of(where, lambda keys: CONVERTERS[name].options(**keys), layout)
    elif layout:
        raise ValueError(f"{where}: converter `{name}` takes none; found {sorted(layout)}")


def said_of(where: str, check: Callable[[dict], None], record: dict) -> None:
    """Raise ValueError, beginning with `where`, if `check` raises one for the record."""
    try:
        check(record)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def known_name(key: str, name: str, known) -> None:
    """Raise ValueError, beginning with `key`, unless `name` is among the names in `known`; the
    message lists these, and the one that was probably meant."""
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{key}: {name!r} is unknown; known: {', '.join(sorted(known))}{meant}")
