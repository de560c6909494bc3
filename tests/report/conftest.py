"""Made-up studies that several files read: a whole report, and a small one, to draw figures of."""

import pytest

import synthetic
import whole_study
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import table_files


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    paths = synthetic.write_study(folder, tasks=synthetic.FEW_TASKS, seeds=synthetic.FEW_SEEDS)
    return synthetic.report(folder / "report", paths)


@pytest.fixture(scope="session")
def frames(drawn):
    return {path.stem: table_files.read(path) for path in drawn.values() if path.suffix == ".csv"}


@pytest.fixture(scope="session")
def records(drawn):
    return json_tsv.read_json(drawn["claims"])["claims"]


@pytest.fixture(scope="session")
def reported(tmp_path_factory):
    """The files of a whole report, by table."""
    folder = tmp_path_factory.mktemp("report")
    return synthetic.report(folder / "report", synthetic.write_study(folder))


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Tables and claims of a study of 2 tasks, 3 seeds and arms of every kind."""
    return whole_study.report(tmp_path_factory.mktemp("small"), whole_study.TASKS, (0, 1, 2))
