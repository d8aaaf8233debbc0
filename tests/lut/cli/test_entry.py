"""The command line `lut`, as its user types it: what it prints, writes, and ends with."""

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from msgspec import structs

from lut.cli import entry as cli
from lut.entries import Anchor, DeviceInfo, Entry, Failure, Segment
from lut.ops import OpSpec, TensorSpec
from lut.plan import read_plan
from lut.sidecar import sidecar_path
from lut.table.formats.json_lut import read, write
from lut.zoo import COMMON_NETS, NETS, PRECISIONS
from tests.lut.cli.conftest import Lut, write_table
from tests.lut.frontends.onnx.models import parse, save
from tests.lut.samples import (
    CONFIG,
    CONV_RELU,
    DEVICE,
    FC,
    PROGRAM,
    RELU,
    SEGMENT,
    SOFTMAX,
    int8_conv,
    measured,
    record,
    written_journal,
    written_model,
)


def commands(group: click.Group = cli.cli, path: str = "lut") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_all_commands_are_there() -> None:
    assert [name for name, _ in commands()] == [
        "lut blocks",
        "lut completion",
        "lut coverage",
        "lut crossval",
        "lut diff",
        "lut estimate",
        "lut fill",
        "lut get-runtime",
        "lut merge",
        "lut models build",
        "lut models list",
        "lut ops",
        "lut query",
        "lut report",
        "lut stats",
    ]


@pytest.mark.parametrize("name", list(dict(commands())))
def test_every_command_has_help_with_an_example(name: str) -> None:
    command = dict(commands())[name]
    assert command.help is not None
    assert f"Example:\n  {name}" in inspect.cleandoc(command.help)


def test_help_ends_with_0_and_wrong_usage_with_2(lut_command: Lut) -> None:
    assert lut_command("--help")[0] == 0
    assert lut_command("ops", "--help")[0] == 0
    assert lut_command("--version")[0] == 0
    for wrong in (["nothing"], ["ops"], ["estimate", "net"], ["models", "build", "FBNet-Z", "-o", "x"]):
        code, out, err = lut_command(*wrong)
        assert (code, out) == (2, "")
        assert err.startswith("Usage: ")
        assert "\nError: " in err
    code, _, err = lut_command("ops", "net", "--input_dims", "[1, 8]")
    assert code == 2
    assert "'[1, 8]' gives no shapes; expected JSON such as {\"data\": [1, 3, 224, 224]}." in err


# --- models --------------------------------------------------------------------------------------


def test_models_list(lut_command: Lut) -> None:
    code, out, err = lut_command("models", "list")
    released, _, common = out.partition("\n\n")
    header, first, *others = released.splitlines()
    assert (code, err, len(others)) == (0, "", 11)
    assert header.split("  ")[0] == "NET"
    assert first.split() == ["ChamNet-A", "224", "552.9", "24.7", "117.1"]
    assert common.splitlines()[2] == "MobileNetV2          224             300  arXiv 1801.04381, table 4"
    rows = json.loads(lut_command("models", "list", "--json")[1])
    assert [row["name"] for row in rows] == [*NETS, *COMMON_NETS]
    assert rows[0]["published"]["mega_macs"] == 552.9
    assert rows[-1]["published"] == {"mega_macs": 146, "source": "arXiv 1807.11164, table 8"}


def test_models_build_writes_nets_in_common_use_as_onnx(lut_command: Lut) -> None:
    assert lut_command("models", "build", "MobileNetV2", "-o", "nets") == (0, "", "nets/MobileNetV2.onnx\n")
    code, _, err = lut_command("models", "build", "common", "-o", "nets")
    assert (code, err.splitlines()) == (0, [f"nets/{name}.onnx" for name in COMMON_NETS])
    code, _, err = lut_command("models", "build", "ResNet-18", "--precision", "int8", "-o", "nets")
    assert (code, "ONNX leaves it open until a net is read" in err) == (2, True)


def test_models_build_one(lut_command: Lut) -> None:
    code, out, err = lut_command("models", "build", "FBNet-96", "--precision", "int8", "-o", "models")
    assert (code, out, err) == (0, "", "models/FBNet-96/int8\n")
    assert sorted(path.name for path in Path("models/FBNet-96/int8").iterdir()) == [
        *("input_dims.json", "model.pb", "model_init.pb"),
    ]


