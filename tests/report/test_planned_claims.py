"""A plan says beforehand of which arms no claim is tested, as the ledger judges them."""

import itertools

import pytest
from test_claims import NOISE, judged

from seqtransfer.study import notes

ARMS = ("text", "random", "shuffled", "domain", "moments")


@pytest.mark.parametrize("number", range(1, len(ARMS)))
def test_arms_of_which_a_plan_says_so_test_no_claim_and_others_do(number):
    for arms in itertools.combinations(ARMS, number):
        records = judged({name: NOISE for name in arms})
        tested = any(one["verdict"] != "not tested" for one in records.values())
        assert (notes.untested(arms) is None) == tested, arms
