"""What a job costs before it has run: seconds of a reference machine, bytes on disk, a download.

The reference is two cores of an AMD EPYC with bfloat16, and one H100; how fast this machine is
beside it, `durations` knows. What is not training was measured in a default study with three layers
and three seeds. Training is counted in floating-point operations: Kaplan et al. (2020,
arXiv:2001.08361, table 1) for the layers, three times that for a step.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seqtransfer.corpora.examples import SPLITS
from seqtransfer.encoders import initializations
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.files import json_tsv
from seqtransfer.study.checks import configuration, settings_tables
from seqtransfer.training import evaluations, operations
from seqtransfer.training.memory import MARGIN, SCORED, Footprint

CPU, GPU = 2.6e11, 5e13  # operations of training a second of one core, and of an H100
ONE_BY_ONE = 1.3e11  # the same of one core where sequences are few at a time
START = 5.0  # seconds to import torch and load an encoder
GPU_START = 9.0  # the same with a GPU, which takes 8 to 10 to be ready on a machine with an H100
DOWNLOAD = 2e7  # bytes a second
STATES = 2.5e7  # bytes of hidden states computed and written a second
ALIGNED = 2e7  # numbers of embeddings averaged, compared and moved a second
DRAWN = 1e8  # gates and logits of a random LSTM a second
MINILM_L6 = {"layers": 6, "width": 384, "parameters": 22_713_216}
BERT_BASE = {"layers": 12, "width": 768, "parameters": 109_482_240}
# Share of `finetune.steps` that a run takes: quartiles and mean of that study's 24 runs.
SHARES = (0.41, 0.59, 0.72)
# MB that a job of an encoder asks for at least, without a GPU and with one, whose libraries take
# gigabytes of the machine's memory; and, to train, at most for the comfort of whole batches.
ENOUGH, GPU_ENOUGH, COMFORTABLE = 2000, 8000, 16000
MAPS = 3000  # MB of a batch's attention maps, of two encoders of BERT-base's size, and libraries
LIBRARIES = 1000  # MB of torch and transformers
PIECES = 30_000  # that an encoder of texts knows: uncased BERT 30,522
TOKENS_A_PIECE = 10  # of a task's texts: 112,000 tokens have 11,600 different word pieces
NARROW = 32  # neurons of an attention head, of which a wide encoder has fewer, wider ones
TIMES = 6  # times the seconds of the reference machine a training job may take (float32: 3.8)
ENCODER_RULES = ("encoder", "text_encoder")
TRAINED = ("pretrain", "pretrain_again", "finetune", "sweep")
# Seconds of a job of the rules whose cost hardly depends on the study.
SECONDS = {"encoder": 10, "encoder_head": 5, "convert": 2, "convert_midi": 2, "draw_map": 0.5,
           "encode_corpus": 10, "choose_one": 1.5, "choose_controls": 1.5, "text_encoder": 10,
           "attend": START, "judge": 1.5, "plot": 2, "record": 0.3, "page": 2}  # fmt: skip


@dataclass(frozen=True)
class Encoder:
    """Its size: layers in use, neurons of a layer, and parameters of the whole; and of each task
    the encoder that its arm `domain` starts from, where that is another one."""

    layers: int
    width: int
    parameters: int
    domain: Mapping[str, "Encoder"] = field(default_factory=dict)

    @classmethod
    def of(cls, study: Mapping, folder: Path) -> "Encoder":
        """The study's encoder, from its folder below `folder`; until it is there, as large as the
        catalogue says, or, where it does not, as MiniLM-L6 if it comes from a package and as
        BERT-base if from the hub. Another domain's is used with all of its layers."""
        domain = {
            task: cls(**_size(study, name, folder))
            for task, name in configuration.domain_encoders(study).items()
        }
        own = _size(study, study["encoder"]["name"], folder)
        return cls(**own | {"layers": study["encoder"]["layers"]}, domain=domain)

    def of_job(self, job: "Job") -> "Encoder":
        """The encoder that a job trains."""
        arm = job.wildcards.get("initialization")
        if arm not in (None, *CONTROLS) and initializations.starts_from([arm], "domain"):
            return self.domain.get(job.wildcards.get("task"), self)
        return self

    def operations(self, tokens: int) -> float:
        """Of one sequence's forward pass through the layers."""
        return operations.forward(self.layers, self.width, tokens)

    @property
    def weights(self) -> int:
        """Bytes of the layers and positions in float32: what a run leaves."""
        return 4 * (12 * self.layers * self.width**2 + 512 * self.width)


