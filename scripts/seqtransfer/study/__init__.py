"""What a study asks for, and what is recorded of it: the room that the Snakefile itself uses.

In: the configuration.
Out: refusals with a remedy, estimates, code digests, progress, logs, digests of results.

planning: from a study file to the checked and completed study, all checks in their order.
schemas: checks types and ranges of keys, which workflow/schemas declares: begin there to add a key.
key_places: says of a key in the wrong place where it stands.
formats: kinds of text that a schema may ask for, such as a path inside of a source.
configuration: checks names and keys that must fit each other, and fills in what is absent;
    task_checks, artificial_checks: those of a task, of an artificial corpus; soft_starts: which
    arms are some, and the texts that they need; zero_shot_checks: the tasks that encoders are to
    know before any fine-tuning.
wanted_encoders: whether the encoders can do what the study asks of them.
settings_tables: checks the table of settings that a study names.
defaults: reads a study file and merges it over `config.yaml`.
local_sources: checks sources that lie on this machine, and sees when they change.
provenance: code digests, which decide whether a changed function reruns a job.
peak_memory: of a process; machine: memory of all jobs, and what its processor does.
study_records: what made a study, for its page; used_configuration: its configuration there.
unfinished: what of a study is done, failed or missing.
refusals: a mistake of a study ends Snakemake in one line; study_files: of a file that is no YAML,
    before Snakemake reads it.
costs: what a job takes in seconds and bytes, from the study alone.
durations: what finished jobs of this folder say of its speed.
estimate: what a study takes, as ranges.
progress: how far a run is, and what is left.
terminal: what a run says, from Snakemake's events; failures: what it says of jobs that failed;
    notes: of arms that test no claim, and of tasks that came out smaller than asked for.
jobs: what every job does around its own work.
logs: one log a job.
cards: which GPU a job computes on, where a machine has several.
liveness: jobs end with their Snakemake; locks of a killed one are removed.
digests: what a study's files were when they were written.
"""
