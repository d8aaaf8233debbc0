"""The middle of a farm: Dask's scheduler, which hosts offer phones to and clients send work to."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass

from distributed import Scheduler

from bench.farm.connection import SchedulerAddress, configure_dask
from lut.errors import DeviceError

__all__ = ["Listening", "open_scheduler"]

_DASHBOARD_PORT = 8787
"""Dask's own; where it is taken, another is."""


@dataclass(frozen=True)
class Listening:
    """A scheduler that listens; `dashboard` is its page, on this computer only."""

    url: str
    dashboard: str


@contextlib.asynccontextmanager
async def open_scheduler(address: SchedulerAddress) -> AsyncIterator[Listening]:
    """Listen at an address of this computer.

    Raises:
        DeviceError: the address is reached from outside, and there is no certificate; or it is taken.
        FileError: the certificate can't be used.
    """
    configure_dask()
    security = address.security()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Port .* is already in use")  # where the page is, is said
            scheduler = await Scheduler(
                host=address.host,
                port=address.port,
                protocol="tls" if address.certificate else "tcp",
                security=security,
                dashboard=True,
                dashboard_address=f"127.0.0.1:{_DASHBOARD_PORT}",
            )
    except (OSError, RuntimeError) as error:
        cause = error.__cause__ or error
        raise DeviceError(
            f"No scheduler can listen at {address.url}: {getattr(cause, 'strerror', None) or cause}. "
            f"Choose another address by --host and --port."
        ) from error
    try:
        port = scheduler.http_server.port if scheduler.http_server else _DASHBOARD_PORT
        yield Listening(scheduler.address, f"http://127.0.0.1:{port}/status")
    finally:
        await scheduler.close()
