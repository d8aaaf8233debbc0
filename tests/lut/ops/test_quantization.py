"""The ways between fp32 and 8 bits."""

import pytest

from lut.ops import UINT8, OpSpec, TensorSpec, infer_outputs
from tests.lut.ops.operators import op, refusal


@pytest.mark.parametrize(
    ("spec", "output"),
    [
        (op("Int8Quantize", (1, 224, 224, 3)), TensorSpec((1, 224, 224, 3), UINT8)),
        (op("Int8Dequantize", (1, 1000), dtype=UINT8), TensorSpec((1, 1000))),
    ],
)
def test_output(spec: OpSpec, output: TensorSpec) -> None:
    assert infer_outputs(spec) == (output,)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (op("Int8Quantize", (1, 4), (1, 4)), "it has 2 inputs where 1 are expected"),
        (op("Int8Dequantize", (1, 4), (1, 4), dtype=UINT8), "it has 2 inputs where 1 are expected"),
    ],
)
def test_refusal(spec: OpSpec, reason: str) -> None:
    assert refusal(spec) == reason
