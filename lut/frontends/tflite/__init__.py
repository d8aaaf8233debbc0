"""TFLite models, as LiteRT runs them. Needs the extra `tflite`.

Reading order: `reading` and `options` (the file as operators with tensors, weights left where they are),
`shapes` (of tensors, where inputs are open or given), `writing`, `operators` and `translation` (each operator
as nodes). What the nodes become, `lut.frontends.nodes` tells.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lut.errors import ModelError
from lut.frontends.model import Model, Reading
from lut.frontends.packages import need_package

if TYPE_CHECKING:
    from lut.frontends.tflite.reading import TfliteGraph

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
    from lut.frontends.tflite.shapes import fix_shapes
    from lut.frontends.tflite.translation import join_fates, translate

    try:
        source = fix_shapes(read_tflite(path, reading.signature), reading.input_dims)
        graph = translate(source)
        mapped = map_graph(graph, reading.precision)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return Model(path, mapped.named, reading, join_fates(mapped.fates), mapped.outputs, _name_others(source))


def _name_others(source: TfliteGraph) -> tuple[str, ...]:
    """Say which graph was read where the file has several."""
    if not source.others:
        return ()
    others = ", ".join(map(repr, source.others[:_SHOWN]))
    more = " …" if source.others[_SHOWN:] else ""
    return (
        f"{source.path} holds {len(source.others) + 1} graphs, of which {source.name!r} is read. --signature "
        f"chooses another: {others}{more}.",
    )


_SHOWN = 5
