"""raw -> corpora: FASTA, labelled text, and MIDI files with an index.

Reads   data/raw/{source}/, as its digests beside it say
Writes  data/corpora/{study}/{task}.fasta, {task}.tsv, {task}.symbols, {task}.midi/{index.tsv,**.mid}
        the same, under its own name, of a domain corpus that has sequences of its own
        data/corpora/{study}/{task}/{label}/{index.tsv,*.mid} where scores are exported
"""


rule convert:
    """Write a source's examples as FASTA, labels in the headers, or as a table of labelled text."""
    input:
        folders=task_source,
        digests=task_digests,
    output:
        corpus="<corpora>/{task}.{suffix}",
    log:
        "<logs>/convert/{task}.{suffix}.log",
    benchmark:
        "<logs>/benchmarks/convert/{task}.{suffix}.tsv"
    wildcard_constraints:
        task="|".join(CONVERTED),
    priority: 20
    conda:
        "../../envs/analysis.yaml"
    params:
        record=conversion,
        code=lambda wildcards: converter_digest(CONVERTED[wildcards.task]["converter"]),
    script:
        "../../scripts/convert.py"


use rule convert as convert_midi with:
    """Write a source's pieces as MIDI files with an index of their labels."""
    output:
        corpus=directory("<corpora>/{task}.midi"),
    log:
        "<logs>/convert/{task}.midi.log",
    benchmark:
        "<logs>/benchmarks/convert/{task}.midi.tsv"


rule export_music:
    """Export one composer's pieces to MIDI files, each section once."""
    input:
        folders=task_source,
        digests=task_digests,
    output:
        exported=directory("<corpora>/{task}/{composer}"),
    log:
        "<logs>/export_music/{task}/{composer}.log",
    benchmark:
        "<logs>/benchmarks/export_music/{task}/{composer}.tsv"
    wildcard_constraints:
        task="|".join(CONVERTED),
    priority: 20
    conda:
        "../../envs/analysis.yaml"
    params:
        subfolder="music21/corpus",
        pieces=exported_pieces,
        code=code_digest("export_music"),
    script:
        "../../scripts/export_music.py"
