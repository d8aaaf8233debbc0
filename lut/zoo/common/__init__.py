"""Nets in common use today, written as ONNX: those that people compare their own with.

Adding one is a function that builds it and one line here. Reading order: `graph` (how a net is put together
and written), `inverted` and `others` (the architectures).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lut.zoo.common import inverted, others
from lut.zoo.common.graph import GraphBuilder, Tensor
from lut.zoo.names import match_name

__all__ = ["COMMON_NETS", "CommonNet", "write_common_net"]


@dataclass(frozen=True)
class CommonNet:
    """A net: how it is built, and its published figure in millions of multiply-adds, with where it stands.

    Figures agree within 2 %, but for EfficientNet-Lite0: its layers make 385 million, and its authors count
    5 % more. Its parameters are theirs to the last one.
    """

    build: Callable[[GraphBuilder], Tensor]
    mega_macs: float
    source: str
    resolution: int = 224


COMMON_NETS: dict[str, CommonNet] = {
    "MobileNetV1": CommonNet(inverted.build_mobilenet_v1, 569, "arXiv 1704.04861, table 4"),
    "MobileNetV2": CommonNet(inverted.build_mobilenet_v2, 300, "arXiv 1801.04381, table 4"),
    "MobileNetV3-Large": CommonNet(inverted.build_mobilenet_v3_large, 219, "arXiv 1905.02244, table 3"),
    "MobileNetV3-Small": CommonNet(inverted.build_mobilenet_v3_small, 56, "arXiv 1905.02244, table 3"),
    "MnasNet-A1": CommonNet(inverted.build_mnasnet_a1, 312, "arXiv 1807.11626, table 1"),
    "EfficientNet-Lite0": CommonNet(
        inverted.build_efficientnet_lite0, 407, "the authors' table of EfficientNet-Lite models"
    ),
    "ResNet-18": CommonNet(others.build_resnet18, 1800, "arXiv 1512.03385, table 1"),
    "ResNet-50": CommonNet(others.build_resnet50, 3800, "arXiv 1512.03385, table 1"),
    "SqueezeNet-1.1": CommonNet(others.build_squeezenet, 350, "torchvision's table of weights, 0.35 GFLOPS"),
    "ShuffleNetV2": CommonNet(others.build_shufflenet_v2, 146, "arXiv 1807.11164, table 8"),
}


def write_common_net(name: str, folder: Path) -> Path:
    """Write a net to `folder/<name>.onnx` and give that path.

    Raises:
        ModelError: there is no net of that name, or the extra `onnx` is not installed.
        FileError: the folder can't be written to.
    """
    name = match_name(name, COMMON_NETS)
    net = COMMON_NETS[name]
    graph = GraphBuilder(net.resolution)
    path = folder / f"{name}.onnx"
    graph.write(name, net.build(graph), path)
    return path
