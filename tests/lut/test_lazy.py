"""What is loaded when it is first asked for, and what commands do not wait for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lut.table
from lut.table import comparison

SLOW = ("numpy", "matplotlib", "plotly", "tqdm")


def test_a_name_is_that_of_its_module() -> None:
    assert lut.table.compare is comparison.compare
    with pytest.raises(AttributeError, match=r"^module 'lut\.table' has no attribute 'comparing'$"):
        getattr(lut.table, "comparing")  # noqa: B009 - mypy knows that it is not there


@pytest.mark.parametrize(
    "module", ["bench.cli.run", "bench.cli.generate", "bench.cli.table", "lut.cli.entry", "lut.cli.merge"]
)
def test_a_command_waits_for_nothing_slow(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
