"""A plan on all phones of one device name: as many blocks on their way as there are phones."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.campaign import Campaign, now
from bench.device_runner import Block, Recovery, Visit
from bench.farm.client import UNSEEN_S, FarmClient
from bench.farm.offer import HostOffer, label
from bench.farm.orders import Order, Wanted
from bench.farm.reports import Begun, Ended, Report, Said
from lut.entries import Anchor, BlockState, Measurement, Segment

__all__ = ["Dispatcher"]

SILENT_S = 60.0
"""A host that measures for us gives a sign every few seconds; without one for so long it counts as gone."""

PAUSE_S = 2.0
"""A host that offered a phone which it has no more gets no block until it can have said so."""

_STRIKES = 3
"""A phone that failed so often in a row without measuring anything is left alone."""


@dataclass
class _Flight:
    """A block on its way: sent to a host, and measured on one of its phones once `segment` is known."""

    host: HostOffer
    block: Block
    future: Any
    heard: float
    has_anchors: bool
    """Whether a phone that has measured no anchors measures them first."""
    segment: Segment | None = None


class Dispatcher:
    """Sends blocks to hosts, and takes their reports into the journal; for one thread.

    A block is on its way once at most. What a host reports of one that was given up is not taken, so that
    no visit is recorded twice.
    """

    def __init__(
        self,
        campaign: Campaign,
        segment: Segment,
        wanted: Wanted,
        *,
        topic: str,
        seed: int,
        silence_s: float | None,
        announce: Callable[[str], None],
    ) -> None:
        self._campaign = campaign
        self._segment = segment
        self._wanted = wanted
        self._topic = topic
        self._seed = seed
        self._silence_s = silence_s
        self._announce = announce
        self._flights: dict[str, _Flight] = {}
        self._strikes: Counter[str] = Counter()
        self._anchored: set[str] = set()
        """Phones that have measured a block, and so the anchors before it."""
        self._are_several = False
        self._paused: dict[str, float] = {}
        self.last_trouble = ""
        """Why the last block came back undone."""

    @property
    def in_flight(self) -> int:
        """How many blocks are on their way."""
        return len(self._flights)

    @property
    def unfinished(self) -> bool:
        """Whether something is left to do; what is not cut yet is cut to see."""
        pool = self._campaign.pool
        if self._flights or pool.unfinished:
            return True
        block = pool.take_at_once()
        if block is None:
            return False
        pool.give_back(block)
        return True

    def awaits(self, token: str) -> bool:
        """Tell whether a token is that of a block on its way."""
        return token in self._flights

    def send(self, client: FarmClient, hosts: Sequence[HostOffer]) -> None:
        """Send blocks to hosts until there are as many on their way as there are phones."""
        unfit = frozenset(each for each, count in self._strikes.items() if count >= _STRIKES)
        self._are_several |= sum(len(host.usable(self._wanted.name)) for host in hosts) > 1
        sent = Counter(flight.host.address for flight in self._flights.values())
        for host in hosts:
            if time.monotonic() < self._paused.get(host.address, 0):
                continue
            phones = host.usable(self._wanted.name)
            fit = [phone for phone in phones if label(phone.serial, host.name) not in unfit]
            without = frozenset(phone.serial for phone in phones if phone not in fit)
            anchored = frozenset(
                phone.serial for phone in phones if label(phone.serial, host.name) in self._anchored
            )
            for _ in range(len(fit) - sent[host.address]):
                block = self._campaign.pool.take_at_once()
                if block is None:
                    return
                self._send_block(client, host, block, without, anchored)

    def recall(self, hosts: Sequence[HostOffer] | None) -> None:
        """Take back blocks from hosts that are gone or silent; from all of them without `hosts`."""
        present = {host.address: host for host in hosts or ()}
        for token, flight in list(self._flights.items()):
            host, silent_s = present.get(flight.host.address), time.monotonic() - flight.heard
            if host is None or (flight.segment is not None and silent_s > SILENT_S):
                self.last_trouble = f"{flight.host.name} is gone."
                if hosts is not None and flight.segment is not None:
                    self._announce(f"{flight.host.name} is gone; what it was at is measured again.")
                self._take_back(token)
            elif flight.segment is None and silent_s > UNSEEN_S and host.has_free(self._wanted.name):
                self._take_back(token)

    def conclude(self, token: str) -> None:
        """Take a task's end; one that reported no end of its block was ended from outside."""
        if token in self._flights:
            self._take_back(token)

    def take(self, token: str, report: Report) -> None:
        """Take a report."""
        flight = self._flights.get(token)
        if flight is None:
            return
        flight.heard = time.monotonic()
        match report:
            case Begun():
                self._begin(token, flight, report)
            case Said(sentence):
                self._announce(sentence)
            case Ended():
                self._end(token, flight, report)
            case Visit() if flight.segment is not None:
                self._record(flight, flight.segment, report)
            case Anchor() if report.op not in self._campaign.anchors:
                return
            case BlockState() | Recovery() | Anchor() if flight.segment is not None:
                self._campaign.recorder.note(report, flight.segment.device.serial)

    def _send_block(
        self,
        client: FarmClient,
        host: HostOffer,
        block: Block,
        without: frozenset[str],
        anchored: frozenset[str],
    ) -> None:
        anchors = self._campaign.anchors if self._are_several else ()
        token = f"block-{secrets.token_hex(8)}"
        order = Order(
            token,
            self._topic,
            self._wanted,
            self._segment.config,
            {op: block.passes_of(op.id) for op in block.ops},
            block.origins,
            self._seed,
            self._silence_s,
            without,
            anchors,
            anchored,
        )
        self._flights[token] = _Flight(
            host, block, client.measure(host, order), time.monotonic(), bool(anchors)
        )

    def _begin(self, token: str, flight: _Flight, begun: Begun) -> None:
        segment = Segment(begun.device, begun.program, self._segment.config, now())
        if not segment.may_pool_with(self._segment):
            self._announce(
                f"{begun.device.serial} would measure as {begun.device.name} with another benchmark program "
                f"({begun.program.sha256[:8]}): it is left alone."
            )
            self._strikes[begun.device.serial] = _STRIKES
            self._take_back(token)
            return
        flight.segment = segment
        self._campaign.summary.lost_devices.pop(begun.device.serial, None)
        self._campaign.recorder.begin(segment)
        self._campaign.recorder.begin_block(flight.block, segment.device.serial)

    def _record(self, flight: _Flight, segment: Segment, visit: Visit) -> None:
        outcome, block = visit.outcome, flight.block
        if outcome.op.id not in block:
            return
        if isinstance(outcome, Measurement) and outcome.pass_index not in block.passes_of(outcome.op.id):
            return
        block.strike_off(outcome)
        if flight.has_anchors:
            self._anchored.add(segment.device.serial)
        del self._strikes[segment.device.serial]
        is_last = outcome.op.id not in block
        self._campaign.recorder.record(visit, segment.device.serial, is_last=is_last)

    def _end(self, token: str, flight: _Flight, ended: Ended) -> None:
        summary = self._campaign.summary
        summary.incidents.update(ended.incidents)
        self._take_back(token)
        if not ended.reason:
            return
        self.last_trouble = ended.reason
        if not ended.serial:
            self._paused[flight.host.address] = time.monotonic() + PAUSE_S
        else:
            name = label(ended.serial, flight.host.name)
            self._strikes[name] += 1
            summary.lost_devices[name] = ended.reason
            self._announce(f"Going on without {name}: {ended.reason}")

    def _take_back(self, token: str) -> None:
        flight = self._flights.pop(token)
        flight.future.release()
        self._campaign.pool.give_back(flight.block)
