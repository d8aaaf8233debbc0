"""The phone's side of ADB: connections, authentication, streams, and the faults that strike them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import struct
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rsa

from tests.phone.corpus import Answers
from tests.phone.faults import Fault, FaultPlan
from tests.phone.like import LikeState
from tests.phone.shell import Shell
from tests.phone.state import GALAXY_S8, PhoneState, Specification
from tests.phone.sync import serve_sync
from tests.phone.userland import provide_userland
from tests.phone.wire import HEADER_BYTES, MAX_DATA, VERSION, pack_message, parse_header

__all__ = ["Phone"]

_AUTH_TOKEN, _AUTH_SIGNATURE, _AUTH_KEY = 1, 2, 3


@dataclass(eq=False)
class _Stream:
    """One service's stream: what has come in, and whether the host has acknowledged what went out."""

    local: int
    remote: int
    incoming: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Phone:
    """A simulated phone that listens on TCP.

    `accept` decides about a public key that the phone has not seen; None never answers, as a user who
    does not look at the screen. `faults` strike by the bytes of traffic of all connections. `processor` is
    what qemu shall be: "max" is its quickest, on which `xnnpack` computes wrong numbers.
    """

    def __init__(
        self,
        serial: str = "simulated",
        *,
        folder: Path | None = None,
        architecture: str = "arm64",
        processor: str = "max",
        specification: Specification = GALAXY_S8,
        authentication: bool = True,
        accept: Callable[[bytes], bool | None] = lambda _: True,
        faults: Sequence[Fault] = (),
        like: Path | None = None,
        link_buffer: int | None = None,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="phone-") if folder is None else None
        self.serial = serial
        home = folder or Path(str(self._temporary and self._temporary.name))
        root = provide_userland(architecture)
        if like is None:
            self.state = PhoneState(home, serial, specification)
        else:
            self.state = LikeState(home, serial, Answers(like), architecture)
            self.state.install_tools(root)
        self.shell = Shell(root, self.state, processor)
        self.plan = FaultPlan(faults)
        self.authentication = authentication
        self.accept = accept
        self.known_keys: list[rsa.PublicKey] = []
        self.refused_until = 0.0
        self.absent_until = 0.0
        self.pending_damage: list[str] = []
        self.pending_signals: list[str] = []
        self.has_measured = True
        self.commands: list[str] = []
        self.link_buffer = link_buffer
        self._connections: set[_Connection] = set()
        self._timers: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and give the port."""
        self._server = await asyncio.start_server(self._connect, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    def new_faults(self, faults: Sequence[Fault]) -> None:
        """Take other faults, counted from now; what the last ones set is undone."""
        self.plan = FaultPlan(faults)
        self.pending_damage.clear()
        self.pending_signals.clear()
        self.has_measured = True

    async def stop(self) -> None:
        """End connections, processes, and the phone."""
        if self._server:
            self._server.close()
        for task in self._timers:
            task.cancel()
        self._cut()
        self.shell.end_all()
        await asyncio.sleep(0)
        if self._temporary:
            self._temporary.cleanup()

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, reader, writer)
        self._connections.add(connection)
        task = asyncio.ensure_future(connection.serve())
        task.add_done_callback(lambda _: self._connections.discard(connection))

    @property
    def absent(self) -> bool:
        """Whether nobody answers at present."""
        return asyncio.get_running_loop().time() < self.absent_until

    def _cut(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def strike(self, fault: Fault) -> None:
        """Let a fault happen now."""
        now = asyncio.get_running_loop().time()
        match fault.kind:
            case "drop":
                self._cut()
            case "stall":
                for connection in self._connections:
                    connection.stalled = True
            case "refuse-auth":
                self.refused_until = now + fault.for_s
                self._cut()
            case "reboot":
                self.absent_until = now + fault.for_s
                self._cut()
                self.shell.end_all()
                self.state.boot()
            case "kill" | "segv" | "hang":
                self.pending_signals.append(fault.kind)
            case "cut" | "garble":
                self.pending_damage.append(fault.kind)
            case "no-space":
                self.state.set_free(1 << 20)
                self._later(self._restore(fault.for_s, self.state.set_free))
            case "heat":
                self.state.set_heat(92.0)
                self.state.set_battery(celsius=47.5)
                self._later(
                    self._restore(fault.for_s, lambda: self.state.set_heat(31.0), self.state.set_battery)
                )
            case "low-battery":
                self.state.set_battery(level=7, plugged=False)
                self._later(self._restore(fault.for_s, self.state.set_battery))
            case "throttle":
                self.state.set_throttle(0.6)
                self._later(self._restore(fault.for_s, self.state.set_throttle))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._timers.add(task)
        task.add_done_callback(self._timers.discard)

    async def _restore(self, after_s: float, *steps: Callable[[], None]) -> None:
        await asyncio.sleep(after_s)
        for step in steps:
            step()

    def damage(self, data: bytes) -> bytes:
        """Strike the benchmark program, or its output, if a fault asks for it and this is its output."""
        self.has_measured |= b'"samples_ns"' in data
        # A program that was struck gets as far as an operator before the next one strikes: three starts in
        # a row that don't are given up, and rightly so.
        can_strike = self.pending_signals and self.has_measured
        if can_strike and b'"begin"' in data and self.shell.find_program():
            self.has_measured = False
            kind = self.pending_signals.pop(0)
            if kind == "hang":
                self._later(self.shell.hang_program())
            else:
                self.shell.signal_program(signal.SIGKILL if kind == "kill" else signal.SIGSEGV)
        figures = data.rfind(b'"samples_ns"')
        if self.pending_damage and figures >= 0:
            # Where it would do most harm: in the figures of an operator that is being measured.
            if self.pending_damage.pop(0) == "cut":
                return data[:figures] + data[figures + 17 :]
            return data[:figures] + b"\xff\x00#?" + data[figures + 4 :]
        return data


class _Connection:
    """One host's connection."""

    def __init__(self, phone: Phone, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.phone = phone
        self.stalled = False
        self._reader = reader
        self._writer = writer
        self._streams: dict[int, _Stream] = {}
        self._max_data = MAX_DATA
        self._next = 1

    def abort(self) -> None:
        self._writer.transport.abort()

    async def serve(self) -> None:
        try:
            if not self.phone.absent and await self._greet():
                await self._serve_streams()
        except (EOFError, ConnectionError, ValueError, asyncio.CancelledError):
            pass  # the host is gone, or talks nonsense: either way this connection is over
        finally:
            for stream in self._streams.values():
                if stream.task:
                    stream.task.cancel()
            self.abort()

    async def _greet(self) -> bool:
        command, _, max_data, _ = await self._receive()
        if command != "CNXN":
            return False
        self._max_data = min(max_data, MAX_DATA)
        if self.phone.authentication and not await self._authenticate():
            return False
        p = self.phone.state.properties
        about = "".join(
            f"{k}={p.get(k, '')};" for k in ("ro.product.name", "ro.product.model", "ro.product.device")
        )
        await self._send("CNXN", VERSION, self._max_data, f"device::{about}features=cmd\0".encode())
        return True

    async def _authenticate(self) -> bool:
        while True:
            token = os.urandom(20)
            await self._send("AUTH", _AUTH_TOKEN, 0, token)
            command, kind, _, data = await self._receive()
            if command != "AUTH":
                return False
            refusing = asyncio.get_running_loop().time() < self.phone.refused_until
            if (
                kind == _AUTH_SIGNATURE
                and not refusing
                and any(_signed(token, data, key) for key in self.phone.known_keys)
            ):
                return True
            if kind == _AUTH_KEY:
                answer = None if refusing else self.phone.accept(data)
                if answer:
                    self.phone.known_keys.append(_public_key(data))
                    return True
                if answer is None:  # the question stands on the screen; nobody answers
                    await self._receive()
                return False

    async def _serve_streams(self) -> None:
        while True:
            command, arg0, arg1, data = await self._receive()
            stream = self._streams.get(arg1)
            match command:
                case "OPEN":
                    self._open(arg0, data.rstrip(b"\0").decode())
                case "OKAY" if stream:
                    stream.ready.set()
                case "WRTE" if stream:
                    stream.incoming.put_nowait(data)
                    await self._send("OKAY", stream.local, stream.remote)
                case "CLSE" if stream:
                    stream.incoming.put_nowait(b"")
                    del self._streams[stream.local]
                    if stream.task:
                        stream.task.cancel()
                    await self._send("CLSE", stream.local, stream.remote)

    def _open(self, remote: int, service: str) -> None:
        stream = _Stream(self._next, remote)
        self._next += 1
        self._streams[stream.local] = stream
        stream.task = asyncio.ensure_future(self._run(stream, service))

    async def _run(self, stream: _Stream, service: str) -> None:
        name, _, words = service.partition(":")
        self.phone.commands.append(service)
        with contextlib.suppress(ConnectionError):
            if name not in ("shell", "exec", "sync") or (name != "sync" and not words):
                await self._send("CLSE", 0, stream.remote)
                self._streams.pop(stream.local, None)
                return
            await self._send("OKAY", stream.local, stream.remote)
            if name == "sync":
                await serve_sync(
                    stream.incoming.get, lambda data: self._write(stream, data), self.phone.state
                )
            else:
                output = self.phone.shell.run(words, raw=name == "exec")
                async with contextlib.aclosing(output):
                    async for data in output:
                        await self._write(stream, self.phone.damage(data))
            if self._streams.pop(stream.local, None):
                await self._send("CLSE", stream.local, stream.remote)

    async def _write(self, stream: _Stream, data: bytes) -> None:
        for start in range(0, len(data), self._max_data):
            stream.ready.clear()
            await self._send("WRTE", stream.local, stream.remote, data[start : start + self._max_data])
            await stream.ready.wait()

    async def _receive(self) -> tuple[str, int, int, bytes]:
        header = parse_header(await self._read(HEADER_BYTES))
        if header.length > MAX_DATA:
            raise ValueError(f"a message of {header.length} bytes")
        data = await self._read(header.length)
        # The official client stops summing once both sides speak 0x01000001; ours never gets there.
        if header.checksum and header.checksum != sum(data) & 0xFFFFFFFF:
            raise ValueError("a wrong checksum")
        return header.command, header.arg0, header.arg1, data

    async def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            await self._stall()
            room = self._room(size - len(data))
            piece = await self._reader.readexactly(room)
            data += piece
            self._count(len(piece))
        return data

    async def _send(self, command: str, arg0: int, arg1: int, data: bytes = b"") -> None:
        message = pack_message(command, arg0, arg1, data)
        while message:
            await self._stall()
            room = self._room(len(message))
            self._writer.write(message[:room])
            message = message[room:]
            self._count(room)
        await self._writer.drain()

    def _room(self, size: int) -> int:
        """How many bytes may go before a fault strikes: it strikes at its byte, also inside a message."""
        left = self.phone.plan.until_next()
        return size if left is None else max(1, min(size, left))

    def _count(self, size: int) -> None:
        if fault := self.phone.plan.count(size):
            self.phone.strike(fault)
            if self._writer.transport.is_closing():
                raise ConnectionResetError

    async def _stall(self) -> None:
        while self.stalled:
            if not self._reader.at_eof() and not self._writer.transport.is_closing():
                await asyncio.sleep(0.05)
            else:
                raise ConnectionResetError


def _signed(token: bytes, signature: bytes, key: rsa.PublicKey) -> bool:
    """Whether the signature is that of the token taken as a SHA-1, by PKCS #1 v1.5."""
    size = (key.n.bit_length() + 7) // 8
    prefix = bytes.fromhex("3021300906052b0e03021a05000414")
    expected = b"\0\1" + b"\xff" * (size - len(prefix) - len(token) - 3) + b"\0" + prefix + token
    return pow(int.from_bytes(signature, "big"), key.e, key.n).to_bytes(size, "big") == expected


def _public_key(data: bytes) -> rsa.PublicKey:
    """Read a key in Android's form: words in base64, little-endian, then the name of its owner."""
    packed = base64.b64decode(data.rstrip(b"\0").split(b" ")[0])
    words = struct.unpack_from("<I", packed)[0]
    modulus = int.from_bytes(packed[8 : 8 + 4 * words], "little")
    exponent = struct.unpack_from("<I", packed, 8 + 8 * words)[0]
    return rsa.PublicKey(modulus, exponent)
