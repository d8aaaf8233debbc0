"""What can be told of an ONNX graph beforehand: its nodes are gone through once, in the order they run.

Values that are computed from constants and shapes are computed here, by ONNX's own reference evaluator, an If
on such a value takes its branch, and shapes that were open behind them are inferred. Only small tensors are
computed: what a graph computes its shapes from holds a few numbers, and its weights are not read at all.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import defs, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from lut.frontends.nodes import MALFORMED, Value
from lut.frontends.onnx.arranging import rename_inside
from lut.frontends.onnx.foreign import find_plain, infer_foreign, type_of
from lut.frontends.onnx.operators import OWN_DOMAINS, read_node

__all__ = ["Followed", "follow"]

_MOST_NUMBERS = 1024
"""Tensors with more are not computed."""

_MOST_COMPUTED = 20_000
"""So many nodes are computed; each takes a part of a millisecond."""

_COMPUTED = {
    *("Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Concat", "ConstantOfShape", "Div", "Equal", "Expand"),
    *("Flatten", "Floor", "Gather", "GatherElements", "GatherND", "Greater", "GreaterOrEqual", "Identity"),
    *("Less", "LessOrEqual", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Range", "Reciprocal"),
    *("ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape", "Round", "ScatterND", "Sign", "Slice"),
    *("Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tile", "Transpose", "Trilu", "Unsqueeze", "Where", "Xor"),
}
"""The types that shapes are computed by. What each gives is known to be small before it is computed."""

_NUMBERS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13})
"""Types of plain numbers and truth values, by `onnx.TensorProto.DataType`."""

ReadConstants = Callable[[onnx.GraphProto], "dict[str, NDArray[Any]]"]


class Followed:
    """A graph's nodes once each If on a constant is its branch, its tensors, and those that were computed."""

    def __init__(
        self,
        model: onnx.ModelProto,
        values: Mapping[str, Value],
        constants: Mapping[str, NDArray[Any]],
        read_constants: ReadConstants,
    ) -> None:
        self.values = dict(values)
        self.constants = dict(constants)
        self.brought: set[str] = set()
        self.nodes: list[onnx.NodeProto] = []
        self._opset = max(
            (each.version for each in model.opset_import if each.domain in OWN_DOMAINS), default=1
        )
        self._opsets = [helper.make_opsetid("", self._opset)]
        self._read_constants = read_constants
        self._left = _MOST_COMPUTED
        self._branches = 0

    def follow(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """Take a node in; give those that are there in its place, if it decides which."""
        if node.domain in OWN_DOMAINS and node.op_type == "If" and node.input:
            condition = self.constants.get(node.input[0])
            if condition is not None and condition.size == 1:
                branch = self._choose(node, is_true=bool(condition.reshape(())))
                if branch is not None:
                    return branch
        self.nodes.append(node)
        types = self._infer(node)
        for name, value in types.items():
            self.values.setdefault(name, value)
        self._compute(node, types)
        return []

    def _infer(self, node: onnx.NodeProto) -> dict[str, Value]:
        """Give what is known of the outputs."""
        outputs = [name for name in node.output if name]
        known = {name: self.values[name] for name in outputs if name in self.values}
        if len(known) == len(outputs):
            return known
        try:
            if node.domain in OWN_DOMAINS:
                return {**self._ask(node), **known}
            plain = read_node(node, self._opset)
            found = find_plain(plain)
            if found is None:
                return {**infer_foreign(plain, self.values), **known}
            op_type, inputs = found
            stand_in = onnx.NodeProto()
            stand_in.CopyFrom(node)
            schema = defs.get_schema(op_type, self._opset)
            kept = [each for each in node.attribute if each.name in schema.attributes]
            stand_in.domain, stand_in.op_type = "", op_type
            del stand_in.attribute[:], stand_in.input[:]
            stand_in.attribute.extend(kept)
            stand_in.input.extend(inputs)
            dtype = type_of(plain, self.values)
            shapes = self._ask(stand_in, is_float=True)
            return {name: Value(value.shape, dtype) for name, value in shapes.items()} | known
        except (*MALFORMED, defs.SchemaError, shape_inference.InferenceError, RuntimeError):
            return known  # the mapper of the node says what is wrong with it

    def _ask(self, node: onnx.NodeProto, *, is_float: bool = False) -> dict[str, Value]:
        """Infer the outputs of one of ONNX's own nodes from the shapes of its inputs, and their values."""
        schema = defs.get_schema(node.op_type, self._opset)
        inputs = {}
        for name in filter(None, node.input):
            value = self.values[name]
            dtype = onnx.TensorProto.FLOAT if is_float else value.dtype
            inputs[name] = helper.make_tensor_type_proto(dtype, value.shape)
        data = {
            name: numpy_helper.from_array(np.ascontiguousarray(self.constants[name]), name)
            for name in inputs
            if name in self.constants and self.constants[name].size <= _MOST_NUMBERS
        }
        given = shape_inference.infer_node_outputs(schema, node, inputs, data, opset_imports=self._opsets)
        read = {name: _read_type(each) for name, each in given.items()}
        return {name: found for name, found in read.items() if found is not None}

    def _compute(self, node: onnx.NodeProto, types: Mapping[str, Value]) -> None:
        """Compute a node whose inputs are known and small, and what it gives too."""
        if node.domain not in OWN_DOMAINS or not node.output or not self._left:
            return
        if node.op_type in ("Shape", "Size"):
            source = self.values.get(node.input[0]) if node.input else None
            if source is not None and len(source.shape) <= _MOST_NUMBERS:
                given = _measure(node, source.shape)
                self.constants[node.output[0]] = given
                self.values[node.output[0]] = Value(given.shape, onnx.TensorProto.INT64)
            return
        names = [name for name in node.input if name]
        if node.op_type not in _COMPUTED or not all(name in self.constants for name in names):
            return
        outputs = [name for name in node.output if name]
        if node.op_type == "Range":
            types = _range_over([self.constants[name] for name in names], outputs)
            self.values |= types
        are_small = all(
            name in types and prod(types[name].shape) <= _MOST_NUMBERS and types[name].dtype in _NUMBERS
            for name in outputs
        ) and all(self.constants[name].size <= _MOST_NUMBERS for name in names)
        if not are_small:
            return
        self._left -= 1
        try:
            with np.errstate(all="ignore"):
                evaluator = ReferenceEvaluator(_as_model(node, self._opsets))
                results = evaluator.run(None, {name: self.constants[name] for name in names})
        except (*MALFORMED, NotImplementedError, RuntimeError):
            return  # what can't be computed is not known
        for name, result in zip(outputs, results, strict=False):
            if isinstance(result, np.ndarray | np.generic):
                self.constants[name] = np.asarray(result)

    def _choose(self, node: onnx.NodeProto, *, is_true: bool) -> list[onnx.NodeProto] | None:
        """Give the nodes of an If's branch, which write what the If wrote."""
        wanted = "then_branch" if is_true else "else_branch"
        branch = next((each.g for each in node.attribute if each.name == wanted), None)
        if branch is None or len(branch.output) != len(node.output):
            return None
        self._branches += 1
        names = {
            name: f"{node.output[0]}:{self._branches}:{name}"
            for name in (
                *(each.name for each in branch.initializer),
                *(each for inner in branch.node for each in inner.output if each),
            )
        }
        for tensor in branch.initializer:
            self.values[names[tensor.name]] = Value(tuple(tensor.dims), tensor.data_type)
            self.brought.add(names[tensor.name])
        for name, value in self._read_constants(branch).items():
            self.constants[names.get(name, name)] = value
            self.brought.add(names.get(name, name))
        nodes = [rename_inside(inner, names) for inner in branch.node]
        for inner, outer in zip(branch.output, node.output, strict=True):
            if outer:
                source = names.get(inner.name, inner.name)
                nodes.append(helper.make_node("Identity", [source], [outer]))
        return _join_ends(nodes)


def follow(
    model: onnx.ModelProto,
    graph: onnx.GraphProto,
    values: Mapping[str, Value],
    constants: Mapping[str, NDArray[Any]],
    read_constants: ReadConstants,
) -> Followed:
    """Go through a graph.

    Args:
        model: the model, for its opsets.
        graph: its nodes, in the order they run.
        values: what is known of its tensors.
        constants: the values of small ones.
        read_constants: reads those of a branch's graph.
    """
    followed = Followed(model, values, constants, read_constants)
    left = deque(graph.node)
    while left:
        left.extendleft(reversed(followed.follow(left.popleft())))
    return followed


def _measure(node: onnx.NodeProto, shape: tuple[int, ...]) -> NDArray[Any]:
    if node.op_type == "Size":
        return np.asarray(prod(shape), np.int64) if prod(shape) < 2**63 else np.asarray(0.0)
    bounds = {each.name: each.i for each in node.attribute}
    return np.asarray(shape[bounds.get("start", 0) : bounds.get("end", len(shape))], np.int64)


def _as_model(node: onnx.NodeProto, opsets: list[onnx.OperatorSetIdProto]) -> onnx.ModelProto:
    """Write a node as a model of its own: an evaluator of a node alone takes the newest opset."""
    untyped = [onnx.ValueInfoProto(name=name) for name in dict.fromkeys(filter(None, node.input))]
    outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
    graph = helper.make_graph([node], "one", untyped, outputs)
    return helper.make_model(graph, opset_imports=opsets)


def _read_type(each: onnx.TypeProto) -> Value | None:
    tensor = each.tensor_type
    if not each.HasField("tensor_type") or not tensor.HasField("shape"):
        return None
    sizes = tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim)
    return None if min(sizes, default=0) < 0 else Value(sizes, tensor.elem_type)


