"""Phones through a running adb server: the one that adb, Android Studio and others share.

A server owns the phones on USB. Talking to it takes a length in four hexadecimal digits before each
request and OKAY or FAIL in answer. Nobody's server is started or ended here.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from io import BytesIO

from bench.device_runner.device import LostError
from bench.device_runner.interruption import Interruption
from bench.device_runner.phone.adb import translate_errors
from bench.device_runner.phone.connection import Connection, Patience, UnauthorizedError
from bench.device_runner.phone.phone_device import PhoneDevice, PhoneOptions
from lut.errors import DeviceError

__all__ = ["ServerChannel", "list_server_serials", "open_by_server", "server_address"]

_CHUNK = 64 << 10
_LENGTH = re.compile(rb"[0-9A-Fa-f]{4}")
_LIST_S = 3.0


class _AbsentError(LostError):
    """Nobody listens where the adb server would."""


def server_address() -> tuple[str, int]:
    """Where the server listens: as adb itself has it from ADB_SERVER_SOCKET and ANDROID_ADB_SERVER_PORT."""
    spec = os.environ.get("ADB_SERVER_SOCKET", "")
    if spec.startswith("tcp:"):
        host, _, port = spec.removeprefix("tcp:").rpartition(":")
    else:
        host, port = "", os.environ.get("ANDROID_ADB_SERVER_PORT", "5037")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise DeviceError(
            f"The adb server's port {port!r} is not a number from 1 to 65535. "
            f"Look at ANDROID_ADB_SERVER_PORT."
        )
    return host or "127.0.0.1", int(port)


def list_server_serials() -> dict[str, str]:
    """Give the state of each phone (`device`, `unauthorized`, …) by its serial; none without a server.

    Raises:
        LostError: what listens at the server's port does not answer as one, now or ever.
    """
    try:
        with _request("host:devices", _LIST_S) as server:
            lines = _read_text(server).splitlines()
    except _AbsentError:
        return {}
    except LostError as error:
        host, port = server_address()
        raise LostError(
            f"What listens at {host}:{port} does not answer as an adb server does "
            f"({error.__cause__ or error}). Bypass it with --adb direct, or name the adb server's own port "
            f"in ANDROID_ADB_SERVER_PORT."
        ) from error
    return {serial: state for serial, _, state in (line.partition("\t") for line in lines) if state}


class ServerChannel:
    """A phone by its serial at the adb server; every command is a connection of its own."""

    def __init__(self, serial: str) -> None:
        self._serial = serial
        self._interruption = Interruption()

    def connect(self, patience: Patience, interruption: Interruption) -> None:
        interruption.check()
        self._interruption = interruption
        state = list_server_serials().get(self._serial)
        if state is None:
            raise LostError(f"the adb server does not list {self._serial}")
        if state == "unauthorized":
            raise UnauthorizedError(
                f"{self._serial} does not accept the adb server's key. Unlock the phone and tap ALLOW on "
                f"'Allow USB debugging?', then run this again."
            )
        if state == "offline" and ":" in self._serial:
            # The server keeps a dead TCP phone as offline; asking for it again is what `adb connect` does.
            self._ask_for_reconnection(patience)
        elif state != "device":
            raise LostError(f"the adb server says that {self._serial} is {state}")

    def _ask_for_reconnection(self, patience: Patience) -> None:
        for request in (f"host:disconnect:{self._serial}", f"host:connect:{self._serial}"):
            with contextlib.suppress(LostError), _request(request, patience.connect_s) as server:
                _read_text(server)
        if list_server_serials().get(self._serial) != "device":
            raise LostError(f"the adb server says that {self._serial} is offline")

    def open_shell(self, command: str, silence_s: float) -> Iterator[bytes]:
        with translate_errors(self._serial), _request(f"host:transport:{self._serial}", silence_s) as server:
            _send_request(server, f"shell:{command}")
            while self._interruption.wait_readable(server, silence_s):
                if not (data := server.recv(_CHUNK)):
                    return
                yield data
            raise TimeoutError(f"nothing came for {silence_s:g} s")

    def push(self, data: BytesIO, path: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        with translate_errors(self._serial), _request(f"host:transport:{self._serial}", timeout_s) as server:
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

    def close(self) -> None:
        """Nothing is held between commands."""


@contextlib.contextmanager
def _request(words: str, timeout_s: float) -> Iterator[socket.socket]:
    with translate_errors("the adb server"), _connect(timeout_s) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _send_request(server, words)
        yield server


def _connect(timeout_s: float) -> socket.socket:
    host, port = server_address()
    try:
        return socket.create_connection((host, port), timeout_s)
    except (OSError, UnicodeError) as error:  # the latter for a name that no host can have
        raise _AbsentError(f"no adb server can be reached at {host}:{port} ({error})") from error


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


def open_by_server(serial: str, options: PhoneOptions) -> PhoneDevice | None:
    """Open a phone that the adb server lists, whatever its state; None for any other serial."""
    if serial not in list_server_serials():
        return None
    return PhoneDevice("adb-server", serial, Connection(ServerChannel(serial), options.patience), options)
