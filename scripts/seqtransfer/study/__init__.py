"""What a study asks for, and what is recorded of it: the room that the Snakefile itself uses.

In: the configuration.
Out: refusals with a remedy, code digests, progress, logs.

schemas: checks types and ranges of keys, which workflow/schemas declares: begin there to add a key.
configuration: checks names and keys that must fit each other, and fills in what is absent.
defaults: merges a study file over `config.yaml`.
provenance: code digests, which decide whether a changed function reruns a job.
progress: how far a run is.
logs: one log a job.
"""
