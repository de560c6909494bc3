"""Reference pages made from schemas and registries: python docs/reference_pages.py"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "scripts"))

from seqtransfer.corpora.converters import CONVERTERS, LAYOUTS  # noqa: E402
from seqtransfer.encoders import arm_descriptions, initializations  # noqa: E402
from seqtransfer.encoders.controls import CONTROLS  # noqa: E402
from seqtransfer.report import register  # noqa: E402
from seqtransfer.report.register import ratio  # noqa: E402
from seqtransfer.report.register.entries import Table  # noqa: E402
from seqtransfer.similarity.measures import MEASURES  # noqa: E402
from seqtransfer.tokens.tokenizations import OPTIONS, TOKENIZATIONS  # noqa: E402


def pages(root: Path) -> dict[str, str]:
    """Name below `docs` -> text, of every generated page of the checkout `root`."""
    schemas = root / "workflow/schemas"
    return {
        "reference/configuration.md": configuration(schemas / "config.schema.yaml"),
        "reference/catalogue.md": catalogue(schemas / "catalogue.schema.yaml"),
        "reference/arms.md": arms(),
        "reference/measures.md": measures(),
        "reference/converters.md": converters(),
        "reference/tokenizations.md": tokenizations(),
        "reference/tables.md": tables(),
        "reference/figures.md": figures(),
        "reference/api.md": api(root / "scripts"),
    }


def rows(header: tuple[str, ...], lines: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table."""
    texts = [header, ("---",) * len(header), *lines]
    cells = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in texts)
    return "\n".join(f"| {line} |" for line in cells) + "\n"


