"""Members of a wheel on a server, fetched by HTTP range requests instead of the whole wheel.

A wheel is a zip file: its directory, at the end, tells where each member lies. What is fetched goes to its
own place in a file with holes, which zipfile then reads like the whole wheel. Places are filled in order, so
the file's length tells where a download broke off. On disk, a hole takes no room.
"""

from __future__ import annotations

import base64
import http.client
import io
import re
import ssl
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from lut.errors import EngineError

__all__ = ["BrokenOffError", "NoRangesError", "Parts", "RemoteFile", "find_parts"]

_CHUNK = 1 << 18
_GAP = 1 << 16
"""Bytes between two wanted members that cost less than one more request."""

_ATTEMPTS = 4
_PAUSE_S = 0.5
_TIMEOUT_S = 30

_UNREACHABLE = (OSError, http.client.HTTPException)


class NoRangesError(EngineError):
    """The server gives no parts of the file: the whole has to be taken."""


class BrokenOffError(EngineError):
    """The connection ended, again and again; what arrived is kept."""


class RemoteFile:
    """A file on a server, read by ranges. `size` is its length in bytes."""

    def __init__(self, address: str, settings: Mapping[str, str]) -> None:
        """Ask for its size, with pip's settings for the network.

        Raises:
            NoRangesError: it can't be reached in this way, or the server does not serve ranges.
        """
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        self._address = urlunsplit(parts._replace(netloc=host))
        self._authorization = _find_authorization(host, settings)
        try:
            self._opener = _make_opener(settings)
            with self._request(0, 1) as answer:
                self.size = int(answer.headers["Content-Range"].rpartition("/")[2])
        except (*_UNREACHABLE, ValueError) as error:
            raise NoRangesError(_describe(error)) from error

    def stream(self, start: int, stop: int) -> Iterator[bytes]:
        """Give the bytes from `start` to before `stop`; where the connection ends, a new one goes on.

        Raises:
            BrokenOffError: several in a row ended without a byte.
            NoRangesError: the server gave something else than was asked for.
        """
        failures = 0
        while start < stop:
            reason = "the connection ended"
            try:
                answer = self._request(start, stop)
            except _UNREACHABLE as error:
                reason = _describe(error)
            else:
                with answer:
                    for chunk in _read_chunks(answer, stop - start):
                        start, failures = start + len(chunk), 0
                        yield chunk
            if start < stop:
                failures += 1
                if failures == _ATTEMPTS:
                    raise BrokenOffError(reason)
                time.sleep(_PAUSE_S * failures)

    def _request(self, start: int, stop: int) -> http.client.HTTPResponse:
        wanted = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        request = urllib.request.Request(self._address, headers=wanted)
        if self._authorization:
            # Not for a host that the server may refer to: it would learn the password.
            request.add_unredirected_header("Authorization", self._authorization)
        answer: http.client.HTTPResponse = self._opener.open(request, timeout=_TIMEOUT_S)
        given = answer.headers.get("Content-Range") or ""
        if answer.status != 206 or not re.fullmatch(rf"bytes {start}-{stop - 1}/\d+", given):
            answer.close()
            raise NoRangesError("the server does not send parts of files")
        return answer


class _Seekable(io.RawIOBase):
    """A remote file for zipfile, which seeks its directory and reads no more."""

    def __init__(self, remote: RemoteFile) -> None:
        self._remote = remote
        self._position = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._remote.size}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        stop = min(self._position + len(buffer), self._remote.size)
        content = b"".join(self._remote.stream(self._position, stop))
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)


@dataclass(frozen=True)
class Parts:
    """What to fetch of a wheel: spans of bytes in order, and the directory, which is here already."""

    remote: RemoteFile
    spans: tuple[tuple[int, int], ...]
    directory_start: int
    directory: bytes

    def count_missing(self, path: Path) -> int:
        """Give how many bytes are still to be fetched into the file."""
        have = path.stat().st_size if path.is_file() else 0
        return sum(max(0, stop - max(start, have)) for start, stop in self.spans)

    def fetch(self, path: Path, advance: Callable[[int], None]) -> None:
        """Fill the file, going on where an earlier call ended; each piece's length goes to `advance`.

        Raises BrokenOffError and NoRangesError.
        """
        path.touch()
        with path.open("r+b") as out:
            have = out.seek(0, io.SEEK_END)
            for start, stop in self.spans:
                begin = min(max(start, have), stop)
                out.seek(begin)
                for chunk in self.remote.stream(begin, stop):
                    out.write(chunk)
                    advance(len(chunk))
            out.seek(self.directory_start)
            out.write(self.directory)


def find_parts(remote: RemoteFile, patterns: Sequence[str]) -> list[Parts]:
    """Read the wheel's directory and find, for each pattern, where the members lie that it matches whole.

    Raises:
        NoRangesError: what the server gave is no wheel, or ended.
    """
    try:
        with io.BufferedReader(_Seekable(remote)) as content, zipfile.ZipFile(content) as wheel:
            members = sorted(wheel.infolist(), key=lambda member: member.header_offset)
            start = wheel.start_dir
        directory = b"".join(remote.stream(start, remote.size))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, BrokenOffError) as error:
        raise NoRangesError(str(error)) from error
    # A member ends where the next begins: so its own header is inside, whose length the directory lacks.
    stops = [*(member.header_offset for member in members[1:]), start]
    whole = [
        (member.filename, member.header_offset, stop) for member, stop in zip(members, stops, strict=True)
    ]
    return [Parts(remote, _join(pattern, whole), start, directory) for pattern in patterns]


def _join(pattern: str, members: Sequence[tuple[str, int, int]]) -> tuple[tuple[int, int], ...]:
    """Give the spans of those that match, as few as pay."""
    spans: list[tuple[int, int]] = []
    for name, start, stop in members:
        if re.fullmatch(pattern, name):
            near = spans and start - spans[-1][1] <= _GAP
            spans.append((spans.pop()[0] if near else start, stop))
    return tuple(spans)


def _read_chunks(answer: http.client.HTTPResponse, length: int) -> Iterator[bytes]:
    """Give what arrives, up to `length` bytes, until the connection ends."""
    while length > 0:
        try:
            chunk = answer.read(min(_CHUNK, length))
        except http.client.IncompleteRead as error:
            chunk, length = error.partial, 0
        except _UNREACHABLE:
            return
        if not chunk:
            return
        length -= len(chunk)
        yield chunk


def _make_opener(settings: Mapping[str, str]) -> urllib.request.OpenerDirector:
    """Connect as pip does: its proxy or the environment's, its certificates or the system's."""
    context = ssl.create_default_context()
    if cert := settings.get("cert"):
        context.load_verify_locations(**{"capath" if Path(cert).is_dir() else "cafile": cert})
    if client := settings.get("client-cert"):
        context.load_cert_chain(client)
    proxy = settings.get("proxy")
    proxies = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else None)
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), proxies)


def _find_authorization(host: str, settings: Mapping[str, str]) -> str | None:
    """Give the user and password that an index of this host is configured with; pip's log masks them."""
    indexes = f"{settings.get('index-url', '')} {settings.get('extra-index-url', '')}".split()
    for index in map(urlsplit, indexes):
        who, _, where = index.netloc.rpartition("@")
        if who and where == host:
            return f"Basic {base64.b64encode(unquote(who).encode()).decode()}"
    return None


def _describe(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(reason) or type(error).__name__
