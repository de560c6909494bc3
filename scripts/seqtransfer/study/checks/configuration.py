"""What a study may ask for, beyond the types that the schema checks: names that must exist, and
keys that must fit each other."""

from collections.abc import Mapping

from seqtransfer.encoders import arm_descriptions, initializations
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.similarity.encoder_pairs import STAGES
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.study.checks import artificial_checks, soft_starts, task_checks, zero_shot_checks
from seqtransfer.training import evaluations

ALL = "all"  # of tables, in the column of tasks


def check(config: dict) -> None:
    """Raise ValueError for a name that nothing defines, with what would have been right.

    Runs when the workflow is planned, so that a misspelt name costs no training.
    """
    encoders = config["catalogue"]["encoders"]
    for kind in ("tasks", "corpora", "artificial"):
        if ALL in config["catalogue"][kind]:
            raise ValueError(f"catalogue.{kind}.{ALL}: tables call the mean of all so; rename it")
    for task in config["tasks"]:
        task_checks.known_name("tasks", task, config["catalogue"]["tasks"])
    _check_initializations(config)
    soft_starts.check(config)
    _check_tasks(config)
    _check_pieces(config)
    _check_domain_corpora(config)
    _check_compare(config["compare"], config["initializations"])
    if "measure" in config["claims"]:
        task_checks.known_name("claims.measure", config["claims"]["measure"], MEASURES)
    _check_probe(config)
    _check_seeds(config)
    task_checks.known_name("encoder.name", config["encoder"]["name"], encoders)
    _check_adaptation(config["finetune"], config["encoder"]["layers"])
    _check_controls(config)
    _check_analyses(config)
    zero_shot_checks.check(config)
    evaluations.check(
        *(config["finetune"][key] for key in ("steps", "batch_size")),
        watch=evaluations.DevWatch.of(config["finetune"]),
        dev=config["examples"]["dev"],
    )
    evaluations.check_warmups(
        config["finetune"], [config["finetune"]["warmup"], *config["sweep"].get("warmups", ())]
    )
    _check_sources(config["catalogue"]["sources"])
    _check_encoders(encoders, config["catalogue"]["sources"])


def _check_tasks(config: dict) -> None:
    """Every task of the study has its sources and a length, and its keys fit each other."""
    catalogue = config["catalogue"]
    for task in tasks(config):
        record = catalogue["tasks"][task]
        for source in sources(record):
            task_checks.known_name(f"catalogue.tasks.{task}.source", source, catalogue["sources"])
        if task not in config["max_length"] and "max_length" not in record:
            raise ValueError(
                f"max_length: no length for task {task!r}; add `{task}: <tokens>` to it, or"
                " `max_length: <tokens>` to the task"
            )
        task_checks.check(f"catalogue.tasks.{task}", record)
    for task in config["max_length"]:
        task_checks.known_name("max_length", task, catalogue["tasks"])


def _check_pieces(config: dict) -> None:
    """Composers whose scores tasks are of have their pieces, and no others have."""
    catalogue = config["catalogue"]["tasks"]
    for task in tasks(config):
        if catalogue[task]["converter"] == "scores":
            for composer in catalogue[task]["classes"]:
                task_checks.known_name(f"pieces of {task}", composer, config["pieces"])
    scored = [task for task in catalogue.values() if task.get("converter") == "scores"]
    composers = {name for task in scored for name in task.get("classes", ())}
    for composer in config["pieces"]:
        task_checks.known_name("pieces", composer, composers)


def _check_sources(catalogue: dict) -> None:
    """Parts of a source are sources, and have no parts themselves."""
    for name, source in catalogue.items():
        where = f"catalogue.sources.{name}.parts"
        for part in source.get("parts", []):
            task_checks.known_name(where, part, catalogue)
            if "parts" in catalogue[part]:
                raise ValueError(f"{where}: {part!r} is itself of parts; name its parts instead")


def _check_encoders(catalogue: dict, known_sources: dict) -> None:
    """Every encoder has its source, and a tokenizer of its own or another encoder's."""
    for name, encoder in catalogue.items():
        where = f"catalogue.encoders.{name}"
        for key, known in (("source", known_sources), ("tokenizer", catalogue)):
            if key in encoder:
                task_checks.known_name(f"{where}.{key}", encoder[key], known)
        if encoder.get("tokenizer") == name:
            raise ValueError(f"{where}.tokenizer: {name!r} is the encoder itself; leave it out")


