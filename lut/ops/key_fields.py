"""A key's four fields as msgspec reads them from a line of JSON, several times as fast as Python's reader.

What msgspec takes, Python's reader takes with the same answer. It may refuse what is good JSON, such as
a byte order mark, and its messages are its own: whoever reads a line by it reads what it refuses again,
by `OpKey.from_json`.
"""

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
