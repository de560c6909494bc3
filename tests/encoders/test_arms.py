"""Names of initializations are read, or refused with what is known."""

import pytest

from project import ROOT
from seqtransfer.encoders import arms
from seqtransfer.encoders.arms import Arm


@pytest.mark.parametrize("name", arms.PLAIN)
def test_a_plain_name_is_its_own_kind(name):
    assert arms.parse(name) == Arm(name, None, None)


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
    assert arms.parse(name) == arm


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
        arms.parse(name)
    assert repr(name) in str(error.value)
    for known in (*arms.PLAIN, "first-<layers>", "checkpoint-<steps>", "from-<corpus>"):
        assert known in str(error.value)


def test_the_documentation_says_what_every_arm_keeps():
    page = (ROOT / "docs/reference/arms.md").read_text()
    rows = page[page.index("| arm | pretrained") :].split("\n\n")[0].splitlines()
    for name in (*arms.PLAIN, *arms.NUMBERED.values(), arms.FROM):
        assert sum(row.startswith(f"| `{name}` |") for row in rows) == 1, name
