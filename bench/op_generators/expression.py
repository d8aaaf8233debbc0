"""Expressions over named numbers, as grids hold them: `Cin % group == 0`, `kernel > 1 or stride == 1`.

Python's own parser reads them, but nothing is ever executed: a tree of whitelisted nodes is turned into
functions, and everything else (calls, attributes, powers, …) is refused.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

__all__ = ["Evaluate", "parse_expression"]

Number: TypeAlias = int | float | bool
Evaluate: TypeAlias = Callable[[Mapping[str, Number]], Number]

ALLOWED = "numbers, axes, + - * // %, comparisons, and, or, not, in [...], and parentheses"

_MOST_CHARACTERS = 200

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def parse_expression(text: str, names: Mapping[str, str]) -> tuple[Evaluate, frozenset[str]]:
    """Turn a text into a function of the values' names, and give the names it reads.

    Args:
        text: the expression.
        names: what may be written in it, and the name under which the value is found.

    Raises:
        ValueError: it is no expression, or holds something else than `ALLOWED`.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"an expression may have {_MOST_CHARACTERS} characters, this one has {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is no expression; allowed are {ALLOWED}") from error
    used: set[str] = set()
    return _build(tree, names, used), frozenset(used)


def _build(node: ast.expr, names: Mapping[str, str], used: set[str]) -> Evaluate:
    def build(part: ast.expr) -> Evaluate:
        return _build(part, names, used)

    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            return lambda _: value
        case ast.Name(id=name):
            if name not in names:
                raise ValueError(f"{name!r} is no axis here; there are {', '.join(sorted(names))}")
            found = names[name]
            used.add(found)
            return lambda values: values[found]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _apply(_ARITHMETIC[type(op)], build(left), build(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = build(operand)
            return lambda values: -inner(values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = build(operand)
            return lambda values: not inner(values)
        case ast.BoolOp(op=op, values=parts):
            tests = [build(part) for part in parts]
            combine = all if isinstance(op, ast.And) else any
            return lambda values: combine(test(values) for test in tests)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _chain(left, ops, rights, build)
    raise ValueError(f"{ast.unparse(node)!r} is not allowed in an expression; allowed are {ALLOWED}")


def _apply(
    function: Callable[[Any, Any], Any], left: Evaluate, right: Callable[[Mapping[str, Number]], Any]
) -> Evaluate:
    def evaluate(values: Mapping[str, Number]) -> Number:
        result: Number = function(left(values), right(values))
        return result

    return evaluate


def _chain(
    first: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr], build: Callable[[ast.expr], Evaluate]
) -> Evaluate:
    """Build `a < b < c`: every neighbouring pair must hold."""
    links = []
    left = first
    for op, right in zip(ops, rights, strict=True):
        if type(op) not in _COMPARISONS:
            raise ValueError(f"`is` is not allowed in an expression; allowed are {ALLOWED}")
        links.append(_apply(_COMPARISONS[type(op)], build(left), _build_members(op, right, build)))
        left = right
    return lambda values: all(link(values) for link in links)


def _build_members(
    op: ast.cmpop, node: ast.expr, build: Callable[[ast.expr], Evaluate]
) -> Callable[[Mapping[str, Number]], Any]:
    """Build the right side of a comparison: behind `in` stands a list, elsewhere a number."""
    if not isinstance(op, ast.In | ast.NotIn):
        return build(node)
    if not isinstance(node, ast.List | ast.Tuple):
        raise ValueError(f"behind `in` stands {ast.unparse(node)!r}, expected is a list such as [1, 2]")
    members = [build(member) for member in node.elts]
    return lambda values: [member(values) for member in members]
