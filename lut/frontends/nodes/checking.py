"""What a mapper wrote is checked against the graph: its types, all that the node has, the shapes it gives."""

from __future__ import annotations

from lut.errors import ModelError
from lut.frontends.nodes.graph import Node, name_type
from lut.frontends.nodes.net import MappedNet
from lut.frontends.nodes.types import BYTES, WEIGHTED
from lut.frontends.nodes.watching import Watch
from lut.ops import FLOAT

__all__ = ["check_types", "check_use", "check_written"]


def check_types(net: MappedNet, node: Node, precision: str | None) -> None:
    """Refuse a node on other types than float32 and quantised 8 bits.

    Args:
        net: what is written so far.
        node: the node.
        precision: in which type the net is asked to run, which decides where only weights are in 8 bits.

    Raises:
        ModelError: it reads or gives another type; the reason names it.
    """
    dynamic, _ = net.graph.split_constants(node)
    types = net.types
    for name in (*dynamic, *filter(net.graph.is_read, node.outputs)):
        dtype = types.of(name)
        if dtype is not None and dtype != FLOAT and name not in types.quantised:
            what = f"{name_type(dtype)} that is not quantised" if dtype in BYTES else name_type(dtype)
            verb = "gives" if name in node.outputs else "reads"
            raise ModelError(f"it {verb} {what}, which is not measured here")
    if node.op_type not in WEIGHTED or len(node.inputs) < 2 or node.inputs[1] not in net.graph.constants:
        return
    weight = node.inputs[1]
    value = net.graph.graph.values.get(weight)
    if node.output in types.quantised:
        dtype = types.of(weight)
        if dtype is not None and dtype not in (FLOAT, *BYTES):
            raise ModelError(
                f"its weight is of {name_type(dtype)} where activations are in 8 bits, {_NOT_HERE}"
            )
    elif value is not None and value.dtype in BYTES and precision is None:
        raise ModelError(
            f"its weight is of {name_type(value.dtype)} and its activations are quantised while it runs, "
            f"{_NOT_HERE}; --precision says how to take it instead"
        )
    elif value is not None and value.dtype not in (FLOAT, *BYTES):
        raise ModelError(f"its weight is of {name_type(value.dtype)}, {_NOT_HERE}")


_NOT_HERE = "which is not measured here"


def check_use(net: MappedNet, seen: Watch, node: Node) -> None:
    """Refuse a node of which the mapper left out something.

    Raises:
        ModelError: an input, an attribute that has not its default, or an output that is read.
    """
    for name in node.inputs:
        if name and name not in net.graph.constants and name not in net.taken:
            raise ModelError(f"its input {name!r} is computed while the net runs; a constant is known there")
    for name in seen.left_inputs:
        if name and name not in net.taken:
            raise ModelError(f"nothing here stands for its input {name!r}")
    for name in seen.left_attributes:
        raise ModelError(f"nothing here stands for its attribute {name} = {node.attributes[name]!r}")
    for name in node.outputs:
        if net.graph.is_read(name) and name not in net.given:
            raise ModelError(f"nothing here stands for its output {name!r}")


def check_written(net: MappedNet, node: Node, *, is_free: bool, operators: int) -> None:
    """Refuse what a node became where that is nothing, or of other shapes than the graph has.

    Raises:
        ModelError: so it is; the reason says both shapes.
    """
    if not is_free and not operators:
        raise ModelError("nothing here stands for what it does to its input")
    for name in node.outputs:
        value = net.graph.graph.values.get(name)
        if value is None or name not in net.given:
            continue
        if net.shape(name) != value.shape:
            raise ModelError(f"it would give {list(net.shape(name))} where the model has {list(value.shape)}")
