"""The script `judge` hands the study's choices and each table on to the claims."""

import math
from unittest import mock

import pandas as pd
import pytest

import judge
import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import table_files


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """What the script is called with for the made-up study, whose tables are written."""
    folder = tmp_path_factory.mktemp("study")
    with mock.patch.object(judge, "main", wraps=judge.main) as called:
        synthetic.report(folder, synthetic.write_study(folder))
    return called.call_args.kwargs


@pytest.fixture
def judged(given, tmp_path):
    """A function: what changes of the call, and columns of the table `budget` -> records by id."""

    def run(budget=None, **changes):
        tables = dict(given["tables"])
        if budget:
            table = table_files.read(tables["budget"]).assign(**budget)
            tables["budget"] = tmp_path / "budget.csv"
            table.to_csv(tables["budget"], index=False)
        output = tmp_path / "claims.json"
        outputs = {"output": output, "effects": [tmp_path / "effects.csv"]}
        judge.main(**given | {"tables": tables} | outputs | changes)
        return {record["id"]: record for record in json_tsv.read_json(output)["claims"]}

    return run


def parts(record, source):
    return [effect["parts"][source][0] for effect in record["effects"]]


def variance_of_the_sum(record):
    return (record["overall"]["error"] * len(record["effects"])) ** 2


def test_the_margin_and_the_measure_are_the_studys(given, judged):
    measures = pd.read_csv(given["tables"]["comparisons"])["measure"].unique()
    assert len(measures) > 1
    for measure in (measures[0], measures[-1]):
        records = judged(margin=0.3, measure=measure)
        assert records["c"]["margin"] == 0.3
        of_similarity = {
            name for name, one in records.items() if name[0] == "d" and one["headline"]
        }
        assert of_similarity == {f"d1-{measure}", f"d2-{measure}"}


def test_the_share_of_the_references_gain_is_judged_where_the_study_asks(judged):
    assert "0.6" in judged(share=0.6)["c-share"]["title"] + judged(share=0.6)["c-share"]["contrast"]
    assert "c-share" not in judged(share=None)


@pytest.mark.parametrize("claim", ["a", "b"])
def test_tasks_of_the_same_examples_share_their_chance(judged, claim):
    apart = judged()[claim]
    shared = judged(examples=dict.fromkeys(synthetic.TASKS, "one"))[claim]
    seeds, examples = (parts(apart, source) for source in ("seeds", "examples"))
    assert variance_of_the_sum(apart) == pytest.approx(sum(seeds) + sum(examples))
    together = sum(map(math.sqrt, examples)) ** 2
    assert variance_of_the_sum(shared) == pytest.approx(sum(seeds) + together)


def test_tasks_that_one_pretraining_is_held_against_share_its_chance(judged):
    apart, shared = (
        judged(budget={"pretraining_corpus": corpora})["d2-cka"]
        for corpora in (list(synthetic.TASKS), "one")
    )
    others = sum(parts(apart, "seeds")) + sum(parts(apart, "units"))
    reference = parts(apart, "reference")
    assert variance_of_the_sum(apart) == pytest.approx(others + sum(reference))
    together = sum(map(math.sqrt, reference)) ** 2
    assert variance_of_the_sum(shared) == pytest.approx(others + together)


def test_chance_in_the_check_of_speed_is_that_of_test_units(judged):
    effects = judged(budget={"test_units": 10})["a"]["effects"]
    reasons = [one["reason"] for one in effects if one["reason"]]
    assert reasons and all("which reaches 0.667" in reason for reason in reasons)
    assert not any(one["reason"] for one in judged()["a"]["effects"])
