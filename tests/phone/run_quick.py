"""`bench run` for quick phones: `python -m tests.phone.run_quick run PLAN --device SERIAL -o JOURNAL`.

Two things differ: the program that is brought there is this machine's own, not the arm64 one, and nothing
disturbs the phones (see `tests.quiet`). Once all is ready, the file that STARTED names is there.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from bench.cli.entry import cli
from bench.engines import CAFFE2
from lut.cli import end_program
from tests.phone.running import gather_own_program
from tests.quiet import quieten

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        program = gather_own_program(CAFFE2.build("host"), Path(folder))
        with pytest.MonkeyPatch.context() as patch:
            quieten(patch)
            patch.setattr("bench.engines.engine.build_program", lambda *_, **__: program)
            if started := os.environ.get("STARTED"):
                Path(started).touch()
            end_program(cli)
