"""One process of the benchmark program, from its start to its end or to the end of the net that ends it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.device_runner.device import Device, FloodError, LostError, Process, SilenceError
from bench.device_runner.program.events import (
    Begin,
    End,
    Event,
    NetFailed,
    NetProfiled,
    NetTimed,
    NetValues,
    ParseError,
    Turns,
    parse_event,
)
from bench.device_runner.program.manifest import encode_manifest
from bench.engines import NetSource
from lut.errors import DeviceError

__all__ = ["EndedEarly", "ProcessKilled", "TurnsFailed", "run_program"]

_OUTSIDE_SIGNALS = {"SIGHUP", "SIGINT", "SIGKILL", "SIGTERM"}
"""No operator raises these itself: an administrator does, or the kernel when memory runs out."""


@dataclass(frozen=True, slots=True)
class TurnsFailed:
    """The process ended while these nets took turns; each by itself will show which of them it was."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProcessKilled:
    """Something outside ended the process. `ids` are the nets it was at: none, one, or those in turns."""

    ids: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class EndedEarly:
    """The process was at no net when it ended, or when it was ended for its silence or its words."""

    reason: str


def run_program(
    device: Device, nets: Iterable[NetSource], arguments: Sequence[str], silence_s: float
) -> Iterator[Event | TurnsFailed | ProcessKilled | EndedEarly]:
    """Start the program on nets and give its events as they come.

    A net that crashes or hangs the process, or after whose beginning the output can't be understood, is
    told as a NetFailed, and is the last event; what the process did not come to is then left to do. When nets
    were taking turns and it can't be told which of them did it, the last event is a TurnsFailed. A process
    that was killed from outside ends in a ProcessKilled, and one that ended between nets in an EndedEarly.

    Raises:
        DeviceError: the program can't be started, or refused to run.
        LostError: the device went away; its `op_id` is the net that was in flight.
    """
    given = list(nets)
    with device.start(encode_manifest(given), arguments) as process:
        reader = _Reader(process, {net.id for net in given}, silence_s)
        try:
            yield from reader
            if reader.ended:
                return
            exit_ = process.finish()
        except LostError as error:
            error.op_id = reader.current
            raise
        stage, reason = reader.trouble or ("crash", exit_.describe())
        if reader.trouble is None and exit_.signal in _OUTSIDE_SIGNALS:
            at = {reader.current} if reader.current is not None else reader.in_turns
            yield ProcessKilled(frozenset(at), reason)
        elif reader.current is not None:
            yield NetFailed(reader.current, stage, reason)
        elif reader.in_turns:
            yield TurnsFailed(frozenset(reader.in_turns))
        elif exit_.code > 0 and exit_.signal is None and reader.trouble is None:
            raise DeviceError(
                f"The benchmark program on {device.info.serial} refused to run: it {exit_.describe()}"
            )
        else:
            yield EndedEarly(reason if exit_.code or reader.trouble else "ended before its work was done")


class _Reader:
    """Reads events up to the end of the output, and remembers whose visit was going on then."""

    def __init__(self, process: Process, ids: Collection[str], silence_s: float) -> None:
        self._process = process
        self._ids = ids
        self._silence_s = silence_s
        self.current: str | None = None
        self.begun: set[str] = set()
        self.in_turns: set[str] = set()
        self.ended = False
        self.trouble: tuple[str, str] | None = None

    def __iter__(self) -> Iterator[Event]:
        while not self.ended:
            try:
                line = self._process.read_line(self._silence_s)
                if line is None:
                    return
                event = parse_event(line)
                if (
                    isinstance(event, Begin | NetTimed | NetProfiled | NetValues | NetFailed)
                    and event.id not in self._ids
                ):
                    raise ParseError(f"the program names {event.id!r}, which it was not given")
            except SilenceError as error:
                self.trouble = ("timeout", str(error))
                return
            except (FloodError, ParseError) as error:
                self.trouble = ("parse", str(error))
                return
            if isinstance(event, Begin):
                self.current = event.id
                self.begun.add(event.id)
            elif isinstance(event, Turns):
                self.current = None
                self.in_turns = self.begun
            elif isinstance(event, NetTimed | NetProfiled | NetValues | NetFailed):
                self.current = None
                self.begun.discard(event.id)
                if not self.begun:
                    self.in_turns = set()
            self.ended = isinstance(event, End)
            yield event
