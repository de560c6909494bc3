"""Keep the head of a catalogue's encoder that fills in masks: its folder does without."""

from pathlib import Path

from seqtransfer.encoders import hub, masked_heads
from seqtransfer.files import folder_digests, json_tsv
from seqtransfer.study import jobs
from seqtransfer.training import classifier


def main(
    *, record: dict, source: Path | None, digests: Path | None, facts: Path, head: Path
) -> None:
    """record: of the catalogue; source, digests: as of the encoder's folder, None for one of the
    hub; facts: `encoder.json` of that folder, whose commit the head is of, too, wherever a branch
    is by now; head: where it is written."""
    if source:
        folder_digests.check(source, digests)
        origin = source / record.get("folder", ".")
    else:
        origin, _ = hub.fetch(record["hub"], json_tsv.read_json(facts)["revision"], hub.LOCK)
    state = masked_heads.read(origin, record)
    classifier.write_weights(head, state)
    print({name: list(tensor.shape) for name, tensor in state.items()})


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            record=snakemake.params.record,
            source=Path(snakemake.input.source) if snakemake.input.source else None,
            digests=Path(snakemake.input.digests) if snakemake.input.digests else None,
            facts=Path(snakemake.input.facts),
            head=Path(snakemake.output.head),
        )