def _size(study: Mapping, name: str, folder: Path) -> dict[str, int]:
    path = folder / name / "encoder.json"
    if path.exists():
        facts = json_tsv.read_json(path)
    else:
        record = study["catalogue"]["encoders"][name]
        facts = record.get("shape", BERT_BASE if "hub" in record else MINILM_L6)
    return {key: facts[key] for key in ("layers", "width", "parameters")}


@dataclass(frozen=True)
class Job:
    """A job that is to run. number: Snakemake's; gpu: whether it runs on one; temporary: whether
    what it writes is deleted once used; after: the numbers of jobs that it waits for."""

    number: int
    rule: str
    wildcards: Mapping[str, str]
    gpu: bool = False
    temporary: bool = False
    after: frozenset[int] = frozenset()


def seconds(job: Job, study: Mapping, encoder: Encoder, share: float) -> float:
    """Of the reference machine. share: of its steps that a run takes whose patience ends it, in
    (0, 1]."""
    if job.rule in TRAINED:
        return start(job.rule, job.gpu) + _operations(job, study, encoder, share) / (
            GPU if job.gpu else CPU
        )
    examples = sum(study["examples"][part] for part in SPLITS) / 2800
    runs = len(study["initializations"]) * len(study["seeds"])
    probe = study["represent"]["sequences"] * study["represent"]["tokens"]
    cubes = (min(encoder.width, probe) / 384) ** 3
    layers = encoder.layers + 1
    compare, arms = study["compare"], len(study["initializations"])
    pairs = (2 * len(compare["pairs"]) + arms) * layers + len(compare["maps"]) * layers**2
    corpora = study["catalogue"]["corpora"]
    calibrated = arms + len(compare["floor_seeds"]) + 1
    known: dict[str, Callable[[], float]] = {
        "download": lambda: 2.5 + (downloaded(job, study) or 0) / DOWNLOAD,
        "encode": lambda: 1 + 2 * examples,
        "draw_corpus": lambda: 1 + _drawn(job, study) / DRAWN,
        "align": lambda: START + _aligned(job, study, encoder) / ALIGNED,
        "export_music": lambda: 50 if job.wildcards["task"] in corpora else 2.5,
        "audit": lambda: 0.8 + 0.7 * examples,
        "baseline": lambda: 2.5 + examples,
        "rescore": lambda: 0.6 + (runs + 4) / 15,
        "summarize": lambda: 2 + runs * len(study["tasks"]) / 24,
        "choose": lambda: 1 + runs * len(study["tasks"]) / 24,
        "represent": lambda: START + disk(job, study, encoder) / STATES,
        "represent_floor": lambda: START + disk(job, study, encoder) / STATES,
        "represent_ceiling": lambda: START + disk(job, study, encoder) / STATES,
        "zero_shot": lambda: (
            START + _filled_in(job, study, encoder) / (GPU if job.gpu else ONE_BY_ONE)
        ),
        # Sequences one at a time are no faster on a GPU, as far as is known.
        "analyse": lambda: START + _analyses(job, study, encoder) / ONE_BY_ONE,
        "compare": lambda: 3 + 0.02 * cubes * pairs * compare["draws"],
        "calibrate": lambda: 2 + 0.07 * cubes * calibrated * layers * (compare["groups"] + 1),
    }
    return known[job.rule]() if job.rule in known else SECONDS.get(job.rule, 0.0)


def start(rule: str, gpu: bool) -> float:
    """Those of `seconds` that a training job takes to begin; 0 of other jobs."""
    return (GPU_START if gpu else START) if rule in TRAINED else 0.0


def memory(job: Job, study: Mapping, encoder: Encoder) -> int:
    """MB that a training job asks for: what a whole batch takes in float32, but no more than
    COMFORTABLE, if one example at a time fits into that; at least what is enough."""
    whole, one = (whole_batch(job, study, encoder, batch) for batch in (None, 1))
    return max(_enough(job.gpu), one, min(COMFORTABLE, whole))


