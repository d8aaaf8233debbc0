"""The curve of a family over its sizes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lut.estimation import Samples, collect_samples
from lut.estimation.curve import Curve, choose_form
from lut.ops import OpSpec, multiply_adds
from tests.lut.samples import pointwise, record

SPACE = [pointwise(*shape) for shape in product((5, 7, 10, 14), range(8, 129, 8), range(8, 129, 8))]


def time_us(op: OpSpec, rows: int, columns: int) -> float:
    """What a kernel takes that works on whole tiles of so many pixels and output channels."""
    pixels, channels = op.inputs[0].shape[1] ** 2, op.inputs[1].shape[0]
    tiles = -(-pixels // rows) * -(-channels // columns)
    return 5 + multiply_adds(op) / (pixels * channels) * tiles * rows * columns / 5000


def samples_of(ops: list[OpSpec], rows: int, columns: int) -> Samples:
    (samples,) = collect_samples(record(op, time_us(op, rows, columns)) for op in ops).values()
    return samples


@pytest.mark.parametrize(("rows", "columns"), [(4, 8), (7, 32), (5, 16)])
def test_whole_tiles_are_told_by_operators_that_are_held_out(rows: int, columns: int) -> None:
    known, others = samples_of(SPACE[::5], rows, columns), samples_of(SPACE[2::5], rows, columns)
    curve = Curve(known, choose_form(known))
    errors = np.log(others.runtime_us / curve.predict(others.sizes, (0.0, 1)))
    assert np.quantile(np.abs(errors), 0.9) < 0.01


def test_few_operators_tell_few_tiles_apart() -> None:
    few, many = samples_of(SPACE[::15], 7, 32), samples_of(SPACE[::5], 7, 32)
    assert len(choose_form(few).tiles) < len(choose_form(many).tiles)


def test_several_corrections_at_once_are_each_as_by_itself() -> None:
    known, others = samples_of(SPACE[::5], 6, 24), samples_of(SPACE[2::5], 6, 24)
    curve = Curve(known, choose_form(known))
    corrections = ((0.0, 1), (0.5, 4), (1.0, 12))
    together = curve.predict_each(others.sizes, corrections)
    for correction in corrections:
        assert together[correction] == pytest.approx(curve.predict(others.sizes, correction))


def remainder_us(op: OpSpec) -> float:
    """What a kernel takes that is slow where channels are left over of the last sixteen or thirty-two."""
    written, _, _, read = op.inputs[1].shape
    share = 1.3 if read % 16 or written % 32 in (8, 16) else 1.0
    return 5 + share * multiply_adds(op) / 5000


def test_what_channels_leave_over_is_told_by_operators_that_are_held_out() -> None:
    known, others = (
        next(iter(collect_samples(record(op, remainder_us(op)) for op in ops).values()))
        for ops in (SPACE[::3], SPACE[1::3])
    )
    form = choose_form(known)
    assert form.has_remainders
    errors = np.log(others.runtime_us / Curve(known, form).predict(others.sizes, (0.0, 1)))
    assert np.quantile(np.abs(errors), 0.9) < 0.01


def test_what_channels_leave_over_tells_nothing_where_it_does_not_matter() -> None:
    assert not choose_form(samples_of(SPACE[::3], 4, 8)).has_remainders
