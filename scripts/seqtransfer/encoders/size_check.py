"""Whether an encoder has enough layers and positions for a study.

Checked when a study is planned, if the encoder's folder exists; otherwise by the job that makes it.
"""

from collections.abc import Mapping


def check(where: str, facts: Mapping, layers: int | None, lengths: Mapping[str, int]) -> None:
    """Raise ValueError, beginning with `where`, if an encoder has too few layers or positions.

    facts: its `encoder.json`; layers: how many the study uses, None for all; lengths: task or
    artificial corpus -> tokens of its longest sequence, with [CLS] and [SEP]. RoBERTa's table of
    514 rows has 512 positions: tokens never get the other two.
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
