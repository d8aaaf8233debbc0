"""Names of nets as people type them: in whatever case, and with slips."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from lut.errors import ModelError

__all__ = ["match_name"]


def match_name(text: str, names: Iterable[str]) -> str:
    """Give the one of the names that is meant, whatever its case.

    Raises:
        ModelError: there is none; the message names the nearest, or else all.
    """
    by_case = {name.casefold(): name for name in names}
    if (name := by_case.get(text.casefold())) is not None:
        return name
    near = [by_case[each] for each in get_close_matches(text.casefold(), by_case, n=3)]
    if near:
        raise ModelError(f"No net is called {text!r}. Did you mean {' or '.join(near)}?")
    raise ModelError(f"No net is called {text!r}. Choose from {', '.join(by_case.values())}.")
