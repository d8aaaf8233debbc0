"""Make the fuzzer's seeds: one small file a reader, with something of everything in it.

python -m tests.fuzz.make_corpus
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
from msgspec.structs import replace

from bench.device_runner import Visit
from bench.farm.offer import HostOffer, OfferedPhone
from bench.farm.reports import write_report
from bench.farm.versions import Versions
from lut.drift import JournalDrift, UnitDrift
from lut.entries import Anchor, Failure
from lut.ops import OpSpec
from lut.plan import write_plan
from lut.sidecar import (
    Calibration,
    FailedOp,
    FittedNet,
    MarkedOp,
    NetErrors,
    PredictedRecords,
    Sidecar,
    format_sidecar,
)
from lut.spaces import make_blocks, write_blocks
from lut.spaces.block_space import BlockSpace
from lut.table import LutTable, build_index
from lut.table.formats.json_lut import write, write_zip
from lut.validation import NetComparison, Validation, write_validation
from tests.fuzz.fuzz import CORPUS
from tests.lut.frontends.onnx.models import parse
from tests.lut.frontends.tflite.models import Layer, write_tflite
from tests.lut.samples import (
    CONV,
    CONV_RELU,
    FC,
    RELU,
    SEGMENT,
    measured,
    record,
    written_journal,
    written_model,
)

EVENTS = """\
{"event":"start","version":1,"nets":1,"passes":1,"iter":2,"warmup":1,"threads":1,"cpus":"0x1","pid":7}
{"event":"load","id":"a1"}
{"event":"begin","id":"a1","pass":0}
{"event":"turns"}
{"event":"net","id":"a1","pass":0,"warmup_ns":[5000],"samples_ns":[1200,1100],"repeats":1,"outputs":[{"name":"out",\
"shape":[1,4],"dtype":1}],"khz_before":1900800,"khz_after":null,"canary_before_ns":44000,"canary_after_ns":null,\
"settled":true,"spoilt_by":"canary","discarded":{"canary":[9000],"preempted":[]},"load_ns":300,"engine_ns":7400}
{"event":"gaps","span_ns":900,"at_ns":[0,500],"took_ns":[20,30]}
{"event":"values","id":"a1","values":["00ff","10"]}
{"event":"error","id":"a1","pass":0,"stage":"run","message":"no engine"}
{"event":"end","engine_ns":1,"load_ns":1,"canary_ns":37000,"canary_memory_ns":4400,"wall_ns":2}
"""

ONNX = """(float[1,4,8,8] x, float[4,4,3,3] w, int8[4,4,1,1] v, float[4] b, float s, int8 z, int64[2] t,
float[4] a, int64[2] parts, float[5,4] k) => (float[1,5] y, float[1,4,8,8] r) {
    c = Conv<pads = [1, 1, 1, 1]>(x, w, b)  n = BatchNormalization(c, b, b, b, b)  r = Clip(n)
    q = QuantizeLinear(r, s, z)  d = DequantizeLinear(q, s, z)  e = DequantizeLinear(v, s, z)  f = Conv(d, e)
    p = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(f)  u = Resize<mode = "linear">(p, , a)
    l, m = Split<axis = 1>(u, parts)  j = Concat<axis = 1>(m, l)  g = GlobalAveragePool(j)
    h = Reshape(g, t)  i = Gemm<transB = 1>(h, k)  y = Softmax(i)
}"""
_STEPS = {"StrideH": 2, "StrideW": 2, "DilationHFactor": 1, "DilationWFactor": 1}
LAYERS = [
    Layer(
        "CONV_2D",
        ("x", "w", "b"),
        ("c",),
        {
            "StrideH": 2,
            "StrideW": 2,
            "DilationHFactor": 1,
            "DilationWFactor": 1,
            "FusedActivationFunction": 1,
        },
    ),
    Layer(
        "MAX_POOL_2D",
        ("c",),
        ("p",),
        {"StrideH": 1, "StrideW": 1, "FilterHeight": 1, "FilterWidth": 1},
    ),
    Layer("CONCATENATION", ("c", "p"), ("s",), {"Axis": 3}),
    Layer("MEAN", ("s", "axes"), ("m",), {"KeepDims": False}),
    Layer("FULLY_CONNECTED", ("m", "v", ""), ("y",), {}),
]


GRID = """[conv]
H = [7, 14, 28]                             # values,
W = "H"                                     # an expression over other axes,
Cin = { from = 16, to = 64, step = 16 }     # or a range that includes its end
Cout = "2 * Cin"
kernel = 3
group = [1, 2, 32]
where = ["Cin % group == 0"]                # what must hold of a point

[average_pool]
H = 7
W = 7
C = [512, 1024]
kernel = "H"
"""

PROFILE = """threads = 4
cpus = "0xf0"

