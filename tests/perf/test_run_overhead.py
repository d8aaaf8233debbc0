"""What `bench run` costs beside the engine, as a user runs it.

The bar is on the ratio of the whole command's time to the time inside the engine's own warm-up and
timed runs; both are printed by the run itself, so a slow or busy machine moves both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from lut.plan import write_plan
from tests.perf.hull import sample_hull
from tests.perf.measure import run_bench
from tests.perf.zoo_tables import plan_zoo

BAR = 1.25
MOST_MEGABYTES = 500

ZOO_TIMES = 3
HULL_OPS = 4000

WAYS = {"turns": [], "warm": ["--cache=warm", "--passes=3", "--iters=10"]}


def measure(plan: Path, options: Sequence[str]) -> float:
    """Run a plan once; print what it cost, hold it against the bar of memory, and give the ratio."""
    plan.with_suffix(".run").unlink(missing_ok=True)
    run = ["run", str(plan), "--device", "host", "-o", str(plan.with_suffix(".run")), *options]
    cost = run_bench(run, plan.with_suffix(".txt"))
    match = re.search(r"Took ([\d.,]+) s, ([\d.,]+) s of it measuring", cost.output)
    assert match, cost.output
    wall_s, engine_s = (float(figure.replace(",", "")) for figure in match.groups())
    ratio = wall_s / engine_s
    print(f"{match[0]}: ratio {ratio:.2f} (bar {BAR}); {cost.megabytes:.0f} MB (bar {MOST_MEGABYTES})")
    assert cost.megabytes <= MOST_MEGABYTES
    return ratio


@pytest.mark.parametrize("way", WAYS)
def test_a_run_takes_little_more_than_the_engine(way: str, tmp_path: Path) -> None:
    _, plan = plan_zoo(tmp_path, ["int8"])
    print(f"\nThe zoo, int8, {way}:")
    ratios = [measure(plan, WAYS[way]) for _ in range(ZOO_TIMES)]
    assert sorted(ratios)[ZOO_TIMES // 2] <= BAR


def test_a_long_run_takes_little_more_than_the_engine(tmp_path: Path) -> None:
    write_plan(sample_hull(HULL_OPS, seed=1), tmp_path / "hull.plan.jsonl")
    print(f"\n{HULL_OPS} operators of the hull:")
    assert measure(tmp_path / "hull.plan.jsonl", []) <= BAR
