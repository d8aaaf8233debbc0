"""XNNPACK, which LiteRT and ExecuTorch run on the processors of phones today.

`runtime` is what is pinned, `lowering` what of it each operator becomes, `graph` how that is written down,
`sources` an operator or a whole model for the program.
"""

from __future__ import annotations

from bench.engines.canary import make_canary
from bench.engines.engine import Engine
from bench.engines.xnnpack.runtime import RUNTIMES
from bench.engines.xnnpack.sources import lower, lower_model, read_output, refusal
from lut import engines

__all__ = ["XNNPACK"]

XNNPACK = Engine(
    engines.XNNPACK,
    RUNTIMES,
    lower,
    lower_model,
    read_output,
    refusal,
    shares_activations=True,
    canary=make_canary(28, 96),
)
"""Its canary makes 7.2 million multiply-adds: it runs those of other engines' in two microseconds."""
