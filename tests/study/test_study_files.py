"""Study files that Snakemake could not read: what is said of them, and when."""

import os
import subprocess
import sys

import pytest

from project import ROOT, run
from seqtransfer.study import study_files

BROKEN = {
    "seeds: [1,\nstudy: mine\n": r"is not YAML: line \d, column \d+: .* begins in line 1",
    "study: mine\n\ttasks: [a]\n": r"is not YAML: line 2, column 1: .*cannot start any token",
    "study: mine\nnote: a: b\n": r"is not YAML: line 2, column 8: mapping values",
    'regex: "a(\\S+)"\n': r"is not YAML: line 1, column 12: found unknown escape character 'S'",
    "study: mi\x00ne\n": r"is not YAML: unacceptable character #x0000",
    "a finished table\n": r"is no study: it has no key",
    "": r"is no study",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_named_by_its_line(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=f"{file} {BROKEN[text]}"):
        study_files.check(["report", "--configfile", str(file), "-n"])


def test_other_encodings_are_named_with_what_mends_them(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes("study: café\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"not written in UTF-8.*\(byte 10\).*iconv"):
        study_files.check([f"--configfile={file}"])


def test_a_target_after_the_file_is_told_apart_from_a_missing_file(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ValueError, match=r"snakemake estimate --configfile config.yaml$"):
        study_files.check(["--configfile", "config.yaml", "estimate", "--cores", "2"])
    with pytest.raises(ValueError, match=r"Did you mean workflow/studies/ladder.yaml\?$"):
        study_files.check(["--configfile", "ladder.yaml"])
    with pytest.raises(ValueError, match="There is no study file scripts"):
        study_files.check(["--configfile", "scripts"])


def test_files_given_twice_are_refused_and_several_files_of_one_option_are_not(monkeypatch):
    monkeypatch.chdir(ROOT)
    one, two = "config.yaml", "workflow/studies/ladder.yaml"
    study_files.check(["report", "--configfile", one, two, "--config", "seeds=[1]", "-n"])
    study_files.check(["report", "-n"])
    study_files.check([f"--configfile={one}", "report", "-n"])  # takes no further word
    with pytest.raises(ValueError, match=f"--configfile {one} {two}$"):
        study_files.check(["--configfile", one, f"--configfiles={two}"])


def test_a_pipe_is_left_to_snakemake_since_it_is_read_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    study_files.check(["--configfile", str(tmp_path / "pipe")])


@pytest.mark.parametrize("profile", ["default", "slurm", "kubernetes", "aws-batch"])
def test_every_profile_looks_before_snakemake_does(profile, tmp_path):
    """The profile alone, as Snakemake reads it, in a process of its own: it may end the process."""
    file = tmp_path / "mine.yaml"
    file.write_text("seeds: [1,\n")
    read = "import sys, yte; yte.process_yaml(open(sys.argv.pop(1)), require_use_yte=True)"
    options = {}
    for name in (file, "config.yaml"):
        command = [sys.executable, "-c", read, f"profiles/{profile}/config.yaml", "--configfile"]
        options[name] = subprocess.run(
            [*command, str(name)], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert options["config.yaml"].returncode == 0
    assert options[file].returncode == 1
    assert options[file].stderr.startswith(f"The study is refused. {file} is not YAML: line 2")


def test_snakemake_ends_in_one_line(tmp_path):
    ended = run("snakemake", "-n", "--configfile", tmp_path / "mine.yaml")
    first, said = ended.stdout.splitlines()
    assert ended.returncode == 1 and first.startswith("Using workflow specific profile")
    assert said.startswith(f"The study is refused. There is no study file {tmp_path}")


def test_another_folder_keeps_its_own_scripts(tmp_path):
    """A profile used from elsewhere neither fails nor lets that folder's files shadow others."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/json.py").write_text("raise RuntimeError")
    (tmp_path / "Snakefile").write_text("rule all:\n")
    profile = ("--workflow-profile", ROOT / "profiles/default")
    ended = run("snakemake", "-n", "--quiet", "host", *profile, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout
