"""The crate of a report: every entity is named once, leads somewhere, and has the file's digest."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

import crate
from seqtransfer.report import research_object

RECORD = {
    "configuration": {
        "study": "tiny",
        "tasks": ["splice"],
        "initializations": ["text", "random"],
        "seeds": [0, 1],
        "catalogue": {
            "sources": {
                "moved": {"package": "genes", "version": "1.0", "sha256": "ab", "path": "data/x"},
                "dna": {"package": "genes", "version": "1.0", "sha256": "ab", "licence": "MIT"},
                "web": {"url": "https://example.org/a.fasta", "sha256": "cd"},
                "own": {"path": "data/mine"},
            },
            "encoders": {"bert": {"licence": "Apache-2.0"}},
        },
    },
    "sources": {"dna": {"files": 1, "sha256": "12"}},
    "encoders": [{"name": "bert", "revision": "r1", "files": {"model.safetensors": "34"}}],
    "repository": {"commit": "0123abc", "changed": True},
    "made_by": [
        {"stage": "fine-tuning", "versions": {"python": "3.11.7", "torch": "2.13.0"}},
        {"stage": "tokens", "versions": {"python": "3.11.7", "numpy": "2.4.6"}},
        {"stage": "tokens", "versions": {"python": "3.11.7", "numpy": "2.4.5"}},
    ],
}


@pytest.fixture
def graph(tmp_path):
    """Entities of the crate of a report of three files, by their @id."""
    report = tmp_path / "report"
    for name in ("tables/scores.csv", "figures/scores.svg", "claims.json"):
        path = report / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    files = sorted(path for path in report.rglob("*") if path.is_file())
    (report / "study.json").write_text(json.dumps(RECORD))
    output = report / "ro-crate-metadata.json"
    crate.main(record=report / "study.json", files=files, output=output)
    found = json.loads(output.read_text())["@graph"]
    assert len({entity["@id"] for entity in found}) == len(found)
    return report, {entity["@id"]: entity for entity in found}


def references(value):
    """Every `{"@id": ...}` within an entity's properties."""
    if isinstance(value, dict):
        yield from [value["@id"]] if set(value) == {"@id"} else ()
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def test_every_reference_leads_to_an_entity(graph):
    _, entities = graph
    for entity in entities.values():
        for name in references({key: part for key, part in entity.items() if key != "@id"}):
            assert name in entities or name.startswith("https://w3id.org/ro/crate/")


def test_every_file_is_there_with_its_digest_and_what_it_is(graph):
    report, entities = graph
    files = {name: entity for name, entity in entities.items() if entity["@type"] == "File"}
    there = {path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()}
    assert set(files) == there - {"ro-crate-metadata.json"}
    for name, entity in files.items():
        content = (report / name).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))
    assert files["tables/scores.csv"]["encodingFormat"] == "text/csv"
    assert files["tables/scores.csv"]["description"]


def test_the_run_leads_from_sources_by_the_workflow_to_results(graph):
    _, entities = graph
    run = entities["#study"]
    assert [one["@id"] for one in run["object"]] == [
        "#source-moved", "#source-dna", "#source-web", "#source-own", "#encoder-bert"
    ]  # fmt: skip
    assert {one["@id"] for one in run["result"]} == {
        name for name, entity in entities.items() if entity["@type"] == "File"
    }
    assert entities["#source-dna"]["license"] == "MIT"
    assert entities["#source-dna"]["identifier"] == "pkg:pypi/genes@1.0"
    assert entities["#source-web"]["identifier"] == "https://example.org/a.fasta"
    assert not {"identifier", "sha256"} & set(entities["#source-moved"])  # other bytes, perhaps
    assert entities["#encoder-bert"]["version"] == "r1"
    assert entities["#encoder-bert"]["license"] == "Apache-2.0"
    workflow = entities[run["instrument"]["@id"]]
    assert workflow["version"] == "0123abc, with changes that are not committed"
    needed = [entities[one["@id"]] for one in workflow["softwareRequirements"]]
    assert [(one["name"], one["softwareVersion"]) for one in needed] == [
        ("numpy", "2.4.5"), ("numpy", "2.4.6"), ("python", "3.11.7"), ("torch", "2.13.0")
    ]  # fmt: skip


def test_a_report_without_a_repository_has_no_version(tmp_path):
    record = RECORD | {"repository": None}
    made = research_object.metadata(record, {}, datetime(2026, 1, 1, tzinfo=UTC))
    entities = {entity["@id"]: entity for entity in made["@graph"]}
    assert "version" not in entities["#seqtransfer"]
    assert entities["./"]["datePublished"].startswith("2026-01-01")
