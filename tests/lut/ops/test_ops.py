"""What holds for every operator, whatever its family."""

import pytest

from lut.errors import ModelError
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec, bytes_moved, infer_outputs, multiply_adds
from lut.ops.rules import RULES
from tests.lut.ops.operators import refusal
from tests.lut.samples import CONV, RELU

_BOTH = ("Add", "Concat", "ConvTranspose", "Flatten", "LeakyRelu", "MaxPool", "Reshape", "ResizeNearest")
_OF_TRANSFORMERS = ("Abs", "BatchMatMul", "Exp", "Gelu", "Negative", "Sqr", "Sqrt", "Sub", "Tanh", "Tile")
_OF_TODAYS_NETS = (
    *("Clip", "DepthToSpace", "FCRelu", "HardSigmoid", "HardSwish", "Mul", "PRelu", "Pad", "ReduceMean"),
    "ResizeBilinear",
)
IN_NO_RELEASED_NET = {
    *(
        prefix + op_type
        for op_type in (*_BOTH, *_OF_TODAYS_NETS, *_OF_TRANSFORMERS, "Sigmoid", "Slice", "Transpose")
        for prefix in ("", "Int8")
    ),
    *("AddRelu", "ConvRelu", "Int8AddRelu", "Int8MaxPoolRelu", "Int8Relu", "SumRelu"),
    *("Div", "Erf", "GroupNorm", "InstanceNorm", "LayerNorm", "Pow", "RMSNorm", "ReduceL2", "ReduceSum"),
    "Rsqrt",
}


_OF_2 = ("Add", "BatchMatMul", "Div", "Mul", "P", "Sub", "Sum")
_OF_3 = ("Conv", "ConvTranspose", "FC", "GroupNorm", "InstanceNorm", "LayerNorm", "RMSNorm")


def test_the_operators_of_nets_and_init_nets_have_rules() -> None:
    assert (
        set(RULES)
        == {
            *(
                "AveragePool",
                "ChannelShuffle",
                "Conv",
                "FC",
                "NCHW2NHWC",
                "NHWC2NCHW",
                "Relu",
                "Softmax",
                "Sum",
            ),
            *("Int8AveragePool", "Int8AveragePoolRelu", "Int8ChannelShuffle", "Int8Conv", "Int8ConvRelu"),
            *("Int8Dequantize", "Int8FC", "Int8Quantize", "Int8Softmax", "Int8Sum", "Int8SumRelu"),
        }
        | IN_NO_RELEASED_NET
    )


@pytest.mark.parametrize("ask", [infer_outputs, multiply_adds, bytes_moved])
def test_an_unknown_operator_is_answered_with_the_known_ones(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(ModelError) as caught:
        ask(OpSpec.of("Lstm", [TensorSpec((1, 4))]))
    assert str(caught.value) == (
        f"Lstm is an operator type that has no rule. Known: {', '.join(sorted(RULES))}. "
        f"A new rule is one module in lut/ops/rules."
    )


@pytest.mark.parametrize("op_type", RULES)
def test_operators_need_inputs_of_a_size(op_type: str) -> None:
    empty = OpSpec.of(op_type, [TensorSpec((1, 0, 8, 8))])
    assert refusal(empty) == "input of shape [1, 0, 8, 8] holds nothing to compute on"
    none = OpSpec.of(op_type, [])
    assert refusal(none).startswith("it has 0 inputs where ")


@pytest.mark.parametrize("op_type", RULES)
def test_inputs_of_another_type_are_refused(op_type: str) -> None:
    quantized = op_type.startswith("Int8") and op_type != "Int8Quantize"
    x = TensorSpec((1, 8, 8, 8), FLOAT if quantized else UINT8)
    plain = op_type.removeprefix("Int8").removesuffix("Relu")
    count = 3 if plain in _OF_3 else 2 if plain in _OF_2 else 1
    assert refusal(OpSpec.of(op_type, [x] * count, order="NHWC")) == (
        "input 0 is float (1) where uint8 (6) is expected"
        if quantized
        else "input 0 is uint8 (6) where float (1) is expected"
    )


def test_an_unheard_of_type_is_named_by_its_number() -> None:
    assert refusal(OpSpec.of("Relu", [TensorSpec((4,), 99)])) == (
        "input 0 is unknown (99) where float (1) is expected"
    )


def test_bytes_are_counted_by_the_size_of_their_type() -> None:
    assert bytes_moved(RELU) == 4 * 4 + 4 * 4
    # Input, weight, bias of 32-bit numbers, output.
    assert bytes_moved(CONV) == 8 * 8 * 16 + 32 * 3 * 3 * 16 + 32 * 4 + 8 * 8 * 32
    assert bytes_moved(OpSpec.of("Int8Quantize", [TensorSpec((1, 10))])) == 40 + 10


def test_operators_without_multiplications_count_none() -> None:
    assert multiply_adds(RELU) == 0
    assert multiply_adds(OpSpec.of("Sum", [TensorSpec((4,))] * 2)) == 0


def test_types_of_biases() -> None:
    x, weight, _ = CONV.inputs
    assert refusal(OpSpec("Int8Conv", CONV.args, (x, weight, TensorSpec((32,))))) == (
        f"input 2 is float (1) where int32 ({INT32}) is expected"
    )
