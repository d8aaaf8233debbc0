"""The options of a TFLite operator: what of them is asked for is noted, so that none is left out unseen."""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any

import flatbuffers
import tflite

from lut.errors import ModelError

__all__ = ["Options", "activation_of"]

_NOT_FIELDS = ("AsNumpy", "Length", "IsNone", "BufferHasIdentifier")


class Options:
    """The fields of an operator's table of options, by the schema's names; they are read at once."""

    def __init__(self, table: Any) -> None:
        self._kind: Any = None if table is None else type(table)
        self._values = {} if table is None else _read_fields(table)
        self._asked: set[str] = set()

    @property
    def are_there(self) -> bool:
        """Whether the operator has options at all."""
        return self._kind is not None

    def get(self, name: str) -> Any:
        """Give a field.

        Raises:
            ModelError: the operator has no options, or those of another type.
        """
        if self._kind is None:
            raise ModelError("its options are not there, which its type needs")
        if name not in self._values:
            raise ModelError(f"its options are {self._kind.__name__}, those of another type")
        self._asked.add(name)
        return self._values[name]

    def ignore(self, *names: str) -> None:
        """Say of fields that they change no time."""
        self._asked |= set(names)

    def check(self) -> None:
        """Refuse what was not asked for.

        Raises:
            ModelError: a field that has not its default; the reason names it.
        """
        for name, value in self._values.items():
            if name not in self._asked and value != _read_defaults(self._kind)[name]:
                raise ModelError(f"nothing here stands for its option {name} = {value}")


def _read_fields(table: Any) -> dict[str, Any]:
    kind: Any = type(table)
    return {name: getattr(table, name)() for name in _list_fields(kind)}


@cache
def _list_fields(kind: Any) -> tuple[str, ...]:
    """List the fields that hold one value each."""
    return tuple(
        name
        for name, each in vars(kind).items()
        if isinstance(each, FunctionType)
        and each.__code__.co_argcount == 1
        and not name.startswith("_")
        and not name.endswith(_NOT_FIELDS)
    )


@cache
def _read_defaults(kind: Any) -> dict[str, Any]:
    """Give the fields of an empty table, each of which has its default."""
    builder = flatbuffers.Builder(16)
    builder.StartObject(0)
    builder.Finish(builder.EndObject())
    empty = kind()
    content = builder.Output()
    empty.Init(content, flatbuffers.encode.Get(flatbuffers.packer.uoffset, content, 0))
    return _read_fields(empty)


def activation_of(options: Options) -> int:
    """Give the number of the activation that is fused into an operator; NONE where it has no options."""
    if not options.are_there:
        return int(tflite.ActivationFunctionType.NONE)
    return int(options.get("FusedActivationFunction"))
