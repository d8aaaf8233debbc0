"""Estimates as text, compared whole."""

import json

from lut.rendering import RENDERERS
from lut.table import Estimate, LutTable
from tests.lut.samples import CONV, CONV_RELU, RELU, SOFTMAX, record

WHOLE = LutTable([record(CONV_RELU, 75.0), record(RELU, 20.0), record(RELU, 30.0)]).estimate([CONV, RELU])
PARTIAL = LutTable([record(RELU, 25.0)]).estimate([SOFTMAX, RELU, SOFTMAX])


def test_a_whole_table() -> None:
    assert RENDERERS["table"](WHOLE) == (
        "   #       P50 US  SHARE  OPERATOR\n"
        "   0       75.000  75.0%  Int8Conv [1,8,8,16] [32,3,3,16] [32] kernel=3 order=NHWC pad=1 stride=1 "
        "(found as Int8ConvRelu)\n"
        "   1       25.000  25.0%  Relu [1,4]\n"
        "Sum of all 2 operators' medians: 100.000 us\n"
    )


def test_a_partial_table_says_so() -> None:
    assert RENDERERS["table"](PARTIAL) == (
        "   #       P50 US  SHARE  OPERATOR\n"
        "   0      missing         Softmax [1,4]\n"
        "   1       25.000 100.0%  Relu [1,4]\n"
        "   2      missing         Softmax [1,4]\n"
        "PARTIAL sum of 1 of 3 operators: 25.000 us. This is not the net's latency.\n"
    )


def test_nothing_found_has_no_shares() -> None:
    empty = LutTable([record(CONV, 5.0)]).estimate([RELU])
    assert RENDERERS["table"](empty).endswith(
        "   0      missing         Relu [1,4]\n"
        "PARTIAL sum of 0 of 1 operators: 0.000 us. This is not the net's latency.\n"
    )


def test_json() -> None:
    no = {"estimated": None}
    assert json.loads(RENDERERS["json"](WHOLE)) == {
        "total_us": 100.0,
        "partial_us": None,
        "operators": [
            {**CONV.key.to_json(), "runtime_us_p50": 75.0, "found_as": "Int8ConvRelu", "records": 1} | no,
            {**RELU.key.to_json(), "runtime_us_p50": 25.0, "found_as": "Relu", "records": 2} | no,
        ],
        "missing": [],
        "estimated_us": 0,
    }
    partial = json.loads(RENDERERS["json"](PARTIAL))
    miss = {**SOFTMAX.key.to_json(), "runtime_us_p50": None, "found_as": None, "records": 0} | no
    assert (partial["total_us"], partial["partial_us"]) == (None, 25.0)
    assert partial["operators"][0] == partial["operators"][2] == miss
    assert partial["missing"] == [SOFTMAX.key.to_json()]


def test_csv() -> None:
    header = "index,op_type,input_shapes,arguments,runtime_us_p50,found_as,estimated\n"
    assert RENDERERS["csv"](WHOLE) == (
        f"{header}"
        "0,Int8Conv,1x8x8x16 32x3x3x16 32,kernel=3 order=NHWC pad=1 stride=1,75.0,Int8ConvRelu,\n"
        "1,Relu,1x4,,25.0,Relu,\n"
        "sum,,,,100.0,,\n"
    )
    assert RENDERERS["csv"](PARTIAL) == (
        f"{header}0,Softmax,1x4,,,,\n1,Relu,1x4,,25.0,Relu,\n2,Softmax,1x4,,,,\npartial sum,,,,25.0,,\n"
    )


def test_every_form_ends_its_last_line() -> None:
    for render in RENDERERS.values():
        for estimate in (WHOLE, PARTIAL, Estimate(())):
            assert render(estimate).endswith("\n")
