"""Engines: the runtimes that operators are measured on. Adding one is one folder and one line here."""

from __future__ import annotations

from bench.engines.caffe2 import CAFFE2, OpNets, build_nets
from bench.engines.engine import SCALE, Engine, NetSource, Values
from bench.engines.xnnpack import XNNPACK, XNNPACK_QU8

__all__ = [
    "CAFFE2",
    "ENGINES",
    "SCALE",
    "XNNPACK",
    "XNNPACK_QU8",
    "Engine",
    "NetSource",
    "OpNets",
    "Values",
    "build_nets",
]

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (CAFFE2, XNNPACK, XNNPACK_QU8)}
"""By the names that `--engine` takes."""
