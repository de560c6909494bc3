"""What every chapter needs: the checked configuration, its grids, and input functions. No rules.

Rules have priorities so that all cores work to the end. Jobs that others wait for run first (priority
20; pretraining, alignment and the sweep 10), then fine-tuning (5). Then come the comparisons (4), which
free disk, the states that they compare (3), and the rest.
"""

import functools
import os
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(ROOT / "scripts"))

from seqtransfer.corpora.converters import first_rows
from seqtransfer.encoders import arm_descriptions, arm_tables, initializations
from seqtransfer.report import register
from seqtransfer.study import cards, liveness, logs, planning, provenance
from seqtransfer.study import refusals, terminal, used_configuration
from seqtransfer.study.checks import configuration, local_sources, settings_tables
from seqtransfer.study.checks import soft_starts, task_checks, wanted_encoders
from seqtransfer.study.checks import zero_shot_checks
from seqtransfer.study.estimates import costs
from seqtransfer.tokens import shared_examples
from seqtransfer.training import evaluations

liveness.begin(clean=workflow.is_main_process)
logs.in_utf8()

with refusals.told():
    GIVEN = planning.typed(config, workflow.config_settings.config_args or [])
    config = planning.study(
        GIVEN,
        workflow.config_settings.configfiles,
        DEFAULTS,
        ROOT / "workflow/schemas",
    )

CATALOGUE = config["catalogue"]
ARTIFICIAL = CATALOGUE["artificial"]
TASKS = config["tasks"]
INITIALIZATIONS = config["initializations"]
CONTROLS = config["controls"]
TRAINED = [*INITIALIZATIONS, *CONTROLS]
SEEDS = config["seeds"]
REFERENCE = config["compare"]["reference"]
COMPARED_SEEDS = SEEDS[: config["compare"].get("seeds")]
FLOOR_SEEDS = config["compare"]["floor_seeds"]
# Arms whose similarity to the reference is calibrated: `random` is the floor itself.
READ_ARMS = [
    left
    for left, right in config["compare"]["pairs"]
    if right == REFERENCE and left != "random"
]
# Whether a sweep of the study chooses the settings of its arms; those of controls are always swept.
OWN_SWEEP = config["finetune"]["settings"] == "sweep"
# Tasks whose arms are aligned before fine-tuning, and the seeds of it; tasks whose arms are analysed.
ALIGNED = TASKS if soft_starts.asked(config) else []
ALIGNED_SEEDS = [*SEEDS, *(config["sweep"]["seeds"] if OWN_SWEEP else [])]
ANALYSED = TASKS if config["analyse"]["kinds"] else []
# File names have all digits of a rate, so that a rate added later reruns none of the others.
LEARNING_RATES = [repr(float(rate)) for rate in config["sweep"]["learning_rates"]]
# The study's encoder; the other files of its folder stand beside this one.
ENCODER = f"<encoders>/{config['encoder']['name']}/encoder.json"
TRAINING = {
    key: value for key, value in config["finetune"].items() if key != "settings"
}
PRETRAINING = {
    key: value for key, value in config["pretrain"].items() if key != "checkpoints"
}
ANALYSES = {
    key: value for key, value in config["analyse"].items() if key != "zero_shot"
}
ALONG = config["analyse"].get("steps", [])
PROBE = {key: value for key, value in config["represent"].items() if key != "dropout"}
CHECKPOINTS = config["pretrain"].get("checkpoints", [])
ZERO_SHOT = zero_shot_checks.tasks(config)
DOMAIN_ENCODERS = configuration.domain_encoders(config)
# What is converted: tasks, and domain corpora with sequences of their own.
CONVERTED = {**CATALOGUE["tasks"], **CATALOGUE["corpora"]}
# Descriptive keys of a source (WAYS) and of an encoder or task (SAID): editing them reruns nothing.
WAYS = ("url", "mirrors", "size", "limit", "ratio", "licence")
SAID = wanted_encoders.SAID
GPU = cards.per_job()


# One folder a study, so that studies in one checkout do not overwrite each other.
pathvars:
    raw="data/raw",
    encoders="data/encoders",
    corpora=f"data/corpora/{config['study']}",
    results=f"results/{config['study']}",
    logs=f"logs/{config['study']}",


# The same folders as paths, for code that reads them outside of a rule's files.
RAW, CORPORA, ENCODERS, RESULTS, LOGS = (
    Path(workflow.pathvars.apply(f"<{name}>"))
    for name in ("raw", "corpora", "encoders", "results", "logs")
)
# States of unfinished runs: outside the outputs, which Snakemake deletes with a failed job.
UNFINISHED = workflow.pathvars.apply("<results>/unfinished")

with refusals.told():
    wanted_encoders.check(config, ENCODERS, files=workflow.is_main_process)


