"""An ONNX model as plain nodes in the order they run: functions inlined, nodes sorted, small data at hand."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from pathlib import Path

import onnx
from onnx import checker, inliner

from lut.errors import ModelError
from lut.frontends.onnx.foreign import DOMAIN, SAME
from lut.frontends.onnx.skeleton import MOST_BYTES

__all__ = ["arrange", "rename_inside"]

_MOST_NODES = 100_000
"""So many nodes a model may have with its functions inlined; large ones have a few thousand."""


def arrange(path: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    """Give a model without functions of its own, whose nodes come after those that they read.

    Raises:
        ModelError: its functions call themselves or become too many nodes, or can't be inlined.
    """
    if model.functions:
        model = _inline(path, model)
    for node in model.graph.node:
        if node.domain == DOMAIN and node.op_type in SAME:
            node.domain = ""
    for tensor in model.graph.initializer:
        _read_beside(path, tensor)
    _sort(model.graph)
    return model


def _inline(path: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    if _count_inlined(path, model) > _MOST_NODES:
        raise ModelError(
            f"{path}: its functions become more than {_MOST_NODES:,} nodes. Export the model without them."
        )
    try:
        return inliner.inline_local_functions(model)
    except (checker.ValidationError, RuntimeError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path}: its functions can't be inlined ({' '.join(str(error).split())[:300]}). Export the "
            f"model without them."
        ) from error


def _count_inlined(path: Path, model: onnx.ModelProto) -> int:
    """Count the nodes of a model in which every call of a function is its nodes."""
    calls = {
        (each.domain, each.name): Counter((node.domain, node.op_type) for node in _walk(each.node))
        for each in model.functions
    }
    sizes: dict[tuple[str, str], int] = {}
    while left := calls.keys() - sizes.keys():
        ready = [name for name in left if not calls[name].keys() & left]
        if not ready:
            raise ModelError(f"{path}: its functions call each other endlessly. Export the model again.")
        for name in ready:
            sizes[name] = sum(sizes.get(callee, 1) * many for callee, many in calls[name].items()) or 1
    return sum(sizes.get((node.domain, node.op_type), 1) for node in _walk(model.graph.node))


def _walk(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Give nodes, and those of the graphs within them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _walk(graph.node)


def _names_read(node: onnx.NodeProto) -> set[str]:
    """Name the tensors that a node reads, also within its graphs."""
    return {name for each in _walk([node]) for name in each.input if name} | {
        output.name
        for attribute in node.attribute
        for graph in (attribute.g, *attribute.graphs)
        for output in graph.output
    }


def _sort(graph: onnx.GraphProto) -> None:
    """Put nodes behind those that they read, else as they are; such as read each other stay as they are."""
    writers = {name: place for place, node in enumerate(graph.node) for name in node.output if name}
    reads = [{writers[name] for name in _names_read(node) if name in writers} for node in graph.node]
    if all(max(each, default=-1) < place for place, each in enumerate(reads)):
        return
    readers: list[list[int]] = [[] for _ in reads]
    for place, each in enumerate(reads):
        for writer in each:
            readers[writer].append(place)
    left = [len(each) for each in reads]
    ready = [place for place, count in enumerate(left) if not count]
    order = []
    while ready:
        place = heapq.heappop(ready)
        order.append(place)
        for reader in readers[place]:
            left[reader] -= 1
            if not left[reader]:
                heapq.heappush(ready, reader)
    if len(order) == len(reads):
        nodes = [graph.node[place] for place in order]
        copied = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(copied)


def _read_beside(path: Path, tensor: onnx.TensorProto) -> None:
    """Read a small tensor's data from the file where they are, if that is there, in the model's folder."""
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return
    said = {each.key: each.value for each in tensor.external_data}
    size = prod(tensor.dims) * _SIZES.get(tensor.data_type, 0)
    offset = said.get("offset", "0")
    if not 0 < size <= MOST_BYTES or not offset.isdecimal() or len(offset) > _MOST_DIGITS:
        return
    folder = path.resolve().parent
    try:
        place = (folder / said.get("location", "")).resolve()
        if not place.is_relative_to(folder) or not place.is_file():
            return
        with place.open("rb") as stream:
            stream.seek(int(offset))
            data = stream.read(size)
    except (OSError, ValueError):
        return  # data that can't be read are not at hand, as where the file is not there
    if len(data) == size:
        tensor.raw_data = data
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


_SIZES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8}
"""Bytes of a number, by `onnx.TensorProto.DataType`, of those types that are not packed."""

_MOST_DIGITS = 15
"""An offset of more digits is in no file."""


def rename_inside(node: onnx.NodeProto, names: Mapping[str, str]) -> onnx.NodeProto:
    """Give a copy of a node that reads and writes tensors by other names, also within its graphs."""
    renamed = onnx.NodeProto()
    renamed.CopyFrom(node)
    for each in _walk([renamed]):
        each.input[:] = [names.get(name, name) for name in each.input]
        each.output[:] = [names.get(name, name) for name in each.output]
        for attribute in each.attribute:
            for graph in (attribute.g, *attribute.graphs):
                for output in graph.output:
                    output.name = names.get(output.name, output.name)
    return renamed
