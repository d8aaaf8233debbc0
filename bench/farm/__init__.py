"""Phones on many hosts, by Dask: hosts offer them to a scheduler, and clients send them blocks.

Reading order: `key` (who may take part), `connection` (where the scheduler is), `greeting` (whether it
answers), `offer` and `versions` (what a host tells of itself); at a host `phone_source`, `rack` (its phones),
`orders`, `reports`, `measuring` and `worker`; at a client `client`, `admission`, `dispatch` and `run`;
`scheduler` between them. Only `greeting`, `client`, `worker` and `scheduler` import Dask, and only commands
of a farm import this package.
"""

from __future__ import annotations

from bench.farm.admission import explain_absence
from bench.farm.client import FarmClient, list_hosts, open_client
from bench.farm.connection import SCHEDULER_PORT, SchedulerAddress, parse_address
from bench.farm.key import own_key, provide_key
from bench.farm.offer import FREE, MEASURING, UNUSABLE, HostOffer, OfferedPhone, label
from bench.farm.orders import Wanted
from bench.farm.phone_source import AttachedPhones, PhoneSource
from bench.farm.run import FarmRun
from bench.farm.scheduler import Listening, open_scheduler
from bench.farm.versions import Versions, find_difference, own_versions
from bench.farm.worker import ServedPhones, serve

__all__ = [
    "FREE",
    "MEASURING",
    "SCHEDULER_PORT",
    "UNUSABLE",
    "AttachedPhones",
    "FarmClient",
    "FarmRun",
    "HostOffer",
    "Listening",
    "OfferedPhone",
    "PhoneSource",
    "SchedulerAddress",
    "ServedPhones",
    "Versions",
    "Wanted",
    "explain_absence",
    "find_difference",
    "label",
    "list_hosts",
    "open_client",
    "open_scheduler",
    "own_key",
    "own_versions",
    "parse_address",
    "provide_key",
    "serve",
]
