"""Tables and figures of a study's data: sizes and budget, leaks, and what it cost."""

from collections.abc import Callable

from seqtransfer.report.register.entries import Figure, Table, columns

TABLES = {
    "budget": Table(
        "data and budget",
        "What each task is given: examples after repeats and conflicting labels were dropped,"
        " tokens a sequence, optimizer steps, and the domain pretraining. Pretraining columns are"
        " empty without a domain encoder pretrained here.",
        columns(
            "task domain classes test_majority train dev test test_units repeats_dropped"
            " conflicts_dropped given_test_dropped neighbours_dropped cut_conflicts other_labels"
            " cut_share max_length steps steps_taken examples_seen pretraining_corpus"
            " pretraining_sequences pretraining_steps pretraining_plateau pretraining_tokens_seen"
            " pretraining_masked_accuracy pretraining_unigram_accuracy",
            domain="Of the task's sequences",
            classes="How many classes; 0 for a regression",
            test_majority="Share of the test part's most frequent class; where tokens are"
            " classified, of its labelled tokens",
            train="Training examples",
            dev="Dev examples",
            test="Test examples",
            test_units="Their units: examples of one unit share a group or are near-duplicates",
            repeats_dropped="Further copies of a kept sequence",
            conflicts_dropped="Examples of sequences with two labels, as the encoder sees them",
            cut_conflicts="Those of them that differ past the cut to max_length",
            given_test_dropped="Of both, those that the corpus gives to test",
            neighbours_dropped="Training examples of a unit of dev or test, under a given split",
            other_labels="Examples of no class of the task; only pretraining may see them",
            cut_share="Share of training sequences cut to max_length",
            max_length="Tokens with [CLS] and [SEP]",
            steps_taken="Mean over the runs",
            examples_seen="Mean over the runs: steps taken x batch size, or x `train` if less",
            pretraining_corpus="The domain corpus, or the task, whose own sequences they are",
            pretraining_sequences="Sequences pretrained on",
            pretraining_steps="Optimizer steps of pretraining, after which the weights are taken",
            pretraining_plateau="Whether it ended because the loss on held-out sequences no longer"
            " fell; empty without `pretrain.patience`",
            pretraining_tokens_seen="Tokens seen in pretraining",
            pretraining_masked_accuracy="Share of masked tokens filled in right, of up to 256"
            " held-out sequences",
            pretraining_unigram_accuracy="Share of held-out tokens that are the most frequent one",
        ),
        readable=True,
    ),
    "leaks": Table(
        "leak audit",
        "How near each task's test and dev sequences are to its training sequences: after this"
        " study's split, and before it, in a plain random split of the corpus as it came.",
        columns(
            "task split splitting measure value n",
            split="test or dev",
            splitting="before: in a plain random split; after: in this study's split",
            measure="kmer: the k used; duplicates: sequences that train holds, too; similarity:"
            " Jaccard index of k-mer sets with the nearest training sequence; identity: in edits;"
            " _q50: median; _share_0.8: share at 0.8 or more. Of series also overlap: Jaccard index"
            " of the sets of runs of `overlap_run` numbers, as written; distance: of the numbers"
            " from the nearest training series, in standard deviations; distance_limit: what at"
            " most 1 % of training units have to a series of another one, empty below 199 units;"
            " distance_limit_units: how many it was taken from;"
            " distance_duplicates: series at 0; distance_near: share of the others below the limit."
            " In words: `50 % point` is _q50, `share at 0.8 or more` _share_0.8",
            value="Its value",
            n="Sequences of the test or dev part",
        ),
        readable=True,
    ),
    "rescored": Table(
        "scores without near test rows",
        "Every run's test score once more without the test rows that are near to train.",
        columns(
            "task initialization seed metric kept score n",
            kept="Which rows stay; similarity: Jaccard index of k-mer sets with the nearest"
            " training sequence; of series also overlap: the same of runs of numbers; not near:"
            " no training series below distance_limit of the table leaks",
            score="Headline metric; empty where fewer than two rows stay, or those of one class",
            n="How many rows stay; of `not near` 0 where there is no limit",
        ),
    ),
    "timings": Table(
        "cost",
        "What the training jobs cost: wall seconds, floating-point operations and energy, summed"
        " over jobs, and the most memory of a job. Operations are counted, not measured: of the"
        " layers' matrix products, at the longest sequence, with three forward passes a training"
        " step. All else depends on the machine and its load; no other table does. Of jobs of a"
        " sweep and alignments, Snakemake measures seconds and memory alone, in"
        " `logs/{study}/benchmarks`; sweeps are those of this study: one with a given table of"
        " settings has none.",
        columns(
            "job corpus initialization jobs seconds_total seconds_training training_share"
            " operations energy peak_memory peak_gpu_memory",
            job="fine-tuning, pretraining, alignment (of a soft start), sweep, or all",
            corpus="Of the task, or what is pretrained on; or all",
            initialization="The arm; empty for pretraining, which belongs to no one arm; or all",
            jobs="How many jobs",
            seconds_total="Wall seconds of the jobs' processes",
            seconds_training="Of these inside training steps",
            training_share="The second over the first",
            operations="Floating-point operations, in 1e12",
            energy="Watt-hours that the processor counts, of which a job has its share of the time"
            " in which it was busy, and of its GPU; empty where the machine does not tell, or a job"
            " was killed and resumed",
            peak_memory="Most memory of a job's process, in GiB",
            peak_gpu_memory="Most memory that a job reserved on its GPU, in GiB; empty without one",
        ),
        readable=True,
    ),
}

FIGURES = {
    "cost": Figure(
        "cost",
        "What a fine-tuning run costs, mean over seeds: wall seconds of its process, which depend"
        " on the machine and its load; training examples seen and floating-point operations, which"
        " do not; the most memory of a run; and, where the machine counts it, energy. Marks have no"
        " interval, since the table `timings` holds sums over seeds.",
        ("timings",),
    ),
}


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results` to its data frame."""
    from seqtransfer.report.tables import run_tables

    return {
        "budget": lambda found: found.budget,
        "leaks": lambda found: run_tables.leaks(found.tables("audits")),
        "rescored": lambda found: run_tables.joined(found.tables("rescored")),
        "timings": lambda found: run_tables.timings(
            found.records("timings"),
            found.records("pretraining_timings"),
            [run_tables.benchmark(p, *p.parts[-4:-2]) for p in found.files["sweep_timings"]],
            [
                run_tables.benchmark(p, p.parts[-2], "from-aligned")
                for p in found.files["alignment_timings"]
            ],
        ),
    }


def figure_functions() -> dict[str, Callable]:
    """By figure, the function from its tables by name and the claims to a matplotlib Figure."""
    from seqtransfer.report import cost

    return {"cost": cost.figure}
