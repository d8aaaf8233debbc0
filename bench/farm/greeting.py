"""Whether a scheduler answers at an address: Dask itself tries again where nobody does, or waits for ever."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from distributed import Security
from distributed.comm.core import FatalCommClosedError, connect
from distributed.core import send_recv

from bench.farm.connection import SchedulerAddress
from lut.errors import DeviceError

__all__ = ["ANSWER_S", "greet"]

ANSWER_S = 10.0
"""A scheduler has so many seconds to answer."""


async def greet(address: SchedulerAddress) -> None:
    """See that a scheduler answers at an address, and takes the certificate.

    Raises:
        DeviceError: nobody listens there, or what does is no scheduler or has another certificate.
        FileError: the certificate can't be used.
    """
    security = address.security()
    try:
        await asyncio.to_thread(_call, address)
    except OSError as error:
        raise DeviceError(
            f"No scheduler answers at {address.url} ({error.strerror or error}). Start one by "
            f"`bench farm up`, or give the address that it printed."
        ) from error
    try:
        answer = await asyncio.wait_for(_identify(address, security), ANSWER_S)
    except FatalCommClosedError as error:
        raise DeviceError(_explain_refusal(address, error)) from error
    except Exception as error:
        # What listens there may have answered anything.
        raise DeviceError(_describe_stranger(address)) from error
    if not isinstance(answer, dict) or answer.get("type") != "Scheduler":
        raise DeviceError(_describe_stranger(address))


def _call(address: SchedulerAddress) -> None:
    socket.create_connection((address.host, address.port), ANSWER_S).close()


async def _identify(address: SchedulerAddress, security: Security) -> Any:
    comm = await connect(address.url, timeout=ANSWER_S, **security.get_connection_args("client"))
    try:
        return await send_recv(comm, op="identity")
    finally:
        comm.abort()


def _explain_refusal(address: SchedulerAddress, error: FatalCommClosedError) -> str:
    reason = getattr(error.__cause__, "verify_message", None)
    if reason is None:
        return _describe_stranger(address)
    return (
        f"The scheduler at {address.url} has another certificate than {address.certificate} ({reason}): all "
        f"computers of a farm use the same file."
    )


def _describe_stranger(address: SchedulerAddress) -> str:
    hint = (
        "One that was started without a certificate is asked without --tls."
        if address.certificate
        else "One that was started with a certificate takes the same by --tls FILE."
    )
    return f"What listens at {address.url} does not answer as a scheduler. {hint}"
