"""Slopes of what is negative."""

from lut.ops import family_of, infer_outputs
from tests.lut.ops.operators import op, refusal


def test_slopes_are_one_or_one_for_each_channel() -> None:
    prelu = op("PRelu", (1, 24, 7, 9), (24,))
    assert infer_outputs(prelu) == prelu.inputs[:1]
    assert family_of(prelu) == "PRelu NCHW"
    assert family_of(op("PRelu", (1, 24, 7, 9), (1,))) == "PRelu one slope NCHW"
    assert refusal(op("PRelu", (1, 24, 7, 9), (9,))) == "the slope is [9] where [24] or [1] is expected"
    assert refusal(op("PRelu", (24, 7), (7,))) == "input 0 of shape [24, 7] has 2 dimensions; expected 4"
