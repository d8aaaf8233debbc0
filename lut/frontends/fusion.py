"""A net as an engine runs it that fuses activations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from lut.frontends.named import NamedOp
from lut.ops import fuse

__all__ = ["fuse_activations"]


def fuse_activations(
    named: Sequence[NamedOp], into: Collection[str] = (), given: Collection[str] = ()
) -> tuple[NamedOp, ...]:
    """Put every ReLU into the operator whose output it alone reads, where there is a type for that.

    `into` names the types of operators that take one in; with none, all do that can. `given` names what the
    net gives, which is there whole in any case. The operators stay in the order in which they run, and the
    fused one writes what the ReLU wrote.
    """
    named, current = _name_once(named)
    kept = {current.get(name, name) for name in given}
    readers = Counter(name for each in named for name in each.inputs)
    fused: list[NamedOp] = []
    places: dict[str, int] = {}  # of the operator that writes a value, in `fused`
    for each in named:
        place = places.get(each.inputs[0]) if len(each.inputs) == 1 else None
        if place is not None and readers[each.inputs[0]] == 1:
            before = fused[place]
            takes = (
                len(before.outputs) == 1
                and before.outputs[0] not in kept
                and (not into or before.op.op_type in into)
            )
            op = fuse(before.op, each.op) if takes else None
            if op is not None:
                fused[place] = replace(before, op=op, outputs=each.outputs)
                places |= dict.fromkeys(each.outputs, place)
                continue
        places |= dict.fromkeys(each.outputs, len(fused))
        fused.append(each)
    return tuple(fused)


def _name_once(named: Sequence[NamedOp]) -> tuple[tuple[NamedOp, ...], dict[str, str]]:
    """Give every value a name of its own, where operators write in place or names are used again.

    With them come the names of the last values, by those that they had.
    """
    written: Counter[str] = Counter()
    current: dict[str, str] = {}
    renamed = []
    for each in named:
        inputs = tuple(current.get(name, name) for name in each.inputs)
        for name in each.outputs:
            written[name] += 1
            is_new = written[name] == 1 and name not in each.inputs
            current[name] = name if is_new else f"{name}'{written[name]}"
        outputs = tuple(current[name] for name in each.outputs)
        renamed.append(replace(each, inputs=inputs, outputs=outputs))
    return tuple(renamed), current
