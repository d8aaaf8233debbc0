"""The benchmark program on a phone: started apart from the connection, its output followed as it grows.

The program writes into a file, and `tail -f` brings the file here. When the connection breaks, the program
goes on, and the file is followed from where it was left: a cut costs nothing. Only when the process itself
is gone, with no word on how it ended, is it lost.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from signal import Signals

from bench.device_runner.device import Exit, LostError, SilenceError
from bench.device_runner.phone.bundle import FOLDER, Bundle, pack_archive, push_archive
from bench.device_runner.phone.connection import Connection, SilentError
from bench.device_runner.phone.foreign import block_files
from lut.errors import StoppedError

__all__ = ["PhoneProcess", "start_process"]

_LIMIT_S = 6 * 3600
"""The phone itself ends a program after so long, should this computer never come back."""

_TAIL_BYTES = 4096
_FRUITLESS = 10
"""After this many reconnections without a new line, the process counts as lost."""

_FAREWELL_S = 1.0
"""An interrupted run takes so long to end its program on the phone."""

_RUNS = f"{FOLDER}/runs"

_END = f"""echo >$d/ended
for f in $d/pid $d/visit; do
  read -r n <$f && grep -q {FOLDER} /proc/$n/cmdline && kill -9 $n
done
"""
"""Ends a block whose folder is $d: its shell, then the program that this shell has started, if any (see
`foreign`). They are known by the pids that they recorded; a pid may be another's by now."""

_END_LEFTOVERS = f"""
for d in {_RUNS}/*; do [ -d $d ] || continue
{_END}done 2>/dev/null
rm -rf {_RUNS}/*/
"""


def start_process(
    connection: Connection,
    bundle: Bundle,
    kind: str,
    manifest: bytes,
    arguments: Sequence[str],
    reconnect: Callable[[], None],
) -> PhoneProcess:
    """Bring a block onto the phone as one archive and start the program on it.

    Raises:
        LostError: the phone was lost on the way; nothing runs, or what runs is ended by the next start.
        DeviceError: the phone refused.
    """
    run = f"{_RUNS}/{secrets.token_hex(6)}"
    nonce = secrets.token_hex(8)
    if kind == "speed_benchmark":
        words = " ".join(map(shlex.quote, arguments))
        files = {"manifest": manifest}
        commands = f"exec env {bundle.start} --manifest=manifest {words}\n"
    else:
        files, commands = block_files(bundle, manifest, arguments)
    script = (
        f"timeout -s 9 {_LIMIT_S} sh {run}/start.sh >out 2>err </dev/null\n"
        # What kills the shell, such as its time being over, may leave the program that it has started.
        f"code=$?\n[ $code = 0 ] || [ -e ended ] || {{ d={run}\n{_END}}} 2>/dev/null\n"
        # By its whole path, since the folder may have been removed meanwhile.
        f'echo "{nonce} $code" >>{run}/out\n'
    )
    files |= {"run.sh": script.encode(), "start.sh": f"echo $$ >pid\n{commands}".encode()}
    archive = pack_archive(files)
    try:
        push_archive(connection, archive, f"{run}.tar")
        connection.check(
            f"{_END_LEFTOVERS}mkdir {run} && cd {run} && tar -xf {run}.tar && rm -f {run}.tar || exit\n"
            # What ignores SIGHUP hands that on; nohup would do it too late, when the terminal is gone.
            f"trap '' HUP\n: >out; : >err\n"
            f"sh run.sh </dev/null >/dev/null 2>&1 &",
            "start the benchmark program",
        )
    except StoppedError:
        # What was interrupted may have reached the phone all the same, and no next start cleans up.
        with suppress(LostError, StoppedError), connection.interruption.farewell(_FAREWELL_S):
            connection.run(f"{_END_LEFTOVERS}rm -rf {_RUNS}/*")
        raise
    return PhoneProcess(connection, run, nonce, reconnect)


class PhoneProcess:
    """A running program, followed from here."""

    def __init__(self, connection: Connection, run: str, nonce: str, reconnect: Callable[[], None]) -> None:
        self._connection = connection
        self._run = run
        self._nonce = nonce.encode()
        self._reconnect = reconnect
        self._offset = 0
        self._lines: Iterator[bytes] | None = None
        self._code: int | None = None
        self._fruitless = 0

    def read_line(self, timeout_s: float) -> str | None:
        while self._code is None:
            if self._lines is None:
                follow = f"echo $$ >{self._run}/follower; exec tail -c +{self._offset + 1} -f {self._run}/out"
                self._lines = self._connection.stream_lines(follow, timeout_s)
            try:
                line = next(self._lines, None)
                if line is None:
                    raise LostError("the output's stream ended")
            except LostError as error:
                self._stop_following()
                self._find_again(error, timeout_s)
                continue
            self._fruitless = 0
            _torn, found, code = line.partition(self._nonce)
            if found and code.strip().isdigit():
                self._code = int(code)
                return None
            self._offset += len(line) + 1
            return line.decode(errors="replace")
        return None

    def _find_again(self, error: LostError, timeout_s: float) -> None:
        """Connect again, and see whether there is anything to follow."""
        self._reconnect()
        self._fruitless += 1
        done = self._connection.run(
            f"cd {self._run} && read -r n <pid; grep -q {FOLDER} /proc/$n/cmdline 2>/dev/null && echo runs; "
            f"tail -c +{self._offset + 1} out | wc -c"
        )
        words = done.output.split()
        grown = bool(words) and words[-1].isdigit() and int(words[-1]) > 0
        if grown and self._fruitless < _FRUITLESS:
            return
        if "runs" not in words or self._fruitless >= _FRUITLESS:
            raise LostError(f"the program on the phone is gone, after: {error}") from error
        if isinstance(error, SilentError):
            raise SilenceError(f"the program printed nothing for {timeout_s:g} s") from error

    def finish(self) -> Exit:
        """End the program if it still runs, and tell how it ended.

        Raises:
            LostError: the phone was lost; how the program ended can't be told.
        """
        code = 137 if self._code is None else self._code
        output = self._end_and(f"tail -c {_TAIL_BYTES} {self._run}/err") if code else ""
        return Exit(code, _signal_name(code), output)

    def remove(self) -> None:
        """End what still runs, and remove the block's files."""
        try:
            with self._connection.interruption.farewell(_FAREWELL_S):
                # The block's shell outlives its program by a moment, and may write into what is removed.
                removal = f"rm -rf {self._run} {self._run}.tar 2>/dev/null"
                self._end_and(f"{removal} || {removal} || {removal}")
        except (LostError, StoppedError):
            # The phone is away. The next start ends and removes what this one leaves.
            self._stop_following()

    def _end_and(self, command: str) -> str:
        """End program and follower, then run a command.

        The follower is ended by hand since adb-shell has no way to hang one command up.
        """
        words = ""
        if self._lines is not None:
            words += f"read -r f <{self._run}/follower && kill $f\n"
        if self._code is None:
            words += f"d={self._run}\n{_END}"
        output = self._connection.run(f"{{ {words}:; }} 2>/dev/null\n{command}").output
        self._stop_following()
        return output

    def _stop_following(self) -> None:
        """Drop the stream; nothing comes any more, or nothing that comes is wanted."""
        lines, self._lines = self._lines, None
        close = getattr(lines, "close", None)
        if close is not None:
            close()


def _signal_name(code: int) -> str | None:
    """A shell tells a signal as 128 and its number."""
    try:
        return Signals(code - 128).name if code > 128 else None
    except ValueError:
        return None
