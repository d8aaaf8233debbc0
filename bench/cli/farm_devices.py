"""`bench devices --farm`: the phones of a farm, and what each is doing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bench.engines import Engine
from bench.farm import HostOffer, SchedulerAddress, find_difference, label, list_hosts, own_versions
from lut.cli import echo

__all__ = ["show_farm"]


def show_farm(farm: SchedulerAddress, engine: Engine, as_json: bool) -> None:
    """Print the phones of all hosts.

    Raises:
        DeviceError: no scheduler answers.
    """
    hosts = list_hosts(farm)
    if as_json:
        echo(json.dumps([_describe(host, engine) for host in hosts], indent=1))
    else:
        _show(hosts, engine)


def _describe(host: HostOffer, engine: Engine) -> dict[str, Any]:
    return {
        "host": host.name,
        "address": host.address,
        "versions": vars(host.versions),
        "differs": find_difference(host.versions, own_versions()),
        "phones": [
            {
                "serial": phone.serial,
                "kind": phone.kind,
                "name": engine.name_device(phone.name),
                "facts": dict(phone.facts),
                "state": dict(phone.state),
                "doing": phone.doing,
                "note": phone.note,
            }
            for phone in host.phones
        ],
    }


def _show(hosts: Sequence[HostOffer], engine: Engine) -> None:
    if not hosts:
        echo("No host is there. `bench farm worker` offers a host's phones.", err=True)
        return
    labels = [label(phone.serial, host.name) for host in hosts for phone in host.phones]
    width = max([16, *map(len, labels)])
    echo(f"{'PHONE':<{width}} {'DOING':<9} NAME")
    for host in hosts:
        for phone in host.phones:
            name = engine.name_device(phone.name)
            echo(f"{label(phone.serial, host.name):<{width}} {phone.doing:<9} {name}")
            state = [f"{key}: {value}" for key, value in phone.state.items()]
            for line in ([phone.note] if phone.note else []) + state:
                echo(f"{'':<{width}} {'':<9} {line}")
        if not host.phones:
            echo(f"{'@' + host.name:<{width}} {'':<9} no phone at present")
        if difference := find_difference(host.versions, own_versions()):
            echo(f"{host.name} can't measure for this computer: {difference}.", err=True)
