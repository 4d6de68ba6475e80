"""What clients and staff write to each other: begun, answered, taken, closed, opened again (spec 04, Discussions).

Nothing that was written is changed or removed; the database refuses it.  Whoever writes holds the discussion, whoever begins one
the line of that client, so limits hold in any number of tabs.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from peewee import fn

from domain import (
    addressees,
    agency,
    answering,
    attachments,
    audit,
    categories,
    clock,
    covers,
    eligibility,
    message_notices,
    profile,
    search,
    settings,
    store,
    ways,
)
from domain.actor import SYSTEM, Actor
from domain.left_discussions import ANSWERED
from domain.rules import N_, STALE, RuleBroken
from models import (
    MESSAGE_LETTERS,
    SUBJECT_LETTERS,
    Discussion,
    DiscussionFollower,
    Enrolment,
    Event,
    Group,
    Individual,
    Message,
    Worker,
)


@dataclasses.dataclass(frozen=True)
class About:
    """What a discussion is about, if it is about something."""

    event: Event | None = None
    enrolment: Enrolment | None = None
    group: Group | None = None


NOTHING = About()
NAMED = 3  # of the discussions that a client waits for, where they may begin no other one


# ---------------------------------------------------------------- begun


def start(
    individual: Individual, subject: str, body: str, by: Actor, *, worker: Worker | None = None, category: str = "", about: About = NOTHING,
    files: Sequence[attachments.Ready] = (),
) -> Discussion:
    """A discussion with its first message, by a client or by a worker, for a worker or a category.

    Raises RuleBroken: ``off`` where clients may not begin one, ``too_many`` for one more than may be unanswered, ``missing``,
    ``too_long`` and ``bad_character`` with their fields, ``left`` for a worker who is not here any more,
    and what stands between where a worker writes to somebody whom it would not reach.
    """
    good, words, is_theirs = _checked_subject(subject), _checked(body, files), by.worker is None
    if is_theirs and not (settings.get("discussions") and settings.get("starting_discussions")):
        raise RuleBroken(N_("Messages cannot be begun here at the moment. Call us."), code="off")
    if worker is None and not category:
        raise ValueError("a discussion is for somebody")
    if is_theirs and worker is None:
        addressees.must_be_open(category)
    if not is_theirs and (missing := ways.of(individual).missing):
        raise missing[0]
    with store.writing():
        _hold_lines([individual], worker)
        if is_theirs and (refused := may_not_start(individual)):
            raise refused
        return _begin(_Beginning(good, words, worker, category, about, files), individual, by)


@dataclasses.dataclass(frozen=True)
class _Beginning:
    """What is begun, checked."""

    subject: str
    words: str
    worker: Worker | None
    category: str
    about: About
    files: Sequence[attachments.Ready]


def _hold_lines(people: Sequence[Individual], worker: Worker | None) -> None:
    """First who is to have it, then the line of each of these people: all of them before anything is written to the audit."""
    if worker is not None:
        _must_be_here(worker)
    for each in people:
        store.one_at_a_time(f"discussions of individual {each.id}")


def _begin(what: _Beginning, individual: Individual, by: Actor) -> Discussion:
    now, about, worker = clock.now(), what.about, what.worker
    made: Discussion = Discussion.create(
        individual=individual, subject=what.subject, folded=search.fold(what.subject)[: 2 * SUBJECT_LETTERS],
        started_by="client" if by.worker is None else "worker", worker=worker, category="" if worker is not None else what.category,
        event=about.event, enrolment=about.enrolment, group=about.group, created_at=now, last_at=now,
    )  # fmt: skip
    audit.record("discussion.started", by, individual=individual, subject=named(made), to=worker.id if worker else what.category)
    _write(made, what.words, by, what.files)
    return made


def start_with_each(
    people: Iterable[Individual], subject: str, body: str, by: Actor, *, worker: Worker, about: About = NOTHING,
    files: Sequence[attachments.Ready] = (),
) -> list[Discussion]:
    """One discussion of a worker with each of these people, so that nobody learns of the others.  Raises RuleBroken as ``start`` does."""
    what = _Beginning(_checked_subject(subject), _checked(body, files), worker, "", about, files)
    everybody = sorted(people, key=lambda who: who.id)
    known = eligibility.known_of_each(everybody, to_sign_in=False)
    for each in everybody:
        if missing := ways.of(each, known[each.id]).missing:
            raise missing[0]
    with store.writing():
        _hold_lines(everybody, worker)
        return [_begin(what, each, by) for each in everybody]


def may_be_written_to(individual: Individual) -> bool:
    """True for whomever it reaches: in the portal, by way of activation, or by a reply link."""
    return not ways.of(individual).missing


def may_not_start(individual: Individual) -> RuleBroken | None:
    """Why a client may begin no discussion now: too many that they began are unanswered; None when they may."""
    most = settings.get("unanswered_discussions")
    if not most or _unanswered(individual).count() < most:
        return None
    return RuleBroken(
        N_("You wait for an answer to one discussion. You can begin another one when it is answered."),
        plural=N_("You wait for answers to %(count)s discussions. You can begin another one when one of them is answered."),
        count=most, code="too_many",
    )  # fmt: skip


def unanswered(individual: Individual) -> list[Discussion]:
    """Those that they wait for, at most three, the one that waits longest first."""
    return list(_unanswered(individual).order_by(Discussion.waits_since, Discussion.id).limit(NAMED))


def _unanswered(individual: Individual) -> Any:
    return Discussion.select().where(
        Discussion.individual == individual, Discussion.state == "open", Discussion.started_by == "client",
        Discussion.waits_since.is_null(False), ~_answered(),
    )  # fmt: skip


def _answered() -> Any:
    """True of a discussion in which staff have written."""
    return fn.EXISTS(
        Message.select(Message.id).where(Message.discussion == Discussion.id, Message.author == "worker", Message.is_note == False)  # noqa: E712
    )


# ---------------------------------------------------------------- answered


def write(discussion: Discussion, body: str, by: Actor, files: Sequence[attachments.Ready] = ()) -> Message:
    """One more message, of the client or of a worker; the first worker who answers takes it.

    A client's answer opens a discussion again that was closed not long ago; where who has it cannot read it, it waits for anybody.
    Raises RuleBroken: as ``may_not_write``, ``missing``,
    ``too_long``, ``bad_character``; ``closed`` for a worker.
    """
    words = _checked(body, files)
    with store.writing():
        now: Discussion = store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        if by.worker is None:
            if refused := may_not_write(now):
                raise refused
            if covers.is_lost(now):
                _hand(now, None, by, covers.EVERYBODYS)
            if now.state == "closed":
                _open(now, by)
        else:
            if now.state == "closed":
                raise RuleBroken(N_("This discussion is closed. Open it again to write."), code="closed")
            if refused := may_not_answer(now):
                raise refused
            if now.worker_id is None or not now.worker.is_active:
                _hand(now, by.worker, by)
        return _write(now, words, by, files)


def note(discussion: Discussion, body: str, by: Actor) -> Message:
    """A note that only staff read.  Raises RuleBroken as ``write`` does."""
    words = _checked(body)
    assert by.worker is not None
    with store.writing():
        made: Message = Message.create(
            discussion=discussion, author="worker", worker=by.worker, is_note=True, body=words, folded="", written_at=clock.now()
        )
        audit.record("discussion.noted", by, individual=discussion.individual, subject=named(discussion))
    return made


def may_not_write(discussion: Discussion) -> RuleBroken | None:
    """Why a client may write nothing more in a discussion now, in a sentence for the page; None when they may."""
    if not settings.get("discussions"):
        return RuleBroken(N_("Messages cannot be sent here at the moment. Call us."), code="off")
    if discussion.state == "closed" and discussion.closed_at < clock.ago(days=settings.get("closed_answer_days")):
        return RuleBroken(N_("This discussion was closed. Begin a new one, or call us."), code="closed")
    if _is_of_the_past(discussion):
        return RuleBroken(
            N_("What this is about has ended for you, so it stays here to read. Begin a new one, or call us."), code="file_closed"
        )
    most = settings.get("unanswered_limit")
    if most and discussion.in_a_row >= most:
        return RuleBroken(
            N_("You have sent one message that was not answered yet. You can write again when it is answered, or call us."),
            plural=N_(
                "You have sent %(count)s messages that were not answered yet. You can write again when they are answered, or call us."
            ),
            count=discussion.in_a_row, code="in_a_row",
        )  # fmt: skip
    return None


def _is_of_the_past(discussion: Discussion) -> bool:
    """True where its enrolment was closed as long ago as a closed discussion can no longer be answered."""
    closed_on = discussion.enrolment.closed_on if discussion.enrolment_id is not None else None
    return closed_on is not None and closed_on + dt.timedelta(days=settings.get("closed_answer_days")) < agency.today()


def may_not_answer(discussion: Discussion) -> RuleBroken | None:
    """Why staff may write nothing more: the client's account was closed by staff, so they have left all discussions."""
    newest = ways.newest(discussion.individual)
    if newest is None or newest.state != "closed" or newest.reason != "staff":
        return None
    return RuleBroken(N_("The client’s account was closed, so they have left this discussion. It stays here to read."), code="left_it")


