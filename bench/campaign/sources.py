"""Where a run's blocks come from: a plan that is measured whole, or a sampler that chooses from one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bench.campaign.blocks import cut_blocks, shuffle
from bench.campaign.summary import RunSummary
from bench.device_runner import Block, Visit
from bench.sampling import Goal
from lut.entries import Failure, Measurement, Repeated, Round, RunConfig
from lut.journal import RunProgress, read_journal
from lut.plan import Plan

if TYPE_CHECKING:
    from bench.sampling import Candidates, Sampler

__all__ = ["ChosenOperators", "Source", "WholePlan"]


@runtime_checkable
class Source(Protocol):
    """What hands out the blocks of a run, and hears what comes of them."""

    def cut(
        self, config: RunConfig, done: RunProgress, summary: RunSummary, devices: int, *, by_nets: bool
    ) -> Iterator[Block]:
        """Give blocks of what is not done yet, for so many devices."""
        ...

    def hear(self, visit: Visit) -> None:
        """Take in a visit."""
        ...

    def conclude(self, summary: RunSummary) -> Round | None:
        """Sum up at the run's end; give what the journal has to hold of it."""
        ...


class WholePlan:
    """Every operator of a plan, each once however often planned."""

    def __init__(self, plan: Plan, seed: int = 0) -> None:
        self._plan = plan
        self._seed = seed

    def cut(
        self, config: RunConfig, done: RunProgress, summary: RunSummary, devices: int, *, by_nets: bool
    ) -> Iterator[Block]:
        """Give the plan's blocks; on an engine that shares activations, operators of a net stay together."""
        windows = shuffle(self._plan, self._seed, by_nets=by_nets)
        return cut_blocks(windows, config, done, summary, devices)

    def hear(self, visit: Visit) -> None:
        """Choose nothing by it."""

    def conclude(self, summary: RunSummary) -> None:
        """There is nothing to add."""


class ChosenOperators:
    """Operators of a space, chosen round by round until a goal is reached; see `bench.sampling`."""

    def __init__(self, candidates: Candidates, goal: Goal, journal: Path, seed: int = 0) -> None:
        """Take a space, when to stop, and the journal, which says what an earlier run chose."""
        self._candidates = candidates
        self._goal = goal
        self._journal = journal
        self._seed = seed
        self._sampler: Sampler | None = None

    def cut(
        self,
        config: RunConfig,
        done: RunProgress,
        summary: RunSummary,
        devices: int,
        *,
        by_nets: bool,  # noqa: ARG002 - the signature is Source's
    ) -> Iterator[Block]:
        """Give a block for each round; what an earlier run left of one comes first."""
        from bench.sampling import Sampler  # numpy, which a run of a whole plan should not wait for

        sampler = Sampler(self._candidates, self._goal, config.passes, self._seed, devices)
        sampler.replay(self._read_journal(done))
        self._sampler = sampler
        summary.standing = sampler.stand()
        summary.resumed = summary.standing.measured + summary.standing.failed
        summary.failed_before = summary.standing.failed
        summary.planned = summary.resumed
        every_pass = frozenset(range(config.passes))
        for round_, is_written in sampler.rounds():
            parts = [self._candidates.part(op_id) for op_id in round_.ids]
            wanted = {
                part.op: every_pass - done.passes.get(part.op.key, set())
                for part in parts
                if not sampler.is_done(part.op.id)
            }
            origins = {part.op.id: part.origin for part in parts if part.origin is not None}
            summary.planned += len(wanted)
            summary.standing = sampler.stand()
            yield Block(wanted, origins, None if is_written else round_)

    def hear(self, visit: Visit) -> None:
        """Let the sampler know."""
        if self._sampler is not None:
            self._sampler.hear(visit.outcome, visit.busy_ns)

    def conclude(self, summary: RunSummary) -> Round | None:
        """Say how it stands with all that was measured: blocks may have come back after the last was cut."""
        if self._sampler is None:
            return None
        summary.standing = self._sampler.stand()
        return self._sampler.close()

    def _read_journal(self, done: RunProgress) -> Iterator[Round | Measurement | Repeated | Failure]:
        """Read what an earlier run chose and measured, without failures that are to be tried again."""
        if not done.file_bytes:
            return
        for entry in read_journal(self._journal):
            if isinstance(entry, Failure) and entry.op.key not in done.failed:
                continue
            if isinstance(entry, Round | Measurement | Repeated | Failure):
                yield entry
