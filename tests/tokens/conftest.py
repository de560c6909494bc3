"""What several test modules share: a task scored once more by the script."""

import pandas as pd
import pytest

import rescore
from seqtransfer.files import json_tsv


@pytest.fixture
def rescored(tmp_path):
    """A function from a task's record, its test rows' nearest ones and a run's predictions to the
    scores by `kept`; the groups left out stand in left-out.tsv."""

    def scores(record: dict, near: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
        json_tsv.write_json(tmp_path / "task.json", record)
        json_tsv.write_table(tmp_path / "nearest.tsv", near)
        json_tsv.write_table(tmp_path / "p.tsv", predictions)
        json_tsv.write_table(tmp_path / "baselines.tsv", predictions.assign(baseline="ngram"))
        rescore.main(
            task="toy",
            task_record=tmp_path / "task.json",
            nearest=tmp_path / "nearest.tsv",
            predictions=[tmp_path / "p.tsv"],
            initializations=["text"],
            seeds=[0],
            baselines=tmp_path / "baselines.tsv",
            rescored=tmp_path / "scores.tsv",
            left_out=tmp_path / "left-out.tsv",
            baselines_left_out=tmp_path / "baselines-left-out.tsv",
        )
        return json_tsv.read_table(tmp_path / "scores.tsv").set_index("kept")

    return scores