def whole_batch(job: Job, study: Mapping, encoder: Encoder, batch: int | None = None) -> int:
    """MB that a training job is given for `batch` examples at a time, its whole batch if None, in
    float32: what that takes, and the share of memory that is left free. Of a vocabulary only the
    rows that a task uses are kept."""
    trained = encoder.of_job(job)
    settings = study["pretrain" if job.rule.startswith("pretrain") else "finetune"]
    kept = {"pretrain": study["pretrain"].get("checkpoints", []), "finetune": _along(study)}
    taken = Footprint(
        trained.weights // 4 + _word_pieces(job, study) * trained.width,
        trained.layers,
        trained.width,
        heads=math.ceil(trained.width / NARROW),
        tokens=_tokens(job, study),
        kept=len(kept.get(job.rule, [])),
    )
    return math.ceil(taken.whole(batch or settings["batch_size"]) / MARGIN / 1e6)


def attended(job: Job, study: Mapping, encoder: Encoder) -> int:
    """MB that a job of attention maps asks for, which holds every arm before and after fine-tuning
    and the maps of one batch; at least what is enough."""
    models = 2 * len(study["initializations"]) * encoder.weights
    return max(_enough(job.gpu), MAPS + math.ceil(models / 1e6))


def represented(job: Job, study: Mapping, encoder: Encoder) -> int:
    """MB that a job of hidden states asks for: the wider encoder of the task and a copy of it, the
    states of all layers of a batch, with what one layer and its attention take beside them, and of
    all rows; at least what is enough."""
    tokens, probe = study["max_length"][job.wildcards["task"]], study["represent"]
    rows = probe["sequences"] * probe["tokens"]
    numbers = 0
    for one in (encoder, encoder.domain.get(job.wildcards["task"], encoder)):
        batch = SCORED * tokens * one.width * (one.layers + 1 + 8)
        attention = 2 * SCORED * tokens**2 * math.ceil(one.width / NARROW)
        kept = 2 * rows * (one.layers + 1) * one.width
        numbers = max(numbers, 2 * one.weights // 4 + batch + attention + kept)
    return max(_enough(job.gpu), LIBRARIES + math.ceil(4 * numbers / 1e6))


def minutes(job: Job, study: Mapping, encoder: Encoder) -> int:
    """Minutes after which a job has surely ended; one that trains, with all of its steps."""
    return math.ceil(TIMES * seconds(job, study, encoder, 1.0) / 60)


def disk(job: Job, study: Mapping, encoder: Encoder) -> int:
    """Bytes that the job writes; those below a few megabytes are not counted."""
    rows = study["represent"]["sequences"] * study["represent"]["tokens"]
    states = 4 * rows * (encoder.layers + 1) * encoder.width
    trained = encoder.of_job(job)
    return {
        "download": downloaded(job, study) or 0,
        **dict.fromkeys(ENCODER_RULES, 4 * encoder.parameters),
        "pretrain": encoder.weights * (1 + len(study["pretrain"].get("checkpoints", []))),
        "pretrain_again": encoder.weights,
        "align": encoder.weights,
        "finetune": (
            0
            if job.wildcards.get("initialization") in CONTROLS
            else (trained.weights + 4 * _word_pieces(job, study) * trained.width)
            * (1 + len(_along(study)))
        ),
        "represent": 2 * len(study["initializations"]) * states,
        "represent_floor": len(study["compare"]["floor_seeds"]) * states,
        "represent_ceiling": states,
    }.get(job.rule, 0)


def downloaded(job: Job, study: Mapping) -> int | None:
    """Bytes that come over the network; None where nobody has said how many."""
    if job.rule == "download":
        source = study["catalogue"]["sources"][job.wildcards["source"]]
        joined = configuration.parts(study["catalogue"], job.wildcards["source"])
        return 0 if source.get("path") or joined else source.get("size")
    if (
        job.rule in ENCODER_RULES
        and "hub" in study["catalogue"]["encoders"][job.wildcards["encoder"]]
    ):
        return None
    return 0


def least_share(settings: Mapping) -> float:
    """The least share of its steps that a run can take: it has two patiences, see `DevWatch`, or
    all of them with a rate that falls from the first step on."""
    if settings.get("cooldown") == 1:
        return 1.0
    return min(1.0, 2 * settings["patience"] / settings["steps"])


def _enough(gpu: bool) -> int:
    return GPU_ENOUGH if gpu else ENOUGH


def _word_pieces(job: Job, study: Mapping) -> int:
    """Embeddings that a training job on texts has; other tasks have too few symbols to count."""
    task = job.wildcards.get("task")
    if study["catalogue"]["tasks"].get(task, {}).get("format") != "text":
        return 0
    tokens = sum(study["examples"][part] for part in SPLITS) * study["max_length"][task]
    return min(PIECES, tokens // TOKENS_A_PIECE)


def _drawn(job: Job, study: Mapping) -> int:
    """Gates and logits that drawing an artificial corpus computes; the other laws take next to
    no time."""
    law = study["catalogue"]["artificial"][job.wildcards["artificial"]]
    if law["kind"] != "lstm":
        return 0
    return law["sequences"] * law["length"] * (4 * law["units"] + law["symbols"])


def _aligned(job: Job, study: Mapping, encoder: Encoder) -> int:
    """Numbers in the embeddings of all batches of an alignment."""
    settings = study["align"]
    tokens = study["max_length"][job.wildcards["task"]]
    return settings["steps"] * settings["batch_size"] * tokens * encoder.width


def _filled_in(job: Job, study: Mapping, encoder: Encoder) -> float:
    """Floating-point operations of filling in every symbol of the test part, each in a copy, by
    the domain's encoder, and by its second pretraining where the study has one."""
    task, compare = job.wildcards["task"], study["compare"]
    tokens, domain = study["max_length"][task], encoder.domain.get(task, encoder)
    again = task not in encoder.domain and compare.get("reference") == "domain"
    models = 2 if again and compare.get("ceiling_seed") is not None else 1
    return models * study["examples"]["test"] * tokens * domain.operations(tokens)


def _analyses(job: Job, study: Mapping, encoder: Encoder) -> float:
    """Floating-point operations of the analyses of a run: before, after, and along fine-tuning."""
    settings = study["analyse"]
    tokens = study["max_length"][job.wildcards["task"]]
    once, doublings = encoder.operations(tokens), 1 + math.ceil(math.log2(tokens))
    batches = settings["batches"] * study["finetune"]["batch_size"]
    known = {
        "isometry": 2 * encoder.width * settings["sequences"],  # a backward pass a neuron
        "gradient_confusion": 6 * batches,  # each about twice
        "perturbation": 4 * 26 * settings["sequences"],  # float64; five draws of five sizes
        "lipschitz": 8 * 20 * settings["sequences"],  # 20 products with J and its transpose
        "mutation": (1 + 2 * doublings) * settings["sequences"],  # two draws of each number
    }
    stages = 2 * sum(known[kind] for kind in settings["kinds"])
    return once * (stages + len(_along(study)) * known["gradient_confusion"])


def _along(study: Mapping) -> list[int]:
    """Steps after which fine-tuning keeps weights for an analysis."""
    return study.get("analyse", {}).get("steps", [])


def _operations(job: Job, study: Mapping, encoder: Encoder, share: float) -> float:
    """Floating-point operations of a training job."""
    encoder = encoder.of_job(job)
    if job.rule.startswith("pretrain"):
        settings = study["pretrain"]
        taken = max(share, least_share(settings)) if "patience" in settings else 1
        examples = operations.STEP * taken * settings["steps"] * settings["batch_size"]
        return examples * encoder.operations(_tokens(job, study))
    settings = study["finetune"]
    share = max(share, least_share(settings))
    steps = share * settings["steps"]
    grid = evaluations.DevWatch.of(settings).grid(settings["steps"])
    scored = sum(step <= steps for step in grid) * study["examples"]["dev"]
    initialization = job.wildcards.get("initialization", "")
    adaptation = "full" if initialization in CONTROLS else settings["adaptation"]
    examples = (
        operations.passes(adaptation, encoder.layers) * steps * settings["batch_size"] + scored
    )
    if job.rule == "sweep":
        tried = settings_tables.poolings(study, job.wildcards["task"], initialization)
        examples *= len(tried) * len(study["sweep"]["warmups"])
    else:
        examples += study["examples"]["test"]
    return examples * operations.forward(
        encoder.layers, encoder.width, _tokens(job, study), initialization
    )


def _tokens(job: Job, study: Mapping) -> int:
    """Of the longest sequence that a training job can have."""
    if not job.rule.startswith("pretrain"):
        return study["max_length"][job.wildcards["task"]]
    corpus = job.wildcards["corpus"]
    artificial = study["catalogue"]["artificial"].get(corpus, {})
    served = configuration.served(study, corpus) or [artificial.get("task", corpus)]
    return artificial.get("length") or max(study["max_length"][task] for task in served)
