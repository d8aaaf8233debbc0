"""Models on disk as lists of operators."""

import json
import re
import shutil
from pathlib import Path

import pytest

from lut.caffe2_pb2 import NetDef
from lut.errors import ModelError
from lut.frontends import load_model, parse_input_dims, write_netdef
from lut.frontends.netdef import list_ops, read_netdef
from lut.ops import FLOAT, INT32, UINT8, TensorSpec
from lut.zoo import NETS, PRECISIONS
from lut.zoo import write_net as write_zoo_net
from tests.lut.samples import FC, RELU, SOFTMAX, net_of, written_model


def refusal(path: Path, dims: dict[str, tuple[int, ...]] | None = None) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(path, dims)
    return str(caught.value)


def test_a_model_takes_its_input_from_input_dims_json(tmp_path: Path) -> None:
    model = load_model(written_model(tmp_path))
    assert (model.path, model.ops) == (tmp_path, (FC, RELU, SOFTMAX))
    assert model.multiply_adds == 4 * 8


def test_given_input_dims_come_before_the_file(tmp_path: Path) -> None:
    model = load_model(written_model(tmp_path), {"data": (5, 8)})
    assert model.ops[1].inputs == (TensorSpec((5, 4)),)


def test_both_files_may_be_text(tmp_path: Path) -> None:
    expected = load_model(written_model(tmp_path)).ops
    for stem in ("model", "model_init"):
        write_netdef(read_netdef(tmp_path / f"{stem}.pb"), tmp_path / f"{stem}.pbtxt")
        (tmp_path / f"{stem}.pb").unlink()
    assert load_model(tmp_path).ops == expected


def test_the_inputs_type_may_be_given(tmp_path: Path) -> None:
    written_model(tmp_path)
    message = re.escape("input 0 is uint8 (6) where float (1) is expected")
    with pytest.raises(ModelError, match=message):
        load_model(tmp_path, {"data": (1, 8)}, UINT8)


def test_a_model_without_operators_is_named(tmp_path: Path) -> None:
    written_model(tmp_path)
    (tmp_path / "model.pb").write_bytes(b"")
    assert refusal(tmp_path) == (
        f"{tmp_path}/model.pb holds a network without operators. Is it the right file?"
    )


def test_a_model_without_parameters_has_an_empty_init_net(tmp_path: Path) -> None:
    net = NetDef(external_input=["x"])
    net.op.add(type="Relu", input=["x"], output=["y"])
    write_netdef(net, tmp_path / "model.pb")
    (tmp_path / "model_init.pb").write_bytes(b"")
    (op,) = load_model(tmp_path, {"x": (1, 4)}).ops
    assert (op.op_type, op.inputs) == ("Relu", (TensorSpec((1, 4)),))


def test_a_model_without_init_file_is_named(tmp_path: Path) -> None:
    written_model(tmp_path)
    (tmp_path / "model_init.pb").unlink()
    assert refusal(tmp_path) == (
        f"{tmp_path} has no model_init.pb. Both are needed: model.pb for the operators, model_init.pb for "
        f"the shapes of their parameters."
    )


def test_a_folder_without_model_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent") == (
        f"{tmp_path / 'absent'} does not exist. Give a folder that holds model.pb and model_init.pb, "
        f"or a file of .onnx or .tflite."
    )
    assert refusal(tmp_path) == (
        f"{tmp_path} is a folder, not a model. Give a file of .onnx or .tflite, or a folder with "
        f"model.pb and model_init.pb."
    )


def test_without_input_dims_the_option_is_named(tmp_path: Path) -> None:
    assert refusal(written_model(tmp_path, with_dims=False)) == (
        f"{tmp_path / 'model.pb'}: neither the init net nor the input dims give a shape for 'data'. Inputs "
        f"of the network take theirs from the option --input_dims, such as '{{\"data\": [1, 3, 224, 224]}}'."
    )


def test_an_unknown_input_is_answered_with_the_known_one(tmp_path: Path) -> None:
    assert refusal(written_model(tmp_path), {"image": (1, 8), "data": (1, 8)}) == (
        f"{tmp_path / 'model.pb'} has no input 'image'; its first input is 'data'."
    )


@pytest.mark.parametrize("text", ["[1, 8]", "data", '{"data": [1.5]}'])
def test_a_broken_input_dims_file_is_named(text: str, tmp_path: Path) -> None:
    written_model(tmp_path)
    (tmp_path / "input_dims.json").write_text(text)
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path / 'input_dims.json'}: {text!r} ")
    assert message.endswith('expected JSON such as {"data": [1, 3, 224, 224]}.')


def test_what_does_not_fit_is_named_with_its_file(tmp_path: Path) -> None:
    written_model(tmp_path)
    assert refusal(tmp_path, {"data": (1, 9)}) == (
        f"{tmp_path / 'model.pb'}: operator 0 ('fc'): FC [1,9] [4,8] [4]: the input has 9 values from axis 1 "
        f"on, the weight 8 columns."
    )
    write_netdef(net_of(("Lstm", [], ["w"], {})), tmp_path / "model_init.pb")
    assert refusal(tmp_path).startswith(
        f"{tmp_path / 'model_init.pb'}: Lstm is an operator type that has no rule"
    )


def test_a_net_that_lists_no_inputs_is_walked_all_the_same(tmp_path: Path) -> None:
    written_model(tmp_path)
    net = read_netdef(tmp_path / "model.pb")
    del net.external_input[:]
    write_netdef(net, tmp_path / "model.pb")
    assert load_model(tmp_path).ops == (FC, RELU, SOFTMAX)
    (tmp_path / "input_dims.json").unlink()
    assert refusal(tmp_path).startswith(f"{tmp_path / 'model.pb'}: operator 0 ('fc'): FC needs 'data', which")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", '{"data": 4}', '{"data": []}', '{"data": [1, -3]}', '{"data": [true]}', "[" * 100_000],
    ids=range(8),
)
def test_texts_that_are_no_input_dims(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape('expected JSON such as {"data": [1, 3, 224, 224]}')):
        parse_input_dims(text)


def test_input_dims() -> None:
    assert parse_input_dims('{"a": [1, 3], "b": [2]}') == {"a": (1, 3), "b": (2,)}
    assert parse_input_dims("{}") == {}


# --- The released nets ---------------------------------------------------------------------------

every_net = pytest.mark.parametrize(
    ("name", "precision"), [(name, precision) for name in NETS for precision in PRECISIONS]
)


@every_net
def test_the_published_graph_gives_the_published_keys(name: str, precision: str, shared_models: Path) -> None:
    folder = shared_models / name / precision
    shapes = json.loads((folder / "shapes.json").read_text())
    known = {blob: TensorSpec(tuple(dims)) for blob, dims in shapes["input_dims"].items()}
    for blob, dims in shapes["parameters"].items():
        weight, bias = (UINT8, INT32) if precision == "int8" else (FLOAT, FLOAT)
        known[blob] = TensorSpec(tuple(dims), bias if len(dims) == 1 else weight)
    ops = list_ops(read_netdef(folder / "model.pbtxt"), known)
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    assert [op.key.to_json() for op in ops] == queries


@every_net
def test_the_published_graph_with_our_init_net_is_a_model(
    name: str, precision: str, shared_models: Path, tmp_path: Path
) -> None:
    ours = write_zoo_net(name, precision, tmp_path)
    built = load_model(ours).ops
    (ours / "model.pb").unlink()
    shutil.copy(shared_models / name / precision / "model.pbtxt", ours)
    assert load_model(ours).ops == built
