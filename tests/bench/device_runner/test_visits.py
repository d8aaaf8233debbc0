"""Visits that a process gives one by one, put together where operators took turns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.device_runner.device import LostError
from bench.device_runner.program import TurnsFailed
from bench.device_runner.visits import Event, Visit, gather_turns
from lut.entries import Failure
from tests.bench.conftest import relu
from tests.lut.samples import measured

FIRST, SECOND = (Visit(measured(op, 1_000)) for op in (relu(4), relu(8)))
FAILED = Visit(Failure.of(relu(8), "segment", "load", "no memory"))
IDS = [visit.outcome.op.id for visit in (FIRST, SECOND)]
ENDED = TurnsFailed(frozenset(IDS))


def test_a_turn_ends_with_the_last_of_its_operators() -> None:
    events = [FIRST, SECOND, SECOND, FIRST]
    assert list(gather_turns(events, IDS)) == [[FIRST, SECOND], [SECOND, FIRST]]


def test_visits_of_operators_that_take_no_turns_come_one_by_one() -> None:
    assert list(gather_turns([FIRST, FIRST, SECOND], ())) == [[FIRST], [FIRST], [SECOND]]


def test_an_operator_that_failed_takes_turns_no_more() -> None:
    assert list(gather_turns([FIRST, FAILED, FIRST, FIRST], IDS)) == [[FIRST, FAILED], [FIRST], [FIRST]]


def test_what_there_is_of_a_turn_comes_before_what_cut_it_short() -> None:
    assert list(gather_turns([FIRST, ENDED], IDS)) == [[FIRST], ENDED]
    assert list(gather_turns([FIRST, SECOND, FIRST], IDS)) == [[FIRST, SECOND], [FIRST]]

    def lost() -> Iterator[Visit | Event]:
        yield FIRST
        raise LostError("unplugged")

    turns = gather_turns(lost(), IDS)
    assert next(turns) == [FIRST]
    with pytest.raises(LostError):
        next(turns)
