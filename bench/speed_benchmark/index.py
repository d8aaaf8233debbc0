"""What the user's package index has, asked through pip: no address of any index is known here."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urldefrag

from bench.speed_benchmark.pins import Download
from bench.starting import describe_refusal
from lut.errors import EngineError

__all__ = ["NotFoundError", "ask_settings", "download_whole", "find_address"]

# pip asks an sdist for its metadata even when it only downloads it, and for an old one that means running
# its setup.py through setuptools. This stands in for setuptools (found first, by PYTHONPATH) and answers
# from PKG-INFO, so nothing of the sdist runs and neither setuptools nor a network is needed for it.
_STAND_IN = """\
import email, pathlib

class __legacy__:
    @staticmethod
    def get_requires_for_build_wheel(config_settings=None):
        return []

    @staticmethod
    def prepare_metadata_for_build_wheel(folder, config_settings=None):
        text = pathlib.Path("PKG-INFO").read_text(encoding="utf-8")
        about = email.message_from_string(text)
        info = pathlib.Path(folder, f"{about['Name'].replace('-', '_')}-{about['Version']}.dist-info")
        info.mkdir()
        info.joinpath("METADATA").write_text(text, encoding="utf-8")
        return info.name
"""

_NOT_THERE = "No matching distribution found"

_WORTH_A_BAR = 10_000_000
"""Bytes: pip's words about a smaller file would be gone before anyone read them."""


class NotFoundError(EngineError):
    """The index has nothing by that name, or can't be reached."""


def find_address(download: Download) -> str | None:
    """Give the address of a wheel, without fetching any of it; None where pip does not tell.

    `pip install --dry-run --report` tells it too, but before pip 24.1, or where the index has no separate
    metadata, it downloads the whole wheel to do so. `pip index versions` reads the index's page alone, and
    writes each file it finds there into its log. Passwords in it are masked.

    Raises:
        NotFoundError: there is no network, or no package of that name; the message is pip's.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "pip.log")
        name = download.requirement.partition("==")[0]
        command = ["index", "versions", name, *_choose_wheel(download), "--retries=1", f"--log={log}"]
        done = _run_pip(command)
        if _NOT_THERE in done.stderr:
            raise NotFoundError(_summarise(done.stderr))
        text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    found = re.search(rf"Found link (\S+/{re.escape(download.name)}(?:[?#]\S*?)?),?\s", text)
    return urldefrag(found[1]).url if found else None


def ask_settings() -> Mapping[str, str]:
    """Give what pip is configured to use, by the options' names (`cert`, `proxy`, `index-url` …)."""
    listed = _run_pip(["config", "list"]).stdout
    # These two, and then the system's, pip takes where it is given no certificates.
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    settings = {"cert": bundle} if bundle else {}
    # As pip ranks them: of all commands, of the command, of the environment.
    for section in ("global", "download", ":env:"):
        for name, value in re.findall(rf"^{section}\.([\w-]+)=(.+)$", listed, re.MULTILINE):
            settings[name] = str(ast.literal_eval(value))
    return settings


def download_whole(download: Download, folder: Path) -> str | None:
    """Bring the file into the folder with `pip download`; None, or what pip said when it failed."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{download.requirement} --hash=sha256:{download.sha256}\n")
    environment = dict(os.environ)
    command = ["download", "--no-deps", "--retries=2", "--require-hashes", "-r", str(requirements)]
    command += ["--dest", str(folder)]
    if download.tags:
        command += _choose_wheel(download)
    else:
        command += ["--no-binary=:all:", "--no-build-isolation", "--use-pep517"]
        stand_in = folder / "stand_in" / "setuptools"
        stand_in.mkdir(parents=True)
        (stand_in / "__init__.py").touch()
        (stand_in / "build_meta.py").write_text(_STAND_IN)
        paths = [str(stand_in.parent), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    done = _run_pip(command, environment, watched=download.size > _WORTH_A_BAR)
    return None if done.returncode == 0 else _summarise(done.stderr)


def _choose_wheel(download: Download) -> list[str]:
    assert download.tags is not None
    version, abi, platform = download.tags
    wheel = ["--only-binary=:all:", "--implementation=cp"]
    return [*wheel, f"--python-version={version}", f"--abi={abi}", f"--platform={platform}"]


def _run_pip(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, watched: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run pip, whose stdout is given, or shown on a terminal's stderr if it is to be watched."""
    # Without pip's cache: a second copy of all that is fetched, which nobody would ever read.
    pip = [sys.executable, "-m", "pip", "--no-input", "--no-cache-dir", "--disable-pip-version-check"]
    # pip draws its progress bar on stdout if that is a terminal; ours stays free for what a command prints.
    terminal = watched and sys.__stderr__ is not None and sys.__stderr__.isatty()
    try:
        return subprocess.run(
            [*pip, *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.__stderr__ if terminal else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise EngineError(describe_refusal(f"{sys.executable} -m pip", error, "Reinstall Python.")) from error


def _summarise(stderr: str) -> str:
    # A list of some hundred versions that exist says nothing here.
    lines = [re.sub(r" \(from versions: .*\)", "", line).strip() for line in stderr.splitlines()]
    errors = [line for line in lines if line and not line.startswith(("WARNING", "[notice]"))]
    return " ".join(errors[-6:])[:1200] or "nothing"
