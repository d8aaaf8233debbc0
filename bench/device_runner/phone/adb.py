"""Phones directly over USB or TCP, by the package adb-shell. Its errors, 14 types without a common root
and libusb's beside them, end in one place here."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adb_shell import exceptions as adb
from adb_shell.transport.tcp_transport import TcpTransport

from bench.device_runner.address import split_address
from bench.device_runner.device import LostError
from bench.device_runner.interruption import Interruption
from bench.device_runner.phone.connection import Connection, Patience, SilentError, UnauthorizedError
from bench.device_runner.phone.phone_device import PhoneDevice, PhoneOptions
from bench.device_runner.phone.route import AdbRoute
from lut.errors import DeviceError
from lut.wording import install_extra

if TYPE_CHECKING:  # loaded where a phone is opened: a run on the host should not wait for it
    from adb_shell.adb_device import AdbDevice
    from adb_shell.auth.sign_pythonrsa import PythonRSASigner

__all__ = [
    "DirectChannel",
    "explain_missing_usb",
    "list_usb_serials",
    "load_keys",
    "parse_address",
    "translate_errors",
]

_TCP_PORT = 5555

_UNAUTHORIZED = (
    "{serial} does not accept this computer's key. Unlock the phone, tap ALLOW (and 'Always allow') on "
    "'Allow USB debugging?', and run this again."
)
_BUSY = (
    "{serial} is in use by another program, usually an adb server. Use that server with "
    "--adb server, or end it with `adb kill-server` and use --adb direct."
)
_DENIED = (
    "{serial} is attached, but this user may not open it. Install the udev rules (Debian: package "
    "android-sdk-platform-tools-common), join the group plugdev, and attach the phone again."
)
_NO_USB_PACKAGE = (
    "USB can't be used here: the package libusb1 is not installed. Install it by: {install}, "
    "or use a running adb server with --adb server."
)
_NO_LIBUSB = (
    "USB can't be used here: {error}. Install the Debian package libusb-1.0-0, "
    "or use a running adb server with --adb server."
)


@contextlib.contextmanager
def translate_errors(serial: str) -> Iterator[None]:
    """Turn whatever adb-shell, libusb and sockets raise into this project's errors."""
    try:
        yield
    except adb.DeviceAuthError as error:
        raise UnauthorizedError(_UNAUTHORIZED.format(serial=serial)) from error
    except (adb.AdbTimeoutError, adb.TcpTimeoutException, TimeoutError) as error:
        raise SilentError(f"{serial} does not answer ({error})") from error
    except adb.UsbDeviceNotFoundError as error:
        raise LostError(f"{serial} is not attached. `bench devices` lists what is.") from error
    except adb.PushFailedError as error:
        reason = error.args[0] if error.args else b""
        text = (
            bytes(reason).decode(errors="replace") if isinstance(reason, bytes | bytearray) else str(reason)
        )
        raise LostError(f"{serial} refused a file: {text}") from error
    except (
        adb.AdbCommandFailureException,
        adb.AdbConnectionError,
        adb.InvalidChecksumError,
        adb.InvalidCommandError,
        adb.InvalidResponseError,
        adb.UsbReadFailedError,
        adb.UsbWriteFailedError,
        ConnectionError,
        struct.error,  # adb-shell unpacks a header that was cut short
    ) as error:
        raise LostError(f"the connection to {serial} broke ({error or type(error).__name__})") from error
    except (adb.DevicePathInvalidError, adb.InvalidTransportError, UnicodeError) as error:
        # UnicodeError is what Python makes of a name that no host can have.
        raise DeviceError(f"{serial} can't be used: {error}.") from error
    except OSError as error:
        raise LostError(f"{serial} can't be reached: {error.strerror or error}") from error
    except _usb_errors() as error:
        raise _explain_usb(serial, error) from error


def _usb_errors() -> tuple[type[Exception], ...]:
    try:
        import usb1
    except (ImportError, OSError):  # without libusb there is nothing of it to catch
        return ()
    return (usb1.USBError,)


