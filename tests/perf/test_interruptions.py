"""Many interruptions at random moments, on one and on two simulated phones."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.phone.conftest import QuickPhone, keys, options, own_program, prepared_storage, quick_phone
from tests.phone.test_interruption import interrupt_until_done

__all__ = ["keys", "options", "own_program", "prepared_storage", "quick_phone"]

INTERRUPTIONS = 40
BAR_S = 2.0


@pytest.mark.parametrize("phones", [1, 2])
def test_every_interruption_ends_a_run_soon_and_costs_no_operator(
    phones: int, quick_phone: QuickPhone, tmp_path: Path
) -> None:
    endings: list[tuple[int, float]] = []
    with ExitStack() as stack:
        running = [stack.enter_context(quick_phone(f"quick{number}")) for number in range(phones)]
        journals = 0
        while sum(code != 0 for code, _ in endings) < INTERRUPTIONS:
            journals += 1
            folder = tmp_path / str(journals)
            folder.mkdir()
            left = INTERRUPTIONS - sum(code != 0 for code, _ in endings)
            endings += interrupt_until_done(running, folder, seed=journals, most=left)
    seconds = sorted(took for code, took in endings if code == 130)
    print(
        f"\n{phones} phone(s): {len(seconds)} interruptions of {journals} journals, "
        f"median {seconds[len(seconds) // 2]:.2f} s, longest {seconds[-1]:.2f} s (bar {BAR_S:g} s)"
    )
    assert {code for code, _ in endings} <= {0, 130}
    assert seconds[-1] < BAR_S
