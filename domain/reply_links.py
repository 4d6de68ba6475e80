"""Reply links: who has no account reads one discussion by an e-mailed link, after the date of birth, and answers once (spec 04).

The link is made when its e-mail is, so that what a person is, and may get, is looked at then.  A discussion has one at a time.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain import agency, audit, birth_dates, clock, handover, links, notices, settings, store, ways, work_queue
from domain.actor import SYSTEM, Actor
from domain.rules import N_, NotFound, RuleBroken
from models import PENDING, Delivery, Discussion, Individual, Link, LinkOpening, ReplyLink, Worker

GOOD = "good"
KIND = "message_waiting"  # the e-mail that brings it
NEWER = N_("A newer link was sent.")
WITHDRAWN = N_("The reply link was withdrawn.")
ANSWERED = N_("The message was answered meanwhile.")
STOPPED = N_("The reply link was stopped after wrong dates of birth.")
OPENINGS = 20


def find(token: str) -> ReplyLink:
    """The reply link of a token, in whatever state.  Raises NotFound for what we did not sign."""
    found: ReplyLink | None = _whole().where(Link.public_id == links.named_by("reply", token), Link.purpose == "reply").first()
    if found is None or not links.is_of(found.link, token):
        raise NotFound
    return found


def token(found: ReplyLink) -> str:
    """What the e-mailed address carries."""
    return links.token(found.link)


def seal(found: ReplyLink) -> str:
    """What a form of its pages carries."""
    return links.sealed("reply_form", found.link.public_id)


def by_seal(sealed: str) -> ReplyLink:
    """The link of a form.  Raises NotFound for what we did not seal."""
    found: ReplyLink | None = _whole().where(Link.public_id == links.unsealed("reply_form", sealed), Link.purpose == "reply").first()
    if found is None:
        raise NotFound
    return found


def newest(discussion: Discussion) -> ReplyLink | None:
    """The last one of a discussion; None where there never was one."""
    found: ReplyLink | None = _whole().where(ReplyLink.discussion == discussion.id).order_by(ReplyLink.id.desc()).first()
    return found


def _whole() -> Any:
    found = ReplyLink.select(ReplyLink, Link, Discussion, Individual, Worker).join(Link).switch(ReplyLink).join(Discussion).join(Individual)
    return found.switch(Discussion).left_outer_join(Worker).switch(ReplyLink)


def standing(found: ReplyLink) -> str:
    """``good``, or why the link opens nothing: ``portal`` (they sign in now), ``closed``, ``expired``, or how it ended.

    Asks; changes nothing.
    """
    return standing_of(fresh(found))


def standing_of(found: ReplyLink) -> str:
    """The same of what was just read."""
    person = found.discussion.individual
    account = ways.newest(person)
    if account is not None and account.state in ways.SIGNS_IN:
        return "portal"
    is_over = person.death_date or not birth_dates.is_known(person) or not settings.get("discussions")
    if is_over or (account is not None and ways.ended(account)):
        return "closed"
    if found.ended:
        return str(found.ended)
    return GOOD if links.is_good(found.link) else "expired"


# ---------------------------------------------------------------- made, and ended


def of_delivery(delivery: Delivery, discussion: Discussion) -> ReplyLink | None:
    """The link that an e-mail brings: the one that works already, or one that is made when it is first written; None when it ended
    meanwhile.

    Somebody may be reading by the one that works, so the next e-mail carries it on.  It is good for as long as ever from when its last
    e-mail is written.
    """
    with store.writing():
        held: Discussion = store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        if delivery.link_id is not None:
            made: ReplyLink | None = _whole().where(ReplyLink.link == delivery.link_id, ReplyLink.ended == "").first()
            if made is not None:
                _live_from_now(made, is_new=False)
            return made
        before = _live(held)
        is_carried_on = before is not None and standing(before) == GOOD
        made = fresh(before) if before is not None and is_carried_on else _make(held, None)
        Delivery.update(link=made.link).where(Delivery.id == delivery.id).execute()
        delivery.link = made.link
        if is_carried_on:
            _live_from_now(made, is_new=True)
        else:
            _note("reply_link.made", made, SYSTEM)
    return made


def why_ended(delivery: Delivery) -> str:
    """Why an e-mail whose link ended is not sent, as a marked sentence."""
    ended = ReplyLink.select(ReplyLink.ended).where(ReplyLink.link == delivery.link_id).scalar()
    return {"withdrawn": WITHDRAWN, "answered": ANSWERED, "birth_date": STOPPED}.get(ended, NEWER)


def send_new(discussion: Discussion, by: Actor) -> ReplyLink:
    """Staff have a new link sent at once; the earlier one stops working.  Raises RuleBroken when it would not reach them."""
    way = ways.of(discussion.individual)
    if way.missing:
        raise way.missing[0]
    if way.kind != ways.REPLY_LINK:
        raise RuleBroken(N_("They have a portal account, and read it there."), code="has_account")
    with store.writing():
        held: Discussion = store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        waits = Delivery.update(state="cancelled", last_error=NEWER).where(_of(held), Delivery.state.in_(("due", "held")))
        waits.execute()
        made = _make(held, by.worker)
        notices.put(KIND, held.id, to="", individual=held.individual, link=made.link, version=f"link{made.id}")
        _note("reply_link.made", made, by)
    return made


def _make(discussion: Discussion, sent_by: Worker | None) -> ReplyLink:
    """A fresh one, of a discussion that is held; the one before stops working."""
    if (before := _live(discussion)) is not None:
        _end(before, "replaced")
    made: ReplyLink = ReplyLink.create(link=links.make("reply", _until(), beside=True), discussion=discussion, sent_by=sent_by)
    return made


def _until() -> dt.datetime:
    return clock.ahead(days=settings.get("reply_link_days"))


def _live_from_now(found: ReplyLink, *, is_new: bool) -> None:
    """An e-mail that brings it is written: it is good for as long as ever.  That is noted of each e-mail; of one that is tried once
    more only where the link's last day is another by it."""
    before, until = _last_day(found), _until()
    found.link.expires_at = until
    Link.update(expires_at=until).where(Link.id == found.link_id).execute()
    if is_new or _last_day(found) != before:
        _note("reply_link.extended", found, SYSTEM, until=_last_day(found).isoformat())


