"""Small things that many tests speak of: a convolution, a device, a run, records with round figures."""

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from lut.caffe2_pb2 import NetDef
from lut.entries import DeviceInfo, Entry, Measurement, ProgramInfo, RunConfig, Segment
from lut.frontends import write_netdef
from lut.journal import open_journal
from lut.ops import INT32, UINT8, OpKey, OpSpec, TensorSpec, make_argument
from lut.records import LutRecord
from lut.sidecar import Sidecar
from lut.table import read_sidecar


def int8_conv(op_type: str = "Int8Conv", channels: int = 16) -> OpSpec:
    """A 3x3 convolution of 8x8 pixels, padded to keep its size."""
    inputs = [
        TensorSpec((1, 8, 8, channels), UINT8),
        TensorSpec((32, 3, 3, channels), UINT8),
        TensorSpec((32,), INT32),
    ]
    return OpSpec.of(op_type, inputs, kernel=3, stride=1, pad=1, order="NHWC")


def pointwise(size: int, source: int, target: int, op_type: str = "Int8Conv") -> OpSpec:
    """A 1x1 convolution of `size` x `size` pixels, from so many channels to so many."""
    inputs = [
        TensorSpec((1, size, size, source), UINT8),
        TensorSpec((target, 1, 1, source), UINT8),
        TensorSpec((target,), INT32),
    ]
    return OpSpec.of(op_type, inputs, kernel=1, pad=0, stride=1, order="NHWC")


CONV = int8_conv()
CONV_RELU = int8_conv("Int8ConvRelu")
RELU = OpSpec.of("Relu", [TensorSpec((1, 4))])
SOFTMAX = OpSpec.of("Softmax", [TensorSpec((1, 4))])

DEVICE = DeviceInfo("Box-12-6.1", "host", "host", {"cores": "2"})
PROGRAM = ProgramInfo("speed_benchmark", "ab" * 32, "torch-1.8.1")
CONFIG = RunConfig(passes=2, iters=3, warmup=1)
SEGMENT = Segment(DEVICE, PROGRAM, CONFIG, "2024-01-02T03:04:05+00:00")


def measured(op: OpSpec, *samples_ns: int, pass_index: int = 0, segment: Segment = SEGMENT) -> Measurement:
    return Measurement.of(op, segment.id, pass_index, samples_ns)


def written_journal(path: Path, *entries: Entry) -> Path:
    """Write a journal; what belongs to a segment that it lacks belongs to the latest one there."""
    described: list[str] = []
    with open_journal(path) as writer:
        for entry in entries:
            if isinstance(entry, Segment):
                described.append(entry.id)
            elif described and entry.segment not in described:
                entry = replace(entry, segment=described[-1])
            writer.append(entry)
    return path


def known(table: Path) -> Sidecar:
    """What a table's sidecar says."""
    sidecar = read_sidecar(table)
    assert sidecar is not None
    return sidecar


def record(op: OpSpec | OpKey, p50: float, device: str = "Box-12-6.1") -> LutRecord:
    """A record whose percentiles lie around its median."""
    key = op.key if isinstance(op, OpSpec) else op
    return LutRecord(key, (p50 - 2, p50 - 1, p50, p50 + 1, p50 + 2), device)


def net_of(*ops: tuple[str, list[str], list[str], dict[str, object]], inputs: Iterable[str] = ()) -> NetDef:
    """A net from (type, inputs, outputs, arguments) tuples."""
    net = NetDef(name="net", external_input=inputs)
    for op_type, sources, outputs, args in ops:
        op = net.op.add(type=op_type, input=sources, output=outputs)
        op.arg.extend(make_argument(name, value) for name, value in args.items())  # type: ignore[arg-type]
    return net


def written_model(folder: Path, *, with_dims: bool = True) -> Path:
    """A model of three fp32 operators: FC of 8 values to 4, Relu, Softmax."""
    init = net_of(
        ("XavierFill", [], ["w"], {"shape": (4, 8)}),
        ("ConstantFill", [], ["b"], {"shape": (4,)}),
    )
    predict = net_of(
        ("FC", ["data", "w", "b"], ["fc"], {}),
        ("Relu", ["fc"], ["fc"], {}),
        ("Softmax", ["fc"], ["softmax"], {}),
        inputs=["data", "w", "b"],
    )
    write_netdef(init, folder / "model_init.pb")
    write_netdef(predict, folder / "model.pb")
    if with_dims:
        (folder / "input_dims.json").write_text('{"data": [1, 8]}\n')
    return folder


FC = OpSpec.of("FC", [TensorSpec((1, 8)), TensorSpec((4, 8)), TensorSpec((4,))])
"""The first operator of `written_model`; the others are RELU and SOFTMAX."""
