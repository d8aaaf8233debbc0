"""From a model's folder to the two nets that run it whole.

They are the model's own, as they are: literal parameters and, on fp32 convolutions, the kernels that were
asked for. What is added is a fill for every input that the init net leaves to the caller: uniform in
[-1, 1), the unit range that fp32 operators need.
"""

from __future__ import annotations

from dataclasses import replace

from bench.engines.caffe2.nets import OpNets, uniform_fill
from bench.engines.engine import NetSource
from lut.caffe2_pb2 import NetDef
from lut.errors import ModelError
from lut.frontends import Model, is_caffe2_model, read_caffe2_nets

__all__ = ["build_model_nets", "lower_model"]


def build_model_nets(net_id: str, model: Model) -> OpNets:
    """Read a model and make its init net fill the inputs too.

    Args:
        net_id: the name by which the program tells the net from others.
        model: read from a folder, whose nets are taken as they are.

    Raises:
        ModelError: it is not a Caffe2 model, or can't be understood.
    """
    if not is_caffe2_model(model.path):
        raise ModelError(
            f"{model.path} holds no Caffe2 net, and Caffe2 runs no others whole: expected a folder with "
            f"model.pb and model_init.pb. `--engine xnnpack` measures models of every format."
        )
    nets = read_caffe2_nets(model.path, model.reading.input_dims)
    init_net = NetDef()
    init_net.CopyFrom(nets.init_net)
    for name, tensor in nets.inputs.items():
        if name not in nets.parameters:
            init_net.op.append(uniform_fill(name, tensor.shape))
    return OpNets(net_id, init_net, nets.net)


def lower_model(net_id: str, model: Model) -> NetSource:
    """Write a model's nets as the program takes them; see `build_model_nets`."""
    nets = build_model_nets(net_id, model)
    return replace(nets.to_source(), nodes=(1,) * len(nets.predict_net.op))
