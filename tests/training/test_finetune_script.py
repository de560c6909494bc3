"""The script `finetune`: its files say what the model that it leaves behind answers."""

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef
from test_runs import SETTINGS, files_of, part_of

import finetune
from seqtransfer.encoders import loading
from seqtransfer.files import arrow, json_tsv
from seqtransfer.scoring import left_out
from seqtransfer.training import classifier, devices, finetuning, runs

DEVICE = devices.choose_device()


@pytest.fixture
def finished(tmp_path, encoder, sources_for):
    """A function that runs the job of a seed: its folder, its record, the model that it left."""
    files = files_of(tmp_path, encoder, sources_for(3))
    arrow.write_ragged(tmp_path / "test.arrow", part_of(14, 2))

    def run(seed):
        folder = tmp_path / f"seed-{seed}"
        folder.mkdir()
        finetune.main(
            run=runs.Run("toy", "text", seed, 3e-2, "mean", 0.25), files=files, pretrained=None,
            settings=SETTINGS, keep=[2], threads=1, memory=8000, folder=folder,
            unfinished=tmp_path / "unfinished.safetensors", code="0123",
        )  # fmt: skip
        record = json_tsv.read_json(folder / "metrics.json")
        model = runs.initial_model(record, files, {})
        classifier.restore(model, folder / "weights.safetensors")
        model.encoder.dtype = devices.DTYPES[record["provenance"]["precision"]]
        return folder, record, model.to(DEVICE)

    return run, files


def test_dev_scores_without_a_group_are_those_of_the_model_and_of_the_same_groups_at_every_seed(
    finished,
):
    run, files = finished
    dev, target = files.part("dev"), files.target()
    groups = left_out.groups(dev.units, "toy", "dev left out")
    assert len(set(groups.tolist())) > 2
    for seed in (0, 1):
        folder, record, model = run(seed)
        found = finetuning.predict(model, dev, target, device=DEVICE).argmax(axis=1)
        table = json_tsv.read_table(folder / "dev-left-out.tsv")
        best = table[table["step"] == record["best_step"]].set_index("group")["score"]
        for group in best.index:
            rest = groups != group
            if len(set(dev.labels[rest])) == 2:
                expected = matthews_corrcoef(dev.labels[rest], found[rest])
                assert best[group] == pytest.approx(expected, abs=1e-5)
        history = json_tsv.read_table(folder / "history.tsv").set_index("step")
        whole = matthews_corrcoef(dev.labels, found)
        assert history.loc[record["best_step"], "dev_mcc"] == pytest.approx(whole, abs=1e-5)


def test_predictions_and_test_scores_are_those_of_the_model_row_by_row(finished):
    run, files = finished
    folder, record, model = run(0)
    test, target = files.part("test"), files.target()
    answers = finetuning.predict(model, test, target, device=DEVICE)
    table = json_tsv.read_table(folder / "predictions.tsv")
    assert table["id"].tolist() == test.names.tolist()
    names = np.array(target.classes)
    assert table["label"].tolist() == names[test.labels].tolist()
    assert table["prediction"].tolist() == names[answers.argmax(axis=1)].tolist()
    np.testing.assert_allclose(table[[f"p_{name}" for name in names]], answers, atol=1e-5)
    expected = matthews_corrcoef(test.labels, answers.argmax(axis=1))
    assert record["test"]["mcc"] == pytest.approx(expected)


def test_operations_count_steps_three_times_and_every_sequence_that_is_scored(finished):
    """By Kaplan et al. (2020): 24 n w^2 + 4 n^2 w a layer and sequence of n tokens, width w."""
    run, files = finished
    folder, record, _ = run(0)
    history = json_tsv.read_table(folder / "history.tsv")
    scored = int((history["step"] <= record["steps_taken"]).sum()) * len(files.part("dev"))
    batch = min(SETTINGS["batch_size"], record["train_n"])
    passes = 3 * record["steps_taken"] * batch + scored + len(files.part("test"))
    n, w = record["max_tokens"], loading.Facts.of(files.encoder).width
    once = files.layers * (24 * n * w**2 + 4 * n**2 * w)
    timing = json_tsv.read_json(folder / "timing.json")
    assert timing["operations"] == passes * once
    assert (timing["peak_gpu_memory"] is None) == (DEVICE == "cpu")
