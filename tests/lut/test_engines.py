"""What names of devices tell of engines."""

import pytest

from lut.engines import fuses_activations


@pytest.mark.parametrize(
    ("devices", "fused"),
    [
        (["SM-G950U-7.0-24"], False),
        (["SM-G950U-7.0-24-xnnpack"], True),
        (["SM-G950U-7.0-24-xnnpack", "SM-G950U-7.0-24"], False),
        ([], False),
    ],
)
def test_an_engine_that_fuses_activations_is_known_by_its_devices(devices: list[str], fused: bool) -> None:
    assert fuses_activations(devices) == fused
