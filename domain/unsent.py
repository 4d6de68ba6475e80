"""A reply is never lost: what arrives after its session ended by time is kept for whoever typed it.

Only the account whose session it was gets it back, in the browser that sent it, on the page of its form, until it was
sent (spec: rules that hold everywhere, 6).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from domain import clock, settings, sign_in, store
from models import LoginSession, UnsentForm

Words = list[tuple[str, str]]
MOST = 100_000  # characters of one form
MOST_FORMS = 5  # of one ended session
MOST_ASIDE = 50  # of one that goes on; then the oldest one goes
ASIDE = "aside"  # the first of the words: they were set aside, and no session ended
_IS_ASIDE = UnsentForm.words.startswith(json.dumps([(ASIDE, "1")])[:-1])


def was_somebodys(token: str) -> bool:
    """True when the token is of a session that ended by time; one that was signed out or revoked is gone."""
    return bool(LoginSession.select().where(LoginSession.token_hash == sign_in.digest(token)).exists())


def keep(token: str, page: str, words: Words) -> bool:
    """Keep what came with the token of an ended session; False when nobody knows whose it was, or it is too long."""
    session = LoginSession.get_or_none(LoginSession.token_hash == sign_in.digest(token))
    text = json.dumps(words)
    if session is None or not words or len(text) > MOST or len(page) > 300:
        return False
    mine = UnsentForm.session_hash == session.token_hash
    with store.writing():
        UnsentForm.delete().where(mine, UnsentForm.page == page).execute()
        if UnsentForm.select().where(mine, ~_IS_ASIDE).count() >= MOST_FORMS:
            return False
        UnsentForm.create(session_hash=session.token_hash, account=session.account_id, worker=session.worker_id,
                          page=page, words=text, kept_at=clock.now())  # fmt: skip
    return True


def set_aside(name: str, page: str, words: Words, writer: LoginSession) -> bool:
    """Keep what stands typed in boxes of a page while another of its buttons is pressed; with no words nothing waits there any more.

    ``name`` is that under which the session's unsent forms wait.  True as long as any does.
    """
    here = (UnsentForm.session_hash == name, UnsentForm.page == page)
    text = json.dumps([(ASIDE, "1"), *words])
    if not words or len(text) > MOST:
        if not words and UnsentForm.select().where(*here).exists():
            with store.writing():
                UnsentForm.delete().where(*here).execute()
        return bool(UnsentForm.select().where(UnsentForm.session_hash == name).exists())
    with store.writing():
        UnsentForm.delete().where(*here).execute()
        newest = UnsentForm.select(UnsentForm.id).where(UnsentForm.session_hash == name).order_by(UnsentForm.id.desc())
        UnsentForm.delete().where(UnsentForm.id.in_([each.id for each in newest.offset(MOST_ASIDE - 1).limit(MOST_ASIDE)])).execute()
        UnsentForm.create(session_hash=name, account=writer.account_id, worker=writer.worker_id, page=page, words=text,
                          kept_at=clock.now())  # fmt: skip
    return True


def claim(token: str, fresh: LoginSession) -> str:
    """Whoever signs in where a session had ended: the name under which the typed waits for them, empty when none does.

    What somebody else typed there is erased.
    """
    mine = UnsentForm.session_hash == sign_in.digest(token)
    if not UnsentForm.select().where(mine).exists():
        return ""
    with store.writing():
        UnsentForm.delete().where(mine, ~_is_of(fresh)).execute()
    return sign_in.digest(token) if UnsentForm.select().where(mine).exists() else ""


def show(name: str, page: str, reader: LoginSession) -> Words | None:
    """What was typed on this page and was not sent since; None when nothing was."""
    row = _waiting(name, page, reader)
    return [(field, text) for field, text in json.loads(row.words)] if row else None


def sent(name: str, page: str, fields: Iterable[str], writer: LoginSession) -> None:
    """A form with these fields was done on this page: if it is the one that waited, it waits no more."""
    row = _waiting(name, page, writer)
    if row is not None and {field for field, _ in json.loads(row.words)} <= set(fields):
        with store.writing():
            UnsentForm.delete().where(UnsentForm.id == row.id).execute()


def _waiting(name: str, page: str, whose: LoginSession) -> UnsentForm | None:
    is_young = UnsentForm.kept_at > clock.ago(minutes=settings.get("unsent_minutes"))
    found: UnsentForm | None = (
        UnsentForm.select().where(UnsentForm.session_hash == name, UnsentForm.page == page, _is_of(whose), is_young).first()
    )
    return found


def erase(name: str) -> None:
    """Nothing waits any more under this name."""
    with store.writing():
        UnsentForm.delete().where(UnsentForm.session_hash == name).execute()


def forget_old() -> int:
    """Erase what waited too long; said by the timetable."""
    with store.writing():
        return int(UnsentForm.delete().where(UnsentForm.kept_at < clock.ago(minutes=settings.get("unsent_minutes"))).execute())


def _is_of(session: LoginSession) -> Any:
    if session.account_id:
        return UnsentForm.account == session.account_id
    return UnsentForm.worker == session.worker_id
