"""A space's operators, by families, and where each lies among those of its family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.sampling.cost import estimate_run_s
from lut.estimation import LEAST_OPS, place_sizes
from lut.ops import Sizes, check_family, infer_outputs
from lut.plan import Part

__all__ = ["CandidateFamily", "Candidates", "gather_candidates"]

_WHOLE = 2 * LEAST_OPS
"""A family no larger than this is measured whole: half of it would be needed to have a model at all."""


@dataclass(frozen=True)
class CandidateFamily:
    """The operators of a family, in the order of the space.

    `sizes` has a row for each, in the order of `Sizes`; `places` has their scaled logarithms, in which near
    means alike; `cost` is about how long a run takes, in seconds on a device of middling speed.
    """

    name: str
    parts: tuple[Part, ...]
    sizes: NDArray[np.float64]
    places: NDArray[np.float64]
    cost: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def is_whole(self) -> bool:
        """Whether it has too few operators for estimates, so that all are measured."""
        return len(self) <= _WHOLE


@dataclass(frozen=True)
class Candidates:
    """A space: its families by name, and the family and number of each operator by its id."""

    families: Mapping[str, CandidateFamily]
    where: Mapping[str, tuple[str, int]]

    def __len__(self) -> int:
        return len(self.where)

    def part(self, op_id: str) -> Part:
        """Give the operator with this id."""
        family, number = self.where[op_id]
        return self.families[family].parts[number]


def gather_candidates(parts: Iterable[Part]) -> Candidates:
    """Sort a space's operators into families, each operator once.

    Raises:
        ModelError: an operator does not fit its shape rule.
    """
    seen: set[str] = set()
    members: defaultdict[str, list[tuple[Part, Sizes]]] = defaultdict(list)
    for part in parts:
        if part.op.id in seen:
            continue
        seen.add(part.op.id)
        found = check_family(part.op)
        if found is None:
            infer_outputs(part.op)  # says what is wrong
        else:
            members[found[0]].append((part, found[1]))
    families = {name: _make_family(name, members[name]) for name in sorted(members)}
    where = {
        part.op.id: (name, number)
        for name, family in families.items()
        for number, part in enumerate(family.parts)
    }
    return Candidates(families, where)


def _make_family(name: str, members: list[tuple[Part, Sizes]]) -> CandidateFamily:
    parts = [part for part, _ in members]
    sizes = np.array([size.as_tuple() for _, size in members])
    places = place_sizes(sizes)
    spread = places.std(axis=0)
    cost = np.array([estimate_run_s(part.op) for part in parts])
    return CandidateFamily(name, tuple(parts), sizes, places / np.where(spread < 1e-9, 1.0, spread), cost)
