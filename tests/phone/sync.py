"""The service `sync:`: files pushed, pulled, listed."""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.phone.state import PhoneState

__all__ = ["serve_sync"]

_CHUNK = 64 << 10


class _Input:
    """Reads exact numbers of bytes from a stream's pieces."""

    def __init__(self, receive: Callable[[], Awaitable[bytes]]) -> None:
        self._receive = receive
        self._buffer = bytearray()

    async def take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            piece = await self._receive()
            if not piece:
                raise EOFError
            self._buffer += piece
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data


async def serve_sync(
    receive: Callable[[], Awaitable[bytes]], send: Callable[[bytes], Awaitable[None]], state: PhoneState
) -> None:
    """Answer requests until QUIT or the stream's end."""
    source = _Input(receive)
    try:
        while True:
            request, size = struct.unpack("<4sI", await source.take(8))
            if request == b"QUIT":
                return
            path = (await source.take(size)).decode()
            match request:
                case b"STAT":
                    await send(b"STAT" + _stat(_outside(state, path)))
                case b"LIST":
                    for entry in _entries(_outside(state, path)):
                        name = entry.name.encode()
                        await send(b"DENT" + _stat(entry) + struct.pack("<I", len(name)) + name)
                    await send(b"DONE" + bytes(16))
                case b"SEND":
                    await _receive_file(source, send, state, path)
                case b"RECV":
                    await _send_file(send, _outside(state, path))
                case _:
                    return
    except EOFError:
        return


def _outside(state: PhoneState, path: str) -> Path | None:
    """The file behind a path of the phone; None where the shell user may not write."""
    clean = posixpath.normpath(path)
    return state.folder / clean[1:] if f"{clean}/".startswith("/data/local/tmp/") else None


def _stat(path: Path | None) -> bytes:
    if path is None or not path.exists():
        return struct.pack("<3I", 0, 0, 0)
    status = path.stat()
    return struct.pack("<3I", status.st_mode, status.st_size & 0xFFFFFFFF, int(status.st_mtime))


def _entries(path: Path | None) -> list[Path]:
    return sorted(path.iterdir()) if path is not None and path.is_dir() else []


async def _receive_file(
    source: _Input, send: Callable[[bytes], Awaitable[None]], state: PhoneState, request: str
) -> None:
    """Store what is sent. A real adbd also reads on to DONE before it answers FAIL."""
    path_text, _, mode = request.rpartition(",")
    path = _outside(state, path_text)
    trouble = "" if path else "couldn't create file: Permission denied"
    left = state.free_bytes
    stream = None
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("wb")
    try:
        while True:
            part, size = struct.unpack("<4sI", await source.take(8))
            if part == b"DONE":
                break
            if part != b"DATA" or size > _CHUNK:
                trouble = "invalid data message"
                break
            data = await source.take(size)
            if left is not None and len(data) > left:
                trouble = "write failed: No space left on device"
            elif stream and not trouble:
                stream.write(data)
                left = None if left is None else left - len(data)
    finally:
        if stream:
            stream.close()
    if path and not trouble:
        path.chmod(int(mode) & 0o777 or 0o644)
        await send(struct.pack("<4sI", b"OKAY", 0))
    else:
        if path:
            path.unlink(missing_ok=True)
        await send(struct.pack("<4sI", b"FAIL", len(trouble)) + trouble.encode())


async def _send_file(send: Callable[[bytes], Awaitable[None]], path: Path | None) -> None:
    if path is None or not path.is_file():
        text = b"open failed: No such file or directory"
        await send(struct.pack("<4sI", b"FAIL", len(text)) + text)
        return
    with path.open("rb") as stream:
        while data := stream.read(_CHUNK):
            await send(struct.pack("<4sI", b"DATA", len(data)) + data)
    await send(struct.pack("<4sI", b"DONE", 0))
