"""A session: a block of operators through one device, whatever the engine does to its process.

An operator that the engine refuses is a Failure. One that kills or hangs the process is a Failure too:
it costs that operator alone, since the program is started again on what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median
from time import time_ns

from msgspec import structs

from bench.device_runner.block import Block
from bench.device_runner.device import Device, LostError
from bench.device_runner.endurance import Endurance
from bench.device_runner.program import (
    CanaryMemory,
    End,
    EndedEarly,
    NetFailed,
    NetTimed,
    ProcessKilled,
    TurnsFailed,
    build_canary,
    program_arguments,
    run_program,
)
from bench.device_runner.steadiness import Pace
from bench.device_runner.suspects import Share, Suspects, choose_share
from bench.device_runner.visits import Visit, clock_visits, gather_turns, judge_outputs
from bench.device_runner.watch import UNWATCHED, Watch
from bench.engines import NetSource
from lut.entries import BlockState, Failure, Measurement, Repeated, Segment

__all__ = ["SILENCE_S", "Recovery", "run_block"]

SILENCE_S = 120.0
"""How long the program may print nothing. One visit of the largest operator of any space takes seconds."""

_MOST_ATTEMPTS = 3
"""A visit that was spoilt or slow is made again, in another process; it is tried so often at most, then kept,
and marked where it was spoilt."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """The device was lost, and is back."""

    reason: str


def _ignore(_: object) -> None:
    """Hear something and do nothing."""


def run_block(
    device: Device,
    segment: Segment,
    block: Block,
    seed: int | None,
    *,
    watch: Watch = UNWATCHED,
    note: Callable[[BlockState | Recovery], None] = _ignore,
) -> Iterator[Visit]:
    """Measure a block, and give every visit as it ends; what is done is struck off the block.

    When the device is lost, the visit in flight is made again once it is back.

    Args:
        device: prepared by `prepare`.
        segment: the configuration to measure in; what is measured is marked as its.
        block: the operators, and the passes still to be made of each.
        seed: shuffles the order of each pass; None keeps the given order.
        watch: who hears of it; without its `silence_s` an operator counts as hung after `SILENCE_S`.
        note: hears the device's state at the start, every recovery, and the state after it.

    Raises:
        DeviceError: the program can't be started, ends again and again without reaching an operator, or
            the device was lost and did not come back.
        StoppedError: the device was interrupted.
    """
    run = _BlockRun(device, segment, block, seed, watch)
    state_known = False
    while block:
        run.progressed = False
        try:
            if not state_known:
                note(BlockState(segment.id, device.begin_block(watch.announce, segment.config.cpus)))
                state_known = True
            yield from run.run_share()
        except LostError as error:
            state_known = False
            run.endurance.hear(str(error))
            device.recover(watch.announce)
            note(Recovery(str(error)))
            if error.op_id is not None and error.op_id in block and run.endurance.blame(error.op_id):
                yield run.fail(error.op_id, "lost", str(error))
        run.endurance.count(progressed=run.progressed, lost=not state_known)


class _BlockRun:
    """A block on its way through one process after the other."""

    def __init__(
        self, device: Device, segment: Segment, block: Block, seed: int | None, watch: Watch
    ) -> None:
        self._device = device
        self._segment = segment
        self._block = block
        self._seed = seed
        self._watch = watch
        self._suspects = Suspects()
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._pace = Pace()
        self._turn = 0
        self.endurance = Endurance(device.info.serial)
        self.progressed = False

    def run_share(self) -> Iterator[Visit]:
        """Run one process on what it is to measure, and give the visits that count or are made again."""
        share = choose_share(
            self._block,
            self._suspects,
            self._segment.config,
            by_nets=self._device.engine.shares_activations,
        )
        in_turns = share.config.turns > 1
        members = {op.id for op in share.ops} if in_turns else set[str]()
        for event in gather_turns(clock_visits(self._run_process(share)), members):
            if isinstance(event, ProcessKilled):
                self.endurance.hear(event.reason)
                yield from self._blame_kill(event)
            elif isinstance(event, EndedEarly):
                self.endurance.hear(event.reason)
            elif isinstance(event, TurnsFailed):
                self.progressed = True
                self._suspects.add(event.ids)
            else:
                self.progressed = True
                if in_turns:
                    self._turn = max(time_ns() // 1_000_000, self._turn + 1)
                    event = [visit.in_turn(self._turn) for visit in event]
                is_slow = in_turns and self._is_slow(event)
                for visit in event:
                    yield from self._conclude(visit, share, is_slow=is_slow)

    def fail(self, op_id: str, stage: str, reason: str) -> Visit:
        """Give up an operator."""
        failure = Failure.of(self._block[op_id], self._segment.id, stage, reason)
        self._block.strike_off(failure)
        return Visit(failure)

    def _blame_kill(self, kill: ProcessKilled) -> Iterator[Visit]:
        """Blame an operator only where something outside ended its process again and again."""
        serial = self._device.info.serial
        self._watch.announce(f"{serial}: the benchmark program was {kill.reason}. It goes on.")
        in_turns = len(kill.ids) > 1
        blamed = [op_id for op_id in kill.ids if self.endurance.blame_kill(op_id, in_turns=in_turns)]
        if in_turns:
            self._suspects.add(blamed)
            self.progressed = self.progressed or bool(blamed)
        elif blamed and blamed[0] in self._block:
            self.progressed = True
            yield self.fail(blamed[0], "crash", kill.reason)

    def _is_slow(self, turn: list[Visit]) -> bool:
        """Tell whether operators that took turns were all slower than at another time."""
        times = {
            visit.outcome.op.id: median(visit.outcome.samples_ns)
            for visit in turn
            if isinstance(visit.outcome, Measurement) and visit.outcome.conditions.spoilt_by is None
        }
        return self._pace.should_repeat(times)

    def _conclude(self, visit: Visit, share: Share, *, is_slow: bool) -> Iterator[Visit]:
        """Judge an outcome: a trial's is not kept, a spoilt or slow visit is made again, the rest is done."""
        outcome = visit.outcome
        op_id = outcome.op.id
        if op_id not in self._block:
            return  # it failed in an earlier pass by our own check; the program goes on with it
        if isinstance(outcome, Measurement):
            if share.is_trial:
                self._suspects.acquit(op_id)
                return
            if is_slow or outcome.conditions.spoilt_by:
                self._attempts[op_id, outcome.pass_index] += 1
                if self._attempts[op_id, outcome.pass_index] < _MOST_ATTEMPTS:
                    cause = outcome.conditions.spoilt_by or "unsteady"
                    outcome = _spoil(outcome, cause)
                    yield replace(visit, outcome=Repeated.of(outcome))
                    return
            if op_id in self._suspects.alone:
                outcome = _spoil(outcome, "alone")
        self._block.strike_off(outcome)
        yield replace(visit, outcome=outcome)

    def _run_process(self, share: Share) -> Iterator[Visit | TurnsFailed | ProcessKilled | EndedEarly]:
        """Run one process to its end, or to the end of the operator that ends it."""
        by_id = {op.id: op for op in share.ops}
        nets: Iterable[NetSource] = map(self._device.engine.lower, share.ops)
        memory = CanaryMemory(self._device.engine.canary)
        usual = None
        if share.config.canary_share:
            nets = chain([build_canary(self._device.engine)], nets)
            usual = memory.recall(self._segment)
        seed = self._seed
        if seed is not None and share.config.turns > 1:
            seed += share.passes[0]  # or the turns of every pass would be the same
        arguments = program_arguments(
            share.config, len(share.passes), seed, usual, other_bytes=share.other_bytes
        )
        for event in run_program(self._device, nets, arguments, self._watch.silence_s or SILENCE_S):
            if isinstance(event, NetTimed):
                yield judge_outputs(event, by_id[event.id], self._segment, share.passes)
            elif isinstance(event, NetFailed):
                yield Visit(Failure.of(by_id[event.id], self._segment.id, event.stage, event.message))
            elif isinstance(event, TurnsFailed | ProcessKilled | EndedEarly):
                yield event
            elif isinstance(event, End) and event.canary is not None:
                memory.learn(self._segment, event.canary, self._watch.announce)


def _spoil(visit: Measurement, cause: str) -> Measurement:
    return structs.replace(visit, conditions=structs.replace(visit.conditions, spoilt_by=cause))
