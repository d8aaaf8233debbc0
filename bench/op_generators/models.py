"""The space `models`: every operator of given nets, whatever nets they are."""

from __future__ import annotations

from collections.abc import Iterator

from bench.op_generators.space import Space, SpaceOptions, unique
from lut.errors import ModelError
from lut.frontends import load_model
from lut.ops import OpSpec

__all__ = ["SPACE"]


def _generate(options: SpaceOptions) -> Iterator[OpSpec]:
    if not options.models:
        raise ModelError("The space `models` needs nets: give one or more --model DIR.")
    return unique(op for path in options.models for op in load_model(path, options.input_dims).ops)


SPACE = Space("every operator of the nets given by --model", _generate)