def _last_day(found: ReplyLink) -> dt.date:
    day: dt.date = found.link.expires_at.astimezone(agency.zone()).date()
    return day


def _live(discussion: Discussion) -> ReplyLink | None:
    found: ReplyLink | None = ReplyLink.get_or_none(ReplyLink.discussion == discussion.id, ReplyLink.ended == "")
    return found


def _end(found: ReplyLink, how: str) -> bool:
    """How it ended, once; of many at once exactly one gets True."""
    mine = ReplyLink.update(ended=how, ended_at=clock.now()).where(ReplyLink.id == found.id, ReplyLink.ended == "")
    if not mine.execute():
        return False
    stamp = {"used_at": clock.now()} if how == "answered" else {"voided_at": clock.now()}
    Link.update(**stamp).where(Link.id == found.link_id, Link.used_at.is_null(), Link.voided_at.is_null()).execute()
    return True


def spend(found: ReplyLink) -> bool:
    """It was answered by: of many at once exactly one gets True.  Said inside the transaction that holds the discussion."""
    return standing(found) == GOOD and _end(found, "answered")


def withdraw(discussion: Discussion, by: Actor) -> None:
    """Staff take it back.  Twice is harmless."""
    with store.writing():
        store.lock(Discussion.select().where(Discussion.id == discussion.id)).get()
        found = _live(discussion)
        if found is not None and _end(found, "withdrawn"):
            _note("reply_link.withdrawn", found, by)


def is_told(discussion: Discussion) -> bool:
    """True while the e-mail of what they have not read is on its way, or brought what still works: they need no other one."""
    last = Delivery.select().where(_of(discussion)).order_by(Delivery.id.desc()).first()
    if last is None or last.state not in ("due", "leased", "held", "sent"):
        return False
    if last.state != "sent":  # what it brings is looked at, and lives, from when it is written
        return last.link_id is None or (last.link.used_at is None and last.link.voided_at is None)
    return links.is_good(last.link) if last.link_id is not None else _comes_to_portal(discussion)


def _comes_to_portal(discussion: Discussion) -> bool:
    """True for whom the e-mail without a link still leads to what it tells of: they sign in, or are about to activate."""
    account = ways.newest(discussion.individual)
    return bool(account is not None and account.state in (PENDING, *ways.SIGNS_IN))


def _of(discussion: Discussion) -> Any:
    """The condition for the e-mails of a discussion's messages."""
    mine = Delivery.dedupe_key.startswith(f"{KIND}:{discussion.id}:")
    return (Delivery.individual == discussion.individual_id) & (Delivery.kind == KIND) & mine


def is_asked_for(delivery: Delivery) -> bool:
    """True for an e-mail that staff asked for: it goes whether or not something is unread."""
    while delivery.again_id is not None:  # one that failed was repeated
        delivery = delivery.again
    kind, _, version, *_ = delivery.dedupe_key.split(":")
    return bool(kind == KIND and version.startswith("link"))


# ---------------------------------------------------------------- the date of birth