def complete(config: dict) -> None:
    """Fill in, in place, what a checked study and its tasks leave out.

    Afterwards each of `tasks` has kind, metric and tokens, and a length in `max_length`; `controls`
    may be none; `finetune` has an adaptation, `represent` its dropout, `sweep` its warm-ups, and
    `compare` its reference, pairs and maps.
    """
    config.setdefault("controls", [])
    config["finetune"].setdefault("adaptation", "full")
    config["represent"].setdefault("dropout", [])
    config["sweep"].setdefault("warmups", [config["finetune"]["warmup"]])
    compare, names = config["compare"], config["initializations"]
    known = [name for name in ("domain", "random", names[-1]) if name in names]
    compare.setdefault("reference", known[0])
    pairs = [[name, compare["reference"]] for name in names if name != compare["reference"]]
    if {"text", "random"} <= set(names) - {compare["reference"]}:
        pairs.append(["text", "random"])
    pairs = compare.setdefault("pairs", pairs)
    mapped = sorted(pairs, key=lambda pair: pair[0] == "random")[:1]
    mapped += [pair for pair in pairs if pair == ["random", mapped[0][1]] != mapped[0]]
    compare.setdefault("maps", [[*pair, "before"] for pair in mapped])
    for task in tasks(config):
        record = config["catalogue"]["tasks"][task]
        record.setdefault("kind", task_checks.UNSAID["kind"])
        record.setdefault("metric", task_checks.METRICS[record["kind"]][0])
        record.setdefault("tokens", dict(task_checks.UNSAID["tokens"]))
        config["max_length"].setdefault(task, record.get("max_length"))


def corpora(config: dict) -> list[str]:
    """What the study pretrains on, once each: names of tasks, domain and artificial corpora."""
    names = []
    for arm in map(initializations.parse, config["initializations"]):
        if arm.kind in ("domain", "checkpoint"):
            elsewhere = domain_encoders(config) if arm.kind == "domain" else ()
            names += [domain_corpus(config, t) for t in config["tasks"] if t not in elsewhere]
        elif arm.kind == "from" and arm.corpus not in arm_descriptions.SOFT_STARTS:
            names.append(arm.corpus)
    return list(dict.fromkeys(names))


def domain_encoders(config: Mapping) -> dict[str, str]:
    """Task of the study -> the encoder that its arm `domain` is, where others pretrained it."""
    named = config.get("domain_encoders", {})
    return {task: named[task] for task in config["tasks"] if task in named}


def domain_corpus(config: Mapping, task: str) -> str:
    """What the encoder of the task's arm `domain` is pretrained on here: a domain corpus, or the
    task's own part `pretrain`, which has its name."""
    return config.get("domain_corpora", {}).get(task, task)


def served(config: Mapping, corpus: str) -> list[str]:
    """The tasks of the study that a domain corpus serves, in its order."""
    return [task for task in config["tasks"] if domain_corpus(config, task) == corpus]


def tasks(config: dict) -> list[str]:
    """The study's tasks, and those whose sequences it only pretrains on, or shuffles to do so, or
    aligns others with."""
    catalogue = config["catalogue"]
    names = [catalogue["artificial"].get(name, {}).get("task", name) for name in corpora(config)]
    names = [name for name in names if name in catalogue["tasks"]]
    return list(dict.fromkeys([*config["tasks"], *names, *soft_starts.texts(config)]))


def sources(record: dict) -> list[str]:
    """The names of a task's sources: one, or several where its files come from several places; a
    domain corpus may have none."""
    named = record.get("source", [])
    return [named] if isinstance(named, str) else list(named)


def parts(catalogue: dict, source: str) -> list[str]:
    """The names of the sources that a source is joined of; none if it comes by itself."""
    record = catalogue["sources"][source]
    alone = any(record.get(key) for key in ("path", "url", "package"))
    return [] if alone else list(record["parts"])


