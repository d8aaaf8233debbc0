"""Members of a wheel, through the real pip and a server on this machine."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from bench.speed_benchmark import Component, Download, ranges
from bench.speed_benchmark.index import ask_settings
from bench.speed_benchmark.runtime import provide
from lut.errors import EngineError
from tests.bench.speed_benchmark.package_index import (
    HEADERS,
    LIBRARY,
    METADATA,
    TAGS,
    WHEEL_NAME,
    Index,
    Mood,
    pin,
    pin_headers,
    pin_library,
    write_wheel,
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """A server as pip's only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    index = Index(folder)
    with index.listen() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{index.port}/simple")
        for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(ranges, "_PAUSE_S", 0.0)
        yield index
        server.shutdown()
        thread.join()


@pytest.fixture
def wheel(index: Index) -> Download:
    return write_wheel(index.folder)


@pytest.fixture
def library(wheel: Download) -> Component:
    return pin_library(wheel)


def read(component: Component, cache: Path) -> dict[str, bytes]:
    folder = component.folder(cache)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_only_the_wanted_members_are_fetched(index: Index, library: Component, cache: Path) -> None:
    said, moments = list[str](), list[tuple[int, int]]()
    provide([library], cache, said.append, lambda done, total: moments.append((done, total)))
    assert read(library, cache) == {"libengine.so": LIBRARY}
    assert index.wholes == 0
    assert len(LIBRARY) < index.sent < len(LIBRARY) + 100_000
    assert list((cache / "fetched").iterdir()) == []
    assert said[0].startswith("1 MB to download")
    assert moments == sorted(moments)
    assert moments[-1][0] == moments[-1][1] > len(LIBRARY)

    index.forget()
    provide([library], cache, said.append)
    assert index.ranges == []


def test_members_side_by_side_take_one_request(index: Index, wheel: Download, cache: Path) -> None:
    headers = pin_headers(wheel)
    provide([headers], cache, None)
    assert read(headers, cache) == HEADERS
    first_wanted = (index.folder / wheel.name).read_bytes().index(b"engine/include/a/0.h") - 30
    assert sum(start == first_wanted for start, _ in index.ranges) == 1
    assert len(index.ranges) < 8


def test_two_parts_of_one_wheel(index: Index, wheel: Download, cache: Path) -> None:
    both = [pin_headers(wheel), pin_library(wheel)]
    provide(both, cache, None)
    assert [read(component, cache) for component in both] == [HEADERS, {"libengine.so": LIBRARY}]
    assert index.wholes == 0


def test_without_ranges_the_whole_file_is_taken(index: Index, library: Component, cache: Path) -> None:
    index.mood = Mood(ranges=False)
    said = list[str]()
    provide([library], cache, said.append)
    assert read(library, cache) == {"libengine.so": LIBRARY}
    assert index.ranges == []
    assert "can't be fetched in parts" in said[0]
    assert list((cache / "fetched").iterdir()) == []


def test_a_size_that_is_not_the_pinned_one_takes_the_whole_file(
    index: Index, library: Component, cache: Path
) -> None:
    index.mood = Mood(claimed_size=library.download.size + 1)
    provide([library], cache, None)
    assert read(library, cache) == {"libengine.so": LIBRARY}
    assert index.wholes == 1


def test_connections_that_end_are_gone_on_with(index: Index, library: Component, cache: Path) -> None:
    index.mood = Mood(bytes_a_connection=100_000)
    provide([library], cache, None)
    assert read(library, cache) == {"libengine.so": LIBRARY}
    assert index.sent < len(LIBRARY) + 100_000
    assert len(index.ranges) > 7


def test_what_broke_off_goes_on_from_there(index: Index, library: Component, cache: Path) -> None:
    index.mood = Mood(bytes_left=500_000)
    with pytest.raises(EngineError, match=r"broke off with . MB to go: .*goes on from there"):
        provide([library], cache, None)
    assert not library.folder(cache).exists()
    (part,) = (cache / "fetched").iterdir()
    have = part.stat().st_size

    index.mood = Mood()
    index.forget()
    provide([library], cache, None)
    assert read(library, cache) == {"libengine.so": LIBRARY}
    assert any(start == have for start, _ in index.ranges)
    assert index.sent < 300_000


