"""How well a table's missing operators could be estimated: part of it held out, and guessed from the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lut.estimation.family import fit_family
from lut.estimation.samples import LEAST_OPS, Samples

__all__ = ["FamilyError", "cross_validate"]


@dataclass(frozen=True)
class FamilyError:
    """What came out for a family; errors are relative, absolute values of predicted / true - 1.

    `p90_error_us` is the same in microseconds: a fifth of what takes three is a smaller thing than a fifth
    of what takes a thousand, and often no more than such short runs scatter. `covered` is the share of
    held-out operators inside their stated 90 % interval. All are None for a family that has too few
    operators for a model.
    """

    family: str
    operators: int
    held_out: int
    median_error: float | None = None
    p90_error: float | None = None
    p90_error_us: float | None = None
    covered: float | None = None


_ENOUGH = 1000
"""Small families are held out in several rounds, of other operators each, until so many were guessed."""


def cross_validate(families: dict[str, Samples], share: float = 0.1, seed: int = 0) -> Iterator[FamilyError]:
    """Hold out a share of each family at random, fit the rest, and compare; give each family as it is done.

    What is held out takes no part in the fit, nor in the interval. It may lie outside the hull of the
    rest, where an estimate would be refused; such operators are not counted.
    """
    return (_validate(name, samples, share, seed) for name, samples in families.items())


def _validate(name: str, samples: Samples, share: float, seed: int) -> FamilyError:
    order = np.random.default_rng(seed).permutation(len(samples))
    count = round(len(samples) * share)
    if count == 0 or len(samples) - count < LEAST_OPS:
        return FamilyError(name, len(samples), 0)
    rounds = max(1, min(len(samples) // count, _ENOUGH // count))
    ratios, times, covered = zip(
        *(_guess(name, samples, order[count * number :][:count], seed) for number in range(rounds)),
        strict=True,
    )
    errors = np.abs(np.concatenate(ratios) - 1)
    errors_us = errors * np.concatenate(times)
    if not len(errors):
        return FamilyError(name, len(samples), 0)
    return FamilyError(
        name,
        len(samples),
        len(errors),
        float(np.median(errors)),
        float(np.quantile(errors, 0.9)),
        float(np.quantile(errors_us, 0.9)),
        float(np.concatenate(covered).mean()),
    )


def _guess(
    name: str, samples: Samples, out: NDArray[np.intp], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Fit all but some operators; give, for these, predicted / true, the true time, whether it was held."""
    model = fit_family(name, samples.leave_out(out), seed)
    held = samples.take(out)
    held = held.take(np.flatnonzero(model.holds(held.sizes)))
    ratio = model.predict(held.sizes) / held.runtime_us
    low, high = model.bound(held.sizes)
    return ratio, held.runtime_us, (ratio * low <= 1) & (ratio * high >= 1)
