"""Means over dimensions."""

import pytest

from lut.ops import UINT8, ArgumentValue, TensorSpec, family_of, infer_outputs
from tests.lut.ops.operators import op, refusal


@pytest.mark.parametrize(
    ("axes", "kept", "dropped"),
    [
        ((1, 2), (1, 1, 1, 24), (1, 24)),
        ((-1,), (1, 7, 9, 1), (1, 7, 9)),
        ((-3, 2), (1, 1, 1, 24), (1, 24)),
        ((0, 1, 2, 3), (1, 1, 1, 1), ()),
    ],
)
def test_dimensions_stay_with_size_1_or_go(
    axes: tuple[int, ...], kept: tuple[int, ...], dropped: tuple[int, ...]
) -> None:
    mean = op("Int8ReduceMean", (1, 7, 9, 24), dtype=UINT8, axes=axes)
    assert infer_outputs(mean) == (TensorSpec(kept, UINT8),)
    assert infer_outputs(op("ReduceMean", (1, 7, 9, 24), axes=axes, keepdims=0)) == (TensorSpec(dropped),)


@pytest.mark.parametrize("axes", [(), 1, (4,), (-5,), (1, 1), (1, -3), (1, 1.0)])
def test_axes_are_dimensions_each_once(axes: ArgumentValue) -> None:
    reason = refusal(op("ReduceMean", (1, 7, 9, 24), axes=axes))
    assert reason.endswith("; expected some of an input's 4 dimensions")


def test_axes_are_counted_from_the_last_whatever_is_written() -> None:
    families = {family_of(op("ReduceMean", (1, 24, 7, 9), axes=axes)) for axes in ((2, 3), (-1, -2))}
    assert families == {"ReduceMean axes=(-2, -1)"}
