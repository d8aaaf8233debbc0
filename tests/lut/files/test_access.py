"""Nothing is ever there by half."""

import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lut.errors import FileError, ModelError
from lut.files import open_atomically, parse_json, read_bytes, write_atomically


def test_a_written_file_is_whole_and_alone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "folder" / "file", b"whole")
    assert read_bytes(tmp_path / "new" / "folder" / "file") == b"whole"
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["file"]


def test_an_exception_in_the_middle_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half() -> None:
        with open_atomically(path) as stream:
            stream.write(b"half")
            stream.flush()
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with open_atomically(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_others_may_read_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "file", b"")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "inner"
    with pytest.raises(FileError, match=rf"^{path} can't be written: File exists\.$"):
        write_atomically(path, b"")


def test_a_disk_that_is_full_is_named_and_the_old_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(FileError, match=rf"^{path} can't be written: File too large\.$"):
            write_atomically(path, b"far too much")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_only_files_are_replaced(make: object, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    assert callable(make)
    make(path)
    mode = path.stat().st_mode
    with pytest.raises(FileError, match=rf"^{path} is not a regular file\. Choose another name"):
        write_atomically(path, b"")
    assert path.stat().st_mode == mode
    assert list(tmp_path.iterdir()) == [path]


def test_an_absent_file_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent can't be read: No such file or directory\.$"):
        read_bytes(tmp_path / "absent", ModelError)
    with pytest.raises(FileError, match=r"can't be read: Is a directory\.$"):
        read_bytes(tmp_path)


def test_json_nested_too_deeply_is_a_value_error_like_any_other() -> None:
    assert parse_json(b'{"a": [1]}') == {"a": [1]}
    for text in (b"[" * 100_000, b"\xff", "nothing"):
        with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
            parse_json(text)


@pytest.fixture
def forbidden(tmp_path: Path) -> Iterator[Path]:
    """A folder in which this user may not even look; root becomes nobody for it."""
    folder = tmp_path / "forbidden"
    folder.mkdir(mode=0o000)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    folder.chmod(0o700)


def test_a_folder_without_permission_is_a_sentence(forbidden: Path) -> None:
    with pytest.raises(FileError, match="can't be written: Permission denied"):
        write_atomically(forbidden / "there" / "file", b"x")
