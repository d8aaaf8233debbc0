"""Front-ends: what turns a model on disk into operators. Adding one is one module and one line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from lut.caffe2_pb2 import NetDef
from lut.errors import ModelError
from lut.files import explain_kind
from lut.frontends import caffe2, onnx, tflite
from lut.frontends.caffe2 import is_caffe2_model, parse_input_dims, read_caffe2_nets
from lut.frontends.fates import Fate, Lost
from lut.frontends.finding import find_in
from lut.frontends.fusion import fuse_activations
from lut.frontends.memory import Memory, count_memory
from lut.frontends.model import PRECISIONS, Frontend, Model, Reading, name_models
from lut.frontends.named import NamedOp
from lut.frontends.netdef import list_named_ops, parameter_specs, write_netdef
from lut.frontends.packages import need_package
from lut.ops import FLOAT, OpSpec, TensorSpec

__all__ = [
    "FRONTENDS",
    "PRECISIONS",
    "Fate",
    "Frontend",
    "Lost",
    "Memory",
    "Model",
    "NamedOp",
    "Net",
    "Reading",
    "count_memory",
    "find_models",
    "is_caffe2_model",
    "is_model",
    "list_named_ops",
    "list_net_ops",
    "load_model",
    "load_net",
    "name_models",
    "need_package",
    "parse_input_dims",
    "read_caffe2_nets",
    "write_netdef",
]

FRONTENDS: dict[str, Frontend] = {
    "caffe2": Frontend(caffe2.is_caffe2_model, caffe2.load),
    "onnx": Frontend(onnx.is_onnx_model, onnx.load),
    "tflite": Frontend(tflite.is_tflite_model, tflite.load, has_signatures=True),
}
"""In the order in which they are asked whether a model is theirs."""


Net: TypeAlias = str | Path | Model | NetDef | Iterable[OpSpec]
"""What a net may be given as: a model's folder or file, a loaded model, a NetDef, or its operators."""


def is_model(path: Path) -> bool:
    """Tell whether a front-end recognises a model here."""
    return any(frontend.recognise(path) for frontend in FRONTENDS.values())


def find_models(paths: Sequence[Path], precision: str | None = None) -> list[Path]:
    """Give models as they are, and of a folder that is none all that are in it; see `finding.find_in`.

    Raises:
        ModelError: a folder holds none.
    """
    return find_in(paths, is_model, precision)


def load_model(
    path: str | Path,
    input_dims: Mapping[str, tuple[int, ...]] | None = None,
    input_dtype: int = FLOAT,
    precision: str | None = None,
    signature: str | None = None,
) -> Model:
    """Load a model with the first front-end that recognises it.

    Args:
        path: a model's folder or file.
        input_dims: shape of each network input, in the graph's own order of dimensions; absent, the
            model's `input_dims.json` is taken.
        input_dtype: number of the inputs' `TensorProto.DataType`, for formats that do not say it.
        precision: "int8" or "fp32" for a model of floats, such as ONNX has; None takes it as it is.
        signature: which graph of a TFLite file that holds several; None takes the first.

    Raises:
        ModelError: no front-end recognises it, or it can't be understood.
    """
    path = Path(path)
    for frontend in FRONTENDS.values():
        if frontend.recognise(path):
            if signature is not None and not frontend.has_signatures:
                raise ModelError(f"{path} holds one graph: leave --signature out, which is for TFLite.")
            return frontend.load(path, Reading(input_dims, input_dtype, precision, signature))
    if words := explain_kind(path, "model"):
        raise ModelError(words)
    if not path.exists():
        raise ModelError(
            f"{path} does not exist. Give a folder that holds model.pb and model_init.pb, or a file of "
            f".onnx or .tflite."
        )
    raise ModelError(
        f"{path} holds no model that is known here: expected a .onnx or .tflite file, or a folder with "
        f"model.pb and model_init.pb (front-ends: {', '.join(FRONTENDS)})."
    )


def load_net(
    net: Net, input_dims: Mapping[str, tuple[int, ...]] | None = None
) -> Model | NetDef | Iterable[OpSpec]:
    """Give a net as it is, but of a path the model that is there; see `load_model`."""
    return load_model(net, input_dims) if isinstance(net, (str, Path)) else net


def list_net_ops(
    net: Net,
    init_net: NetDef | None = None,
    input_dims: Mapping[str, tuple[int, ...]] | None = None,
    *,
    fused: bool = False,
) -> Sequence[OpSpec]:
    """Give a net's operators, in whatever form it comes.

    Args:
        net: a model's folder or file, a loaded model, a NetDef, or the operators themselves.
        init_net: where `net` is a NetDef, the net that fills its parameters, for their shapes.
        input_dims: where `net` is a NetDef, its inputs' shapes; for a folder see `load_model`.
        fused: whether as an engine runs it that fuses activations; operators are taken as they are.

    Raises:
        ModelError: the net can't be understood.
    """
    net = load_net(net, input_dims)
    if isinstance(net, Model):
        return net.choose_ops(fused=fused)
    if isinstance(net, NetDef):
        known = {} if init_net is None else parameter_specs(init_net)
        known |= {name: TensorSpec(tuple(shape), FLOAT) for name, shape in (input_dims or {}).items()}
        named = list_named_ops(net, known)
        given = net.external_output
        return tuple(each.op for each in (fuse_activations(named, given=given) if fused else named))
    return net if isinstance(net, (tuple, list)) else tuple(net)