wildcard_constraints:
    source="|".join(CATALOGUE["sources"]),
    encoder="|".join(CATALOGUE["encoders"]),
    task="|".join(CATALOGUE["tasks"]),
    artificial="|".join(ARTIFICIAL),
    domain_corpus="|".join(CATALOGUE["corpora"]),
    corpus="|".join([*CONVERTED, *ARTIFICIAL]),
    initialization="[A-Za-z0-9_-]+",
    composer="[a-z]+",
    suffix="fasta|tsv|symbols",
    learning_rate="[0-9.e+-]+",
    seed="[0-9]+",


def code_digest(script, tables=None):
    """Digest of the code that `scripts/{script}.py` can reach: an edit reruns what depends on it.

    tables: of which it uses some entries alone, so that another entry, new or edited, reruns none.
    """
    return provenance.code_digest(ROOT / f"scripts/{script}.py", tables)


@functools.cache
def converter_digest(converter):
    """That of a conversion."""
    return code_digest("convert", {"corpora.converters.CONVERTERS": [converter]})


@functools.cache
def training_digest(script, *names):
    """That of a job which builds the models of these arms or controls."""
    return code_digest(script, arm_tables.used(names))


def digest_of_arm(script):
    """That of a job of one arm or control."""
    return lambda wildcards: training_digest(script, wildcards.initialization)


def growing(amount):
    """So much of a resource at the first attempt, and as much again at each further one."""
    return lambda wildcards, attempt: amount * attempt


def encoder_size():
    """Layers, width and parameters of the study's encoder, as costs are predicted from. Once an
    encoder has come, they are its own, so that a further attempt asks by it; not in storage.
    """
    names = [config["encoder"]["name"], *DOMAIN_ENCODERS.values()]
    return _size_of(
        tuple((ENCODERS / name / "encoder.json").exists() for name in names)
    )


@functools.cache
def _size_of(there):
    return costs.Encoder.of(config, ENCODERS)


def on_gpu(rule):
    """Whether its jobs get a GPU: of this machine, or one that a cluster's profile asks for."""
    asked = workflow.resource_settings.overwrite_resources.get(rule, {})
    said = [asked[name].value for name in cards.RESOURCES if name in asked]
    return any(said) if said else GPU > 0


def of_runs(output, arms=INITIALIZATIONS, tasks=TASKS):
    """A file of each run of these arms or controls, for every seed."""
    return expand(output, task=tasks, initialization=arms, seed=SEEDS)


def predicted(rule, amount, least=0):
    """What a job of the rule asks for, `least` at least, and as much again at each further attempt.

    amount: function of `costs`, of MB or minutes.
    """

    def asked(wildcards, attempt):
        job = costs.Job(0, rule, dict(wildcards.items()), on_gpu(rule))
        return attempt * max(least, amount(job, config, encoder_size()))

    return asked


def pretrained_weights(wildcards):
    """The weights that the arm starts from, where they are not those of the text encoder."""
    return starting_weights(wildcards.initialization, wildcards.task, wildcards.seed)


def all_pretrained_weights(wildcards):
    """Those of every arm that has such, in the order of the arms."""
    found = [
        starting_weights(arm, wildcards.task, wildcards.seed) for arm in INITIALIZATIONS
    ]
    return [path for path in found if path]


def pretraining_corpus(arm, task):
    """What a parsed arm that starts from sequences is pretrained on here: the corpus that it names,
    or that of the task's domain."""
    return arm.corpus or configuration.domain_corpus(config, task)


def starting_weights(initialization, task, seed):
    """File of weights, beside which `encoder.json` says which row each symbol has; or []."""
    if initialization in CONTROLS:
        return []
    arm = initializations.parse(initialization)
    pretrained = f"<results>/pretrained/{pretraining_corpus(arm, task)}"
    if arm.kind == "domain" and task in DOMAIN_ENCODERS:
        return f"<encoders>/{DOMAIN_ENCODERS[task]}/model.safetensors"
    if arm.kind == "checkpoint" and arm.number != PRETRAINING["steps"]:
        return f"{pretrained}/step-{arm.number}.safetensors"
    if soft := arm_descriptions.soft_start(initialization):
        return f"<results>/soft-starts/{soft}/{task}/seed-{seed}/weights.safetensors"
    if initializations.is_pretrained(initialization):
        return f"{pretrained}/weights.safetensors"
    return []


def reference_again(wildcards):
    """Weights of the reference arm pretrained with another seed, if it is pretrained here; or []."""
    seed, arm = config["compare"].get("ceiling_seed"), initializations.parse(REFERENCE)
    elsewhere = arm.kind == "domain" and wildcards.task in DOMAIN_ENCODERS
    pretrained = arm.kind in ("domain", "from") and not arm_descriptions.soft_start(
        REFERENCE
    )
    if seed is None or elsewhere or not pretrained:
        return []
    corpus = pretraining_corpus(arm, wildcards.task)
    return [f"<results>/pretrained/{corpus}/seed-{seed}/weights.safetensors"]


def zero_shot_weights(wildcards):
    """Those of the arm `domain`, and of its second pretraining where the study has one."""
    again = reference_again(wildcards) if REFERENCE == "domain" else []
    return [starting_weights("domain", wildcards.task, SEEDS[0]), *again]


