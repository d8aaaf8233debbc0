"""A session: a block of operators through one device, whatever the engine does to its process.

An operator that the engine refuses is a Failure. One that kills or hangs the process is a Failure too:
it costs that operator alone, since the program is started again on what is left.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeAlias

from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.program import (
    CanaryMemory,
    End,
    NetFailed,
    NetTimed,
    ProcessKilled,
    TurnsFailed,
    build_canary,
    program_arguments,
    run_program,
    split_into_companies,
)
from bench.nets import OpNets, build_nets
from lut.entries import BlockState, Failure, Measurement, Repeated, RunConfig, Segment
from lut.ops import OpSpec, infer_outputs

__all__ = ["SILENCE_S", "Recovery", "Visit", "run_block"]

SILENCE_S = 120.0
"""How long the program may print nothing. One visit of the largest operator of any space takes seconds."""

_MOST_ATTEMPTS = 3
"""A spoilt visit is made again, in another process; it is tried so often at most, then kept and marked."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit's outcome, and the nanoseconds it took inside the engine and in loading the net.

    A visit that was spoilt and is made again is told too, as `Repeated`.
    """

    outcome: Measurement | Repeated | Failure
    engine_ns: int = 0
    load_ns: int = 0


@dataclass(frozen=True, slots=True)
class Recovery:
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
    note: Callable[[BlockState | Recovery], None] = _ignore,
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
        note: hears the device's state at the start, every recovery, and the state after it.
        silence_s: how long the program may print nothing before the operator counts as hung; `SILENCE_S`
            where nobody says.

    Raises:
        DeviceError: the program can't be started, ends again and again without reaching an operator, or
            the device was lost and did not come back.
        StoppedError: the device was interrupted.
    """
    pending = {op.id: (op, set(passes)) for op, passes in wanted.items() if passes}
    suspects = _Suspects()
    spoilt: Counter[tuple[str, int]] = Counter()
    endurance = Endurance(device.info.serial)
    state_known = False
    while pending:
        progressed = False
        try:
            if not state_known:
                note(BlockState(segment.id, device.begin_block(announce, segment.config.cpus)))
                state_known = True
            share = _choose_share(pending, suspects, segment.config)
            for visit in _run_process(device, segment, share, seed, silence_s or SILENCE_S, announce):
                if isinstance(visit, ProcessKilled):
                    announce(f"{device.info.serial}: the benchmark program was {visit.reason}. It goes on.")
                    in_turns = len(visit.ids) > 1
                    blamed = [op_id for op_id in visit.ids if endurance.blame_kill(op_id, in_turns=in_turns)]
                    if in_turns:
                        suspects.add(blamed)
                        progressed = progressed or bool(blamed)
                    elif blamed and blamed[0] in pending:
                        failure = Failure(pending[blamed[0]][0], segment.id, "crash", visit.reason)
                        progressed = True
                        _strike_off(pending, failure)
                        yield Visit(failure)
                    continue
                progressed = True
                if isinstance(visit, TurnsFailed):
                    suspects.add(visit.ids)
                    continue
                outcome = visit.outcome
                if outcome.op.id not in pending:
                    continue  # it failed in an earlier pass by our own check; the program goes on with it
                if share.is_trial and isinstance(outcome, Measurement):
                    suspects.acquit(outcome.op.id)
                    continue
                if isinstance(outcome, Measurement) and outcome.conditions.spoilt_by:
                    spoilt[outcome.op.id, outcome.pass_index] += 1
                    if spoilt[outcome.op.id, outcome.pass_index] < _MOST_ATTEMPTS:
                        yield replace(visit, outcome=Repeated(outcome))
                        continue
                if outcome.op.id in suspects.alone and isinstance(outcome, Measurement):
                    outcome = replace(outcome, conditions=replace(outcome.conditions, spoilt_by="alone"))
                _strike_off(pending, outcome)
                yield replace(visit, outcome=outcome)
        except LostError as error:
            state_known = False
            device.recover(announce)
            note(Recovery(str(error)))
            if error.op_id in pending and endurance.blame(error.op_id):
                failure = Failure(pending[error.op_id][0], segment.id, "lost", str(error))
                _strike_off(pending, failure)
                yield Visit(failure)
        endurance.count(progressed=progressed, lost=not state_known)