def _check_initializations(config: dict) -> None:
    """Raise ValueError if an arm is unknown or starts from weights that nothing makes."""
    catalogue, pretrain = config["catalogue"], config["pretrain"]
    for name, record in catalogue["artificial"].items():
        artificial_checks.check(f"catalogue.artificial.{name}", record, catalogue["tasks"])
        if name in catalogue["tasks"]:
            raise ValueError(f"catalogue.artificial.{name}: a task has this name; use another")
    kept = pretrain.get("checkpoints", [])
    for step in kept:
        if step >= pretrain["steps"]:
            raise ValueError(
                f"pretrain.checkpoints: {step} is not before the last step, {pretrain['steps']},"
                " which is always kept; drop it"
            )
    if "patience" in pretrain:
        arms = [initializations.parse(name) for name in config["initializations"]]
        if kept or any(arm.kind == "checkpoint" for arm in arms):
            raise ValueError(
                "pretrain.patience: nobody knows beforehand which steps are taken, so none can be"
                " kept; drop it, or pretrain.checkpoints and the arms `checkpoint-<steps>`"
            )
        evaluations.check_warmups(pretrain, [pretrain["warmup"]], "pretrain")
    for name in config["initializations"]:
        arm = initializations.parse(name)
        if arm.kind == "from":
            known = catalogue["tasks"] | catalogue["artificial"] | arm_descriptions.SOFT_STARTS
            task_checks.known_name(f"initializations: corpus of {name!r}", arm.corpus, known)
        if arm.kind == "checkpoint" and arm.number not in (*kept, pretrain["steps"]):
            raise ValueError(
                f"initializations: {name!r} is not kept; add {arm.number} to pretrain.checkpoints"
                f" (kept are {', '.join(map(str, [*kept, pretrain['steps']]))})"
            )
        if arm.kind == "first" and arm.number > config["encoder"]["layers"]:
            raise ValueError(
                f"initializations: {name!r} has more layers than encoder.layers,"
                f" {config['encoder']['layers']}"
            )
    for task, encoder in config.get("domain_encoders", {}).items():
        task_checks.known_name("domain_encoders", task, catalogue["tasks"])
        task_checks.known_name(f"domain_encoders.{task}", encoder, catalogue["encoders"])
    starts = initializations.starts_from(config["initializations"], "domain")
    if config.get("domain_encoders") and not starts:
        raise ValueError(
            "domain_encoders: no arm starts from them; add `domain` to initializations, or drop"
            " them"
        )


def _check_domain_corpora(config: dict) -> None:
    """Raise ValueError for a domain corpus that is unknown, cannot be read, or serves tasks that
    are unlike or do not use it."""
    catalogue, named = config["catalogue"], config.get("domain_corpora", {})
    kinds = {initializations.parse(name).kind for name in config["initializations"]}
    if named and not kinds & {"domain", "checkpoint"}:
        raise ValueError(
            "domain_corpora: no arm is pretrained on them; add `domain` to initializations, or"
            " drop them"
        )
    for corpus in catalogue["corpora"]:
        if corpus in catalogue["tasks"] or corpus in catalogue["artificial"]:
            raise ValueError(
                f"catalogue.corpora.{corpus}: a task or an artificial corpus has this name; use"
                " another"
            )
    for task, corpus in named.items():
        where = f"domain_corpora.{task}"
        task_checks.known_name("domain_corpora", task, catalogue["tasks"])
        task_checks.known_name(where, corpus, catalogue["corpora"])
        if task in config.get("domain_encoders", {}):
            raise ValueError(f"{where}: domain_encoders names an encoder for it; drop one of them")
    for corpus in dict.fromkeys(named.values()):
        records = [catalogue["tasks"][task] for task in served(config, corpus)]
        if records:
            where = f"catalogue.corpora.{corpus}"
            task_checks.check_corpus(where, catalogue["corpora"][corpus], records)
            for source in sources(catalogue["corpora"][corpus]):
                task_checks.known_name(f"{where}.source", source, catalogue["sources"])
            lengths = config["max_length"]
            room = max(
                lengths.get(task, catalogue["tasks"][task].get("max_length"))
                for task in served(config, corpus)
            ) - 2  # fmt: skip
            kmer = catalogue["corpora"][corpus].get("apart", {}).get("kmer", 0)
            if kmer > room:
                raise ValueError(
                    f"{where}.apart.kmer: is {kmer}, but a window has {room} tokens; lower it"
                )


def _check_compare(compare: dict, names: list[str]) -> None:
    """Raise ValueError for an unknown arm or measure, and for a map of arms that are no pair."""
    if "reference" in compare:
        task_checks.known_name("compare.reference", compare["reference"], names)
    for name in compare["measures"]:
        task_checks.known_name("compare.measures", name, MEASURES)
        if MEASURES[name].distance:
            raise ValueError(
                f"compare.measures: {name!r} is a distance, small where encoders are alike, but the"
                " report reads a high score as alike; leave it out"
            )
    for name in (name for pair in compare.get("pairs", []) for name in pair):
        task_checks.known_name("compare.pairs", name, names)
    for cells in compare.get("maps", []):
        if cells[2] not in STAGES:
            raise ValueError(f"compare.maps: stage {cells[2]!r} is not {' or '.join(STAGES)}")
        if "pairs" not in compare or cells[:2] not in compare["pairs"]:
            raise ValueError(f"compare.maps: {cells[:2]} is no pair; add it to compare.pairs")


