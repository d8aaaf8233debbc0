"""Models among folders: a model as it is given, or all that a folder of models holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lut.errors import ModelError
from lut.frontends.model import PRECISIONS

__all__ = ["find_in"]


def find_in(
    paths: Sequence[Path], is_model: Callable[[Path], bool], precision: str | None = None
) -> list[Path]:
    """Give models as they are, and of a folder that is none all that are in it, at whatever depth.

    Args:
        paths: models, and folders of models.
        is_model: whether a model is here.
        precision: of nets that a folder holds in both forms, side by side as `int8` and `fp32`, which one
            to take; None takes both.

    Raises:
        ModelError: a folder holds none.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir() or is_model(path):
            found.append(path)
            continue
        inside = sorted(each for each in path.rglob("*") if is_model(each))
        if not inside:
            raise ModelError(f"{path} holds no model that is known here, at no depth.")
        found += [each for each in inside if not _is_other_form(each, set(inside), precision)]
    return found


def _is_other_form(path: Path, inside: set[Path], precision: str | None) -> bool:
    """Whether the model is one of two forms of a net, and the other one is asked for."""
    return (
        precision is not None
        and path.name in PRECISIONS
        and path.name != precision
        and path.with_name(precision) in inside
    )
