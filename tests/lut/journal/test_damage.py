"""What a power cut or a full disk leaves of a journal: read as far as it is whole, and written on."""

import os
import re
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lut.entries import BlockState, Entry, Failure, Segment
from lut.errors import FileError
from lut.files import LONGEST_LINE_BYTES
from lut.journal import format_entry, open_journal, read_journal, read_progress
from lut.merge import merge_journals
from tests.lut.samples import (
    CONFIG,
    CONV,
    CONV_RELU,
    DEVICE,
    PROGRAM,
    RELU,
    SEGMENT,
    measured,
    written_journal,
)

ENTRIES: tuple[Entry, ...] = (
    SEGMENT,
    BlockState(SEGMENT.id, {"zone_celsius": "31.0"}),
    measured(CONV, 10_000, 11_000),
    Failure.of(RELU, SEGMENT.id, "crash", "killed by SIGABRT: “aborted”"),
    measured(CONV, 9_000, pass_index=1),
)
LINES = [format_entry(entry) for entry in ENTRIES]
UNKNOWN = BlockState(SEGMENT.id, {})
"""Stands for what is damaged: it may have been a state."""


def read(path: Path, content: bytes) -> tuple[tuple[Entry, ...], list[str]]:
    """Give the entries of such a file, and the sentences about it."""
    path.write_bytes(content)
    warnings: list[str] = []
    return tuple(read_journal(path, warnings.append)), warnings


@pytest.mark.parametrize("zeros", [1, 7, 511, 4096, (1 << 20) + 1, LONGEST_LINE_BYTES + 5])
@pytest.mark.parametrize("lines", [0, 1, 3])
@pytest.mark.parametrize("torn", [0, 20])
def test_zeros_at_the_end_are_left_out_and_cut_off(lines: int, torn: int, zeros: int, tmp_path: Path) -> None:
    path, whole = tmp_path / "a.run.jsonl", b"".join(LINES[:lines])
    entries, warnings = read(path, whole + LINES[lines][:torn] + bytes(zeros))
    assert entries == ENTRIES[:lines]
    assert warnings == [f"{path}:{lines + 1} is damaged and left out."]

    written_journal(path, *ENTRIES[lines:])
    assert path.read_bytes() == b"".join(LINES)


