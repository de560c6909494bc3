"""What a study asks for, and what is recorded of it: the room that the Snakefile itself uses.

In: the configuration.
Out: refusals with a remedy, code digests, progress, logs.

configuration: names and keys that must fit.
defaults: what a study file may leave out.
schemas: types and ranges.
provenance: why a job reruns.
progress: how far a run is.
logs: one log a job.
"""
