"""A service on this machine that gives all who ask the same answer, as an adb server or none."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

__all__ = ["closed_port", "listing", "service"]


@contextlib.contextmanager
def service(answer: bytes | None) -> Iterator[int]:
    """Answer the same bytes to all who ask, or nothing at all, and give the port."""
    held = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                if answer is None:
                    held.append(connection)
                    continue
                with connection, contextlib.suppress(OSError):
                    if connection.recv(64):
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    for connection in held:
        connection.close()


def listing(text: str) -> bytes:
    """What an adb server answers whose phones are these lines."""
    return b"OKAY" + f"{len(text):04x}{text}".encode()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
