"""Sums, activations, softmax."""

import pytest

from lut.ops import UINT8, OpSpec, TensorSpec, infer_outputs
from tests.lut.ops.operators import op, refusal


@pytest.mark.parametrize(
    ("spec", "output"),
    [
        (op("Relu", (2, 3, 4)), TensorSpec((2, 3, 4))),
        (op("Softmax", (1, 1000)), TensorSpec((1, 1000))),
        (op("Int8Softmax", (1, 1000), dtype=UINT8), TensorSpec((1, 1000), UINT8)),
        (op("Sum", (1, 4), (1, 4), (1, 4)), TensorSpec((1, 4))),
        (op("Int8Sum", (1, 4), (1, 4), dtype=UINT8), TensorSpec((1, 4), UINT8)),
        (op("Int8SumRelu", (1, 4), (1, 4), dtype=UINT8), TensorSpec((1, 4), UINT8)),
        (op("Add", (1, 4), (1, 4)), TensorSpec((1, 4))),
        (op("Int8AddRelu", (1, 4), (1, 4), dtype=UINT8), TensorSpec((1, 4), UINT8)),
        (op("LeakyRelu", (1, 4), alpha=1.5), TensorSpec((1, 4))),
        (op("Int8LeakyRelu", (1, 4), dtype=UINT8), TensorSpec((1, 4), UINT8)),
        (op("Int8Sigmoid", (1, 4), dtype=UINT8), TensorSpec((1, 4), UINT8)),
        (op("HardSwish", (2, 3, 4)), TensorSpec((2, 3, 4))),
        (op("Int8HardSwish", (1, 4), dtype=UINT8), TensorSpec((1, 4), UINT8)),
        (op("HardSigmoid", (1, 4), alpha=1 / 6), TensorSpec((1, 4))),
        (op("Int8HardSigmoid", (1, 4), dtype=UINT8), TensorSpec((1, 4), UINT8)),
        (op("Clip", (1, 4), min=0.0), TensorSpec((1, 4))),
        (op("Int8Clip", (1, 4), dtype=UINT8, min=0.0, max=6.0), TensorSpec((1, 4), UINT8)),
        (op("SumRelu", (1, 4), (1, 4), (1, 4)), TensorSpec((1, 4))),
        (op("AddRelu", (1, 4), (1, 4)), TensorSpec((1, 4))),
    ],
)
def test_output(spec: OpSpec, output: TensorSpec) -> None:
    assert infer_outputs(spec) == (output,)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (op("Relu", (1, 4), (1, 4)), "it has 2 inputs where 1 are expected"),
        (op("Softmax", (1, 4), axis=2), "axis 2 is none of an input with 2 dimensions"),
        (op("Softmax", (1, 4), axis="x"), "axis is 'x'; expected a whole number"),
        (op("Softmax", (1, 4), (1, 4)), "it has 2 inputs where 1 are expected"),
        (op("Sum", (1, 4)), "it has 1 inputs where 2 to 64 are expected"),
        (op("Int8Sum", *[(1, 4)] * 3, dtype=UINT8), "it has 3 inputs where 2 are expected"),
        (op("Sum", (1, 5), (1, 4)), "its inputs differ in shape: [1, 4] and [1, 5]"),
        (
            op("Int8LeakyRelu", (1, 4), dtype=UINT8, alpha=1.0),
            "alpha is 1.0; expected a fraction such as 0.1",
        ),
        (op("LeakyRelu", (1, 4), alpha=2), "alpha is 2; expected a fraction such as 0.1"),
        (op("Add", *[(1, 4)] * 3), "it has 3 inputs where 2 are expected"),
        (op("HardSwish", (1, 4), dtype=UINT8), "input 0 is uint8 (6) where float (1) is expected"),
        (op("HardSigmoid", (1, 4), beta=1), "beta is 1; expected a number such as 0.5"),
        (
            op("Clip", (1, 4), min=6.0, max=0.0),
            "min and max are 6.0 and 0.0; expected numbers such as 0.0 and 6.0",
        ),
    ],
)
def test_refusal(spec: OpSpec, reason: str) -> None:
    assert refusal(spec) == reason
