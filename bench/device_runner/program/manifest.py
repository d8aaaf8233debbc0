"""Manifests: many nets in one file, so that one process measures them all.

    speed_benchmark manifest 1
    net <id> <bytes of the init net> <bytes of the predict net>
    <the init net's bytes><the predict net's bytes>net <id> …

The program that reads it is `bench/speed_benchmark`.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.nets import OpNets

__all__ = ["encode_manifest"]

_HEADER = b"speed_benchmark manifest 1\n"


def encode_manifest(nets: Iterable[OpNets]) -> bytes:
    """Write nets into one manifest, in order."""
    parts = [_HEADER]
    for net in nets:
        init = net.init_net.SerializeToString(deterministic=True)
        predict = net.predict_net.SerializeToString(deterministic=True)
        parts += [f"net {net.id} {len(init)} {len(predict)}\n".encode(), init, predict]
    return b"".join(parts)
