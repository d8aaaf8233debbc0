"""No name that came with a table or a phone leads a file to another folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.errors import FileError
from lut.files import name_after_device


@pytest.mark.parametrize("device", ["Galaxy_S8-26-R16NW", "Box 12", "Ünit-1", "..", "-rf"])
def test_a_file_is_called_after_its_device(device: str) -> None:
    assert name_after_device(device, ".run.jsonl") == f"{device}.run.jsonl"


@pytest.mark.parametrize(
    "device", ["", "../../x", "/etc/x", "..\\x", "C:x", "a\0b", "a\nb", "a\x1b[m", "\ud800", "ü" * 101]
)
def test_a_name_that_is_none_for_a_file_is_shown(device: str) -> None:
    with pytest.raises(FileError) as caught:
        name_after_device(device, ".run.jsonl")
    assert repr(device) in str(caught.value)


@given(st.text())
def test_a_file_stays_in_its_folder(device: str) -> None:
    try:
        path = Path("folder", name_after_device(device, ".json"))
    except FileError:
        return
    assert path.resolve().parent == Path("folder").resolve()
