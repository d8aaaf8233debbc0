"""ONNX files without their weights."""

from __future__ import annotations

import contextlib
import tracemalloc
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from lut.errors import ModelError
from lut.frontends.onnx.skeleton import read_skeleton
from tests.lut.frontends.onnx.models import conv_model, save

WHOLE = conv_model([1, 3, 8, 8], channels=64)


def test_large_data_are_left_out_and_all_else_is_kept(tmp_path: Path) -> None:
    model = onnx.ModelProto.FromString(read_skeleton(save(WHOLE, tmp_path / "net.onnx")))
    weight, target = model.graph.initializer
    assert (list(weight.dims), weight.name, weight.raw_data) == ([64, 3, 3, 3], "weight", b"")
    assert numpy_helper.to_array(target).tolist() == [1, -1]
    expected = onnx.ModelProto.FromString(WHOLE.SerializeToString())
    expected.graph.initializer[0].ClearField("raw_data")
    assert model == expected


def test_constants_within_nodes_are_left_out_too(tmp_path: Path) -> None:
    large = numpy_helper.from_array(np.zeros(5000, np.float32))
    inner = helper.make_graph([helper.make_node("Constant", [], ["c"], value=large)], "inner", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    model = helper.make_model(helper.make_graph([node], "net", [], []))
    assert len(read_skeleton(save(model, tmp_path / "net.onnx"))) < 500


def test_memory_does_not_grow_with_weights(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    weight = numpy_helper.from_array(np.zeros(4_000_000, np.float32), "weight")
    save(helper.make_model(helper.make_graph([], "net", [], [], [weight])), path)
    tracemalloc.start()
    read_skeleton(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 16_000_000
    assert peak < 1_000_000


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(WHOLE.SerializeToString()[:-20])
    with pytest.raises(ModelError, match=rf"^{path} is not an ONNX model, or not whole \(the field at byte"):
        read_skeleton(path)


@pytest.mark.parametrize("name", ["absent.onnx", "."])
def test_a_file_that_can_t_be_read_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r" can't be read: "):
        read_skeleton(tmp_path / name)


@given(content=st.binary(max_size=200), cut=st.integers(0, 400))
def test_no_bytes_end_in_anything_but_a_sentence(
    content: bytes, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    path.write_bytes(WHOLE.SerializeToString()[:cut] + content)
    with contextlib.suppress(ModelError):
        assert len(read_skeleton(path)) <= path.stat().st_size
