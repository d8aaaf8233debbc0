"""A host whose figures are steady but in some visits, as those of a real one need not be."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from bench.device_runner.device import Process
from tests.bench.conftest import FaultyHost

FAST_NS, SLOW_NS = 1_000_000, 1_500_000


class SlowPhases(FaultyHost):
    """A host with its real program, but with times that follow a script."""

    def __init__(self, slow: Collection[tuple[int, int]]) -> None:
        """Take which visits are slow: each by the process, from 1, and its number there, from 0."""
        super().__init__()
        self.slow = slow
        self.prepare(lambda _: None)

    @contextmanager
    def start(self, manifest: bytes, arguments: Sequence[str]) -> Iterator[Process]:
        with super().start(manifest, arguments) as process:
            yield _Scripted(process, {visit for start, visit in self.slow if start == self.starts})


class _Scripted:
    def __init__(self, process: Process, slow: set[int]) -> None:
        self._process, self._slow, self._visits = process, slow, 0
        self.finish = process.finish

    def read_line(self, timeout_s: float) -> str | None:
        line = self._process.read_line(timeout_s)
        if line is None or '"event":"net"' not in line:
            return line
        event = json.loads(line)
        took = SLOW_NS if self._visits in self._slow else FAST_NS
        self._visits += 1
        return json.dumps(
            {**event, "samples_ns": [took] * len(event["samples_ns"]), "settled": True, "spoilt_by": None}
        )
