"""XNNPACK, which LiteRT and ExecuTorch run on the processors of phones today.

`runtime` is what is pinned, `lowering` what of it each operator becomes, `graph` how that is written down,
`sources` an operator or a whole model for the program.
"""

from __future__ import annotations

from bench.engines.engine import Engine
from bench.engines.xnnpack.runtime import RUNTIMES
from bench.engines.xnnpack.sources import lower, lower_model, refusal

__all__ = ["XNNPACK"]

XNNPACK = Engine("xnnpack", RUNTIMES, lower, lower_model, refusal, device_suffix="-xnnpack")
