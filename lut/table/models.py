"""Models with what a table says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lut.frontends import Memory, Model, load_model, name_models
from lut.table.estimate import Estimate
from lut.table.lut_table import LutTable

__all__ = ["EstimatedModel", "estimate_models"]


@dataclass(frozen=True)
class EstimatedModel:
    """A model, its name among others, and what a table says of it."""

    name: str
    model: Model
    estimate: Estimate
    memory: Memory | None = None
    """What its tensors take on the table's engine; None where that is unknown."""


def estimate_models(
    table: LutTable,
    paths: Iterable[Path],
    input_dims: Mapping[str, tuple[int, ...]] | None = None,
    *,
    precision: str | None = None,
    interpolate: bool = False,
) -> tuple[EstimatedModel, ...]:
    """Load models, each once, and estimate them from a table; see `load_model` and `LutTable.estimate`.

    Raises:
        ModelError: one is absent or can't be understood.
    """
    paths = list({path.resolve(): path for path in paths}.values())
    loaded = [load_model(path, input_dims, precision=precision) for path in paths]
    return tuple(
        EstimatedModel(
            name,
            model,
            table.estimate(model, interpolate=interpolate),
            model.count_memory(fused=table.fuses_activations),
        )
        for name, model in zip(name_models(paths), loaded, strict=True)
    )
