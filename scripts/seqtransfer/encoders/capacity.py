"""Whether an encoder is deep and long enough for a study: known before anything is trained on it.

Checked when a study is planned, if the encoder's folder is there, and else as soon as it is.
"""

from collections.abc import Mapping


def check(where: str, facts: Mapping, layers: int | None, lengths: Mapping[str, int]) -> None:
    """Raise ValueError, beginning with `where`, if an encoder has too few layers or positions.

    facts: of its `encoder.json`; layers: how many are asked for, None for all that it has; lengths:
    tokens with [CLS] and [SEP] of the longest sequence of each task or artificial corpus. Positions
    are those that tokens can have: RoBERTa's table of 514 rows has 512.
    """
    if layers is not None and layers > facts["layers"]:
        raise ValueError(
            f"{where} has {facts['layers']} layers, encoder.layers asks for {layers}; set"
            f" `encoder: {{layers: {facts['layers']}}}` or fewer"
        )
    for name, length in lengths.items():
        if length > facts["positions"]:
            raise ValueError(
                f"{where} has {facts['positions']} positions, task {name!r} has max_length"
                f" {length}; set `max_length: {{{name}: {facts['positions']}}}` or fewer, or take"
                " another encoder"
            )