def test_an_interrupted_download_goes_on_from_there(index: Index, library: Component, cache: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provide([library], cache, None, interrupt)
    index.forget()
    provide([library], cache, None)
    assert read(library, cache) == {"libengine.so": LIBRARY}
    assert index.sent < 400_000


@pytest.mark.parametrize("where", [b"engine/lib/libengine.so", b"engine/include/a/5.h"])
def test_wrong_bytes_are_refused_and_fetched_anew(
    where: bytes, index: Index, wheel: Download, cache: Path
) -> None:
    component = pin_library(wheel) if b"lib" in where else pin_headers(wheel)
    at = (index.folder / wheel.name).read_bytes().index(where) + len(where)
    index.mood = Mood(damaged=(at + 2, at + 6))
    with pytest.raises(EngineError, match="It was removed; run this again"):
        provide([component], cache, None)
    assert not component.folder(cache).exists()
    assert list((cache / "fetched").iterdir()) == []

    index.mood = Mood()
    provide([component], cache, None)
    assert component.folder(cache).is_dir()


def test_a_whole_member_that_is_not_the_pinned_one_is_refused(
    index: Index, wheel: Download, cache: Path
) -> None:
    """Its checksums in the wheel are right: only the pin tells."""
    other = Component("libraries", wheel, r"engine/lib/(more\.so)", pin_library(wheel).sha256, 10**6)
    with pytest.raises(EngineError, match=f"pinned is {other.sha256}"):
        provide([other], cache, None)
    assert not other.folder(cache).exists()
    assert index.wholes == 0


def test_nothing_is_written_beyond_what_is_pinned(index: Index, cache: Path) -> None:
    """Neither beside the folder nor without end: a server may send anything."""
    path = index.folder / WHEEL_NAME
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("engine/include/../../outside", b"")
        archive.writestr("engine/lib/libengine.so", bytes(10**6))
        for name, content in METADATA.items():
            archive.writestr(name, content)
    wheel = pin(path, "engine==1.0", TAGS)
    for component, problem in ((pin_headers(wheel), "is called"), (pin_library(wheel), "longer")):
        with pytest.raises(EngineError, match=problem):
            provide([component], cache, None)
        assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    index: Index, wheel: Download, cache: Path
) -> None:
    small = pin_library(wheel)
    vast = Component("libraries", wheel, small.pattern, small.sha256, 10**16)
    with pytest.raises(EngineError, match=r"MB of disk space, .*set CNN_LATENCY_LUT_CACHE"):
        provide([vast], cache, None)
    assert index.sent < 100_000


def test_the_password_of_the_index_serves_for_its_files(
    index: Index, library: Component, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.mood = Mood(password="me:a secret")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:a%20secret@127.0.0.1:{index.port}/simple")
    said = list[str]()
    provide([library], cache, said.append)
    assert read(library, cache) == {"libengine.so": LIBRARY}
    assert index.wholes == 0
    assert "secret" not in "".join(said)


def test_pips_proxy_is_used(
    index: Index, library: Component, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.invalid/simple")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "index.invalid")
    monkeypatch.setenv("PIP_PROXY", f"http://127.0.0.1:{index.port}")
    provide([library], cache, None)
    assert read(library, cache) == {"libengine.so": LIBRARY}
    assert index.hosts == {"index.invalid"}
    assert index.wholes == 0


def test_settings_are_pips_own_and_ranked_as_it_ranks_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\ncert = /a\nproxy = http://p:1\n[download]\nproxy = http://q:1\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.delenv("PIP_PROXY", raising=False)
    monkeypatch.setenv("PIP_CERT", "/b")
    settings = ask_settings()
    assert (settings["cert"], settings["proxy"]) == ("/b", "http://q:1")

    monkeypatch.delenv("PIP_CERT")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/c")
    assert ask_settings()["cert"] == "/a"
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert ask_settings()["cert"] == "/c"
