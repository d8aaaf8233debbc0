"""How phones are reached: directly or by adb servers, and where those listen."""

from __future__ import annotations

import os
from dataclasses import dataclass

from lut.errors import DeviceError

__all__ = ["DEFAULT_ROUTE", "AdbRoute", "ServerAddress", "is_port", "server_address"]

_SERVER_PORT = 5037


@dataclass(frozen=True)
class ServerAddress:
    """Where an adb server listens."""

    host: str
    port: int = _SERVER_PORT

    @classmethod
    def parse(cls, text: str) -> ServerAddress:
        """Read `HOST:PORT`, `HOST`, or either with an IPv6 address in brackets.

        Raises:
            DeviceError: it is no such address.
        """
        bracketed = text.startswith("[") and text.endswith("]")
        host, colon, port = (text, "", "") if bracketed else text.rpartition(":")
        if not colon:
            host, port = text, str(_SERVER_PORT)
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise DeviceError(f"{text!r} has more than one colon. Write an IPv6 address as [ADDRESS]:PORT.")
        if not host or any(sign.isspace() or sign in "[]@/" for sign in host):
            raise DeviceError(f"{text!r} is not the address of an adb server. Write HOST:PORT.")
        if not is_port(port):
            raise DeviceError(f"The port {port!r} of {text!r} is not a number from 1 to 65535.")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class AdbRoute:
    """How phones are reached: `auto`, by a `server` or `direct`, and by which servers.

    Without servers it is the one that the environment names when it is asked.
    """

    way: str = "auto"
    servers: tuple[ServerAddress, ...] = ()


DEFAULT_ROUTE = AdbRoute()
"""Every way there is, with the server of the environment."""


def server_address() -> ServerAddress:
    """Where the server listens: as adb itself has it from ADB_SERVER_SOCKET and ANDROID_ADB_SERVER_PORT.

    Raises:
        DeviceError: the port is not one.
    """
    spec = os.environ.get("ADB_SERVER_SOCKET", "")
    if spec.startswith("tcp:"):
        host, _, port = spec.removeprefix("tcp:").rpartition(":")
    else:
        host, port = "", os.environ.get("ANDROID_ADB_SERVER_PORT", str(_SERVER_PORT))
    if not is_port(port):
        raise DeviceError(
            f"The adb server's port {port!r} is not a number from 1 to 65535. "
            f"Look at ANDROID_ADB_SERVER_PORT."
        )
    return ServerAddress(host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port))


def is_port(text: str) -> bool:
    """Tell whether a text is a number from 1 to 65535."""
    return text.isdecimal() and 0 < int(text) < 65536
