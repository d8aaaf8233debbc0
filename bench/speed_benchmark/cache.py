"""The folder that holds what was downloaded, unpacked and built; everything in it can be made again.

downloads/   put there by the user, for a machine without network; read, never changed
fetched/     downloaded by this project; of a file that ends in .part, only what is wanted of it
runtime/     unpacked parts of the pinned files, one folder each
programs/    the built programs, one folder each
lock         held by whoever writes
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lut.files import lock_descriptor

__all__ = ["Announce", "Transfer", "lock_cache", "new_folder", "report"]

# Called with one plain sentence per step.
Announce = Callable[[str], None]

# Called as a download goes on, with the bytes that came and those that come in all.
Transfer = Callable[[int, int], None]

_UNFINISHED = ".unfinished-"


def report(progress: Announce | None, sentence: str) -> None:
    if progress is not None:
        progress(sentence)


@contextmanager
def lock_cache(cache: Path, progress: Announce | None) -> Iterator[None]:
    """Hold the cache alone, waiting for another process if need be; what crashed builds left is removed.

    The lock goes with the process, however it ends.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        if not lock_descriptor(lock.fileno(), wait=False):
            report(progress, f"Waiting for another build that uses {cache}.")
            lock_descriptor(lock.fileno(), wait=True)
        for leftover in cache.glob(f"*/{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes `final` when the block ends well and vanishes when it does not.

    So `final` is whole or absent. An older `final` makes way at the last moment: it is moved aside, since a
    folder can't take the place of one that holds something. Call with the cache locked.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=final.parent))
    older = unfinished.with_name(f"{unfinished.name}-older")
    try:
        yield unfinished
        unfinished.chmod(0o755)
        if final.exists():
            final.replace(older)
        unfinished.replace(final)
    finally:
        for rest in (unfinished, older):
            shutil.rmtree(rest, ignore_errors=True)
