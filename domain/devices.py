"""Browsers from which somebody signed in: which are known, where one is signed in now, and how to end that."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import re
import secrets
from typing import Any

from domain import accounts, audit, clock, notices, settings, statements, store
from domain.actor import SYSTEM, Actor
from domain.rules import NotFound
from models import Device, HalfSignIn, LoginSession, PortalAccount, Worker

PAGE = 20


def digest(token: str) -> str:
    """What the tables keep of a random token."""
    return hashlib.sha256(token.encode()).hexdigest()


def met(account: PortalAccount | None, worker: Worker | None, token: str, agent: str) -> tuple[Device, str, bool]:
    """The device of somebody who signs in right now, its token, and whether it is new; its tries begin anew.

    Said inside the transaction that starts the session.
    """
    now = clock.now()
    device = _SEEN.first(Device.signed_in_at.db_value(now), digest(token), *_numbers(account, worker)) if token else None
    if device is not None:
        return device, token, False
    others = list(Device.select().where(Device.token_hash == digest(token))) if token else []
    _share(others)
    fresh = token if others else secrets.token_urlsafe(32)  # a shared browser keeps its one name
    device = Device.create(token_hash=digest(fresh), account=account, worker=worker, agent=agent[:200], created_at=now,
                           signed_in_at=now)  # fmt: skip
    return device, fresh, True


def _share(others: list[Device]) -> None:
    """Somebody else uses a browser: whoever trusted it is asked for a code there again."""
    for each in others:
        if each.trusted_at and Device.update(trusted_at=None).where(Device.id == each.id, Device.trusted_at.is_null(False)).execute():
            audit.record("device.trust_ended", SYSTEM, subject=f"worker {each.worker_id}")


def find(account: PortalAccount | None, worker: Worker | None, token: str) -> Device | None:
    """The device with that token on which somebody signed in before; None for any other."""
    found: Device | None = _FIND.first(digest(token), *_numbers(account, worker)) if token else None
    return found


def number_of(account: int, worker: int, token: str) -> int | None:
    """The same in numbers (0 for nobody): to build the row of one that is known takes time that a stranger can measure."""
    found = _NUMBER.first(digest(token), account, worker)
    return found[0] if found else None


def _theirs(token_hash: Any, account: Any, worker: Any) -> tuple[Any, ...]:
    return Device.token_hash == token_hash, (Device.account == account) | (Device.worker == worker)


_FIND = statements.Question(lambda *of: Device.select().where(*_theirs(*of)))
_NUMBER = statements.Question(lambda *of: Device.select(Device.id).where(*_theirs(*of)).tuples())
_SEEN = statements.Renewal(lambda now, *of: Device.update(signed_in_at=now, failed_sign_ins=0).where(*_theirs(*of)))


def _numbers(account: PortalAccount | None, worker: Worker | None) -> tuple[int, int]:
    return account.id if account else 0, worker.id if worker else 0


def begin_anew(worker: Worker, token: str) -> None:
    """A right password on a known device sets the device's tries back.  Said inside a transaction."""
    mine = Device.update(failed_sign_ins=0).where(Device.worker == worker.id, Device.token_hash == digest(token))
    mine.where(Device.failed_sign_ins > 0).execute()


def tell_of(device: Device) -> None:
    """A device that was not seen before is told by e-mail."""
    account, worker = device.account, device.worker
    notices.put(
        "new_device", device.id, to=account.email if account else worker.email,
        account=account, worker=worker, individual=account.individual if account else None,
    )  # fmt: skip


# ---------------------------------------------------------------- the own list


@dataclasses.dataclass(frozen=True)
class Place:
    """A browser of the reader's: ``public_id`` is the device's, or the session's where nobody knows the device."""

    public_id: str
    browser: str
    system: str
    since: dt.datetime
    seen_at: dt.datetime
    is_signed_in: bool
    is_here: bool
    trusted_until: dt.datetime | None = None


def listed(session: LoginSession, older: str = "") -> tuple[list[Place], str]:
    """The devices of the session's owner, this one first, then the newest: twenty that are ``older`` than the named one,
    and the name for the next ones (empty when there are none)."""
    mine = Device.select().where(_of(Device, session), Device.token_hash != "", Device.id != (session.device_id or 0))
    living = _living(session)
    start = mine.where(Device.public_id == older).first() if older else None
    rows = list((mine.where(Device.id < start.id) if start else mine).order_by(Device.id.desc()).limit(PAGE + 1))
    places = [_place(device, living, session) for device in rows[:PAGE]]
    first = [] if start else [*_here(session, living), *(_nameless(each, session) for each in living if not each.device_id)]
    return first + places, rows[PAGE - 1].public_id if len(rows) > PAGE else ""


