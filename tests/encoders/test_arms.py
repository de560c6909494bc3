"""Names of initializations are read, or refused with what is known."""

import pytest

from project import ROOT
from seqtransfer.encoders import arm_descriptions, initializations
from seqtransfer.encoders.initializations import Arm, form

PLAIN = [kind for kind, known in initializations.INITIALIZATIONS.items() if not known.parameter]


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_name_is_its_own_kind(name):
    assert initializations.parse(name) == Arm(name, None, None)


@pytest.mark.parametrize(
    ("name", "arm"),
    [
        ("first-1", Arm("first", number=1)),
        ("first-12", Arm("first", number=12)),
        ("checkpoint-1000", Arm("checkpoint", number=1000)),
        ("from-splice", Arm("from", corpus="splice")),
        ("from-zipf_words-2", Arm("from", corpus="zipf_words-2")),
        ("from-3", Arm("from", corpus="3")),
        ("domain-attention-only", Arm("domain", part="attention-only")),
        ("checkpoint-64-layernorm-only", Arm("checkpoint", number=64, part="layernorm-only")),
        ("from-zipf-feedforward-only", Arm("from", corpus="zipf", part="feedforward-only")),
        ("from-zipf-embeddings-only", Arm("from", corpus="zipf", part="embeddings-only")),
        ("from-attention-only", Arm("from", corpus="attention-only")),
        (
            "from-attention-only-attention-only",
            Arm("from", None, "attention-only", "attention-only"),
        ),
        ("from-zipf-only", Arm("from", corpus="zipf-only")),
    ],
)
def test_a_name_carries_a_number_or_a_corpus_and_a_part(name, arm):
    assert initializations.parse(name) == arm


@pytest.mark.parametrize(
    "name",
    [
        *("texts", "Text", "", "text-2", "last-2"),
        *("first", "first-", "first-0", "first-02", "first--1", "first-1.5", "first-2 "),
        *("text-attention-only", "first-1-attention-only", "domain-attention", "domain-only"),
        *("domain-attention-only-attention-only", "random-layernorm-only", "-attention-only"),
        *("first-2\n", "checkpoint-0", "checkpoint-x", "from-", "from--a", "from-a/b", "from-../a"),
    ],
)
def test_another_name_is_refused_with_what_is_known(name):
    with pytest.raises(ValueError) as error:
        initializations.parse(name)
    assert repr(name) in str(error.value)
    for known in (*PLAIN, "first-<layers>", "checkpoint-<steps>", "from-<corpus>"):
        assert known in str(error.value)
    assert "domain in part, followed by - and one of embeddings-only, " in str(error.value)


def test_an_arm_in_part_is_pretrained_as_its_whole_and_told_by_both():
    name = "from-sort-attention-only"
    assert initializations.is_pretrained(name) and not initializations.is_pretrained(name[10:])
    assert initializations.parse(name).whole == initializations.parse("from-sort")
    assert arm_descriptions.title(name) == "pretraining on sort, attention only"
    pretrained, fresh = arm_descriptions.describe(name)
    assert pretrained.startswith("of `from-sort`: projections to queries") and fresh == "the rest"
    assert initializations.starts_from(["text", "domain-layernorm-only"], "domain")
    assert not initializations.starts_from(["text", "from-domain"], "domain")


def test_a_soft_start_is_told_as_the_text_encoder_that_it_is():
    name = "from-aligned"
    assert initializations.is_pretrained(name) and arm_descriptions.soft_start(name) == "aligned"
    assert arm_descriptions.title(name) == "text pretraining, symbols aligned with text"
    pretrained, fresh = arm_descriptions.describe(name)
    assert pretrained.startswith("everything; the embeddings of the symbols") and fresh == "nothing"
    part = f"{name}-embeddings-only"
    assert arm_descriptions.soft_start(part) == "aligned"
    whole = arm_descriptions.title(name)
    assert arm_descriptions.title(part) == f"{whole}, embeddings only"
    others = ("text", "from-zipf", "domain", "from-aligned-by-me")
    assert not any(map(arm_descriptions.soft_start, others))


def test_arms_are_ordered_with_parts_before_their_whole_and_corpora_as_given():
    arms = [
        "domain",
        "from-b",
        "text",
        "from-a-layernorm-only",
        "from-b-feedforward-only",
        "from-a",
    ]
    arms += ["domain-attention-only", "checkpoint-9", "checkpoint-9-layernorm-only", "from-b"]
    assert initializations.ordered(arms) == [
        *("text", "from-b-feedforward-only", "from-b", "from-a-layernorm-only", "from-a"),
        *("checkpoint-9-layernorm-only", "checkpoint-9", "domain-attention-only", "domain"),
    ]


def test_the_docs_say_what_every_arm_keeps():
    rows = (ROOT / "docs/reference/arms.md").read_text().splitlines()
    soft = [f"from-{name}" for name in arm_descriptions.SOFT_STARTS]
    for name in [*map(form, initializations.INITIALIZATIONS), *soft]:
        assert sum(row.startswith(f"| `{name}` |") for row in rows) == 1, name
