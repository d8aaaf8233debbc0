"""How often the program or the device may let one down before it is enough."""

from __future__ import annotations

from collections import Counter

from lut.errors import DeviceError

__all__ = ["Endurance"]

_MOST_LOSSES = 3
"""An operator in whose visits the device was lost so often is the likely cause."""

_MOST_KILLS = 3
"""An operator whose process was killed from outside so often is the likely cause: it may need more memory
than there is."""

_FRUITLESS_LOSSES = 10
"""After this many losses in a row without a visit in between, the device counts as useless."""

_FRUITLESS_STARTS = 3
"""This many starts in a row that reach no operator mean that the device, not an operator, is at fault."""


class Endurance:
    """Counts what goes wrong on one device."""

    def __init__(self, serial: str) -> None:
        self._serial = serial
        self._losses: Counter[str] = Counter()
        self._kills: Counter[tuple[str, bool]] = Counter()
        self._fruitless: Counter[bool] = Counter()
        self._last_end = ""

    def blame(self, op_id: str) -> bool:
        """Count a loss of the device in an operator's visit; tell whether it is the likely cause."""
        self._losses[op_id] += 1
        return self._losses[op_id] == _MOST_LOSSES

    def blame_kill(self, op_id: str, *, in_turns: bool = False) -> bool:
        """Count a kill of the process from outside in an operator's visit; tell whether it is the cause.

        Kills while it took turns with others are counted apart: any of them may be the cause then.
        """
        self._kills[op_id, in_turns] += 1
        return self._kills[op_id, in_turns] >= _MOST_KILLS

    def hear(self, reason: str) -> None:
        """Remember how the program ended last, for who is told that it ends again and again."""
        self._last_end = reason

    def count(self, *, progressed: bool, lost: bool) -> None:
        """Count a start of the program: whether it ended a visit, and whether the device was lost in it.

        Raises:
            DeviceError: too many in a row ended none.
        """
        if progressed:
            self._fruitless.clear()
            return
        self._fruitless[lost] += 1
        if self._fruitless[True] >= _FRUITLESS_LOSSES:
            raise DeviceError(
                f"{self._serial} was lost {_FRUITLESS_LOSSES} times without measuring anything in between; "
                f"the last time: {self._last_end}. Look at its cable and its power."
            )
        if self._fruitless[False] >= _FRUITLESS_STARTS:
            raise DeviceError(
                f"The benchmark program on {self._serial} ended {_FRUITLESS_STARTS} times without reaching "
                f"an operator; the last time: {self._last_end}. Run `bench build`, and look at what else "
                f"runs on the device."
            )
