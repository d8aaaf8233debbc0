"""Estimating missing operators, on a table of ChamNet's hull measured here by the real engine.

    HULL_TABLE=<table> python -m pytest tests/perf/test_interpolation.py --no-cov -s

Without HULL_TABLE a random sample of the hull is measured first, some minutes long. Nothing else should run
meanwhile: no estimate is better than the times it is made from.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lut.estimation import collect_samples, cross_validate
from lut.merge import merge_journals, write_table
from lut.plan import write_plan
from lut.table import describe_families, load_table
from tests.perf.hull import sample_hull

SAMPLE = 3000


def test_held_out_operators_are_guessed(tmp_path: Path) -> None:
    given = os.environ.get("HULL_TABLE")
    table = load_table(Path(given) if given else measure_sample(tmp_path))
    spreads = {row.family: row.spread for row in describe_families(table)}
    print(f"\n{len(table)} records of {', '.join(table.devices)}; bars: median 5 %, p90 15 %, held 85-95 %")
    wrong = []
    for error in cross_validate(collect_samples(table)):
        if error.median_error is None or error.p90_error is None or error.covered is None:
            continue
        print(
            f"{error.operators:>7} ops, {error.held_out:>5} guessed: median {error.median_error:6.1%}, "
            f"p90 {error.p90_error:6.1%}, held {error.covered:6.1%}, spread {spreads[error.family]:.2f}  "
            f"{error.family}"
        )
        good = error.median_error <= 0.05 and error.p90_error <= 0.15 and 0.85 <= error.covered <= 0.95
        if error.operators > 200 and not good:
            wrong.append(error.family)
    assert not wrong


def measure_sample(folder: Path) -> Path:
    """Measure some of the hull's operators on this machine; give the table."""
    plan, run = folder / "hull.plan.jsonl", folder / "hull.run.jsonl"
    write_plan(sample_hull(SAMPLE, seed=0), plan)
    bench = [sys.executable, "-c", "from bench.cli import main; main()"]
    subprocess.run([*bench, "run", str(plan), "--device", "host", "-o", str(run)], check=True)
    return write_table(merge_journals([run], print), folder).path
