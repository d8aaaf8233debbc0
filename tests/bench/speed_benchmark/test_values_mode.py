"""What the program computes, as it prints it."""

from __future__ import annotations

import signal
import struct

from bench.speed_benchmark import Program
from tests.bench.speed_benchmark.test_manifest_mode import Nets, encode, measure, pick, read_events, start


def test_outputs_are_printed_as_the_bytes_that_the_engine_has(
    host_program: Program, copy_nets: Nets, conv_nets: Nets
) -> None:
    events = measure(host_program, {"copy": copy_nets, "conv": conv_nets}, "--values")
    assert [event["event"] for event in events] == ["start", *("load", "begin", "values") * 2, "end"]
    copied, convolved = pick(events, "values")
    assert copied == {"event": "values", "id": "copy", "values": [struct.pack("<8f", *[0.5] * 8).hex()]}
    (content,) = convolved["values"]
    assert len(bytes.fromhex(content)) == 7 * 7 * 16
    # Of 0.5 times 0.5: 9 places of 32 channels inside, 4 in the corner, in steps of 1 from 128.
    assert bytes.fromhex(content)[0] == 128 + 4 * 8
    assert bytes.fromhex(content)[-1] == 128 + 9 * 8


def test_errors_are_those_of_a_run_that_is_timed(
    host_program: Program, unknown_nets: Nets, refusing_nets: Nets, copy_nets: Nets
) -> None:
    nets: dict[str, Nets] = {"unknown": unknown_nets, "refuses": refusing_nets, "fine": copy_nets}
    events = measure(host_program, nets, "--values")
    stages = {event["id"]: event["stage"] for event in pick(events, "error")}
    assert stages == {"unknown": "create", "refuses": "run"}
    assert [event["id"] for event in pick(events, "values")] == ["fine"]


def test_the_net_that_aborts_the_process_is_named_last(
    host_program: Program, copy_nets: Nets, aborting_nets: Nets
) -> None:
    nets: dict[str, Nets] = {"fine": copy_nets, "aborts": aborting_nets, "never": copy_nets}
    done = start(host_program, "--values", manifest=encode(nets))
    assert done.returncode == -signal.SIGABRT
    events = read_events(done.stdout)
    assert [event["id"] for event in pick(events, "values")] == ["fine"]
    assert events[-1]["id"] == "aborts"
