"""A client changes the address that they sign in with: a code to the new one, "this was not me" to the old one.

No answer tells whether somebody else signs in with an address: then no code is sent, and whoever has the address reads that
nothing was changed.  The record's contacts stay as they are (docs/decisions/0021-another-address.md).
"""

from __future__ import annotations

import dataclasses
import hmac
import secrets
from typing import Any

from peewee import IntegrityError

from domain import (
    accounts,
    audit,
    clock,
    limits,
    links,
    notices,
    passwords,
    profile,
    settings,
    sign_in,
    store,
    work_queue,
)
from domain.actor import Actor
from domain.rules import N_, NotFound, RuleBroken
from models import (
    ACTIVE,
    CLOSED,
    LOCKED,
    AddressChange,
    Agency,
    Delivery,
    Device,
    Link,
    LoginSession,
    PortalAccount,
    Worker,
)

GOOD = "good"


def is_offered() -> bool:
    """True while the agency lets clients change their address."""
    return bool(settings.get("address_change"))


def must_be_offered() -> None:
    """Raises NotFound while the agency has switched it off."""
    if not is_offered():
        raise NotFound


# ---------------------------------------------------------------- a code to the new address


def checked(address: str) -> str:
    """The address as it will be kept.  Raises RuleBroken (field ``email``): letters that only look like others are refused."""
    tidy = profile.checked_email(address)
    if not tidy.isascii():
        raise RuleBroken(
            N_("Use an address of plain letters, digits and signs: others can look alike. If yours has others, call us."),
            code="look_alike", field="email",
        )  # fmt: skip
    return tidy


def waiting(account: PortalAccount) -> AddressChange | None:
    """The wish whose code may still be typed; None when there is none, or it is too old."""
    newest = AddressChange.select(AddressChange, Link).join(Link, on=AddressChange.code).where(AddressChange.account == account)
    change: AddressChange | None = newest.order_by(AddressChange.id.desc()).first()
    return change if change is not None and links.is_good(change.code) else None


def ask(session: LoginSession, current: str, address: str, by: Actor) -> AddressChange:
    """Send a six-digit code to another address, once the password was said again; an earlier code stops working.

    Raises RuleBroken: ``no_match`` (field ``current``), an address that is none or the same (field ``email``), ``too_soon``,
    ``too_many``.
    """
    account = session.account
    tidy = checked(address)
    if profile.email_key(tidy) == account.email_key:
        raise RuleBroken(N_("This is the address that you sign in with now."), code="same", field="email")
    sign_in.prove(session, current, by)
    with store.writing():
        store.hold(account)
        last = account.address_changes.order_by(AddressChange.id.desc()).first()
        if last is not None and last.asked_at > clock.ago(seconds=settings.get("address_code_wait")):
            raise RuleBroken(N_("A code was sent just now. Wait a little before you ask for another one."), code="too_soon")
        limits.within("address", f"account {account.id}", by, settings.get("address_codes_an_hour"), 3600)
        expires = clock.ahead(minutes=settings.get("address_code_minutes"))
        notices.drop_for(account, "address_code")
        link = links.make("address_code", expires, account=account)
        change: AddressChange = AddressChange.create(
            account=account, old_email=account.email, new_email=tidy, new_key=profile.email_key(tidy), code=link, asked_at=clock.now(),
        )  # fmt: skip
        _note("address.code_sent", account, by, email=notices.mask(tidy))
        notices.put("address_code", change.id, to=tidy, account=account, individual=account.individual, link=link, expires_at=expires)
    return change


@dataclasses.dataclass(frozen=True)
class Holder:
    """Who signs in with an address already."""

    account: PortalAccount | None
    worker: Worker | None


def holder(key: str, but: PortalAccount) -> Holder | None:
    """Who else signs in, or is about to, with the address of a key; None when nobody does."""
    account = PortalAccount.get_or_none(PortalAccount.email_key == key, PortalAccount.state != CLOSED, PortalAccount.id != but.id)
    worker = Worker.get_or_none(Worker.email_key == key, Worker.is_active)
    return Holder(account, worker) if account or worker else None


def of_code(delivery: Delivery) -> AddressChange:
    """The wish that the e-mail with a code is about."""
    change: AddressChange = AddressChange.get(AddressChange.code == delivery.link_id)
    return change


# ---------------------------------------------------------------- the change


def confirm(session: LoginSession, code: str, by: Actor) -> str:
    """The code was typed: the address changes, every session ends, the former address is told; the token of a fresh session.

    Raises RuleBroken ``bad_code`` (field ``code``), in the same words for a wrong code, one that is spent, and an address
    that somebody else signs in with.
    """
    account = session.account
    limits.within("address_code", f"account {account.id}", by, settings.get("sign_ins_a_minute"), 60)
    change = waiting(account)
    if change is None or not _claim(change) or not _is_code(change, code):
        _note_wrong(account, by)
        raise _bad_code()
    with store.writing():
        store.lock(Agency.select()).first()  # as for a new account or worker: one of them gets the address
        store.hold(account)
        sign_in.must_be_there(session)
        if not links.use(change.code) or not _put(account, change.new_email, was=change.old_email):
            raise _bad_code()
        _end_everything(account)
        undo = links.make("address_undo", clock.ahead(days=settings.get("address_undo_days")), account=account, beside=True)
        AddressChange.update(confirmed_at=clock.now(), undo=undo).where(AddressChange.id == change.id).execute()
        _note_move("address.changed", account, by, change.old_email, change.new_email)
        notices.put("address_changed", change.id, to=change.old_email, account=account, individual=account.individual, link=undo)
        return sign_in.carry_on(session)


