"""What a user gets of a farm: `python intrude.py USER KEY PORT …`, with a key of his own as stdin.

It prints, as JSON, the bytes that each port answered to each way of asking, and what the key file gave. It
becomes the user once it has imported all it needs: he may not be able to read this project, or Python.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - what looks hosts up imports it late
import json
import os
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PATHS = ("/", "/status", "/health", "/metrics", "/json/counts.json", "/info/main/workers.html", "/info/logs")

WAIT_S = 1.0


def ask(port: int, words: bytes, secure: Callable[[socket.socket], socket.socket]) -> bytes:
    """Give what a port answers within a moment; a refusal is no answer."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as link, secure(link) as talk:
            talk.settimeout(WAIT_S)
            talk.sendall(words)
            while len(answer) < 4096 and (more := talk.recv(4096)):
                answer += more
    except OSError:
        pass
    return answer


def trust_anybody(key: str | None) -> Callable[[socket.socket], socket.socket]:
    """Speak TLS with whoever it is, and show a certificate where there is one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if key is not None:
        context.load_cert_chain(key)
    return context.wrap_socket


def main() -> None:
    """Try all ways at all ports."""
    user, key, *ports = sys.argv[1:]
    if int(user) != os.getuid():
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as own:
        own.write(sys.stdin.read())
        own.flush()
        ways: dict[str, tuple[bytes, Callable[[socket.socket], socket.socket]]] = {
            f"plain {path}": (f"GET {path} HTTP/1.0\r\n\r\n".encode(), lambda link: link) for path in PATHS
        }
        ways["tls without a key"] = b"\0" * 8, trust_anybody(None)
        ways["tls with a key of his own"] = b"\0" * 8, trust_anybody(own.name)
        with ThreadPoolExecutor(32) as pool:
            asked = {
                f"{port}: {way}": pool.submit(ask, int(port), words, secure)
                for port in ports
                for way, (words, secure) in ways.items()
            }
        got = {way: answer.result().decode("latin-1") for way, answer in asked.items()}
    try:
        got["the key file"] = Path(key).read_text()
    except OSError:
        got["the key file"] = ""
    json.dump(got, sys.stdout)


if __name__ == "__main__":
    main()
