"""Write the learning curves of runs as TensorBoard reads them."""

from pathlib import Path

from tensorboardX import SummaryWriter

from seqtransfer.files import atomic, json_tsv
from seqtransfer.study import jobs


def main(*, histories: list[Path], folder: Path) -> None:
    """histories: `{task}/{initialization}/seed-{seed}/history.tsv` each; folder: gets the same
    folders, with one scalar a column (`dev_mcc`), over optimizer steps."""
    with atomic.whole_folder(folder) as new:
        for path in histories:
            history = json_tsv.read_table(path).set_index("step").drop(columns="examples")
            with SummaryWriter(str(new.joinpath(*path.parts[-4:-1]))) as writer:
                for name, values in history.items():
                    for step, value in values.dropna().items():
                        writer.add_scalar(name, value, step)
    print(f"{len(histories)} runs -> {folder}")


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            histories=[Path(path) for path in snakemake.input.histories],
            folder=Path(snakemake.output.folder),
        )
