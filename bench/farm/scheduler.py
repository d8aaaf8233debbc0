"""The middle of a farm: Dask's scheduler, which hosts offer phones to and clients send work to."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from distributed import Scheduler

from bench.farm.connection import SchedulerAddress, configure_dask
from lut.errors import DeviceError

__all__ = ["Listening", "open_scheduler"]

_DASHBOARD_PORT = 8787
"""Dask's own; where it is taken, another is."""

_MOST_TOLD = 100
"""So many computers without the key are named; a scan of the network is not worth more lines."""

_handshakes = logging.getLogger("distributed.comm.tcp")
"""Where Dask says that a connection ended before anything was read from it, and from where it came."""


@dataclass(frozen=True)
class Listening:
    """A scheduler that listens; `dashboard` is its page, on this computer only, or empty without one."""

    url: str
    dashboard: str


@contextlib.asynccontextmanager
async def open_scheduler(
    address: SchedulerAddress, say: Callable[[str], None] = lambda _: None, *, has_dashboard: bool = False
) -> AsyncIterator[Listening]:
    """Listen at an address of this computer.

    Args:
        address: where to listen.
        say: hears of computers that were refused because they lack the key.
        has_dashboard: whether Dask's page is served, which all users of this computer can read.

    Raises:
        DeviceError: the address is taken, or none of this computer.
        FileError: the key can't be used.
    """
    configure_dask()
    security = address.security()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Port .* is already in use")  # where the page is, is said
            scheduler = await Scheduler(
                host=f"[{address.host}]" if ":" in address.host else address.host,
                port=address.port,
                protocol="tls",
                security=security,
                dashboard=has_dashboard,
                dashboard_address=f"127.0.0.1:{_DASHBOARD_PORT if has_dashboard else 0}",
            )
    except (OSError, RuntimeError) as error:
        cause = error.__cause__ or error
        raise DeviceError(
            f"No scheduler can listen at {address.url}: {getattr(cause, 'strerror', None) or cause}. "
            f"Choose another address by --host and --port."
        ) from error
    refusals = _Refusals(say)
    try:
        _handshakes.addHandler(refusals)
        _handshakes.setLevel(logging.WARNING)
        _handshakes.propagate = False
        port = scheduler.http_server.port if scheduler.http_server else _DASHBOARD_PORT
        yield Listening(scheduler.address, f"http://127.0.0.1:{port}/status" if has_dashboard else "")
    finally:
        _handshakes.removeHandler(refusals)
        _handshakes.setLevel(logging.NOTSET)
        _handshakes.propagate = True
        await scheduler.close()


class _Refusals(logging.Handler):
    """Tells in a sentence, once for each computer, that a connection from there did not have the key."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say
        self._told = set[str]()

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one, if it is news; whatever else Dask logs there is nobody's concern."""
        if "TLS handshake failed" not in record.msg or not isinstance(record.args, tuple):
            return
        url = str(record.args[1])
        computer = url.partition("://")[2].rpartition(":")[0]
        if computer not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(computer)
            self._say(f"A connection from {computer} was refused: whoever made it lacks the farm's key.")
