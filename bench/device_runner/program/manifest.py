"""Manifests: many nets in one file, so that one process measures them all.

    speed_benchmark manifest 1
    net <id> <bytes of the first part> <bytes of the second part>
    <the first part's bytes><the second part's bytes>net <id> …

The program that reads it is `bench/speed_benchmark`; the parts are for the engine to read.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.engines import NetSource

__all__ = ["encode_manifest"]

_HEADER = b"speed_benchmark manifest 1\n"


def encode_manifest(nets: Iterable[NetSource]) -> bytes:
    """Write nets into one manifest, in order."""
    parts = [_HEADER]
    for net in nets:
        parts += [f"net {net.id} {len(net.first)} {len(net.second)}\n".encode(), net.first, net.second]
    return b"".join(parts)
