"""What a choice was worth, held against a table of a formula's times."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.sampling import judge_run, read_chosen_run
from lut.entries import Round
from lut.errors import FileError
from lut.ops import OpSpec, multiply_adds
from lut.table import LutTable, format_of
from tests.bench.conftest import Bench
from tests.lut.samples import CONFIG, SEGMENT, measured, pointwise, record, written_journal

SPACE = [pointwise(*shape) for shape in product((7, 14, 28), range(8, 97, 8), range(8, 97, 8))]
CORNERS = [pointwise(*shape) for shape in product((7, 28), (8, 96), (8, 96))]
OTHERS = [op for op in SPACE if op not in CORNERS]
ONCE = replace(SEGMENT, config=replace(CONFIG, passes=1))


def time_ns(op: OpSpec) -> int:
    return 5000 + multiply_adds(op) // 5


def write_run(folder: Path) -> Path:
    """Two rounds: corners and some others in the first second, more of them in the next."""
    first, second = CORNERS + OTHERS[::9][:40], OTHERS[4::9][:40]
    held_out = OTHERS[7::9][:10]
    return written_journal(
        folder / "run.jsonl",
        ONCE,
        Round(ONCE.id, tuple(op.id for op in first)),
        *(measured(op, time_ns(op), segment=ONCE) for op in first),
        Round(ONCE.id, tuple(op.id for op in second), tuple(op.id for op in held_out), 1.0),
        *(measured(op, time_ns(op), segment=ONCE) for op in (*second, *held_out)),
        Round(ONCE.id, (), (), 2.0),
    )


def full_table(factor: float) -> LutTable:
    return LutTable(record(op, factor * time_ns(op) / 1000) for op in SPACE)


def test_each_budget_knows_what_was_measured_by_then(tmp_path: Path) -> None:
    run = read_chosen_run(write_run(tmp_path))
    nets = [SPACE[:40], SPACE[200:250]]
    nothing, first, both = judge_run(run, full_table(1.25), nets, (0.5, 1.0, 2.0))
    assert (nothing.measured, nothing.refused, nothing.median_error) == (0, len(SPACE), None)
    assert (first.measured, both.measured) == (48, 98)
    assert first.factor == both.factor == pytest.approx(1.25)
    for point in (first, both):
        assert point.refused == 0
        assert point.median_error is not None
        assert point.median_error < 0.01
        assert point.covered is not None
        assert point.covered > 0.9
        assert point.nets_within == 1.0


def test_the_last_round_is_over_when_the_run_is(tmp_path: Path) -> None:
    run = read_chosen_run(write_run(tmp_path))
    assert [len(run.cut(budget_s)[0]) for budget_s in (0.5, 1.5, 1.95)] == [0, 1, 2]
    assert [run.cut(budget_s)[1] for budget_s in (1.5, 2.0, 2.2)] == [True, True, False]


def test_operators_drawn_from_the_space_tell_the_factor(tmp_path: Path) -> None:
    """Of those that were chosen, most may be of a kind that few of the space are."""
    chosen, drawn = CORNERS + OTHERS[::9][:40], OTHERS[4::9][:40]
    journal = written_journal(
        tmp_path / "run.jsonl",
        ONCE,
        Round(ONCE.id, tuple(op.id for op in chosen), tuple(op.id for op in drawn)),
        *(measured(op, time_ns(op) * 9 // 8, segment=ONCE) for op in chosen),
        *(measured(op, time_ns(op), segment=ONCE) for op in drawn),
    )
    (point,) = judge_run(read_chosen_run(journal), full_table(1.25), [], [2.0])
    assert point.factor == pytest.approx(1.25)


def test_an_error_of_the_table_is_seen(tmp_path: Path) -> None:
    run = read_chosen_run(write_run(tmp_path))
    times_us = (time_ns(op) / 1000 * (1.2 if number % 2 else 1) for number, op in enumerate(SPACE))
    odd = LutTable(map(record, SPACE, times_us))
    (point,) = judge_run(run, odd, [], [2.0])
    assert point.p90_error is not None
    assert point.p90_error > 0.05
    assert point.nets_within is None


def test_the_command_prints_a_line_a_budget(bench_command: Bench, tmp_path: Path) -> None:
    table = tmp_path / "full.json"
    format_of(table).write(full_table(1.0), table)
    arguments = ["curve", write_run(tmp_path), "--lut", table, "--budget", "1s", "--budget", "1h"]
    code, out, err = bench_command(*arguments)
    assert code == 0, err
    head, first, last = out.splitlines()
    assert head.split()[:3] == ["BUDGET", "S", "MEASURED"]
    assert first.split()[:4] == ["1", "48", "0", "1.000"]
    assert last.split()[:2] == ["3600", "98"]
    assert "The run ended before 3600 s" in err


def test_the_command_says_why_there_is_no_share_of_nets(bench_command: Bench, tmp_path: Path) -> None:
    table = tmp_path / "full.json"
    format_of(table).write(full_table(1.0), table)
    arguments = ["curve", write_run(tmp_path), "--lut", table, "--budget", "1s", "--space", "chamnet"]
    code, out, err = bench_command(*arguments, "--precision", "fp32")
    assert code == 0, err
    assert out.splitlines()[-1].split()[-1].endswith("%")
    assert "No net of 100 has all its operators in the table" in err
    assert "--precision" in err


def test_a_journal_of_another_kind_of_run_is_refused(tmp_path: Path) -> None:
    journal = written_journal(tmp_path / "run.jsonl", ONCE, measured(SPACE[0], 10, segment=ONCE))
    with pytest.raises(FileError, match=r"is of no run that chose its operators\."):
        read_chosen_run(journal)
