"""A check of a finished study against the digests that its jobs recorded.

Reads   logs/{study}/**.digests.json and the files that they name
"""


rule verify:
    """Name every file of the study that was altered, is missing, or was written by no job."""
    log:
        "<logs>/verify.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        logs=lambda wildcards: workflow.pathvars.apply("<logs>"),
        results=lambda wildcards: workflow.pathvars.apply("<results>"),
        passing=lambda wildcards: workflow.pathvars.apply("<results>/representations"),
    script:
        "../../scripts/verify.py"
