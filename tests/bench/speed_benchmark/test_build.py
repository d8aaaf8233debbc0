"""When a program is built, found, and built anew. A one-line program stands for the real one."""

import errno
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.engines import CAFFE2, XNNPACK
from bench.speed_benchmark import Program, build, choose_target
from lut.cache import default_cache
from lut.errors import EngineError


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sources"
    (folder / "caffe2").mkdir(parents=True)
    # The file's name is in the program, as it is in those that use Caffe2's checks.
    (folder / "main.cc").write_text('#include <cstdio>\nint main() { std::puts("one " __FILE__); }\n')
    monkeypatch.setattr(build, "SOURCES", folder)
    return folder


def make_cache(folder: Path) -> Path:
    """A cache without programs that borrows the unpacked runtime of the real one."""
    folder.mkdir()
    (folder / "runtime").symlink_to(default_cache() / "runtime")
    return folder


@pytest.fixture
def cache(tmp_path: Path, host_program: Program) -> Path:
    assert host_program.executable.is_file()
    return make_cache(tmp_path / "cache")


@pytest.mark.usefixtures("sources")
def test_a_second_build_does_nothing(cache: Path) -> None:
    said: list[str] = []
    assert CAFFE2.find("host", cache=cache) is None
    program = CAFFE2.build("host", cache=cache, progress=said.append)
    assert [sentence.split()[0] for sentence in said] == ["Compiling"]
    assert program.engine == choose_target("host", CAFFE2.runtimes).runtime.label
    assert CAFFE2.build("host", cache=cache, progress=said.append) == program
    assert CAFFE2.find("host", cache=cache) == program
    assert len(said) == 1


def test_other_sources_make_another_program(cache: Path, sources: Path) -> None:
    first = CAFFE2.build("host", cache=cache)
    (sources / "main.cc").write_text("int main() { return 0; }\n")
    assert CAFFE2.find("host", cache=cache) is None
    second = CAFFE2.build("host", cache=cache)
    assert second.sha256 != first.sha256
    assert CAFFE2.find("host", cache=cache) == second


def write_source(sources: Path, number: int) -> None:
    (sources / "main.cc").write_text(f"int main() {{ return {number}; }}\n")


def test_checkouts_with_other_sources_keep_their_programs(cache: Path, sources: Path) -> None:
    write_source(sources, 1)
    first = CAFFE2.build("host", cache=cache)
    inode = first.executable.stat().st_ino
    write_source(sources, 2)
    second = CAFFE2.build("host", cache=cache)
    assert second.executable.parent != first.executable.parent
    assert first.executable.stat().st_ino == inode
    write_source(sources, 1)
    assert CAFFE2.find("host", cache=cache) == first
    assert CAFFE2.build("host", cache=cache) == first
    assert second.executable.is_file()


def test_the_programs_used_last_are_kept(cache: Path, sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_KEPT", 2)
    programs = []
    for number in range(2):
        write_source(sources, number)
        programs.append(CAFFE2.build("host", cache=cache))
    write_source(sources, 0)
    assert CAFFE2.find("host", cache=cache) == programs[0]
    write_source(sources, 2)
    programs.append(CAFFE2.build("host", cache=cache))
    assert [program.executable.exists() for program in programs] == [True, False, True]
    folders = {path.name for path in (cache / "programs").iterdir()}
    assert folders == {programs[number].executable.parent.name for number in (0, 2)}


def test_what_an_older_version_built_stays_its_own(cache: Path, sources: Path) -> None:
    """It kept one program a target, named in a stamp beside it."""
    older = cache / "programs" / "0123456789abcdef"
    older.mkdir(parents=True)
    (older / "speed_benchmark").touch()
    stamp = cache / "programs" / "host.json"
    stamp.write_text(json.dumps({"recipe": "r", "compiler": "c", "folder": older.name, "sha256": "s"}))
    before = stamp.read_text()
    write_source(sources, 1)
    CAFFE2.build("host", cache=cache)
    assert (older / "speed_benchmark").exists()
    assert stamp.read_text() == before


@pytest.mark.usefixtures("sources")
def test_the_same_sources_make_the_same_program_in_any_cache(cache: Path, tmp_path: Path) -> None:
    elsewhere = make_cache(tmp_path / "a cache elsewhere")
    programs = [CAFFE2.build("host", cache=folder) for folder in (cache, elsewhere)]
    assert programs[0].sha256 == programs[1].sha256
    assert programs[0].executable != programs[1].executable
    assert subprocess.check_output([programs[1].executable], text=True) == "one src/main.cc\n"


@pytest.mark.usefixtures("sources")
def test_a_damaged_program_is_not_found_and_is_built_again(cache: Path) -> None:
    program = CAFFE2.build("host", cache=cache)
    stamp = program.executable.with_name("built.json")
    for damage in (
        lambda: program.executable.write_bytes(b"cut"),
        program.executable.unlink,
        lambda: stamp.write_text("{"),
        lambda: stamp.write_text("[]"),
        lambda: stamp.write_text(json.dumps({"recipe": "other"})),
        lambda: stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"files": [1]})),
        lambda: stamp.write_text(stamp.read_text().replace("libtorch_cpu.so", "libtorch_cpu.so.1")),
    ):
        damage()
        assert CAFFE2.find("host", cache=cache) is None
        assert CAFFE2.build("host", cache=cache) == program


