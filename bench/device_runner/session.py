"""A session: a block of operators through one device, whatever the engine does to its process.

An operator that the engine refuses is a Failure. One that kills or hangs the process is a Failure too:
it costs that operator alone, since the program is started again on what is left.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bench.device_runner.device import Device, Exit, LostError, Process, SilenceError
from bench.device_runner.manifest import encode_manifest
from bench.device_runner.parse import Begin, End, Event, NetFailed, NetTimed, ParseError, parse_event
from bench.nets import build_nets
from lut.errors import DeviceError
from lut.ops import infer_outputs
from lut.records import BlockState, Failure, Measurement, OpSpec, RunConfig, Segment

__all__ = ["SILENCE_S", "Interruption", "Visit", "run_block"]

SILENCE_S = 120.0
"""How long the program may print nothing. One visit of the largest operator of any space takes seconds."""

_MOST_LOSSES = 3
"""An operator in whose visits the device was lost so often is the likely cause; it becomes a Failure."""

_FRUITLESS_LOSSES = 10
"""So many losses in a row without a visit in between, and the device counts as useless."""

_FRUITLESS_STARTS = 3
"""So many starts in a row that reach no operator mean that the device, not an operator, is at fault."""


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
    losses: Counter[str] = Counter()
    fruitless = 0
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
            fruitless = 0 if progressed else fruitless + 1
        except LostError as error:
            fruitless = 0 if progressed else fruitless + 1
            state_known = False
            device.recover(announce)
            note(Interruption(str(error)))
            if error.op_id in pending:
                losses[error.op_id] += 1
                if losses[error.op_id] == _MOST_LOSSES:
                    failure = Failure(pending[error.op_id][0], segment.id, "lost", str(error))
                    _strike_off(pending, failure)
                    yield Visit(failure)
        if fruitless == (_FRUITLESS_STARTS if state_known else _FRUITLESS_LOSSES):
            raise DeviceError(
                f"The benchmark program on {device.info.serial} ended {fruitless} times without reaching "
                f"an operator. Run `bench build`, and look at what else runs on the device."
            )


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
    manifest = encode_manifest(map(build_nets, ops))
    with device.start(manifest, _arguments(segment.config, len(passes), seed)) as process:
        reader = _Reader(process, by_id.keys(), silence_s)
        try:
            for event in reader:
                if isinstance(event, NetTimed):
                    yield _timed(event, by_id[event.id], segment, passes)
                elif isinstance(event, NetFailed):
                    failure = Failure(by_id[event.id], segment.id, event.stage, event.message)
                    yield Visit(failure)
            if reader.ended:
                return
            exit_ = process.finish()
        except LostError as error:
            error.op_id = reader.current
            raise
        stage, reason = reader.trouble or ("crash", exit_.describe())
        if reader.current is not None:
            yield Visit(Failure(by_id[reader.current], segment.id, stage, reason))
        elif exit_.code > 0 and exit_.signal is None and reader.trouble is None:
            raise DeviceError(_refusal(device, exit_))


def _refusal(device: Device, exit_: Exit) -> str:
    return f"The benchmark program on {device.info.serial} refused to run: it {exit_.describe()}"


class _Reader:
    """Reads events up to the end of the output, and remembers whose visit was going on then."""

    def __init__(self, process: Process, ids: Collection[str], silence_s: float) -> None:
        self._process = process
        self._ids = ids
        self._silence_s = silence_s
        self.current: str | None = None
        self.ended = False
        self.trouble: tuple[str, str] | None = None

    def __iter__(self) -> Iterator[Event]:
        while not self.ended:
            try:
                line = self._process.read_line(self._silence_s)
                if line is None:
                    return
                event = parse_event(line)
                if isinstance(event, Begin | NetTimed | NetFailed) and event.id not in self._ids:
                    raise ParseError(f"the program names {event.id!r}, which it was not given")
            except SilenceError as error:
                self.trouble = ("timeout", str(error))
                return
            except ParseError as error:
                self.trouble = ("parse", str(error))
                return
            if isinstance(event, Begin):
                self.current = event.id
            elif isinstance(event, NetTimed | NetFailed):
                self.current = None
            self.ended = isinstance(event, End)
            yield event


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


def _arguments(config: RunConfig, passes: int, seed: int | None) -> list[str]:
    arguments = [
        f"--passes={passes}",
        f"--warmup={config.warmup}",
        f"--iter={config.iters}",
        f"--threads={config.threads}",
    ]
    if config.cpus:
        arguments.append(f"--cpus={config.cpus}")
    if config.min_sample_us:
        arguments.append(f"--min-sample-us={config.min_sample_us:g}")
    if seed is not None:
        arguments.append(f"--seed={seed}")
    return arguments
