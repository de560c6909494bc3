"""Whether an encoder has the layers and positions that a study asks for, and can do what it asks.

Checked when a study is planned, of an encoder folder that exists or by the catalogue's `shape`;
otherwise by the job that makes the folder.
"""

import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path

from seqtransfer.encoders.tensor_roles import DECODERS, FAMILIES, WITHOUT_BIASES
from seqtransfer.files import checksums

# Keys of a configuration for layers and heads: those of `loading`, which a study is planned
# without, since it takes torch. (They stand there too, since a job's digest sees where they are.)
DEPTHS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
HEADS = ("num_attention_heads", "n_heads", "n_head", "num_heads")


def check(
    where: str,
    facts: Mapping,
    layers: int | None,
    lengths: Mapping[str, int],
    text: bool = False,
    domain: bool = False,
    **asked,
) -> None:
    """Raise ValueError, beginning with `where`, if an encoder has too few layers or positions,
    stands in the wrong place, or is of a family that cannot do what the study asks.

    facts: its `encoder.json`; layers: how many the study uses, None for all; lengths: task or
    artificial corpus -> tokens of its longest sequence, with [CLS] and [SEP]; text, domain:
    whether it is the study's encoder, whose word pieces symbols stand for, and whether it is the
    encoder of a domain, whose symbols are the task's; asked: the rest, as `check_family` takes it.
    RoBERTa's table of 514 rows has 512 positions: tokens never get the other two.
    """
    if text and "symbols" in facts:
        raise ValueError(
            f"{where} knows symbols of a domain, no word pieces: it cannot be the study's encoder;"
            " name it by `domain_encoders: {<task>: <encoder>}`"
        )
    if domain and "symbols" not in facts:
        raise ValueError(
            f"{where} knows word pieces, no symbols of a domain: it cannot be in `domain_encoders`;"
            " name it by `encoder: {name: <encoder>}`, or write `symbols: true` in the catalogue"
        )
    check_family(where, facts, **asked)
    check_layers(where, facts["layers"], layers)
    for name, length in lengths.items():
        if length > facts["positions"]:
            raise ValueError(
                f"{where} has {facts['positions']} positions, sequences of {name!r} have {length}:"
                " lower `max_length` of the task, or `length` of the artificial corpus, or take"
                " another encoder"
            )


def check_files(folder: Path, digests: Mapping[str, str]) -> None:
    """Raise ValueError if a file of an encoder's folder is not as it was written.

    digests: name -> sha256, `files` of its `encoder.json`. All bytes are read.
    """
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file() or checksums.sha256(path) != digest:
            fate = "was altered" if path.is_file() else "is missing"
            raise ValueError(
                f"{path} {fate} since the encoder was made; delete {folder} and rerun: it is made"
                " anew, and so are the results that rest on it"
            )


def check_shape(where: str, shape: Mapping, **asked) -> None:
    """`check` of an encoder that is not there, by its `family` and `layers`, if known."""
    if "family" in shape:
        keys = ("poolings", "pretrained", "adaptation", "first")
        check_family(where, shape, **{key: asked[key] for key in keys if key in asked})
    if "layers" in shape:
        check_layers(where, shape["layers"], asked["layers"])


def checkpoint_configuration(folder: Path) -> dict:
    """The `config.json` of a folder that holds a transformers model.

    Raises ValueError if it has none, if there are no safetensors (other weights can run code when
    they are loaded), or if the model needs code of its own.
    """
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder}: no config.json; check `folder:` of the encoder")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{folder / 'config.json'} is no JSON: {error}; correct it") from error
    if "auto_map" in config:
        raise ValueError(
            f"{folder}: config.json names code of its own (`auto_map`), which the workflow never "
            "runs; name an encoder that transformers computes itself, or, if it computes this one, "
            "too, delete `auto_map` from a copy of the folder and name that as a source"
        )
    if not list(folder.glob("model*.safetensors")):
        raise ValueError(
            f"{folder}: no model.safetensors. Other weights, such as pytorch_model.bin, are pickles"
            ", which can run code when loaded: convert them where you trust them "
            "(`AutoModel.from_pretrained(...).save_pretrained(...)`), or pick a revision that has "
            "safetensors"
        )
    return config


def check_family(
    where: str,
    facts: Mapping,
    poolings: Collection[str] = (),
    pretrained: Collection[str] = (),
    adaptation: str = "full",
    first: int = 0,
) -> None:
    """Raise ValueError, beginning with `where`, if nobody described the tensors of the family, or
    if it cannot do what the study asks.

    facts: `family`, and `own_layers` or `layers`, where these are known; poolings: those that the
    study may use; pretrained: the corpora that it pretrains the architecture on;
    adaptation: what fine-tuning trains; first: the most layers that an arm `first-<layers>` takes.
    """
    family = facts["family"]
    if family not in FAMILIES:
        raise ValueError(
            f"{where} is of family {family!r}; known: {', '.join(FAMILIES)}. To add one, describe "
            "its tensor names in seqtransfer/encoders/tensor_roles.py"
        )
    if family in DECODERS and "first" in poolings:
        raise ValueError(
            f"{where} is a decoder, {family}: position 0 sees nothing after it; set "
            "`sweep: {poolings: [mean, last]}`"
        )
    if family in DECODERS and pretrained:
        raise ValueError(
            f"{where} is a decoder, {family}, which masked-language modelling cannot pretrain (on"
            f" {', '.join(pretrained)}); leave out arms `domain`, `checkpoint-*` and `from-*`, or "
            "name a pretrained one, `domain_encoders: {<task>: <encoder>}`"
        )
    if adaptation == "bias" and not facts.get("biases", family not in WITHOUT_BIASES):
        raise ValueError(
            f"{where} is of family {family!r}, without biases, so that finetune.adaptation: bias"
            " would train nothing of it; set `finetune: {adaptation: layernorm}` or another"
        )
    last = int(adaptation.removeprefix("last-")) if adaptation.startswith("last-") else 0
    own = facts.get("own_layers", facts.get("layers", math.inf))
    for key, number in (
        (f"finetune.adaptation: {adaptation}", last),
        (f"arm first-{first}", first),
    ):
        if number > own:
            raise ValueError(
                f"{where} has {own} layers with weights of their own, fewer than {key} names; lower"
                " the number"
            )


def check_layers(where: str, there: int, asked: int | None) -> None:
    """Raise ValueError, beginning with `where`, if a study asks for more layers than there are."""
    if asked is not None and asked > there:
        raise ValueError(
            f"{where} has {there} layers, encoder.layers asks for {asked}; set"
            f" `encoder: {{layers: {there}}}` or fewer"
        )


def check_heads(heads: int | None, other: int | None, encoder: str, task: str) -> None:
    """Raise ValueError if heads of the study's encoder are to be matched with those of the encoder
    of `task`'s domain, which has another number; None: not known yet."""
    if None not in (heads, other) and heads != other:
        raise ValueError(
            f"compare.attention: heads are matched one to one, but the study's encoder has {heads}"
            f" and {encoder!r}, domain_encoders.{task}, has {other}; drop `attention`, or name an"
            " encoder with as many"
        )
