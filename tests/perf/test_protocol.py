"""What the default protocol of `bench run` gives and costs, on the zoo's operators and one pinned thread."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lut.frontends import load_model
from lut.merge import merge_journals
from lut.ops import OpSpec
from lut.table import LutTable, load_table
from tests.busy import busy_processor
from tests.perf.zoo_tables import measure, merge, plan_zoo

PROCESSOR = 1


def measure_table(plan: Path, folder: Path) -> LutTable:
    folder.mkdir()
    print(measure(plan, folder / "run.jsonl", "--threads", 1, "--cpus", f"{1 << PROCESSOR:x}").strip())
    return load_table(merge(folder / "run.jsonl", folder))


def p50_us(table: LutTable, op: OpSpec) -> float:
    figure = table.find(op).runtime_us
    assert figure is not None
    return figure


def differences(ops: list[OpSpec], first: LutTable, second: LutTable) -> dict[OpSpec, float]:
    """Give each operator's difference between two tables as a share."""
    return {op: p50_us(second, op) / p50_us(first, op) - 1 for op in ops}


def list_ops(models: list[Path]) -> list[OpSpec]:
    return list(dict.fromkeys(op for model in models for op in load_model(model, None).ops))


def test_two_tables_are_the_same(tmp_path: Path) -> None:
    models, plan = plan_zoo(tmp_path, ["int8"])
    tables = [measure_table(plan, tmp_path / name) for name in ("first", "second")]
    shares = np.abs(list(differences(list_ops(models), *tables).values()))
    p95 = float(np.percentile(shares, 95))
    print(f"{len(shares)} operators differ by {np.median(shares):.2%} (median), {p95:.2%} (p95; bar 2 %)")
    sums = []
    for model in models:
        first, second = (table.estimate(load_model(model, None).ops).known_us for table in tables)
        sums.append(second / first - 1)
        print(f"{model.parent.name:10} {first:10.1f} us {second:10.1f} us {sums[-1]:+7.2%} (bar 1 %)")
    assert p95 <= 0.02
    assert max(map(abs, sums)) <= 0.01


@pytest.mark.parametrize(
    ("processor", "pauses", "bar"),
    [(PROCESSOR, True, 0.05), (PROCESSOR, False, 0.1), (None, False, 0.1)],
    ids=["pinned, with pauses", "pinned", "not pinned"],
)
def test_a_busy_neighbour_is_noticed(processor: int | None, pauses: bool, bar: float, tmp_path: Path) -> None:
    models, plan = plan_zoo(tmp_path, ["int8"])
    quiet = measure_table(plan, tmp_path / "quiet")
    with busy_processor(processor, pauses=pauses):
        disturbed = measure_table(plan, tmp_path / "disturbed")
    marked = merge_journals([tmp_path / "disturbed" / "run.jsonl"], print).marked
    found = differences(list_ops(models), quiet, disturbed)
    wrong = {op: share for op, share in found.items() if abs(share) > bar and op.key not in marked}
    far = sum(abs(share) > bar for share in found.values())
    print(
        f"{len(found)} operators: {far} beyond {bar:.0%}, {len(marked)} marked, "
        f"{len(wrong)} beyond and not marked"
    )
    for op, share in wrong.items():
        print(f"  {share:+.1%} {p50_us(quiet, op):9.1f} us {op}")
    assert not wrong


def test_the_default_costs_at_most_twice_the_plain(tmp_path: Path) -> None:
    _, plan = plan_zoo(tmp_path, ["int8", "fp32"])
    ratios = []
    for number in range(3):
        seconds = [
            took(measure(plan, tmp_path / f"{number}.{cache}.jsonl", "--cache", cache))
            for cache in ("warm", "turns")
        ]
        ratios.append(seconds[1] / seconds[0])
        print(
            f"3 x 10 plain: {seconds[0]:.2f} s, default: {seconds[1]:.2f} s, ratio {ratios[-1]:.2f} (bar 2)"
        )
    assert sorted(ratios)[1] <= 2


def took(said: str) -> float:
    """Give the seconds that `bench run` says it took."""
    match = re.search(r"([\d.]+) s in all", said)
    assert match, said
    return float(match[1])
