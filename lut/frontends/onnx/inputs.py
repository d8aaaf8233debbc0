"""The shapes of an ONNX model's inputs: those that it states, those that are given, an open batch of 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx

from lut.errors import ModelError
from lut.frontends.open_sizes import close_shape

__all__ = ["fix_inputs", "forget_shapes"]


def fix_inputs(
    path: Path, inputs: Sequence[onnx.ValueInfoProto], given: Mapping[str, tuple[int, ...]]
) -> bool:
    """Write the shapes of the inputs into them: those given, and a batch of 1 where it is open.

    Tells whether a size that the model states is another now, so that shapes behind it are no longer right.

    Raises:
        ModelError: a size is open, an input is no tensor, or a shape is given for none.
    """
    names = [each.name for each in inputs]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ModelError(
            f"{path} has no input {', '.join(map(repr, unknown))}; it has {', '.join(map(repr, names))}."
        )
    is_changed = False
    for each in inputs:
        if not each.type.HasField("tensor_type"):
            kind = each.type.WhichOneof("value") or "value without a type"
            raise ModelError(
                f"{path}: the input {each.name!r} is a {kind.removesuffix('_type')}, and only tensors are "
                f"known here. Export the model with tensors as inputs."
            )
        is_changed |= _fix_input(path, each, given.get(each.name))
    return is_changed


def _fix_input(path: Path, info: onnx.ValueInfoProto, given: tuple[int, ...] | None) -> bool:
    tensor = info.type.tensor_type
    dims = tensor.shape.dim
    sizes = [dim.dim_value if dim.dim_value > 0 else -1 for dim in dims]
    if given is None:
        titles = [dim.dim_param for dim in dims]
        try:
            shape = close_shape(info.name, sizes, titles, has_rank=tensor.HasField("shape"))
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
    else:
        shape = given
    del dims[:]
    for size in shape:
        dims.add(dim_value=size)
    if not sizes and not given:
        tensor.shape.SetInParent()
    is_open = all(size in (-1, new) for size, new in zip(sizes, shape, strict=False))
    return bool(sizes) and (len(sizes) != len(shape) or not is_open)


def forget_shapes(graph: onnx.GraphProto) -> None:
    """Take out what a graph states of the shapes behind its inputs, which were for others."""
    del graph.value_info[:]
    for each in graph.output:
        if each.type.HasField("tensor_type"):
            each.type.tensor_type.ClearField("shape")
