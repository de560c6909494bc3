"""URLs of one file -> that file: retried, resumed where it broke off, never trusted unchecked.

Neither `urllib3.Retry` nor tenacity can go on in the middle of a body, or tell an attempt that
brought bytes from one that brought none; so the loop is here, on top of requests, which brings
proxies, certificates and the like from the user's environment.
"""

import hashlib
import os
import re
import shutil
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from urllib3.util import Retry

from seqtransfer.files import checksums, json_tsv
from seqtransfer.files.checksums import Checksums

TEMPORARY = (408, 425, 429, 500, 502, 503, 504)  # statuses after which a server is asked again
PIECE = 1 << 18  # bytes


@dataclass(frozen=True)
class Settings:
    """How patient and how generous a download is."""

    connect: float = 20  # seconds
    stall: float = 60  # seconds without a byte
    total: float = 6 * 3600  # seconds for all mirrors together, waits included
    attempts: int = 5  # at one mirror, without getting further
    further: int = 1 << 20  # bytes more than before that count as getting further
    backoff: float = 1  # seconds before the second attempt; then twice as long each time
    longest_wait: float = 120  # seconds, also where a server asks for more
    redirects: int = 5
    limit: int = 16 << 30  # bytes of a file whose size is not known
    report: float = 30  # seconds between two lines on the progress


SETTINGS = Settings()


def download(
    urls: Sequence[str], path: Path, expected: Checksums, settings: Settings = SETTINGS
) -> None:
    """Bring the file behind `urls` (http, https, file; tried in order) to `path`, checked.

    What arrives is kept beside `path`, one file a mirror, with the server's own mark of the
    version (ETag or Last-Modified). A later call goes on from there, also after a killed one, if
    the server still has that version. A whole file without the `expected` checksums is removed.
    Raises ValueError with a line for each mirror that says why it failed; nothing is at `path`.
    """
    deadline = time.monotonic() + settings.total
    failures = []
    with _Session() as session:
        for url in urls:
            mirror = _Mirror(session, url, _part(path, url), expected, settings, deadline)
            try:
                mirror.copy() if url.startswith("file:") else mirror.bring()
            except _Final as error:
                failures.append(f"    {shown(url)}: {error}")
            else:
                os.replace(mirror.part, path)
                for other in urls:
                    _remove(_part(path, other))
                return
    raise ValueError("\n".join(failures))


def shown(text: str) -> str:
    """A URL, or a text with URLs in it, without user names and passwords: fit for a log."""
    return re.sub(r"(?<=:)//[^/\s]*@", "//", text)


class _Failure(Exception):
    def __init__(self, reason: str):
        # Part of it is the server's: it must not steer the terminal, or fill it.
        printable = reason if reason.isprintable() else ascii(reason)[1:-1]
        super().__init__(shown(printable)[:500])


class _Final(_Failure):
    """Why a mirror is given up."""


class _Passing(_Failure):
    """Why an attempt failed that may be repeated, and how long the server asks to wait."""

    def __init__(self, reason: str, wait: float = 0):
        super().__init__(reason)
        self.wait = wait


class _Session(requests.Session):
    """Leaves redirects to `_Mirror`: requests reads their bodies, however long, into memory."""

    def get_redirect_target(self, response):
        return None


