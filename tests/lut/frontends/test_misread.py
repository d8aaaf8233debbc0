"""Small files that readers of nets misread easily: what is right is written down from what the files mean.

Expected values are those of ONNX's semantics and TFLite's kernels. The files lie beside the project; where
they are not, `onnx/test_checking.py` and `tflite/test_checking.py` build one of each kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from lut.errors import ModelError
from lut.frontends import Lost, Model, load_model

CASES = Path(__file__).resolve().parents[4] / "shared" / "nets" / "cases"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"the files are not in {CASES}")


@dataclass(frozen=True)
class Right:
    """What is right of a file: its operators' types, the nodes without one, and multiply-adds of both.

    `shapes` are what the operators read first. With no operators and no nodes the file is refused.
    """

    operators: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    multiply_adds: int = 0
    lost: int = 0
    shapes: tuple[tuple[int, ...], ...] | None = None


REFUSED = Right()
IMAGE, IMAGE_8 = (1, 8, 14, 14), (1, 14, 14, 8)
MACS = 14 * 14 * 8 * 8 * 9
TO_8, FROM_8 = ("NCHW2NHWC", "Int8Quantize"), ("Int8Dequantize", "NHWC2NCHW")

READ: dict[str, Right] = {
    "concat_const.onnx": Right(("Concat", "Conv"), (), 14 * 14 * 4 * 10, shapes=(IMAGE, (1, 10, 14, 14))),
    "tfl_concat_const.tflite": Right(
        ("Concat", "Conv"), (), 14 * 14 * 4 * 10, shapes=(IMAGE, (1, 10, 14, 14))
    ),
    "tfl_shape_signature.tflite": REFUSED,
    "softmax_last_4d.onnx --precision int8": Right(
        ("Int8Quantize", "Int8Softmax", "Int8Relu", "Int8Dequantize"), shapes=((1, 4, 49, 49),) * 4
    ),
    "slice_flip.onnx": Right(("Conv", "Relu"), ("Slice",), MACS),
    "resize_same_size_crop.onnx": Right(("Conv",), ("Resize",), 14 * 14 * 8 * 2 * 9),
    "qdq_uint16.onnx": REFUSED,
    "qdq_fp8.onnx": REFUSED,
    "tfl_int4_acts.tflite": REFUSED,
    "weight_only_int8.onnx --precision int8": Right((*TO_8, "Int8Conv", *FROM_8), (), MACS),
    "weight_only_int8.onnx --precision fp32": Right(("Conv",), (), MACS),
    "uint8_argmax_output.onnx --precision int8": Right((*TO_8, "Int8Conv"), ("ArgMax", "Cast"), MACS),
    "uint8_image_input.onnx": Right(("Conv", "Relu"), ("Cast",), 14 * 14 * 8 * 3 * 9),
    "two_grus_empty_first.onnx": Right(("Sum", "Relu"), ("GRU", "GRU")),
    "topk_empty_first.onnx": Right(("Relu",), ("TopK", "TopK")),
    "output_qlinearconv_relu.onnx": Right((*TO_8, "Int8Conv", "Int8Relu"), (), MACS),
    "output_between_int8.onnx": Right((*TO_8, "Int8Conv", "Int8Relu"), (), MACS),
    "output_between_conv_relu.onnx --fused": Right(("Conv", "Relu"), (), MACS),
    "tfl_fc_dynamic_weight.tflite": REFUSED,
    "tfl_fc_keepdims4.tflite": Right(("FC",), (), 7 * 7 * 64 * 24),
    "tfl_fc_keepdims4_square.tflite": Right(("FC",), (), 448 * 64 * 24, shapes=((1, 7, 64, 64),)),
    "tfl_signbit.tflite": REFUSED,
    "requantize.onnx": Right((*TO_8, *FROM_8), ("QuantizeLinear",)),
    "tfl_float16_acts.tflite": REFUSED,
    "tfl_add_const_c.tflite": Right(("Conv",)),
    "tfl_conv_add_const_c.tflite": Right(("Conv", "Relu"), (), MACS),
    "tfl_resize_align.tflite": REFUSED,
    "reducemean_noop.onnx": Right(("Conv",), (), MACS),
    "matmul_class_token.onnx": Right(("FC", "Relu"), (), 64 * 24, shapes=((1, 1, 64), (1, 1, 24))),
    "matmul_row_scale.onnx": Right(("FC", "Mul"), (), 49 * 64 * 24),
    "matmul3_bias.onnx": Right(("FC",), (), 49 * 64 * 24),
    "gemm_dyn_bias.onnx": REFUSED,
    "add_scalar_rank5.onnx": Right(("Relu",), ("Add",), shapes=((1, 1, 8, 14, 14),)),
    "dropout_training.onnx": Right(("Conv",), ("Dropout",), MACS),
    "maxpool_indices.onnx": Right(("Relu",), ("MaxPool", "MaxUnpool")),
    "fp16.onnx": REFUSED,
    "int64_arith.onnx --precision int8": REFUSED,
    "dead_branch.onnx": Right(("Conv", "Relu"), (), MACS),
    "sparse_initializer.onnx": Right(("Conv", "Relu"), (), MACS),
    'fixed_batch1.onnx {"x": [4, 8, 14, 14]}': Right(("Conv", "Relu"), (), 4 * MACS),
    "split_unused.onnx": Right(("Slice", "Sigmoid")),
    "matmul_const_left.onnx": Right(("Relu",), ("MatMul",), 0, 31_360),
    "sequence_input.onnx": REFUSED,
    "open_rank1_audio.onnx": REFUSED,
    "custom_op_no_output.onnx": REFUSED,
    "dq_sparse_weight.onnx": Right(("Conv", "Relu"), (), 12 * 12 * 8 * 8 * 9),
    "tfl_conv_no_options.tflite": REFUSED,
    "tfl_leaky_no_options.tflite": REFUSED,
    "tfl_conv_rank3.tflite": REFUSED,
    "tfl_two_subgraphs.tflite": Right(("Relu",)),
    "convinteger.onnx": Right(("Mul", "Relu"), ("DynamicQuantizeLinear", "ConvInteger", "Cast"), 0, MACS),
    "einsum.onnx": Right(("Relu",), ("Einsum",), 0, 75_264),
    "lstm.onnx": Right(("Relu",), ("LSTM",), 0, 2_560),
    "convtranspose_same_upper.onnx": Right(("Relu",), ("ConvTranspose",), 0, 56_448),
    "ms_fusedconv_vi.onnx": Right(("Conv",), ("com.microsoft.FusedConv",), MACS, MACS),
    "tfl_conv3d.tflite": Right(("Relu",), ("CONV_3D",), 0, 17_496),
    "qop_flatten.onnx": Right((*TO_8, "Int8AveragePool", "Int8FC", "Int8Dequantize"), (), 80),
    "local_function.onnx": Right(("Conv", "Relu", "Relu"), (), MACS),
    "if_const.onnx": Right(("Relu",)),
    "clip_0_6_computed.onnx": Right(("Conv", "Clip"), (), MACS),
}


def read(case: str) -> tuple[Model, bool]:
    """Load a case; tell also whether it is to be as an engine runs it that fuses."""
    name, _, options = case.partition(" ")
    dims = {"x": (4, 8, 14, 14)} if options.startswith("{") else None
    precision = options.split()[1] if options.startswith("--precision") else None
    return load_model(CASES / name, dims, precision=precision), options == "--fused"


def check(case: str, right: Right) -> None:
    if right == REFUSED:
        with pytest.raises(ModelError):
            _ = read(case)[0].ops
        return
    model, is_fused = read(case)
    operators = model.choose_ops(fused=is_fused)
    assert tuple(op.op_type for op in operators) == right.operators
    assert tuple(fate.op_type for fate in model.unmapped) == right.unmapped
    assert model.multiply_adds == right.multiply_adds
    if right.unmapped and right.lost:
        assert Lost.of(model.unmapped) == Lost(right.lost, 0)
    if right.shapes is not None:
        assert tuple(op.inputs[0].shape for op in operators) == right.shapes
    for fate in model.fates:
        assert fate.detail


@pytest.mark.parametrize("case", READ)
def test_what_is_read_is_right(case: str) -> None:
    check(case, READ[case])


def test_the_other_graph_of_a_file_is_chosen_by_its_name() -> None:
    path = CASES / "tfl_two_subgraphs.tflite"
    (remark,) = load_model(path).remarks
    assert "'sub0'" in remark
    assert load_model(path, signature="sub0").multiply_adds == MACS


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("fuzz_*")))
def test_a_damaged_file_is_refused_or_its_damaged_nodes_are_named(name: str) -> None:
    try:
        model = load_model(CASES / name)
        unmapped, _ = model.unmapped, model.ops
    except ModelError:
        return
    assert unmapped
