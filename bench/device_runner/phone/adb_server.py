"""A running adb server, which adb, Android Studio and others share: what it lists, and a channel to a phone.

A server owns the phones on USB. Talking to it takes a length in four hexadecimal digits before each
request and OKAY or FAIL in answer. Nobody's server is started or ended here.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import time
from collections.abc import Iterator
from io import BytesIO

from bench.device_runner.device import LostError
from bench.device_runner.interruption import Interruption
from bench.device_runner.phone.adb import translate_errors
from bench.device_runner.phone.connection import Patience, UnauthorizedError
from bench.device_runner.phone.route import ServerAddress
from lut.errors import DeviceError

__all__ = ["AbsentServerError", "ServerChannel", "list_states"]

_CHUNK = 64 << 10
_LENGTH = re.compile(rb"[0-9A-Fa-f]{4}")
_LIST_S = 3.0


class AbsentServerError(LostError):
    """Nobody listens where the adb server would."""


def list_states(address: ServerAddress) -> dict[str, str]:
    """Give the state of each of a server's phones (`device`, `unauthorized`, …) by its serial.

    Raises:
        AbsentServerError: nobody listens there.
        LostError: what listens there does not answer as a server, now or ever.
    """
    try:
        with _request(address, "host:devices", _LIST_S) as server:
            lines = _read_text(server).splitlines()
    except AbsentServerError:
        raise
    except LostError as error:
        raise LostError(
            f"What listens at {address} does not answer as an adb server does "
            f"({error.__cause__ or error}). Bypass it with --adb direct, or name the adb server's own port "
            f"by --adb-server or ANDROID_ADB_SERVER_PORT. At the far end of a forwarded port, "
            f"`adb start-server` starts one."
        ) from error
    return {serial: state for serial, _, state in (line.partition("\t") for line in lines) if state}


class ServerChannel:
    """A phone by its serial at an adb server; every command is a connection of its own."""

    def __init__(self, serial: str, address: ServerAddress) -> None:
        self._serial = serial
        self._address = address
        self._interruption = Interruption()

    def connect(self, patience: Patience, interruption: Interruption) -> None:
        interruption.check()
        self._interruption = interruption
        state = list_states(self._address).get(self._serial)
        if state is None:
            raise LostError(f"the adb server at {self._address} does not list {self._serial}")
        if state == "unauthorized":
            raise UnauthorizedError(
                f"{self._serial} does not accept the adb server's key. Unlock the phone and tap ALLOW on "
                f"'Allow USB debugging?', then run this again."
            )
        if state == "offline" and ":" in self._serial:
            # The server keeps a dead TCP phone as offline; asking for it again is what `adb connect` does.
            self._ask_for_reconnection(patience)
        elif state != "device":
            raise LostError(f"the adb server at {self._address} says that {self._serial} is {state}")

    def _ask_for_reconnection(self, patience: Patience) -> None:
        for request in (f"host:disconnect:{self._serial}", f"host:connect:{self._serial}"):
            with (
                contextlib.suppress(LostError),
                _request(self._address, request, patience.connect_s) as server,
            ):
                _read_text(server)
        if list_states(self._address).get(self._serial) != "device":
            raise LostError(f"the adb server at {self._address} says that {self._serial} is offline")

    def open_shell(self, command: str, silence_s: float) -> Iterator[bytes]:
        with translate_errors(self._serial), self._reach_phone(silence_s) as server:
            _send_request(server, f"shell:{command}")
            while self._interruption.wait_readable(server, silence_s):
                if not (data := server.recv(_CHUNK)):
                    return
                yield data
            raise TimeoutError(f"nothing came for {silence_s:g} s")

    def push(self, data: BytesIO, path: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        with translate_errors(self._serial), self._reach_phone(timeout_s) as server:
            _send_request(server, "sync:")
            target = f"{path},{0o100644}".encode()
            server.sendall(struct.pack("<4sI", b"SEND", len(target)) + target)
            while chunk := data.read(_CHUNK):
                server.sendall(struct.pack("<4sI", b"DATA", len(chunk)) + chunk)
                if time.monotonic() > deadline:
                    raise TimeoutError(f"a file did not arrive within {timeout_s:g} s")
            server.sendall(struct.pack("<4sI", b"DONE", int(time.time())))
            answer, size = struct.unpack("<4sI", _read_exactly(server, 8))
            if answer != b"OKAY":
                reason = _read_exactly(server, min(size, 4096)).decode(errors="replace")
                raise LostError(f"{self._serial} refused a file: {reason}")

    def _reach_phone(self, timeout_s: float) -> contextlib.AbstractContextManager[socket.socket]:
        return _request(self._address, f"host:transport:{self._serial}", timeout_s)

    def close(self) -> None:
        """Nothing is held between commands."""


@contextlib.contextmanager
def _request(address: ServerAddress, words: str, timeout_s: float) -> Iterator[socket.socket]:
    with translate_errors("the adb server"), _connect(address, timeout_s) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _send_request(server, words)
        yield server


def _connect(address: ServerAddress, timeout_s: float) -> socket.socket:
    try:
        return socket.create_connection((address.host, address.port), timeout_s)
    except (OSError, UnicodeError) as error:  # the latter for a name that no host can have
        raise AbsentServerError(f"no adb server can be reached at {address} ({error})") from error


def _send_request(server: socket.socket, words: str) -> None:
    data = words.encode()
    if len(data) > 0xFFFF:
        raise DeviceError(f"a request of {len(data)} bytes is too long for an adb server")
    server.sendall(f"{len(data):04x}".encode() + data)
    status = _read_exactly(server, 4)
    if status not in (b"OKAY", b"FAIL"):
        raise ConnectionError(f"it answered {status!r}, neither OKAY nor FAIL")
    if status == b"FAIL":
        raise LostError(f"the adb server refused {words.partition(':')[0]}: {_read_text(server)}")


def _read_text(server: socket.socket) -> str:
    length = _read_exactly(server, 4)
    if not _LENGTH.fullmatch(length):
        raise ConnectionError(f"it announced an answer of {length!r} bytes, no four hexadecimal digits")
    return _read_exactly(server, int(length, 16)).decode(errors="replace")


def _read_exactly(server: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = server.recv(size - len(data))
        if not piece:
            raise ConnectionResetError("it closed the connection")
        data += piece
    return data