def _join_ends(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Let the nodes of a branch write its ends themselves where each is written once and read by none."""
    if any(map(_has_graph, nodes)):  # which may read what is written here
        return nodes
    writers = {name: node for node in nodes for name in node.output if name}
    readers = Counter(name for node in nodes for name in node.input)
    kept = []
    for node in nodes:
        source = node.input[0] if node.op_type == "Identity" and not node.name else ""
        writer = writers.get(source)
        if writer is None or readers[source] != 1:
            kept.append(node)
            continue
        place = list(writer.output).index(source)
        writer.output[place] = node.output[0]
        writers[node.output[0]] = writer
    return kept


def _has_graph(node: onnx.NodeProto) -> bool:
    return any(each.HasField("g") or each.graphs for each in node.attribute)


def _range_over(bounds: Sequence[NDArray[Any]], outputs: Sequence[str]) -> dict[str, Value]:
    """Give the shape of a Range of whole numbers, which follows from their values alone."""
    if len(bounds) != 3 or any(each.size != 1 or each.dtype.kind != "i" for each in bounds):
        return {}
    start, stop, step = (int(each.reshape(())) for each in bounds)
    count = max(0, -(-(stop - start) // step)) if step else 0
    return {name: Value((count,), onnx.TensorProto.INT64) for name in outputs}
