"""How sentences are found in Python: as Babel does, and ``RuleBroken(N_(one), plural=N_(many))`` as one plural entry."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import IO, Any

MARKS = {"_", "_l", "N_", "gettext", "lazy_gettext"}
PLURALS = {"ngettext", "lazy_ngettext"}

Found = tuple[int, str, "str | tuple[str, str]", list[str]]


def extract(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    """Every marked sentence of a Python file, as Babel wants them: line, function, message, comments."""
    tree = ast.parse(file.read())
    in_plurals: set[int] = set()
    for call in _calls(tree):
        pair = _pair(call)
        if pair is not None:
            in_plurals |= {id(node) for node in pair}
            yield call.lineno, "ngettext", (_text(pair[0]), _text(pair[1])), []
    for call in _calls(tree):
        if _name(call) in MARKS and id(call) not in in_plurals and call.args and _is_text(call.args[0]):
            yield call.lineno, "gettext", _text(call), []


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _pair(call: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """The singular and the plural of a call that has both."""
    plural = next((word.value for word in call.keywords if word.arg == "plural"), None)
    if plural is not None and call.args and _is_marked(call.args[0]) and _is_marked(plural):
        return call.args[0], plural
    if _name(call) in PLURALS and len(call.args) > 1 and _is_text(call.args[0]) and _is_text(call.args[1]):
        return call.args[0], call.args[1]
    return None


def _is_marked(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node) in MARKS and bool(node.args) and _is_text(node.args[0])


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _text(node: ast.expr) -> str:
    inner = node.args[0] if isinstance(node, ast.Call) else node
    return str(ast.literal_eval(inner))
