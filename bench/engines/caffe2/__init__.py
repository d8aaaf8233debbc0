"""Caffe2 with QNNPACK, which made the published table.

`runtime` is what is pinned, `nets` an operator as the two nets that run it, `model_nets` a whole model,
`refusals` what it does not run.
"""

from __future__ import annotations

from bench.engines.caffe2.model_nets import lower_model
from bench.engines.caffe2.nets import OpNets, build_nets, lower
from bench.engines.caffe2.refusals import refusal
from bench.engines.caffe2.runtime import RUNTIMES
from bench.engines.caffe2.values import read_output
from bench.engines.engine import Engine
from lut import engines

__all__ = ["CAFFE2", "OpNets", "build_nets"]

CAFFE2 = Engine(engines.CAFFE2, RUNTIMES, lower, lower_model, read_output, refusal)
