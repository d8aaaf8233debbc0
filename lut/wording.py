"""How messages list things, keep terminals from harm, and name what installs a package that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

__all__ = ["escape_controls", "install_extra", "list_first"]

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 but newline and tab: a terminal obeys them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # show what follows in another order
    "\ud800-\udfff]"  # of names that are not UTF-8: no terminal can be sent them
)


def escape_controls(text: str) -> str:
    r"""Return a text with control and bidirectional characters as `\u001b`, as JSON writes them.

    Newlines and tabs stay. JSON stays JSON of the same values.
    """
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def list_first(lines: Iterable[str], count: int, most: int = 10) -> str:
    """List the first things on an indented line each, then how many more there are.

    Args:
        lines: one for each thing; no more are taken than are listed.
        count: how many things there are.
        most: how many are listed at most.
    """
    listed = [f"  {line}" for line in islice(lines, min(count, most))]
    if count > len(listed):
        listed.append(f"  and {count - len(listed):,} more")
    return "\n".join(listed)


def install_extra(extra: str) -> str:
    """Give the command that installs an extra of this project, the way the project itself was installed.

    From a checkout it is to be run there; pip keeps in `direct_url.json` where a package came from (PEP 610).
    """
    import json
    from importlib.metadata import PackageNotFoundError, distribution  # takes longer than a look-up

    try:
        origin = distribution("cnn-latency-lut").read_text("direct_url.json")
    except PackageNotFoundError:  # used as a folder on the path: a checkout too
        origin = '{"dir_info": {}}'
    in_checkout = origin is not None and "dir_info" in json.loads(origin)
    return f"pip install '{'.' if in_checkout else 'cnn-latency-lut'}[{extra}]'"
