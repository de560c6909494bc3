"""Entry of the workflow: `snakemake` in this folder runs workflow/Snakefile."""


include: "workflow/Snakefile"


# Of an included file Snakemake keeps the rules, but not the default target.
workflow.default_target = rules.all.rule.name
