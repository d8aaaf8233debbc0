"""The beginning of both programs: what an interrupted import ends in."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest

import bench.program
import lut.program


@pytest.mark.parametrize("main", [bench.program.main, lut.program.main])
def test_an_interruption_while_importing_is_one_like_any(
    main: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lut.program, "import_module", interrupt)
    assert (main(), capsys.readouterr()) == (130, ("", "Interrupted.\n"))


def test_a_signal_in_the_midst_of_an_import_leaves_no_traceback() -> None:
    code = """
        import os, signal, sys
        class Interrupter:
            def find_spec(self, name, *_):
                if name == "click":
                    os.kill(os.getpid(), signal.SIGINT)
        sys.meta_path.insert(0, Interrupter())
        from bench.program import main
        sys.exit(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")
