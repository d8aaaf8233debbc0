"""The reference itself, against figures worked out by hand."""

from __future__ import annotations

import numpy as np

from bench.numbers import images
from bench.numbers.reference import REFERENCES, compute
from lut.ops import OpSpec, TensorSpec, Window
from lut.ops.rules import RULES

FOUR = np.arange(1.0, 5.0).reshape(1, 2, 2, 1)
"""1 2 over 3 4."""

THREE_WIDE = Window((3, 3), (1, 1), (1, 1), (1, 1, 1, 1))
TWO_WIDE = Window((2, 2), (2, 2), (1, 1), (0, 0, 0, 0))


def test_a_convolution_sees_zeros_around_the_image() -> None:
    ones = np.ones((1, 3, 3, 1))
    assert images.convolve(FOUR, ones, THREE_WIDE, 1).ravel().tolist() == [10, 10, 10, 10]
    corner = np.zeros((1, 3, 3, 1))
    corner[0, 0, 0, 0] = 1.0
    assert images.convolve(FOUR, corner, THREE_WIDE, 1).ravel().tolist() == [0, 0, 0, 1]


def test_groups_see_their_own_channels_only() -> None:
    x = np.array([1.0, 10.0]).reshape(1, 1, 1, 2)
    weight = np.array([2.0, 3.0]).reshape(2, 1, 1, 1)
    window = Window((1, 1), (1, 1), (1, 1), (0, 0, 0, 0))
    assert images.convolve(x, weight, window, 2).ravel().tolist() == [2, 30]


def test_a_transposed_convolution_spreads_each_pixel() -> None:
    weight = np.arange(1.0, 5.0).reshape(1, 2, 2, 1)
    spread = images.deconvolve(FOUR, weight, TWO_WIDE, 1, (4, 4))
    assert spread[0, :2, :2, 0].tolist() == [[1, 2], [3, 4]]
    assert spread[0, 2:, 2:, 0].tolist() == [[4, 8], [12, 16]]


def test_poolings_leave_out_what_lies_outside() -> None:
    assert images.max_pool(-FOUR, THREE_WIDE).ravel().tolist() == [-1, -1, -1, -1]
    assert images.average_pool(FOUR, THREE_WIDE).ravel().tolist() == [2.5] * 4
    assert images.average_pool(FOUR, TWO_WIDE).ravel().tolist() == [2.5]


def test_resizing_interpolates_between_centers() -> None:
    wide = images.resize_bilinear(FOUR, (2, 4))
    assert wide[0, 0, :, 0].tolist() == [1, 1.25, 1.75, 2]


def test_depth_becomes_rows_first() -> None:
    x = np.arange(4.0).reshape(1, 1, 1, 4)
    assert images.depth_to_space(x, 2)[0, :, :, 0].tolist() == [[0, 1], [2, 3]]


def test_a_fused_relu_leaves_nothing_below_zero() -> None:
    op = OpSpec.of("SumRelu", [TensorSpec((2,))] * 2)
    assert compute(op, [np.array([1.0, -3.0]), np.array([1.0, 1.0])]).tolist() == [2, 0]


def test_every_type_has_a_reference() -> None:
    plain = {(rule.unfused or op_type).removeprefix("Int8") for op_type, rule in RULES.items()}
    assert plain == REFERENCES.keys()
