"""Streams cut into lines, within a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.device_runner.device import FloodError
from bench.device_runner.output import LineSplitter
from lut.files import LONGEST_LINE_BYTES


@given(st.lists(st.binary(max_size=8) | st.sampled_from([b"\n", b"a\nb", b"\n\n"])))
def test_pieces_make_the_lines_of_the_whole(pieces: list[bytes]) -> None:
    splitter = LineSplitter()
    lines = [line for piece in pieces for line in splitter.split(piece)]
    assert lines == b"".join(pieces).split(b"\n")[:-1]


def test_the_longest_line_is_taken_and_a_longer_one_refused() -> None:
    splitter = LineSplitter()
    piece = bytes(1 << 20)
    for _ in range(LONGEST_LINE_BYTES >> 20):
        assert splitter.split(piece) == []
    assert list(map(len, splitter.split(b"\n"))) == [LONGEST_LINE_BYTES]
    for _ in range(LONGEST_LINE_BYTES >> 20):
        splitter.split(piece)
    with pytest.raises(FloodError, match="a line of more than 16 MiB"):
        splitter.split(b"x")
