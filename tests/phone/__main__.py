"""Start simulated phones: `python -m tests.phone --port 5555`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from tests.phone.adbd import Phone
from tests.phone.corpus import find_folder
from tests.phone.faults import KINDS, Fault
from tests.phone.userland import UserlandError

_PROCESSOR = "cortex-a53"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=5555, show_default=True, help="The first phone's TCP port.")
@click.option("--phones", default=1, show_default=True, help="How many, on ports one after another.")
@click.option("--storage", type=click.Path(path_type=Path), help="Keep what is on the phones in this folder.")
@click.option("--architecture", default="arm64", show_default=True, help="Debian's name for it.")
@click.option(
    "--processor",
    default=_PROCESSOR,
    show_default=True,
    help="What qemu shall be, by its own name for it. On its `max`, xnnpack computes wrong numbers.",
)
@click.option(
    "--like", metavar="FOLDER", help="Answer as this device did: a folder, or the name of one of the corpus."
)
@click.option("--no-authentication", is_flag=True, help="Take every host without a key.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND@BYTE[:SECONDS]",
    help=f"Strike after so many bytes of traffic; may be repeated. Kinds: {', '.join(KINDS)}.",
)
def main(
    host: str,
    port: int,
    phones: int,
    storage: Path | None,
    architecture: str,
    processor: str,
    like: str | None,
    no_authentication: bool,
    faults: tuple[str, ...],
) -> None:
    """Simulate phones over TCP until interrupted: Samsung Galaxy S8, or like a real device's answers.

    \b
    Example:
      python -m tests.phone --port 5555
      bench devices --device tcp:127.0.0.1:5555
      python -m tests.phone --like samsung-SM-G960F-8.0
    """
    try:
        machine = architecture, processor
        answers = None if like is None else find_folder(like)
        asyncio.run(_serve(host, port, phones, storage, machine, not no_authentication, faults, answers))
    except UserlandError as error:
        raise click.ClickException(str(error)) from error
    click.echo("The phones are off.", err=True)


def _parse_fault(text: str) -> Fault:
    kind, _, place = text.partition("@")
    byte, _, seconds = place.partition(":")
    try:
        return Fault(kind, int(byte), float(seconds or 0.5))
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}.") from error


async def _serve(
    host: str,
    port: int,
    phones: int,
    storage: Path | None,
    machine: tuple[str, str],
    authentication: bool,
    faults: tuple[str, ...],
    like: Path | None,
) -> None:
    architecture, processor = machine
    started = []
    ended = asyncio.Event()
    for end in (signal.SIGINT, signal.SIGTERM):  # whoever started us in the background ignores the first
        asyncio.get_running_loop().add_signal_handler(end, ended.set)
    try:
        for number in range(phones):
            # Another processor is another phone: what was found out of the one holds for no other.
            serial = f"simulated{number}" + ("" if processor == _PROCESSOR else f"-{processor}")
            serial += f"-{like.name}" if like else ""
            phone = Phone(
                serial,
                folder=storage / serial if storage else None,
                architecture=architecture,
                processor=processor,
                authentication=authentication,
                faults=[_parse_fault(text) for text in faults],
                like=like,
            )
            started.append(phone)
            await phone.start(host, port + number)
            model = like.name if like else "a Galaxy S8"
            click.echo(f"{serial}, {model}, listens: --device tcp:{host}:{port + number}")
        await ended.wait()
    finally:
        for phone in started:
            await phone.stop()


if __name__ == "__main__":
    main()