def _here(session: LoginSession, living: list[LoginSession]) -> list[Place]:
    return [_place(session.device, living, session)] if session.device_id else []


def _living(session: LoginSession) -> list[LoginSession]:
    """Sessions of the owner that are not over: a handful, because they end by themselves."""
    return list(LoginSession.select().where(_of(LoginSession, session), _alive()).order_by(LoginSession.seen_at.desc()).limit(500))


def _alive() -> Any:
    idle, whole = settings.get("idle_minutes"), settings.get("session_hours")
    return (LoginSession.seen_at > clock.ago(minutes=idle)) & (LoginSession.created_at > clock.ago(hours=whole))


def _of(table: Any, session: LoginSession) -> Any:
    return table.account == session.account_id if session.account_id else table.worker == session.worker_id


def _place(device: Device, living: list[LoginSession], session: LoginSession) -> Place:
    on_it = [each.seen_at for each in living if each.device_id == device.id]
    seen = max([*on_it, device.signed_in_at or device.created_at])
    return Place(device.public_id, *named(device.agent), device.created_at, seen, bool(on_it), device.id == session.device_id,
                 trusted_until(device))  # fmt: skip


def trusted_until(device: Device) -> dt.datetime | None:
    """Until when no code is asked for on a device; None where one is."""
    until = device.trusted_at + dt.timedelta(days=settings.get("trusted_device_days")) if device.trusted_at else None
    return until if until is not None and until > clock.now() else None


def _nameless(each: LoginSession, session: LoginSession) -> Place:
    return Place(each.public_id, "", "", each.created_at, each.seen_at, True, each.id == session.id)


_BROWSERS = (  # the first that is found: each of them also calls itself by the name of a later one
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("FxiOS", "Firefox"), ("Firefox", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "Chromebook"), ("Windows", "Windows"),
    ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def named(agent: str) -> tuple[str, str]:
    """Browser and system as people call them; empty where what the browser says of itself names none."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    return browser, next((name for mark, name in _SYSTEMS if re.search(rf"\b{mark}", agent)), "")


# ---------------------------------------------------------------- to end it


def remove(session: LoginSession, public_id: str, by: Actor) -> bool:
    """Sign one of the owner's devices out and forget it; True when the session itself ended by that.

    Raises NotFound for what is not there or is somebody else's.
    """
    device = Device.get_or_none(_of(Device, session), Device.public_id == public_id, Device.token_hash != "")
    mine = LoginSession.delete().where(_of(LoginSession, session))
    with store.writing():
        _hold_worker(session)
        if device is not None:
            mine.where(LoginSession.device == device).execute()
            if not Device.update(token_hash="").where(Device.id == device.id, Device.token_hash != "").execute():
                raise NotFound
        elif not mine.where(LoginSession.public_id == public_id).execute():
            raise NotFound
        _end_finished_halves(session)
        _note("device.removed", session, by)
    return public_id == session.public_id or (device is not None and device.id == session.device_id)


def end_trust(session: LoginSession, public_id: str, by: Actor) -> None:
    """On that device a code is asked for again.  Raises NotFound for what is not there or is somebody else's."""
    with store.writing():
        _hold_worker(session)
        mine = Device.update(trusted_at=None).where(_of(Device, session), Device.public_id == public_id, Device.token_hash != "")
        if not mine.execute():
            raise NotFound
        _note("device.trust_ended", session, by)


def sign_out_others(session: LoginSession, by: Actor) -> int:
    """End every other session of the owner; how many.  Devices stay known."""
    with store.writing():
        _hold_worker(session)
        _end_finished_halves(session)
        others = LoginSession.delete().where(_of(LoginSession, session), LoginSession.token_hash != session.token_hash)
        ended = int(others.where(_alive()).execute())  # what was over by itself is no news
        if ended:
            _note("sign_out.others", session, by)
    return ended


def _hold_worker(session: LoginSession) -> None:
    """A worker who signs in is held before their device is changed: the same here, or each would wait for the other."""
    if session.worker_id:
        store.hold(session.worker)


def _end_finished_halves(session: LoginSession) -> None:
    """The form of a second step that was done, sent again, begins no session in place of one that ends now."""
    if session.worker_id:
        HalfSignIn.delete().where(HalfSignIn.worker == session.worker_id, HalfSignIn.finished_at.is_null(False)).execute()


def _note(kind: str, session: LoginSession, by: Actor) -> None:
    account = session.account if session.account_id else None
    audit.record(kind, by, individual=account.individual if account else None,
                 subject=accounts.subject(account) if account else f"worker {session.worker_id}")  # fmt: skip
