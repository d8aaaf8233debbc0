"""Phones, by way of adb.

Reading order: `connection` (what may break), `route` (how a phone is reached), `adb` and `adb_server` (the
two ways), `bundle` and `process` (the program on the phone), `probes`, `gates` and `profile` (its state, and
whether it is fit), `phone_device`, `servers` (the phones of one adb server or of several).
"""

from __future__ import annotations

from bench.device_runner.phone.adb import explain_missing_usb, list_usb_serials, load_keys, open_directly
from bench.device_runner.phone.cores import CLUSTER_NAMES
from bench.device_runner.phone.gates import GATES
from bench.device_runner.phone.phone_device import PhoneDevice, PhoneOptions
from bench.device_runner.phone.profile import Profile, read_profile
from bench.device_runner.phone.route import DEFAULT_ROUTE, AdbRoute, ServerAddress, server_address
from bench.device_runner.phone.servers import find_server_phones, list_server_serials, open_by_server
from bench.device_runner.phone.usb import find_usb_phones

__all__ = [
    "CLUSTER_NAMES",
    "DEFAULT_ROUTE",
    "GATES",
    "AdbRoute",
    "PhoneDevice",
    "PhoneOptions",
    "Profile",
    "ServerAddress",
    "explain_missing_usb",
    "find_server_phones",
    "find_usb_phones",
    "list_server_serials",
    "list_usb_serials",
    "load_keys",
    "open_by_server",
    "open_directly",
    "read_profile",
    "server_address",
]