def _explain_usb(serial: str, error: Exception) -> DeviceError:
    match type(error).__name__:
        case "USBErrorBusy":
            return DeviceError(_BUSY.format(serial=serial))
        case "USBErrorAccess":
            return DeviceError(_DENIED.format(serial=serial))
    return LostError(f"the USB connection to {serial} broke ({type(error).__name__})")


class _PatientTransport(TcpTransport):  # type: ignore[misc]
    """adb-shell's TCP transport, with what it lacks on real networks.

    Its `bulk_write` sends once and forgets what did not go; a message waits 40 ms for Nagle's algorithm;
    a connection that the phone closed reads as empty for ever; nothing ends a wait before its time.
    """

    def __init__(self, host: str, port: int, interruption: Interruption) -> None:
        super().__init__(host, port)
        self._interruption = interruption

    def connect(self, transport_timeout_s: float | None) -> None:
        super().connect(transport_timeout_s)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def bulk_read(self, numbytes: int, transport_timeout_s: float | None) -> bytes:
        if not self._interruption.wait_readable(self._connection, transport_timeout_s):
            raise adb.TcpTimeoutException(f"nothing came for {transport_timeout_s} s")
        data = bytes(self._connection.recv(numbytes))
        if not data and numbytes:
            raise ConnectionResetError("the phone closed the connection")
        return data

    def bulk_write(self, data: bytes, transport_timeout_s: float | None) -> int:
        left = memoryview(data)
        while left:
            _, writable, _ = select.select([], [self._connection], [], transport_timeout_s)
            if not writable:
                raise adb.TcpTimeoutException(f"nothing could be sent for {transport_timeout_s} s")
            left = left[self._connection.send(left) :]
        return len(data)


def parse_address(serial: str) -> tuple[str, int] | None:
    """Give host and port of `tcp:HOST[:PORT]`; None for the serial of a USB phone.

    Raises:
        DeviceError: it is no such address.
    """
    if not serial.startswith("tcp:"):
        return None
    try:
        return split_address(serial.removeprefix("tcp:"), _TCP_PORT)
    except ValueError as error:
        raise DeviceError(
            f"{serial!r} is not an address. Write tcp:HOST:PORT, such as tcp:192.168.1.20:5555."
        ) from error


def explain_missing_usb() -> str | None:
    """Give a sentence if USB can't be used here for want of libusb or of its package; None if it can."""
    if find_spec("usb1") is None:
        return _NO_USB_PACKAGE.format(install=install_extra("usb"))
    try:
        import adb_shell.transport.usb_transport  # noqa: F401 - loads libusb
    except (ImportError, OSError) as error:
        return _NO_LIBUSB.format(error=error)
    return None


def list_usb_serials(_route: AdbRoute) -> list[str]:
    """Give the serials of the phones on USB; none where `explain_missing_usb` has a reason."""
    if explain_missing_usb():
        return []
    from adb_shell.transport.usb_transport import UsbTransport

    with translate_errors("USB"):
        found = list(UsbTransport.find_all_adb_devices())
    return [serial for transport in found if (serial := _read_serial(transport))]


def _read_serial(transport: Any) -> str | None:
    try:
        return str(transport.serial_number)
    except _usb_errors():  # one that we may not open has no serial for us
        return None


def load_keys(folder: Path | None = None) -> list[PythonRSASigner]:
    """Give the user's adb key, which adb and this program share; make one only where none is.

    Raises:
        DeviceError: the key can't be read or made.
    """
    from adb_shell.auth.sign_pythonrsa import PythonRSASigner

    folder = folder or Path(os.environ.get("ANDROID_USER_HOME") or Path.home() / ".android")
    private = folder / "adbkey"
    try:
        if not private.exists():
            _make_key(folder, private)
        return [PythonRSASigner(_public_text(private), private.read_text(encoding="utf-8"))]
    except (OSError, ValueError) as error:
        raise DeviceError(
            f"The adb key {private} can't be used: {error}. Put the right key there, or move it away "
            f"and a new one is made."
        ) from error


