"""An Android-like userland: Debian's packages of Android's own tools, in a folder, run by proot.

`arm64` is a phone's architecture and runs under qemu; every start of a program costs 50 ms there. The
machine's own architecture is quick, and serves tests that start very many.
"""

from __future__ import annotations

import hashlib
import os
import platform
import pty
import shutil
import subprocess
from pathlib import Path

from bench.speed_benchmark.cache import lock_cache, new_folder
from lut.cache import default_cache

__all__ = ["OWN", "PACKAGES", "UserlandError", "missing_tools", "proot_command", "provide_userland"]

_LIBRARIES = ("libc6", "libcrypt1", "libgcc-s1", "libpcre2-8-0", "libselinux1", "libssl3", "zlib1g")
PACKAGES = ("toybox", "dash", *_LIBRARIES)

OWN = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "unknown")
"""Debian's name of this machine's architecture."""

_SCRIPTS = {
    "getprop": """
if [ -n "$1" ]; then
  while IFS='=' read -r name value; do [ "$name" = "$1" ] && { echo "$value"; exit; }; done </phone/props
  echo "$2"
else
  while IFS='=' read -r name value; do echo "[$name]: [$value]"; done </phone/props
fi
""",
    "dumpsys": """
{ while IFS= read -r line; do echo "$line"; done <"/phone/$1"; } 2>/dev/null || echo "Can't find service: $1"
""",
    "df": """
read -r free 2>/dev/null </phone/free || exec /bin/toybox df "$@"
echo "Filesystem     1K-blocks      Used Available Use% Mounted on"
echo "/dev/block/dm-1 55000000 $((55000000 - free)) $free 99% /data"
""",
    "svc": """
[ "$1 $2" = "power stayon" ] || exit 1
case "$3" in true) on=7 ;; usb) on=2 ;; ac) on=1 ;; *) on=0 ;; esac
echo "$on" >/phone/stay_on
""",
    "settings": """
[ "$1 $2 $3" = "get global stay_on_while_plugged_in" ] || { echo null; exit 0; }
read -r value </phone/stay_on && echo "$value"
""",
}


class UserlandError(Exception):
    """What a userland needs is absent on this machine; the message names it."""


def missing_tools(architecture: str) -> list[str]:
    """Give the Debian packages that must be installed before a userland runs."""
    needed = {"proot": "proot", "dpkg": "dpkg", "apt-get": "apt"}
    if architecture != OWN:
        needed[f"qemu-{_QEMU[architecture]}-static"] = "qemu-user-static"
    return [package for tool, package in needed.items() if shutil.which(tool) is None]


_QEMU = {"arm64": "aarch64", "amd64": "x86_64"}


def provide_userland(architecture: str = "arm64") -> Path:
    """Give the folder of a userland, fetching and unpacking its packages the first time.

    Raises:
        UserlandError: a package is missing here, or could not be fetched, or there are no terminals.
    """
    _check_terminals()
    if missing := missing_tools(architecture):
        raise UserlandError(f"install the Debian packages {' '.join(missing)}")
    cache = default_cache()
    recipe = hashlib.sha256(repr((PACKAGES, architecture, sorted(_SCRIPTS.items()), 1)).encode()).hexdigest()
    final = cache / "phone" / f"{architecture}-{recipe[:12]}"
    with lock_cache(cache, None):
        if not final.is_dir():
            with new_folder(final) as folder:
                _fetch(architecture, folder / ".packages")
                _unpack(folder)
    return final


def _check_terminals() -> None:
    """Open a terminal by its name, as every command on a phone does; without one none ever answers."""
    try:
        master, slave = pty.openpty()
        try:
            os.close(os.open(os.ttyname(slave), os.O_RDWR | os.O_NOCTTY))
        finally:
            os.close(master)
            os.close(slave)
    except OSError as error:
        raise UserlandError(
            f"no terminal can be opened, which every command on a simulated phone needs ({error}); "
            f"mount them: mkdir -p /dev/pts && mount -t devpts devpts /dev/pts"
        ) from error


def _fetch(architecture: str, folder: Path) -> None:
    """Download packages of another architecture without telling this machine's apt of it."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    options = [
        f"-oAPT::Architecture={architecture}",
        f"-oAPT::Architectures={architecture}",
        f"-oDir::State::Lists={folder / 'lists'}",
        f"-oDir::State::status={folder / 'status'}",
        f"-oDir::Cache={folder / 'cache'}",
        "-oAcquire::Languages=none",
        "-oAPT::Sandbox::User=",
    ]
    for command in (["update"], ["download", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", "-q", *options, *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UserlandError(
                f"the userland's {architecture} packages could not be fetched, apt-get {command[0]} said: "
                f"{done.stderr.strip()[-500:]}"
            )


def _unpack(root: Path) -> None:
    packages = root / ".packages"
    for package in sorted(packages.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)
    shutil.rmtree(packages)
    shutil.rmtree(root / "usr" / "share", ignore_errors=True)
    tools = root / "system" / "bin"
    tools.mkdir(parents=True)
    for name in ("data", "dev", "phone", "proc", "sys"):
        (root / name).mkdir(exist_ok=True)
    (root / "system" / "bin" / "sh").symlink_to("/bin/dash")
    listed = subprocess.run(
        [*proot_command(root), "/bin/toybox"], check=True, capture_output=True, text=True
    ).stdout.split()
    for name in listed:
        if not (tools / name).is_symlink():
            (tools / name).symlink_to("/bin/toybox")
    for name, script in _SCRIPTS.items():
        (tools / name).unlink(missing_ok=True)
        (tools / name).write_text(f"#!/system/bin/sh{script}")
        (tools / name).chmod(0o755)


def proot_command(root: Path, bindings: dict[Path, str] | None = None, processor: str = "max") -> list[str]:
    """Give the words to put before a command so that it runs inside the userland.

    `processor` is what qemu shall be, by its own name for it.
    """
    # By full path: the environment is the phone's, which knows nothing of this machine's PATH.
    command = [shutil.which("proot") or "proot"]
    if not (root / "lib" / "x86_64-linux-gnu").is_dir() and OWN != "arm64":
        qemu = shutil.which("qemu-aarch64-static") or "qemu-aarch64-static"
        command += ["-q", f"{qemu} -cpu {processor}"]
    command += ["-r", str(root), "-b", "/proc", "-b", "/dev", "-w", "/"]
    for outside, inside in (bindings or {}).items():
        command += ["-b", f"{outside}:{inside}"]
    return command
