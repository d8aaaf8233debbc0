"""What an operator is: its key, the shapes and dtypes it gives, the multiply-adds it makes, its family.

Reading order: `spec` and `arguments` (an operator and its text), `rules` (what is known about each type),
`shapes`, `canonical`, `families` and `fusion`, which derive from the rules and know no operator by name.
"""

from __future__ import annotations

from lut.ops.arguments import (
    ArgumentValue,
    argument_value,
    describe_value,
    format_argument,
    make_argument,
    normalise_value,
    parse_argument,
)
from lut.ops.canonical import MATCHES, canonical_arguments
from lut.ops.families import Sizes, check_family, family_of
from lut.ops.fusion import fuse, fuse_neighbours, unfused_type
from lut.ops.key_fields import KeyFields
from lut.ops.rules import Window
from lut.ops.shapes import (
    bytes_moved,
    count_activations,
    count_bytes,
    has_int8,
    infer_outputs,
    multiply_adds,
    weight_bytes,
)
from lut.ops.spec import FLOAT, INT32, UINT8, OpKey, OpSpec, TensorSpec

__all__ = [
    "FLOAT",
    "INT32",
    "MATCHES",
    "UINT8",
    "ArgumentValue",
    "KeyFields",
    "OpKey",
    "OpSpec",
    "Sizes",
    "TensorSpec",
    "Window",
    "argument_value",
    "bytes_moved",
    "canonical_arguments",
    "check_family",
    "count_activations",
    "count_bytes",
    "describe_value",
    "family_of",
    "format_argument",
    "fuse",
    "fuse_neighbours",
    "has_int8",
    "infer_outputs",
    "make_argument",
    "multiply_adds",
    "normalise_value",
    "parse_argument",
    "unfused_type",
    "weight_bytes",
]