class _Suspects:
    """Operators whose turns ended with their process: one of them did it.

    Each is tried by itself, and its time is not kept. The one that did it fails; the others take turns again.
    Those whose turns end once more are measured by themselves, and marked.
    """

    def __init__(self) -> None:
        self.on_trial: set[str] = set()
        self.alone: set[str] = set()
        self._acquitted: set[str] = set()

    def add(self, ids: Iterable[str]) -> None:
        for op_id in ids:
            (self.alone if op_id in self._acquitted else self.on_trial).add(op_id)

    def acquit(self, op_id: str) -> None:
        self.on_trial.discard(op_id)
        self._acquitted.add(op_id)


Pending: TypeAlias = dict[str, tuple[OpSpec, set[int]]]


@dataclass(frozen=True, slots=True)
class _Share:
    """What one process measures: the same passes of all its operators, in turns or each by itself."""

    ops: Sequence[OpSpec]
    passes: tuple[int, ...]
    config: RunConfig
    is_trial: bool = False


def _choose_share(pending: Pending, suspects: _Suspects, config: RunConfig) -> _Share:
    """Choose what the next process measures: operators that lack the same passes.

    That is all of them, unless a run was cut short or the process was lost. Operators that take turns do so
    in companies.
    """
    if config.turns > 1:
        on_trial = [op for op, _ in pending.values() if op.id in suspects.on_trial]
        apart = [op for op, _ in pending.values() if op.id in suspects.alone]
        ops = on_trial or apart or [op for op, _ in pending.values()]
        first = min(min(pending[op.id][1]) for op in ops)
        ops = [op for op in ops if first in pending[op.id][1]]
        company = next(split_into_companies(ops, 1 if on_trial or apart else config.turns))
        lacked = set[int].intersection(*(pending[op.id][1] for op in company.ops))
        numbers = (first,) if on_trial else tuple(sorted(lacked))
        return _Share(company.ops, numbers, replace(config, turns=company.turns), is_trial=bool(on_trial))
    groups: defaultdict[tuple[int, ...], list[OpSpec]] = defaultdict(list)
    for op, passes in pending.values():
        groups[tuple(sorted(passes))].append(op)
    passes_left, ops = next(iter(groups.items()))
    return _Share(ops, passes_left, config)


def _strike_off(pending: Pending, outcome: Measurement | Failure | Repeated) -> None:
    left = pending[outcome.op.id][1]
    if isinstance(outcome, Failure):
        left.clear()
    elif isinstance(outcome, Measurement):
        left.discard(outcome.pass_index)
    if not left:
        del pending[outcome.op.id]


def _run_process(
    device: Device,
    segment: Segment,
    share: _Share,
    seed: int | None,
    silence_s: float,
    announce: Callable[[str], None],
) -> Iterator[Visit | TurnsFailed | ProcessKilled]:
    """Run one process to its end, or to the end of the operator that ends it."""
    by_id = {op.id: op for op in share.ops}
    nets: Iterable[OpNets] = map(build_nets, share.ops)
    usual_ns = None
    if share.config.canary_share:
        nets = chain([build_canary()], nets)
        usual_ns = CanaryMemory().usual_ns(segment)
    if seed is not None and share.config.turns > 1:
        seed += share.passes[0]  # or the turns of every pass would be the same
    arguments = program_arguments(share.config, len(share.passes), seed, usual_ns)
    for event in run_program(device, nets, arguments, silence_s):
        if isinstance(event, NetTimed):
            yield _timed(event, by_id[event.id], segment, share.passes)
        elif isinstance(event, NetFailed):
            yield Visit(Failure(by_id[event.id], segment.id, event.stage, event.message))
        elif isinstance(event, TurnsFailed | ProcessKilled):
            yield event
        elif isinstance(event, End) and event.canary_ns is not None:
            CanaryMemory().learn(segment, event.canary_ns, announce)


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
            event.discarded,
        )
    return Visit(outcome, event.engine_ns, event.load_ns)
