"""Line by line what the original prints."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lut.cli.get_runtime import LookedUp, look_up_models, refuse_partial
from lut.errors import FileError, MissingError
from lut.frontends import Fate, load_model
from lut.ops import FLOAT
from lut.records import LutRecord
from lut.table import table_file_name
from lut.table.formats.json_lut import write
from lut.zoo import NETS, write_net
from tests.lut.original_lookup import load_database, look_up
from tests.lut.samples import FC, RELU, SOFTMAX, record, written_model

DEVICE = "SM-G950U-7.0-24"
DIMS = {"data": (1, 8)}


def lines(models: str, folder: Path, *records: LutRecord) -> list[str]:
    write(records, folder / table_file_name(DEVICE))
    return print_lines(models, folder, DIMS)


def print_lines(
    models: str, folder: Path, dims: Mapping[str, tuple[int, ...]], precision: str | None = None
) -> list[str]:
    nets = look_up_models(models, folder, dims, FLOAT, DEVICE, precision)
    return [line for net in nets for line in net.lines]


def test_a_net_that_is_found(tmp_path: Path) -> None:
    model = written_model(tmp_path / "net")
    table = [record(FC, 276.0, DEVICE), record(RELU, 3.5, DEVICE), record(SOFTMAX, 7.0, DEVICE)]
    assert lines(str(model), tmp_path, *table) == [
        "op type FC with input [[1, 8], [4, 8], [4]]",
        "run_time: [276.0]",
        "op type Relu with input [[1, 4]]",
        "run_time: [3.5]",
        "op type Softmax with input [[1, 4]]",
        "run_time: [7.0]",
        "All operators found in the table? True",
        "The network run-time latency is 286.5",
    ]


def test_misses_are_a_sentence_and_count_nothing_and_records_are_averaged(tmp_path: Path) -> None:
    model = written_model(tmp_path / "net")
    table = [record(RELU, 4.0, DEVICE), record(FC, 9.0, "Other-1-2"), record(RELU, 5.0, DEVICE)]
    assert lines(str(model), tmp_path, *table) == [
        "No match found in the database!",
        "op type Relu with input [[1, 4]]",
        "run_time: [4.0, 5.0]",
        "No match found in the database!",
        "All operators found in the table? False",
        "The network run-time latency is 4.5",
    ]


def test_a_net_with_nothing_found_has_the_latency_0_without_a_point(tmp_path: Path) -> None:
    model = written_model(tmp_path / "net")
    stranger = record(RELU.key._replace(op_type="Sum"), 4.0, DEVICE)
    assert lines(str(model), tmp_path, stranger)[-2:] == [
        "All operators found in the table? False",
        "The network run-time latency is 0",
    ]


def test_what_a_sum_lacks_is_named(tmp_path: Path) -> None:
    model = write_net("FBNet-96", "fp32", tmp_path)
    ops = tuple(dict.fromkeys(load_model(model).ops))
    write([record(op, 10.0, DEVICE) for op in ops[12:]], tmp_path / table_file_name(DEVICE))
    nets = list(look_up_models(str(model), tmp_path, NETS["FBNet-96"].input_dims, FLOAT, DEVICE))
    assert nets[0].missing == ops[:12]
    with pytest.raises(MissingError) as raised:
        refuse_partial(nets)
    _, *names, more, _ = str(raised.value).splitlines()
    assert [name.strip() for name in names] == [op.describe() for op in ops[:10]]
    assert "2 more" in more


def test_nodes_that_no_operator_stands_for_are_named(tmp_path: Path) -> None:
    model = load_model(written_model(tmp_path / "net"), DIMS)
    fate = Fate("y", "Einsum", "unmapped", "no rule", 30)
    with pytest.raises(MissingError, match="1 Einsum"):
        refuse_partial([LookedUp(replace(model, known_fates=(fate,)), ())])
    refuse_partial([LookedUp(model, ())])


def test_a_convolution_found_with_relu_is_printed_so(tmp_path: Path) -> None:
    model = write_net("ChamNet-F", "int8", tmp_path)
    dims = NETS["ChamNet-F"].input_dims
    ops = load_model(model, dims).ops
    plain = next(op for op in ops if op.op_type == "Int8Conv")
    fused = plain.key._replace(op_type="Int8ConvRelu")
    write([record(fused, 25.0, DEVICE)], tmp_path / table_file_name(DEVICE))
    printed = print_lines(str(model), tmp_path, dims)
    found = [index for index, line in enumerate(printed) if line.startswith("op type")]
    shapes = [list(shape) for shape in plain.key.input_shapes]
    assert found
    assert {printed[index] for index in found} == {f"op type Int8ConvRelu with input {shapes}"}
    assert {printed[index + 1] for index in found} == {"run_time: [25.0]"}
    assert printed[-1] == f"The network run-time latency is {25.0 * len(found)}"


def test_models_are_separated_by_commas_and_summed_apart(tmp_path: Path) -> None:
    models = f"{written_model(tmp_path / 'a')},{written_model(tmp_path / 'b')}"
    printed = lines(models, tmp_path, record(RELU, 4.0, DEVICE))
    assert printed[:6] == printed[6:]
    assert printed[5] == "The network run-time latency is 4.0"


def test_a_device_without_table_is_named(tmp_path: Path) -> None:
    write([record(RELU, 4.0)], tmp_path / table_file_name("Box-12-6.1"))
    with pytest.raises(
        FileError, match=r" holds no table of SM-G950U-7\.0-24\. Tables there are of: Box-12-6\.1\.$"
    ):
        list(look_up_models("any", tmp_path, DIMS, FLOAT, DEVICE))


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_the_original_gives_the_same_total_on_a_released_net(precision: str, tmp_path: Path) -> None:
    model = write_net("FBNet-96", precision, tmp_path)
    ops = load_model(model).ops
    table = [record(op, 10 + number / 7, DEVICE) for number, op in enumerate(ops) if number % 5]
    path = tmp_path / table_file_name(DEVICE)
    write(table, path)
    queries = [json.loads(json.dumps(op.key.to_json())) for op in ops]
    theirs = look_up(queries, DEVICE, load_database(path.read_text()))
    printed = print_lines(str(model), tmp_path, {"data": (1, 3, 96, 96)})
    assert printed[-2:] == [
        f"All operators found in the table? {theirs.all_found}",
        f"The network run-time latency is {theirs.total}",
    ]


def test_one_of_two_forms_of_a_net_is_chosen(tmp_path: Path) -> None:
    for form in ("int8", "fp32"):
        write_net("FBNet-96", form, tmp_path / "models")
    ops = load_model(tmp_path / "models" / "FBNet-96" / "int8").ops
    write([record(op, 10.0, DEVICE) for op in ops], tmp_path / table_file_name(DEVICE))
    folder, dims = str(tmp_path / "models" / "FBNet-96"), NETS["FBNet-96"].input_dims
    printed = print_lines(folder, tmp_path, dims, "int8")
    assert printed[-2:] == [
        "All operators found in the table? True",
        f"The network run-time latency is {10.0 * len(ops)}",
    ]
