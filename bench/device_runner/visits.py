"""What a process gives of operators: visits, of which those in turns come together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter_ns
from typing import TypeAlias

from msgspec import structs

from bench.device_runner.program import EndedEarly, NetTimed, ProcessKilled, TurnsFailed
from lut.entries import Failure, Measurement, Repeated, Segment
from lut.errors import LutError
from lut.ops import OpSpec, infer_outputs

__all__ = ["Visit", "clock_visits", "gather_turns", "judge_outputs"]

Event: TypeAlias = ProcessKilled | TurnsFailed | EndedEarly


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit's outcome, and the nanoseconds it took inside the engine and in loading the net.

    `busy_ns` is how long the device was busy for it in all: since the visit before it, or since the process
    was started. A visit that was spoilt and is made again is reported too, as `Repeated`.
    """

    outcome: Measurement | Repeated | Failure
    engine_ns: int = 0
    load_ns: int = 0
    busy_ns: int = 0

    def in_turn(self, name: int) -> Visit:
        """Give the visit with the name of the turn it was made in; a failure has none."""
        if not isinstance(self.outcome, Measurement):
            return self
        return replace(self, outcome=structs.replace(self.outcome, turn=name))


def clock_visits(events: Iterable[Visit | Event]) -> Iterator[Visit | Event]:
    """Give a process's visits with how long the device was busy for each, and other events as they come."""
    since_ns = perf_counter_ns()
    for event in events:
        if isinstance(event, Visit):
            before_ns, since_ns = since_ns, perf_counter_ns()
            yield replace(event, busy_ns=since_ns - before_ns)
        else:
            yield event


def gather_turns(events: Iterable[Visit | Event], ids: Iterable[str]) -> Iterator[list[Visit] | Event]:
    """Give the visits of operators that take turns together, others one by one, other events as they come.

    What there is of a turn that something cuts short is given too, before what cut it.

    Args:
        events: what a process gives.
        ids: the operators that take turns.

    Raises:
        LutError: as `events` does.
    """
    members = set(ids)
    missing, turn = set(members), list[Visit]()
    cut: LutError | None = None
    try:
        for event in events:
            if isinstance(event, Visit):
                turn.append(event)
                op_id = event.outcome.op.id
                missing.discard(op_id)
                if isinstance(event.outcome, Failure):
                    members.discard(op_id)
                if missing:
                    continue
            if turn:
                yield turn
                missing, turn = set(members), []
            if not isinstance(event, Visit):
                yield event
    except LutError as error:
        cut = error
    if turn:
        yield turn
    if cut is not None:
        raise cut


def judge_outputs(event: NetTimed, op: OpSpec, segment: Segment, passes: tuple[int, ...]) -> Visit:
    """Make a visit of what was timed: a failure where the outputs are not as the shape rule has them."""
    expected = infer_outputs(op)
    outcome: Measurement | Failure
    if event.outputs is not None and event.outputs != expected:
        seen = [(list(tensor.shape), tensor.dtype) for tensor in event.outputs]
        ours = [(list(tensor.shape), tensor.dtype) for tensor in expected]
        outcome = Failure.of(
            op, segment.id, "shape", f"the engine's outputs are {seen}, the shape rule's {ours}"
        )
    else:
        outcome = Measurement.of(
            op,
            segment.id,
            passes[event.pass_index],
            event.samples_ns,
            event.warmup_ns,
            event.repeats,
            event.conditions,
            event.discarded,
        )
    return Visit(outcome, event.engine_ns, event.load_ns)
