"""A server on this machine that speaks as much of the hub's protocol as fetching a model needs."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".bin")  # kept apart, known by their sha256, as Git LFS does


@dataclass
class Repository:
    """commits: commit -> {path: content}; names: branch or tag -> commit.

    cut: path -> how many bytes of it are sent; changed: path -> what is sent in its place."""

    commits: dict[str, dict[str, bytes]]
    names: dict[str, str]
    cut: dict[str, int] = field(default_factory=dict)
    changed: dict[str, bytes] = field(default_factory=dict)
    token: str | None = None


class Server(ThreadingHTTPServer):
    """Repositories by `owner/name`, and the lines that were asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories: dict[str, Repository] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Clients that hang up are no news here."""


def digest(path: str, content: bytes) -> str:
    """What the hub calls a file's content: sha256 of a large one, git's blob of another."""
    if path.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """/api/models/X/revision/R, /api/models/X/tree/C, /X/resolve/C/path; a store of large files.

    Errors carry X-Error-Code, from which the client knows what is missing."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def log_message(self, *arguments):
        pass

    def answer(self):
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(f"{self.command} {path}")
        store = re.fullmatch(r"/store/([^/]+/[^/]+)/([0-9a-f]+)/(.+)", path)
        if store:
            repository = self.server.repositories[store[1]]
            self.body(repository, store[3], repository.commits[store[2]][store[3]])
            return
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)", path)
        found = found or re.fullmatch(r"/([^/]+/[^/]+)/(resolve)/([^/]+)/(.+)", path)
        repository = found and self.server.repositories.get(found[1])
        if not repository:
            self.error(401, "RepoNotFound", "Repository Not Found")
            return
        if repository.token and self.headers.get("Authorization") != f"Bearer {repository.token}":
            self.error(401, "GatedRepo", "Access is restricted")
            return
        commit = repository.names.get(found[3], found[3])
        if commit not in repository.commits:
            self.error(404, "RevisionNotFound", f"Invalid rev id: {found[3]}")
            return
        files = repository.commits[commit]
        if found[2] == "revision":
            siblings = [{"rfilename": name} for name in files]
            self.json({"id": found[1], "sha": commit, "siblings": siblings, "tags": []})
        elif found[2] == "tree":
            self.json([entry(name, content) for name, content in files.items()])
        elif found[4] not in files:
            self.error(404, "EntryNotFound", "Entry not found")
        else:
            self.resolve(found[1], repository, commit, found[4])

    def resolve(self, name, repository, commit, path):
        content = repository.commits[commit][path]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{digest(path, content)}"'}
        if path.endswith(LARGE):
            headers |= {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": len(content)}
            # On another host, as the hub's: a client takes the facts from here, not from there.
            store = f"http://localhost:{self.server.server_port}/store"
            headers["Location"] = f"{store}/{name}/{commit}/{path}"
            self.head(302, {**headers, "Content-Length": 0})
        else:
            self.body(repository, path, content, headers)

    def body(self, repository, path, content, headers=()):
        sent = repository.changed.get(path, content)
        self.head(200, {**dict(headers), "Content-Length": len(sent)})
        if self.command == "GET":
            self.wfile.write(sent[: repository.cut.get(path)])
        if path in repository.cut:
            self.close_connection = True

    def json(self, record):
        body = json.dumps(record).encode()
        self.head(200, {"Content-Type": "application/json", "Content-Length": len(body)})
        if self.command == "GET":
            self.wfile.write(body)

    def error(self, status, code, message):
        headers = {"X-Error-Code": code, "X-Error-Message": message, "Content-Length": 0}
        self.head(status, headers)

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()


def entry(path: str, content: bytes) -> dict:
    """A file in the answer of the tree endpoint."""
    pointer = f"oid sha256:{digest(path, content)}".encode()
    large = path.endswith(LARGE)
    facts = {"type": "file", "path": path, "size": len(content)}
    facts["oid"] = digest("pointer", pointer if large else content)
    if large:
        facts["lfs"] = {
            "oid": digest(path, content),
            "size": len(content),
            "pointerSize": len(pointer),
        }
    return facts