def test_a_net_is_known_in_whatever_case_and_the_nearest_is_named(lut_command: Lut) -> None:
    code, _, err = lut_command("models", "build", "fbnet-96", "--precision", "int8", "-o", "models")
    assert (code, err) == (0, "models/FBNet-96/int8\n")
    code, _, err = lut_command("models", "build", "ResNet18", "-o", "models")
    assert (code, "Did you mean ResNet-18" in err) == (2, True)


def test_models_build_all_quietly_and_list_their_operators(lut_command: Lut, shared_models: Path) -> None:
    assert lut_command("models", "build", "all", "-q", "-o", "models") == (0, "", "")
    for name in NETS:
        for precision in PRECISIONS:
            code, out, err = lut_command("ops", f"models/{name}/{precision}", "--json")
            queries = shared_models / name / precision / "queries.jsonl"
            assert (code, out, err) == (0, queries.read_text(), "")


# --- ops -----------------------------------------------------------------------------------------


def test_ops_for_people(lut_command: Lut) -> None:
    written_model(Path("net"))
    assert lut_command("ops", "net") == (
        0,
        "          32  FC [1,8] [4,8] [4]\n           0  Relu [1,4]\n           0  Softmax [1,4]\n",
        "",
    )


def test_ops_summed_up(lut_command: Lut) -> None:
    written_model(Path("net"))
    assert lut_command("ops", "net", "--summary") == (
        0,
        "3 operators, 32 multiply-adds. Memory: 0.048 kB of activations at their peak, 0.144 kB of weights "
        "(36 parameters).\n",
        "",
    )
    code, out, _ = lut_command("ops", "net", "--summary", "--json")
    memory = {"peak_activation_bytes": 48, "weight_bytes": 144, "parameters": 36}
    assert (code, json.loads(out)) == (0, {"operators": 3, "multiply_adds": 32, "memory": memory})
    assert lut_command("ops", "net", "--summary", "--explain")[0] == 2


def test_ops_for_programs_with_other_input_dims(lut_command: Lut) -> None:
    written_model(Path("net"))
    code, out, _ = lut_command("ops", "net", "--json", "--input_dims", '{"data": [5, 8]}')
    first, *_ = out.splitlines()
    assert code == 0
    assert first == (
        '{"op_type": "FC", "op_args": [], "input_shapes": [[5, 8], [4, 8], [4]], "input_dtypes": [1, 1, 1]}'
    )


