"""An encoder of the catalogue -> its folder, `data/encoders/{name}`, which jobs load offline.

The folder holds `config.json`; `model.safetensors`, the encoder's tensors in float32, without a
head, by the names that transformers gives them; the tokenizer files of a text encoder; and
`encoder.json`: the encoder's `Facts`, its origin, the sha256 of each file, and for planning
`parameters`, `heads`, `biases` (whether it has any) and `own_layers` (with weights of their own).
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import save_file

from seqtransfer.encoders import bert, encoder_check, loading
from seqtransfer.encoders.loading import Facts, State
from seqtransfer.encoders.tensor_roles import ENCODER_DECODERS
from seqtransfer.files import atomic, checksums, json_tsv
from seqtransfer.tokens import vocabulary
from seqtransfer.tokens.vocabulary import WordPieces

TOKENIZER = ("tokenizer.json", "vocab.txt")
FILES = {"config.json", "model.safetensors", "encoder.json", *TOKENIZER}
# Keys of a checkpoint's configuration that say how it was saved, not what it computes.
SAVING_KEYS = ("_name_or_path", "architectures", "torch_dtype", "transformers_version")
# ASSUME: of T5, whose relative positions have no end, so many as it was pretrained with.
POSITIONS = 512
UNUSED = ("pooler.", "contact_head.")  # parts that many checkpoints lack and few jobs need


@dataclass(frozen=True)
class Encoder:
    """An encoder in memory, without a head.

    symbols: symbol -> row of the embedding table, special tokens under the names of
    `vocabulary.SPECIALS`; None for an encoder of text.
    """

    config: dict
    state: State
    symbols: Mapping[str, int] | None = None


def read(folder: Path, *, symbols: bool = False) -> Encoder:
    """The encoder of a folder that holds a transformers model.

    symbols: whether `vocab.txt` lists the symbols of a domain, one per line in the order of rows.
    Raises ValueError if a file is missing, the weights are not safetensors (other formats can run
    code when loaded), the model needs code of its own, or tensors are missing or have other shapes.
    """
    folder = Path(folder)
    config = encoder_check.checkpoint_configuration(folder)
    family = config.get("model_type")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        model, found = loading.auto_class(family).from_pretrained(
            folder,
            key_mapping=loading.STACK_NAMES if family in ENCODER_DECODERS else None,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # the error below names them
        )
    except (OSError, KeyError, RuntimeError, ValueError, SafetensorError) as error:
        raise ValueError(f"{folder}: no encoder that transformers can load ({error})") from error
    lacking = [name for name in sorted(found["missing_keys"]) if not name.startswith(UNUSED)]
    if lacking or found["mismatched_keys"]:
        raise ValueError(
            f"{folder}: model.safetensors lacks {lacking[:3]} or has other shapes than config.json "
            f"says, {sorted(found['mismatched_keys'])[:3]}; get it again"
        )
    state = {
        name: tensor
        for name, tensor in loading.bare(model).state_dict().items()
        if name not in found["missing_keys"] and not name.startswith("contact_head.")
    }
    names = symbol_rows(folder / "vocab.txt") if symbols else None
    return Encoder(config_record(model.config), state, names)


def config_record(config: transformers.PretrainedConfig) -> dict:
    """The configuration as config.json holds it, with every key, defaults included."""
    return json.loads(config.to_json_string(use_diff=False))


def symbol_rows(path: Path) -> dict[str, int]:
    """Symbol -> row, from a file of one symbol per line; special tokens under our names.

    Raises ValueError if the file is missing or lists a symbol twice.
    """
    if not path.is_file():
        raise ValueError(f"{path}: not found; it must list the encoder's symbols, one per line")
    names = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    rows = {name: row for row, name in enumerate(names)}
    if len(rows) != len(names):
        twice = next(name for row, name in enumerate(names) if rows[name] != row)
        raise ValueError(f"{path}: lists {twice!r} twice; keep one line of it")
    return vocabulary.renamed(rows)


def write(
    folder: Path, name: str, encoder: Encoder, origin: dict, revision: str | None, tokenizer: Path
) -> None:
    """Write the encoder folder, whole or not at all.

    origin, revision: where the encoder comes from and its commit, for `encoder.json`; tokenizer:
    the folder whose tokenizer files are copied if this is a text encoder.
    Raises ValueError if the tensors do not fit the configuration, if a text encoder has no
    tokenizer.json, if the embedding table lacks rows of its symbols or word pieces, or if it is a
    BERT that `bert.Bert` does not compute.
    """
    facts = facts_of(encoder)
    if facts.family == bert.KINDS["model_type"]:
        try:
            bert.Config.of(encoder.config)
        except ValueError as error:
            raise ValueError(f"encoder {name}: {error}; take another encoder") from error
    with atomic.whole_folder(folder, _is_encoder) as new:
        config = {key: value for key, value in encoder.config.items() if key not in SAVING_KEYS}
        json_tsv.write_json(new / "config.json", config | {"dtype": "float32"})
        save_file(
            {key: tensor.float().contiguous() for key, tensor in encoder.state.items()},
            new / "model.safetensors",
        )
        # safetensors makes files that only their owner can read.
        shutil.copymode(new / "config.json", new / "model.safetensors")
        record = {"name": name, **asdict(facts), "source": origin, "revision": revision}
        record["parameters"] = sum(tensor.numel() for tensor in encoder.state.values())
        record["heads"] = next(config[key] for key in loading.HEADS if key in config)
        record["biases"] = any(name.endswith(".bias") for name in encoder.state)
        record["own_layers"] = config.get("num_hidden_groups", facts.layers)
        if encoder.symbols is None:
            _copy_tokenizer(tokenizer, new, name)
            _check_rows(WordPieces(new).rows(), facts, name, tokenizer / "tokenizer.json")
        else:
            record["symbols"] = dict(encoder.symbols)
            _check_rows(encoder.symbols, facts, name, tokenizer / "vocab.txt")
        wanted = checksums.Checksums((("sha256", ""),))
        record["files"] = {
            path.name: dict(checksums.measured(path, wanted).digests)["sha256"]
            for path in sorted(new.iterdir())
        }
        json_tsv.write_json(new / "encoder.json", record)
    print(json.dumps({**record, "symbols": len(encoder.symbols or ())}, indent=2))


def _is_encoder(folder: Path) -> bool:
    """Whether the folder holds only what `write` makes: Snakemake does not know of all of it."""
    return {path.name for path in folder.iterdir()} <= FILES


def facts_of(encoder: Encoder) -> Facts:
    """The facts of an encoder, read from the model that its configuration and tensors make.

    Raises ValueError if the tensors do not fit the configuration.
    """
    pooler = any(name.startswith("pooler.") for name in encoder.state)
    model = loading.build(encoder.config, pooler=pooler)
    try:
        model.load_state_dict(encoder.state)
    except RuntimeError as error:
        raise ValueError(f"the tensors do not fit the configuration: {error}") from error
    table = model.get_input_embeddings().weight
    (name,) = (name for name, parameter in model.named_parameters() if parameter is table)
    config, first = model.config, 0
    for part, module in model.named_modules():
        # RoBERTa counts positions from its padding id, and its table has a row for padding.
        padding = getattr(module, "padding_idx", None)
        if part.endswith("position_embeddings") and padding is not None:
            first = padding + 1
    return Facts(
        family=config.model_type,
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        vocabulary=len(table),
        table=name,
        positions=getattr(config, "max_position_embeddings", POSITIONS) - first,
        first_position=first,
        token_types=getattr(config, "type_vocab_size", 0) > 1,
        pooler=pooler,
    )


def _check_rows(rows: Mapping[str, int], facts: Facts, name: str, path: Path) -> None:
    last = max(rows, key=lambda symbol: rows[symbol])
    if rows[last] >= facts.vocabulary:
        raise ValueError(
            f"{path}: {last!r} stands for row {rows[last]} of the embedding table, but that of "
            f"encoder {name} has {facts.vocabulary} rows: the two are not of one model; name the "
            "encoder whose tokenizer this one was trained with, `tokenizer: <name>`"
        )


def _copy_tokenizer(origin: Path, folder: Path, name: str) -> None:
    for file in TOKENIZER:
        if (Path(origin) / file).is_file():
            shutil.copyfile(Path(origin) / file, folder / file)
    if not (folder / "tokenizer.json").exists():
        raise ValueError(
            f"{origin}: no tokenizer.json, so text cannot be split into the word pieces of {name}. "
            "Make it with `AutoTokenizer.from_pretrained(...).save_pretrained(...)`, name another "
            "encoder that has it (`tokenizer: <name>`), or write `symbols: true` if vocab.txt "
            "lists the symbols of another domain"
        )
