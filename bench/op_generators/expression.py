"""Expressions over named numbers, as grids hold them: `Cin % group == 0`, `kernel > 1 or stride == 1`.

They mean what they mean in Python, which parses, compiles and evaluates them. Before that every node of
the tree must be on a short list; everything else (calls, attributes, powers, …) is refused.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

__all__ = ["Evaluate", "parse_expression"]

Number: TypeAlias = int | float | bool
Evaluate: TypeAlias = Callable[[Mapping[str, Number]], Number]

ALLOWED = "numbers, axes, + - * // %, comparisons, and, or, not, in [...], and parentheses"

_MOST_CHARACTERS = 200
"""It bounds the depth of the tree, and the size of the numbers that products without powers give."""


def parse_expression(text: str, names: Mapping[str, str]) -> tuple[Evaluate, frozenset[str]]:
    """Turn a text into a function of the values' names, and give the names it reads.

    Args:
        text: the expression.
        names: what may be written in it, and the name under which the value is found.

    Raises:
        ValueError: it is not an expression, or holds something else than `ALLOWED`.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"an expression may have {_MOST_CHARACTERS} characters; this one has {len(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SyntaxWarning)  # `7if H else 14` is most often a slip
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is not an expression; allowed are {ALLOWED}") from error
    _check(tree.body, names)
    read = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    for node in read:
        node.id = names[node.id]
    code = compile(tree, "<expression>", "eval")
    return partial(eval, code, {"__builtins__": {}}), frozenset(node.id for node in read)


def _check(node: ast.expr, names: Mapping[str, str]) -> None:
    if isinstance(node, ast.Name) and node.id not in names:
        raise ValueError(f"{node.id!r} is not an axis here; there are {', '.join(sorted(names))}")
    for part in _list_parts(node):
        _check(part, names)


def _list_parts(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.Name() | ast.Constant(value=bool() | int() | float()):
            return []
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv() | ast.Mod(), right):
            return [left, right]
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            return [operand]
        case ast.BoolOp(values=parts):
            return parts
        case ast.Compare(left, ops, rights):
            return [left, *(part for pair in zip(ops, rights, strict=True) for part in _list_right(*pair))]
    raise ValueError(f"{ast.unparse(node)!r} is not allowed in an expression; allowed are {ALLOWED}")


def _list_right(op: ast.cmpop, node: ast.expr) -> list[ast.expr]:
    """List the parts of a comparison's right side: after `in` a list, elsewhere a number."""
    if isinstance(op, ast.Is | ast.IsNot):
        raise ValueError(f"`is` is not allowed in an expression; allowed are {ALLOWED}")
    if not isinstance(op, ast.In | ast.NotIn):
        return [node]
    if not isinstance(node, ast.List | ast.Tuple):
        raise ValueError(f"`in` is followed by {ast.unparse(node)!r}; expected a list such as [1, 2]")
    return node.elts