def prove_birth_date(found: ReplyLink, born: dt.date, by: Actor) -> str:
    """Compare the date of birth; the word returned proves it for this browser for half an hour.

    A try is claimed by one guarded update before anything is compared, so that fifty at once are three.  Raises RuleBroken: ``wrong``
    with what is left, ``closed`` after the last that is allowed, ``too_many`` from one network or in one day, ``no_longer``.
    """
    if standing(found) != GOOD:
        raise no_longer()
    with store.writing():
        verdict = _try(found, born, by)
        proof = links.give_proof(found.link) if verdict is None else ""
        if verdict is None:
            _note("reply_link.proved", found, by)
    if verdict is not None:
        raise verdict
    return proof


def _try(found: ReplyLink, born: dt.date, by: Actor) -> RuleBroken | None:
    """What was wrong with an evaluated date.  What refuses before that is raised, so that nothing of it counts."""
    person, mine = found.discussion.individual, ReplyLink.id == found.id
    birth_dates.spend(person.id, by)
    claimed = ReplyLink.update(tries=ReplyLink.tries + 1).where(
        mine, ReplyLink.ended == "", ReplyLink.tries < settings.get("birth_date_tries")
    )
    if not claimed.execute() or standing(found) != GOOD:
        raise no_longer()
    if birth_dates.is_right(Individual.get_by_id(person.id), born):
        ReplyLink.update(tries=ReplyLink.tries - 1).where(mine).execute()
        birth_dates.give_back(person.id, by)
        return None
    return _wrong(fresh(found), by)


def _wrong(found: ReplyLink, by: Actor) -> RuleBroken:
    left = settings.get("birth_date_tries") - found.tries
    if left > 0:
        _note("reply_link.birth_date_wrong", found, by, tries=found.tries)
        return birth_dates.wrong(left)
    _end(found, "birth_date")
    person = found.discussion.individual
    notices.put("reply_link_closed", found.id, to="", individual=person)
    work_queue.add("reply_link_closed", "intake", person, f"reply link {found.id}", worker=holder(found.discussion))
    _note("reply_link.birth_date_wrong", found, by, tries=found.tries)
    _note("reply_link.died", found, SYSTEM)
    return RuleBroken(birth_dates.CLOSED, code="closed")


def holder(discussion: Discussion) -> Worker | None:
    """Who has a discussion, as long as they may see whose it is: to anybody else a task about it would be nothing."""
    if discussion.worker_id is None:
        return None
    return next((each for each in handover.takers(discussion.individual) if each.id == discussion.worker_id), None)


def is_proved(found: ReplyLink, proof: str) -> bool:
    """True when this browser gave the date of birth for this link not long ago."""
    return is_proved_of(fresh(found), proof)


def is_proved_of(found: ReplyLink, proof: str) -> bool:
    """The same of what was just read."""
    return links.is_proved(found.link, proof)


def leave(found: ReplyLink, proof: str, by: Actor) -> None:
    """Whoever reads by the link leaves: this browser is asked for the date of birth again.  Twice is harmless."""
    with store.writing():
        if links.take_back_proof(found.link, proof):
            _note("reply_link.left", found, by)


def ask_for_new(found: ReplyLink, by: Actor) -> None:
    """Put a task into the intake queue, at most one a day for a discussion; the answer is the same every time."""
    person, day = found.discussion.individual, agency.today().isoformat()
    with store.writing():
        key = f"discussion {found.discussion_id} {day}"
        if work_queue.add("reply_link_wanted", "intake", person, key, worker=holder(found.discussion)):
            _note("reply_link.wanted", found, by)


# ---------------------------------------------------------------- what staff see


def openings(found: ReplyLink) -> list[LinkOpening]:
    """When it was opened, by whomever or a mail scanner, newest first, at most twenty."""
    return list(LinkOpening.select().where(LinkOpening.link == found.link_id).order_by(LinkOpening.id.desc()).limit(OPENINGS))


def sent_at(found: ReplyLink) -> dt.datetime | None:
    """When its e-mail was handed over; None while it was not."""
    sent = Delivery.select(Delivery.sent_at).where(Delivery.link == found.link_id, Delivery.sent_at.is_null(False))
    last = sent.order_by(Delivery.id.desc()).first()
    return last.sent_at if last is not None else None


# ---------------------------------------------------------------- shared


def no_longer() -> RuleBroken:
    return RuleBroken(N_("This link no longer works."), code="no_longer")


def fresh(found: ReplyLink) -> ReplyLink:
    """The same link as it is now."""
    now: ReplyLink = _whole().where(ReplyLink.id == found.id).get()
    return now


def _note(kind: str, found: ReplyLink, by: Actor, **values: int | str) -> None:
    discussion = found.discussion
    audit.record(kind, by, individual=discussion.individual, subject=f"discussion {discussion.id}", **values)
