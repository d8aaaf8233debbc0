"""The built nets are the published ones, and their init nets fill what they read."""

import hashlib
import json
from functools import cache
from pathlib import Path

import pytest

from lut.errors import ModelError
from lut.frontends import load_model
from lut.frontends.netdef import list_ops, parameter_specs
from lut.ops import FLOAT, INT32, UINT8, OpSpec, TensorSpec, multiply_adds
from lut.zoo import NETS, PRECISIONS, BuiltNet, build_net, write_net

PUBLISHED_SHA256 = {
    ("ChamNet-A", "int8"): "9c54bc1e4be540ed7ed943aaa1144a1b6ba79214ac044f36e41f90909685e87b",
    ("ChamNet-A", "fp32"): "eb91d3ee4d591494b3c00afd2de4e509a2b356f1ce455642516beb4bb9a6f138",
    ("ChamNet-B", "int8"): "56f68105a40476264b81d64d65614eec04486fd689673d6d6d2168b7c215d344",
    ("ChamNet-B", "fp32"): "4f0eaad6737ebcda51caec03262714ef2c059b5de6edf72a17666b9c082f7eb0",
    ("ChamNet-C", "int8"): "72dc18cdf5be01a2eb78dad3eae0ce0e1360112513cf609f0cc454f900d6a062",
    ("ChamNet-C", "fp32"): "e1868f361ea1b810dbd5dc4fbe634b3349438ec32fb1699c2e1bddfb129475a1",
    ("ChamNet-D", "int8"): "2dfa86cbfc09cec4858054d1b8767a479b38c91570a00a5051aff7cbffe42246",
    ("ChamNet-D", "fp32"): "138df8c2f5fa67d87ba5fbac08dabce7b5d70df64475625cf361b0208345d08a",
    ("ChamNet-E", "int8"): "c1b9b3a3ca20154d4541601c0ee413f44ad16cf5c37fdd7589538136e02a69ff",
    ("ChamNet-E", "fp32"): "236d95c236df45a593655a3fa6e33e6a0787723fbad70f56e6a4a53d4398a709",
    ("ChamNet-F", "int8"): "30bc03aa5593d844c5532e7152140d39ec84345edf674767bc50656e3e339751",
    ("ChamNet-F", "fp32"): "cb21ee2f8967b21757bc39c30c4ebd9ca979ef9a08551329531bff0f1afe344f",
    ("FBNet-A", "int8"): "16b1f1e03710fb5274e45b27df23ad3ad8b1d36eba752a8479f5bf1b6dffd22e",
    ("FBNet-A", "fp32"): "d1431dc7cd92023b73d3c8885edc6adedbb838c5130e0a9574d03231f5fb3f6b",
    ("FBNet-B", "int8"): "0dc8f1e7b67287618cb2c05195d023f47c18eb81c409fe2ffda99f8375134e0b",
    ("FBNet-B", "fp32"): "9ab3b4aa6e47ee60c8ce097aa0087ad7616d01f088e639a967b5be4d558cf5f6",
    ("FBNet-B1", "int8"): "fe71753e3b77ee1d8e452204b027598fd1490aa156d9b29910f1e53b1b9fa774",
    ("FBNet-B1", "fp32"): "b4553b1cfddb2cc22e23a954909a156b9b6fa8e018d1184b670ca69cb8514d1b",
    ("FBNet-C", "int8"): "a5353722a5ee996930e405939be27781b385a9374466eb9c448ceaa411a97e50",
    ("FBNet-C", "fp32"): "4ca425b0cc245f67b783829e3cc6d5416f621bc4d6c9b053fd89970d28f2d90b",
    ("FBNet-C1", "int8"): "a87bef302c28ec2868ec949266962f52d29f04c8048168227e43a06c4c436e86",
    ("FBNet-C1", "fp32"): "eafd87bcef01cde431e709cebb845a6dd20c36ca33836d70ead00424131d17ca",
    ("FBNet-96", "int8"): "a28a270f26b89d4b47e3ebf6058f088ebea6d5de1f403c03b09ff97ac2c25a67",
    ("FBNet-96", "fp32"): "c94d88c22038e5e1c50edfc70e46cdf54c8b6be389d29a54ae12d3618046c1f9",
}

every_net = pytest.mark.parametrize(("name", "precision"), PUBLISHED_SHA256)
build = cache(build_net)


def see_ops(built: BuiltNet) -> tuple[OpSpec, ...]:
    known = parameter_specs(built.init_net)
    known |= {blob: TensorSpec(shape) for blob, shape in built.input_dims.items()}
    return list_ops(built.predict_net, known)


def test_the_zoo_is_twelve_nets_in_two_precisions() -> None:
    assert [(name, precision) for name in NETS for precision in PRECISIONS] == list(PUBLISHED_SHA256)
    assert all(net.name == name for name, net in NETS.items())