def _check_probe(config: dict) -> None:
    """Raise ValueError if no sequence has the tokens to compare, too few can be grouped, or an arm
    is unknown."""
    probe, groups = config["represent"], config["compare"]["groups"]
    for arm in probe.get("dropout", []):
        task_checks.known_name("represent.dropout", arm, config["initializations"])
    for task in config["tasks"]:
        record = config["catalogue"]["tasks"][task]
        room = config["max_length"].get(task, record.get("max_length")) - 2
        if probe["tokens"] > room:
            raise ValueError(
                f"represent.tokens: {probe['tokens']} is more than the {room} that a sequence of"
                f" {task} has without [CLS] and [SEP]; lower it, or raise max_length.{task}"
            )
    for key, most in (("represent.sequences", probe["sequences"]),
                      ("examples.test", config["examples"]["test"])):  # fmt: skip
        if groups > most:
            raise ValueError(
                f"compare.groups: {groups} is more than {key}, {most}, so that a group would be"
                f" empty; lower it to {most} or less"
            )


def _check_seeds(config: dict) -> None:
    """Raise ValueError if seeds that choose or calibrate are among those that are reported."""
    floor = ("compare.floor_seeds", config["compare"]["floor_seeds"], "the floor is to be apart")
    sweep = ("sweep.seeds", config["sweep"]["seeds"], "settings are to be chosen apart")
    for key, seeds, why in (floor, sweep):
        both = sorted(set(seeds) & set(config["seeds"]))
        if both:
            raise ValueError(f"{key}: {both[0]} is one of the study's `seeds`; {why}: take others")


def _check_adaptation(finetune: dict, layers: int) -> None:
    """Raise ValueError if the encoder of `layers` cannot be adapted as `finetune` says."""
    adaptation = finetune.get("adaptation", "full")
    if adaptation.startswith("last-") and int(adaptation.removeprefix("last-")) > layers:
        raise ValueError(
            f"finetune.adaptation: {adaptation} needs more than the {layers} of encoder.layers"
        )
    if "lora" in finetune and adaptation != "lora":
        raise ValueError(f"finetune.lora: adaptation {adaptation} has none; use `lora`, or drop it")


def _check_controls(config: dict) -> None:
    """Raise ValueError for an unknown control, and for controls beside arms that train in part."""
    controls = config.get("controls", [])
    for name in controls:
        task_checks.known_name("controls", name, CONTROLS)
    adaptation = config["finetune"].get("adaptation", "full")
    if controls and adaptation != "full":
        raise ValueError(
            f"controls: they train every weight, but finetune.adaptation is {adaptation}; drop one"
        )


def _check_analyses(config: dict) -> None:
    """Raise ValueError for analyses of gradients beside arms that train in part, of training parts
    that fill no two batches, or after steps that no run takes."""
    analyse, longest = config.get("analyse", {}), config["finetune"]["steps"]
    late = [step for step in analyse.get("steps", []) if step > longest]
    if late:
        raise ValueError(
            f"analyse.steps: {late[0]} is beyond finetune.steps, {longest}; drop it, or raise"
            " finetune.steps"
        )
    if "gradient_confusion" not in analyse.get("kinds", []):
        if analyse.get("steps"):
            raise ValueError(
                "analyse.steps: gradient_confusion alone is measured after them, and analyse.kinds"
                " does not name it; drop analyse.steps, or name it"
            )
        return
    size, examples = config["finetune"]["batch_size"], config["examples"]
    most = int(examples["train"] * examples.get("train_fraction", 1))
    if most < 2 * size:
        raise ValueError(
            f"analyse.kinds: gradient_confusion needs two batches, but {most} training examples"
            f" fill {most // size} of {size}; drop it, raise examples.train, or lower"
            " finetune.batch_size"
        )
    adaptation = config["finetune"].get("adaptation", "full")
    if adaptation != "full":
        raise ValueError(
            "analyse.kinds: gradient_confusion is of every weight, but finetune.adaptation is"
            f" {adaptation}; drop one"
        )
