"""Which programs can time operators inside a net."""

import pytest

from bench.campaign import need_profile
from lut.entries import ProgramInfo
from lut.errors import ConflictError


def test_a_foreign_program_is_refused_by_its_kind() -> None:
    need_profile(ProgramInfo("speed_benchmark", "ab" * 32, "torch-1.8.1"), "serial")
    with pytest.raises(ConflictError, match=r"The program on serial \(caffe2\) tells no times of operators"):
        need_profile(ProgramInfo("caffe2", "ab" * 32, "unknown"), "serial")
