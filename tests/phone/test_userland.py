"""What a simulated phone needs of its machine, it says before it starts."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.phone.adbd import Phone
from tests.phone.conftest import need_userland
from tests.phone.userland import OWN, UserlandError

ROOT = Path(__file__).resolve().parents[2]
WORDS = "no terminal can be opened, which every command on a simulated phone needs"


def refuse(*_: object) -> None:
    raise FileNotFoundError(2, "No such file or directory", "/dev/pts/0")


@pytest.mark.parametrize(("module", "name"), [(pty, "openpty"), (os, "ttyname")])
def test_a_phone_without_terminals_does_not_start(
    module: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, refuse)
    with pytest.raises(UserlandError, match=f"{WORDS}.*/dev/pts"):
        Phone(folder=tmp_path, architecture=OWN)
    with pytest.raises(pytest.skip.Exception, match=WORDS):
        need_userland(OWN)


def test_the_command_says_so_where_no_terminals_are_mounted(tmp_path: Path) -> None:
    need_userland(OWN)
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/pts && exec "$@"', "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*hide, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs the right to make mount namespaces")
    phone = [
        sys.executable,
        "-m",
        "tests.phone",
        "--port=0",
        "--storage",
        str(tmp_path),
        "--architecture",
        OWN,
    ]
    done = subprocess.run([*hide, *phone], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert (done.stdout, done.stderr.startswith(f"Error: {WORDS}")) == ("", True)
    assert "mount -t devpts devpts /dev/pts" in done.stderr
