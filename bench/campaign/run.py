"""A campaign: a plan measured on a device into a journal, resumed where an earlier one stopped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from bench.campaign.anchors import measure_anchors
from bench.campaign.campaign import Progress, open_campaign
from bench.campaign.fleet import Check, no_check, prepare_devices, share_work
from bench.campaign.recorder import now
from bench.campaign.sources import Source
from bench.campaign.summary import RunSummary
from bench.device_runner import UNWATCHED, Device, Watch, run_block
from lut.entries import RunConfig, Segment
from lut.plan import Plan

__all__ = ["run_plan"]


def run_plan(
    plan: Plan | Source,
    devices: Device | Sequence[Device],
    config: RunConfig,
    journal: Path,
    *,
    seed: int = 0,
    device_name: str | None = None,
    retry_failed: bool = False,
    watch: Watch = UNWATCHED,
    check: Check = no_check,
    progress: Progress = lambda _: None,
) -> RunSummary:
    """Measure a plan's operators that the journal does not hold yet, each once however often planned.

    Args:
        plan: operators that fit their shape rules, read as a stream. On an engine that shares activations,
            operators of a net are measured beside each other. Or a source that hands out its own blocks.
        devices: the device to measure on, or several of the same name that share the work.
        config: how to time; `cpus` as given, nothing is filled in here.
        journal: the file to append to.
        seed: decides the order of operators; drift then does not follow shapes.
        device_name: recorded where the device's own name would be.
        retry_failed: try the operators again that failed in an earlier run.
        watch: who hears of it, and when an operator counts as hung.
        check: refuses a prepared device that should not be measured on; see `bench.numbers`.
        progress: hears the growing summary after every visit.

    Raises:
        ConflictError: the journal belongs to another run, or is being written.
        DeviceError: no device is left that can be used, and operators are.
        FileError: plan or journal can't be read.
        StoppedError: a device was interrupted (`Device.interrupt`); the journal is whole and on the disk.
    """
    fleet = [devices] if not isinstance(devices, Sequence) else list(devices)
    summary = RunSummary()
    ready = prepare_devices(fleet, watch.announce, summary.lost_devices, check)
    segments = {
        device.info.serial: Segment(
            replace(device.info, name=device_name or device.info.name), program, config, now()
        )
        for device, program in ready
    }
    with open_campaign(
        plan,
        next(iter(segments.values())),
        journal,
        summary,
        devices=len(ready),
        by_nets=fleet[0].engine.shares_activations,
        seed=seed,
        retry_failed=retry_failed,
        announce=watch.announce,
        progress=progress,
    ) as campaign:
        recorder, pool = campaign.recorder, campaign.pool

        def work(device: Device) -> None:
            segment = segments[device.info.serial]
            anchors = campaign.anchors if len(ready) > 1 else ()
            recorder.begin(segment)
            while (block := pool.take()) is not None:
                recorder.begin_block(block, segment.device.serial)
                try:
                    note = partial(recorder.note, serial=segment.device.serial)
                    for anchor in measure_anchors(device, segment, anchors, seed, watch=watch, note=note):
                        recorder.note(anchor, segment.device.serial)
                        if pool.stopped:
                            return
                    anchors = ()
                    for visit in run_block(device, segment, block, seed, watch=watch, note=note):
                        is_last = visit.outcome.op.id not in block
                        recorder.record(visit, segment.device.serial, is_last=is_last)
                        if pool.stopped:
                            return
                finally:
                    pool.give_back(block)

        try:
            share_work([device for device, _ in ready], work, pool, watch.announce, summary.lost_devices)
        finally:
            for device, _ in ready:
                summary.incidents.update(device.incidents)
    return summary
