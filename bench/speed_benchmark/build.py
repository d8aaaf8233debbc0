"""Builds the C++ program for a target, and finds it again.

A program belongs to its sources, flags, pinned runtime and compiler: when one of them changes it is built
again. What does not change its machine code, like where the cache is, does not change the program either,
so that its hash can label results. Each lies in a folder of its own, with a stamp that tells what it was made
of and what came out: checkouts with other sources share a cache without taking each other's programs away.

The stamp has the SHA-256 of every file that runs: the program, and the libraries it loads from the cache.
Whenever a program is found, they are compared; one with a changed file is not found, and so is built again.
What a host's program loads from the system, libc and libstdc++, is not compared.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.speed_benchmark.cache import Announce, Transfer, lock_cache, new_folder, report
from bench.speed_benchmark.compiler import Compiler, explain_missing_compiler, find_compiler, run_tool
from bench.speed_benchmark.contents import find_difference, hash_file, hash_files, list_folder
from bench.speed_benchmark.runtime import provide
from bench.speed_benchmark.targets import Target
from lut.cache import default_cache
from lut.errors import EngineError
from lut.schema import Name, Record, Text, decode, encode_file

__all__ = ["Program", "build_program", "find_program"]

SOURCES = Path(__file__).parent / "src"

_COMPILE = ("-O2", "-DNDEBUG", "-Wall", "-Wextra")
_PROGRAM = "speed_benchmark"
_STAMP = "built.json"

_KEPT = 4
"""This many programs of a target are kept, those used last: one for each checkout at work."""

_LINK = ("-Wl,--allow-shlib-undefined,--disable-new-dtags", "-ldl", "-pthread")


class _Stamp(Record, frozen=True):
    """What a program was made of, and the SHA-256 of each of its files."""

    target: Text
    recipe: Text
    compiler: Text
    files: dict[Name, Name]


@dataclass(frozen=True)
class Program:
    """A built program: what a device runner starts or packs.

    `library_dir` holds the libraries it loads (the host's finds them by itself; a phone's needs the loader
    in there, `./ld-linux-aarch64.so.1 --library-path . ./speed_benchmark`). `sha256` is that of the list of
    all of them, each with its own: it labels results.
    """

    target: str
    executable: Path
    library_dir: Path
    sha256: str
    engine: str


def find_program(target: Target, *, cache: Path | None = None) -> Program | None:
    """Give the target's program if it is built, whole to the byte, and of the present sources.

    No compiler is asked. See `hash_file` for how often files are read.
    """
    return _find(target, cache or default_cache())


def build_program(
    target: Target,
    *,
    cache: Path | None = None,
    progress: Announce | None = None,
    transfer: Transfer | None = None,
) -> Program:
    """Build the target's program unless it is there and fresh; the first time, download its pinned runtime.

    `progress` is told each step in a sentence, `transfer` how far a download is, in bytes.

    Raises EngineError: no compiler, failed download, wrong checksum, failed compilation,
    unwritable cache.
    """
    cache = cache or default_cache()
    try:
        with lock_cache(cache, progress):
            # A program stays usable when its compiler is gone, but not when that is another one now.
            compiler = find_compiler(target)
            found = _find(target, cache, compiler.version if compiler else None, progress)
            return found or _build(target, cache, compiler, progress, transfer)
    except OSError as exc:
        raise EngineError(
            f"the cache {cache} can't be used: {exc}. "
            "Make room or set CNN_LATENCY_LUT_CACHE to another folder."
        ) from exc


def _compile_flags(target: Target) -> list[str]:
    return [*_COMPILE, *target.runtime.compile_flags, f'-DSPEED_BENCHMARK_ENGINE="{target.runtime.label}"']


def _link_flags(target: Target) -> list[str]:
    return [*target.runtime.link_flags, *_LINK]


def _list_sources(target: Target) -> list[Path]:
    """What every engine's program is made of, and what this one's is."""
    return sorted(
        path for path in (*SOURCES.iterdir(), *(SOURCES / target.runtime.sources).iterdir()) if path.is_file()
    )


def _hash_recipe(target: Target) -> str:
    """Everything that makes the program except the compiler."""
    digest = hashlib.sha256()
    recipe = [repr(target), *_compile_flags(target), *_link_flags(target)]
    digest.update("\n".join(recipe).encode())
    for path in _list_sources(target):
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(SOURCES).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _find(
    target: Target, cache: Path, compiler: str | None = None, progress: Announce | None = None
) -> Program | None:
    """Find the whole program of the present sources that was used last, of this compiler if one is given."""
    recipe = _hash_recipe(target)
    for folder, stamp in _list_stamps(target, cache):
        if stamp.recipe == recipe and compiler in (None, stamp.compiler):
            program = _open_program(target, folder, stamp, cache, progress)
            if program is not None:
                with contextlib.suppress(OSError):  # of a cache that is read-only nothing is ever removed
                    os.utime(folder / _STAMP)
                return program
    return None


def _list_stamps(target: Target, cache: Path) -> list[tuple[Path, _Stamp]]:
    """Give the folders of a target's programs, the one used last first, with what they were made of."""
    found = []
    for path in (cache / "programs").glob(f"[!.]*/{_STAMP}"):
        try:
            stamp, used_ns = decode(path.read_bytes(), _Stamp), path.stat().st_mtime_ns
            if stamp.target == target.id:
                found.append((used_ns, path.parent, stamp))
        except (OSError, ValueError):
            continue  # damaged, so it is built again
    found.sort(key=lambda each: each[:2], reverse=True)
    return [(folder, stamp) for _, folder, stamp in found]


