"""A block of operators, and what is left to do of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lut.entries import Failure, Measurement, Repeated, Round
from lut.ops import OpSpec
from lut.plan import Origin

__all__ = ["Block"]


class Block:
    """Operators to be measured, and the passes (counted from 0) still to be made of each.

    It is the one record of remaining work, from the cutting of a plan to the journal: what is done is struck
    off, and what a lost device leaves behind is taken up by the next.
    """

    def __init__(
        self,
        wanted: Mapping[OpSpec, Iterable[int]],
        origins: Mapping[str, Origin] | None = None,
        unwritten: Round | None = None,
    ) -> None:
        """Take the passes of each operator, and the nets of those that are parts of one, by their ids.

        `unwritten` is the round that these operators were chosen in, if the journal does not hold it yet.
        """
        self.origins = origins or {}
        self.unwritten = unwritten
        left = {op: set(passes) for op, passes in wanted.items()}
        self._left = {op.id: (op, passes) for op, passes in left.items() if passes}

    def __len__(self) -> int:
        """How many operators are not done."""
        return len(self._left)

    def __contains__(self, op_id: object) -> bool:
        """Whether something is left to do of the operator with this id."""
        return op_id in self._left

    def __getitem__(self, op_id: str) -> OpSpec:
        return self._left[op_id][0]

    @property
    def ops(self) -> list[OpSpec]:
        """The operators that are not done."""
        return [op for op, _ in self._left.values()]

    def passes_of(self, op_id: str) -> frozenset[int]:
        """The passes still to be made of an operator."""
        return frozenset(self._left[op_id][1])

    def strike_off(self, outcome: Measurement | Failure | Repeated) -> None:
        """Take away what an outcome settles: a pass, all of a failure's passes, nothing of a spoilt visit."""
        left = self._left[outcome.op.id][1]
        if isinstance(outcome, Failure):
            left.clear()
        elif isinstance(outcome, Measurement):
            left.discard(outcome.pass_index)
        if not left:
            del self._left[outcome.op.id]
