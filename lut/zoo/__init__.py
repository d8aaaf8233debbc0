"""The released ChamNets and FBNets, as tables that build Caffe2 models.

Reading order: `architecture` (what a net is made of), `chamnet` and `fbnet` (the tables), `layers` (the
walk through a table), `fp32` and `int8` (the operators), `quantised` (the int8 figures), `graph`. Nets in
common use, as ONNX, are in `common`.

The predict nets equal the published files byte for byte. The init nets do not: they fill parameters of
the right shapes and types with arbitrary values, as latency does not depend on the values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lut.caffe2_pb2 import NetDef
from lut.errors import ModelError
from lut.files import write_atomically
from lut.frontends import write_netdef
from lut.zoo.architecture import Architecture, Published
from lut.zoo.chamnet import CHAMNETS
from lut.zoo.common import COMMON_NETS, write_common_net
from lut.zoo.fbnet import FBNETS
from lut.zoo.fp32 import write_fp32
from lut.zoo.int8 import write_int8
from lut.zoo.names import match_name

__all__ = [
    "CHAMNETS",
    "COMMON_NETS",
    "NETS",
    "PRECISIONS",
    "Architecture",
    "BuiltNet",
    "Published",
    "build_net",
    "match_net",
    "write_common_net",
    "write_net",
]

NETS: dict[str, Architecture] = {net.name: net for net in (*CHAMNETS, *FBNETS)}
PRECISIONS = ("int8", "fp32")

_PREDICT_NET_NAMES = {"int8": "mobile_vision.cls_int8_1", "fp32": "mobile_vision.cls"}


@dataclass(frozen=True)
class BuiltNet:
    """A model: the net that predicts, the net that fills its parameters, and the size of what is fed."""

    predict_net: NetDef
    init_net: NetDef
    input_dims: dict[str, tuple[int, ...]]


def match_net(text: str) -> str:
    """Give the name of the released net, or net in common use, that is meant, whatever its case.

    Raises:
        ModelError: there is none; the message names the nearest, or else all.
    """
    return match_name(text, (*NETS, *COMMON_NETS))


def build_net(name: str, precision: str) -> BuiltNet:
    """Build a released net.

    Raises:
        ModelError: there is no net of that name, or not in that precision.
    """
    name = match_name(name, NETS)
    if precision not in PRECISIONS:
        raise ModelError(f"{name} does not come as {precision!r}. Choose from {', '.join(PRECISIONS)}.")
    net = NETS[name]
    graph = write_int8(net) if precision == "int8" else write_fp32(net)
    return BuiltNet(
        graph.predict_net(_PREDICT_NET_NAMES[precision]),
        graph.init_net(f"{name}_{precision}_init"),
        net.input_dims,
    )


def write_net(name: str, precision: str, folder: Path) -> Path:
    """Write a released net to `folder/<name>/<precision>/` and return that folder.

    It holds model.pb, model_init.pb and input_dims.json, the input's size, which the graph itself does
    not say: {"data": [1, 3, 224, 224]}. model.pb comes last: where it is, the others are too.

    Raises:
        ModelError: there is no net of that name, or not in that precision.
        FileError: the folder can't be written to.
    """
    name = match_name(name, NETS)
    built = build_net(name, precision)
    target = folder / name / precision
    dims = json.dumps(built.input_dims)
    write_atomically(target / "input_dims.json", f"{dims}\n".encode())
    write_netdef(built.init_net, target / "model_init.pb")
    write_netdef(built.predict_net, target / "model.pb")
    return target
