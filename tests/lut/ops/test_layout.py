"""Changes of order, channel shuffles, tiles."""

import pytest

from lut.ops import UINT8, OpSpec, TensorSpec, infer_outputs
from tests.lut.ops.operators import op, refusal


@pytest.mark.parametrize(
    ("spec", "output"),
    [
        (op("NCHW2NHWC", (1, 3, 224, 225)), TensorSpec((1, 224, 225, 3))),
        (op("NHWC2NCHW", (1, 224, 225, 3)), TensorSpec((1, 3, 224, 225))),
        (op("Tile", (2, 3), tiles=4), TensorSpec((8, 3))),
        (op("Tile", (2, 3), tiles=4, axis=-1), TensorSpec((2, 12))),
        (op("ChannelShuffle", (1, 6, 4, 4), group=3), TensorSpec((1, 6, 4, 4))),
        (
            op("Int8ChannelShuffle", (1, 4, 4, 6), dtype=UINT8, group=2, kernel=1, order="NHWC"),
            TensorSpec((1, 4, 4, 6), UINT8),
        ),
    ],
)
def test_output(spec: OpSpec, output: TensorSpec) -> None:
    assert infer_outputs(spec) == (output,)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (op("NCHW2NHWC", (3, 224, 224)), "input 0 of shape [3, 224, 224] has 3 dimensions; expected 4"),
        (op("NHWC2NCHW", (1, 9)), "input 0 of shape [1, 9] has 2 dimensions; expected 4"),
        (op("Tile", (2, 3), tiles=0), "tiles 0 along axis 0 of an input of 2 dimensions"),
        (op("Tile", (2, 3), tiles=2, axis=2), "tiles 2 along axis 2 of an input of 2 dimensions"),
        (op("Tile", (2, 3), tiles="x"), "tiles is 'x'; expected a whole number"),
        (op("ChannelShuffle", (1, 6, 4, 4), group=4), "group 4 does not divide 6 channels"),
        (op("ChannelShuffle", (1, 6, 4, 4), group=(2,)), "group is (2,); expected a whole number"),
        (
            op("ChannelShuffle", (6, 4, 4), group=2),
            "input 0 of shape [6, 4, 4] has 3 dimensions; expected 4",
        ),
        (
            op("Int8ChannelShuffle", (1, 4, 4, 6), dtype=UINT8, group=2),
            "quantized operators run in order NHWC only: write order=NHWC",
        ),
        (
            op("Int8ChannelShuffle", (1, 4, 4, 6), dtype=UINT8, group=1, kernel=1, order="NHWC"),
            "the quantized shuffle takes a group from 2 on, and a kernel, 1, though it has none",
        ),
        (
            op("Int8ChannelShuffle", (1, 4, 4, 6), dtype=UINT8, group=2, order="NHWC"),
            "the quantized shuffle takes a group from 2 on, and a kernel, 1, though it has none",
        ),
    ],
)
def test_refusal(spec: OpSpec, reason: str) -> None:
    assert refusal(spec) == reason
