"""Reading the keys of many lines: each different part is checked once.

The lines of a table or a journal repeat a few hundred heads (type and arguments) and a few thousand
tensors. What was checked before is looked up; a line made of known parts costs a few microseconds. Only
what is written exactly as `json.dumps` writes it is read here; for anything else the caller reads the line
as JSON, with the same answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from lut.ops.spec import OpKey

__all__ = ["END", "KeyReader", "read_head", "refuse_repeated"]

END = b"], "
"""What stands behind a key's text, `{"op_type": …, "input_dtypes": [6, 6, 2`, within a line."""

_SHAPES = b', "input_shapes": [['
_DTYPES = b']], "input_dtypes": ['
_match_numbers = re.compile(rb"(?:[1-9]\d{0,17}|0)(?:, (?:[1-9]\d{0,17}|0))*").fullmatch

Head: TypeAlias = tuple[str, tuple[str, ...]]
Shape: TypeAlias = tuple[int, ...]


class KeyReader:
    """Reads keys; remembers their parts."""

    def __init__(self, read_head: Callable[[bytes], Head | None]) -> None:
        """Take what reads a head that was not met before, or gives None if this reader should not."""
        self._read_head = read_head
        self._heads: dict[bytes, Head] = {}
        self._numbers: dict[bytes, Shape] = {}

    def read(self, text: bytes) -> OpKey | None:
        """Read a key's text; None if it is not written as `json.dumps` writes it, or is no key."""
        head, _, rest = text.partition(_SHAPES)
        shapes, _, dtypes_text = rest.partition(_DTYPES)
        numbers = self._numbers
        try:
            op_type, op_args = self._heads[head]
            tensors = tuple([numbers[shape] for shape in shapes.split(b"], [")])
            dtypes = numbers[dtypes_text]
        except KeyError:
            return self.read(text) if self._learn(head, [*shapes.split(b"], ["), dtypes_text]) else None
        return OpKey(op_type, op_args, tensors, dtypes) if len(tensors) == len(dtypes) else None

    def knows(self, text: bytes) -> bool:
        """Tell whether `read` would give a key; quicker than to read it."""
        head, _, rest = text.partition(_SHAPES)
        shapes, _, dtypes_text = rest.partition(_DTYPES)
        parts = shapes.split(b"], [")
        numbers = self._numbers
        if head in self._heads and dtypes_text in numbers:
            for part in parts:
                if part not in numbers:
                    break
            else:
                return len(parts) == len(numbers[dtypes_text])
        return self.read(text) is not None

    def _learn(self, head: bytes, numbers: list[bytes]) -> bool:
        """Check parts and remember them; tell whether all are good."""
        for text in numbers:
            if text not in self._numbers:
                if not _match_numbers(text):
                    return False
                self._numbers[text] = tuple(map(int, text.split(b", ")))
        if head not in self._heads:
            found = self._read_head(head)
            if found is None:
                return False
            self._heads[head] = found
        return True


def read_head(text: bytes) -> Head | None:
    """Read `{"op_type": …, "op_args": […]`, without the closing brace; None if it is anything else."""
    try:
        fields = json.loads(text + b"}", object_pairs_hook=refuse_repeated)
        if not isinstance(fields, dict) or list(fields) != ["op_type", "op_args"]:
            return None
        op_type, op_args = fields["op_type"], fields["op_args"]
        if not isinstance(op_args, list) or not all(isinstance(part, str) for part in (op_type, *op_args)):
            return None
        "".join((op_type, *op_args)).encode()  # half a surrogate pair is a ValueError
        return (op_type, tuple(op_args)) if json.dumps(fields).encode()[:-1] == text else None
    except (ValueError, RecursionError):
        return None


def refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of JSON's pairs, for `object_pairs_hook`.

    Raises:
        ValueError: a key stands there twice, of which JSON would silently take one.
    """
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands there twice")
    return fields
