"""Where a farm's scheduler is, and who may reach it: TLS, or nobody but this computer."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.device_runner import join_address, split_address
from lut.errors import DeviceError, FileError

__all__ = [
    "SCHEDULER_PORT",
    "TCP_S",
    "SchedulerAddress",
    "configure_dask",
    "find_own_host",
    "parse_address",
]

SCHEDULER_PORT = 8786
"""Dask's own."""

TCP_S = 20
"""A connection that answers nothing for so many seconds is given up, on both its sides."""

WORKER_S = 60
"""A host that the scheduler hears nothing from for so many seconds is gone."""


@dataclass(frozen=True)
class SchedulerAddress:
    """Where a scheduler listens. `certificate` is a PEM file with a key and its certificate, one for all."""

    host: str
    port: int = SCHEDULER_PORT
    certificate: Path | None = None

    @property
    def url(self) -> str:
        """The address as Dask writes it."""
        return f"{'tls' if self.certificate else 'tcp'}://{join_address(self.host, self.port)}"

    def security(self) -> Any:
        """Give Dask's settings for this address.

        Raises:
            DeviceError: it is not of this computer, and there is no certificate.
            FileError: the certificate can't be used.
        """
        from distributed import Security

        if self.certificate is None:
            if not _is_loopback(self.host):
                raise DeviceError(
                    f"{self.host} is not this computer alone, and whoever reaches a farm's scheduler can run "
                    f"code on its hosts: give the farm's certificate by --tls FILE. docs/farm.md says how to "
                    f"make one."
                )
            return Security(require_encryption=False)
        _check_certificate(self.certificate)
        file = str(self.certificate)
        return Security(
            require_encryption=True,
            tls_ca_file=file,
            **{f"tls_{role}_cert": file for role in ("client", "scheduler", "worker")},
        )


def parse_address(text: str, certificate: Path | None = None) -> SchedulerAddress:
    """Read HOST, HOST:PORT or [HOST]:PORT, with tcp:// or tls:// before it or without.

    Raises:
        ValueError: it is none of these, or says tls:// without a certificate, or tcp:// with one.
    """
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "", text
    elif scheme not in ("tcp", "tls"):
        raise ValueError(f"{text!r}: {scheme}:// is not tcp:// or tls://.")
    if scheme == "tls" and certificate is None:
        raise ValueError(f"{text!r} takes a certificate: give it by --tls FILE.")
    if scheme == "tcp" and certificate is not None:
        raise ValueError(f"{text!r} is not encrypted: write tls:// or leave it out.")
    return SchedulerAddress(*split_address(rest, SCHEDULER_PORT), certificate)


def find_own_host(scheduler: SchedulerAddress) -> str:
    """Give the address by which the scheduler reaches this computer.

    Raises:
        DeviceError: the scheduler's name means nothing, or no way leads there.
    """
    if scheduler.certificate is None:
        return "127.0.0.1"
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            scheduler.host, scheduler.port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(target)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise DeviceError(
            f"No way leads to the scheduler at {scheduler.host}: {error.strerror or error}."
        ) from error


def configure_dask() -> dict[str, Any]:
    """Set Dask up for a farm in this process, and give what was set, for processes it starts.

    Dask itself says nothing: what matters is raised as an error, or said by a host.
    """
    import dask

    settings: dict[str, Any] = {
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
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return settings


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_certificate(file: Path) -> None:
    try:
        context = ssl.create_default_context(cafile=file)
        context.load_cert_chain(file)
    except (OSError, ssl.SSLError) as error:
        raise FileError(
            f"{file} is no PEM file with a key and its certificate ({error.strerror or error}). "
            f"docs/farm.md says how to make one."
        ) from error
