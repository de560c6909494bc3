"""Artificial corpora are their laws between special tokens, and shuffling keeps what it should."""

import inspect

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import draw_corpus
import id_sequences
from project import ROOT
from seqtransfer.files import arrow, checksums, json_tsv
from seqtransfer.study.checks import artificial_checks
from seqtransfer.tokens import artificial_corpora
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP, SPECIALS

ARTIFICIAL = yaml.safe_load((ROOT / "workflow/artificial.yaml").read_text())
COMMITTED = ARTIFICIAL["catalogue"]["artificial"]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


OPTIONS = {
    "symbols": 16, "exponent": 1.0, "successors": 3, "opening": 0.4, "pushing": 0.6, "rule": 110,
    "width": 3, "units": 4, "temperature": 0.3,
}  # fmt: skip


@pytest.mark.parametrize("kind", artificial_corpora.LAWS)
def test_a_corpus_is_its_law_between_special_tokens_and_its_options_are_the_catalogue_s(kind):
    options = {key: OPTIONS[key] for key in artificial_checks.KEYS[kind] if key in OPTIONS}
    record = {"kind": kind, "title": "t", "sequences": 7, "length": 10, **options}
    artificial_checks.check("x", record, {})
    ragged, symbols = artificial_corpora.draw(record, rng(5))
    law = artificial_corpora.LAWS[kind]
    expected = [[s + 5 for s in row if s >= 0] for row in law(rng(5), 7, 8, **options).tolist()]
    assert [list(ragged[i]) for i in range(7)] == [[CLS, *row, SEP] for row in expected]
    assert ragged.ids.max() < len(SPECIALS) + 16 and ragged.lengths.max() <= 10
    assert symbols == [f"{number:02d}" for number in range(16)]
    assert (ragged.labels == -1).all() and len(set(ragged.names)) == 7
    assert set(inspect.getfullargspec(law).kwonlyargs) == set(options)


@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_corpus_is_the_same_for_the_same_seed_and_has_bounded_sequences(name):
    record = COMMITTED[name]
    artificial_checks.check(name, record, {"sentiment": {}})
    if record["kind"] == "shuffled":
        return
    small = record | {"sequences": 200}
    (one, symbols), (again, _), (other, _) = (
        artificial_corpora.draw(small, rng(seed)) for seed in (0, 0, 1)
    )
    assert np.array_equal(one.ids, again.ids) and not np.array_equal(one.ids, other.ids)
    assert one.lengths.max() <= 64 and one.lengths.min() >= 33  # an input has 30 symbols
    assert one.ids.dtype == np.int32 and len(symbols) == record["symbols"]


def test_every_kind_of_the_schema_has_a_law_or_shuffles():
    schema = yaml.safe_load((ROOT / "workflow/schemas/catalogue.schema.yaml").read_text())
    known = schema["properties"]["artificial"]["additionalProperties"]["properties"]["kind"]["enum"]
    assert known == [*artificial_corpora.LAWS, "shuffled"] == list(artificial_checks.KEYS)


@given(st.integers(0, 2**32))
def test_shuffling_keeps_every_sequence_s_symbols_and_the_places_of_special_tokens(seed):
    random = rng(seed)
    bodies = [random.integers(0, 12, random.integers(0, 9)) for _ in range(6)]
    ragged = id_sequences.joined([[CLS, *body, SEP] for body in bodies], [-1] * 6, list("abcdef"))
    before = ragged.ids.copy()
    result = artificial_corpora.shuffled(ragged, random)
    assert np.array_equal(ragged.ids, before) and result.names is ragged.names
    special = before < len(SPECIALS)
    assert np.array_equal(result.ids[special], before[special])
    for i in range(6):
        assert sorted(result[i]) == sorted(ragged[i])


def test_shuffling_gives_every_order_equally_often():
    ragged = id_sequences.joined([[CLS, 5, 6, SEP, PAD, 7, SEP]] * 6000, [-1] * 6000, ["x"] * 6000)
    orders = artificial_corpora.shuffled(ragged, rng()).ids.reshape(6000, 7)[:, [1, 2, 5]]
    found, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(found) == 6 and stats.chisquare(counts).pvalue > 1e-3


def test_the_script_shuffles_a_tasks_sequences_within_themselves(tmp_path):
    sequences = [[CLS, *rng(n).integers(5, 9, 12), SEP] for n in range(30)]
    ragged = id_sequences.joined(sequences, [-1] * 30, [f"e{n}" for n in range(30)])
    arrow.write_ragged(tmp_path / "pretrain.arrow", ragged)
    json_tsv.write_json(tmp_path / "task.json", {"symbols": list("ACGT")})
    shuffled = (tmp_path / "pretrain.arrow", tmp_path / "task.json")
    for folder in (tmp_path / "one", tmp_path / "two"):
        draw_corpus.main(corpus="x", record={}, shuffled=shuffled, folder=folder, code="c")
    found = arrow.read_ragged(tmp_path / "one" / "pretrain.arrow")
    assert [sorted(row) for row in found] == [sorted(row) for row in sequences]
    assert [list(row) for row in found] != [list(row) for row in sequences]
    facts = json_tsv.read_json(tmp_path / "one" / "task.json")
    assert (facts["symbols"], facts["max_length"]) == (list("ACGT"), 14)
    assert facts["counts"] == {"pretrain": 30}
    assert checksums.of_files(tmp_path / "one") == checksums.of_files(tmp_path / "two")


def test_the_script_draws_a_corpus_by_its_law(tmp_path):
    record = COMMITTED["zipf"] | {"sequences": 7, "length": 9}
    draw_corpus.main(corpus="zipf", record=record, shuffled=None, folder=tmp_path, code="c")
    facts = json_tsv.read_json(tmp_path / "task.json")
    found = arrow.read_ragged(tmp_path / "pretrain.arrow")
    assert len(found) == facts["counts"]["pretrain"] == 7 and facts["max_length"] <= 11
    assert found.ids.max() < len(SPECIALS) + len(facts["symbols"])
