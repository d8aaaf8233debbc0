"""A session: a block of operators through one device, whatever the engine does to its process.

An operator that the engine refuses is a Failure. One that kills or hangs the process is a Failure too:
it costs that operator alone, since the program is started again on what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bench.device_runner.arguments import program_arguments
from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.parse import NetFailed, NetTimed
from bench.device_runner.program_run import run_program
from bench.nets import build_nets
from lut.ops import infer_outputs
from lut.records import BlockState, Failure, Measurement, OpSpec, Segment

__all__ = ["SILENCE_S", "Interruption", "Visit", "run_block"]

SILENCE_S = 120.0
"""How long the program may print nothing. One visit of the largest operator of any space takes seconds."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit's outcome, and the nanoseconds it took inside the engine and in loading the net."""

    outcome: Measurement | Failure
    engine_ns: int = 0
    load_ns: int = 0


@dataclass(frozen=True, slots=True)
class Interruption:
    """The device was lost, and is back."""

    reason: str


def _ignore(_: object) -> None:
    """Hear something and do nothing."""


def run_block(
    device: Device,
    segment: Segment,
    wanted: Mapping[OpSpec, frozenset[int]],
    seed: int | None,
    *,
    announce: Callable[[str], None] = _ignore,
    note: Callable[[BlockState | Interruption], None] = _ignore,
    silence_s: float | None = None,
) -> Iterator[Visit]:
    """Measure operators, each in its wanted passes, and give every visit as it ends.

    When the device is lost, the visit in flight is made again once it is back.

    Args:
        device: prepared by `prepare`.
        segment: the configuration to measure in; what is measured is marked as its.
        wanted: the passes (counted from 0) still to be made of each operator.
        seed: shuffles the order of each pass; None keeps the given order.
        announce: hears sentences for the user.
        note: hears the device's state at the start, every interruption, and the state after it.
        silence_s: how long the program may print nothing before the operator counts as hung; `SILENCE_S`
            where nobody says.

    Raises:
        DeviceError: the program can't be started, ends again and again without reaching an operator, or
            the device was lost and did not come back.
    """
    pending = {op.id: (op, set(passes)) for op, passes in wanted.items() if passes}
    endurance = Endurance(device.info.serial)
    state_known = False
    while pending:
        progressed = False
        try:
            if not state_known:
                note(BlockState(segment.id, device.begin_block(announce)))
                state_known = True
            for visit in _run_process(device, segment, *_choose_group(pending), seed, silence_s or SILENCE_S):
                progressed = True
                if visit.outcome.op.id not in pending:
                    continue  # it failed in an earlier pass by our own check; the program goes on with it
                _strike_off(pending, visit.outcome)
                yield visit
        except LostError as error:
            state_known = False
            device.recover(announce)
            note(Interruption(str(error)))
            if error.op_id in pending and endurance.blame(error.op_id):
                failure = Failure(pending[error.op_id][0], segment.id, "lost", str(error))
                _strike_off(pending, failure)
                yield Visit(failure)
        endurance.count(progressed=progressed, lost=not state_known)


Pending: TypeAlias = dict[str, tuple[OpSpec, set[int]]]


def _choose_group(pending: Pending) -> tuple[list[OpSpec], tuple[int, ...]]:
    """Choose what the next process measures: operators that lack the same passes.

    One process makes the same passes of all its nets. That is a single group, unless a run was cut
    short or the process was lost.
    """
    groups: defaultdict[tuple[int, ...], list[OpSpec]] = defaultdict(list)
    for op, passes in pending.values():
        groups[tuple(sorted(passes))].append(op)
    passes_left, ops = next(iter(groups.items()))
    return ops, passes_left


def _strike_off(pending: Pending, outcome: Measurement | Failure) -> None:
    left = pending[outcome.op.id][1]
    if isinstance(outcome, Failure):
        left.clear()
    else:
        left.discard(outcome.pass_index)
    if not left:
        del pending[outcome.op.id]


def _run_process(
    device: Device,
    segment: Segment,
    ops: Sequence[OpSpec],
    passes: tuple[int, ...],
    seed: int | None,
    silence_s: float,
) -> Iterator[Visit]:
    """Run one process to its end, or to the end of the operator that ends it."""
    by_id = {op.id: op for op in ops}
    arguments = program_arguments(segment.config, len(passes), seed)
    for event in run_program(device, map(build_nets, ops), arguments, silence_s):
        if isinstance(event, NetTimed):
            yield _timed(event, by_id[event.id], segment, passes)
        elif isinstance(event, NetFailed):
            yield Visit(Failure(by_id[event.id], segment.id, event.stage, event.message))


def _timed(event: NetTimed, op: OpSpec, segment: Segment, passes: tuple[int, ...]) -> Visit:
    expected = infer_outputs(op)
    outcome: Measurement | Failure
    if event.outputs is not None and event.outputs != expected:
        seen = [(list(tensor.shape), tensor.dtype) for tensor in event.outputs]
        ours = [(list(tensor.shape), tensor.dtype) for tensor in expected]
        outcome = Failure(
            op, segment.id, "shape", f"the engine's outputs are {seen}, the shape rule's {ours}"
        )
    else:
        outcome = Measurement(
            op,
            segment.id,
            passes[event.pass_index],
            event.samples_ns,
            event.warmup_ns,
            event.repeats,
            event.conditions,
        )
    return Visit(outcome, event.engine_ns, event.load_ns)