def _public_text(private: Path) -> str:
    public = Path(f"{private}.pub")
    if public.exists():
        return public.read_text(encoding="utf-8")
    from base64 import b64encode

    from adb_shell.auth.keygen import encode_pubkey, get_user_info

    # Not written: whoever keeps a private key alone may have a reason to.
    return b64encode(encode_pubkey(str(private))).decode() + str(get_user_info())


def _make_key(folder: Path, private: Path) -> None:
    """Make a key under a name of its own, for its owner's eyes only, then link it into place.

    adb-shell's `keygen` overwrites; a link never does.
    """
    from adb_shell.auth.keygen import keygen

    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    unfinished = folder / f".adbkey-{os.getpid()}"
    before = os.umask(0o077)
    try:
        keygen(str(unfinished))
        with contextlib.suppress(FileExistsError):  # another program was faster; its key is as good
            os.link(unfinished, private)
            os.link(f"{unfinished}.pub", f"{private}.pub")
    finally:
        os.umask(before)
        unfinished.unlink(missing_ok=True)
        Path(f"{unfinished}.pub").unlink(missing_ok=True)


class DirectChannel:
    """A phone by adb-shell. One thread at a time; the connection above it sees to that."""

    def __init__(self, serial: str, keys: Callable[[], list[PythonRSASigner]] = load_keys) -> None:
        self._serial = serial
        self._address = parse_address(serial)
        self._keys = keys
        self._device: AdbDevice | None = None

    def connect(self, patience: Patience, interruption: Interruption) -> None:
        from adb_shell.adb_device import AdbDevice

        keys = self._keys()
        asked: list[object] = []
        try:
            with translate_errors(self._serial):
                # A new object each time: after a phone was plugged in again the old one finds nothing.
                self._device = AdbDevice(
                    self._transport(interruption), default_transport_timeout_s=patience.connect_s
                )
                self._device.connect(
                    rsa_keys=keys,
                    auth_timeout_s=patience.authorize_s,
                    read_timeout_s=patience.connect_s,
                    auth_callback=asked.append,
                )
        except DeviceError as error:
            self.close()
            if asked and isinstance(
                error, LostError
            ):  # the question stands on the phone's screen, and nobody answered it
                raise UnauthorizedError(_UNAUTHORIZED.format(serial=self._serial)) from error
            raise

    def _transport(self, interruption: Interruption) -> Any:
        if self._address:
            return _PatientTransport(*self._address, interruption)
        if missing := explain_missing_usb():
            raise DeviceError(missing)
        from adb_shell.transport.usb_transport import UsbTransport

        return UsbTransport.find_adb(serial=self._serial)

    def open_shell(self, command: str, silence_s: float) -> Iterator[bytes]:
        device = self._connected()
        with translate_errors(self._serial):
            yield from device.streaming_shell(
                command, transport_timeout_s=silence_s, read_timeout_s=silence_s, decode=False
            )

    def push(self, data: BytesIO, path: str, timeout_s: float) -> None:
        device = self._connected()
        with translate_errors(self._serial):
            device.push(data, path, st_mode=0o100644, transport_timeout_s=timeout_s, read_timeout_s=timeout_s)

    def _connected(self) -> AdbDevice:
        if self._device is None or not self._device.available:
            raise LostError(f"{self._serial} is not connected")
        return self._device

    def close(self) -> None:
        if self._device is not None:
            with contextlib.suppress(LostError, DeviceError), translate_errors(self._serial):
                self._device.close()
            self._device = None


def open_directly(serial: str, route: AdbRoute, options: PhoneOptions) -> PhoneDevice | None:
    """Open a phone on USB, or one that is named as tcp:HOST:PORT; None for any other serial."""
    if serial == "host" or (parse_address(serial) is None and serial not in list_usb_serials(route)):
        return None
    return PhoneDevice("adb", serial, Connection(DirectChannel(serial), options.patience), options)
