"""What a study asks for, and what is recorded of it: the room that the Snakefile itself uses.

In: the configuration.
Out: refusals with a remedy, code digests, progress, logs, digests of results.

schemas: checks types and ranges of keys, which workflow/schemas declares: begin there to add a key.
configuration: checks names and keys that must fit each other, and fills in what is absent.
defaults: merges a study file over `config.yaml`.
provenance: code digests, which decide whether a changed function reruns a job.
progress: how far a run is.
jobs: what every job does around its own work.
logs: one log a job.
liveness: jobs end with their Snakemake; locks of a killed one are removed.
digests: what a study's files were when they were written.
"""
