"""Names of initializations are read, or refused with what is known."""

import pytest

from project import ROOT
from seqtransfer.encoders import initializations
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
    ],
)
def test_a_name_carries_a_number_or_a_corpus(name, arm):
    assert initializations.parse(name) == arm


@pytest.mark.parametrize(
    "name",
    [
        *("texts", "Text", "", "text-2", "last-2"),
        *("first", "first-", "first-0", "first-02", "first--1", "first-1.5", "first-2 "),
        *("first-2\n", "checkpoint-0", "checkpoint-x", "from-", "from--a", "from-a/b", "from-../a"),
    ],
)
def test_another_name_is_refused_with_what_is_known(name):
    with pytest.raises(ValueError) as error:
        initializations.parse(name)
    assert repr(name) in str(error.value)
    for known in (*PLAIN, "first-<layers>", "checkpoint-<steps>", "from-<corpus>"):
        assert known in str(error.value)


def test_the_docs_say_what_every_arm_keeps():
    rows = (ROOT / "docs/reference/arms.md").read_text().splitlines()
    for name in map(form, initializations.INITIALIZATIONS):
        assert sum(row.startswith(f"| `{name}` |") for row in rows) == 1, name
