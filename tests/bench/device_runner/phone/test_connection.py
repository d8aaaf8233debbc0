"""What a phone may say to a command, whatever carries it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import repeat

import pytest

from bench.device_runner.device import FloodError
from bench.device_runner.interruption import Interruption
from bench.device_runner.phone.connection import Connection, Patience


class Talker:
    """A channel to a phone that never stops talking."""

    def __init__(self, piece: bytes) -> None:
        self._piece = piece
        self.hung_up = False

    def connect(self, patience: Patience, interruption: Interruption) -> None: ...

    def open_shell(self, command: str, silence_s: float) -> Iterator[bytes]:
        assert command
        assert silence_s
        try:
            yield from repeat(self._piece)
        finally:
            self.hung_up = True

    def push(self, data: BytesIO, path: str, timeout_s: float) -> None: ...

    def close(self) -> None: ...


def test_a_phone_that_never_stops_is_not_listened_to_for_ever() -> None:
    talker = Talker(bytes(1 << 20))
    with pytest.raises(FloodError, match="more than 64 MiB in answer to one command"):
        Connection(talker, Patience()).run("cat /proc/stat")
    assert talker.hung_up


def test_a_line_that_never_ends_is_not_kept() -> None:
    with pytest.raises(FloodError, match="a line of more than 16 MiB"):
        list(Connection(Talker(bytes(1 << 20)), Patience()).stream_lines("cat out", 1.0))
