"""Where a farm's scheduler is, and how its computers talk: by TLS, and to nobody who lacks the farm's key."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.device_runner import join_address, split_address
from bench.farm.key import check_key, own_key
from lut.cache import default_cache
from lut.errors import DeviceError, FileError

__all__ = [
    "SCHEDULER_PORT",
    "TCP_S",
    "SchedulerAddress",
    "configure_dask",
    "find_own_host",
    "parse_address",
    "silence_dask",
]

SCHEDULER_PORT = 8786
"""Dask's own."""

TCP_S = 20
"""A connection that answers nothing for so many seconds is given up, on both its sides."""

WORKER_S = 60
"""A host that the scheduler hears nothing from for so many seconds is gone."""


@dataclass(frozen=True)
class SchedulerAddress:
    """Where a scheduler listens. `key` is the farm's key; see `bench.farm.key`."""

    host: str
    port: int
    key: Path

    @property
    def url(self) -> str:
        """The address as Dask writes it."""
        return f"tls://{join_address(self.host, self.port)}"

    def security(self) -> Any:
        """Give Dask's settings for this address: all that connect, and all that listen, have the key.

        Raises:
            FileError: the key can't be used.
        """
        from distributed import Security

        check_key(self.key)
        file = str(self.key)
        return Security(
            require_encryption=True,
            tls_ca_file=file,
            **{f"tls_{role}_cert": file for role in ("client", "scheduler", "worker")},
        )


def parse_address(text: str, key: Path | None = None) -> SchedulerAddress:
    """Read HOST, HOST:PORT or [HOST]:PORT, with tls:// before it or without.

    Args:
        text: what somebody wrote.
        key: the farm's key; None takes the user's own.

    Raises:
        FileError: the user's own key is in a home folder that this system does not know.
        ValueError: it is none of these, or says tcp://.
    """
    scheme, found, rest = text.partition("://")
    if not found:
        rest = text
    elif scheme == "tcp":
        raise ValueError(f"{text!r} is not encrypted: write tls:// or leave it out.")
    elif scheme != "tls":
        raise ValueError(f"{text!r}: {scheme}:// is not tls://.")
    return SchedulerAddress(*split_address(rest, SCHEDULER_PORT), key or own_key())


def find_own_host(scheduler: SchedulerAddress) -> str:
    """Give the address by which the scheduler reaches this computer, an IPv6 address in Dask's brackets.

    Raises:
        DeviceError: the scheduler's name means nothing, or no way leads there.
    """
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            scheduler.host, scheduler.port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(target)
            host = str(probe.getsockname()[0])
            return f"[{host}]" if ":" in host else host
    except OSError as error:
        raise DeviceError(
            f"No way leads to the scheduler at {scheduler.host}: {error.strerror or error}."
        ) from error


def configure_dask() -> dict[str, Any]:
    """Set Dask up for a farm in this process, and give what was set, for processes it starts.

    Dask itself says nothing: what matters is raised as an error, or said by a host.

    Raises:
        FileError: Dask's folder can't be made.
    """
    import dask

    settings: dict[str, Any] = {
        # Not in the common folder for temporary files, where somebody else could have made it before.
        "temporary-directory": str(_make_folder()),
        # What these pages tell, they tell everybody.
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.comm.timeouts.connect": "10s",
        "distributed.comm.timeouts.tcp": f"{TCP_S}s",
        "distributed.scheduler.worker-ttl": f"{WORKER_S}s",
        "distributed.scheduler.work-stealing": False,
        "distributed.worker.memory.terminate": False,
        "distributed.worker.memory.pause": False,
        "distributed.admin.tick.limit": "60s",
        "distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical",
    }
    dask.config.set(settings)
    silence_dask()
    return settings


def silence_dask() -> None:
    """Keep Dask, and the network library under it, from writing to stderr in this process."""
    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _make_folder() -> Path:
    folder = default_cache() / "dask"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"The folder {folder} can't be made: {error.strerror or error}.") from error
    return folder
