"""Mapped and unmapped multiply-adds of real nets are, together, what a count from the file itself gives.

The count is made anew, by ONNX's own shapes alone, from the export in floats with fixed sizes. A net makes as
many in every other form it is exported in.
"""

from __future__ import annotations

import tarfile
from collections import defaultdict
from math import prod
from pathlib import Path

import onnx
import pytest
from onnx import shape_inference

from lut.errors import ModelError
from lut.frontends import Lost, Model, load_model
from tests.bounds import SOAK

ARCHIVE = Path(__file__).resolve().parents[4] / "shared" / "nets" / "exports.tar.xz"

pytestmark = pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"the exports are not in {ARCHIVE}")

COUNTED = "dyn18"
"""The form that the count is made from."""

FORMS = {COUNTED, "qop_u8", "qdynamic"}
"""Those that are read in `make test`: the others are closer to them. `make soak` reads all nine."""


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Give the files of each net."""
    folder = tmp_path_factory.mktemp("exports")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    nets = defaultdict(list)
    for path in sorted(folder.rglob("*.onnx")):
        net, form, _ = path.name.split(".")
        if SOAK or form in FORMS:
            nets[net].append(path)
    return nets


@pytest.fixture(scope="module")
def read(exports: dict[str, list[Path]]) -> dict[Path, Model | None]:
    """Give each file as it is read; None where it is refused."""
    return {path: _read(path) for paths in exports.values() for path in paths}


def _read(path: Path) -> Model | None:
    try:
        return load_model(path)
    except ModelError:
        return None


@pytest.fixture(scope="module")
def expected(exports: dict[str, list[Path]]) -> dict[str, int]:
    """Give the count of each net."""
    return {
        net: count(next(path for path in paths if path.name == f"{net}.{COUNTED}.onnx"))
        for net, paths in exports.items()
    }


def count(path: Path) -> int:
    """Count what convolutions and matrix products make, by their outputs and the lengths of their sums."""
    model = onnx.load(path, load_external_data=False)
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {each.name: tuple(each.dims) for each in graph.initializer}
    for info in (*graph.input, *graph.value_info, *graph.output):
        shapes[info.name] = tuple(dim.dim_value for dim in info.type.tensor_type.shape.dim)
    total, computed = 0, {each.name for each in graph.input} - {each.name for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "Shape" or not computed & set(node.input):
            continue  # it is computed once, when the net is loaded
        computed |= set(node.output)
        assert node.op_type not in ("Attention", "ConvTranspose", "Einsum", "GRU", "LSTM", "RNN")
        if node.op_type == "Conv":
            length = prod(shapes[node.input[1]][1:])
        elif node.op_type in ("Gemm", "MatMul"):
            turned = any(each.name == "transA" and each.i for each in node.attribute)
            length = shapes[node.input[0]][-2 if turned else -1]
        else:
            continue
        assert length
        assert prod(shapes[node.output[0]])
        total += prod(shapes[node.output[0]]) * length
    return total


def test_only_float16_is_refused(read: dict[Path, Model | None]) -> None:
    assert [path.name for path, model in read.items() if model is None and ".fp16." not in path.name] == []


def test_convolutions_and_products_make_as_many_in_every_form(
    read: dict[Path, Model | None], expected: dict[str, int]
) -> None:
    wrong = []
    for path, model in read.items():
        if model is None:
            continue
        kinds = ("Conv", "Gemm", "MatMul")
        products = [fate for fate in model.fates if any(kind in fate.op_type for kind in kinds)]
        found = Lost.of(products)
        right = expected[path.name.split(".")[0]]
        if found.uncounted or found.multiply_adds != pytest.approx(right, rel=0.001):
            wrong.append(f"{path.name}: {found} for {right:,}")
    assert wrong == []


def test_the_sum_of_all_nodes_is_within_2_5_percent(
    read: dict[Path, Model | None], expected: dict[str, int]
) -> None:
    off = set()
    for path, model in read.items():
        if model is None:
            continue
        found = Lost.of(model.fates)
        right = expected[path.name.split(".")[0]]
        if found.uncounted or found.multiply_adds != pytest.approx(right, rel=0.025):
            off.add(path.name)
    assert off == set()
