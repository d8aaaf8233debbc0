"""What a million operators cost: generating them, and starting to measure them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

OPERATORS = 1_000_000
GENERATE_S, GENERATE_MB, FIRST_VISIT_S = 60, 300, 10

GRID = """
[conv]
H = { from = 7, to = 106 }
W = "H"
Cin = { from = 8, to = 800, step = 8 }
Cout = { from = 8, to = 800, step = 8 }
kernel = 1
"""

BENCH = [sys.executable, "-c", "from bench.cli import main; main()"]


def test_a_million_operators(tmp_path: Path) -> None:
    (tmp_path / "grid.toml").write_text(GRID)
    plan, journal = tmp_path / "plan.jsonl", tmp_path / "run.jsonl"
    generate = [*BENCH, "generate", "--space", "grid", "--grid", str(tmp_path / "grid.toml"), "-o", str(plan)]
    began = time.monotonic()
    child = subprocess.Popen(generate)
    _, status, usage = os.wait4(child.pid, 0)
    seconds, megabytes = time.monotonic() - began, usage.ru_maxrss / 1024
    print(
        f"generate: {OPERATORS:,} operators in {seconds:.1f} s (processor {usage.ru_utime:.1f} s, "
        f"bar {GENERATE_S}), {megabytes:.0f} MB (bar {GENERATE_MB})"
    )
    child.returncode = os.waitstatus_to_exitcode(status)  # wait4 tells the usage, but not the Popen
    assert child.returncode == 0
    with plan.open("rb") as stream:
        assert sum(1 for _ in stream) == OPERATORS

    began = time.monotonic()
    with subprocess.Popen([*BENCH, "run", str(plan), "-q", "-o", str(journal), "--passes=1"]) as run:
        while not (journal.exists() and journal.read_bytes().count(b"\n") > 1) and run.poll() is None:
            time.sleep(0.05)
        first_visit = time.monotonic() - began
        run.kill()
    print(f"run: the first visit after {first_visit:.1f} s (bar {FIRST_VISIT_S})")
    assert run.returncode is not None
    assert first_visit <= FIRST_VISIT_S
    assert seconds <= GENERATE_S
    assert megabytes <= GENERATE_MB
