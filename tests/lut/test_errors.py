"""Each error carries its command's exit code."""

import pytest

from lut import errors


@pytest.mark.parametrize(
    ("name", "exit_code"),
    [
        ("LutError", 1),
        ("DeviceError", 3),
        ("EngineError", 3),
        ("FileError", 4),
        ("ModelError", 4),
        ("ConflictError", 4),
        ("MissingError", 5),
        ("FailedError", 6),
    ],
)
def test_exit_codes(name: str, exit_code: int) -> None:
    error = getattr(errors, name)
    assert error.exit_code == exit_code
    assert issubclass(error, errors.LutError)


def test_no_error_is_without_a_code_of_its_own() -> None:
    assert len(errors.__all__) == 9
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in errors.__all__)
