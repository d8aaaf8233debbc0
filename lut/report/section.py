"""What every section of a report is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lut.report.html import Html
from lut.report.material import Material

__all__ = ["Section"]


@dataclass(frozen=True)
class Section:
    """A heading and what makes its contents; None of material that the section has nothing to say of."""

    title: str
    build: Callable[[Material], Html | None]
