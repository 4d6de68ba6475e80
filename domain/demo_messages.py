"""What the first made-up clients and their workers wrote to each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from domain import addressees, agency, answering, covers, search
from domain.actor import SYSTEM
from models import Attendance, Discussion, Message, Notice, PortalAccount, Worker, WorkerCategory

CLIENTS = 9  # the first ones
# Each subject with who wrote what, so many hours ago: the client or the worker.  What the worker wrote last is not read yet.
_ANSWERED = ("The form for school", (
    ("client", 50, "Hello, the school asks for a letter from you. Can you write one?"),
    ("worker", 47, "Of course. What should it say, and by when do you need it?"),
    ("client", 46, "Only that I come to you on Mondays. Friday would be good."),
    ("worker", 3, "It is ready. You can pick it up at the front desk, or I send it by mail: tell me what suits you."),
))  # fmt: skip
_WAITING = ("Parking", (("client", 5, "Is there somewhere to park near your office on Monday?"),))

_LATE = ("The bus to your office", (("client", 240, "Which bus goes to your office on a Saturday?"),))
LATE = 2  # of these clients, whose other question nobody answered
_CLOSED = {
    "en": "Thank you for your message. We are closed now, and answer when we are here again. If it cannot wait, call us.",
    "es": "Gracias por su mensaje. Ahora está cerrado; le responderemos cuando volvamos. Si no puede esperar, llámenos.",
    "fr": "Merci de votre message. Nous sommes fermés et vous répondrons à notre retour. Si cela ne peut pas attendre, appelez-nous.",
    "ar": "شكرًا على الرسالة. المكتب مغلق الآن، وسنرد عند عودتنا. إن كان الأمر لا يحتمل الانتظار فاتصلوا بنا.",
}


def open_office(workers: Sequence[Worker]) -> None:
    """Office hours, a category for clients, and one worker who is away while another one reads for them."""
    answering.open_hours(dict.fromkeys(range(5), (9 * 60, 17 * 60)), _CLOSED, SYSTEM)
    names = {"en": "Questions about bills", "es": "Preguntas sobre facturas", "fr": "Questions sur les factures", "ar": "أسئلة عن الفواتير"}
    addressees.open_to_clients(WorkerCategory.get(slug="accounting"), addressees.Opening(True, names, "3"), SYSTEM)
    if len(workers) > 3:
        today = agency.today()
        covers.be_away(workers[3], covers.Away(today, today + dt.timedelta(days=6), workers[1]), SYSTEM)


_BY_LINK = ("Your certificate", (
    ("worker", 2, "Hello, the certificate that you asked for in spring is here. Shall we send it by mail, or do you pick it up?"),
))  # fmt: skip


def add(accounts: Sequence[PortalAccount], worker: Worker, now: dt.datetime) -> None:
    """Two discussions of each of these clients with a worker: one that was answered, one that waits; the first ones wait too long."""
    for account in accounts[:CLIENTS]:
        for subject, said in (_ANSWERED, _WAITING):
            _add(account, worker, subject, said, now)
    for account in accounts[:LATE]:
        _add(account, worker, *_LATE, now)


def tell(accounts: Sequence[PortalAccount], now: dt.datetime) -> None:
    """What these clients heard of their next appointment: of some days ago that it was booked, and of today that they are asked."""
    for account in accounts[:CLIENTS]:
        ahead = Attendance.select().where(Attendance.individual == account.individual_id, Attendance.starts_at > now)
        for place in ahead.order_by(Attendance.starts_at).limit(1):
            told = {"individual": account.individual_id, "attendance": place, "starts_at": place.starts_at}
            Notice.create(kind="event_booked", at=now - dt.timedelta(days=3), is_unread=False, **told)
            if place.starts_at < now + dt.timedelta(hours=48) and place.confirmed_at is None:
                Notice.create(kind="event_confirmation", at=now - dt.timedelta(hours=2), **told)


def add_by_link(account: PortalAccount, worker: Worker, now: dt.datetime) -> None:
    """One to somebody whose account is closed: a reply link reaches them."""
    _add(account, worker, *_BY_LINK, now)


def _add(account: PortalAccount, worker: Worker, subject: str, said: Sequence[tuple[str, int, str]], now: dt.datetime) -> None:
    at = [now - dt.timedelta(hours=hours) for _, hours, _ in said]
    is_waiting = said[-1][0] == "client"
    found = Discussion.create(
        individual=account.individual_id, subject=subject, folded=search.fold(subject), started_by=said[0][0], worker=worker,
        created_at=at[0], last_at=at[-1], waits_since=at[-1] if is_waiting else None,
        answer_by=answering.promised(at[-1], 2) if is_waiting else None, in_a_row=int(is_waiting), is_unread=not is_waiting,
        is_new=is_waiting,
    )  # fmt: skip
    saw = {"client": 0, "worker": 0}
    for (author, _, body), written_at in zip(said, at, strict=True):
        is_theirs = author == "client"
        message = Message.create(
            discussion=found, author=author, worker=None if is_theirs else worker, account=account if is_theirs else None, body=body,
            folded=search.fold(body), written_at=written_at,
        )  # fmt: skip
        saw[author] = message.id
    Discussion.update(client_saw=saw["client"], staff_saw=saw["worker"]).where(Discussion.id == found.id).execute()
