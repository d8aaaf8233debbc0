"""Reading only what a merge needs of a journal's measurements: a million lines in half a minute.

msgspec reads lines that this project wrote; any other line is left to `lut.journal.lines`, which reads it
as JSON with the same answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal, NamedTuple, TypeAlias

import msgspec

from lut.entries import Conditions, Discarded
from lut.ops import KeyFields, OpKey, OpSpec

__all__ = ["MeasurementLine", "read_visit"]

Nanoseconds: TypeAlias = Annotated[int, msgspec.Meta(gt=0, le=(1 << 63) - 1)]


class _Line(KeyFields, frozen=True, forbid_unknown_fields=True, kw_only=True):
    kind: Literal["measurement"]
    segment: str
    pass_index: int = msgspec.field(name="pass")
    samples_ns: Annotated[tuple[Nanoseconds, ...], msgspec.Meta(min_length=1)]
    warmup_ns: tuple[Nanoseconds, ...]
    repeats: int
    # Not the dataclasses themselves: of these msgspec would ignore names that they lack.
    conditions: dict[str, int | bool | str | None]
    discarded: dict[str, tuple[Nanoseconds, ...]] = {}  # noqa: RUF012 - msgspec copies it
    turn: int | None = None


_decode = msgspec.json.Decoder(_Line).decode


class MeasurementLine(NamedTuple):
    """A measurement as far as a merge asks for it."""

    segment: str
    key: OpKey
    samples_ns: tuple[int, ...]
    conditions: Conditions
    discarded: Discarded
    turn: int | None


def read_visit(line: bytes) -> MeasurementLine | None:
    """Read a measurement; None for any other line, and for one that was written otherwise."""
    try:
        fields = _decode(line)
        op_type, op_args = _share_head(fields.op_type, fields.op_args)
        conditions = Conditions(**fields.conditions)  # type: ignore[arg-type]
        discarded = Discarded(**fields.discarded)
    except (ValueError, TypeError):
        return None
    return MeasurementLine(
        fields.segment,
        OpKey(op_type, op_args, tuple(map(_share, fields.input_shapes)), _share(fields.input_dtypes)),
        fields.samples_ns,
        conditions,
        discarded,
        fields.turn,
    )


# A million keys are held in memory, and have few different parts: equal ones should be one object.


@lru_cache(maxsize=1 << 18)
def _share_head(op_type: str, op_args: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Write arguments as `OpSpec` puts them: any other spelling would be another key."""
    return op_type, OpSpec.from_key(OpKey(op_type, op_args, (), ())).key.op_args


@lru_cache(maxsize=1 << 18)
def _share(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return numbers
