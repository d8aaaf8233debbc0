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
from lut.plan import Origin, Part, format_op, parse_op, read_parts, read_plan, write_plan
from tests.lut.samples import CONV, CONV_RELU, RELU

NOT_WHOLE = "a shape or dtype holds something other than whole numbers from 0"

LINE = '{"op_type": "Relu", "op_args": [], "input_shapes": [[1, 4]], "input_dtypes": [1]}'


def test_a_line_is_the_operators_key() -> None:
    assert format_op(RELU) == LINE
    assert parse_op(json.loads(LINE)) == RELU
    assert parse_op(json.loads(LINE) | {"kind": "measurement"}) == RELU


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
    "net",
    ['"A"', '{"name": "A"}', '{"name": "A", "operators": 0, "weights": 1}', '{"operators": 1, "weights": 1}'],
)
def test_a_net_that_is_none_is_refused(net: str, tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_text(f'{LINE[:-1]}, "net": {net}}}')
    with pytest.raises(FileError, match="its net is no name with numbers of operators and weights"):
        list(read_plan(path))


def test_blank_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ops.plan.jsonl"
    path.write_text(f"\n{LINE}\n  \n{LINE}")
    assert list(read_plan(path)) == [RELU, RELU]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", "it is not a JSON object"),
        ("nothing", "Expecting value: line 1 column 1 (char 0)"),
        ("{}", "the field 'op_type' is absent or not a string"),
        (LINE.replace("[[1, 4]]", "4"), "the field 'input_shapes' is absent or not a list"),
        (LINE.replace("[]", "[1]"), "op_args holds something other than strings"),
        (LINE.replace("[[1, 4]]", "[4]"), "input_shapes holds something other than lists"),
        (LINE.replace("[[1, 4]]", "[[1, 4.0]]"), NOT_WHOLE),
        (LINE.replace("[[1, 4]]", "[[1, -4]]"), NOT_WHOLE),
        (LINE.replace("[[1, 4]]", "[[1, true]]"), NOT_WHOLE),
        (LINE.replace("[1]}", '["1"]}'), NOT_WHOLE),
        (LINE.replace("[1]}", "[1, 1]}"), "it has 1 input shapes, but 2 input dtypes"),
        (LINE.replace("[]", '["kernel 3"]'), "'kernel 3' is not the text of an argument: "),
        ("[" * 100_000, "it is nested too deeply"),
    ],
    ids=range(13),
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