@every_net
def test_the_predict_net_is_the_published_file(name: str, precision: str) -> None:
    data = build(name, precision).predict_net.SerializeToString(deterministic=True)
    assert hashlib.sha256(data).hexdigest() == PUBLISHED_SHA256[name, precision]


@every_net
def test_hash_shapes_and_input_are_those_of_the_shared_model(
    name: str, precision: str, shared_models: Path
) -> None:
    expected = json.loads((shared_models / name / precision / "shapes.json").read_text())
    built = build(name, precision)

    data = built.predict_net.SerializeToString(deterministic=True)
    assert hashlib.sha256(data).hexdigest() == expected["model_pb"]["sha256"]
    assert len(data) == expected["model_pb"]["bytes"]
    assert {blob: list(shape) for blob, shape in built.input_dims.items()} == expected["input_dims"]

    specs = parameter_specs(built.init_net)
    assert {blob: list(specs[blob].shape) for blob in expected["parameters"]} == expected["parameters"]
    assert list(built.init_net.external_output) == list(expected["parameters"])


@every_net
def test_operators_are_the_published_queries(
    name: str, precision: str, shared_models: Path, tmp_path: Path
) -> None:
    lines = (shared_models / name / precision / "queries.jsonl").read_text().splitlines()
    model = load_model(write_net(name, precision, tmp_path))
    assert [op.key.to_json() for op in model.ops] == [json.loads(line) for line in lines]


@every_net
def test_every_external_input_but_data_is_filled_in_the_graphs_order(name: str, precision: str) -> None:
    built = build(name, precision)
    fed, *parameters = built.predict_net.external_input
    filled = [op.output[0] for op in built.init_net.op if not op.output[0].endswith("_float")]
    assert fed == "data"
    assert list(built.input_dims) == ["data"]
    assert filled == parameters == list(built.init_net.external_output)


@every_net
def test_no_blob_is_read_before_it_is_written(name: str, precision: str) -> None:
    built = build(name, precision)
    written: set[str] = {"data"}
    for op in (*built.init_net.op, *built.predict_net.op):
        assert written.issuperset(op.input), op
        in_place = op.type == "Relu" and list(op.input) == list(op.output)
        assert in_place or written.isdisjoint(op.output), op
        written.update(op.output)
    assert "softmax" in written


@every_net
def test_every_blob_but_softmax_is_used(name: str, precision: str) -> None:
    built = build(name, precision)
    ops = [*built.init_net.op, *built.predict_net.op]
    read = {blob for op in ops for blob in op.input}
    assert {blob for op in ops for blob in op.output} - read == {"softmax"}


@pytest.mark.parametrize(("precision", "weight", "bias"), [("int8", UINT8, INT32), ("fp32", FLOAT, FLOAT)])
def test_parameters_have_the_types_that_the_operators_take(precision: str, weight: int, bias: int) -> None:
    specs = parameter_specs(build("FBNet-96", precision).init_net)
    suffix = "_int8" if precision == "int8" else ""
    assert specs[f"pred_w{suffix}"] == TensorSpec((1000, 1416), weight)
    assert specs[f"pred_b{suffix}"] == TensorSpec((1000,), bias)


@every_net
def test_weights_and_multiply_adds_are_as_many_as_published(name: str, precision: str) -> None:
    ops = see_ops(build(name, precision))
    weights = sum(op.inputs[1].elements for op in ops if len(op.inputs) > 1 and "Sum" not in op.op_type)
    published = NETS[name].published
    assert weights / 1e6 == pytest.approx(published.mega_params, abs=0.1)
    assert sum(map(multiply_adds, ops)) / 1e6 == pytest.approx(published.mega_macs, rel=0.01)


@every_net
def test_init_nets_are_small(name: str, precision: str) -> None:
    assert build(name, precision).init_net.ByteSize() < 100_000


def test_write_net_makes_a_model_folder(tmp_path: Path) -> None:
    folder = write_net("FBNet-96", "int8", tmp_path)
    assert folder == tmp_path / "FBNet-96" / "int8"
    assert sorted(path.name for path in folder.iterdir()) == ["input_dims.json", "model.pb", "model_init.pb"]
    assert (folder / "input_dims.json").read_text() == '{"data": [1, 3, 96, 96]}\n'
    data = (folder / "model.pb").read_bytes()
    assert hashlib.sha256(data).hexdigest() == PUBLISHED_SHA256["FBNet-96", "int8"]


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    def contents() -> dict[str, bytes]:
        folder = write_net("ChamNet-F", "fp32", tmp_path)
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    assert contents() == contents()


def test_an_unknown_net_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'FBNet-Z'\. Did you mean FBNet-"):
        write_net("FBNet-Z", "int8", tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_unknown_precision_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"'fp16'\. Choose from int8, fp32\."):
        build_net("FBNet-A", "fp16")
