"""Numbers as the report writes them; what is not known is a dash, never a zero."""

from __future__ import annotations

import math
from datetime import datetime, timezone

__all__ = ["UNKNOWN", "count", "decimals", "micros", "moment", "percent", "signed_percent", "significant"]

UNKNOWN = "\N{EN DASH}"
_SPACE = "\N{NO-BREAK SPACE}"


def count(number: int, noun: str, nouns: str | None = None) -> str:
    """Write `1 operator`, `2,095 operators`, `no operators`; `nouns` is an irregular plural."""
    plural = nouns or f"{noun}s"
    return f"no {plural}" if number == 0 else f"{number:,} {noun if number == 1 else plural}"


def decimals(value: float | None, places: int = 1) -> str:
    """Write a number with so many decimals, as columns are aligned by."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.{places}f}"


def significant(value: float | None, digits: int = 3) -> str:
    """Write a number to so many significant digits, without an exponent."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"


def micros(value: float | None, places: int = 1) -> str:
    """Write microseconds with their unit."""
    return f"{decimals(value, places)}{_SPACE}µs"


def percent(share: float | None, places: int = 1) -> str:
    """Write a share of 1 as per cent."""
    return UNKNOWN if share is None or not math.isfinite(share) else f"{100 * share:.{places}f}{_SPACE}%"


def signed_percent(share: float | None) -> str:
    """Write a deviation as per cent with its sign."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    return f"{100 * share:+.1f}{_SPACE}%".replace("-", "\N{MINUS SIGN}")


def moment(text: str) -> str:
    """Write a time of day in ISO 8601 as `24 November 2026, 00:07 UTC`; what is none stays as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text or UNKNOWN
    if when.tzinfo is not None:
        when = when.astimezone(timezone.utc)
    return f"{when.day} {when:%B %Y, %H:%M}" + (" UTC" if when.tzinfo is not None else "")
