"""TFLite models, as LiteRT runs them. Needs the extra `tflite`.

Reading order: `reading` (the file as operators with tensors, weights left where they are), `writing`,
`operators` and `translation` (each operator as nodes). What the nodes become, `lut.frontends.nodes` tells.
"""

from __future__ import annotations

from pathlib import Path

from lut.errors import ModelError
from lut.frontends.model import Model, Reading
from lut.frontends.packages import need_package

__all__ = ["is_tflite_model", "load"]


def is_tflite_model(path: Path) -> bool:
    """Tell whether this is a file of TFLite, by its name."""
    return path.suffix == ".tflite" and path.is_file()


def load(path: Path, reading: Reading) -> Model:
    """Read a TFLite model as operators; see `lut.frontends.load_model`.

    Raises:
        ModelError: it can't be understood, or the extra `tflite` is not installed.
    """
    need_package("tflite", path)
    from lut.frontends.nodes import map_graph
    from lut.frontends.tflite.reading import read_tflite
    from lut.frontends.tflite.translation import join_fates, translate

    if reading.input_dims:
        raise ModelError(f"{path}: a TFLite model has the shapes of its inputs: leave --input_dims out.")
    try:
        graph = translate(read_tflite(path))
        named, fates = map_graph(graph, reading.precision)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return Model(path, named, reading, join_fates(fates))
