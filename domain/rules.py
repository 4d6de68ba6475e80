"""How a rule says no: a sentence for the reader, marked for translation, with its fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def N_(message: str) -> str:
    """Mark a sentence for the catalogues; it is translated when it is shown, in the reader's language."""
    return message


class Term(str):
    """A marked word inside a sentence's fields: it is translated like the sentence."""

    __slots__ = ()


class RuleBroken(Exception):
    """A rule refused.  ``message`` is a marked sentence with ``%(name)s`` places, ``fields`` fills them.

    ``field`` names the form field that the sentence belongs to, ``code`` is a stable word for tests and callers,
    ``count`` (with ``plural``) chooses the plural form.  ``every`` is all that was refused with it, itself first.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        field: str = "",
        plural: str = "",
        count: int | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field
        self.plural = plural
        self.count = count
        self.fields = fields if count is None else {**fields, "count": count}
        self.every: tuple[RuleBroken, ...] = (self,)

    def __str__(self) -> str:
        template = self.message if self.count in (None, 1) or not self.plural else self.plural
        return template % self.fields if self.fields else template


def together(*checks: Callable[[], Any]) -> list[Any]:
    """What each check answers.  Raises the first RuleBroken, once all were asked: its ``every`` names the others, too."""
    answers: list[Any] = []
    refused: list[RuleBroken] = []
    for check in checks:
        try:
            answers.append(check())
        except RuleBroken as broken:
            refused.extend(broken.every)
    if refused:
        refused[0].every = tuple(refused)
        raise refused[0]
    return answers


STALE = N_("Somebody else changed this meanwhile: see what is saved now. Change what is still needed and save again.")


class NotFound(Exception):
    """Not there, or not for this viewer: the two are never told apart."""
