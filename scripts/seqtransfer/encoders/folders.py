"""An encoder of the catalogue -> its house folder: what every job loads, offline.

The folder holds `config.json` and `model.safetensors` (the bare encoder as transformers calls its
tensors, without head, float32), the tokenizer's files of a text encoder, and `encoder.json`: facts
of the encoder, where it comes from, and the sha256 of each file.
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

from seqtransfer.encoders import loading
from seqtransfer.encoders.loading import Facts, State
from seqtransfer.files import atomic, checksums, json_tsv
from seqtransfer.tokens import vocabulary

TOKENIZER = ("tokenizer.json", "vocab.txt")
# In the configuration of a checkpoint, but about how it was saved or decoded, not what it is.
PASSING = ("_name_or_path", "architectures", "torch_dtype", "transformers_version")
UNUSED = ("pooler.", "contact_head.")  # parts that many checkpoints lack and few jobs need


@dataclass(frozen=True)
class Encoder:
    """A bare encoder in memory. symbols: name -> row of the embedding table for encoders of other
    domains than text, special tokens under the names of `vocabulary.SPECIALS`; None for text."""

    config: dict
    state: State
    symbols: Mapping[str, int] | None = None


def read(folder: Path, *, symbols: bool = False) -> Encoder:
    """The bare encoder of a folder that holds a transformers model.

    symbols: whether `vocab.txt` lists symbols of a domain, one a line in the order of rows.
    Raises ValueError if a file is missing, the weights are not safetensors (others can run code
    when they are loaded), the model brings code of its own, or tensors are missing or misshapen.
    """
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder}: no config.json; check `folder:` of the encoder")
    if not list(folder.glob("model*.safetensors")):
        raise ValueError(
            f"{folder}: no model.safetensors. Other weights, such as pytorch_model.bin, are pickles"
            ", which can run code when loaded: convert them where you trust them "
            "(`AutoModel.from_pretrained(...).save_pretrained(...)`), or pick a revision that has "
            "safetensors"
        )
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        model, found = transformers.AutoModel.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are looked at below, and named
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
        for name, tensor in model.state_dict().items()
        if name not in found["missing_keys"] and not name.startswith("contact_head.")
    }
    names = listed(folder / "vocab.txt") if symbols else None
    return Encoder(plain(model.config), state, names)


def plain(config: transformers.PretrainedConfig) -> dict:
    """A configuration as its file has it, with every key, set or not."""
    return json.loads(config.to_json_string(use_diff=False))


def listed(path: Path) -> dict[str, int]:
    """Symbol -> row for a file of one symbol a line, special tokens under our names.

    Raises ValueError if there is no such file or a symbol comes twice.
    """
    if not path.is_file():
        raise ValueError(f"{path}: not there; it lists the symbols of the encoder, one a line")
    names = path.read_text(encoding="utf-8").splitlines()
    rows = {name: row for row, name in enumerate(names)}
    if len(rows) != len(names):
        twice = next(name for row, name in enumerate(names) if rows[name] != row)
        raise ValueError(f"{path}: {twice!r} stands there twice")
    return vocabulary.renamed(rows)


def write(
    folder: Path, name: str, encoder: Encoder, origin: dict, revision: str | None, tokenizer: Path
) -> None:
    """Write the house folder, whole or not at all.

    origin, revision: where the encoder comes from and of which commit, for `encoder.json`;
    tokenizer: the folder whose tokenizer files are copied if this is an encoder of text.
    Raises ValueError if transformers cannot run the state, or a text encoder has no tokenizer.json.
    """
    facts = facts_of(encoder)
    with atomic.whole_folder(folder) as new:
        config = {key: value for key, value in encoder.config.items() if key not in PASSING}
        json_tsv.write_json(new / "config.json", config | {"dtype": "float32"})
        save_file(
            {key: tensor.float().contiguous() for key, tensor in encoder.state.items()},
            new / "model.safetensors",
        )
        # safetensors lets nobody else read its files.
        shutil.copymode(new / "config.json", new / "model.safetensors")
        record = {"name": name, **asdict(facts), "source": origin, "revision": revision}
        record["parameters"] = sum(tensor.numel() for tensor in encoder.state.values())
        if encoder.symbols is None:
            _copy_tokenizer(tokenizer, new, name)
        else:
            record["symbols"] = dict(encoder.symbols)
        wanted = checksums.Checksums((("sha256", ""),))
        record["files"] = {
            path.name: dict(checksums.measured(path, wanted).digests)["sha256"]
            for path in sorted(new.iterdir())
        }
        json_tsv.write_json(new / "encoder.json", record)
    print(json.dumps({**record, "symbols": len(encoder.symbols or ())}, indent=2))


def facts_of(encoder: Encoder) -> Facts:
    """The facts of an encoder, from the model that its configuration and state make.

    Raises ValueError if they do not make one.
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
        # Where positions count from the padding's id, the table has a row for padding (RoBERTa).
        padding = getattr(module, "padding_idx", None)
        if part.endswith("position_embeddings") and padding is not None:
            first = padding + 1
    return Facts(
        family=config.model_type,
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        vocabulary=len(table),
        table=name,
        positions=config.max_position_embeddings - first,
        first_position=first,
        token_types=getattr(config, "type_vocab_size", 0) > 1,
        pooler=pooler,
    )


def _copy_tokenizer(origin: Path, folder: Path, name: str) -> None:
    for file in TOKENIZER:
        if (Path(origin) / file).is_file():
            shutil.copyfile(Path(origin) / file, folder / file)
    if not (folder / "tokenizer.json").exists():
        raise ValueError(
            f"{origin}: no tokenizer.json, so no text can be cut into the word pieces of {name}. "
            "Make it with `AutoTokenizer.from_pretrained(...).save_pretrained(...)`, name another "
            "encoder that has it (`tokenizer: <name>`), or say `symbols: true` if vocab.txt lists "
            "the symbols of another domain"
        )
