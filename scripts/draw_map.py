"""Draw the token map of one task and seed: which row of the text table each symbol gets."""

from pathlib import Path

import numpy as np

from seqtransfer import formats, logs, seeds
from seqtransfer.vocabulary import Vocabulary, WordPieces, token_map


def main(*, task: str, seed: int, facts: Path, encoder: Path, token_map_path: Path) -> None:
    vocabulary = Vocabulary(tuple(formats.read_json(facts)["symbols"]))
    rows = token_map(vocabulary, WordPieces(encoder).rows(), seeds.generator(seed, task, "map"))
    with formats.atomic(token_map_path) as temporary:
        np.save(temporary, rows)
    print(f"{len(vocabulary.symbols)} symbols of {task} on random rows, seed {seed}")


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            task=snakemake.wildcards.task,
            seed=int(snakemake.wildcards.seed),
            facts=Path(snakemake.input.task),
            encoder=Path(snakemake.input.encoder) / snakemake.params.encoder_folder,
            token_map_path=Path(snakemake.output.token_map),
        )
