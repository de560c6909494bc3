"""Draw the token map of one task and seed: which row of the text table each symbol gets."""

from pathlib import Path

import numpy as np

from seqtransfer import seeds
from seqtransfer.files import atomic, json_tsv
from seqtransfer.study import jobs
from seqtransfer.tokens.token_maps import token_map
from seqtransfer.tokens.vocabulary import Vocabulary, WordPieces


def main(
    *, task: str, seed: int, facts: Path, encoder: Path, settings: dict, token_map_path: Path
) -> None:
    """settings: `kind` and perhaps `shift` and `specials`, the task's `token_map`."""
    vocabulary = Vocabulary(tuple(json_tsv.read_json(facts)["symbols"]))
    generator = seeds.generator(seed, task, "map")
    rows = token_map(vocabulary, WordPieces(encoder).rows(), generator, **settings)
    with atomic.atomic(token_map_path) as temporary:
        np.save(temporary, rows)
    print(f"{len(vocabulary.symbols)} symbols of {task}, {settings}, seed {seed}")


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            task=snakemake.wildcards.task,
            seed=int(snakemake.wildcards.seed),
            facts=Path(snakemake.input.task),
            encoder=Path(snakemake.input.encoder).parent,
            settings=snakemake.params.settings,
            token_map_path=Path(snakemake.output.token_map),
        )
