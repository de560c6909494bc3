"""An HTTP server on this machine that fails in the ways that servers and networks do."""

import gzip
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Fault:
    """What is wrong with one answer; `at` is how many bytes of the body come before it."""

    kind: str
    at: int = 0
    value: object = None


@dataclass
class Page:
    """What one path holds, the faults of its next answers in order, and what was asked for."""

    body: bytes
    faults: list[Fault] = field(default_factory=list)
    etag: str | None = '"1"'
    modified: str | None = None
    always: Fault = Fault("ok")  # when the faults are used up
    asked: list[dict] = field(default_factory=list)


class Server(ThreadingHTTPServer):
    """Pages by path; every answer closes its connection."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Page] = {}

    def add(self, path: str, body: bytes, *faults: Fault, **options) -> tuple[str, Page]:
        """Serve `body` at `path`; the URL and the page."""
        self.pages[path] = Page(body, list(faults), **options)
        return f"http://127.0.0.1:{self.server_port}{path}", self.pages[path]

    def handle_error(self, request, client_address):
        """Clients that hang up are no news here."""


class Handler(BaseHTTPRequestHandler):
    """Answers as the page's next fault says. Named after it: `fault_drop` and so on."""

    def do_GET(self):
        page = self.server.pages.get(self.path)
        if page is None:
            self.send_error(404)
            return
        page.asked.append({name.lower(): value for name, value in self.headers.items()})
        fault = page.faults.pop(0) if page.faults else page.always
        getattr(self, f"fault_{fault.kind}")(page, fault)

    def log_message(self, *arguments):
        pass

    def head(self, page: Page, status: int, **headers: object) -> None:
        self.send_response(status)
        if page.etag:
            self.send_header("ETag", page.etag)
        if page.modified:
            self.send_header("Last-Modified", page.modified)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def range(self, page: Page, *, length: object = "true", ranges: bool = True) -> bytes:
        """Send the head of the range asked for, and return its bytes: what RFC 9110 says."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if ranges else None
        version = self.headers.get("If-Range")
        start = int(asked[1]) if asked and version in (None, page.etag, page.modified) else None
        whole = len(page.body)
        if start is not None and start >= whole:
            self.head(page, 416, Content_Range=f"bytes */{whole}", Content_Length=0)
            return b""
        body = page.body[start or 0 :]
        length = len(body) if length == "true" else length
        if start is None:
            self.head(page, 200, Content_Length=length)
        else:
            span = f"bytes {start}-{whole - 1}/{whole}"
            self.head(page, 206, Content_Length=length, Content_Range=span)
        return body

    def fault_ok(self, page, fault):
        self.wfile.write(self.range(page))

    def fault_drop(self, page, fault):
        """The connection is reset."""
        self.wfile.write(self.range(page)[: fault.at])
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def fault_cut(self, page, fault):
        """The connection is closed before all that was announced came."""
        self.wfile.write(self.range(page)[: fault.at])

    def fault_unannounced(self, page, fault):
        """No length is announced, and the connection is closed early."""
        self.wfile.write(self.range(page, length=None)[: fault.at])

    def fault_chunked(self, page, fault):
        """Sent in chunks, the last of which breaks off; whole if `at` is behind the end."""
        self.protocol_version = "HTTP/1.1"
        self.head(page, 200, Transfer_Encoding="chunked")
        for start in range(0, len(page.body), 1000):
            piece = page.body[start : start + 1000]
            if start + 1000 > fault.at:
                self.wfile.write(b"%x\r\n" % len(piece) + piece[: fault.at - start])
                return
            self.wfile.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def fault_stall(self, page, fault):
        """Nothing more comes, for `value` seconds."""
        self.wfile.write(self.range(page)[: fault.at])
        self.wfile.flush()
        time.sleep(fault.value)

    def fault_drip(self, page, fault):
        """A byte comes every `value` seconds."""
        for byte in self.range(page):
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(fault.value)

    def fault_corrupt(self, page, fault):
        body = bytearray(self.range(page))
        if body:
            body[min(fault.at, len(body) - 1)] ^= 1
        self.wfile.write(body)

    def fault_no_range(self, page, fault):
        """What range was asked for is ignored."""
        self.wfile.write(self.range(page, ranges=False)[: fault.at or None])

    def fault_other_range(self, page, fault):
        """Another range than was asked for."""
        whole = len(page.body)
        span = f"bytes {fault.at}-{whole - 1}/{whole}"
        self.head(page, 206, Content_Length=whole - fault.at, Content_Range=span)
        self.wfile.write(page.body[fault.at :])

    def fault_no_content_range(self, page, fault):
        """A range that does not say which."""
        self.head(page, 206, Content_Length=len(page.body))
        self.wfile.write(page.body)

    def fault_blind_range(self, page, fault):
        """The range asked for, of whatever version is there now, whose mark is not told."""
        start = int(re.findall(r"\d+", self.headers.get("Range", "0"))[0])
        whole, status = len(page.body), 206 if start else 200
        span = f"bytes {start}-{whole - 1}/{whole}" if start else None
        page.etag = None
        self.head(page, status, Content_Length=whole - start, Content_Range=span)
        self.wfile.write(page.body[start:])

    def fault_length(self, page, fault):
        """Another length is announced than comes."""
        self.wfile.write(self.range(page, length=fault.value))

    def fault_too_much(self, page, fault):
        """The right bytes and `value` more, without a length, or with that of all."""
        self.head(page, 200, Content_Length=fault.at or None)
        self.wfile.write(page.body + bytes(fault.value))

    def fault_endless(self, page, fault):
        self.head(page, 200)
        while True:
            self.wfile.write(bytes(1 << 16))

    def fault_replaced(self, page, fault):
        """From now on the page holds another version."""
        page.body, page.etag = fault.value, page.etag and f'"{len(page.asked) + 1}"'
        self.fault_ok(page, fault)

    def fault_status(self, page, fault):
        self.head(page, fault.at, Retry_After=fault.value, Content_Length=0)

    def fault_redirect(self, page, fault):
        self.head(page, 302, Location=fault.value, Content_Length=0)

    def fault_endless_redirect(self, page, fault):
        """A redirect with a body that does not end."""
        self.head(page, 302, Location=fault.value)
        while True:
            self.wfile.write(bytes(1 << 16))

    def fault_compressed(self, page, fault):
        """Compressed on the way, though nobody asked for that."""
        body = gzip.compress(page.body)
        self.head(page, 200, Content_Length=len(body), Content_Encoding="gzip")
        self.wfile.write(body)

    def fault_page(self, page, fault):
        """A notice for people in place of the file."""
        body = b"<html>Please sign in to this network.</html>"
        self.head(page, 200, Content_Length=len(body))
        self.wfile.write(body)

    def fault_no_http(self, page, fault):
        self.wfile.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")


@contextmanager
def running(kind: type[ThreadingHTTPServer] = Server) -> Iterator:
    """A server that answers until the block ends."""
    with kind() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
