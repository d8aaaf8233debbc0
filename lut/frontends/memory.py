"""The memory that a net's tensors take while it runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lut.frontends.named import NamedOp
from lut.ops import count_activations, count_bytes, infer_outputs

__all__ = ["Memory", "count_memory"]


@dataclass(frozen=True)
class Memory:
    """What a net's tensors take, in bytes, each counted once however many operators read it."""

    peak_activation_bytes: int
    """The most that the activations which are needed at one time take together."""
    weight_bytes: int
    parameters: int
    """How many numbers the weights are."""

    def describe(self) -> str:
        """Say it in a sentence; a kB is 1000 bytes."""
        return (
            f"Memory: {self.peak_activation_bytes / 1000:,.3f} kB of activations at their peak, "
            f"{self.weight_bytes / 1000:,.3f} kB of weights ({self.parameters:,} parameters)."
        )


def count_memory(named: Sequence[NamedOp], given: Collection[str] = ()) -> Memory:
    """Count what operators need that run in this order.

    An activation is needed from the operator that writes it first to the one that reads it last; from the
    beginning where none writes it, to the end where none reads it or the net gives it. An operator that
    writes under a name it reads writes in place. What engines need besides, such as packed weights, the
    space between tensors and their own workspace, is not counted.

    Args:
        named: the operators in run order, with the names of what they read and write.
        given: the names under which operators write what the net gives.

    Raises:
        ModelError: an operator does not fit its shape rule.
    """
    lives: list[_Life] = []
    current: dict[str, _Life] = {}
    weights: dict[str | tuple[int, int], tuple[int, int]] = {}
    for index, each in enumerate(named):
        activations = count_activations(each.op)
        for place, tensor in enumerate(each.op.inputs):
            name = each.inputs[place] if place < len(each.inputs) else None
            if place >= activations:
                weights[name or (index, place)] = count_bytes([tensor]), tensor.elements
            elif name is not None:
                if name not in current:
                    lives.append(current.setdefault(name, _Life(0)))
                current[name].read(index, count_bytes([tensor]))
        for name, tensor in zip(each.outputs, infer_outputs(each.op), strict=False):
            if name not in current or name not in each.inputs:
                lives.append(_Life(index))
                current[name] = lives[-1]
            current[name].write(count_bytes([tensor]))
    for name, life in current.items():
        if name in given or life.is_unread:
            life.last = len(named) - 1
    return Memory(
        _find_peak(lives, len(named)),
        sum(size for size, _ in weights.values()),
        sum(elements for _, elements in weights.values()),
    )


@dataclass
class _Life:
    """From which operator to which a value is needed, and the bytes it takes."""

    first: int
    last: int = -1
    size: int = 0
    is_unread: bool = True

    def read(self, index: int, size: int) -> None:
        self.last, self.is_unread = index, False
        self.size = max(self.size, size)

    def write(self, size: int) -> None:
        self.last, self.is_unread = max(self.last, self.first), True
        self.size = max(self.size, size)


def _find_peak(lives: Sequence[_Life], operators: int) -> int:
    changes = [0] * (operators + 1)
    for life in lives:
        changes[life.first] += life.size
        changes[life.last + 1] -= life.size
    peak = held = 0
    for change in changes:
        held += change
        peak = max(peak, held)
    return peak
