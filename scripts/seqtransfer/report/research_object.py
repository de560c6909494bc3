"""The report and the study's record -> metadata of an RO-Crate, which archives and catalogues read.

Profile: Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process). What was done is one action: the
workflow as instrument, sources as objects, the files of the report as results.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from seqtransfer.files import checksums
from seqtransfer.report import register

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # of `sha256`
LICENCE = (
    "The workflow is under the MIT licence, and each source under its own, named there; under which"
    " licence the results are published, their author says."
)
FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
}
WHOLE = {
    "claims.html": "Page of the study: verdicts, evidence, provenance",
    "claims.md": "Verdicts as Markdown",
    "claims.json": "Verdicts, checks and effects",
    "study.json": "Record of the study: configuration, code, libraries, machine and data",
}


def metadata(record: Mapping, files: Mapping[str, Path], made: datetime) -> dict:
    """The content of `ro-crate-metadata.json`.

    record: as `record.py` writes it; files: of the report, by their paths in its folder; made: when
    the report was.
    """
    study = record["configuration"]
    crate = ROCrate(gen_preview=False, version="1.1")  # that the profile builds on
    crate.metadata.extra_contexts.append(TERMS)
    crate.name = f"Does an encoder pretrained on text transfer? Study {study['study']}"
    tasks, arms = (", ".join(study[key]) for key in ("tasks", "initializations"))
    crate.description = (
        f"Tasks: {tasks}; initializations: {arms}; {len(study['seeds'])} seeds each."
    )
    crate.license = LICENCE
    crate.datePublished = made
    crate.root_dataset["conformsTo"] = crate.add(
        ContextEntity(
            crate,
            PROFILE,
            {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        )
    )
    sources = [_source(crate, name, record) for name in study["catalogue"]["sources"]]
    sources += [_encoder(crate, known, study["catalogue"]) for known in record["encoders"]]
    results = [_file(crate, name, path, made) for name, path in files.items()]
    instrument = _workflow(crate, record)
    action = crate.add_action(
        instrument,
        identifier="#study",
        object=sources,
        result=results,
        properties={"name": f"Run of the study {study['study']}", "endTime": made.isoformat()},
    )
    crate.root_dataset["mentions"] = [action]
    for source in sources:  # all data must hang on the crate, those that lie elsewhere, too
        crate.root_dataset.append_to("hasPart", source)
    return crate.metadata.generate()


def _file(crate: ROCrate, name: str, path: Path, made: datetime) -> ContextEntity:
    stem = Path(name).stem
    known = register.FIGURES if name.startswith("figures/") else register.TABLES
    facts = {
        "name": WHOLE.get(name) or known[stem].title,
        "encodingFormat": FORMATS[path.suffix],
        "contentSize": str(path.stat().st_size),
        "sha256": checksums.sha256(path),
        "dateModified": made.isoformat(),
    }
    if name not in WHOLE:
        facts["description"] = known[stem].caption
    return crate.add_file(dest_path=name, properties=facts)


def _workflow(crate: ROCrate, record: Mapping) -> ContextEntity:
    """The code, with its commit, and the libraries that the results name."""
    versions = {pair for maker in record["made_by"] for pair in maker["versions"].items()}
    needed = [
        crate.add(
            ContextEntity(
                crate,
                f"#library-{library}-{version}",
                {"@type": "SoftwareApplication", "name": library, "softwareVersion": version},
            )
        )
        for library, version in sorted(versions)
    ]
    facts = {
        "@type": ["SoftwareSourceCode", "SoftwareApplication"],
        "name": "seqtransfer",
        "description": "A Snakemake workflow: does an encoder pretrained on text transfer?",
        "license": "MIT",
        "programmingLanguage": "Python",
        "softwareRequirements": needed,
    }
    if record["repository"]:
        changed = ", with changes that are not committed" if record["repository"]["changed"] else ""
        facts["version"] = record["repository"]["commit"] + changed
    return crate.add(ContextEntity(crate, "#seqtransfer", facts))


def _source(crate: ROCrate, name: str, record: Mapping) -> ContextEntity:
    """A source, by where its files came from: `path` before `url`, `url` before the package."""
    known = record["configuration"]["catalogue"]["sources"][name]
    facts = {"@type": "Dataset", "name": name, "license": known.get("licence", "not stated")}
    if "path" in known:
        facts["description"] = f"Files of the machine that ran the study, {known['path']}"
    else:
        facts |= {"sha256": known["sha256"]} if "sha256" in known else {}
        if not {"url", "package"} & set(known):
            facts["description"] = f"Joined from {', '.join(known['parts'])}"
        elif "url" in known:
            facts["identifier"] = known["url"]
        else:
            facts["identifier"] = f"pkg:pypi/{known['package']}@{known['version']}"
    if name in record["sources"]:
        facts["version"] = f"sha256 of the list of files {record['sources'][name]['sha256']}"
    return crate.add(ContextEntity(crate, f"#source-{name}", facts))


def _encoder(crate: ROCrate, known: Mapping, catalogue: Mapping) -> ContextEntity:
    """An encoder, with the licence that the catalogue states of it or of its source."""
    entry = catalogue["encoders"].get(known["name"], {})
    source = catalogue["sources"].get(entry.get("source"), {})
    licence = entry.get("licence", source.get("licence", "not stated"))
    facts = {"@type": "Dataset", "name": known["name"], "license": licence}
    if known["revision"]:
        facts["version"] = known["revision"]
    facts["description"] = "; ".join(
        f"{name}: sha256 {digest}" for name, digest in known["files"].items()
    )
    return crate.add(ContextEntity(crate, f"#encoder-{known['name']}", facts))
