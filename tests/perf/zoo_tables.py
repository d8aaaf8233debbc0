"""Tables of the released nets' operators, measured on this machine by the commands a user types."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Container, Iterable
from pathlib import Path

from lut.zoo import NETS, write_net

__all__ = ["call", "find_table", "measure", "merge", "plan_models", "plan_zoo"]


def call(program: str, *arguments: object, codes: Container[int] = (0,)) -> tuple[str, str]:
    """Run `bench` or `lut` as a process that ends with one of some codes; give what it prints and says."""
    command = [sys.executable, "-c", f"from {program}.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stderr
    return done.stdout, done.stderr


def plan_zoo(folder: Path, precisions: Iterable[str], engine: str = "caffe2") -> tuple[list[Path], Path]:
    """Write the released nets, and a plan of their operators; give the nets' folders and the plan."""
    models = [write_net(name, precision, folder / "models") for precision in precisions for name in NETS]
    return models, plan_models(models, folder / "zoo.plan.jsonl", engine)


def plan_models(models: Iterable[Path], plan: Path, engine: str = "caffe2") -> Path:
    """Write a plan of all operators of some nets for an engine."""
    chosen = [argument for model in models for argument in ("--model", model)]
    call("bench", "generate", "--space", "models", *chosen, "--engine", engine, "-q", "-o", plan)
    return plan


def measure(plan: Path, run: Path, *options: object) -> str:
    """Measure a plan on the host; give what `bench run` says of it."""
    return call("bench", "run", plan, "--device", "host", "-o", run, *options)[1]


def merge(run: Path, folder: Path) -> Path:
    """Merge a journal into a table of its own folder."""
    call("lut", "merge", run, "-q", "-o", folder)
    return find_table(folder)


def find_table(folder: Path) -> Path:
    """Give the only table of a folder."""
    [table] = folder.glob("*-op_lut_database.json")
    return table