def _write(discussion: Discussion, words: str, by: Actor, files: Sequence[attachments.Ready] = ()) -> Message:
    """A message and what it changes about its discussion, which is held or new."""
    now, is_staff = clock.now(), by.worker is not None
    made: Message = Message.create(
        discussion=discussion, author="worker" if is_staff else "client", worker=by.worker, account=by.account, body=words,
        folded=search.fold(words), written_at=now,
    )  # fmt: skip
    attachments.attach(made, files)
    if is_staff:
        changes: dict[str, Any] = {**ANSWERED, "is_unread": True, "is_new": False}
        saw = {"staff_saw": made.id, "staff_saw_at": now}
    else:
        changes = {"waits_since": discussion.waits_since or now, "in_a_row": discussion.in_a_row + 1, "is_new": True, "is_unread": False}
        if discussion.waits_since is None:
            changes["answer_by"] = answering.promise_to(discussion.worker, discussion.category)
        saw = {"client_saw": made.id, "client_saw_at": now}
    Discussion.update(last_at=now, **changes, **saw).where(Discussion.id == discussion.id).execute()
    if is_staff:
        message_notices.to_client(discussion, made)
        message_notices.read_by_staff(discussion)
    else:
        message_notices.to_workers(discussion, made.id)
        message_notices.read_by_client(discussion)
        if answer := answering.by_itself(discussion):
            say_by_itself(discussion, answer)
    _note_written(made, discussion, by)
    return made


