"""ONNX models, as `torch.onnx.export` and others write them. Needs the extra `onnx`.

Reading order: `skeleton` (the file without its weights), `reading` (nodes, and the shapes of tensors). What
the nodes become, `lut.frontends.nodes` tells.
"""

from __future__ import annotations

from pathlib import Path

from lut.errors import ModelError
from lut.frontends.model import Model, Reading
from lut.frontends.packages import need_package

__all__ = ["is_onnx_model", "load"]


def is_onnx_model(path: Path) -> bool:
    """Tell whether this is a file of ONNX, by its name."""
    return path.suffix == ".onnx" and path.is_file()


def load(path: Path, reading: Reading) -> Model:
    """Read an ONNX model as operators; see `lut.frontends.load_model`.

    Raises:
        ModelError: it can't be understood, or the extra `onnx` is not installed.
    """
    need_package("onnx", path)
    from lut.frontends.nodes import map_graph
    from lut.frontends.onnx.reading import read_graph

    graph = read_graph(path, reading.input_dims)
    try:
        mapped = map_graph(graph, reading.precision)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return Model(path, mapped.named, reading, mapped.fates, mapped.outputs)
