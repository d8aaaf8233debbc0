"""The program that times nets with the real engine, and how it is fetched, built and found.

In reading order: `runtime` (what is pinned), `fetch` (how it gets here), `targets` and
`build` (the program out of it), `cache` (the folder all of it lives in), `src/` (the program itself, C++14).
"""

from __future__ import annotations

from bench.speed_benchmark.build import Program, build_program, find_program
from bench.speed_benchmark.targets import TARGETS

__all__ = ["TARGETS", "Program", "build_program", "find_program"]