def test_ops_of_no_model(lut_command: Lut) -> None:
    assert lut_command("ops", "net") == (
        4,
        "",
        "error: net does not exist. Give a folder that holds model.pb and model_init.pb, or a file of "
        ".onnx or .tflite.\n",
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    listing = f"{sys.executable} -c 'from lut.cli import main; main()' models list"
    script = f"(sleep 0.2; {listing}; echo $? >&2) | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "0\n"


# --- merge ---------------------------------------------------------------------------------------


def test_merge(lut_command: Lut) -> None:
    written_journal(
        Path("a.run.jsonl"),
        SEGMENT,
        *(measured(RELU, 1_000, pass_index=index) for index in range(2)),
        measured(SOFTMAX, 5_000),
        Failure.of(FC, SEGMENT.id, "crash", "killed"),
    )
    code, out, err = lut_command("merge", "a.run.jsonl", "-o", "data")
    assert (code, out) == (0, "")
    assert err == (
        "data/Box-12-6.1-op_lut_database.json: 2 operators of Box-12-6.1, 1 failed and left out, "
        "1 with fewer passes than asked for\n"
    )
    table = Path("data/Box-12-6.1-op_lut_database.json")
    assert [(each.key.op_type, each.p50) for each in read(table)] == [("Relu", 1.0), ("Softmax", 5.0)]
    assert lut_command("merge", "-q", "a.run.jsonl", "-o", "data") == (0, "", "")


def test_merge_states_how_fast_units_are_and_takes_that_out_when_asked(lut_command: Lut) -> None:
    ops = [OpSpec.of("Relu", [TensorSpec((1, channels))]) for channels in range(1, 8)]
    quick, slow = (Segment(DeviceInfo(DEVICE.name, "adb", name), PROGRAM, CONFIG) for name in ("Q", "S"))
    lines: list[Entry] = []
    for segment, took_ns in ((quick, 10_000), (slow, 13_000)):
        lines += [segment, *(Anchor.of(measured(op, took_ns, segment=segment)) for op in ops)]
    lines += [measured(op, 10_000, segment=quick) for op in ops[:4]]
    lines += [measured(op, 13_000, segment=slow) for op in ops[4:]]
    written_journal(Path("a.run.jsonl"), *lines)
    code, _, err = lut_command("merge", "a.run.jsonl", "-o", "data")
    assert code == 0
    assert "S is 30.0 % slower than Q (by 7 anchors).\nWarning: units more than 3 % apart" in err
    code, _, err = lut_command("merge", "a.run.jsonl", "-o", "data", "--even-units")
    assert code == 0
    assert "Warning" not in err
    table = Path("data/Box-12-6.1-op_lut_database.json")
    assert {each.p50 for each in read(table)} == {10.0}
    sidecar = json.loads(sidecar_path(table).read_text())
    assert [(each["serial"], each["factor"], each["evened"]) for each in sidecar["units"]] == [
        ("S", 1.3, True)
    ]


def test_merge_of_two_configurations(lut_command: Lut) -> None:
    other = Segment(DEVICE, PROGRAM, structs.replace(CONFIG, threads=4))
    written_journal(Path("a.run.jsonl"), SEGMENT, measured(RELU, 1_000))
    written_journal(Path("b.run.jsonl"), other, measured(RELU, 3_000, segment=other))
    assert lut_command("merge", "a.run.jsonl", "b.run.jsonl", "-o", "data") == (
        4,
        "",
        "error: b.run.jsonl was measured with another config than the journals before it: threads 1 and 4. "
        "Such times are not comparable; --mixed pools them anyway, and the table "
        "then says so.\n",
    )
    assert not Path("data").exists()
    assert lut_command("merge", "a.run.jsonl", "b.run.jsonl", "--mixed", "-o", "data") == (
        0,
        "",
        "data/Box-12-6.1-op_lut_database.json: 1 operators of Box-12-6.1\n",
    )


@pytest.mark.parametrize("factor", [1.02, 1.04])
def test_merge_of_two_runs_says_how_the_device_changed_and_warns_above_3_percent(
    factor: float, lut_command: Lut
) -> None:
    later = structs.replace(SEGMENT, started="2024-01-03T00:00:00+00:00")
    ops = [int8_conv(channels=channels) for channels in range(1, 7)]
    written_journal(Path("a.run.jsonl"), SEGMENT, *(measured(op, 100_000) for op in ops))
    written_journal(Path("b.run.jsonl"), later, *(measured(op, round(100_000 * factor)) for op in ops))
    code, out, err = lut_command("merge", "a.run.jsonl", "b.run.jsonl", "-o", "data")
    assert (code, out) == (0, "")
    _, said, *warnings = err.splitlines()
    assert said == (
        f"b.run.jsonl: the device was {100 * (factor - 1):.1f} % slower than in a.run.jsonl "
        f"(by 6 operators measured in both)."
    )
    assert warnings == [
        "Warning: more than 3 % apart, so sums from this table mix two speeds of the device. Measure the "
        "plans again in one run on a settled device, or keep the journals in tables of their own; "
        "`bench validate` says how far sums are off."
    ] * (factor > 1.03)
    assert lut_command("merge", "-q", "a.run.jsonl", "b.run.jsonl", "-o", "data") == (0, "", "")


# --- estimate ------------------------------------------------------------------------------------


def test_estimate(lut_command: Lut) -> None:
    written_model(Path("net"))
    table = write_table(record(FC, 60.0), record(RELU, 10.0), record(SOFTMAX, 30.0))
    assert lut_command("estimate", "net", "--lut", table) == (
        0,
        "   #       P50 US  SHARE  OPERATOR\n"
        "   0       60.000  60.0%  FC [1,8] [4,8] [4]\n"
        "   1       10.000  10.0%  Relu [1,4]\n"
        "   2       30.000  30.0%  Softmax [1,4]\n"
        "Memory: 0.048 kB of activations at their peak, 0.144 kB of weights (36 parameters).\n"
        "Sum of all 3 operators' medians (p50): 100.000 us\n"
        "Sum of their p10s to sum of their p90s: 97.000 to 103.000 us. "
        "This is the spread of single runs, not a confidence interval.\n",
        "",
    )
    code, out, _ = lut_command("estimate", "net", "--lut", table, "--format", "json")
    assert (code, json.loads(out)["total_us"]) == (0, 100.0)
    assert json.loads(out)["memory"] == {
        "peak_activation_bytes": 48,
        "weight_bytes": 144,
        "parameters": 36,
    }
    code, out, _ = lut_command("estimate", "net", "--lut", table, "--format", "csv")
    assert (code, out.splitlines()[-1]) == (0, "sum,,,,100.0,,measured=1.0000")


def test_estimate_with_misses_names_them_and_plans_them(lut_command: Lut) -> None:
    written_model(Path("net"))
    table = write_table(record(RELU, 10.0))
    assert lut_command("estimate", "net", "--lut", table, "--missing-out", "new/missing.plan.jsonl") == (
        5,
        "   #       P50 US  SHARE  OPERATOR\n"
        "   0      missing         FC [1,8] [4,8] [4]\n"
        "   1       10.000 100.0%  Relu [1,4]\n"
        "   2      missing         Softmax [1,4]\n"
        "Memory: 0.048 kB of activations at their peak, 0.144 kB of weights (36 parameters).\n"
        "PARTIAL sum of 1 of 3 operators: 10.000 us. This is not the net's latency.\n",
        f"error: {table} does not hold 2 operators of net:\n"
        "  FC [1,8] [4,8] [4]\n"
        "  Softmax [1,4]\n"
        "Measure them by `bench run new/missing.plan.jsonl`.\n",
    )
    assert list(read_plan(Path("new/missing.plan.jsonl"))) == [FC, SOFTMAX]
    *_, hint = lut_command("estimate", "net", "--lut", table)[2].splitlines()
    assert hint == "Measure them by `bench run PLAN`; --missing-out PLAN writes the plan."


def test_estimate_without_misses_writes_no_plan(lut_command: Lut) -> None:
    written_model(Path("net"))
    table = write_table(record(FC, 60.0), record(RELU, 10.0), record(SOFTMAX, 30.0))
    assert lut_command("estimate", "net", "--lut", table, "--missing-out", "plan")[0] == 0
    assert not Path("plan").exists()


def test_estimate_from_a_broken_table_prints_nothing_and_writes_nothing(lut_command: Lut) -> None:
    written_model(Path("net"))
    Path("table.json").write_text('{"op_type": "Relu"}\n')
    code, out, err = lut_command("estimate", "net", "--lut", "table.json", "--missing-out", "plan")
    assert (code, out) == (4, "")
    assert err.startswith("error: table.json:1 is not a table record: ")
    assert not Path("plan").exists()


# --- get-runtime ---------------------------------------------------------------------------------


def test_get_runtime_has_the_originals_options_and_one_more() -> None:
    command = dict(commands())["lut get-runtime"]
    assert [option for parameter in command.params for option in parameter.opts] == [
        *("--model_path", "--db_dir", "--input_dims", "--input_dtype", "--device"),
        "--precision",
    ]


def test_get_runtime(lut_command: Lut) -> None:
    written_model(Path("net"))
    write_table(record(FC, 60.0), record(RELU, 10.0), record(RELU, 20.0))
    options = ("--model_path", "net", "--db_dir", ".", "--device", "Box-12-6.1", "--input_dtype", "1")
    code, printed, said = lut_command("get-runtime", *options, "--input_dims", '{"data": [1, 8]}')
    assert (code, printed) == (
        5,
        "op type FC with input [[1, 8], [4, 8], [4]]\n"
        "run_time: [60.0]\n"
        "op type Relu with input [[1, 4]]\n"
        "run_time: [10.0, 20.0]\n"
        "No match found in the database!\n"
        "All operators found in the table? False\n"
        "The network run-time latency is 75.0\n",
    )
    assert f"  {SOFTMAX.describe()}\n" in said


def test_get_runtime_without_table(lut_command: Lut) -> None:
    assert lut_command("get-runtime") == (
        4,
        "",
        "error: lut/data is not a folder. Give the folder that holds the table of SM-G950U-7.0-24.\n",
    )


# --- tables of several devices -------------------------------------------------------------------


@pytest.fixture
def two_devices() -> Path:
    path = Path("both.json")
    write([record(RELU, 10.0), replace(record(RELU, 30.0), device="Box-13-6.8")], path)
    return path


def test_diff_of_two_devices_in_one_table(lut_command: Lut, two_devices: Path) -> None:
    code, _, err = lut_command("diff", two_devices, two_devices)
    assert code == 4
    assert "name a device" in err
    code, out, err = lut_command(
        "diff", two_devices, two_devices, "--device", "Box-12-6.1", "--device", "Box-13-6.8", "--json"
    )
    assert (code, err) == (0, "")
    assert [op["ratio"] for op in json.loads(out)["outliers"]] == [3.0]
    assert (json.loads(out)["median_ratio"], json.loads(out)["rank_correlation"]) == (3.0, None)
    devices = ["--device", "Box-12-6.1", "--device", "Box-13-6.8"]
    code, out, _ = lut_command("diff", two_devices, two_devices, *devices, "--plot", "ratios.svg")
    assert (code, out.splitlines()[1]) == (0, "second / first 3.000 in the median")
    assert "Box-13-6.8" in Path("ratios.svg").read_text()
    assert lut_command("diff", two_devices, two_devices, *["--device", "Box-12-6.1"] * 3)[0] == 2


def test_merge_says_how_to_keep_or_replace_a_table(lut_command: Lut) -> None:
    written_journal(Path("a.run.jsonl"), SEGMENT, *(measured(op, 1_000, pass_index=0) for op in (RELU, FC)))
    written_journal(Path("b.run.jsonl"), SEGMENT, measured(RELU, 2_000))
    assert lut_command("merge", "-q", "a.run.jsonl", "-o", "data")[0] == 0
    code, _, err = lut_command("merge", "b.run.jsonl", "-o", "data")
    assert code == 4
    assert "holds 1 operator that these journals do not." in err
    assert lut_command("merge", "-q", "b.run.jsonl", "-o", "data", "--replace")[0] == 0
    assert lut_command("merge", "b.run.jsonl", "--into", "t.json", "--replace")[0] == 2


def test_ops_explains_what_becomes_of_each_node(lut_command: Lut) -> None:
    graph = """(float[1,16,14,14] x, float[8,16,1,1] w) => (float[1,8,14,14] y) {
        c = Conv(x, w)  d = Dropout(c)  y = Atan(d)
    }"""
    save(parse(graph), Path("net.onnx"))
    code, out, err = lut_command("ops", "net.onnx", "--explain")
    assert code == 5
    assert out == (
        "      25,088  Conv                 c: Conv\n"
        "           0  Dropout              d: free: it does nothing after training\n"
        "           0  Atan                 y: UNMAPPED: no operator here stands for its type\n"
    )
    assert err.startswith("error: No operator stands for 1 nodes: 1 Atan")
    code, out, _ = lut_command("ops", "net.onnx", "--explain", "--json")
    assert [json.loads(line)["outcome"] for line in out.splitlines()] == ["operators", "free", "unmapped"]


def test_every_operator_of_a_caffe2_net_is_its_own_fate(lut_command: Lut) -> None:
    written_model(Path("net"))
    assert lut_command("ops", "net", "--explain") == (
        0,
        "          32  FC                   fc: FC\n"
        "           0  Relu                 fc: Relu\n"
        "           0  Softmax              softmax: Softmax\n",
        "",
    )
    code, _, err = lut_command("ops", "net", "--precision", "int8")
    assert (code, "net is of floats, and a Caffe2 net says itself how it runs" in err) == (4, True)


def test_a_type_that_is_only_a_part_of_names_is_told_them(lut_command: Lut) -> None:
    table = write_table(record(CONV_RELU, 60.0), record(RELU, 10.0))
    code, out, err = lut_command("query", "--lut", table, "--type", "conv")
    assert (code, out) == (0, "")
    assert err == "0 records\nNo operator type here is 'conv'. Types that contain 'conv': Int8ConvRelu.\n"
    _, _, err = lut_command("query", "--lut", table, "--type", "LSTM")
    assert err.endswith("Types of the table: Int8ConvRelu, Relu.\n")
    assert lut_command("query", "--lut", table, "--type", "Relu", "--arg", "kernel=3")[2] == "0 records\n"