def keys(schema: Mapping, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """(key, type and range, description) of every key of a schema, nested ones with dots."""
    for name, known in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        yield f"`{key}`", kind(known), " ".join(str(known.get("description", "")).split())
        yield from keys(known, f"{key}.")
        if isinstance(known.get("additionalProperties"), Mapping):
            yield from keys(known["additionalProperties"], f"{key}.<name>.")


def kind(known: Mapping) -> str:
    """Type, range, choices and default of a key, in words."""
    words = ["name" if "$ref" in known else str(known.get("type", ""))]
    if "enum" in known:
        words = ["one of " + ", ".join(f"`{value}`" for value in known["enum"])]
    if "anyOf" in known:
        words = [" or ".join(kind(part) for part in known["anyOf"])]
    if "items" in known:
        words.append(f"of {kind(known['items'])}")
    limits = {
        "minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"
    }  # fmt: skip
    words += [f"{word} {known[key]:,}" for key, word in limits.items() if key in known]
    if known.get("default") not in (None, [], {}):
        words.append(f"(default `{known['default']}`)")
    return " ".join(filter(None, words))


def configuration(path: Path) -> str:
    """Every key of a study file."""
    schema = yaml.safe_load(path.read_text())
    return (
        "# Configuration\n\nEvery key of a study file, from `workflow/schemas/config.schema.yaml`."
        " `config.yaml` is the default study; a study file has only the keys that differ. Maps are"
        " merged key by key, lists are replaced, and `null` takes a default away. Unknown keys are"
        " refused before any job runs.\n\n" + rows(("key", "value", "meaning"), keys(schema))
    )


def catalogue(path: Path) -> str:
    """Every key of the catalogue."""
    schema = yaml.safe_load(path.read_text())
    text = "# Catalogue\n\nWhat each source, encoder, task and artificial corpus is: the keys of"
    text += " `workflow/catalogue.yaml` and `paper_catalogue.yaml`, and of `catalogue:` in a study"
    text += " file.\n"
    for name, part in schema["properties"].items():
        entries = keys(part["additionalProperties"])
        text += f"\n## {name}\n\n" + rows(("key", "value", "meaning"), entries)
    return text


def arms() -> str:
    """The table of initializations."""
    lines = (
        (f"`{initializations.form(name)}`", known.pretrained, known.fresh)
        for name, known in arm_descriptions.DESCRIPTIONS.items()
    )
    return (
        "# Arms and controls\n\nInitializations, from nothing to everything known beforehand. All"
        " arms of a task and seed share token map, classifier head and batch order, so their"
        " differences are paired. Whatever an arm does not take from pretraining is fresh: the draw"
        " of `random` at that seed, tensor by tensor.\n\n"
        + rows(("arm", "pretrained", "fresh"), lines)
        + "\n" + soft_starts() + "\n" + in_part() + "\n" + ADAPTATIONS + "\n" + controls()
    )  # fmt: skip


def soft_starts() -> str:
    """The table of soft starts, and how sequences are aligned."""
    lines = (
        (f"`from-{name}`", known.pretrained, known.fresh)
        for name, known in arm_descriptions.SOFT_STARTS.items()
    )
    return "## Soft starts\n\n" + rows(("arm", "pretrained", "fresh"), lines) + "\n" + ALIGNED


ALIGNED = """`align: {...}` of a study says how. A sequence is a point, the mean of its tokens'
embeddings as the first layer reads them; the texts are the training part of a task of texts, each
word piece with its own embedding. What falls is the distance of data sets (Alvarez-Melis and Fusi
2020): exact optimal transport, where a point costs its own way and that between its class and the
class it is carried to. A regression has no classes, and those of tokens are not of sequences: there
the points alone are compared. No dev or test row is read.

Every seed is aligned from its own token map, so that the arm and `text` differ in the symbols'
embeddings alone. `summary.json` beside the weights has the squared distance before and after, and,
to read them by, that between two halves of the texts. Points aligned in batches lie closer together
than texts do, so that the distance after may be below it.
"""


def in_part() -> str:
    """How an arm is taken in part."""
    wholes = [name for name, known in initializations.INITIALIZATIONS.items() if known.on_sequences]
    named, parts = (
        ", ".join(f"`{name}`" for name in names)
        for names in (map(initializations.form, wholes), initializations.PARTS)
    )
    return (
        "## Arms taken in part\n\nOf an arm pretrained on sequences, one part alone may be taken;"
        f" the rest is fresh. Write one of {parts} after one of {named} and a dash:"
        " `from-zipf-attention-only` has the attention of `from-zipf`. One pretraining serves the"
        " whole and its parts. A corpus whose own name ends in a part cannot be named.\n"
    )


def controls() -> str:
    """The table of controls."""
    lines = ((f"`{name}`", known.description, known.pooling) for name, known in CONTROLS.items())
    return (
        "## Controls\n\n`controls: [...]` of a study trains networks without an encoder beside its"
        " arms: with the study's budget, patience and sweep, and embeddings of the encoder's width."
        " They stand in scores and timings, and in the tables `control_runs` and `without_encoder`."
        " No claim and no similarity is about them.\n\n"
        + rows(("control", "what", "pooling"), lines)
    )


ADAPTATIONS = """## Adaptations

`finetune: {adaptation: ...}` says what fine-tuning may change, in all arms alike. The classifier's
head always trains; embeddings train only under `full`, the default. A learning rate suits one
adaptation: set `settings: sweep`, too.

| adaptation | trains, of the encoder |
|---|---|
| `full` | everything |
| `probe` | nothing |
| `layernorm` | every LayerNorm; as FPT (Lu et al. 2021) without its new input layer and positions |
| `bias` | every bias (BitFit) |
| `lora` | low-rank additions to query and value projections, in GPT-2 and ModernBERT to keys, \
too; `lora: {rank: 8, alpha: 16}` |
| `last-<layers>` | so many layers from the top, and the pooler |
"""


def measures() -> str:
    """The table of measures."""
    lines = (
        (
            f"`{name}`",
            measure.title,
            ", ".join(sorted(measure.left)),
            ", ".join(sorted(measure.right)),
            f"{measure.low:g} to {measure.high:g}",
        )
        for name, measure in MEASURES.items()
    )
    header = ("measure", "what", "ignores, left", "ignores, right", "range")
    return (
        "# Measures of similarity\n\n`compare: {measures: [...]}` in a study names any of these"
        " but the distances, which are small where encoders are alike: "
        + ", ".join(f"`{name}`" for name, measure in MEASURES.items() if measure.distance)
        + ". The columns `ignores` list changes to the neurons of one side that leave the score as"
        " it is; tests check each. [Reading similarities](../guides/similarity.md) says what a"
        " score means, [contributing](../contributing.md) how to add a measure.\n\n"
        + rows(header, lines)
    )


def converters() -> str:
    """The table of converters, and the options of each that has some."""
    lines = ((f"`{name}`", ", ".join(c.formats)) for name, c in CONVERTERS.items())
    text = (
        "# Converters\n\nHow the files of a source become a corpus: `converter:` of a task. Those"
    )
    text += " with options read anyone's data; the others know one package or archive.\n\n"
    text += rows(("converter", "writes"), lines)
    for name, layout in LAYOUTS.items():
        table = rows(("key of `layout`", "value", "meaning"), keys(layout))
        text += f"\n## Options of `{name}`\n\n{table}"
    return text


def tokenizations() -> str:
    """The table of tokenizations."""
    options = {
        name: "; ".join(f"`{key}`: {one['description']}" for key, one in known.keys.items())
        for name, known in OPTIONS.items()
    }
    lines = (
        (f"`{name}`", ", ".join(known.formats), options.get(name, ""))
        for name, known in TOKENIZATIONS.items()
    )
    return (
        "# Tokenizations\n\n`tokens: {kind: ...}` of a task says how a sequence becomes tokens; its"
        " symbols when absent. Texts are always split into the encoder's word pieces.\n\n"
        + rows(("kind", "for formats", "options"), lines)
        + "\n" + TOKENS
    )  # fmt: skip


TOKENS = """With `kmers`, symbols that no whole window holds become one shorter token at the end,
so nothing is lost. `bpe` learns its merges from training sequences alone; every symbol of the
corpus is a token, too, so that any sequence can be written. `intervals` writes two tokens for
every note but the first: the interval to the note before it in semitones, and its pitch.
"""


def tables() -> str:
    """The data dictionary."""
    text = (
        "# Tables\n\nEvery table of a report, `results/{study}/report/tables/{table}.csv` (of"
        " timings, `results/{study}/report/timings.csv`), column by column. An arm is in"
        " `initialization`; two arms that are compared are `left` and `right`. Tables marked *to"
        " read* are there as Markdown, LaTeX and HTML, too: in words and rounded.\n"
    )
    text += "".join(dictionary("##", name, table) for name, table in register.TABLES.items())
    text += (
        "\n## Amount of data\n\nThe rule `data_ratio` joins finished studies in"
        " `results/{study}/data-ratio/{table}.csv`.\n"
    )
    return text + "".join(dictionary("###", name, table) for name, table in ratio.TABLES.items())


def dictionary(heading: str, name: str, table: Table) -> str:
    """A table, column by column."""
    columns = ((f"`{column}`", meaning) for column, meaning in table.columns.items())
    marked = "*To read.* " if table.readable else ""
    text = f"\n{heading} {name}\n\n{marked}{table.caption}\n\n"
    return text + rows(("column", "meaning"), columns)


def figures() -> str:
    """Every figure with its caption."""
    text = (
        "# Figures\n\nEvery figure of a report, `results/{study}/report/figures/{figure}.svg`, and"
        " the same as `.pdf` and `.png`. `figures: {width: column}` in a study draws them for the"
        " column of a paper, `slide` for a slide, `page` (the default) for a page: type keeps the"
        " size of its place. Those marked *on request* are drawn where they are named:"
        " `snakemake --cores all -- results/default/report/figures/maps.svg`.\n"
    )
    for name, figure in register.FIGURES.items():
        marked = "*On request.* " if figure.on_request else ""
        text += f"\n## {name}\n\n{marked}{figure.caption}\n"
    return text


def api(scripts: Path) -> str:
    """The public functions of every module of the library."""
    names = sorted(
        ".".join(path.relative_to(scripts).with_suffix("").parts).removesuffix(".__init__")
        for path in (scripts / "seqtransfer").rglob("*.py")
    )
    text = "# The library\n\nShapes, units and errors of every public function, room by room.\n"
    for name in names:
        depth = "##" if name.count(".") < 2 else "###"
        options = "" if name == "seqtransfer" else ":members:\n"
        text += f"\n{depth} {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   {options}```\n"
    return text


if __name__ == "__main__":
    for name, text in pages(DOCS.parent).items():
        (DOCS / name).write_text(text)
