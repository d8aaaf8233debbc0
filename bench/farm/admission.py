"""Which hosts may measure for a run: those of its versions, whose benchmark program is the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from bench.farm.client import UNSEEN_S, FarmClient
from bench.farm.offer import HostOffer
from bench.farm.orders import Wanted
from bench.farm.reports import Ready, Refused
from bench.farm.versions import find_difference, own_versions
from lut.entries import ProgramInfo

__all__ = ["Admission", "explain_absence"]

_UNKNOWN = "the scheduler does not know of it yet"

AGAIN_S = 15.0
"""A host whose phone could not be prepared is asked again after so many seconds."""


class Admission:
    """Asks each host once; hosts are known by their addresses, which a worker that starts anew changes."""

    def __init__(self, client: FarmClient, wanted: Wanted, topic: str) -> None:
        self._client = client
        self._wanted = wanted
        self._topic = topic
        self._asked: dict[str, tuple[HostOffer, Any, float]] = {}
        self.programs: dict[str, tuple[HostOffer, ProgramInfo]] = {}
        """What hosts measure with that may, by their addresses."""
        self.refused: dict[str, str] = {}
        """Why others may not."""
        self._again: dict[str, float] = {}
        self._reasons: dict[str, str] = {}
        self.mismatch = ""
        """The first difference of versions or programs that was met."""

    @property
    def pending(self) -> bool:
        """Whether a host has not answered yet."""
        return bool(self._asked)

    def awaits(self, key: str) -> bool:
        """Tell whether a key is that of a question that is open."""
        return key in self._asked

    def consider(self, hosts: Sequence[HostOffer]) -> list[str]:
        """Ask hosts that were not asked before; say which are of other versions."""
        self._forget(hosts)
        asked = {host.address for host, _, _ in self._asked.values()}
        refusals = []
        for host in hosts:
            known = host.address in self.programs or host.address in self.refused or host.address in asked
            if known or not host.usable(self._wanted.name):
                continue
            difference = find_difference(host.versions, own_versions())
            if difference:
                refusals.append(self._refuse(host, _describe_versions(host, difference)))
                continue
            key, future = self._client.prepare(host, self._wanted, self._topic)
            self._asked[key] = host, future, time.monotonic()
        return refusals

    def settle(self, key: str) -> None:
        """Take a question's end; a host that gave no answer is gone, and its successor is asked."""
        self._asked.pop(key, None)

    def take(self, key: str, answer: Ready | Refused) -> str | None:
        """Take a host's answer; say why it may not measure if it may not."""
        if key not in self._asked:
            return None
        host, _, _ = self._asked.pop(key)
        if isinstance(answer, Ready):
            return self._compare(host, answer.program)
        reason = f"{host.name} can't measure: {answer.reason}"
        is_known = self._reasons.get(host.name) == reason
        self.refused[host.address] = self._reasons[host.name] = reason
        self._again[host.address] = time.monotonic() + AGAIN_S
        return None if is_known else reason

    def _compare(self, host: HostOffer, program: ProgramInfo) -> str | None:
        for other, known in self.programs.values():
            if known != program:
                return self._refuse(
                    host,
                    f"The benchmark programs of {other.name} and {host.name} differ ({known.sha256[:8]} and "
                    f"{program.sha256[:8]}), so what they measure can't be pooled. Copy the folder programs/ "
                    f"of the cache from one to the other, and start that one's worker anew.",
                )
        self.programs[host.address] = host, program
        return None

    def _refuse(self, host: HostOffer, mismatch: str) -> str:
        self.mismatch = self.mismatch or mismatch
        self.refused[host.address] = mismatch
        return mismatch

    def _forget(self, hosts: Sequence[HostOffer]) -> None:
        present = {host.address: host for host in hosts}
        for address in [each for each in self.programs if each not in present]:
            del self.programs[address]
        over = [address for address, moment in self._again.items() if time.monotonic() > moment]
        for address in [each for each in self.refused if each not in present or each in over]:
            del self.refused[address]
            self._again.pop(address, None)
        for key, (host, future, asked) in list(self._asked.items()):
            now = present.get(host.address)
            is_unseen = time.monotonic() - asked > UNSEEN_S
            if now is None or (is_unseen and now.has_free(self._wanted.name)):
                del self._asked[key]
                future.release()


def explain_absence(hosts: Sequence[HostOffer], name: str | None = None) -> str:
    """Say why no phone of a device name, or none at all, can be measured on."""
    there = [(host, phone) for host in hosts for phone in host.phones if name in (None, phone.name)]
    unusable = "; ".join(f"{phone.serial} at {host.name}: {phone.note or _UNKNOWN}" for host, phone in there)
    if unusable:
        named = f" named {name}" if name else ""
        return f"No phone{named} can be used at present: {unusable}."
    offered = sorted({phone.name for host in hosts for phone in host.usable()})
    if offered:
        return f"Nobody offers a phone named {name}. Offered are: {', '.join(offered)}."
    for host in hosts:
        if difference := find_difference(host.versions, own_versions()):
            return _describe_versions(host, difference)
    if hosts:
        return f"No phone is offered. Attach one to {', '.join(host.name for host in hosts)}."
    return "No host is there. Start one by `bench farm worker` where phones are attached."


def _describe_versions(host: HostOffer, difference: str) -> str:
    return f"{host.name} runs other versions: {difference}. Install the same on both."
