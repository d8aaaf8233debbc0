"""What a client makes of the offers that a scheduler tells of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.farm import UNUSABLE, FarmClient, HostOffer, explain_absence
from bench.farm import client as client_module
from bench.farm.client import read_hosts
from bench.farm.worker import METRIC
from tests.bench.farm.test_admission import offer, phone

GRANTED = offer("rack1", phone())
TOLD = replace(GRANTED, granted={})
"""The same host a moment before, when the scheduler did not know of its phone."""


class Answers(FarmClient):
    """A client of a scheduler that answers in turn, and in the end always alike."""

    def __init__(self, *answers: Sequence[HostOffer]) -> None:
        self.answers = list(answers)

    def hosts(self) -> list[HostOffer]:
        return list(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


def test_phones_that_the_scheduler_does_not_know_of_yet_are_waited_for() -> None:
    client = Answers([TOLD], [TOLD], [GRANTED])
    [host] = client.settled_hosts()
    assert host.usable() == [phone()]


def test_a_phone_that_it_never_knows_of_is_named_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "GRANT_S", 0.3)
    hosts = Answers([TOLD]).settled_hosts()
    assert explain_absence(hosts) == (
        "No phone can be used at present: R58 at rack1: the scheduler does not know of it yet."
    )


def told(**changes: object) -> dict[str, dict[str, object]]:
    """What a scheduler tells of a worker whose offer has these fields changed."""
    fields = {**GRANTED.to_json(), **changes}
    return {GRANTED.address: {"metrics": {METRIC: fields}, "resources": GRANTED.granted}}


def test_an_offer_is_read_off_what_the_scheduler_tells() -> None:
    assert read_hosts(told()) == [GRANTED]
    assert read_hosts({"tls://other:1": {"metrics": {}}}) == []


@pytest.mark.parametrize(
    "changes", [{"name": 1}, {"name": "x" * 10_001}, {"versions": None}, {"versions": {"dask": "2026.8.0"}}]
)
def test_an_offer_that_is_none_is_left_out(changes: dict[str, object]) -> None:
    assert read_hosts(told(**changes)) == []


@pytest.mark.parametrize("phones", [None, [1], [{**vars(phone()), "serial": 1}], [vars(phone())] * 1001])
def test_phones_out_of_bounds_are_none(phones: object) -> None:
    assert read_hosts(told(phones=phones)) == [replace(GRANTED, phones=())]


@pytest.mark.parametrize(
    "hosts", [[], [GRANTED], [replace(offer("rack1", phone(UNUSABLE, "it is hot")), granted={})]]
)
def test_nothing_else_is_waited_for(hosts: list[HostOffer]) -> None:
    assert Answers(hosts, [TOLD]).settled_hosts() == hosts
