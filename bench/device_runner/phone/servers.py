"""The phones of all adb servers of a route: listed, told apart and opened.

Servers on two hosts may list the same serial, such as emulator-5554. `SERIAL@HOST:PORT` then says which is
meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.device_runner.device import LostError
from bench.device_runner.phone.adb_server import AbsentServerError, ServerChannel, list_states
from bench.device_runner.phone.connection import Connection
from bench.device_runner.phone.phone_device import PhoneDevice, PhoneOptions
from bench.device_runner.phone.route import DEFAULT_ROUTE, AdbRoute, ServerAddress, server_address
from lut.errors import DeviceError

__all__ = ["find_server_phones", "list_server_serials", "open_by_server"]


@dataclass(frozen=True)
class _ListedPhone:
    """A phone as one server lists it."""

    serial: str
    server: ServerAddress
    state: str

    @property
    def full_name(self) -> str:
        """The serial, and the server that tells it from its namesakes."""
        return f"{self.serial}@{self.server}"


def find_server_phones(route: AdbRoute) -> Iterator[str]:
    """Give the serials of `list_server_serials`, without those of servers that can't be asked.

    Raises:
        DeviceError: after the last serial, with a sentence for each such server.
    """
    reasons: list[str] = []
    yield from list_server_serials(route, reasons.append)
    if reasons:
        raise DeviceError(" ".join(reasons))


def list_server_serials(
    route: AdbRoute = DEFAULT_ROUTE, warn: Callable[[str], None] | None = None
) -> dict[str, str]:
    """Give the state of each phone (`device`, `unauthorized`, …) by its serial.

    Serials that several servers list are given as `SERIAL@HOST:PORT`. The server of the environment may be
    absent, and then has no phones; one that was named has to be there.

    Args:
        route: names the servers.
        warn: hears a sentence for each server that can't be asked; without it, the first ends the listing.

    Raises:
        LostError: a server that was named can't be reached, or what listens at a server's port does not
            answer as one, now or ever.
    """
    phones = _list_phones(route, warn)
    times = Counter(phone.serial for phone in phones)
    return {phone.full_name if times[phone.serial] > 1 else phone.serial: phone.state for phone in phones}


def _list_phones(route: AdbRoute, warn: Callable[[str], None] | None) -> list[_ListedPhone]:
    phones = []
    for server in dict.fromkeys(route.servers or (server_address(),)):
        try:
            states = _ask(server, may_be_absent=not route.servers)
        except LostError as error:
            if warn is None:
                raise
            warn(str(error))
        else:
            phones += [_ListedPhone(serial, server, state) for serial, state in states.items()]
    return phones


def open_by_server(serial: str, route: AdbRoute, options: PhoneOptions) -> PhoneDevice | None:
    """Open a phone that an adb server lists, whatever its state; None for any other serial.

    With `SERIAL@HOST:PORT` that server is asked, even if the route does not name it. Servers that can't be
    asked are passed over: the phone may be elsewhere.

    Raises:
        DeviceError: several servers list the serial, or the phone can't be used.
    """
    phone = _find_phone(serial, _list_phones(route, lambda _: None)) or _ask_named_server(serial)
    if phone is None:
        return None
    channel = ServerChannel(phone.serial, phone.server)
    return PhoneDevice("adb-server", serial, Connection(channel, options.patience), options)


def _find_phone(serial: str, phones: list[_ListedPhone]) -> _ListedPhone | None:
    found = [phone for phone in phones if serial in (phone.serial, phone.full_name)]
    if len(found) > 1:
        names = " or ".join(f"--device {phone.full_name}" for phone in found)
        raise DeviceError(f"{len(found)} adb servers list the serial {serial!r}. Say which: {names}.")
    return found[0] if found else None


def _ask_named_server(serial: str) -> _ListedPhone | None:
    bare, at, address = serial.rpartition("@")
    if not at:
        return None
    server = ServerAddress.parse(address)
    state = _ask(server).get(bare)
    return None if state is None else _ListedPhone(bare, server, state)


def _ask(server: ServerAddress, may_be_absent: bool = False) -> dict[str, str]:
    try:
        return list_states(server)
    except AbsentServerError as error:
        if may_be_absent:
            return {}
        raise LostError(
            f"No adb server can be reached at {server} ({error.__cause__}). Start it by `adb start-server`; "
            f"`ssh -NL {server.port}:localhost:5037 HOST` forwards another host's to this port."
        ) from error
