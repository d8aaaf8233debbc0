"""A key's four fields, with their bounds, for lines of plans, journals and tables."""

from __future__ import annotations

import msgspec

from lut.ops.spec import OpKey, Shape

__all__ = ["KeyFields"]


class KeyFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a key; lines that hold more are subclasses."""

    op_type: str
    op_args: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    input_dtypes: Shape

    def __post_init__(self) -> None:
        if len(self.input_shapes) != len(self.input_dtypes):
            raise ValueError("it has another number of input shapes than of input dtypes")

    @property
    def key(self) -> OpKey:
        """The key that these are the fields of."""
        return OpKey(self.op_type, self.op_args, self.input_shapes, self.input_dtypes)
