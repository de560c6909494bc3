"""The least study, of one seed, one task and two arms, has every figure, too."""

from test_figures import FIGURES, TASKS

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report.figures import style
from seqtransfer.report.tables import table_files


def test_a_study_of_one_seed_and_two_arms_is_drawn_too(tmp_path):
    paths = synthetic.write_study(tmp_path, tasks=TASKS[:1], arms=("text", "random"), seeds=(0,))
    written = synthetic.report(tmp_path / "report", paths)
    frames = {
        path.stem: table_files.read(path) for path in written.values() if path.suffix == ".csv"
    }
    records = json_tsv.read_json(written["claims"])["claims"]
    for name, draw in FIGURES.items():
        style.save(draw(frames, records), tmp_path / f"{name}.svg", name, "")
