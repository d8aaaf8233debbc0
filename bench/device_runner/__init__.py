"""Running nets on devices. `DEVICES` lists the kinds; adding one is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable

from bench.device_runner.address import join_address, split_address
from bench.device_runner.block import Block
from bench.device_runner.device import Device, clean_name
from bench.device_runner.host import HostDevice, list_hosts, open_host
from bench.device_runner.inside_nets import profile_nets
from bench.device_runner.kind import DeviceKind
from bench.device_runner.phone import (
    CLUSTER_NAMES,
    DEFAULT_ROUTE,
    GATES,
    AdbRoute,
    PhoneDevice,
    PhoneOptions,
    Profile,
    ServerAddress,
    explain_missing_usb,
    find_server_phones,
    find_usb_phones,
    list_server_serials,
    list_usb_serials,
    load_keys,
    open_by_server,
    open_directly,
    read_profile,
    server_address,
)
from bench.device_runner.program import NetProfiled, split_into_companies
from bench.device_runner.session import SILENCE_S, Recovery, run_block
from bench.device_runner.values import run_values
from bench.device_runner.visits import Visit
from bench.device_runner.watch import UNWATCHED, Watch
from bench.device_runner.whole_nets import NetRuns, measure_nets
from lut.errors import DeviceError

__all__ = [
    "ADB_WAYS",
    "CLUSTER_NAMES",
    "DEFAULT_ROUTE",
    "DEVICES",
    "GATES",
    "SILENCE_S",
    "UNWATCHED",
    "AdbRoute",
    "Block",
    "Device",
    "HostDevice",
    "NetProfiled",
    "NetRuns",
    "PhoneDevice",
    "PhoneOptions",
    "Profile",
    "Recovery",
    "ServerAddress",
    "Visit",
    "Watch",
    "clean_name",
    "explain_missing_usb",
    "explain_no_phone",
    "find_usb_phones",
    "join_address",
    "list_devices",
    "list_serials",
    "list_server_serials",
    "load_keys",
    "measure_nets",
    "open_device",
    "profile_nets",
    "read_profile",
    "run_block",
    "run_values",
    "server_address",
    "split_address",
    "split_into_companies",
]

DEVICES: dict[str, DeviceKind] = {
    "host": DeviceKind(list_hosts, open_host),
    "adb-server": DeviceKind(find_server_phones, open_by_server),
    "adb": DeviceKind(list_usb_serials, open_directly),
}
"""For each kind what lists and opens its devices. Where two list the same serial, the first has it."""

ADB_WAYS: dict[str, frozenset[str]] = {
    "auto": frozenset(DEVICES),
    "server": frozenset(DEVICES) - {"adb"},
    "direct": frozenset(DEVICES) - {"adb-server"},
}
"""The kinds that each value of `--adb` leaves."""


def list_serials(
    route: AdbRoute = DEFAULT_ROUTE, warn: Callable[[str], None] | None = None
) -> dict[str, str]:
    """Give the kind of each attached device by its serial.

    Args:
        route: how phones are reached; its way is a key of `ADB_WAYS`.
        warn: hears, of each kind, what can't be listed; without it, the first such thing ends the listing.

    Raises:
        DeviceError: a kind, or a part of one, can't be listed.
    """
    found: dict[str, str] = {}
    for name, kind in _kinds(route).items():
        try:
            for serial in kind.list_serials(route):
                found.setdefault(serial, name)
        except DeviceError as error:
            if warn is None:
                raise
            warn(str(error))
    return found


def list_devices(
    route: AdbRoute = DEFAULT_ROUTE,
    options: PhoneOptions | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> list[Device]:
    """Open every attached device; `warn` hears a sentence for each that could not be listed or opened."""
    devices = []
    for serial in list_serials(route, warn):
        try:
            devices.append(open_device(serial, route, options))
        except DeviceError as error:
            warn(str(error))
    return devices


def open_device(serial: str, route: AdbRoute = DEFAULT_ROUTE, options: PhoneOptions | None = None) -> Device:
    """Give the device with this serial: `host`, a phone's, `SERIAL@HOST:PORT` or `tcp:HOST:PORT`.

    Raises:
        DeviceError: none has it (the message lists those that are attached, and what kept others from being
            listed), or it can't be used.
    """
    for kind in _kinds(route).values():  # the first that has it; the host is asked before any search
        device = kind.open(serial, route, options or PhoneOptions())
        if device is not None:
            return device
    reasons: list[str] = []
    attached = list_serials(route, reasons.append)
    if set(attached) <= {"host"}:
        reasons = reasons or [explain_no_phone()]
    raise DeviceError(
        " ".join([f"No device has the serial {serial!r}. Attached: {', '.join(attached)}.", *reasons])
    )


def _kinds(route: AdbRoute) -> dict[str, DeviceKind]:
    return {name: kind for name, kind in DEVICES.items() if name in ADB_WAYS[route.way]}


def explain_no_phone() -> str:
    """Say why no phone may be attached, and what to do."""
    return explain_missing_usb() or (
        "No phone is attached. Switch on USB debugging in its developer options and plug it in, or name one "
        "on the network by --device tcp:HOST:PORT."
    )
