"""A user's own benchmark program: Caffe2's `speed_benchmark` or `caffe2_benchmark`, built with the NDK.

Such a program times one net a process and prints text for people. A script on the phone starts it for
each operator; what it prints is turned here into the events that our own program prints, so that nothing
above knows the difference. Its number of threads is its own affair.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bench.device_runner.device import Exit, FloodError, Process
from bench.device_runner.output import MOST_OUTPUT_BYTES
from bench.device_runner.phone.bundle import Bundle, pack_archive
from lut.entries import ProgramInfo
from lut.errors import DeviceError
from lut.files import read_bytes
from lut.schema import Name, decode

__all__ = ["ForeignProcess", "block_files", "parse_output", "read_binary"]

_MACHINES = {183: "arm64-v8a", 40: "armeabi-v7a", 62: "x86_64", 3: "x86"}
"""ELF's number of each processor, and Android's name for it."""

_RUNS_ALSO = {("arm64-v8a", "armeabi-v7a"), ("x86_64", "x86")}

_OURS, _STOCK, _CAFFE2 = "speed_benchmark", "stock speed_benchmark", "caffe2_benchmark"
_MARKS = ((b"speed_benchmark manifest 1", _OURS), (b"wipe_cache", _CAFFE2), (b"run_individual", _STOCK))
"""A text that only this kind of program has in it, in the order in which to look."""


def read_binary(path: Path, abi: str) -> tuple[Bundle, ProgramInfo]:
    """Pack a user's program for phones of this ABI, and tell its kind by what is in it.

    Raises:
        DeviceError: it is for another processor, or is none of the three programs.
        FileError: it can't be read.
    """
    data = read_bytes(path)
    if data.startswith(b"\x7fELF"):
        machine = _MACHINES.get(int.from_bytes(data[18:20], "little"), "another processor")
        if machine != abi and (abi, machine) not in _RUNS_ALSO:
            raise DeviceError(f"{path} is built for {machine}, the phone is {abi}. Build it for {abi}.")
    kind = next((kind for mark, kind in _MARKS if mark in data), None)
    if kind is None:
        raise DeviceError(
            f"{path} is neither speed_benchmark nor caffe2_benchmark of Caffe2. Give one of these, built by "
            f"the Android NDK."
        )
    archive = pack_archive({"program": path}, executable=True)
    sha1 = hashlib.sha1(archive, usedforsecurity=False).hexdigest()
    return Bundle(archive, sha1, "LD_BIND_NOW=1 {}/program"), ProgramInfo(
        kind, hashlib.sha256(data).hexdigest(), "unknown, as built by the user"
    )


def block_files(bundle: Bundle, manifest: bytes, arguments: Sequence[str]) -> tuple[dict[str, bytes], str]:
    """Give the files of a block, and the commands that visit its operators one process each."""
    settings = _settings(arguments)
    nets = dict(_split_manifest(manifest))
    files = {
        f"{op_id}.{part}.pb": data
        for op_id, parts in nets.items()
        for part, data in zip(("init", "predict"), parts, strict=True)
    }
    pin = f"taskset {int(settings['cpus'], 16):x} " if "cpus" in settings else ""
    start = bundle.start.replace("LD_BIND_NOW=1 ", f"LD_BIND_NOW=1 {pin}", 1)
    # The program takes the place of a shell that has told its pid, so that the pid is the program's own. Who
    # ends the block marks it as ended before looking for that pid: whichever comes first, nothing runs on.
    files["visit.sh"] = (
        "echo $$ >visit\n[ -e ended ] && exit 137\n"
        f"exec env {start} --init_net=$1.init.pb --net=$1.predict.pb "
        f"--warmup={settings['warmup']} --iter={settings['iter']}\n"
    ).encode()
    lines = []
    for number in range(int(settings["passes"])):
        order = list(nets)
        if "seed" in settings:
            random.Random(f"{settings['seed']} {number}").shuffle(order)
        for op_id in order:
            lines += [
                "echo " + shlex.quote(json.dumps({"event": "begin", "id": op_id, "pass": number})),
                f'sh "$PWD/visit.sh" {op_id} 2>&1',
                "echo " + shlex.quote(json.dumps({"event": "exit"})) + " $?",
            ]
    return files, "\n".join([*lines, "echo " + shlex.quote(json.dumps({"event": "end"}))]) + "\n"


class _Observed(msgspec.Struct):
    """What Caffe2's observer prints of a run, among other things."""

    unit: Name
    value: float | Name


