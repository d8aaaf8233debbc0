"""The space `models`: every operator of given nets, whatever nets they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

from bench.op_generators.space import Precisions, Space
from lut.errors import ModelError
from lut.frontends import find_models, load_model, name_models
from lut.plan import Origin, Part
from lut.spaces import SpaceOption

__all__ = ["SPACE"]


def _walk(
    models: Annotated[
        tuple[Path, ...],
        SpaceOption(
            "--model",
            "A model, or a folder of models; may be repeated.",
            kind="path",
            repeated=True,
        ),
    ] = (),
    input_dims: Annotated[
        dict[str, tuple[int, ...]] | None,
        SpaceOption(
            "--input_dims",
            "Shapes of the nets' inputs, such as '{\"data\": [1, 3, 224, 224]}'. "
            "Default: what each model says.",
            kind="shapes",
        ),
    ] = None,
    precisions: Precisions = (),
    *,
    fused: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> Iterator[Part]:
    if not models:
        raise ModelError("The space `models` needs nets: give one or more by --model.")
    nets = []
    paths = find_models(models, precisions[0] if len(precisions) == 1 else None)
    for path_name, path in zip(name_models(paths), paths, strict=True):
        for precision in precisions or (None,):
            name = f"{path_name} {precision}" if precision else path_name
            model = load_model(path, input_dims, precision=precision)
            if model.unmapped:
                types = ", ".join(sorted({fate.op_type for fate in model.unmapped}))
                announce(
                    f"{name}: no operator stands for {len(model.unmapped)} of its nodes ({types}); "
                    f"`lut ops --explain` says why."
                )
            ops = model.choose_ops(fused=fused)
            nets.append((Origin.of(name, ops), ops))
    # An operator of several nets is measured as a part of the largest, needing least memory beside its own.
    for origin, ops in sorted(nets, key=lambda net: -net[0].weights):
        yield from (Part(op, origin) for op in ops)


SPACE = Space("every operator of the nets given by --model", _walk, announces=True)
