"""What a study asks for, and what is recorded of it: the room that the Snakefile itself uses.

In: the configuration.
Out: refusals with a remedy, estimates, code digests, progress, logs, digests of results.

planning: from a study file to the checked and completed study, all checks in their order;
    checks: these, key by key and name by name.
defaults: reads a study file and merges it over `config.yaml`.
refusals: a mistake of a study ends Snakemake in one line; study_files: of a file that is no YAML,
    before Snakemake reads it.
estimates: what a study takes, and what of it is left.
terminal: what a run says, from Snakemake's events; failures: what it says of jobs that failed;
    notes: of arms that test no claim, and of tasks that came out smaller than asked for.
provenance: code digests, which decide whether a changed function reruns a job.
study_records: what made a study, for its page; used_configuration: its configuration there.
digests: what a study's files were when they were written.
unfinished: what of a study is done, failed or missing.
jobs: what every job does around its own work; logs: one log a job.
cards: which GPU a job computes on, where a machine has several.
peak_memory: of a process; machine: memory of all jobs, and what its processor does.
liveness: jobs end with their Snakemake; locks of a killed one are removed.
"""
