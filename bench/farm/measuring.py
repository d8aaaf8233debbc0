"""Measuring an order on a host's rack. Nothing here knows Dask: reports go to whoever is handed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from msgspec.structs import replace

from bench.campaign import measure_anchors, now
from bench.device_runner import Block, Recovery, Watch, run_block
from bench.farm.offer import label
from bench.farm.orders import Order, Wanted
from bench.farm.rack import PhoneError, Rack
from bench.farm.reports import Begun, Ended, Report, Said
from lut.entries import BlockState, ProgramInfo, Segment
from lut.errors import DeviceError

__all__ = ["measure_order", "prepare_phone"]


def prepare_phone(rack: Rack, wanted: Wanted, holder: str, say: Callable[[str], None]) -> ProgramInfo:
    """Prepare a phone, and tell which program it would measure with.

    Raises:
        DeviceError: none is free, or it can't be used.
    """
    with rack.take(wanted.name, wanted.options(), holder, frozenset(), say) as phone:
        return phone.program


def measure_order(rack: Rack, host: str, order: Order, report: Callable[[Report], None]) -> None:
    """Measure a block on a free phone, and report all that comes of it; the last report is its end.

    Raises:
        StoppedError: somebody interrupted it.
    """
    serial, incidents = "", Counter[str]()

    def say(sentence: str) -> None:
        report(Said(f"{host}: {sentence}"))

    try:
        with rack.take(order.wanted.name, order.wanted.options(), order.token, order.without, say) as phone:
            serial, device = phone.serial, phone.device
            before = Counter(device.incidents)
            info = replace(device.info, serial=label(serial, host))
            report(Begun(info, phone.program))
            segment = Segment(info, phone.program, order.config, now())
            block = Block(order.passes, order.origins)

            def note(event: BlockState | Recovery) -> None:
                if isinstance(event, BlockState):
                    rack.note(serial, state=dict(event.values), note="")
                report(event)

            def announce(sentence: str) -> None:
                rack.note(serial, note=sentence)
                say(sentence)

            try:
                watch = Watch(announce, order.silence_s)
                anchors = () if serial in order.anchored else order.anchors
                for anchor in measure_anchors(device, segment, anchors, order.seed, watch=watch, note=note):
                    report(anchor)
                for visit in run_block(device, segment, block, order.seed, watch=watch, note=note):
                    rack.note(serial, note=visit.outcome.op.describe())
                    report(visit)
            finally:
                incidents = Counter(device.incidents) - before
    except PhoneError as error:
        report(Ended(error.serial, error.reason, incidents))
    except DeviceError as error:
        report(Ended("", str(error)))
    else:
        report(Ended(serial, "", incidents))
