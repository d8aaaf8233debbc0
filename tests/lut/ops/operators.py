"""How the tests of rules write an operator down, and ask for its refusal."""

import pytest

from lut.errors import ModelError
from lut.ops import FLOAT, ArgumentValue, OpSpec, TensorSpec, infer_outputs


def op(op_type: str, *shapes: tuple[int, ...], dtype: int = FLOAT, **args: ArgumentValue) -> OpSpec:
    """An operator whose inputs are all of one type."""
    return OpSpec.of(op_type, [TensorSpec(shape, dtype) for shape in shapes], **args)


def refusal(op: OpSpec) -> str:
    """The reason why an operator is refused, without the operator's own line and the full stop."""
    with pytest.raises(ModelError) as caught:
        infer_outputs(op)
    message = str(caught.value)
    assert message.startswith(f"{op.describe()}: ")
    assert message.endswith(".")
    return message.removeprefix(f"{op.describe()}: ")[:-1]
