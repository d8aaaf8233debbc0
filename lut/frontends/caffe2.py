"""Caffe2 models: a folder with `model.pb` and `model_init.pb`, or both as .pbtxt.

A folder may also hold `input_dims.json`, such as {"data": [1, 3, 224, 224]}: the shapes to take when
none are given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lut.caffe2_pb2 import NetDef
from lut.errors import ModelError
from lut.files import parse_json, read_bytes
from lut.frontends.model import Model, Reading
from lut.frontends.netdef import list_named_ops, parameter_specs, read_netdef
from lut.ops import FLOAT, TensorSpec

__all__ = ["Caffe2Nets", "is_caffe2_model", "load", "parse_input_dims", "read_caffe2_nets"]

INPUT_DIMS = "input_dims.json"


def is_caffe2_model(path: Path) -> bool:
    """Tell whether the folder holds a Caffe2 net."""
    return _find(path, "model") is not None


@dataclass(frozen=True)
class Caffe2Nets:
    """A folder's two nets, the predict net's file, and what its operators start from.

    `inputs` are the tensors that are fed from outside, `parameters` those that the init net fills.
    """

    path: Path
    net: NetDef
    init_net: NetDef
    inputs: dict[str, TensorSpec]
    parameters: dict[str, TensorSpec]


def load(path: Path, reading: Reading) -> Model:
    """Read the folder's net as operators; see `lut.frontends.load_model`."""
    nets = read_caffe2_nets(path, reading.input_dims, reading.input_dtype)
    try:
        named = list_named_ops(nets.net, nets.parameters | nets.inputs)
    except ModelError as error:
        raise ModelError(f"{nets.path}: {error}") from error
    is_quantized = any(each.op.op_type.startswith("Int8") for each in named)
    if reading.precision not in (None, "int8" if is_quantized else "fp32"):
        raise ModelError(
            f"{path} is {'quantised' if is_quantized else 'of floats'}, and a Caffe2 net says itself how it "
            f"runs: leave --precision out, or give the folder of its other form."
        )
    return Model(path, named, reading, outputs=frozenset(nets.net.external_output))


def read_caffe2_nets(
    path: Path, input_dims: Mapping[str, tuple[int, ...]] | None = None, input_dtype: int = FLOAT
) -> Caffe2Nets:
    """Read the folder's nets as they are, literal parameters and engines included.

    Raises:
        ModelError: one is absent or can't be understood, or an input has no shape.
    """
    net_path, init_path = _find(path, "model"), _find(path, "model_init")
    if net_path is None or init_path is None:
        raise ModelError(
            f"{path} has no {'model.pb' if net_path is None else 'model_init.pb'}. Both are needed: "
            f"model.pb for the operators, model_init.pb for the shapes of their parameters."
        )
    net = read_netdef(net_path)
    if not net.op:
        raise ModelError(f"{net_path} holds a network without operators. Is it the right file?")
    init_net = read_netdef(init_path)
    try:
        parameters = parameter_specs(init_net)
    except ModelError as error:
        raise ModelError(f"{init_path}: {error}") from error
    dims = _read_input_dims(path) if input_dims is None else input_dims
    inputs = {name: TensorSpec(tuple(shape), input_dtype) for name, shape in dims.items()}
    _check_inputs(net, net_path, parameters | inputs, dims)
    return Caffe2Nets(net_path, net, init_net, inputs, parameters)


def parse_input_dims(text: str) -> dict[str, tuple[int, ...]]:
    """Read JSON such as {"data": [1, 3, 224, 224]}.

    Raises:
        ValueError: it is something else.
    """
    expected = 'expected JSON such as {"data": [1, 3, 224, 224]}'
    try:
        dims = parse_json(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not JSON ({error}); {expected}") from error
    if not isinstance(dims, dict) or not all(
        isinstance(shape, list) and shape and all(type(size) is int and size > 0 for size in shape)
        for shape in dims.values()
    ):
        raise ValueError(f"{text!r} gives no shapes; {expected}")
    return {name: tuple(shape) for name, shape in dims.items()}


def _find(folder: Path, stem: str) -> Path | None:
    for ending in (".pb", ".pbtxt"):
        if (folder / (stem + ending)).is_file():
            return folder / (stem + ending)
    return None


def _read_input_dims(folder: Path) -> dict[str, tuple[int, ...]]:
    path = folder / INPUT_DIMS
    if not path.exists():
        return {}
    try:
        return parse_input_dims(read_bytes(path, ModelError).decode(errors="replace"))
    except ValueError as error:
        raise ModelError(f"{path}: {error}.") from error


def _check_inputs(
    net: NetDef, path: Path, known: Mapping[str, TensorSpec], dims: Mapping[str, tuple[int, ...]]
) -> None:
    """Name inputs without a shape, and shapes without an input, before the walk trips over them."""
    inputs = list(net.external_input)
    unknown = [name for name in dims if inputs and name not in inputs]
    missing = [name for name in inputs if name not in known]
    if unknown:
        raise ModelError(
            f"{path} has no input {', '.join(map(repr, unknown))}; its first input is {inputs[0]!r}."
        )
    if missing:
        example = json.dumps({name: [1, 3, 224, 224] for name in missing[:1]})
        raise ModelError(
            f"{path}: neither the init net nor the input dims give a shape for "
            f"{', '.join(map(repr, missing[:5]))}{' …' if missing[5:] else ''}. "
            f"Inputs of the network take theirs from the option --input_dims, such as '{example}'."
        )
