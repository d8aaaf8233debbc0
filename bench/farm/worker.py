"""The host's side: a Dask worker that offers the phones of a rack, and measures what it is sent."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from distributed import Nanny, Status, Worker, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from bench.farm.connection import SchedulerAddress, configure_dask, find_own_host, silence_dask
from bench.farm.greeting import greet
from bench.farm.measuring import measure_order, prepare_phone
from bench.farm.offer import UNUSABLE, HostOffer, resource
from bench.farm.orders import Order, Wanted
from bench.farm.phone_source import PhoneSource
from bench.farm.rack import Rack
from bench.farm.reports import Broken, Ready, Refused, Report, Said, Sign, write_report
from bench.farm.versions import own_versions
from lut.errors import DeviceError, StoppedError
from lut.wording import escape_controls

__all__ = ["METRIC", "RackPlugin", "ServedPhones", "measure", "prepare", "serve"]

METRIC = "cnn_latency_lut"
"""Each heartbeat of a worker carries the host's offer under this name."""

SURVEY_S = 2.0
WATCH_S = 0.5
SIGN_S = 5.0
"""A task that has nothing to report gives a sign of life so often."""

REJOIN_S = 2.0

_THREADS = 256
"""More than a host has phones: what bounds the tasks at a host are its phones."""

log = logging.getLogger("bench.farm")


def show_log() -> None:
    """Let a host's words, and nothing else, be seen on stderr: its process has no other way to its user."""
    silence_dask()
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Sentences("%(asctime)s %(message)s", "%H:%M:%S"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False


class _Sentences(logging.Formatter):
    """Lines whose names, those of phones among them, move no terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_controls(super().format(record))


class RackPlugin(WorkerPlugin):
    """Keeps a worker's resources and metrics as its phones are, and ends tasks that nobody wants any more."""

    name = METRIC

    def __init__(self, host: str, source: PhoneSource) -> None:
        """Take the host's name, and where its phones come from; both are sent to the worker's process."""
        self.host = host
        self._source = source
        self._running: dict[str, Callable[[Report], None]] = {}

    def setup(self, worker: Worker) -> None:
        """Begin to offer."""
        show_log()
        self.rack = Rack(self._source, lambda sentence: log.warning("%s", sentence))
        self._worker = worker
        self._offered: Counter[str] = Counter()
        self._ended = threading.Event()
        worker.metrics[METRIC] = lambda _: self.offer().to_json()
        for loop in (self._survey, self._watch):
            threading.Thread(target=loop, daemon=True).start()

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - the signature is Dask's
        """Interrupt what is measured, and let go of all phones."""
        self._ended.set()
        self.rack.close()

    def offer(self) -> HostOffer:
        """Give the host's offer at this moment."""
        return HostOffer(self.host, own_versions(), self.rack.offers())

    def run(self, key: str, report: Callable[[Report], None], task: Callable[[], None]) -> None:
        """Run a task, which gives signs of life; it is ended once its key is wanted by nobody.

        An exception is reported in words: Dask would send a pickle of it.
        """
        self._running[key] = report
        try:
            task()
        except StoppedError:
            log.info("a run that ended has given its phone back")
        except Exception as mistake:
            log.exception("%s made a mistake", self.host)
            report(
                Broken(
                    f"This program made a mistake at {self.host} ({type(mistake).__name__}: {mistake}). "
                    f"Please report it, with what the worker there shows."
                )
            )
        finally:
            self._running.pop(key, None)

    def _survey(self) -> None:
        while not self._ended.is_set():
            self.rack.survey()
            counts = Counter(phone.name for phone in self.rack.offers() if phone.doing != UNUSABLE)
            # The scheduler takes an offer only from a worker that it knows.
            if counts != self._offered and self._worker.status is Status.running:
                self._announce(counts)
                self._offered = counts
            self._ended.wait(SURVEY_S if self.rack.is_surveyed else WATCH_S)

    def _announce(self, counts: Counter[str]) -> None:
        amounts = {resource(name): float(counts[name]) for name in counts | self._offered}
        self._worker.loop.add_callback(self._worker.set_resources, **amounts)
        offered = ", ".join(f"{count} x {name}" for name, count in sorted(counts.items()) if count)
        log.warning("%s offers %s", self.host, offered or "no phone at present")

    def _watch(self) -> None:
        signed = time.monotonic()
        while not self._ended.wait(WATCH_S):
            is_time = time.monotonic() - signed > SIGN_S
            if is_time:
                signed = time.monotonic()
            for key, report in list(self._running.items()):
                if not self._is_wanted(key):
                    self.rack.interrupt(key)
                elif is_time:
                    report(Sign())

    def _is_wanted(self, key: str) -> bool:
        task = self._worker.state.tasks.get(key)
        return task is not None and task.state in ("executing", "long-running")


def prepare(wanted: Wanted, topic: str, key: str) -> None:
    """Prepare a phone at this worker, and report with which program it measures; a task of Dask's."""
    plugin, report = _reporting(topic, key)

    def say(sentence: str) -> None:
        report(Said(f"{plugin.host}: {sentence}"))

    def work() -> None:
        try:
            report(Ready(prepare_phone(plugin.rack, wanted, key, say)))
        except DeviceError as error:
            report(Refused(str(error)))

    plugin.run(key, report, work)


def measure(order: Order) -> None:
    """Measure a block at this worker; a task of Dask's, whose key is the order's token."""
    plugin, report = _reporting(order.topic, order.token)

    plugin.run(order.token, report, lambda: measure_order(plugin.rack, plugin.host, order, report))


def _reporting(topic: str, token: str) -> tuple[RackPlugin, Callable[[Report], None]]:
    worker = get_worker()
    plugin = worker.plugins[METRIC]
    assert isinstance(plugin, RackPlugin)

    def report(what: Report) -> None:
        worker.log_event(topic, write_report(token, what))

    return plugin, report


@dataclass(frozen=True)
class ServedPhones:
    """What a host serves: its name, and where its phones come from."""

    host: str
    source: PhoneSource


async def serve(scheduler: SchedulerAddress, phones: ServedPhones, say: Callable[[str], None]) -> None:
    """Offer phones at a scheduler, and again whenever it is back, until cancelled.

    A worker that dies is started anew by Dask's nanny.

    Raises:
        FileError: the key can't be used.
    """
    settings = configure_dask()
    security = scheduler.security()
    told = ""
    while True:
        try:
            await greet(scheduler)
            nanny = await Nanny(
                scheduler.url,
                host=find_own_host(scheduler),
                name=f"{phones.host}-{secrets.token_hex(2)}",  # the scheduler may still know a dead one
                nthreads=_THREADS,
                memory_limit=0,
                security=security,
                dashboard=False,
                config=settings,
                plugins=(RackPlugin(phones.host, phones.source),),
            )
        except DeviceError as error:
            reason = f"{error} It is tried again."
        except (RuntimeError, asyncio.TimeoutError) as error:
            # So Dask says that the scheduler went away meanwhile, and whatever else goes wrong there.
            reason = f"No worker can be started ({error.__cause__ or error}). It is tried again."
        else:
            told = ""
            try:
                await nanny.finished()
            finally:
                await nanny.close(timeout=2)
            reason = f"The scheduler at {scheduler.url} is gone. It is waited for."
        if reason != told:
            say(reason)
            told = reason
        await asyncio.sleep(REJOIN_S)
