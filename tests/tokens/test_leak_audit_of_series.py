"""The leak audit of series, from corpus to scores without near rows."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d
from sklearn.metrics import matthews_corrcoef

import audit
import id_sequences
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.series import check_numbers
from seqtransfer.corpora.symbol_tables import write_symbols
from seqtransfer.files import arrow, json_tsv
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens import encoding, leak_audit
from seqtransfer.tokens.encoding import Settings

RECORDINGS, EACH, LENGTH = 335, 4, 100
RECORD = {
    "format": "series",
    "classes": ["0", "1"],
    "split": "grouped",
    "kind": "classification",
    "truncate": "head",
}


def audited(folder, tokens, cut=0):
    """The audit of windows of recordings, shifted by one; every fifth recording is test, the next
    one dev. cut: points that every other window lacks."""
    rng, examples, parts = np.random.default_rng(0), [], {"train": [], "test": [], "dev": []}
    smooth = gaussian_filter1d(rng.normal(size=(RECORDINGS, LENGTH + EACH)), 4, axis=1)
    for number, recording in enumerate(smooth):
        part = {0: "test", 1: "dev"}.get(number % 5, "train")
        for i in range(EACH):
            symbols = tuple(f"{v:.6f}" for v in recording[i : i + LENGTH - cut * (i % 2)])
            name, group = f"w{number}-{i}", f"r{number}"
            examples.append(Example(name, symbols, str(number % 2), group, None))
            parts[part].append((name, group))
    corpus = folder / "toy.symbols"
    write_symbols(corpus, examples, check_numbers)
    for part, rows in parts.items():
        names, units = map(np.array, zip(*rows, strict=True))
        lists = id_sequences.joined([[5]] * len(names), [0] * len(names), names)
        ragged = Ragged(lists.ids, lists.offsets, lists.labels, names, units)
        arrow.write_ragged(folder / part, ragged)
    record = RECORD | {"tokens": tokens}
    sizes = {part: len(rows) for part, rows in parts.items()} | {"split_seed": 0}
    audit.main(
        task="toy",
        record=record,
        corpus=[corpus],
        encoder=folder,
        settings=Settings.of(record, sizes, max_length=LENGTH + 2),
        parts={part: folder / part for part in parts},
        audit=folder / "audit.tsv",
        nearest=folder / "nearest.tsv",
    )  # fmt: skip
    table = json_tsv.read_table(folder / "audit.tsv", leak_audit.COLUMNS)
    return table.set_index(["part", "stage", "measure"])["value"]


@pytest.mark.parametrize(
    ("tokens", "cut"),
    [
        ({"kind": "sax", "size": 4, "window": 10}, 0),
        ({"kind": "bins", "size": 4, "window": 10, "by": "quantile"}, 0),
        ({"kind": "sax", "size": 4, "window": 10}, 1),
    ],
)
def test_windows_of_one_recording_are_near_in_a_plain_split_and_not_in_one_by_group(
    tmp_path, tokens, cut
):
    values = audited(tmp_path, tokens, cut)
    # In a plain split a window has one of the three others of its recording in train with a
    # probability of 1 - 0.4 ** 3 = 0.94.
    for part in ("test", "dev"):
        assert values[part, "before", "distance_near"] == pytest.approx(0.94, abs=0.06)
        assert values[part, "before", "overlap_share_0.8"] == pytest.approx(0.94, abs=0.06)
        assert values[part, "after", "distance_near"] < 0.1
        assert values[part, "after", "overlap_q95"] == 0
        assert values[part, "after", "distance_duplicates"] == 0
        assert values[part, "before", "distance_q50"] < values[part, "before", "distance_limit"]
    assert values["test", "before", "distance_limit"] == values["dev", "after", "distance_limit"]
    assert values["test", "after", "overlap_run"] == 2
    near = json_tsv.read_table(tmp_path / "nearest.tsv")
    assert list(near.columns[-3:]) == ["overlap", "distance", "relative_distance"]
    limit = values["test", "after", "distance_limit"]
    assert (near["distance"] / limit).tolist() == pytest.approx(
        near["relative_distance"].tolist(), rel=1e-4
    )


@pytest.mark.parametrize("split", ["stratified", "given"])
def test_learned_bins_are_audited_as_they_were_encoded_and_no_sequence_has_two_labels(
    tmp_path, split
):
    rng = np.random.default_rng(0)
    walks = np.cumsum(rng.normal(size=(400, 24)), axis=1)
    given = ["test", "dev", "train", "train"]
    examples = [
        Example(f"w{i}", tuple(f"{v:.3f}" for v in walk), str(i % 2), None, given[i // 2 % 4])
        for i, walk in enumerate(walks)
    ]
    corpus = tmp_path / "toy.symbols"
    write_symbols(corpus, examples, check_numbers)
    tokens = {"kind": "bins", "size": 4, "window": 6, "by": "quantile"}
    record = RECORD | {"tokens": tokens, "split": split}
    sizes = {"train": 200, "dev": 100, "test": 100, "split_seed": 0}
    settings = Settings.of(record, sizes, max_length=30)
    read = encoding.read(record, [corpus], tmp_path, settings)
    arrays, _, facts = encoding.build(read, settings)
    counts = facts["counts"]
    assert min(counts["repeats_dropped"], counts["conflicts_dropped"]) > 10
    kept = {part: arrays[part] for part in ("train", "dev", "test")}
    dropped = counts["repeats_dropped"] + counts["conflicts_dropped"]
    assert sum(map(len, kept.values())) + dropped == len(examples)
    lost = sum(e.split == "test" for e in examples) - len(kept["test"])
    assert split != "given" or counts["given_test_dropped"] == lost > 0
    sequences = [bytes(part[i]) for part in kept.values() for i in range(len(part))]
    assert len(sequences) == len(set(sequences))
    for part, ragged in kept.items():
        arrow.write_ragged(tmp_path / part, ragged)
    audit.main(
        task="toy", record=record, corpus=[corpus], encoder=tmp_path, settings=settings,
        parts={part: tmp_path / part for part in kept},
        audit=tmp_path / "audit.tsv", nearest=tmp_path / "nearest.tsv",
    )  # fmt: skip
    table = json_tsv.read_table(tmp_path / "audit.tsv", leak_audit.COLUMNS)
    after = table[(table["stage"] == "after") & (table["measure"] == "duplicates")]
    assert after["value"].tolist() == [0, 0]


@pytest.mark.parametrize("known", [True, False])
def test_scores_are_given_once_more_without_near_series(rescored, known):
    rng = np.random.default_rng(1)
    near = pd.DataFrame({"id": [f"{i:02d}" for i in range(40)], "nearest": "t", "similarity": 0.1})
    near["identity"], near["duplicate"] = 0.1, False
    near["overlap"] = rng.choice([0.0, 0.6, 0.85, 1.0], 40)
    near["distance"] = rng.random(40)
    near["relative_distance"] = near["distance"] / (0.3 if known else np.nan)
    labels, answers = rng.choice(["a", "b"], (2, 40))
    table = pd.DataFrame({"id": near["id"], "unit": near["id"]})
    record = {"kind": "classification", "classes": ["a", "b"], "metric": "mcc"}
    found = rescored(record, near, table.assign(label=labels, prediction=answers, p_a=0.5))
    for threshold in (0.9, 0.8, 0.5):
        kept = (near["overlap"] < threshold).to_numpy()
        expected = matthews_corrcoef(labels[kept], answers[kept])
        assert found.loc[f"overlap < {threshold}", "score"] == pytest.approx(expected, rel=1e-5)
    far = (near["distance"] > 0.3).to_numpy()
    if known:
        expected = matthews_corrcoef(labels[far], answers[far])
        assert found.loc["not near", "score"] == pytest.approx(expected, rel=1e-5)
        assert found.loc["not near", "n"] == far.sum() < 40
    else:  # nothing says which rows are near, so no score is without them
        assert np.isnan(found.loc["not near", "score"])