def _note_written(message: Message, discussion: Discussion, by: Actor) -> None:
    audit.record("message.written", by, individual=discussion.individual, subject=f"message {message.id}", discussion=discussion.id)


def say_by_itself(discussion: Discussion, words: str, *, is_unread: bool = False) -> None:
    """What the portal itself writes to the client in a discussion that is held: no answer, so they wait as before."""
    now = clock.now()
    made: Message = Message.create(
        discussion=discussion, author="automatic", body=words, folded=search.fold(words), written_at=now
    )
    if is_unread:
        message_notices.to_client(discussion, made)
    Discussion.update(last_at=now, **({"is_unread": True} if is_unread else {})).where(Discussion.id == discussion.id).execute()
    _note_written(made, discussion, SYSTEM)


# ---------------------------------------------------------------- seen


def seen(discussion: Discussion, last: int, by: Actor) -> bool:
    """One side has read up to a message; it never goes back.  True when something was new to it.

    Staff have when somebody has who is to answer it: what any other colleague looks at is as new as before.
    """
    with store.writing():
        now: Discussion = store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        if by.worker is not None and not covers.relies_on(now, by.worker):
            return False
        theirs = Message.select(Message.id).where(Message.discussion == discussion.id, Message.is_note == False)  # noqa: E712
        newest = theirs.order_by(Message.id.desc()).get()
        upto, side = min(last, newest.id), "staff" if by.worker is not None else "client"
        column = getattr(Discussion, f"{side}_saw")
        changes: dict[str, Any] = {f"{side}_saw": upto, f"{side}_saw_at": clock.now()}
        if upto == newest.id:
            changes["is_new" if side == "staff" else "is_unread"] = False
        if not Discussion.update(**changes).where(Discussion.id == discussion.id, column < upto).execute():
            return False
        if upto == newest.id:
            (message_notices.read_by_staff if side == "staff" else message_notices.read_by_client)(now)
        return True


# ---------------------------------------------------------------- whose it is


def take(discussion: Discussion, by: Actor) -> None:
    """A worker takes what waits in a category.  Twice is harmless.  Raises RuleBroken ``taken`` where somebody else did."""
    assert by.worker is not None
    with store.writing():
        now: Discussion = store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        if now.worker_id == by.worker.id:
            return
        if now.worker_id is not None and now.worker.is_active:
            raise RuleBroken(N_("%(worker)s has taken this meanwhile."), code="taken", worker=now.worker.name)
        _hand(now, by.worker, by, is_told=True)


def hand_on(discussion: Discussion, by: Actor, *, version: int, worker: Worker | None = None, category: str = "") -> None:
    """Somebody else has it from now on, or a category.  Raises RuleBroken: ``stale``, ``left``, ``no_category``."""
    with store.writing():
        if worker is not None:
            _must_be_here(worker)
        elif category not in {each.slug for each in categories.every()}:
            raise RuleBroken(N_("Choose who is to have it."), code="no_category", field="to")
        now: Discussion = store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        if now.version != version:
            raise RuleBroken(STALE, code="stale")
        _hand(now, worker, by, category, is_told=True)


