"""An ONNX model's nodes, each held against what the standard says of its type."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import AttributeProto, defs

from lut.frontends.nodes import Node

__all__ = ["OWN_DOMAINS", "read_node"]

OWN_DOMAINS = ("", "ai.onnx")


_ATTRIBUTE_TYPES = dict(AttributeProto.AttributeType.items())


def read_node(node: onnx.NodeProto, opset: int) -> Node:
    """Read a node, without the attributes that have their defaults; one that is malformed has the reason."""
    op_type = node.op_type if node.domain in OWN_DOMAINS else f"{node.domain}.{node.op_type}"
    outputs = tuple(node.output)
    name = node.name or next(filter(None, outputs), "")
    schema = _find_schema(node, opset)
    known = {} if schema is None else schema.attributes
    attributes, refusal = {}, "" if schema is None else _find_fault(node, schema)
    for each in node.attribute:
        value = _read_attribute(each)
        default = known[each.name].default_value if each.name in known else None
        if default is None or default.type == AttributeProto.UNDEFINED or value != _read_attribute(default):
            attributes[each.name] = value
    return Node(name, op_type, tuple(node.input), outputs, attributes, refusal=refusal)


def _find_schema(node: onnx.NodeProto, opset: int) -> defs.OpSchema | None:
    if node.domain not in OWN_DOMAINS or not defs.has(node.op_type):
        return None
    try:
        return defs.get_schema(node.op_type, opset)
    except defs.SchemaError:
        return None  # of a type that this opset does not have: nothing stands for it, or it is malformed


def _find_fault(node: onnx.NodeProto, schema: defs.OpSchema) -> str:
    """Say in what a node is not as its type says; "" where it is."""
    if not schema.min_input <= len(node.input) <= schema.max_input:
        return f"it is malformed: it has {len(node.input)} inputs"
    if not schema.min_output <= len(node.output) <= schema.max_output:
        return f"it is malformed: it has {len(node.output)} outputs"
    for formal, name in zip(schema.inputs, node.input, strict=False):
        if not name and formal.option == defs.OpSchema.FormalParameterOption.Single:
            return f"it is malformed: its input {formal.name} is left out"
    given = {each.name: each for each in node.attribute}
    for name, known in schema.attributes.items():
        if name not in given:
            if known.required:
                return f"it is malformed: its attribute {name} is left out"
        elif given[name].type != _ATTRIBUTE_TYPES[str(known.type).rpartition(".")[2]]:
            return f"it is malformed: its attribute {name} is of another type"
    return ""


def _read_attribute(attribute: AttributeProto) -> Any:
    """Give an attribute's value: numbers, texts and tuples of them; of anything else its message."""
    if attribute.type == AttributeProto.UNDEFINED or attribute.ref_attr_name:
        return None
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if attribute.type in (AttributeProto.INTS, AttributeProto.FLOATS):
        return tuple(value)
    return value