[gates]
battery_level = 40
ignore = ["awake"]
"""


def write_farm_messages() -> None:
    """Write what a host offers, and a report of it."""
    phone = OfferedPhone("0123", "adb", "Phone-9-28", {"abi": "arm64-v8a"}, 1, {"1": "0x10"}, note="Relu")
    offer = HostOffer("desk", Versions("1.0", "2026.1", "3.11", "ab" * 32), (phone,))
    (CORPUS / "offer.json").write_bytes(msgspec.json.encode(offer.to_json()))
    report = write_report("token", Visit(measured(RELU, 700, 800), 1500, 100, 2000))
    (CORPUS / "report.json").write_bytes(msgspec.json.encode(report))


def main() -> None:
    """Write all seeds."""
    records = [record(CONV, 276.0), record(CONV_RELU, 12.5), record(RELU, 3.25), record(CONV, 280.5)]
    write(records, CORPUS / "table.json")
    write(records[:2], CORPUS / "line.json")
    write_zip(records, CORPUS / "table.json.zip")
    build_index(CORPUS / "table.json").write(CORPUS / "table.index")
    write_plan([CONV, RELU, FC], CORPUS / "plan.jsonl")
    (CORPUS / "run.jsonl").unlink(missing_ok=True)
    failure = Failure.of(FC, SEGMENT.id, "run", "no engine")
    visits = [measured(CONV, 5_000, 6_000), measured(RELU, 700), measured(CONV, 5_100, pass_index=1)]
    former = SEGMENT.named(SEGMENT.former_ids({})[0])
    earlier = measured(RELU, 700, segment=former)
    anchor = Anchor.of(measured(CONV, 5_200))
    written_journal(CORPUS / "run.jsonl", former, earlier, SEGMENT, anchor, *visits, failure)
    (CORPUS / "argument.txt").write_text('name: "kernels"\nints: 3\nints: 3\n')
    ops: tuple[OpSpec, ...] = (CONV, RELU)
    space = BlockSpace("two", ("a", "b"), ("both", "skip"), ((ops, ()), ((RELU,), ())), (CONV,), 1)
    blocks = make_blocks(space, LutTable(records))
    for ending in (".json", ".npz"):
        write_blocks(blocks, CORPUS / f"blocks{ending}")
    net = NetComparison("FBNet-96/int8", 42, (90.0, 95.0, 100.0, 110.0, 150.0), 97.0, left_out_us=101.0)
    failed = NetComparison("x", 2, None, 50.0, failure="run: no engine")
    validation = Validation("Box", "Box.json", "2024-01-02", SEGMENT.config, SEGMENT.program, (net, failed))
    write_validation(validation, CORPUS / "validation.json")
    fitted = FittedNet("FBNet-96/int8", 42, 97.0, 100.0, 0.01)
    calibration = Calibration("factor", 1.03, 0.0, "Box", "2024-01-02", (fitted,))
    sidecar = Sidecar(
        device="Box",
        records=4,
        segments=(SEGMENT, replace(SEGMENT, started="2024-02-03T04:05:06+00:00")),
        marked=(MarkedOp(*CONV.key, reason="it rained"),),
        failures=(FailedOp(*FC.key, stage="run", reason="no engine"),),
        drift=(JournalDrift(1.01, 9, journal="b", earlier=("a",)),),
        units=(UnitDrift("R58", "R59", 1.3, 14, 2),),
        predicted=PredictedRecords({RELU.id: (3.0, 3.5)}, "two", NetErrors(0.1, 20, 20, 0.9)),
        calibration=calibration,
    )
    (CORPUS / "table.meta.json").write_bytes(format_sidecar(sidecar))
    (CORPUS / "events.jsonl").write_text(EVENTS)
    (CORPUS / "grid.toml").write_text(GRID)
    (CORPUS / "profile.toml").write_text(PROFILE)
    write_farm_messages()
    (CORPUS / "canary.json").write_text("[[37000, 4400], [38000, 4500]]\n")
    with tempfile.TemporaryDirectory() as name:
        folder = written_model(Path(name))
        wire = [(folder / part).read_bytes() for part in ("model.pb", "model_init.pb")]
    (CORPUS / "model.pb").write_bytes(b"\n#init\n".join(wire))
    onnx = parse(ONNX, s=0.1, t=[1, -1], a=[1, 1, 2, 2], parts=[1, 3])
    (CORPUS / "model.onnx").write_bytes(onnx.SerializeToString())
    shapes = {"x": (1, 8, 8, 4), "w": (4, 3, 3, 4), "b": (4,), "c": (1, 4, 4, 4), "p": (1, 4, 4, 4)}
    shapes |= {"s": (1, 4, 4, 8), "axes": (2,), "m": (1, 8), "v": (4, 8), "y": (1, 4)}
    constants = {"w": None, "b": None, "v": None, "axes": [1, 2]}
    write_tflite(CORPUS / "model.tflite", LAYERS, shapes, constants)
    from google.protobuf import text_format

    from lut.caffe2_pb2 import NetDef

    texts = [text_format.MessageToString(NetDef.FromString(part)).encode() for part in wire]
    (CORPUS / "model.pbtxt").write_bytes(b"\n#init\n".join(texts))


if __name__ == "__main__":
    main()