def _hand(discussion: Discussion, worker: Worker | None, by: Actor, category: str = "", *, is_told: bool = False) -> None:
    """Whose it is from now on; unless something is written in the same moment, they are told of what is new (``is_told``)."""
    before, after = discussion.worker_id or discussion.category, worker.id if worker is not None else category
    discussion.worker, discussion.category = worker, "" if worker is not None else category
    Discussion.update(worker=worker, category=discussion.category, version=Discussion.version + 1).where(
        Discussion.id == discussion.id
    ).execute()
    if is_told:
        message_notices.handed_on(discussion, but=by)
    audit.record("discussion.handed_on", by, individual=discussion.individual, subject=named(discussion), before=before, after=after)


def follow(discussion: Discussion, by: Actor, *, is_on: bool) -> None:
    """A worker is told of what is new in it as well, or not any more.  Twice is harmless."""
    assert by.worker is not None
    with store.writing():
        mine = (DiscussionFollower.discussion == discussion.id) & (DiscussionFollower.worker == by.worker.id)
        if is_on == DiscussionFollower.select().where(mine).exists():
            return
        if is_on:
            DiscussionFollower.insert(discussion=discussion.id, worker=by.worker.id).on_conflict_ignore().execute()
        else:
            DiscussionFollower.delete().where(mine).execute()
        kind = "discussion.followed" if is_on else "discussion.unfollowed"
        audit.record(kind, by, individual=discussion.individual, subject=named(discussion))


# ---------------------------------------------------------------- closed


def close(discussion: Discussion, by: Actor, *, version: int, last: int | None = None) -> None:
    """Staff close it; the client can answer for some days, and so opens it again.  Twice is harmless.

    ``last`` is the newest message that who closes it had before them.  Raises RuleBroken ``stale``, also where the client wrote after
    that and nobody has read it: it would be new to nobody any more.
    """
    with store.writing():
        now: Discussion = store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        if now.state == "closed":
            return
        if now.version != version or (last is not None and _wrote_after(now, max(last, now.staff_saw))):
            raise RuleBroken(STALE, code="stale")
        changes = {"state": "closed", "closed_at": clock.now(), **ANSWERED, "is_new": False}
        Discussion.update(**changes, version=Discussion.version + 1).where(Discussion.id == now.id).execute()
        message_notices.read_by_staff(now)
        audit.record("discussion.closed", by, individual=now.individual, subject=named(now))


def _wrote_after(discussion: Discussion, message: int) -> bool:
    theirs = Message.select().where(Message.discussion == discussion.id, Message.author == "client", Message.id > message)
    return bool(theirs.exists())


def reopen(discussion: Discussion, by: Actor) -> None:
    """Staff open it again.  Twice is harmless."""
    with store.writing():
        now: Discussion = store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        if now.state == "closed":
            _open(now, by)
            _waits_again(now)


def _waits_again(discussion: Discussion) -> None:
    """What a client wrote before it was closed, and nobody answered, waits as before."""
    said = Message.select().where(Message.discussion == discussion.id, Message.is_note == False)  # noqa: E712
    answered = said.where(Message.author == "worker").order_by(Message.id.desc()).first()
    waiting = list(said.where(Message.author == "client", Message.id > (answered.id if answered else 0)).order_by(Message.id))
    if waiting:
        promised = answering.promise_to(discussion.worker, discussion.category)
        changes = {"waits_since": waiting[0].written_at, "in_a_row": len(waiting), "answer_by": promised}
        Discussion.update(**changes).where(Discussion.id == discussion.id).execute()


def _open(discussion: Discussion, by: Actor) -> None:
    Discussion.update(state="open", closed_at=None, version=Discussion.version + 1).where(Discussion.id == discussion.id).execute()
    discussion.state = "open"
    audit.record("discussion.opened", by, individual=discussion.individual, subject=named(discussion))


# ---------------------------------------------------------------- shared


def _checked_subject(subject: str) -> str:
    good = profile.clean(subject, "subject", SUBJECT_LETTERS)
    if not good:
        raise RuleBroken(N_("Write what it is about, in a few words."), code="missing", field="subject")
    return good


def _checked(body: str, files: Sequence[attachments.Ready] = ()) -> str:
    good = profile.clean(body, "body", MESSAGE_LETTERS, lines=True)
    if not good and not files:
        raise RuleBroken(N_("Write your message."), code="missing", field="body")
    return good


def _must_be_here(worker: Worker) -> None:
    store.hold(worker)
    if not Worker.select().where(Worker.id == worker.id, Worker.is_active).exists():
        raise RuleBroken(N_("This person has left already."), code="left")


def named(discussion: Discussion) -> str:
    """How the audit names it."""
    return f"discussion {discussion.id}"
