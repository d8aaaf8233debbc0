"""What came of an operator: a visit with its times, one that was made again, or a failure."""

from __future__ import annotations

from collections import Counter
from functools import cached_property, lru_cache
from typing import Annotated

import msgspec
from msgspec.structs import force_setattr

from lut.ops import KeyFields, OpKey, OpSpec
from lut.schema import Name, Nanoseconds, Positive, Record, Text, Whole

__all__ = ["CAUSES", "Anchor", "Conditions", "Discarded", "Failure", "Measurement", "Repeated", "check_cause"]

CAUSES = {
    "canary": "measured while the canary was slow",
    "preempted": "measured while something else had the processor",
    "alone": "measured by itself, since its process ended when it took turns with others",
    "unsteady": "too few of its visits were as fast as the fastest",
}
"""What can spoil timed runs: a name, and the words for it."""


class Conditions(Record, frozen=True):
    """The state of a device around a visit; what could not be read is None, never zero.

    The canary is one operator that is timed again and again, to see the device itself change: its times in
    nanoseconds before and after the visit, and those of the memory that is read beside it. `settled` is
    False where too few of the visit's runs were fit to count, and `spoilt_by` then names the cause, one of
    `CAUSES`; None where nobody watched.
    """

    khz_before: Positive | None = None
    khz_after: Positive | None = None
    canary_before_ns: Nanoseconds | None = None
    canary_after_ns: Nanoseconds | None = None
    settled: bool | None = None
    spoilt_by: str | None = None
    memory_before_ns: Nanoseconds | None = None
    memory_after_ns: Nanoseconds | None = None

    def __post_init__(self) -> None:
        if self.spoilt_by is not None:
            check_cause(self.spoilt_by)
        elif self.settled is False:  # as written when there was no other cause
            force_setattr(self, "spoilt_by", "canary")


def check_cause(cause: str) -> None:
    """Raise ValueError for what is none of `CAUSES`."""
    if cause not in CAUSES:
        raise ValueError(f"spoilt_by is {cause[:100]!r}; expected one of {', '.join(CAUSES)}")


class Discarded(Record, frozen=True):
    """Timed runs of a visit that count for nothing, in nanoseconds, by what spoilt them (see `CAUSES`)."""

    canary: tuple[Nanoseconds, ...] = ()
    preempted: tuple[Nanoseconds, ...] = ()

    def count(self) -> Counter[str]:
        """How many there are, by cause."""
        return Counter({"canary": len(self.canary), "preempted": len(self.preempted)})


_CALM = Conditions()
_NONE = Discarded()


class _OfOperator(KeyFields, frozen=True, kw_only=True, dict=True, tag_field="kind"):
    """What is said of one operator, whose key's fields are its first."""

    segment: Name

    def __post_init__(self) -> None:
        KeyFields.__post_init__(self)
        _share_head(self.op_type, self.op_args)

    @cached_property
    def key(self) -> OpKey:
        """The operator's key, written as `OpSpec` puts it: any other spelling would be another key."""
        shapes = tuple(map(_share, self.input_shapes))
        return OpKey(*_share_head(self.op_type, self.op_args), shapes, _share(self.input_dtypes))

    @cached_property
    def op(self) -> OpSpec:
        """The operator."""
        return OpSpec.from_key(self.key)


class _Visit(_OfOperator, frozen=True, kw_only=True):
    pass_index: Whole = msgspec.field(name="pass")
    samples_ns: Annotated[tuple[Nanoseconds, ...], msgspec.Meta(min_length=1)]
    warmup_ns: tuple[Nanoseconds, ...]
    repeats: Positive
    conditions: Conditions
    discarded: Discarded = _NONE
    turn: Whole | None = None


class Measurement(_Visit, frozen=True, tag="measurement"):
    """One visit to an operator: every timed run that counts, in nanoseconds, and those that do not.

    Where runs were too short for the clock, a sample is the mean of `repeats` runs. Operators that took turns
    with each other have the same `turn`: when it ended, in milliseconds since 1970. None is a visit that was
    made by itself.
    """

    @classmethod
    def of(
        cls,
        op: OpSpec,
        segment: str,
        pass_index: int,
        samples_ns: tuple[int, ...],
        warmup_ns: tuple[int, ...] = (),
        repeats: int = 1,
        conditions: Conditions = _CALM,
        discarded: Discarded = _NONE,
        turn: int | None = None,
    ) -> Measurement:
        """Write down a visit to an operator."""
        return cls(
            **op.key._asdict(),
            segment=segment,
            pass_index=pass_index,
            samples_ns=samples_ns,
            warmup_ns=warmup_ns,
            repeats=repeats,
            conditions=conditions,
            discarded=discarded,
            turn=turn,
        )


class Repeated(_Visit, frozen=True, tag="repeated"):
    """A visit that was spoilt and made again: kept for the record, and no part of any figure."""

    @classmethod
    def of(cls, visit: Measurement) -> Repeated:
        """Write down that a visit is made again."""
        return cls(**msgspec.structs.asdict(visit))


class Anchor(_Visit, frozen=True, tag="anchor"):
    """A visit to an operator that every unit of a run makes: it tells how fast the unit is.

    It is no part of any figure.
    """

    @classmethod
    def of(cls, visit: Measurement) -> Anchor:
        """Write down an anchor's visit."""
        return cls(**msgspec.structs.asdict(visit))


class Failure(_OfOperator, frozen=True, kw_only=True, tag="failure"):
    """An operator that could not be measured: data, not an exception.

    `stage` is where it went wrong (load, run, crash, timeout, parse), `reason` says what was seen.
    """

    stage: Name
    reason: Text

    @classmethod
    def of(cls, op: OpSpec, segment: str, stage: str, reason: str) -> Failure:
        """Write down that an operator could not be measured."""
        return cls(**op.key._asdict(), segment=segment, stage=stage, reason=reason)


# A million keys are held in memory, and have few different parts: equal ones should be one object.


@lru_cache(maxsize=1 << 18)
def _share_head(op_type: str, op_args: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    return op_type, OpSpec.from_key(OpKey(op_type, op_args, (), ())).key.op_args


@lru_cache(maxsize=1 << 18)
def _share(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return numbers
