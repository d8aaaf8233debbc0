"""How phones are reached: directly or by adb servers, and where those listen."""

from __future__ import annotations

import os
from dataclasses import dataclass

from bench.device_runner.address import is_port, join_address, split_address
from lut.errors import DeviceError

__all__ = ["DEFAULT_ROUTE", "AdbRoute", "ServerAddress", "server_address"]

_SERVER_PORT = 5037
_PORT_VARIABLE = "ANDROID_ADB_SERVER_PORT"


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
        try:
            return cls(*split_address(text, _SERVER_PORT))
        except ValueError as error:
            raise DeviceError(f"An adb server can't be named so: {error}") from error

    def __str__(self) -> str:
        return join_address(self.host, self.port)


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
        DeviceError: it is no address.
    """
    variable, address = "ADB_SERVER_SOCKET", os.environ.get("ADB_SERVER_SOCKET", "")
    if address.startswith("tcp:"):
        address = address.removeprefix("tcp:")
    else:
        variable, address = _PORT_VARIABLE, os.environ.get(_PORT_VARIABLE, str(_SERVER_PORT))
    if ":" in address:
        return ServerAddress.parse(address)
    if not is_port(address):
        raise DeviceError(
            f"The adb server's port {address!r} is not a number from 1 to 65535. Look at {variable}."
        )
    return ServerAddress("127.0.0.1", int(address))
