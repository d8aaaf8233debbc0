"""Grid files: what they make, and every mistake by its line or key."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.op_generators import FAMILIES, SPACES
from lut.errors import FileError
from lut.ops import OpSpec, infer_outputs

CONV = """
[conv]
H = [7, 14]
W = "H"
Cin = { from = 16, to = 48, step = 16 }
Cout = "2 * Cin"
kernel = 3
group = [1, 2]
relu = true
where = ["H > 7 or group == 1", "Cin != 32"]
"""


def generate(folder: Path, text: str, *precisions: str) -> list[OpSpec]:
    path = folder / "grid.toml"
    path.write_text(text)
    return list(SPACES["grid"].generate(grid=path, precisions=precisions or ("int8",)))


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(FileError) as caught:
        generate(folder, text)
    message = str(caught.value)
    assert message.startswith(str(folder / "grid.toml"))
    assert message.endswith(".")
    return message.removeprefix(str(folder / "grid.toml"))


def test_a_grid_holds_the_points_that_meet_its_constraints(tmp_path: Path) -> None:
    expected = {
        op
        for size, channels, group in product((7, 14), (16, 48), (1, 2))
        if size > 7 or group == 1
        for op in FAMILIES["conv"].make(
            "int8",
            height=size,
            width=size,
            in_channels=channels,
            out_channels=2 * channels,
            kernel=3,
            group=group,
            relu=True,
        )
    }
    ops = generate(tmp_path, CONV)
    assert len(ops) == 6
    assert set(ops) == expected


def test_both_precisions_and_several_tables_of_a_family(tmp_path: Path) -> None:
    text = """
        [[sum]]
        height = 7
        width = 7
        channels = [8, 8, 16]
        [[sum]]
        H = 7
        W = 7
        C = 16
    """
    assert [op.op_type for op in generate(tmp_path, text, "int8", "fp32")] == ["Int8Sum", "Sum"] * 2


def test_a_formula_may_choose_booleans_and_fractions(tmp_path: Path) -> None:
    text = """
        resize_nearest = { H = 8, W = 8, C = 8, scale = "C * 0.25" }
        conv = { H = 8, W = 8, Cin = 8, Cout = 8, kernel = [1, 3], relu = "kernel > 1" }
    """
    resized, plain, fused = generate(tmp_path, text)
    assert infer_outputs(resized)[0].shape == (1, 16, 16, 8)
    assert (plain.op_type, fused.op_type) == ("Int8Conv", "Int8ConvRelu")


def with_line(line: str) -> str:
    """CONV with one line replaced by its key, or added."""
    key = line.split("=")[0].strip()
    kept = [each for each in CONV.splitlines() if not each.startswith(f"{key} ")]
    return "\n".join([*kept, line])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[conv", " is not TOML: "),
        ("[conv]\nH = 7\nH = 8", " is not TOML: Cannot overwrite a value (at "),
        ("x = " + "[" * 9000, " is not TOML: "),
        ("", " holds no table. Families are add, average_pool, "),
        ("cap = 10", " holds no table."),
        ("cap = 0" + CONV, ": cap: 0 is not a whole number from 1 on."),
        ("cap = 2000001" + CONV, ": cap: 2,000,001 is more than any grid may have, 2,000,000: "),
        ("cap = 'x'" + CONV, ": cap: 'x' is not a whole number"),
        ("[lstm]\nH = 3", ": [lstm]: there is no such family; choose from add, "),
        ("conv = 3", ": conv: expected a table, written [conv]."),
        (
            with_line("depth = 3"),
            ": [conv] depth: there is no such axis; choose from H, W, Cin, Cout, height, ",
        ),
        (with_line("channels = 3"), ": [conv] channels: there is no such axis"),
        (with_line("height = 3"), ": [conv] height: this axis is there twice, as height and under "),
        (with_line("H = []"), ": [conv] H: it is empty; expected a value, a list of values, {"),
        (with_line("H = -7"), ": [conv] H: -7 is out of range, the least is 1."),
        (with_line("H = [7, 0]"), ": [conv] H: 0 is out of range, the least is 1."),
        (with_line(f"H = {2**63}"), ": [conv] H: 9223372036854775808… is out of range, the most is "),
        (
            with_line(f"Cin = {{ from = 1, to = {10**400} }}"),
            ": [conv] Cin.to: 10000000000000000000… is out of",
        ),
        (with_line("H = 7.0"), ": [conv] H: 7.0 is not a whole number."),
        (with_line("H = true"), ": [conv] H: True is not a whole number."),
        (with_line("relu = 1"), ": [conv] relu: 1 is not true or false."),
        (with_line("relu = { from = 0, to = 1 }"), ": [conv] relu: a range is for whole numbers"),
        (with_line("Cin = { from = 9, to = 8 }"), ": [conv] Cin: the range from 9 to 8 is empty: "),
        (with_line("Cin = { from = 9 }"), ": [conv] Cin: a range is written { from = "),
        (with_line("Cin = { from = 1, to = 9, by = 2 }"), ": [conv] Cin: a range is written { from = "),
        (with_line("Cin = { from = 1, to = 9, step = 0 }"), ": [conv] Cin.step: 0 is out of range"),
        (with_line("Cin = { from = -1, to = 9 }"), ": [conv] Cin.from: -1 is out of range, the least is 1."),
        (with_line("Cout = 'Cin +'"), ": [conv] out_channels: 'Cin +' is not an expression; allowed are "),
        (with_line("Cout = 'W'"), ": [conv] out_channels: 'W' is not an axis here; there are Cin, H, "),
        (with_line("Cout = 'Cin - 16'"), ": [conv] at height=7, in_channels=16, "),
        (with_line("Cout = 'Cin * 1.5'"), ": [conv] at "),
        (with_line("Cout = 'Cin * 1e999'"), ": [conv] at "),
        (with_line("where = 3"), ": [conv] where: expected a list of expressions such as "),
        (
            with_line("where = 'depth > 3'"),
            ": [conv] where: 'depth' is not an axis here; there are Cin, Cout, ",
        ),
        (with_line("where = 'H % 0'"), ": [conv] at "),
        (with_line("where = 'H > 99'"), ": [conv] where: no point of 12 meets every constraint."),
        (with_line("group = 3"), ": [conv] at height=14, in_channels=16, kernel=3, "),
        (with_line("has_bias = false"), ": [conv] at "),
        ("[conv]\nH = 7\nW = 7\nCin = 8", ": [conv] out_channels: this axis is missing: give a value"),
        ("[[sum]]\nH = 7\n", ": [sum 1] width: this axis is missing: "),
        ("[max_pool]\nH = 7\nW = 7\nC = 8\nkernel = 9", ": [max_pool] at height=7, "),
        ("[block]\nH=7\nW=7\nCin=8\nCout=8\nkernel=2\nexpansion=1", ": [block] at "),
        ("[slice]\nH=7\nW=7\nC=8\nstart=6\nend=6", ": [slice] at "),
    ],
)
def test_mistakes_are_named_by_line_or_key(tmp_path: Path, text: str, reason: str) -> None:
    assert refusal(tmp_path, text).startswith(reason)


def test_what_is_wrong_with_a_point_is_said(tmp_path: Path) -> None:
    assert refusal(tmp_path, with_line("group = 3")).endswith(
        ": group 3 does not divide in_channels 16: give divisors only, "
        "or the constraint `in_channels % group == 0`."
    )
    assert refusal(tmp_path, with_line("Cout = 'Cin - 16'")).endswith(": out_channels is 0, the least is 1.")
    assert refusal(tmp_path, with_line("where = 'H % 0'")).endswith(": an expression divides by 0.")


def test_explosions_are_refused_before_they_are_generated(tmp_path: Path) -> None:
    text = "[sum]\nH = {from = 1, to = 1000}\nW = {from = 1, to = 3000}\nC = {from = 1, to = 2000}"
    assert refusal(tmp_path, text) == (
        " holds 6,000,000,000 points before constraints, its cap is 2,000,000. The largest axis is "
        "[sum] width with 3,000 values: take fewer, or use several files."
    )
    assert refusal(tmp_path, "cap = 11\n" + CONV).startswith(
        " holds 12 points before constraints, its cap is 11."
    )
    assert refusal(tmp_path, "cap = 11\n" + CONV).endswith(": take fewer, or raise `cap`.")
    assert len(generate(tmp_path, "cap = 12\n" + CONV)) == 6


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent\.toml can't be read"):
        list(SPACES["grid"].generate(grid=tmp_path / "absent.toml"))
    (tmp_path / "grid.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="is not TOML"):
        list(SPACES["grid"].generate(grid=tmp_path / "grid.toml"))


AXIS_VALUES = st.one_of(
    st.integers(-2, 40).map(str),
    st.lists(st.integers(-1, 40), max_size=3).map(str),
    st.tuples(st.integers(-1, 20), st.integers(-1, 30), st.integers(0, 9)).map(
        lambda parts: "{{ from = {}, to = {}, step = {} }}".format(*parts)
    ),
    st.sampled_from(['"H"', '"Cin"', '"Cin * 2"', '"Cin % H"', '"H -"', "true", "1.5", "[[1]]", "{}"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    family=st.sampled_from(sorted(FAMILIES)),
    axes=st.dictionaries(
        st.sampled_from(["H", "W", "C", "Cin", "Cout", "kernel", "stride", "group", "expansion", "classes"]),
        AXIS_VALUES,
    ),
    where=st.sampled_from([None, "Cin % group == 0", "H == W", "kernel <= H", "stride == 1"]),
)
def test_any_grid_makes_valid_operators_or_one_sentence(
    tmp_path: Path, family: str, axes: dict[str, str], where: str | None
) -> None:
    lines = ["cap = 500", f"[{family}]", *(f"{name} = {text}" for name, text in axes.items())]
    lines += [] if where is None else [f'where = "{where}"']
    path = tmp_path / "grid.toml"
    path.write_text("\n".join(lines))
    sentence = str(path)
    try:
        for op in SPACES["grid"].generate(grid=path, precisions=("int8", "fp32")):
            infer_outputs(op)
    except FileError as error:
        sentence = str(error)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
