"""Whether a scheduler answers at an address: Dask itself tries again where nobody does, or waits for ever."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

from distributed import Security
from distributed.comm.core import connect
from distributed.core import send_recv

from bench.farm.connection import SchedulerAddress
from lut.errors import DeviceError

__all__ = ["ANSWER_S", "greet"]

ANSWER_S = 10.0
"""A scheduler has so many seconds to answer."""


async def greet(address: SchedulerAddress) -> None:
    """See that a scheduler answers at an address, and has the same key.

    Raises:
        DeviceError: nobody listens there, or what does is no scheduler or has another key.
        FileError: the key can't be used.
    """
    security = address.security()
    try:
        link = await asyncio.to_thread(socket.create_connection, (address.host, address.port), ANSWER_S)
    except OSError as error:
        raise DeviceError(
            f"No scheduler answers at {address.url} ({error.strerror or error}). Start one by "
            f"`bench farm up`, or give the address that it printed."
        ) from error
    try:
        await _shake_hands(link, address, security)
        answer = await asyncio.wait_for(_identify(address, security), ANSWER_S)
    except ssl.SSLCertVerificationError as error:
        raise DeviceError(
            f"The scheduler at {address.url} has another key than {address.key} ({error.verify_message}): "
            f"all computers of a farm use the same file."
        ) from error
    except Exception as error:
        # What listens there may have answered anything.
        raise DeviceError(_describe_stranger(address)) from error
    if not isinstance(answer, dict) or answer.get("type") != "Scheduler":
        raise DeviceError(_describe_stranger(address))


async def _shake_hands(link: socket.socket, address: SchedulerAddress, security: Security) -> None:
    """Speak TLS and no more: nothing that Dask could read is taken from a side that lacks the key."""
    link.setblocking(False)
    _, writer = await asyncio.open_connection(
        sock=link,
        ssl=security.get_connection_args("client")["ssl_context"],
        server_hostname=address.host,
        ssl_handshake_timeout=ANSWER_S,
    )
    writer.transport.abort()


async def _identify(address: SchedulerAddress, security: Security) -> Any:
    comm = await connect(address.url, timeout=ANSWER_S, **security.get_connection_args("client"))
    try:
        return await send_recv(comm, op="identity")
    finally:
        comm.abort()


def _describe_stranger(address: SchedulerAddress) -> str:
    return (
        f"What listens at {address.url} does not answer as a scheduler with a key. Give the address that "
        f"`bench farm up` or `bench farm scheduler` printed."
    )
