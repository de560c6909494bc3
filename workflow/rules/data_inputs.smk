"""What jobs read on the way from sources to ids, and what their results depend on. No rules."""

@functools.cache
def source_state(source):
    """State of a source that lies on this machine, None for others; refuses one that is not there,
    but for an estimate, which needs no data."""
    with refusals.told():
        try:
            return local_sources.state(
                source,
                CATALOGUE["sources"][source],
                RAW / source,
                made=(CORPORA, ENCODERS, RESULTS, LOGS),
            )
        except ValueError:
            if terminal.ESTIMATE not in workflow.dag_settings.targets:
                raise
            return None


def local_files(wildcards):
    """No file, but a refusal at planning. Snakemake takes braces in the name of an input for a
    wildcard, so the files of a source are no inputs: their state is part of its record.
    """
    if source_state(wildcards.source):
        source = CATALOGUE["sources"][wildcards.source]
        path, files = os.path.expanduser(source["path"]), local_sources.files(source)
        for task in configuration.tasks(config):
            record = CATALOGUE["tasks"][task]
            if configuration.sources(record) == [wildcards.source]:
                with refusals.told():
                    first_rows.check(record, path, files)
    return []


def source_parts(wildcards):
    """Folders of the sources that this one is joined of; most are of none."""
    return [
        f"<raw>/{part}" for part in configuration.parts(CATALOGUE, wildcards.source)
    ]


def source_record(wildcards):
    """What the catalogue says of the source's content. Of local files their state stands in place of
    their path, so that edited ones are taken anew and moved ones are not; of one that a digest pins
    neither, so that it may have come another way before, but the name of the copy."""
    name = wildcards.source
    record, state = CATALOGUE["sources"][name], source_state(name)
    content = {key: value for key, value in record.items() if key not in WAYS}
    if not local_sources.is_address(record.get("path")):
        content.pop("path", None)
    if state is not None and not local_sources.is_pinned(name, record):
        return content | {"state": state}
    copy = local_sources.copy_name(name, record)
    return content | ({"copy": copy} if copy else {})


def source_ways(wildcards, input, output):
    """Where the file is fetched from, and how large it may be; and of a file in storage, where its
    copy is. Snakemake ignores changes of a parameter whose function takes
    `output`, rightly so here: the content has its digest."""
    record = CATALOGUE["sources"][wildcards.source]
    ways = {key: value for key, value in record.items() if key in (*WAYS, "path")}
    return ways | ({"path": input.stored[0]} if input.stored else {})


def encoder_demands(wildcards, output):
    """What the study asks of the encoder. Snakemake ignores changes of a parameter whose function
    takes `output`, rightly so here: what is asked does not change the encoder."""
    return wanted_encoders.demands(config, wildcards.encoder)


def task_record(wildcards):
    """The catalogue's entry of the task."""
    return CATALOGUE["tasks"][wildcards.task]


def encoded_record(wildcards):
    """That entry, but for what is said of the task alone."""
    return {
        key: value for key, value in task_record(wildcards).items() if key not in SAID
    }


def probed_tokens(wildcards, output):
    """How many tokens of a test sequence are compared once all is trained, so that too short ones
    are refused before. Snakemake ignores changes of a parameter whose function takes `output`,
    rightly so here: it changes no file."""
    compared = wildcards.task in config["tasks"] and config["compare"]["pairs"]
    return config["represent"]["tokens"] if compared else None


def artificial_record(wildcards):
    """The catalogue's entry of an artificial corpus, but for its title."""
    record = ARTIFICIAL[wildcards.artificial]
    return {key: value for key, value in record.items() if key not in SAID}


def token_map(task):
    """How the task's symbols get rows of the text encoder's table."""
    return task_checks.value(CATALOGUE["tasks"][task], "token_map")


def task_source(wildcards):
    """Folders of the unpacked sources of a task or domain corpus; most have one."""
    return [
        f"<raw>/{name}" for name in configuration.sources(CONVERTED[wildcards.task])
    ]


def task_digests(wildcards):
    """What the files of these folders were when they were brought here."""
    return [f"{folder}.sha256" for folder in task_source(wildcards)]


def conversion(wildcards):
    """What the conversion of a task or domain corpus depends on; its title or length may change
    without it. A domain corpus has no classes to check."""
    record = {"classes": [], **CONVERTED[wildcards.task]}
    keys = ("converter", "layout", "kind", "classes")
    return {key: record[key] for key in keys if key in record}


def exported_pieces(wildcards):
    """How many pieces of a composer are exported: as many as the study says for a task, every one
    (None) for a domain corpus."""
    in_corpus = wildcards.task in CATALOGUE["corpora"]
    return None if in_corpus else config["pieces"][wildcards.composer]


def corpus(wildcards):
    """The corpus of a task: FASTA, a text table or MIDI files; scores are exported class by class."""
    return corpus_files(wildcards.task)


def corpus_files(name):
    """The same of a task or domain corpus, which may have none of its own."""
    record = CONVERTED[name]
    if not configuration.sources(record):
        return []
    if record["converter"] == "scores":
        composers = record.get("composers", record.get("classes"))
        return [f"<corpora>/{name}/{composer}" for composer in composers]
    endings = {"text": "tsv", "series": "symbols"}
    suffix = endings.get(record["format"], record["format"])
    return [f"<corpora>/{name}.{suffix}"]


def served(wildcards):
    """The tasks of the study that a domain corpus serves."""
    return configuration.served(config, wildcards.domain_corpus)


def served_files(wildcards):
    """The corpora of these tasks, one task after another, and then what the domain corpus has
    besides."""
    names = [*served(wildcards), wildcards.domain_corpus]
    return [path for name in names for path in corpus_files(name)]


def served_records(wildcards):
    """Of each of these tasks how many files its corpus is, and what `views.Settings.of` takes."""
    return [
        (
            len(corpus_files(task)),
            encoded_record(SimpleNamespace(task=task)),
            config["examples"],
            config["max_length"][task],
        )
        for task in served(wildcards)
    ]


def further_record(wildcards):
    """The catalogue's entry of a domain corpus, but for its title."""
    record = CATALOGUE["corpora"][wildcards.domain_corpus]
    return {key: value for key, value in record.items() if key not in SAID}


def served_settings(wildcards):
    """What `views.Settings.of` takes: of the first of these tasks, with the greatest length."""
    tasks = served(wildcards)
    record = encoded_record(SimpleNamespace(task=tasks[0]))
    return (
        record,
        config["examples"],
        max(config["max_length"][task] for task in tasks),
    )


def numbers(wildcards):
    """The corpus of a task of series, for baselines that read the numbers behind its tokens; none
    where the tokens have lost their order, which the numbers still have."""
    record = task_record(wildcards)
    return (
        corpus(wildcards)
        if record["format"] == "series" and "order" not in record
        else []
    )


def shuffled_task(wildcards):
    """Sequences and record of the task that an artificial corpus shuffles; most shuffle none."""
    task = ARTIFICIAL[wildcards.artificial].get("task")
    if task is None:
        return []
    return [
        f"<results>/tokens/{task}/{name}" for name in ("pretrain.arrow", "task.json")
    ]
