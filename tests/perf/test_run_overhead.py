"""What `bench run` costs beside the engine: every int8 operator of the zoo, as a user runs it.

The bar is on the ratio of the whole command's time to the time inside the engine's own warm-up and
timed runs; both are printed by the run itself, so a slow or busy machine moves both.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from lut.zoo import NETS, write_net

BAR = 1.25


def test_a_run_takes_little_more_than_the_engine(tmp_path: Path) -> None:
    models = [argument for name in NETS for argument in ("--model", str(write_net(name, "int8", tmp_path)))]
    bench = [sys.executable, "-c", "from bench.cli import main; main()"]
    plan = str(tmp_path / "plan.jsonl")
    subprocess.run([*bench, "generate", "--space", "models", *models, "-q", "-o", plan], check=True)
    ratios = []
    for number in range(3):
        run = [
            *bench,
            "run",
            plan,
            "--device",
            "host",
            "-o",
            str(tmp_path / f"{number}.jsonl"),
            "--cache=warm",
            "--passes=3",
            "--iters=10",
        ]
        said = subprocess.run(run, check=True, capture_output=True, text=True).stderr
        match = re.search(r"([\d.]+) s in all, ([\d.]+) s of them .*: ratio ([\d.]+)", said)
        assert match, said
        ratios.append(float(match[3]))
        print(f"bench run, 314 int8 operators, 3 x 10: {match[0]} (bar {BAR})")
    assert sorted(ratios)[1] <= BAR
