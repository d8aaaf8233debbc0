"""A space in a minute: estimates after a budget against a table in which everything was measured.

    HULL_TABLE=<table> ENGINE=xnnpack python -m pytest tests/perf/test_minute.py --no-cov -s

Without HULL_TABLE the whole hull is measured first, for ten minutes and more. Nothing else should run
meanwhile, and the device's speed should be what it was when the table was made: no estimate is closer to a
table than the table is to itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lut.merge import merge_journals, write_table

BUDGETS = (5, 15, 60)
BENCH = [sys.executable, "-c", "from bench.cli import main; main()"]
ENGINE = ["--engine", os.environ.get("ENGINE", "caffe2")]
HULL = ["--space", "chamnet"]


def test_a_minute_tells_the_hull(tmp_path: Path) -> None:
    given = os.environ.get("HULL_TABLE")
    table = Path(given) if given else measure_hull(tmp_path)
    run = tmp_path / "minute.run.jsonl"
    budget = ["--budget", f"{max(BUDGETS)}s"]
    subprocess.run([*BENCH, "run", *HULL, *ENGINE, *budget, "--device", "host", "-o", str(run)], check=True)
    budgets = [word for seconds in BUDGETS for word in ("--budget", f"{seconds}s")]
    command = [*BENCH, "curve", str(run), "--lut", str(table), *HULL, *budgets, "--json"]
    points = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print("\nbars after a minute: none refused, median 1 %, p90 3 %, inside 87-93 %, 95 of 100 nets")
    for point in points:
        shares = [
            f"{name} {point[key]:.1%}" if point[key] is not None else f"{name} unknown"
            for name, key in (
                ("median", "median_error"),
                ("p90", "p90_error"),
                ("inside", "covered"),
                ("nets", "nets_within"),
            )
        ]
        print(
            f"{point['budget_s']:>4.0f} s: {point['measured']:>6,} measured, {point['refused']} refused, "
            f"factor {point['factor']:.3f}, {', '.join(shares)}"
        )
    last = points[-1]
    assert last["refused"] == 0
    assert last["median_error"] <= 0.01
    assert last["p90_error"] <= 0.03
    assert 0.87 <= last["covered"] <= 0.93
    assert last["nets_within"] >= 0.95


def measure_hull(folder: Path) -> Path:
    """Measure all of the hull on this machine; give the table."""
    run = folder / "hull.run.jsonl"
    subprocess.run([*BENCH, "run", *HULL, *ENGINE, "--device", "host", "-o", str(run)], check=True)
    return write_table(merge_journals([run], print), folder).path
