"""A plan on a farm's phones of one device name, into one journal, whatever dies on the way."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bench.campaign import RunSummary, Source, now, open_campaign
from bench.engines import ENGINES
from bench.farm.admission import Admission, explain_absence
from bench.farm.client import FarmLostError, open_client
from bench.farm.connection import SchedulerAddress
from bench.farm.dispatch import Dispatcher
from bench.farm.offer import HostOffer, OfferedPhone, label
from bench.farm.orders import Wanted
from bench.farm.reports import Broken, Ready, Refused, Said, read_report
from lut.entries import RunConfig, Segment
from lut.errors import DeviceError, StoppedError
from lut.plan import Plan

__all__ = ["FarmRun"]

POLL_S = 1.0
"""The scheduler is asked so often who offers what."""

NOBODY_S = 120.0
"""So long a run waits for the scheduler, or for a phone, to come back."""

_FEWEST = 2
"""Blocks are cut for at least so many phones, so that one which comes later finds something left."""


class FarmRun:
    """Measures plans on a farm's phones of one name."""

    def __init__(
        self,
        address: SchedulerAddress,
        wanted: Wanted,
        say: Callable[[str], None] = lambda _: None,
        silence_s: float | None = None,
    ) -> None:
        """Connect, and see who may measure.

        Args:
            address: where the scheduler is.
            wanted: which phones, and how to treat them.
            say: hears sentences for the user; it may be set anew.
            silence_s: when a benchmark program counts as hung; None leaves it to the hosts.

        Raises:
            DeviceError: no scheduler answers, nobody offers such a phone, or a host is of another version.
            FileError: the key can't be used.
        """
        self._address = address
        self._wanted = wanted
        self.say = say
        self._silence_s = silence_s
        self._topic = f"cnn-latency-lut {wanted.name}"
        self._stopped = threading.Event()
        self._dispatcher: Dispatcher | None = None
        self._connect()
        try:
            self._muster()
        except BaseException:
            self.close()
            raise

    @property
    def labels(self) -> list[str]:
        """What they are called in the farm."""
        return [
            label(phone.serial, host.name)
            for host in self._admitted()
            for phone in host.usable(self._wanted.name)
        ]

    def interrupt(self) -> None:
        """End the run; its phones are free within seconds."""
        self._stopped.set()

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def run(
        self,
        plan: Plan | Source,
        config: RunConfig,
        journal: Path,
        *,
        seed: int = 0,
        retry_failed: bool = False,
        progress: Callable[[RunSummary], None] = lambda _: None,
    ) -> RunSummary:
        """Measure what the journal does not hold yet; see `bench.campaign.run_plan`.

        Raises:
            ConflictError: the journal belongs to another run, or is being written.
            DeviceError: nobody offers such a phone any more, or the scheduler is gone for good.
            FileError: plan or journal can't be read.
            StoppedError: it was interrupted.
        """
        engine, summary = ENGINES[self._wanted.engine], RunSummary()
        info = replace(self.phone.info, name=engine.name_device(self._wanted.name))
        segment = Segment(info, self._program, config, now())
        with open_campaign(
            plan,
            segment,
            journal,
            summary,
            devices=max(_FEWEST, len(self.labels)),
            by_nets=engine.shares_activations,
            seed=seed,
            retry_failed=retry_failed,
            announce=self.say,
            progress=progress,
        ) as campaign:
            dispatcher = Dispatcher(
                campaign,
                segment,
                self._wanted,
                topic=self._topic,
                seed=seed,
                silence_s=self._silence_s,
                announce=self.say,
            )
            self._dispatcher = dispatcher
            try:
                self._measure(dispatcher)
            finally:
                self._dispatcher = None
                dispatcher.recall(None)
        return summary

    def _measure(self, dispatcher: Dispatcher) -> None:
        idle_since = time.monotonic()
        while True:
            dispatcher.send(self._client, self._admitted())
            if not dispatcher.unfinished:
                return
            if dispatcher.in_flight:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > NOBODY_S:
                reason = dispatcher.last_trouble or explain_absence(self._hosts, self._wanted.name)
                raise DeviceError(
                    f"No phone was left to measure on for {NOBODY_S:g} s: {reason} The same command goes on "
                    f"where this one stopped."
                )
            self._hear(POLL_S)
            self._look()

    def _admitted(self) -> list[HostOffer]:
        return [host for host in self._hosts if host.address in self._admission.programs]

    def _hear(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Take what comes in for so long; a phone that gets free has its next block at once."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not until():
            if self._stopped.is_set():
                raise StoppedError("Interrupted.")
            with contextlib.suppress(queue.Empty):
                self._take(*self._client.inbox.get(timeout=min(left, 0.2)))

    def _take(self, kind: str, what: Any) -> None:
        dispatcher = self._dispatcher
        before = 0 if dispatcher is None else dispatcher.in_flight
        if kind == "report":
            token, report = read_report(what)
            is_awaited = self._admission.awaits(token)
            if dispatcher is not None:
                dispatcher.take(token, report)
            match report:
                case Broken(sentence) if is_awaited or (dispatcher is not None and dispatcher.awaits(token)):
                    raise DeviceError(sentence)
                case Said(sentence) if is_awaited:
                    self.say(sentence)
                case Ready() | Refused() if refusal := self._admission.take(token, report):
                    self.say(refusal)
        else:
            self._admission.settle(what)
            if dispatcher is not None:
                dispatcher.conclude(what)
        if dispatcher is not None and dispatcher.in_flight < before:
            dispatcher.send(self._client, self._admitted())

    def _look(self) -> None:
        """See who is there; without the scheduler, wait until it is back."""
        try:
            self._hosts = self._client.hosts()
        except FarmLostError as error:
            self.say(f"{error} What was under way is measured again once it is back.")
            if self._dispatcher is not None:
                self._dispatcher.recall(None)
            self._return()
            return
        for refusal in self._admission.consider(self._hosts):
            self.say(refusal)
        if self._dispatcher is not None:
            self._dispatcher.recall(self._hosts)

    def _return(self) -> None:
        deadline = time.monotonic() + NOBODY_S
        self._client.close()
        while True:
            if self._stopped.wait(POLL_S):
                raise StoppedError("Interrupted.")
            try:
                self._connect()
                return
            except DeviceError as error:
                if time.monotonic() > deadline:
                    raise DeviceError(
                        f"The scheduler at {self._address.url} did not come back within {NOBODY_S:g} s. "
                        f"The same command goes on where this one stopped."
                    ) from error

    def _connect(self) -> None:
        self._client = open_client(self._address)
        self._client.subscribe(self._topic)
        self._admission = Admission(self._client, self._wanted, self._topic)
        self._hosts = list[HostOffer]()

    def _muster(self) -> None:
        """Compare all hosts that offer such phones, before anything is measured."""
        self._hosts = self._client.settled_hosts()
        self._admission.consider(self._hosts)
        is_offered, deadline = self._admission.pending, time.monotonic() + NOBODY_S
        while is_offered and not self._admission.mismatch:
            answers = self._admission.programs or self._admission.refused
            if not self._admission.pending and (answers or time.monotonic() > deadline):
                break  # hosts that died before they answered start anew
            self._hear(POLL_S, until=lambda: not self._admission.pending)
            self._look()
        if self._admission.mismatch or not self._admission.programs:
            reasons = " ".join(dict.fromkeys(self._admission.refused.values()))
            reason = self._admission.mismatch or reasons
            raise DeviceError(reason or explain_absence(self._hosts, self._wanted.name))
        host, self._program = next(iter(self._admission.programs.values()))
        self.phone: OfferedPhone = host.usable(self._wanted.name)[0]
        """One of the phones: what a configuration is made for."""
