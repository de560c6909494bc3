"""Write the folder of one encoder of the catalogue, which every job loads offline."""

from pathlib import Path

from seqtransfer.encoders import encoder_check, encoder_folders, hub, package_formats
from seqtransfer.files import folder_digests, json_tsv
from seqtransfer.study import jobs


def main(
    *,
    name: str,
    record: dict,
    source: Path | None,
    digests: Path | None,
    tokenizer: Path | None,
    demands: dict,
    folder: Path,
) -> None:
    """source, digests: folder of the unpacked source, and what its files were when it was brought
    here; None for an encoder of the hub; tokenizer: folder of
    the encoder whose word pieces this one uses, None for its own; demands: what the
    study asks of it, as `encoder_check.check` takes it."""
    if source:
        folder_digests.check(source, digests)
        origin, revision = source / record.get("folder", "."), None
    else:
        origin, revision = hub.fetch(record["hub"], record["revision"], hub.LOCK)
    if "conversion" in record:
        encoder = package_formats.CONVERSIONS[record["conversion"]](origin)
    else:
        encoder = encoder_folders.read(origin, symbols=record.get("symbols", False))
    encoder_folders.write(folder, name, encoder, record, revision, tokenizer or origin)
    encoder_check.check(f"encoder {name!r}", json_tsv.read_json(folder / "encoder.json"), **demands)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], [Path(snakemake.output.facts).parent]):
        main(
            name=snakemake.wildcards.encoder,
            record=snakemake.params.record,
            source=Path(snakemake.input.source) if snakemake.input.source else None,
            digests=Path(snakemake.input.digests) if snakemake.input.digests else None,
            tokenizer=(
                Path(snakemake.input.tokenizer).parent if snakemake.input.tokenizer else None
            ),
            demands=snakemake.params.demands,
            folder=Path(snakemake.output.facts).parent,
        )