@dataclass(frozen=True)
class _Mirror:
    """One URL and the part of its file that is here so far."""

    session: requests.Session
    url: str
    part: Path
    expected: Checksums
    settings: Settings
    deadline: float

    def bring(self) -> None:
        """Complete `part` and check it. Raises _Final if that cannot be."""
        failures, furthest, wrong = 0, _length(self.part), []
        while True:
            wait = 0.0
            try:
                self._attempt()
                faults = checksums.faults(self.part, self.expected)
                if not faults:
                    return
                _remove(self.part)
                reason = "; ".join(faults)
                if faults == wrong:  # the same file again: it is damaged there, not on its way
                    raise _Final(reason)
                wrong = faults
            except _Passing as error:
                reason, wait = str(error), error.wait
            if _length(self.part) >= furthest + self.settings.further:
                failures, furthest = 0, _length(self.part)
            failures += 1
            if failures >= self.settings.attempts:
                raise _Final(f"{reason} (attempt {failures} without getting further)")
            self._wait(reason, wait, failures)

    def copy(self) -> None:
        """The same from a `file:` URL. Raises _Final if there is no such file or another one."""
        origin = Path(urllib.request.url2pathname(urlsplit(self.url).path))
        if not origin.is_file():
            raise _Final(f"there is no file {origin}")
        shutil.copyfile(origin, self.part)
        faults = checksums.faults(self.part, self.expected)
        if faults:
            _remove(self.part)
            raise _Final("; ".join(faults))

    def _wait(self, reason: str, asked: float, failures: int) -> None:
        if asked > self.settings.longest_wait:
            raise _Final(f"{reason}; asks to wait {asked:.0f} s, longer than we do")
        backoff = self.settings.backoff * 2 ** (failures - 1)
        wait = max(asked, min(backoff, self.settings.longest_wait))
        if time.monotonic() + wait > self.deadline:
            raise _Final(f"{reason}; no time left of the {self.settings.total:,.0f} s allowed")
        print(f"{shown(self.url)}: {reason}; again in {wait:.0f} s")
        time.sleep(wait)

    def _attempt(self) -> None:
        """Ask once for what is missing of `part` and append it; return when that was all."""
        offset, note = _length(self.part), _read_note(self.part)
        size = self.expected.size or note.get("size")
        if size is not None and offset > size:
            _remove(self.part)
            offset, note = 0, {}
        if offset and offset == size:
            return
        headers = {"Accept-Encoding": "identity"}  # digests are of the file as it is published
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if note.get("version"):
                headers["If-Range"] = note["version"]
        try:
            with self._answer(headers) as answer:
                self._take(answer, offset, note)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _Passing(_said(error)) from error

    def _answer(self, headers: dict) -> requests.Response:
        """The answer behind all redirects."""
        url = self.url
        for _ in range(self.settings.redirects + 1):
            if time.monotonic() > self.deadline:
                raise _Final(f"not done within the {self.settings.total:,.0f} s allowed")
            timeout = (self.settings.connect, self.settings.stall)
            try:
                answer = self.session.get(url, headers=headers, stream=True, timeout=timeout)
            except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
                raise _Final(_said(error)) from error
            if not answer.is_redirect:
                return answer
            answer.close()
            url = _redirected(url, answer.headers["Location"])
        raise _Final(f"redirects more than {self.settings.redirects} times, at last to {url}")

    def _take(self, answer: requests.Response, offset: int, note: dict) -> None:
        """Write the body of `answer` where it belongs in `part`; `offset` was asked for."""
        status = answer.status_code
        if status == 206 and offset:
            start, size = offset, self._size_of_range(answer, offset, note)
        elif status == 200:
            start, size = 0, _announced(answer)
        elif status == 416 and offset:
            # Nothing lies behind `offset`: that was the end, or another file is there now.
            if answer.headers.get("Content-Range") == f"bytes */{offset}":
                return
            _remove(self.part)
            raise _Passing("cannot go on from where it broke off")
        elif status in TEMPORARY:
            raise _Passing(f"answered {status} {answer.reason}", _retry_after(answer))
        else:
            raise _Final(f"answered {status} {answer.reason}")
        self._refuse_size(size, "has", exact=True)
        if not start:
            _remove(self.part)
            json_tsv.write_json(_note(self.part), {"version": _version(answer), "size": size})
        self._write(answer, start, size)

    def _size_of_range(self, answer: requests.Response, offset: int, note: dict) -> int | None:
        """The whole file's size, if the answer is what follows `offset` in the same version."""
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        known = note.get("version")
        now = answer.headers.get("ETag" if known and known.startswith('"') else "Last-Modified")
        if not span or int(span[1]) != offset or (known and now and known != now):
            _remove(self.part)
            raise _Passing("sent another part than was asked for, or of another version")
        return None if span[2] == "*" else int(span[2])

    def _write(self, answer: requests.Response, start: int, size: int | None) -> None:
        """Append the body to `part`, or begin `part` with it; return when it came whole."""
        answer.raw.enforce_content_length = False  # it is below, with better words
        began = reported = time.monotonic()
        length, left = start, _announced(answer)
        if start:
            print(f"{shown(self.url)}: goes on at {start:,} bytes")
        with open(self.part, "ab" if start else "wb") as file:
            while left != 0:
                # read1 returns what is there: a server that drips does not outlive the deadline.
                # It is asked for no more than was announced, since it may not stop there itself.
                most = PIECE if left is None else min(PIECE, left)
                piece = answer.raw.read1(most, decode_content=False)
                if not piece:
                    break
                length += len(piece)
                left = left and left - len(piece)
                self._refuse_size(length, "sends", exact=False)
                file.write(piece)
                now = time.monotonic()
                if now > self.deadline:
                    raise _Final(f"not done within the {self.settings.total:,.0f} s allowed")
                if left != 0 and now - reported > self.settings.report:
                    reported = now
                    print(
                        f"{shown(self.url)}: {_progress(length, size, length - start, now - began)}"
                    )
        whole = size if size is not None else self.expected.size
        if left or (whole is not None and length < whole):
            raise _Passing(f"broke off after {length:,} bytes of {whole or length + left:,}")
        seconds = time.monotonic() - began
        print(f"{shown(self.url)}: {_progress(length, length, length - start, seconds)}")

    def _refuse_size(self, size: int | None, verb: str, *, exact: bool) -> None:
        """Give the mirror up if its file cannot be the right one, or is larger than allowed."""
        wanted = self.expected.size
        most = self.settings.limit if wanted is None else wanted
        if size is not None and (size > most or (exact and wanted not in (None, size))):
            _remove(self.part)
            limit = "at most " if wanted is None else ""
            raise _Final(f"{verb} {size:,} bytes, expected {limit}{most:,}")


