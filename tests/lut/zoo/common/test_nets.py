"""Nets in common use: their size, and that all of them can be read again."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from lut.errors import ModelError
from lut.frontends import load_model
from lut.zoo import COMMON_NETS, write_common_net

PARAMETERS = {
    "MobileNetV1": 4_231_976,
    "MobileNetV2": 3_504_872,
    "MobileNetV3-Large": 5_483_032,
    "MobileNetV3-Small": 2_542_856,
    "EfficientNet-Lite0": 4_652_008,
    "ResNet-18": 11_689_512,
    "ResNet-50": 25_557_032,
    "SqueezeNet-1.1": 1_235_496,
    "ShuffleNetV2": 2_278_604,
}
"""As torchvision, timm and Keras count them, with two parameters a channel for each batch normalisation."""


@pytest.mark.parametrize("name", COMMON_NETS)
def test_multiply_adds_are_those_of_the_papers(name: str, tmp_path: Path) -> None:
    model = load_model(write_common_net(name, tmp_path))
    expected = 385.2 if name == "EfficientNet-Lite0" else COMMON_NETS[name].mega_macs
    assert model.multiply_adds / 1e6 == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_as_many_but_for_the_folded_normalisations(name: str, tmp_path: Path) -> None:
    """Each convolution has one bias a channel here, and a normalisation behind it has two parameters."""
    ops = load_model(write_common_net(name, tmp_path)).ops
    layers = [op for op in ops if op.op_type in ("Conv", "FC")]
    parameters = sum(tensor.elements for op in layers for tensor in op.inputs[1:])
    normalised = [
        op for op in layers if op.op_type == "Conv" and _is_normalised(name, op.inputs[0].shape[2:])
    ]
    assert parameters + sum(op.inputs[1].shape[0] for op in normalised) == PARAMETERS[name]


def _is_normalised(name: str, size: tuple[int, ...]) -> bool:
    """SqueezeNet has no normalisation, and MobileNetV3 none on pooled features."""
    return not name.startswith("SqueezeNet") and size != (1, 1)


@pytest.mark.parametrize("precision", ["int8", "fp32"])
@pytest.mark.parametrize("name", COMMON_NETS)
def test_every_node_has_an_operator_or_costs_nothing(name: str, precision: str, tmp_path: Path) -> None:
    path = write_common_net(name, tmp_path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert not load_model(path, precision=precision).unmapped


def test_a_net_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"No net is called 'ResNet'\. Did you mean ResNet-"):
        write_common_net("ResNet", tmp_path)
