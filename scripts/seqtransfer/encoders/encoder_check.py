"""Whether an encoder has the layers and positions that a study asks for, and can do what it asks.

Checked when a study is planned, if the encoder's folder exists; otherwise by the job that makes it.
"""

from collections.abc import Collection, Mapping

from seqtransfer.encoders.tensor_roles import DECODERS, FAMILIES


def check(
    where: str,
    facts: Mapping,
    layers: int | None,
    lengths: Mapping[str, int],
    poolings: Collection[str] = (),
    pretrained: Collection[str] = (),
    text: bool = False,
    domain: bool = False,
) -> None:
    """Raise ValueError, beginning with `where`, if an encoder has too few layers or positions, is
    of a family whose tensors nobody described, stands in the wrong place, or is a decoder that is
    asked for what only an encoder can do.

    facts: its `encoder.json`; layers: how many the study uses, None for all; lengths: task or
    artificial corpus -> tokens of its longest sequence, with [CLS] and [SEP]; poolings: those that
    the study may use; pretrained: the corpora that it pretrains the architecture on; text, domain:
    whether it is the study's encoder, whose word pieces symbols stand for, and whether it is the
    encoder of a domain, whose symbols are the task's. RoBERTa's table of 514 rows has 512
    positions: tokens never get the other two.
    """
    family = facts["family"]
    if family not in FAMILIES:
        raise ValueError(
            f"{where} is of family {family!r}; known: {', '.join(FAMILIES)}. To add one, describe "
            "its tensor names in seqtransfer/encoders/tensor_roles.py"
        )
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
    check_layers(where, facts["layers"], layers)
    for name, length in lengths.items():
        if length > facts["positions"]:
            raise ValueError(
                f"{where} has {facts['positions']} positions, task {name!r} has max_length"
                f" {length}; set `max_length: {{{name}: {facts['positions']}}}` or fewer, or take"
                " another encoder"
            )


def check_layers(where: str, there: int, asked: int | None) -> None:
    """Raise ValueError, beginning with `where`, if a study asks for more layers than there are."""
    if asked is not None and asked > there:
        raise ValueError(
            f"{where} has {there} layers, encoder.layers asks for {asked}; set"
            f" `encoder: {{layers: {there}}}` or fewer"
        )