def _redirected(url: str, location: str) -> str:
    """Where a redirect from `url` leads; never to a file of this machine."""
    try:
        target = urljoin(url, location)
        allowed = urlsplit(target).scheme in ("http", "https")
    except ValueError:  # such as a broken IPv6 address
        target, allowed = location, False
    if not allowed:
        raise _Final(f"redirects to {target}, which is no http or https address")
    return target


def _part(path: Path, url: str) -> Path:
    """Where what has arrived from `url` lies: mirrors do not share their versions' marks."""
    return path.with_name(f"{path.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")


def _note(part: Path) -> Path:
    return part.with_suffix(".json")


def _read_note(part: Path) -> dict:
    """What the server said of the file that `part` is the beginning of; {} if that was lost."""
    try:
        note = json_tsv.read_json(_note(part))
        known = {"version": note["version"], "size": note["size"]}
    except (OSError, ValueError, KeyError, TypeError):  # then the checksums decide alone
        return {}
    whole = isinstance(known["version"], str | None) and isinstance(known["size"], int | None)
    return known if whole else {}


def _remove(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _version(answer: requests.Response) -> str | None:
    """The server's mark of the file's version that `If-Range` allows: no weak ETag."""
    etag = answer.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return answer.headers.get("Last-Modified")


def _announced(answer: requests.Response) -> int | None:
    length = answer.headers.get("Content-Length", "")
    chunked = "Transfer-Encoding" in answer.headers
    return int(length) if re.fullmatch(r"\d{1,18}", length) and not chunked else None


def _retry_after(answer: requests.Response) -> float:
    """Seconds that the server asks to wait; 0 if it does not say."""
    try:
        return Retry().parse_retry_after(answer.headers.get("Retry-After", "0"))
    except urllib3.exceptions.InvalidHeader:
        return 0


def _said(error: Exception) -> str:
    """The innermost reason: the outer layers repeat the address and the pool's settings."""
    while isinstance(cause := getattr(error, "reason", None) or error.__context__, Exception):
        error = cause
    return f"{type(error).__name__}: {error}"


def _progress(length: int, size: int | None, got: int, seconds: float) -> str:
    whole = f" of {size:,}" if size not in (None, length) else ""
    return f"{length:,}{whole} bytes, {got / 1e6 / max(seconds, 1e-3):.2f} MB/s"