def zero_shot_heads(wildcards):
    """The heads that these were trained with: beside weights pretrained here, and beside the folder
    of an encoder."""
    folders = [path.rpartition("/")[0] for path in zero_shot_weights(wildcards)]
    return [
        (
            f"{folder}.head.safetensors"
            if folder.startswith("<encoders>")
            else f"{folder}/head.safetensors"
        )
        for folder in folders
    ]


def zero_shot_seeds(wildcards):
    """The seeds of their pretraining; none of one that others pretrained."""
    if wildcards.task in DOMAIN_ENCODERS:
        return [None]
    return [0, config["compare"].get("ceiling_seed")][
        : len(zero_shot_weights(wildcards))
    ]


def ceiling(wildcards):
    """The reference's states from another pretraining seed; or [], for halves of its neurons."""
    again = f"<results>/representations/{wildcards.task}/ceiling/again.arrow"
    return [again] if reference_again(wildcards) else []


def encoder_record(wildcards):
    """The catalogue's entry of the encoder; what is said of it may change without it."""
    return wanted_encoders.record(CATALOGUE, wildcards.encoder)


def encoder_source(wildcards):
    """Folder of the encoder's unpacked source; one of the hub has none."""
    source = encoder_record(wildcards).get("source")
    return f"<raw>/{source}" if source else []


def encoder_digests(wildcards):
    """What the files of that folder were when they were brought here."""
    source = encoder_source(wildcards)
    return f"{source}.sha256" if source else []


def encoder_tokenizer(wildcards):
    """The other encoder whose word pieces this one has, if it has none of its own."""
    other = encoder_record(wildcards).get("tokenizer")
    return f"<encoders>/{other}/encoder.json" if other else []


def poolings(wildcards):
    """Poolings that the sweep tries."""
    return settings_tables.poolings(config, wildcards.task, wildcards.initialization)


def is_swept(wildcards):
    """Whether a sweep of the study chooses the settings of this arm or control."""
    return OWN_SWEEP or wildcards.initialization in CONTROLS


def settings_of_run(wildcards):
    """The file with the settings of a run: those chosen by its own sweep, as always for a control,
    or the given table. Its own, so that another arm, task or candidate retrains no other's runs.
    """
    if is_swept(wildcards):
        return "<results>/sweep/{task}/{initialization}/settings.tsv"
    # Not its time, which a checkout sets, but the run's own row (`given_setting`) retrains it.
    return ancient(settings_table(wildcards))


def given_setting(wildcards):
    """The run's row of a given table of settings; none where a sweep of the study chooses it."""
    if is_swept(wildcards):
        return None
    table = Path(str(settings_table(wildcards)))
    return settings_tables.row(table, wildcards.task, wildcards.initialization)


def settings_table(wildcards):
    """The table of settings of all arms: swept in this study, or a given file."""
    if OWN_SWEEP:
        return "<results>/sweep/settings.tsv"
    table = config["finetune"]["settings"]
    # Relative, so that a study that is moved together with the workflow keeps its inputs.
    return local(table if os.path.exists(table) else os.path.relpath(ROOT / table))


def sweep_tables(wildcards):
    """The sweep beside the settings, under their name with `sweep` for `settings`, if it is there;
    and that of controls, if there are any."""
    settings = settings_table(wildcards)
    name = Path(settings).name.replace("settings", "sweep")
    table = str(Path(settings).with_name(name))
    table = table if OWN_SWEEP else local(table)
    there = OWN_SWEEP or (table != settings and Path(table).exists())
    of_controls = ["<results>/sweep/control-sweep.tsv"] if CONTROLS else []
    return [table, *of_controls] if there else of_controls


def ratio_files(name):
    """Input function: a file of every study of `data_ratio`, study by study, of each {task}."""

    def files(wildcards):
        with refusals.told():
            return finished_files(name)

    return files


def finished_files(name):
    """A file of every study of `data_ratio`, study by study, of each {task}."""
    if "data_ratio" not in config:
        raise ValueError("data_ratio: name the finished studies in the study file")
    tasks, found = (TASKS if "{task}" in name else [""]), []
    for study in config["data_ratio"]:
        folder = Path(workflow.pathvars.apply("<results>")).parent / study
        own = [str(folder / name.format(task=task)) for task in tasks]
        missing = [path for path in own if not exists(path)]
        if missing and study != config["study"]:
            raise ValueError(
                f"data_ratio: {missing[0]} is not there; run {study} first, with the same tasks"
                " and `controls`"
            )
        found += own
    return found


if not OWN_SWEEP:
    with refusals.told():
        settings_tables.check(
            Path(settings_table(None)),
            TASKS,
            INITIALIZATIONS,
            settings_tables.unpooled(config),
        )
        given = Path(settings_table(None))
        if warmups := settings_tables.warmups(given, TASKS, INITIALIZATIONS):
            evaluations.check_warmups(config["finetune"], warmups)
        if (found := sweep_tables(None)) and Path(found[0]).exists():
            settings_tables.check_sweep(Path(found[0]))
