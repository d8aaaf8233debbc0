"""XNNPACK, which LiteRT and ExecuTorch run on the processors of phones today.

`runtime` is what is pinned, `lowering` what of it each operator becomes, `graph` how that is written down,
`sources` an operator and `models` a whole model for the program.
"""

from __future__ import annotations

from functools import partial

from bench.engines.canary import make_canary
from bench.engines.engine import Engine
from bench.engines.xnnpack.graph import SIGNED, UNSIGNED
from bench.engines.xnnpack.models import lower_model
from bench.engines.xnnpack.runtime import make_runtimes
from bench.engines.xnnpack.sources import lower, read_output, refusal
from lut import engines

__all__ = ["XNNPACK", "XNNPACK_QU8"]


def _make(traits: engines.EngineTraits, realisation: str) -> Engine:
    """Make the engine that realises 8-bit activations in a type.

    Its canary makes 7.2 million multiply-adds: those of other engines' would take two microseconds here.
    """
    return Engine(
        traits,
        make_runtimes(realisation),
        partial(lower, realisation=realisation),
        partial(lower_model, realisation=realisation),
        partial(read_output, realisation=realisation),
        partial(refusal, realisation=realisation),
        shares_activations=True,
        canary=make_canary(28, 96),
    )


XNNPACK = _make(engines.XNNPACK, SIGNED)
"""Bytes with a sign, and weights with a scale for each channel, as LiteRT and PyTorch export them."""

XNNPACK_QU8 = _make(engines.XNNPACK_QU8, UNSIGNED)
"""Bytes without a sign, and weights with one scale, as older quantised models have them."""
