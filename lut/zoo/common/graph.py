"""A net as nodes of ONNX while it is put together, and the file that it becomes.

Weights are made by ConstantOfShape nodes: no latency depends on their values, and the files stay small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lut.files import write_atomically
from lut.frontends import need_package

__all__ = ["GraphBuilder", "Node", "Tensor"]

_OPSET = 17


@dataclass(frozen=True)
class Tensor:
    """A feature map or row: its name, how many channels it has, and its height and width, which are equal."""

    name: str
    channels: int
    size: int


@dataclass(frozen=True)
class Node:
    """A node: its type, what it reads and writes, its attributes."""

    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass
class GraphBuilder:
    """The nodes so far. Each method adds one layer and gives what it writes."""

    resolution: int
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Shapes that reshapes are given, and where splits cut, by name."""
    weights: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """The shapes of weights and biases, by name."""

    @property
    def image(self) -> Tensor:
        """What the net is given."""
        return Tensor("image", 3, self.resolution)

    def conv(
        self,
        x: Tensor,
        channels: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        group: int = 1,
        pad: int | None = None,
        activation: str = "",
    ) -> Tensor:
        """Add a convolution with its bias and an activation; by itself the pad keeps the size at stride 1."""
        name = self._name("Conv")
        parameters = {
            f"{name}_w": (channels, x.channels // group, kernel, kernel),
            f"{name}_b": (channels,),
        }
        self.weights |= parameters
        pad = kernel // 2 if pad is None else pad
        size = (x.size + 2 * pad - kernel) // stride + 1
        attributes = {
            "kernel_shape": [kernel] * 2,
            "strides": [stride] * 2,
            "pads": [pad] * 4,
            "group": group,
        }
        y = self._add("Conv", [x.name, *parameters], Tensor(name, channels, size), **attributes)
        return self.activate(y, activation)

    def activate(self, x: Tensor, activation: str) -> Tensor:
        """Add "Relu", "Relu6", "HardSwish", "HardSigmoid" or "Sigmoid"; nothing where it is ""."""
        if not activation:
            return x
        if activation == "Relu6":
            return self._follow("Clip", [x.name, "zero", "six"], x)
        attributes = {"alpha": 1 / 6, "beta": 0.5} if activation == "HardSigmoid" else {}
        return self._follow(activation, [x.name], x, **attributes)

    def squeeze_excite(self, x: Tensor, channels: int, gate: str) -> Tensor:
        """Add factors for all channels, computed from their means through so many channels."""
        inner = self.conv(self.average(x), channels, activation="Relu")
        factors = self.conv(inner, x.channels, activation=gate)
        return self._follow("Mul", [x.name, factors.name], x)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """Add two feature maps."""
        return self._follow("Add", [x.name, y.name], x)

    def average(self, x: Tensor) -> Tensor:
        """Average each channel over the whole image."""
        return self._add("GlobalAveragePool", [x.name], Tensor(self._name("Pool"), x.channels, 1))

    def max_pool(self, x: Tensor, pad: int = 1, *, ceil: bool = False) -> Tensor:
        """Take the most of windows of 3 by 3 at stride 2."""
        steps = x.size + 2 * pad - 3
        size = (-(-steps // 2) if ceil else steps // 2) + 1
        attributes = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [pad] * 4, "ceil_mode": int(ceil)}
        return self._add("MaxPool", [x.name], Tensor(self._name("Pool"), x.channels, size), **attributes)

    def join(self, x: Tensor, y: Tensor) -> Tensor:
        """Join the channels of two feature maps."""
        joined = Tensor(self._name("Concat"), x.channels + y.channels, x.size)
        return self._add("Concat", [x.name, y.name], joined, axis=1)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Cut the channels in two halves."""
        half = x.channels // 2
        name = self._name("Split")
        self.constants[f"{name}_sizes"] = (half, half)
        first, second = Tensor(f"{name}_0", half, x.size), Tensor(f"{name}_1", half, x.size)
        inputs = (x.name, f"{name}_sizes")
        self.nodes.append(Node("Split", inputs, (first.name, second.name), {"axis": 1}))
        return first, second

    def shuffle(self, x: Tensor, group: int) -> Tensor:
        """Deal the channels of each group out to all groups, in the three nodes that exporters write."""
        name = self._name("Shuffle")
        self.constants[f"{name}_apart"] = (1, group, x.channels // group, x.size, x.size)
        self.constants[f"{name}_whole"] = (1, x.channels, x.size, x.size)
        apart = self._add("Reshape", [x.name, f"{name}_apart"], Tensor(f"{name}_0", x.channels, x.size))
        turned = Tensor(f"{name}_1", x.channels, x.size)
        self._add("Transpose", [apart.name], turned, perm=[0, 2, 1, 3, 4])
        return self._add("Reshape", [turned.name, f"{name}_whole"], Tensor(name, x.channels, x.size))

    def classify(self, x: Tensor, classes: int = 1000) -> Tensor:
        """Add the fully connected layer on pooled features."""
        row = self.flatten(x)
        name = self._name("Gemm")
        self.weights |= {f"{name}_w": (classes, x.channels), f"{name}_b": (classes,)}
        inputs = [row.name, f"{name}_w", f"{name}_b"]
        return self._add("Gemm", inputs, Tensor(name, classes, 1), transB=1)

    def flatten(self, x: Tensor) -> Tensor:
        """Give a pooled feature map as a row."""
        return self._add("Flatten", [x.name], Tensor(self._name("Flatten"), x.channels, 1))

    def write(self, name: str, output: Tensor, path: Path) -> None:
        """Write the net as a file of ONNX.

        Raises:
            FileError: it can't be written.
            ModelError: the extra `onnx` is not installed.
        """
        need_package("onnx", path)
        from onnx import TensorProto, helper

        small = {**self.constants, **{f"{each}_shape": shape for each, shape in self.weights.items()}}
        brought = [
            helper.make_tensor(each, TensorProto.INT64, [len(shape)], shape) for each, shape in small.items()
        ]
        brought += [
            helper.make_tensor(each, TensorProto.FLOAT, [], [value])
            for each, value in (("zero", 0), ("six", 6))
        ]
        nodes = [
            helper.make_node("ConstantOfShape", [f"{each}_shape"], [each], name=each) for each in self.weights
        ]
        nodes += [
            helper.make_node(node.op_type, node.inputs, node.outputs, name=node.outputs[0], **node.attributes)
            for node in self.nodes
        ]
        shape = [1, 3, self.resolution, self.resolution]
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info(self.image.name, TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(output.name, TensorProto.FLOAT, [1, output.channels])],
            brought,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
        write_atomically(path, model.SerializeToString(deterministic=True))

    def _name(self, kind: str) -> str:
        return f"{kind}_{len(self.nodes)}"

    def _follow(self, op_type: str, inputs: list[str], x: Tensor, **attributes: Any) -> Tensor:
        """Add a node whose output is shaped like its input."""
        return self._add(op_type, inputs, Tensor(self._name(op_type), x.channels, x.size), **attributes)

    def _add(self, op_type: str, inputs: list[str], y: Tensor, **attributes: Any) -> Tensor:
        self.nodes.append(Node(op_type, tuple(inputs), (y.name,), attributes))
        return y
