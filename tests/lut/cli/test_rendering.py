"""Estimates as text, compared whole."""

import json

from lut.cli.rendering import RENDERERS
from lut.sidecar import Calibration, FittedNet
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
        "Sum of all 2 operators' medians (p50): 100.000 us\n"
        "Sum of their p10s to sum of their p90s: 98.000 to 102.000 us. "
        "This is the spread of single runs, not a confidence interval.\n"
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
    conv = {"runtime_us_p10": 74.0, "runtime_us_p50": 75.0, "runtime_us_p90": 76.0}
    relu = {"runtime_us_p10": 24.0, "runtime_us_p50": 25.0, "runtime_us_p90": 26.0}
    yes = {"estimated": None, "quality": "measured"}
    assert json.loads(RENDERERS["json"](WHOLE)) == {
        "statistic": "sum of medians (p50)",
        "total_us": 100.0,
        "partial_us": None,
        "operators": [
            {**CONV.key.to_json(), **conv, "found_as": "Int8ConvRelu", "records": 1} | yes,
            {**RELU.key.to_json(), **relu, "found_as": "Relu", "records": 2} | yes,
        ],
        "memory": None,
        "missing": [],
        "unmapped": [],
        "estimated_us": 0,
        "quality": [{"kind": "measured", "cause": "", "operators": 2, "time_us": 100.0, "share": 1.0}],
        "interval_us": None,
        "spread": {
            "low_us": 98.0,
            "high_us": 102.0,
            "meaning": "sum of p10s to sum of p90s; estimated operators count with their intervals' ends",
        },
        "calibrated_us": None,
        "calibration": None,
    }
    partial = json.loads(RENDERERS["json"](PARTIAL))
    nothing = dict.fromkeys(("runtime_us_p10", "runtime_us_p50", "runtime_us_p90", "found_as"))
    miss = {**SOFTMAX.key.to_json(), **nothing, "records": 0, "estimated": None, "quality": None}
    assert (partial["total_us"], partial["partial_us"]) == (None, 25.0)
    assert partial["operators"][0] == partial["operators"][2] == miss
    assert partial["missing"] == [SOFTMAX.key.to_json()]


def test_a_calibrated_sum_stands_beside_the_raw_one() -> None:
    nets = (FittedNet("a", 10, 100.0, 102.0, 0.01), FittedNet("b", 20, 300.0, 310.0, -0.02))
    calibration = Calibration("factor and constant", 1.02, 0.5, "Box-12-6.1", "2024-01-02", nets)
    calibrated = WHOLE.calibrated(calibration)
    assert (calibrated.total_us, calibrated.calibrated_us) == (100.0, 103.0)
    assert RENDERERS["table"](calibrated).splitlines()[-1] == (
        "Calibrated for whole nets: 103.000 us (1.0200 x sum + 0.500 us x operators; on 2 nets, each left "
        "out of the fit, off by 1.5% in the median, 2.0% at worst)"
    )
    report = json.loads(RENDERERS["json"](calibrated))
    assert (report["total_us"], report["calibrated_us"]) == (100.0, 103.0)
    assert report["calibration"]["form"] == "factor and constant"
    assert RENDERERS["csv"](calibrated).splitlines()[-2:] == [
        "sum,,,,100.0,,measured=1.0000",
        "calibrated sum,,,,103.0,,",
    ]
    partial = PARTIAL.calibrated(calibration)
    assert partial.calibrated_us is None
    assert RENDERERS["table"](partial) == RENDERERS["table"](PARTIAL)


def test_csv() -> None:
    header = "index,op_type,input_shapes,arguments,runtime_us_p50,found_as,quality\n"
    assert RENDERERS["csv"](WHOLE) == (
        f"{header}"
        "0,Int8Conv,1x8x8x16 32x3x3x16 32,kernel=3 order=NHWC pad=1 stride=1,75.0,Int8ConvRelu,measured\n"
        "1,Relu,1x4,,25.0,Relu,measured\n"
        "sum,,,,100.0,,measured=1.0000\n"
    )
    assert RENDERERS["csv"](PARTIAL) == (
        f"{header}0,Softmax,1x4,,,,\n1,Relu,1x4,,25.0,Relu,measured\n2,Softmax,1x4,,,,\n"
        "partial sum,,,,25.0,,measured=1.0000\n"
    )


def test_every_form_ends_its_last_line() -> None:
    for render in RENDERERS.values():
        for estimate in (WHOLE, PARTIAL, Estimate(())):
            assert render(estimate).endswith("\n")
