"""An error whose own words leave open what to do is told with it, in the same line."""

from pathlib import Path

import numpy as np
import pytest

from seqtransfer.corpora import alphabets, converters
from seqtransfer.encoders import encoder_folders
from seqtransfer.study import failures, logs, refusals, remedies
from seqtransfer.tokens import splits

ROWS = "".join(f"a{number},ACGT,0.{number}\n" for number in range(11, 31))


def converted(folder, record, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
        (folder / f"{name}.fasta").write_text(text)
    record = {"kind": "classification"} | record
    with pytest.raises(ValueError) as caught:
        converters.convert(record, folder, folder / "out.fasta")
    return str(caught.value)


def test_a_symbol_outside_the_alphabet_is_told_with_what_to_do():
    with pytest.raises(ValueError) as caught:
        alphabets.Cleaner("protein", ()).clean("x.fasta: record 'a'", "MK?")
    said = remedies.added(str(caught.value))
    assert "; correct or remove the record, name the alphabet that the file is in, or leave" in said
    with pytest.raises(ValueError) as caught:
        alphabets.Cleaner("dna", ()).clean("x.fasta: record 'a'", "ACU")
    assert remedies.added(str(caught.value)) == str(caught.value)  # it says rna


def test_records_of_one_id_are_told_with_how_to_find_their_lines(tmp_path):
    record = {"converter": "fasta", "classes": ["x", "y"]}
    record["layout"] = {"file": "in.fasta", "label": {"field": 2}}
    said = converted(tmp_path, record, **{"in": ">a|1 x\nMK\n>b y\nMK\n>a|1 y\nMR\n"})
    shown = f"`grep -nF '>a|1' {tmp_path}/in.fasta` shows both lines"
    assert remedies.added(said) == f"{said}; {shown}"
    assert remedies.added(f"ValueError: {said}").endswith(shown)
    packed = said.replace("in.fasta", "in.fasta.gz")
    assert remedies.added(packed) == packed


def test_numbers_in_place_of_classes_are_told_with_the_kind_that_predicts_them(tmp_path):
    record = {"converter": "table", "classes": ["0", "1"]}
    record["layout"] = {"file": "in.csv", "sequence": "seq", "label": "y"}
    said = converted(tmp_path, record, **{"in": f"id,seq,y\n{ROWS}"})
    assert remedies.added(said) == (
        f"{said}; to predict numbers, write `kind: regression` in place of `classes`"
    )
    words = said.replace("'0.12'", "'cold'")
    assert remedies.added(words) == words


def test_a_class_of_too_few_examples_is_told_with_how_to_drop_it():
    labels = [("common",)] * 20 + [("rare",)]
    with pytest.raises(ValueError) as caught:
        splits.check_classes(labels, {"train": np.arange(21)}, ["common", "rare"])
    for before in ("", "ValueError: task x (data/corpora/mine/x.fasta): "):  # as a job puts it
        assert remedies.added(f"{before}{caught.value}").endswith(
            ". To drop it, leave 'rare' out of `classes`: its examples then serve pretraining alone"
        )


@pytest.mark.parametrize(
    ("lacking", "unlike", "said"),
    [
        (["a"], [], "x: model.safetensors lacks 'a'; get it again, with the config.json beside it"),
        (["a", "b", "c"], [], "lacks tensors such as 'a', 'b', 'c'; get it again"),
        (
            [],
            [("a", (2,), (3,))],
            "x: model.safetensors has other shapes than config.json says, in",
        ),
        (
            ["a"],
            [("b", (2,), (3,))],
            "lacks 'a' and has other shapes than config.json says, in ('b",
        ),
    ],
)
def test_of_tensors_only_those_that_are_wrong_are_named(lacking, unlike, said):
    message = (  # as `encoder_folders.read` writes it
        f"x: model.safetensors lacks {lacking} or has other shapes than config.json says, {unlike};"
        " get it again"
    )
    better = remedies.added(message)
    assert said in better and "[]" not in better
    source = Path(encoder_folders.__file__).read_text()
    assert "model.safetensors lacks {lacking[:3]} or has other shapes than config.json" in source


def test_jobs_their_logs_and_refusals_say_it(tmp_path, capfd):
    said = "x: holds '?' at position 3; alphabet `dna` has ACGT and N"
    with pytest.raises(SystemExit), logs.capture(tmp_path / "a.log"):
        raise ValueError(said)
    assert f"ValueError: {said}; correct or remove the record" in capfd.readouterr().err
    assert f"{said}; correct or remove" in failures._cause(tmp_path / "a.log")
    with pytest.raises(SystemExit, match="; correct or remove the record"), refusals.told():
        raise ValueError(said)
