"""The client's side of a farm: who offers what, tasks sent to a host, and the reports that come back."""

from __future__ import annotations

import asyncio
import queue
import secrets
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from distributed import Client, Future
from distributed.comm.core import CommClosedError

from bench.farm.connection import TCP_S, SchedulerAddress, configure_dask
from bench.farm.greeting import ANSWER_S, greet
from bench.farm.offer import HostOffer, resource
from bench.farm.orders import Order, Wanted
from bench.farm.worker import METRIC, measure, prepare
from lut.errors import DeviceError, FileError

__all__ = ["ANSWER_S", "UNSEEN_S", "FarmClient", "FarmLostError", "list_hosts", "open_client"]

UNSEEN_S = 20.0
"""Dask forgets a task whose phone was away as it was sent: after so long it is sent again to a free phone."""


class FarmLostError(DeviceError):
    """The scheduler does not answer any more."""


GRANT_S, _AGAIN_S = 5.0, 0.1
"""So long the scheduler may take to know of a phone that its host tells of, and how often it is asked."""


class FarmClient:
    """A connection to a scheduler.

    `inbox` gets what hosts report, as ("report", fields), and the key of each task that ends, however it
    does, as ("done", key); both come from threads of Dask's.
    """

    def __init__(self, client: Client, address: SchedulerAddress) -> None:
        self._client = client
        self.address = address
        self.inbox: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def hosts(self) -> list[HostOffer]:
        """Give the offers of all hosts; Dask workers that are none of ours are left out.

        Raises:
            FarmLostError: the scheduler does not answer.
        """
        scheduler = self._client.scheduler
        if self._client.status != "running" or scheduler is None:
            raise FarmLostError(f"The scheduler at {self.address.url} is gone.")
        try:
            identity = self._client.sync(scheduler.identity, callback_timeout=TCP_S + ANSWER_S)
        except (OSError, TimeoutError, CommClosedError) as error:
            raise FarmLostError(f"The scheduler at {self.address.url} does not answer.") from error
        return read_hosts(identity["workers"])

    def settled_hosts(self) -> list[HostOffer]:
        """Give the offers of all hosts once the scheduler knows of all phones in them, or after some seconds.

        A host tells of its phones a moment before the scheduler knows that tasks may ask for them.

        Raises:
            FarmLostError: the scheduler does not answer.
        """
        deadline = time.monotonic() + GRANT_S
        hosts = self.hosts()
        while not all(host.is_granted for host in hosts) and time.monotonic() < deadline:
            time.sleep(_AGAIN_S)
            hosts = self.hosts()
        return hosts

    def subscribe(self, topic: str) -> None:
        """Let reports of a topic come into the inbox."""
        self._client.subscribe_topic(topic, lambda event: self.inbox.put(("report", event[1])))

    def prepare(self, host: HostOffer, wanted: Wanted, topic: str) -> tuple[str, Future[Any]]:
        """Ask a host which program it measures with, which it reports: the question's key, and its future."""
        key = f"prepare-{secrets.token_hex(8)}"
        return key, self._submit(host, wanted.name, prepare, wanted, topic, key, key=key)

    def measure(self, host: HostOffer, order: Order) -> Future[Any]:
        """Send an order to a host; its reports tell what comes of it."""
        return self._submit(host, order.wanted.name, measure, order, key=order.token)

    def close(self) -> None:
        """Hang up: what was sent and is not done ends, and its phones are free."""
        self._client.close(timeout=1)

    def _submit(
        self, host: HostOffer, name: str, task: Callable[..., Any], *given: Any, key: str
    ) -> Future[Any]:
        future: Future[Any] = self._client.submit(
            task,
            *given,
            key=key,
            pure=False,
            workers=[host.address],
            allow_other_workers=False,
            resources={resource(name): 1},
        )
        future.add_done_callback(lambda _: self.inbox.put(("done", key)))
        return future


def read_hosts(workers: Mapping[str, Mapping[str, Any]]) -> list[HostOffer]:
    """Read the offers off what a scheduler tells of its workers, by their addresses."""
    offers = []
    for address, worker in workers.items():
        fields = worker.get("metrics", {}).get(METRIC)
        if fields is None:
            continue
        try:
            offers.append(HostOffer.from_json(fields, address, worker.get("resources", {})))
        except FileError:
            continue
    return sorted(offers, key=lambda offer: (offer.name, offer.address))


def open_client(address: SchedulerAddress) -> FarmClient:
    """Connect to a scheduler.

    Raises:
        DeviceError: nobody listens there, or what does is no scheduler or has another key.
        FileError: the key can't be used.
    """
    configure_dask()
    security = address.security()
    asyncio.run(greet(address))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared, and refused, by ourselves
            client = Client(address.url, security=security, timeout=ANSWER_S, set_as_default=False)
    except (OSError, TimeoutError, CommClosedError) as error:
        raise FarmLostError(f"The scheduler at {address.url} does not answer any more.") from error
    return FarmClient(client, address)


def list_hosts(address: SchedulerAddress) -> list[HostOffer]:
    """Connect to a scheduler for long enough to see who offers what.

    Raises:
        DeviceError: as `open_client` does.
        FileError: the key can't be used.
    """
    client = open_client(address)
    try:
        return client.settled_hosts()
    finally:
        client.close()
