"""A study, checked key by key and name by name, before anything runs.

In: a study file merged over `config.yaml`, and the files that it names.
Out: the completed study, or a refusal with a remedy.

schemas: checks types and ranges of keys, which workflow/schemas declares: begin there to add a key.
key_places: says of a key in the wrong place where it stands.
formats: kinds of text that a schema may ask for, such as a path inside of a source.
configuration: checks names and keys that must fit each other, and fills in what is absent;
    task_checks, artificial_checks: those of a task, of an artificial corpus; soft_starts: which
    arms are some, and the texts that they need; zero_shot_checks: the tasks that encoders are to
    know before any fine-tuning.
wanted_encoders: whether the encoders can do what the study asks of them.
settings_tables: checks the table of settings that a study names.
local_sources: checks sources that lie on this machine, and sees when they change.
"""
