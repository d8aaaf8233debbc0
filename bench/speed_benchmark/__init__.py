"""The program that times nets with a real engine, and how its runtime is fetched and it is built and found.

In reading order: `targets` (for which machine, on which runtime), `pins` (what a runtime consists of),
`index`, `ranges`, `fetch` and `runtime` (how that gets here), `compiler` and `build` (the program out of it),
`cache` (the folder all of it lives in), `contents` (what lies there, by SHA-256), `src/` (the program itself,
C++: what all engines share, and a folder an engine).
"""

from __future__ import annotations

from bench.speed_benchmark.build import Program, build_program, find_program
from bench.speed_benchmark.compiler import find_compiler
from bench.speed_benchmark.pins import Component, Download
from bench.speed_benchmark.targets import TARGET_NAMES, Runtime, Target, choose_target

__all__ = [
    "TARGET_NAMES",
    "Component",
    "Download",
    "Program",
    "Runtime",
    "Target",
    "build_program",
    "choose_target",
    "find_compiler",
    "find_program",
]