def parse_output(kind: str, text: str, iters: int) -> tuple[list[int], int] | None:
    """Read samples in nanoseconds, and of how many runs each is the mean; None where none were printed."""
    if kind == _CAFFE2:
        found = re.findall(r'Caffe2Observer (\{"type": ?"NET".*?\})', text)
        try:
            values = [decode(line, _Observed) for line in found]
            runs = [float(each.value) for each in values if each.unit == "us"]
        except ValueError:
            return None
        if not all(0 < us < 1e15 for us in runs):
            return None
        # Warm-up runs, where they are printed, come first.
        return ([round(us * 1000) for us in runs[-iters:]], 1) if len(runs) >= iters else None
    match = re.search(r"Main run finished\. Milliseconds per iter: ([\d.]+(?:e[+-]?\d+)?)\.", text)
    return ([round(float(match[1]) * 1e6)], iters) if match else None


class ForeignProcess:
    """Reads what a user's program prints as the events of our own."""

    def __init__(self, process: Process, kind: str, arguments: Sequence[str]) -> None:
        self._process = process
        self._kind = kind
        self._iters = int(_settings(arguments)["iter"])
        self._visit: Mapping[str, object] = {}
        self._text: list[str] = []
        self._said = 0

    def read_line(self, timeout_s: float) -> str | None:
        while (line := self._process.read_line(timeout_s)) is not None:
            if line.startswith('{"event": "begin"'):
                self._visit, self._text, self._said = json.loads(line), [], 0
                return line
            if line.startswith('{"event": "exit"}'):
                return self._conclude(line.rpartition(" ")[2])
            if line.startswith('{"event": "end"}'):
                return line
            self._said += len(line) + 1
            if self._said > MOST_OUTPUT_BYTES:
                raise FloodError(f"the program printed more than {MOST_OUTPUT_BYTES >> 20} MiB for one net")
            self._text.append(line)
        return None

    def finish(self) -> Exit:
        return self._process.finish()

    def _conclude(self, code: str) -> str:
        visit = {name: self._visit.get(name) for name in ("id", "pass")}
        text = "\n".join(self._text)
        try:
            parsed = parse_output(self._kind, text, self._iters) if code == "0" else None
        except (ValueError, KeyError, TypeError):
            parsed = None
        if parsed is None or min(parsed[0]) < 1:
            stage = "parse" if code == "0" else "crash"
            last = text.strip().splitlines()[-1:] or ["nothing"]
            words = f"the program ended with code {code}; its last words: {last[0][:300]}"
            return json.dumps({"event": "error", **visit, "stage": stage, "message": words})
        samples, repeats = parsed
        return json.dumps(
            {
                "event": "net",
                **visit,
                "samples_ns": samples,
                "warmup_ns": [],
                "repeats": repeats,
                "outputs": None,
                "khz_before": None,
                "khz_after": None,
                "engine_ns": sum(samples) * repeats,
            }
        )


def _settings(arguments: Sequence[str]) -> dict[str, str]:
    return dict(argument.removeprefix("--").split("=", 1) for argument in arguments)


def _split_manifest(manifest: bytes) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    at = manifest.index(b"\n") + 1
    while at < len(manifest):
        end = manifest.index(b"\n", at)
        _, op_id, init, predict = manifest[at:end].decode().split(" ")
        middle, last = end + 1 + int(init), end + 1 + int(init) + int(predict)
        yield op_id, (manifest[end + 1 : middle], manifest[middle:last])
        at = last