def _open_program(
    target: Target, folder: Path, stamp: _Stamp, cache: Path, progress: Announce | None = None
) -> Program | None:
    """The program in a folder, or None when a file of it is not what was made."""
    libraries = _library_folder(target, folder, cache)
    try:
        files = _list_files(folder, libraries)
        changed = find_difference(stamp.files, files)
    except OSError:
        return None
    if changed is not None:
        place = folder if changed == _PROGRAM else libraries
        report(progress, f"{place / changed} is not what was built or unpacked; it is made again.")
        return None
    return Program(target.name, folder / _PROGRAM, libraries, hash_files(files), target.runtime.label)


def _library_folder(target: Target, folder: Path, cache: Path) -> Path:
    return folder / "lib" if target.system_libraries else target.runtime.libraries.folder(cache)


def _list_files(folder: Path, libraries: Path) -> dict[str, str]:
    return {_PROGRAM: hash_file(folder / _PROGRAM), **list_folder(libraries)}


def _build(
    target: Target,
    cache: Path,
    compiler: Compiler | None,
    progress: Announce | None,
    transfer: Transfer | None,
) -> Program:
    if compiler is None:  # first: a missing one must not cost a download
        raise EngineError(explain_missing_compiler(target, cache / "programs"))
    version = compiler.version
    provide((*target.runtime.headers, target.runtime.libraries), cache, progress, transfer)
    report(progress, f"Compiling the program for {target.name} with {version}.")
    recipe = _hash_recipe(target)
    # With the name of the stamp in it: versions that kept their stamp elsewhere remove folders of their own.
    name = hashlib.sha256(f"{_STAMP} {target.id} {recipe} {version}".encode()).hexdigest()[:16]
    final = cache / "programs" / name
    with new_folder(final) as folder:
        _compile(target, cache, compiler, folder)
        if target.system_libraries:
            _collect_libraries(target, cache, compiler, folder / "lib")
        files = _list_files(folder, _library_folder(target, folder, cache))
        stamp = _Stamp(target.id, recipe, version, files)
        (folder / _STAMP).write_bytes(encode_file(stamp))
    for unused, _ in _list_stamps(target, cache)[_KEPT:]:
        shutil.rmtree(unused, ignore_errors=True)
    program = _open_program(target, final, stamp, cache)
    assert program is not None
    return program


def _compile(target: Target, cache: Path, compiler: Compiler, folder: Path) -> None:
    """Compile each source, two at a time, and link."""
    includes = [f"-I{SOURCES}"]
    for component in target.runtime.headers:
        includes += ["-isystem", str(component.folder(cache))]
    # Caffe2's checks carry the header's path into the program; without the cache's place in it.
    includes += [f"-ffile-prefix-map={cache}=.", f"-ffile-prefix-map={SOURCES}=src"]
    with _objects_folder(folder) as objects:

        def compile_one(source: Path) -> str:
            made = objects / f"{source.stem}.o"
            flags = [*_compile_flags(target), *includes]
            words = [*flags, "-c", str(source), "-o", str(made)]
            compiler.run(words, f"compile {source.name}", objects)
            return str(made)

        with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
            made = list(
                pool.map(compile_one, [path for path in _list_sources(target) if path.suffix == ".cc"])
            )
        libraries = target.runtime.libraries.folder(cache)
        link = [*made, "-o", str(folder / _PROGRAM)]
        link += [*(str(libraries / name) for name in target.runtime.linked), *_link_flags(target)]
        if not target.system_libraries:
            # Relative, so that the program is the same wherever the cache is.
            link.append(f"-Wl,-rpath,$ORIGIN/../../runtime/{libraries.name}")
        compiler.run(link, "link", objects)


@contextmanager
def _objects_folder(folder: Path) -> Iterator[Path]:
    objects = folder / "objects"
    objects.mkdir()
    yield objects
    shutil.rmtree(objects)


def _collect_libraries(target: Target, cache: Path, compiler: Compiler, folder: Path) -> None:
    folder.mkdir()
    for path in sorted(target.runtime.libraries.folder(cache).iterdir()):
        shutil.copy(path, folder)
        if not path.name.startswith("libgomp"):  # stripping this one breaks it
            run_tool([target.strip, str(folder / path.name)], f"strip {path.name}")
    for name in target.system_libraries:
        asked = compiler.run([f"-print-file-name={name}"], f"find {name}")
        source = Path(asked.strip())
        if not source.is_file():  # what a compiler does not find, it gives back as it was asked
            raise EngineError(
                f"{target.compiler} has no {name}. Install the Debian package {target.packages}."
            )
        shutil.copy(source, folder)
