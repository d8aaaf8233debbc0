"""The farm's key: one PEM file with a private key and its certificate, the same on all computers of a farm.

Both sides of every connection show the certificate and prove that they have its key, so that nobody without
the file is heard. There is no list of keys that were given up: a key that was copied is replaced on all
computers.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from lut.errors import FileError

__all__ = ["check_key", "own_key", "provide_key"]

_DAYS = 3650
"""A farm of ten years has its key replaced."""

_OTHERS = 0o077
"""The bits of a file's mode that let others than its owner use it."""


def own_key() -> Path:
    """Give the file that is used where none is named, in the user's configuration folder (XDG).

    Raises:
        FileError: that folder lies in a home folder that this system does not know.
    """
    try:
        # XDG says that a relative path there is invalid and to be ignored.
        shared = Path(os.environ.get("XDG_CONFIG_HOME", ""))
        return (shared if shared.is_absolute() else Path.home() / ".config") / "cnn-latency-lut" / "farm.pem"
    except RuntimeError as error:
        raise FileError(
            "The user's home folder, and the farm's key in it, can't be found. Give the key by --tls FILE."
        ) from error


def provide_key() -> tuple[Path, bool]:
    """Give the file of `own_key`, which is made where there is none, and whether it was made now.

    Raises:
        FileError: it can't be made.
    """
    file = own_key()
    if file.exists():
        return file, False
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file, _write_new(file, _make_key())
    except OSError as error:
        raise FileError(f"The farm's key {file} can't be written: {error.strerror or error}.") from error


def check_key(file: Path) -> None:
    """See that a file is a key with its certificate, which nobody but its owner can read.

    Raises:
        FileError: it is not there, others can read it, or it is no such file.
    """
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise FileError(
            f"There is no farm's key {file} ({error.strerror or error}). `bench farm up` and `bench farm "
            f"scheduler` make one; copy it here from the scheduler's computer, or name it by --tls FILE."
        ) from error
    if os.name == "posix" and mode & _OTHERS:
        raise FileError(
            f"Others than its owner can use the farm's key {file}, and who has it can run code on all hosts. "
            f"`chmod 600 {file}` makes it yours alone; make a new one if somebody may have read it."
        )
    try:
        context = ssl.create_default_context(cafile=file)
        context.load_cert_chain(file)
    except (OSError, ssl.SSLError) as error:
        raise FileError(
            f"{file} is no PEM file with a key and its certificate ({error.strerror or error}). "
            f"docs/farm.md says how to make one."
        ) from error


def _write_new(file: Path, content: bytes) -> bool:
    """Write a file that its owner alone can read, whole or not at all; tell whether it was not there yet."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        os.link(name, file)
    except FileExistsError:
        return False  # another scheduler was started at the same moment: both use its key
    finally:
        Path(name).unlink()
    return True


def _make_key() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cnn-latency-lut farm")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of hosts differ
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
