"""A domain corpus holds whole sequences, and nothing that a task holds out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer.corpora.examples import Example
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens import domain_corpora, encoding, views
from seqtransfer.tokens.vocabulary import CLS, SEP, SPECIALS, Vocabulary

SETTINGS = views.Settings(
    classes=("a", "b"),
    split="grouped",
    truncate="head",
    max_length=8,
    sizes={"train": 60, "dev": 20, "test": 20},
    split_seed=0,
)
ROOM = SETTINGS.max_length - 2


def proteins(seed: int, n: int = 150, groups: int = 40, prefix: str = "p") -> list[Example]:
    """Random strings of 4 to 30 letters of so many families, a third of a third class."""
    rng = np.random.default_rng(seed)
    return [
        Example(
            f"{prefix}{i}",
            "".join(rng.choice(list("ACDEFGHIKL"), rng.integers(4, 31))),
            "abc"[i % 3],
            f"{prefix}-family-{rng.integers(groups)}",
            None,
        )
        for i in range(n)
    ]


def seen(ragged: Ragged, vocabulary: Vocabulary) -> list[tuple[str, ...]]:
    """The tokens of each sequence, without [CLS] and the last [SEP]."""
    names = np.array([*SPECIALS, *vocabulary.symbols], dtype=object)
    return [tuple(names[ragged[i][1:-1]]) for i in range(len(ragged))]


def served(examples: list[Example], plan: views.Settings = SETTINGS) -> domain_corpora.Served:
    """The task of these examples, as rule `encode` splits it. What it holds out is checked against
    what that rule writes for fine-tuning."""
    arrays, vocabulary, facts = encoding.build(examples, plan)
    task = domain_corpora.Served(examples, facts["manifest"], plan)
    written = {tokens for part in ("dev", "test") for tokens in seen(arrays[part], vocabulary)}
    assert set(map(tuple, task.views)) == written or plan.shuffled
    return task


def held_out_ids(task: domain_corpora.Served) -> set[str]:
    return set(task.manifest["id"][task.manifest["part"].isin(["dev", "test"])])


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_no_window_is_of_a_held_out_family_or_equal_to_what_is_seen_of_one(seed):
    rng = np.random.default_rng(seed)
    examples = proteins(seed)
    task = served(examples)
    held = [e for e in examples if e.id in held_out_ids(task)]
    # The further source has: families that the task holds out, copies of what it sees of them under
    # other names, and proteins of its own.
    leaks = [replace(e, id=f"again-{e.id}") for e in held[:20]]
    leaks += [Example(f"copy-{e.id}", e.symbols[:ROOM], "x", None, None) for e in held[20:]]
    own = proteins(seed + 1, n=30, prefix="q")
    further = [(leaks + own)[i] for i in rng.permutation(len(leaks) + len(own))]
    ragged, vocabulary, counts = domain_corpora.build([task], further, SETTINGS)
    windows = seen(ragged, vocabulary)
    assert not set(windows) & set(map(tuple, task.views))
    families = {e.group for e in held}
    assert not families & set(ragged.units) and not families & {e.group for e in own}
    own = [e for e in own if not task.holds_out(e)]  # of short ones the encoder may see the same
    assert not any(name.startswith("again-") for name in ragged.names)
    assert {e.group for e in own} <= set(ragged.units)
    assert not any(name.startswith("copy-") for name in ragged.names)
    assert len(set(windows)) == len(windows) == counts["pretrain"]
    assert counts["further"] == len(own) == len(further) - counts["examples_dropped"]


def test_a_training_protein_is_there_from_end_to_end():
    examples = proteins(3, prefix="p")
    task = served(examples)
    ragged, vocabulary, counts = domain_corpora.build([task], [], SETTINGS)
    found = dict(zip(ragged.names, seen(ragged, vocabulary), strict=True))
    kept = set(task.manifest["id"][task.manifest["part"] == "pretrain"])
    assert counts["sequences"] == len(kept) and kept.isdisjoint(held_out_ids(task))
    long = [e for e in examples if e.id in kept and len(e.symbols) % ROOM == 0]
    assert len(long) > 5 and max(len(e.symbols) for e in long) >= 3 * ROOM
    missing = counts["held_out_dropped"] + counts["repeats_dropped"]
    spelled = [
        "".join("".join(found.get(f"{e.id}:{k}", ())) for k in range(len(e.symbols) // ROOM))
        for e in long
    ]
    assert sum(s != e.symbols for s, e in zip(spelled, long, strict=True)) <= missing < 5
    assert (ragged.labels == -1).all()
    assert all(ragged[i][0] == CLS and ragged[i][-1] == SEP for i in range(len(ragged)))


@pytest.mark.parametrize(
    ("length", "expected"),
    [(1, [1]), (5, [5]), (6, [6]), (8, [6]), (9, [6, 3]), (14, [6, 6]), (17, [6, 6, 5])],
)
def test_windows_follow_each_other_and_a_short_rest_is_left_out(length, expected):
    tokens = tuple(map(str, range(length)))
    cuts = domain_corpora.windows(tokens, 6)
    assert [len(cut) for cut in cuts] == expected
    assert sum(cuts, ()) == tokens[: sum(expected)]


def test_what_one_of_several_tasks_holds_out_is_kept_from_all():
    examples = proteins(5)
    tasks = [served(examples, replace(SETTINGS, split_seed=seed)) for seed in (1, 2)]
    both = held_out_ids(tasks[0]) | held_out_ids(tasks[1])
    assert held_out_ids(tasks[0]) != held_out_ids(tasks[1])
    ragged, _, _ = domain_corpora.build(tasks, [], SETTINGS)
    named = {name.partition(":")[0] for name in ragged.names}
    assert named and not named & both
    alone, _, _ = domain_corpora.build(tasks[:1], [], SETTINGS)
    assert {name.partition(":")[0] for name in alone.names} & held_out_ids(tasks[1])


def test_ids_that_coincide_in_two_tasks_or_sources_are_not_one_example():
    """Ids made here are `<file>-000001`, so that those of two files of one name coincide."""
    first, second, third = (proteins(seed, prefix=f"{seed}-") for seed in (11, 12, 13))
    named = [
        [replace(e, id=f"data-{i}") for i, e in enumerate(examples)]
        for examples in (first, second, third)
    ]
    tasks = [served(examples) for examples in named[:2]]
    _, _, counts = domain_corpora.build(tasks, named[2], SETTINGS)
    each = sum(len(task.pretrained_on()) for task in tasks)
    # Of some short ones of other families the encoder sees the same.
    assert each - 5 < counts["sequences"] <= each and counts["further"] > len(third) - 5
    assert counts["examples_dropped"] == each + 150 - counts["sequences"] - counts["further"]


def test_an_example_with_a_group_is_not_its_id_in_whatever_group_that_is():
    """Where ids and groups are both numbers, they are alike by chance."""
    number = {name: str(i) for i, name in enumerate({e.group for e in proteins(5)})}
    named = [replace(e, id=str(i), group=number[e.group]) for i, e in enumerate(proteins(5))]
    counts = [
        domain_corpora.build([served(examples)], [], SETTINGS)[2]
        for examples in (proteins(5), named)
    ]
    assert counts[0]["examples_dropped"] == counts[1]["examples_dropped"] < 5


def test_a_further_sequence_that_is_called_as_a_held_out_group_is_none_to_pretrain_on():
    examples = proteins(17)
    task = served(examples)
    family = next(e.group for e in examples if e.id in held_out_ids(task))
    whole = Example(family, "LK" * 20, "x", None, None)
    _, _, counts = domain_corpora.build([task], [whole], SETTINGS)
    assert counts["further"] == 0


def test_what_a_task_of_shorter_sequences_holds_out_is_not_within_windows_of_another():
    rng = np.random.default_rng(3)
    letters = ["".join(rng.choice(list("ACDEFGHIKL"), 40)) for _ in range(150)]
    tasks = [
        served(
            [
                Example(f"{name}{i}", s, "ab"[i // div % 2], None, None)
                for i, s in enumerate(letters)
            ],
            replace(SETTINGS, max_length=length, split="stratified", split_seed=seed),
        )
        for name, div, length, seed in (("p", 1, 12, 1), ("q", 2, 22, 2))
    ]
    longest = replace(SETTINGS, max_length=22)
    ragged, vocabulary, counts = domain_corpora.build(tasks, [], longest)
    windows = "\n".join("".join(window) for window in seen(ragged, vocabulary))
    assert counts["pretrain"] > 50 and counts["examples_dropped"] > 10
    assert not [held for task in tasks for held in task.views if "".join(held) in windows]


def test_a_task_without_order_holds_out_its_sequences_in_order():
    """Windows of a corpus have their order, so what is held out is compared in order, too."""
    examples = proteins(11)
    plan = replace(SETTINGS, shuffled=True)
    task = served(examples, plan)
    whole = [e.symbols[:ROOM] for e in examples if e.id in held_out_ids(task)]
    whole = [symbols for symbols in whole if len(symbols) == ROOM]
    # Each stands in the second window of a protein that begins otherwise.
    copies = [
        Example(f"copy-{i}", f"{'W' * ROOM}{s}", "x", None, None) for i, s in enumerate(whole)
    ]
    ragged, _, counts = domain_corpora.build([task], copies, plan)
    assert len(copies) > 20 and counts["held_out_dropped"] >= len(copies)
    assert [name for name in ragged.names if name.startswith("copy-")] == ["copy-0:0"]


COMPLEMENT = str.maketrans("ACGT", "TGCA")
DNA = replace(SETTINGS, max_length=22)


@pytest.mark.parametrize("words", [False, True])
def test_windows_of_a_genome_share_no_run_with_a_held_out_example_on_either_strand(words):
    rng = np.random.default_rng(0)
    genome = "".join(rng.choice(list("ACGT"), 20_000))
    # Junctions cut out of the genome anywhere, every other one of its other strand.
    starts = rng.choice(len(genome) - 20, 150, replace=False)
    pieces = [genome[start : start + 20] for start in starts]
    pieces[1::2] = [piece[::-1].translate(COMPLEMENT) for piece in pieces[1::2]]
    examples = [Example(f"j{i}", s, "ab"[i % 2], None, None) for i, s in enumerate(pieces)]
    tokens = {"kind": "kmers", "k": 2, "stride": 1} if words else {"kind": "symbols"}
    plan = replace(DNA, split="stratified", tokens=tokens, max_length=21 if words else 22)
    kmer = 11 if words else 12  # 12 bases in either case
    task, further = served(examples, plan), [Example("chromosome", genome, "x", None, None)]

    def bases(apart):
        ragged, vocabulary, counts = domain_corpora.build([task], further, plan, apart)
        kept = seen(ragged, vocabulary)
        spelled = ["".join(word[0] for word in window[:-1]) + window[-1] for window in kept]
        own = [not name.startswith("chromosome") for name in ragged.names]
        return [s for s, mine in zip(spelled, own, strict=True) if not mine], sum(own), counts

    held = [e.symbols for e in examples if e.id in held_out_ids(task)]
    forward = {s[i : i + 12] for s in held for i in range(len(s) - 11)}
    reverse = {s[::-1].translate(COMPLEMENT) for s in forward}

    def sharing(windows, runs):
        return [w for w in windows if any(w[i : i + 12] in runs for i in range(len(w) - 11))]

    everything, own, before = bases(None)
    one, _, _ = bases(domain_corpora.Apart(kmer))
    both, still_own, after = bases(domain_corpora.Apart(kmer, both_strands=True))
    assert len(sharing(everything, forward)) > 10 < len(sharing(everything, reverse - forward))
    assert not sharing(one, forward) and sharing(one, reverse)
    assert both == [w for w in everything if not sharing([w], forward | reverse)]
    assert own == still_own and after["pretrain"] == len(both) + own
    left_out = ("held_out_dropped", "repeats_dropped")  # some of the windows are own ones again
    assert sum(after[key] - before[key] for key in left_out) == len(everything) - len(both)


def test_a_corpus_of_which_nothing_is_left_is_refused():
    task = served(proteins(7))
    manifest = task.manifest[task.manifest["part"] == "test"]
    with pytest.raises(ValueError, match="no sequence is left to pretrain on"):
        domain_corpora.build([replace(task, manifest=manifest)], [], SETTINGS)
