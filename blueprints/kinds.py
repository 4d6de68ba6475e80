"""Which kinds of e-mails a client wants, as they choose it themselves or staff write it down for them."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField

from domain import preferences
from web.forms import Form, _l


class KindsForm(Form):
    """Which kinds somebody wants; those that the agency does not send are not there."""

    confirmations = BooleanField(_l(preferences.NAMES["confirmations"]))
    updates = BooleanField(_l(preferences.NAMES["updates"]))
    messages = BooleanField(_l(preferences.NAMES["messages"]))
    documents = BooleanField(_l(preferences.NAMES["documents"]))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in preferences.KINDS.keys() - set(preferences.offered()):
            delattr(self, kind)

    def wanted(self) -> dict[str, bool]:
        return {kind: self[kind].data for kind in preferences.KINDS if kind in self}


def shown(refused: frozenset[str], prefix: str = "") -> KindsForm:
    """The form as it stands while somebody does not want these; on a page with much else its fields have a ``prefix``."""
    return KindsForm(formdata=None, prefix=prefix, data={kind: kind not in refused for kind in preferences.KINDS})
