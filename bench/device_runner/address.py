"""Addresses on a network, as people write them."""

from __future__ import annotations

__all__ = ["is_port", "join_address", "split_address"]

_STRANGE = frozenset("[]@/")


def split_address(text: str, usual_port: int) -> tuple[str, int]:
    """Give the host and port of `HOST`, `HOST:PORT`, `[HOST]` or `[HOST]:PORT`.

    An IPv6 address stands in brackets, since without them nothing tells its end from a port.

    Args:
        text: what somebody wrote.
        usual_port: the port where none is written.

    Raises:
        ValueError: it is none of these; the message is a sentence.
    """
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is no address. Write an IPv6 address as [ADDRESS]:PORT.")
    else:
        if text.count(":") > 1:
            raise ValueError(f"{text!r} has more than one colon. Write an IPv6 address as [ADDRESS]:PORT.")
        host = text.partition(":")[0]
        rest = text.removeprefix(host)
    if not host or any(sign.isspace() or sign in _STRANGE for sign in host):
        raise ValueError(f"{text!r} is no address. Write HOST:PORT.")
    port = rest[1:] if rest else str(usual_port)
    if not is_port(port):
        raise ValueError(f"The port {port!r} of {text!r} is not a number from 1 to 65535.")
    return host, int(port)


def join_address(host: str, port: int) -> str:
    """Write an address as `split_address` reads it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_port(text: str) -> bool:
    """Tell whether a text is a number from 1 to 65535."""
    return text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536
