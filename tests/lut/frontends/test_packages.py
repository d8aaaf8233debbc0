"""Formats whose package is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lut.errors import ModelError
from lut.frontends import load_model, packages
from lut.wording import install_extra
from lut.zoo import write_common_net


@pytest.mark.parametrize("package", ["onnx", "tflite"])
def test_an_absent_package_is_named_with_what_installs_it(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    path = tmp_path / f"net.{package}"
    path.write_bytes(b"content")
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert str(caught.value) == (
        f"{path} is read and written with the package {package}, which is not installed. Run "
        f"`{install_extra(package)}`."
    )


def test_nets_are_not_written_without_it_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"ResNet-18\.onnx is read and written with the package onnx"):
        write_common_net("ResNet-18", tmp_path)