def _claim(change: AddressChange) -> bool:
    """A try is counted before the code is compared: of fifty at once five are looked at."""
    waits = (AddressChange.id == change.id) & AddressChange.confirmed_at.is_null()
    one_more = AddressChange.update(tries=AddressChange.tries + 1).where(waits, AddressChange.tries < settings.get("address_code_tries"))
    with store.aside(), store.writing():
        return bool(one_more.execute())


def _is_code(change: AddressChange, code: str) -> bool:
    typed = "".join(str(int(c)) for c in code if c.isdecimal())  # in whichever digits
    return hmac.compare_digest(typed.encode(), links.digits(change.code).encode())


def _put(account: PortalAccount, address: str, *, was: str | None = None) -> bool:
    """One guarded update; False when somebody else has the address, or the account is not as it was."""
    key = profile.email_key(address)
    mine = (PortalAccount.id == account.id) & PortalAccount.state.in_((ACTIVE, LOCKED))
    if was is not None:
        mine &= PortalAccount.email_key == profile.email_key(was)
    if Worker.select().where(Worker.email_key == key, Worker.is_active).exists():
        return False
    try:
        with store.writing():
            return bool(PortalAccount.update(email=address, email_key=key, changed_at=clock.now()).where(mine).execute())
    except IntegrityError:
        return False


def _end_everything(account: PortalAccount) -> None:
    """Sessions, links and what waits in the outbox for the address of before; not the ways back to earlier addresses."""
    LoginSession.delete().where(LoginSession.account == account).execute()
    links.void("activation", "password_reset", "unlock", "address_code", account=account)
    notices.drop_for(account, "password_reset", "sign_in_locked", "address_code")


def _note_wrong(account: PortalAccount, by: Actor) -> None:
    with store.aside(), store.writing():
        _note("address.code_wrong", account, by)


def _bad_code() -> RuleBroken:
    return RuleBroken(N_("This code does not work. Check it, or ask for a new one."), code="bad_code", field="code")


def _note(kind: str, account: PortalAccount, by: Actor, **values: Any) -> None:
    audit.record(kind, by, individual=account.individual, subject=accounts.subject(account), **values)


def _note_move(kind: str, account: PortalAccount, by: Actor, before: str, after: str) -> None:
    _note(kind, account, by, before={"email": notices.mask(before)}, after={"email": notices.mask(after)})


# ---------------------------------------------------------------- this was not me


def find_undo(token: str) -> Link:
    """The link to the former address of a token, in whatever state.  Raises NotFound for what we did not sign."""
    return links.find("address_undo", token)


def of_undo(link: Link) -> AddressChange:
    """The change that the link takes back."""
    change: AddressChange = AddressChange.get(AddressChange.undo == link)
    return change


def standing(link: Link) -> str:
    """``good``, or why the link does nothing: ``used``, ``expired``, ``ended``.  Asks; changes nothing."""
    if link.used_at is not None:
        return "used"
    if PortalAccount.get_by_id(link.account_id).state not in (ACTIVE, LOCKED):
        return "ended"
    return GOOD if links.is_good(link) else "expired"


def undo(link: Link, by: Actor) -> Link | None:
    """Put the address of before back, whatever came after it, once: every session ends, the password works no more, staff get a
    task.  The link to choose a new password, or None when somebody else has the address by now, or staff suspended the account.

    Raises RuleBroken ``no_longer``.
    """
    change = of_undo(link)
    nobodys = passwords.hash(secrets.token_urlsafe(32))
    with store.writing():
        store.lock(Agency.select()).first()
        store.hold(change.account)
        account = PortalAccount.get_by_id(change.account_id)
        if standing(Link.get_by_id(link.id)) != GOOD or not links.use(link):
            raise RuleBroken(N_("This link no longer works."), code="no_longer")
        is_back = _put(account, change.old_email)
        PortalAccount.update(password_hash=nobodys).where(PortalAccount.id == account.id).execute()
        _end_everything(account)
        Device.update(token_hash="").where(Device.account == account).execute()  # one of them may be whose who changed it
        _end_later_ways(change)
        AddressChange.update(undone_at=clock.now()).where(AddressChange.id == change.id).execute()
        _note_move("address.undone", account, by, account.email, change.old_email if is_back else account.email)
        work_queue.add("address_undone", "intake", account.individual, f"change {change.id}")
        if not is_back:
            _keep_out(account, by)
        if not is_back or account.reason == "suspended":
            return None
        return links.make("password_reset", clock.ahead(minutes=settings.get("reset_minutes")), account=account)


def _keep_out(account: PortalAccount, by: Actor) -> None:
    """The address that stays is whose who changed it: only staff let anybody in again."""
    if account.reason == "attempts":
        accounts.unlock_attempts(account, by)
    if PortalAccount.get_by_id(account.id).state == ACTIVE:
        accounts.suspend(account, by)


def _end_later_ways(change: AddressChange) -> None:
    """Whoever changed the address again since must not put theirs back."""
    later = AddressChange.select(AddressChange.undo).where(AddressChange.account == change.account, AddressChange.id > change.id)
    Link.update(voided_at=clock.now()).where(Link.id.in_(later), Link.used_at.is_null(), Link.voided_at.is_null()).execute()
