"""Every error this project raises on purpose, and the exit code a command ends with.

    LutError                      never raised itself
    ├── DeviceError          3    a device can't be used
    │   └── EngineError      3    the benchmark program or its runtime can't be had
    ├── FileError            4    a file is unreadable, damaged, or of another version
    │   ├── ModelError       4    a net that can't be understood: file, operator, what to do
    │   └── ConflictError    4    files that must not be mixed, or would be overwritten
    ├── MissingError         5    operators that the table does not hold
    ├── FailedError          6    operators or nets that could not be measured, or nets too far off
    └── StoppedError       130    the work was interrupted, as by Ctrl-C

A message is one or more plain sentences: what is wrong, with the values met, and the next step.
Code 1 is left to bugs (a traceback) and 2 to wrong usage (click).
"""

from __future__ import annotations

__all__ = [
    "ConflictError",
    "DeviceError",
    "EngineError",
    "FailedError",
    "FileError",
    "LutError",
    "MissingError",
    "ModelError",
    "StoppedError",
]


class LutError(Exception):
    """The root of all errors raised on purpose; `exit_code` is what a command returns."""

    exit_code = 1


class DeviceError(LutError):
    """A device can't be found, reached, prepared or kept."""

    exit_code = 3


class EngineError(DeviceError):
    """The benchmark program or the runtime under it is absent, wrong, or can't be built."""


class FileError(LutError):
    """A file is unreadable, damaged, or written by a version this one does not read."""

    exit_code = 4


class ModelError(FileError):
    """A network definition that can't be read, or whose operators don't fit together."""


class ConflictError(FileError):
    """Files whose contents must not be mixed, or a file that would be overwritten."""


class MissingError(LutError):
    """A table does not hold every operator that was asked for, or a model has nodes without one."""

    exit_code = 5


class FailedError(LutError):
    """Some operators or nets could not be measured, or are further from the table than allowed."""

    exit_code = 6


class StoppedError(LutError):
    """The work was interrupted before its end; what it had done is kept."""

    exit_code = 130
