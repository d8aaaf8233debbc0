"""The rules of all operator types, one module a family. Adding a family is one module and one line here.

Rules were checked against the shapes that the engine itself produces (Caffe2 of torch 1.8.1).
"""

from __future__ import annotations

from lut.ops.rules import (
    broadcasting,
    convolution,
    dense,
    elementwise,
    enlarging,
    joining,
    layout,
    multiplying,
    normalising,
    pooling,
    quantization,
    rearranging,
    reducing,
    reshaping,
    scaling,
)
from lut.ops.rules.rule import Arguments, Rule
from lut.ops.rules.window import Layout, Window

__all__ = ["RULES", "Arguments", "Layout", "Rule", "Window"]

_FAMILIES = (
    broadcasting,
    convolution,
    dense,
    elementwise,
    enlarging,
    joining,
    layout,
    multiplying,
    normalising,
    pooling,
    quantization,
    rearranging,
    reducing,
    reshaping,
    scaling,
)


RULES: dict[str, Rule] = {name: rule for family in _FAMILIES for name, rule in family.RULES.items()}
