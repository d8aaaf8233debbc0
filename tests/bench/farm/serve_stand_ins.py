"""A host of a farm whose phones are stand-ins: `python -m tests.bench.farm.serve_stand_ins SCHEDULER …`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from bench.farm import ServedPhones, parse_address, serve
from lut.cli import say
from tests.bench.farm.stand_ins import StandIns


def main() -> None:
    """Serve what the command line says: the scheduler, the key, the host, and the stand-ins as JSON."""
    scheduler, key, host, fields = sys.argv[1:]
    given = json.loads(fields)
    source = StandIns(**{**given, "folder": Path(given["folder"]), "serials": tuple(given["serials"])})
    address = parse_address(scheduler, Path(key))
    asyncio.run(serve(address, ServedPhones(host, source), say(quiet=False)))


if __name__ == "__main__":
    main()
