"""All guides in one folder, one after the other, as somebody reads them who follows each."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.docs.conftest import ROOT, run_page, step_by_step
from tests.phone.conftest import keys, options, own_program, prepared_storage, quick_phone

__all__ = ["keys", "options", "own_program", "prepared_storage", "quick_phone", "run_page", "step_by_step"]


def test_no_guide_is_in_the_way_of_another(run_page: Callable[[Path], None]) -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    for name in dict.fromkeys(re.findall(r"\]\((\w[\w-]*\.md)\)", index)):
        run_page(ROOT / "docs" / name)
