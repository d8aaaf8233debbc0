"""Plans: operators as lines."""

import contextlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lut.errors import FileError, ModelError
from lut.files import LONGEST_LINE_BYTES
from lut.ops import OpSpec, TensorSpec
from lut.plan import Origin, Part, format_op, read_parts, read_plan, write_plan
from tests.lut.samples import CONV, CONV_RELU, RELU

LINE = '{"op_type": "Relu", "op_args": [], "input_shapes": [[1, 4]], "input_dtypes": [1]}'


def test_a_line_is_the_operators_key() -> None:
    assert format_op(RELU) == LINE


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ops.plan.jsonl"
    assert write_plan(iter([CONV, RELU, CONV_RELU, RELU]), path) == 4
    assert list(read_plan(path)) == [CONV, RELU, CONV_RELU, RELU]


def test_an_operator_may_carry_its_net(tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    parts = [Part(CONV, Origin("FBNet-A/int8", 81, 4_300_000)), Part(RELU)]
    write_plan(parts, path)
    line = json.loads(path.read_text().splitlines()[0])
    assert line["net"] == {"name": "FBNet-A/int8", "operators": 81, "weights": 4_300_000}
    assert list(read_parts(path)) == parts
    assert list(read_plan(path)) == [CONV, RELU]


@pytest.mark.parametrize(
    ("net", "reason"),
    [
        ('"A"', "Expected `object | null`, got `str` - at `$.net`"),
        ('{"name": "A"}', "Object missing required field `operators` - at `$.net`"),
        ('{"name": "A", "operators": 0, "weights": 1}', "Expected `int` >= 1 - at `$.net.operators`"),
        ('{"operators": 1, "weights": 1}', "Object missing required field `name` - at `$.net`"),
    ],
)
def test_a_net_that_is_none_is_refused(net: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_text(f'{LINE[:-1]}, "net": {net}}}')
    with pytest.raises(FileError, match=rf"^{re.escape(f'{path}:1 is not an operator: {reason}')}"):
        list(read_plan(path))


def test_a_line_may_hold_other_keys(tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_text(f'{LINE[:-1]}, "note": {{"by": ["hand", NULL]}}}}'.replace("NULL", "null"))
    assert list(read_plan(path)) == [RELU]


@pytest.mark.parametrize(
    "entry",
    [
        OpSpec.of("Half\ud800", [TensorSpec((1, 4))]),
        OpSpec.of("Relu", [TensorSpec((1, 1 << 63))]),
        OpSpec.of("Relu", [TensorSpec((1, -4))]),
        Part(RELU, Origin("A", 0, 1)),
    ],
    ids=range(4),
)
def test_what_can_not_be_read_back_is_not_written(entry: OpSpec | Part, tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    with pytest.raises(FileError, match=rf"^{path} can't take the operator "):
        write_plan([RELU, entry], path)
    assert not path.exists()


def test_blank_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_text(f"\n{LINE}\n  \n{LINE}")
    assert list(read_plan(path)) == [RELU, RELU]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", "Expected `object`, got `array`"),
        ("nothing", "JSON is malformed: "),
        ("{}", "Object missing required field `op_type`"),
        (LINE.replace("[[1, 4]]", "4"), "Expected `array`, got `int` - at `$.input_shapes`"),
        (LINE.replace("[]", "[1]"), "Expected `str`, got `int` - at `$.op_args[0]`"),
        (LINE.replace("[[1, 4]]", "[4]"), "Expected `array`, got `int` - at `$.input_shapes[0]`"),
        (LINE.replace("[[1, 4]]", "[[1, 4.0]]"), "Expected `int`, got `float` - at `$.input_shapes[0][1]`"),
        (LINE.replace("[[1, 4]]", "[[1, -4]]"), "Expected `int` >= 0 - at `$.input_shapes[0][1]`"),
        (LINE.replace("[[1, 4]]", "[[1, true]]"), "Expected `int`, got `bool` - at `$.input_shapes[0][1]`"),
        (LINE.replace("[[1, 4]]", f"[[1, {1 << 63}]]"), "Expected `int` <= 9223372036854775807"),
        (LINE.replace("[[1, 4]]", f"[[1, {10**400}]]"), "Expected `int` <= 9223372036854775807"),
        (LINE.replace("[[1, 4]]", "[[1, NaN]]"), "JSON is malformed: "),
        (LINE.replace("Relu", "\\ud800"), "JSON is malformed: "),
        (LINE.replace("[1]}", '["1"]}'), "Expected `int`, got `str` - at `$.input_dtypes[0]`"),
        (LINE.replace("[1]}", "[1, 1]}"), "it has another number of input shapes than of input dtypes"),
        (LINE.replace("[]", '["kernel 3"]'), "'kernel 3' is not the text of an argument: "),
        ("[" * 100_000, "Expected `object`, got `array`"),
        (f'{LINE[:-1]}, "x": {"[" * 100_000}', "it is nested too deeply"),
    ],
    ids=range(18),
)
def test_a_line_that_is_no_operator_is_named(line: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_text(f"{LINE}\n{line}\n{LINE}\n")
    ops = read_plan(path)
    assert next(ops) == RELU
    with pytest.raises(FileError, match=rf"^{re.escape(f'{path}:2 is not an operator: {reason}')}") as caught:
        next(ops)
    assert str(caught.value).endswith(" Expected a line as `bench generate` writes it.")


def test_an_operator_that_does_not_fit_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_text(f"{LINE}\n{LINE.replace('Relu', 'Sum')}\n")
    with pytest.raises(ModelError) as caught:
        list(read_plan(path))
    assert str(caught.value) == f"{path}:2: Sum [1,4]: it has 1 inputs where 2 to 64 are expected."


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_plan_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_text(text)
    with pytest.raises(FileError, match=rf"^{path} holds no operator\. Make a plan by `bench generate`\.$"):
        list(read_plan(path))


def test_an_absent_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"plan can't be read: No such file or directory\.$"):
        list(read_plan(tmp_path / "plan"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
lines = st.binary(max_size=60) | st.fixed_dictionaries(
    {},
    optional={
        "op_type": st.sampled_from(["Relu", "Conv", "FC", "AveragePool", "Lstm"]) | json_values,
        "op_args": st.lists(
            st.sampled_from(
                ["kernel", "kernels", "pads", "group", "order", "axis", "global_pooling"]
            ).flatmap(
                lambda name: st.sampled_from(
                    [f'name: "{name}" {value}' for value in ("i: 2", 's: "x"', "f: 1.5", "")]
                )
            ),
            max_size=3,
        )
        | json_values,
        "input_shapes": st.lists(st.lists(st.integers(-1, 9), max_size=4), max_size=3) | json_values,
        "input_dtypes": st.lists(st.sampled_from([1, 6, 2]), max_size=3) | json_values,
    },
).map(lambda fields: json.dumps(fields).encode())


@given(content=st.lists(lines, max_size=3))
def test_no_bytes_end_in_anything_but_a_file_error(
    content: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.plan.jsonl"
    path.write_bytes(b"\n".join(content))
    with contextlib.suppress(FileError):
        assert list(read_plan(path))


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_without_an_end_is_not_read_whole(end: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_bytes(LINE.encode() + b"\n" + b" " * (LONGEST_LINE_BYTES + 1) + end)
    plan = read_plan(path)
    assert next(plan) == RELU
    with pytest.raises(FileError, match=rf"^{path}:2 is longer than 16 MiB, the longest line that is read\."):
        next(plan)
