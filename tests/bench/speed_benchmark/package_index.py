"""A package index to fetch from, on this machine: wheels made for a test, and a server with its moods."""

import base64
import hashlib
import random
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from bench.speed_benchmark import Component, Download

WHEEL_NAME = "engine-1.0-cp39-cp39-manylinux2014_aarch64.whl"
TAGS = ("39", "cp39", "manylinux2014_aarch64")
LIBRARY = random.Random(1).randbytes(700_000)
HEADERS = {f"a/{number}.h": f"int x{number};\n".encode() for number in range(200)}
METADATA = {
    "engine-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: engine\nVersion: 1.0\n",
    "engine-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\n",
    "engine-1.0.dist-info/RECORD": b"",
}


def write_wheel(folder: Path, version: int = 0) -> Download:
    """Write a wheel with a library among what nobody wants, and with headers."""
    members = {
        "engine/lib/unneeded.so": random.Random(2 + version).randbytes(900_000),
        "engine/lib/libengine.so": LIBRARY,
        "engine/lib/more.so": random.Random(3).randbytes(800_000),
        **{f"engine/include/{name}": content for name, content in HEADERS.items()},
        **METADATA,
    }
    path = folder / WHEEL_NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return pin(path, "engine==1.0", TAGS)


def pin(path: Path, requirement: str, tags: tuple[str, str, str] | None) -> Download:
    content = path.read_bytes()
    return Download(path.name, hashlib.sha256(content).hexdigest(), len(content), requirement, tags)


def pin_members(name: str, download: Download, pattern: str, members: Mapping[str, bytes]) -> Component:
    lines = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {member}\n" for member, content in sorted(members.items())
    )
    size = sum(map(len, members.values()))
    return Component(name, download, pattern, hashlib.sha256(lines.encode()).hexdigest(), size)


def pin_library(download: Download) -> Component:
    return pin_members("libraries", download, r"engine/lib/(lib.*\.so)", {"libengine.so": LIBRARY})


def pin_headers(download: Download) -> Component:
    return pin_members("headers", download, r"engine/include/(.+)", HEADERS)


@dataclass
class Mood:
    """How the server treats who asks for a file."""

    ranges: bool = True
    bytes_left: int = 1 << 62
    """Every connection ends when so many bytes of files were sent in all."""
    bytes_a_connection: int = 1 << 62
    claimed_size: int | None = None
    damaged: tuple[int, int] = (0, 0)
    """Bytes of the file that arrive as zeros."""
    password: str | None = None
    """Of the form user:password."""


@dataclass
class Index:
    """A server on 127.0.0.1 of the files in a folder, and what it was asked."""

    folder: Path
    mood: Mood = field(default_factory=Mood)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    """The first byte and the one after the last of each answer's content, as far as it was sent."""
    wholes: int = 0
    hosts: set[str] = field(default_factory=set)
    """Which hosts it was asked for, as a proxy is."""
    port: int = 0

    @property
    def sent(self) -> int:
        return sum(stop - start for start, stop in self.ranges)

    def forget(self) -> None:
        self.ranges.clear()
        self.wholes = 0

    def listen(self) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"index": self}))
        server.daemon_threads = True
        self.port = server.server_address[1]
        return server


class _Handler(BaseHTTPRequestHandler):
    index: Index

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        mood, address = self.index.mood, urlsplit(self.path)
        if address.hostname:
            self.index.hosts.add(address.hostname)
        if mood.password:
            wanted = f"Basic {base64.b64encode(mood.password.encode()).decode()}"
            if self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
                self.end_headers()
                return
        if address.path.startswith("/simple/"):
            links = [f'<a href="/files/{path.name}">{path.name}</a>' for path in self.index.folder.iterdir()]
            self._answer(200, {"Content-Type": "text/html"}, "\n".join(links).encode())
            return
        path = self.index.folder / Path(address.path).name
        if not path.is_file():
            self.send_error(404)
            return
        self._send_file(path, mood)

    def _send_file(self, path: Path, mood: Mood) -> None:
        content, headers = bytearray(path.read_bytes()), {"Content-Type": "application/octet-stream"}
        content[slice(*mood.damaged)] = bytes(mood.damaged[1] - mood.damaged[0])
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if not mood.ranges or not asked:
            self.index.wholes += 1
            self._answer(200, headers, bytes(content))
            return
        start, stop = int(asked[1]), int(asked[2]) + 1
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{mood.claimed_size or len(content)}"
        length = min(stop - start, mood.bytes_a_connection, mood.bytes_left)
        mood.bytes_left -= length
        self.index.ranges.append((start, start + length))
        self._answer(206, headers, bytes(content[start:stop]), length)

    def _answer(
        self, status: int, headers: Mapping[str, str], content: bytes, length: int | None = None
    ) -> None:
        """Send the content, or promise all of it and send `length` bytes."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[:length])
        self.close_connection = True
