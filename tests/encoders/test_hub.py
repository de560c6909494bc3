"""Encoders of the hub: one commit, checked bytes, recorded names, and what to do without a network.

A server on this machine answers as the hub does; each fetch runs in a process of its own, with the
settings that a user has: HF_ENDPOINT, HF_HOME, HF_HUB_OFFLINE, HF_TOKEN.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import transformers
import yaml
from safetensors.torch import load_file

import hostile_server
import hub_server
from project import ROOT, snakemake
from seqtransfer.encoders import encoder_folders, hub
from seqtransfer.files import json_tsv

OLD, NEW = "1" * 40, "2" * 40
NAME = "owner/tiny"
CODE = """
import sys
from pathlib import Path
from seqtransfer.encoders import hub
try:
    print("got", *hub.fetch(sys.argv[1], sys.argv[2], Path("encoders.lock")))
except ValueError as error:
    print("refused", error)
"""

HEAD = """
import json
from pathlib import Path
import encoder_head
Path("encoder.json").write_text(json.dumps({"revision": "%s"}))
encoder_head.masked_heads.read = lambda origin, record: print("of", origin.name) or {}
encoder_head.main(
    record={"hub": "%s", "revision": "main"}, source=None, digests=None,
    facts=Path("encoder.json"), head=Path("head.safetensors"),
)
"""


@dataclass
class Desk:
    """A user's folder and cache, and the server that plays the hub."""

    folder: Path
    server: hub_server.Server

    @property
    def repository(self) -> hub_server.Repository:
        return self.server.repositories[NAME]

    @property
    def lock(self) -> Path:
        return self.folder / "encoders.lock"

    @property
    def cache(self) -> Path:
        return self.folder / "hf" / "hub"

    def settings(self, **changes) -> dict:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        ours = {"HF_ENDPOINT": self.server.url, "HF_HOME": str(self.folder / "hf")}
        return {**kept, **ours, "HF_HUB_DISABLE_PROGRESS_BARS": "1", **changes}

    def fetch(self, revision: str, name: str = NAME, **changes) -> str:
        """What a fetch says, after `got` or `refused`."""
        done = subprocess.run(
            [sys.executable, "-c", CODE, name, revision],
            cwd=self.folder,
            env=self.settings(PYTHONPATH=str(ROOT / "scripts"), **changes),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout[min(i for w in ("got", "refused") if (i := done.stdout.find(w)) >= 0) :]

    def got(self, revision: str, **changes) -> Path:
        """The folder that a fetch gives."""
        said = self.fetch(revision, **changes).split()
        assert said[0] == "got", said
        return Path(said[1])


@pytest.fixture
def desk(tmp_path, encoder):
    """The hub has a repository of two commits, `main` at the old one; the new one has a token file
    and other weights."""
    files = {path.name: path.read_bytes() for path in sorted(encoder.iterdir())}
    old = {**files, "pytorch_model.bin": b"pickle", "README.md": b"hello", "code.py": b"exit()"}
    new = {**old, "config.json": files["config.json"] + b"\n"}
    with hostile_server.running(hub_server.Server) as server:
        server.repositories[NAME] = hub_server.Repository({OLD: old, NEW: new}, {"main": OLD})
        yield Desk(tmp_path, server)


def test_a_commit_is_fetched_without_pickles_or_code_and_needs_no_lock(desk, encoder):
    folder = desk.got(OLD)
    assert sorted(p.name for p in folder.iterdir()) == [
        "config.json", "model.safetensors", "tokenizer.json",
    ]  # fmt: skip
    for path in folder.iterdir():
        assert path.read_bytes() == (encoder / path.name).read_bytes()
    assert not desk.lock.exists()
    assert folder.is_relative_to(desk.cache)


def test_a_branch_is_recorded_at_first_use_and_refused_when_it_has_moved(desk):
    assert desk.got("main").name == OLD
    assert hub.recorded(desk.lock) == {(NAME, "main"): OLD}
    before = desk.lock.read_bytes()
    assert desk.got("main").name == OLD and desk.lock.read_bytes() == before
    desk.repository.names["main"] = NEW
    said = desk.fetch("main")
    assert said.startswith(f"refused {NAME}: `main` is now {NEW}; encoders.lock recorded {OLD}")
    assert f"revision: {OLD}" in said and "delete the line" in said
    assert desk.lock.read_bytes() == before
    desk.lock.unlink()
    assert desk.got("main").name == NEW
    assert desk.got(OLD).name == OLD


def test_a_head_is_of_the_commit_of_its_encoder_though_the_branch_has_moved(desk):
    desk.repository.names["main"] = NEW
    done = subprocess.run(
        [sys.executable, "-c", HEAD % (OLD, NAME)],
        cwd=desk.folder,
        env=desk.settings(PYTHONPATH=str(ROOT / "scripts")),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"of {OLD}" in done.stdout and not desk.lock.exists()


def test_a_second_use_asks_for_no_file_again(desk):
    desk.got(OLD)
    desk.server.asked.clear()
    desk.got(OLD)
    assert not [line for line in desk.server.asked if NAME in line]


@pytest.mark.parametrize(
    ("name", "revision", "said"),
    [
        (NAME, "mian", "RevisionNotFoundError"),
        (NAME, "3" * 40, "RevisionNotFoundError"),
        ("owner/tinny", "main", "RepositoryNotFoundError"),
    ],
)
def test_what_the_hub_does_not_have_is_named(desk, name, revision, said):
    answer = desk.fetch(revision, name)
    start = f"refused {name} at {revision}: cannot be downloaded from {desk.server.url}"
    assert answer.startswith(start)
    assert said in answer
    assert not desk.lock.exists()


def test_a_repository_without_a_configuration_is_no_encoder(desk):
    desk.repository.commits["3" * 40] = {"README.md": b"hello"}
    desk.repository.commits["4" * 40] = {"model.safetensors": b"hello"}
    for commit in ("3" * 40, "4" * 40):
        assert f"refused {NAME} at {commit}: has no config.json" in desk.fetch(commit)


def test_a_repository_for_few_needs_the_clients_own_token(desk):
    desk.repository.token = "hf_secret"
    assert "GatedRepoError" in desk.fetch(OLD)
    assert desk.got(OLD, HF_TOKEN="hf_secret").name == OLD


def test_a_file_cut_short_is_refused_and_the_next_try_gets_it(desk):
    desk.repository.cut["model.safetensors"] = 1000
    answer = desk.fetch(OLD)
    assert answer.startswith(f"refused {NAME} at {OLD}: ")
    assert not list(desk.cache.rglob("snapshots/*/model.safetensors"))
    desk.repository.cut.clear()
    assert (desk.got(OLD) / "model.safetensors").exists()


@pytest.mark.parametrize("path", ["model.safetensors", "tokenizer.json"])
def test_other_bytes_of_the_same_length_are_refused(desk, path):
    content = desk.repository.commits[OLD][path]
    desk.repository.changed[path] = content[:-1] + bytes([content[-1] ^ 1])
    answer = desk.fetch(OLD)
    kind = "sha256" if path == "model.safetensors" else "git_blob"
    assert answer.startswith("refused ") and f"{path}: has another {kind}" in answer
    blob = Path(answer.split("delete ")[1].split(" and rerun")[0])
    desk.repository.changed.clear()
    blob.unlink()
    assert desk.got(OLD).name == OLD


def test_without_a_network_a_prepared_cache_is_enough(desk):
    desk.got("main")
    desk.server.asked.clear()
    assert desk.got("main", HF_HUB_OFFLINE="1").name == OLD
    assert desk.got(OLD, HF_HUB_OFFLINE="1").name == OLD
    assert desk.got("main", HF_ENDPOINT="http://127.0.0.1:9").name == OLD  # nobody answers there
    assert desk.server.asked == []


def test_without_a_network_a_recorded_name_needs_no_more_than_its_commit(desk):
    desk.got(OLD)
    desk.lock.write_text(f"{NAME} main {OLD}\n")
    assert desk.got("main", HF_HUB_OFFLINE="1").name == OLD


def test_without_a_network_and_cache_the_error_says_how_to_bring_the_files(desk):
    answer = desk.fetch("main", HF_HUB_OFFLINE="1")
    assert answer.startswith(f"refused {NAME} at main: {desk.server.url} does not answer")
    assert "the cache has none of its files." in answer
    assert f"hf download {NAME} --revision main config.json model.safetensors" in answer
    assert str(desk.cache / "models--owner--tiny") in answer and "`path:`" in answer


def test_a_cache_that_lacks_a_file_is_named_with_the_file(desk):
    (desk.got(OLD) / "model.safetensors").unlink()
    answer = desk.fetch(OLD, HF_HUB_OFFLINE="1")
    assert answer.startswith(f"refused {NAME} at {OLD}: ")
    assert "the cache has config.json, tokenizer.json of its files." in answer


@pytest.mark.parametrize(
    "text", ["owner/tiny main", f"owner/tiny main {OLD[:39]}", f"owner/tiny  main {OLD} x"]
)
def test_a_malformed_lock_is_refused_with_its_line(tmp_path, text):
    path = tmp_path / "encoders.lock"
    path.write_text(f"owner/other main {OLD}\n{text}\n")
    with pytest.raises(ValueError, match=r"encoders\.lock: line 2: expected a repository"):
        hub.recorded(path)


def test_a_lock_whose_last_line_an_editor_left_open_gets_a_line_of_its_own(tmp_path):
    path = tmp_path / "encoders.lock"
    path.write_text(f"owner/other main {OLD}")
    hub.record(path, "owner/name", "v2", OLD)
    assert hub.recorded(path) == {("owner/other", "main"): OLD, ("owner/name", "v2"): OLD}


def test_a_t5_of_the_hub_becomes_an_encoder_folder_without_its_decoder(desk, encoder, tmp_path):
    config = transformers.T5Config(
        vocab_size=56, d_model=8, d_kv=4, d_ff=12, num_layers=2, num_heads=2
    )
    whole, stock = transformers.T5ForConditionalGeneration(config), tmp_path / "stock"
    whole.save_pretrained(stock)
    shutil.copy(encoder / "tokenizer.json", stock)
    desk.repository.commits["5" * 40] = {
        path.name: path.read_bytes() for path in sorted(stock.iterdir())
    }
    folder = desk.got("5" * 40)
    encoder_folders.write(tmp_path / "house", "t5", encoder_folders.read(folder), {}, None, folder)
    stored = load_file(tmp_path / "house/model.safetensors")
    expected = whole.encoder.state_dict()
    assert stored.keys() == expected.keys()
    assert all(torch.equal(stored[name], tensor) for name, tensor in expected.items())


@pytest.mark.workflow
def test_the_rule_makes_the_folder_of_a_hub_encoder(desk, encoder):
    record = {"hub": NAME, "revision": "main"}
    study = {
        "study": "hub",
        "tasks": ["splice"],
        "encoder": {"name": "tiny"},
        "catalogue": {"encoders": {"tiny": record}},
    }
    (desk.folder / "study.yaml").write_text(yaml.safe_dump(study))
    target = "data/encoders/tiny/encoder.json"
    command = ["--cores", "1", "--configfile", "study.yaml", "--", target]
    process = snakemake(*command, cwd=desk.folder, **desk.settings())
    assert process.returncode != 0 and "encoder 'tiny' has 40 positions" in process.stdout
    study["max_length"] = {"splice": 40}
    (desk.folder / "study.yaml").write_text(yaml.safe_dump(study))
    process = snakemake(*command, cwd=desk.folder, **desk.settings())
    assert process.returncode == 0, process.stdout
    facts = json_tsv.read_json(desk.folder / target)
    assert facts["revision"] == OLD and facts["source"] == record
    assert hub.recorded(desk.lock) == {(NAME, "main"): OLD}
    found = desk.folder / "data/encoders/tiny/tokenizer.json"
    assert found.read_bytes() == (encoder / "tokenizer.json").read_bytes()
    assert "Nothing to be done" in snakemake(*command, cwd=desk.folder, **desk.settings()).stdout
    desk.repository.names["main"] = NEW
    shutil.rmtree((desk.folder / target).parent)
    process = snakemake(*command, cwd=desk.folder, **desk.settings())
    assert process.returncode != 0 and f"`main` is now {NEW}" in process.stdout