@pytest.mark.parametrize(
    "damage",
    [
        LINES[2][:60] + LINES[2],  # an append after a failed write
        LINES[2][:-1] + LINES[2],
        LINES[2][:50] + bytes(900) + LINES[2][80:],
        bytes(4096) + LINES[2],
        b"\x9c\xff\x00garbage\n",
        b"\n",
        b"[" * 100_000 + b"\n",
        b"1" * (LONGEST_LINE_BYTES + 2) + b"\n",
        b"1" * (2 * LONGEST_LINE_BYTES + 2) + b"\n",
    ],
    ids=range(9),
)
def test_a_damaged_line_inside_is_left_out(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    entries, warnings = read(path, b"".join([*LINES[:2], damage, *LINES[3:]]))
    assert entries == (*ENTRIES[:2], UNKNOWN, *ENTRIES[3:])
    assert warnings == [f"{path}:3 is damaged and left out."]
    assert read_progress(path, SEGMENT).passes == {CONV.key: {1}}


def test_several_damaged_lines_are_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    entries, warnings = read(path, b"".join([LINES[0], b"?\n", LINES[2], b"?\n", b"?\n", LINES[4], b"?"]))
    assert entries == (SEGMENT, UNKNOWN, ENTRIES[2], UNKNOWN, ENTRIES[4])
    assert warnings == [f"{path}: 4 lines are damaged and left out, the first of them line 2."]


def test_entries_whose_segment_is_damaged_are_left_out_with_it(tmp_path: Path) -> None:
    other = Segment(DEVICE, PROGRAM, replace(CONFIG, threads=4))
    path = tmp_path / "a.run.jsonl"
    lost = [format_entry(other)[:40] + b"\n", format_entry(measured(CONV_RELU, 5, segment=other))]
    entries, warnings = read(path, b"".join([*LINES, *lost, LINES[0], LINES[4]]))
    assert entries == (*ENTRIES, SEGMENT, ENTRIES[4])
    assert warnings == [f"{path}: 2 lines are damaged and left out, the first of them line 6."]


def test_a_torn_first_line_costs_what_came_before_the_next_segment(tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    entries, warnings = read(path, b"".join([LINES[0][:30] + LINES[0], LINES[2], *LINES]))
    assert entries == ENTRIES
    assert warnings == [f"{path}: 2 lines are damaged and left out, the first of them line 1."]


@given(data=st.data())
def test_no_figure_is_of_a_damaged_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Zeros, or ones as of erased flash, over any stretch lose entries, and change none."""
    content = b"".join(LINES)
    start = data.draw(st.integers(len(LINES[0]), len(content)))
    end = data.draw(st.integers(start, len(content)))
    block = data.draw(st.sampled_from([b"\0", b"\xff"])) * (end - start)
    path = tmp_path_factory.getbasetemp() / "damaged.run.jsonl"
    entries, warnings = read(path, content[:start] + block + content[end:])
    assert {format_entry(entry) for entry in entries} <= {*LINES, format_entry(UNKNOWN)}
    assert len(warnings) == (start < end)


def test_a_merge_says_what_it_left_out_and_which_operators_lack_visits(tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    path.write_bytes(b"".join([*LINES[:2], b"?\n", LINES[4]]))
    warnings: list[str] = []
    merged = merge_journals([path], warnings.append)
    assert warnings == [f"{path}:3 is damaged and left out."]
    assert merged.incomplete == (CONV.key,)


@pytest.mark.parametrize(
    "content", [b"no journal", b'{"data": [1, 3, 224, 224]}', b"two lines\nof text", bytes(9) + b"\n\0"]
)
def test_another_file_is_left_as_it_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "precious.txt"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught, open_journal(path):
        pass
    assert str(caught.value) == (
        f"{path} ends in a line that is not a journal entry. Choose another file for this run."
    )
    with pytest.raises(FileError):
        list(read_journal(path))
    assert path.read_bytes() == content


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_fills_up_is_named_and_costs_one_entry(tmp_path: Path) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES[:2])
    full = path.stat().st_size
    with pytest.raises(FileError) as caught, disk_of(full + 20):
        written_journal(path, ENTRIES[2])
    assert str(caught.value) == f"{path} can't be written: File too large."
    assert path.stat().st_size == full, "the part that the system took is cut off"

    written_journal(path, *ENTRIES[2:])
    assert tuple(read_journal(path, pytest.fail)) == ENTRIES


def test_nothing_is_appended_after_a_failed_write(tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    with ExitStack() as stack:
        writer = stack.enter_context(open_journal(path))
        writer.append(ENTRIES[0])
        refusal = re.escape(f"{path} can't be written: File too large.")
        with disk_of(path.stat().st_size + 20), pytest.raises(FileError, match=refusal):
            writer.append(ENTRIES[1])
        with pytest.raises(FileError, match=refusal):
            writer.append(ENTRIES[2])
        with pytest.raises(FileError, match=refusal):
            stack.close()
    assert path.read_bytes() == LINES[0]


def test_an_interruption_amid_a_line_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write, pieces = tmp_path / "a.run.jsonl", os.write, iter([20])

    def interrupted(descriptor: int, data: bytes) -> int:
        for size in pieces:
            return write(descriptor, data[:size])
        raise KeyboardInterrupt

    with open_journal(path) as writer:
        writer.append(ENTRIES[0])
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", interrupted)
            with pytest.raises(KeyboardInterrupt):
                writer.append(ENTRIES[1])
        writer.append(ENTRIES[2])
    assert path.read_bytes() == LINES[0] + LINES[2]


def test_a_disk_that_refuses_to_cut_as_well_leaves_a_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written_journal(tmp_path / "a.run.jsonl", *ENTRIES[:2])

    def refuse(*_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch, disk_of(path.stat().st_size + 20):
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(FileError, match="File too large"):
            written_journal(path, ENTRIES[2])
    assert path.read_bytes() == LINES[0] + LINES[1] + LINES[2][:20]
    written_journal(path, *ENTRIES[2:])
    assert tuple(read_journal(path, pytest.fail)) == ENTRIES


def test_an_entry_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.run.jsonl"
    long = replace(measured(CONV, 1), samples_ns=(10**9,) * (LONGEST_LINE_BYTES // 10))
    with pytest.raises(FileError, match="the longest line that is read has 16 MiB"):
        written_journal(path, long)
    assert not path.stat().st_size
