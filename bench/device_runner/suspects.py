"""Which operators a process measures next: those left, or those suspected of having ended an earlier one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from bench.device_runner.block import Block
from bench.device_runner.program import gather_nets, split_into_companies, split_strangers
from lut.entries import RunConfig
from lut.ops import OpSpec

__all__ = ["Share", "Suspects", "choose_share"]


class Suspects:
    """Operators whose turns ended with their process: one of them did it.

    Each is tried by itself, and its time is not kept. The one that did it fails; the others take turns again.
    Those whose turns end once more are measured by themselves, and marked.
    """

    def __init__(self) -> None:
        self.on_trial: set[str] = set()
        self.alone: set[str] = set()
        self._acquitted: set[str] = set()

    def add(self, ids: Iterable[str]) -> None:
        """Suspect operators whose turns ended with their process."""
        for op_id in ids:
            (self.alone if op_id in self._acquitted else self.on_trial).add(op_id)

    def acquit(self, op_id: str) -> None:
        """Clear an operator that ran by itself."""
        self.on_trial.discard(op_id)
        self._acquitted.add(op_id)


@dataclass(frozen=True, slots=True)
class Share:
    """What one process measures: the same passes of all its operators, in turns or each by itself."""

    ops: Sequence[OpSpec]
    passes: tuple[int, ...]
    config: RunConfig
    other_bytes: int = 0
    """Read of other memory in every round of turns."""
    is_trial: bool = False


def choose_share(block: Block, suspects: Suspects, config: RunConfig, *, by_nets: bool = False) -> Share:
    """Choose what the next process measures: operators that lack the same passes.

    That is all of them, unless a run was cut short or the process was lost. Operators that take turns do so
    in companies: of their size, or with `by_nets` of their net. Nets are visited once each before any is
    visited again, so that a phase in which the device is slow takes a visit of every net, not all of one's.
    """
    if config.turns > 1:
        on_trial = [op for op in block.ops if op.id in suspects.on_trial]
        apart = [op for op in block.ops if op.id in suspects.alone]
        ops = on_trial or apart or block.ops
        first = min(min(block.passes_of(op.id)) for op in ops)
        ops = [op for op in ops if first in block.passes_of(op.id)]
        if on_trial or apart:
            companies = split_into_companies(ops, 1)
        elif by_nets:
            companies = gather_nets(ops, block.origins, config.turns, first)
        elif strangers := [op for op in ops if op.id not in block.origins]:
            companies = split_strangers(strangers, config.turns)
        else:
            companies = split_into_companies(ops, config.turns)
        company = next(companies)
        lacked = frozenset[int].intersection(*(block.passes_of(op.id) for op in company.ops))
        passes = (first,) if on_trial or by_nets else tuple(sorted(lacked))
        own = replace(config, turns=company.turns)
        return Share(company.ops, passes, own, company.other_bytes, is_trial=bool(on_trial))
    groups: defaultdict[tuple[int, ...], list[OpSpec]] = defaultdict(list)
    for op in block.ops:
        groups[tuple(sorted(block.passes_of(op.id)))].append(op)
    left, ops = next(iter(groups.items()))
    return Share(ops, left, config)
