"""What the first made-up clients and their workers wrote to each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from models import Discussion, Message, PortalAccount, Worker

CLIENTS = 9  # the first ones
# Each subject with who wrote what, so many hours ago: the client or the worker.  What the worker wrote last is not read yet.
_ANSWERED = ("The form for school", (
    ("client", 50, "Hello, the school asks for a letter from you. Can you write one?"),
    ("worker", 47, "Of course. What should it say, and by when do you need it?"),
    ("client", 46, "Only that I come to you on Mondays. Friday would be good."),
    ("worker", 3, "It is ready. You can pick it up at the front desk, or I send it by mail: tell me what suits you."),
))  # fmt: skip
_WAITING = ("Parking", (("client", 5, "Is there somewhere to park near your office on Monday?"),))


_BY_LINK = ("Your certificate", (
    ("worker", 2, "Hello, the certificate that you asked for in spring is here. Shall we send it by mail, or do you pick it up?"),
))  # fmt: skip


def add(accounts: Sequence[PortalAccount], worker: Worker, now: dt.datetime) -> None:
    """Two discussions of each of these clients with a worker: one that was answered, one that waits."""
    for account in accounts[:CLIENTS]:
        for subject, said in (_ANSWERED, _WAITING):
            _add(account, worker, subject, said, now)


def add_by_link(account: PortalAccount, worker: Worker, now: dt.datetime) -> None:
    """One to somebody whose account is closed: a reply link reaches them."""
    _add(account, worker, *_BY_LINK, now)


def _add(account: PortalAccount, worker: Worker, subject: str, said: Sequence[tuple[str, int, str]], now: dt.datetime) -> None:
    at = [now - dt.timedelta(hours=hours) for _, hours, _ in said]
    is_waiting = said[-1][0] == "client"
    found = Discussion.create(
        individual=account.individual_id, subject=subject, started_by=said[0][0], worker=worker, created_at=at[0], last_at=at[-1],
        waits_since=at[-1] if is_waiting else None, in_a_row=int(is_waiting), is_unread=not is_waiting, is_new=is_waiting,
    )  # fmt: skip
    saw = {"client": 0, "worker": 0}
    for (author, _, body), written_at in zip(said, at, strict=True):
        is_theirs = author == "client"
        message = Message.create(discussion=found, author=author, worker=None if is_theirs else worker,
                                 account=account if is_theirs else None, body=body, written_at=written_at)  # fmt: skip
        saw[author] = message.id
    Discussion.update(client_saw=saw["client"], staff_saw=saw["worker"]).where(Discussion.id == found.id).execute()