@pytest.mark.usefixtures("sources")
def test_a_missing_compiler_names_its_package_and_spares_what_is_built(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = CAFFE2.build("host", cache=cache)
    empty = make_cache(tmp_path / "empty")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert CAFFE2.build("host", cache=cache) == program
    with pytest.raises(EngineError, match=r"Install the Debian package g\+\+ "):
        CAFFE2.build("host", cache=empty)
    with pytest.raises(EngineError) as refusal:
        CAFFE2.build("android-arm64", cache=empty)
    assert str(choose_target("android-arm64", CAFFE2.runtimes).packages) in str(refusal.value)
    assert f"copy {empty / 'programs'} from a Linux machine" in str(refusal.value)


def test_a_phones_program_that_was_copied_here_needs_no_compiler(
    arm64_program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = arm64_program.executable.parent
    copied = tmp_path / "cache" / "programs" / built.name
    shutil.copytree(built, copied)
    monkeypatch.setenv("PATH", str(tmp_path))
    program = CAFFE2.build("android-arm64", cache=tmp_path / "cache")
    assert (program.executable.parent, program.sha256) == (copied, arm64_program.sha256)
    assert CAFFE2.find("android-arm64", cache=tmp_path / "cache") == program
    assert not (tmp_path / "cache" / "fetched").exists()


@pytest.mark.parametrize(
    ("machine", "packages"), [(("Linux", "aarch64"), "g++"), (("Darwin", "arm64"), "g++-aarch64-linux-gnu")]
)
def test_the_same_recipe_makes_a_phones_program_on_every_machine(
    machine: tuple[str, str], packages: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = choose_target("android-arm64", CAFFE2.runtimes)
    monkeypatch.setattr("bench.speed_benchmark.targets._THIS_MACHINE", machine)
    there = choose_target("android-arm64", CAFFE2.runtimes)
    assert there.packages == packages
    assert build._hash_recipe(there) == build._hash_recipe(here)


@pytest.mark.usefixtures("sources")
def test_another_compiler_makes_another_build(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    CAFFE2.build("host", cache=cache)
    wrapper = tmp_path / "bin" / "g++"
    wrapper.parent.mkdir()
    real = shutil.which("g++")
    wrapper.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "g++ of tomorrow" || exec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", str(wrapper.parent), prepend=":")
    CAFFE2.build("host", cache=cache, progress=said.append)
    assert said == ["Compiling the program for host with g++ of tomorrow."]


def test_a_source_that_does_not_compile_is_told_and_leaves_nothing(cache: Path, sources: Path) -> None:
    (sources / "main.cc").write_text("int main() { return nonsense; }\n")
    with pytest.raises(EngineError, match=r"g\+\+ failed to compile main.cc[\s\S]*nonsense"):
        CAFFE2.build("host", cache=cache)
    assert list((cache / "programs").iterdir()) == []


@pytest.mark.usefixtures("sources")
def test_two_builds_at_once_make_one(cache: Path) -> None:
    leftover = cache / "programs" / ".unfinished-crashed"
    leftover.mkdir(parents=True)
    said: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(CAFFE2.build, "host", cache=cache, progress=said.append) for _ in range(2)]
    assert both[0].result() == both[1].result()
    assert sorted(sentence.split()[0] for sentence in said) == ["Compiling", "Waiting"]
    assert not leftover.exists()


@pytest.mark.usefixtures("sources")
def test_a_compiler_that_cannot_be_started_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(EngineError, match=r"g\+\+ can't be started: .* no room for another process"):
        CAFFE2.build("host", cache=cache)


def test_an_unusable_cache_and_an_unknown_target_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match="set CNN_LATENCY_LUT_CACHE"):
        CAFFE2.build("host", cache=tmp_path / "file")
    for ask in (CAFFE2.build, CAFFE2.find):
        with pytest.raises(
            EngineError, match="no engine for the target toaster here; targets: host, android"
        ):
            ask("toaster")


def test_offline_an_empty_cache_asks_for_the_pinned_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(EngineError) as raised:
        CAFFE2.build("host", cache=tmp_path)
    message = str(raised.value)
    assert str(tmp_path / "downloads") in message
    for part in (
        "torch-1.8.1-cp39-cp39-manylinux2014_aarch64.whl  sha256 a50ea8ed",
        "grpcio-tools-1.29.0.tar.gz",
    ):
        assert part in message


def overwrite(library: Path) -> bytes:
    """Change 64 bytes in its middle, and so neither its name nor its size; give what it held."""
    content = library.read_bytes()
    middle = len(content) // 2
    other = bytes(byte ^ 0xFF for byte in content[middle : middle + 64])
    library.write_bytes(content[:middle] + other + content[middle + 64 :])
    return content


def test_a_hosts_library_that_was_changed_is_never_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = XNNPACK.build("host")
    for folder in (whole.executable.parent, whole.library_dir):
        copied = tmp_path / folder.relative_to(default_cache())
        shutil.copytree(folder, copied)
    program = XNNPACK.find("host", cache=tmp_path)
    assert program is not None
    assert program.sha256 == whole.sha256
    changed = program.library_dir / "libexecutorch_backend_xnnpack.so"
    content = overwrite(changed)
    assert XNNPACK.find("host", cache=tmp_path) is None
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    said: list[str] = []
    with pytest.raises(EngineError, match="could not be downloaded"):
        XNNPACK.build("host", cache=tmp_path, progress=said.append)
    assert said[0].startswith(f"{changed} is not what was")
    changed.write_bytes(content)
    assert XNNPACK.find("host", cache=tmp_path) == program


@pytest.mark.usefixtures("arm64_program", "sources")
def test_a_phones_library_that_was_changed_is_made_again(cache: Path) -> None:
    program = CAFFE2.build("android-arm64", cache=cache)
    library = program.library_dir / "libc10.so"
    content = overwrite(library)
    said: list[str] = []
    assert CAFFE2.build("android-arm64", cache=cache, progress=said.append) == program
    assert said[0].startswith(f"{library} is not what was")
    assert library.read_bytes() == content


@pytest.mark.usefixtures("arm64_program", "sources")
def test_a_phones_program_without_a_library_is_built_again(cache: Path) -> None:
    program = CAFFE2.build("android-arm64", cache=cache)
    (program.library_dir / "libc.so.6").unlink()
    assert CAFFE2.find("android-arm64", cache=cache) is None
    assert CAFFE2.build("android-arm64", cache=cache) == program
    assert (program.library_dir / "libc.so.6").is_file()


def test_the_phones_folder_holds_every_library_it_needs(arm64_program: Program) -> None:
    names = {path.name for path in arm64_program.library_dir.iterdir()}
    assert names >= {
        "libtorch_cpu.so",
        "libc10.so",
        *choose_target("android-arm64", CAFFE2.runtimes).system_libraries,
    }
    binaries = [arm64_program.executable, *arm64_program.library_dir.iterdir()]
    for binary in binaries:
        dynamic = subprocess.check_output(["aarch64-linux-gnu-readelf", "-d", str(binary)], text=True)
        needed = {line.split("[")[1].rstrip("]\n") for line in dynamic.splitlines() if "(NEEDED)" in line}
        assert needed <= names, binary.name
