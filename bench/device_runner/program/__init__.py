"""The benchmark program as a process: what it is told, and what it says.

Reading order: `manifest` and `arguments` (told), `events` (said), `run` (one process), `turns`, `nets` and
`strangers` (who takes turns with whom), `canary`.
"""

from __future__ import annotations

from bench.device_runner.program.arguments import program_arguments
from bench.device_runner.program.canary import CanaryMemory, CanaryTimes, build_canary
from bench.device_runner.program.events import End, Gaps, NetFailed, NetProfiled, NetTimed, NetValues
from bench.device_runner.program.nets import gather_nets
from bench.device_runner.program.run import EndedEarly, ProcessKilled, TurnsFailed, run_program
from bench.device_runner.program.strangers import split_strangers
from bench.device_runner.program.turns import split_into_companies

__all__ = [
    "CanaryMemory",
    "CanaryTimes",
    "End",
    "EndedEarly",
    "Gaps",
    "NetFailed",
    "NetProfiled",
    "NetTimed",
    "NetValues",
    "ProcessKilled",
    "TurnsFailed",
    "build_canary",
    "gather_nets",
    "program_arguments",
    "run_program",
    "split_into_companies",
    "split_strangers",
]
