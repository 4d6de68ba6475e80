"""The second step of staff's sign-in: what an authenticator app shows, recovery codes, and devices that are trusted.

Secrets are made from a stored nonce and the installation's key whenever they are needed, as the codes of links are: a
stolen table opens nothing (docs/decisions/0023-second-step.md).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
import unicodedata

from domain import agency, audit, clock, devices, limits, notices, settings, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import Authenticator, Device, HalfSignIn, RecoveryCode, Worker

SECONDS = 30  # of one step: what every app takes for granted
RECOVERY_CODES = 10
HOUR, DAY = 3600, 86400

_key = b""


def use_key(key: str) -> None:
    """Set the installation's key; said once at start."""
    global _key
    _key = hashlib.sha256(b"doorstep second step " + key.encode()).digest()


def is_on() -> bool:
    """True while the agency asks its staff for a second step."""
    return bool(settings.get("staff_2step"))


def is_asked(worker: Worker, device_token: str) -> bool:
    """True when this worker's password alone does not let them in on this device."""
    return is_on() and not is_trusted(worker, device_token)


def app_of(worker: Worker) -> Authenticator | None:
    """The app of a worker; None while there is none."""
    found: Authenticator | None = Authenticator.get_or_none(Authenticator.worker == worker.id)
    return found


# ---------------------------------------------------------------- the app


def new_nonce() -> str:
    """What a secret, or a set of recovery codes, is made from."""
    return secrets.token_urlsafe(32)


def secret(nonce: str) -> str:
    """The secret that app and portal share, in the letters that apps take."""
    return base64.b32encode(_made("app", nonce)[:20]).decode()


def address(worker: Worker, nonce: str) -> str:
    """What the picture holds, and what a phone opens its app with."""
    import pyotp

    return str(pyotp.TOTP(secret(nonce)).provisioning_uri(name=worker.email, issuer_name=called()))


def called() -> str:
    """What the app calls this portal: by the agency's short name, once there is one."""
    house = agency.current()
    return house.short_name if house else "Doorstep"


def matching_step(nonce: str, typed: str) -> int | None:
    """The step of which ``typed`` is the code, if that is now, or one step before or after; None when there is none."""
    import pyotp

    code, now = digits(typed), int(clock.now().timestamp()) // SECONDS
    app = pyotp.HOTP(secret(nonce))
    steps = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(app.at(step).encode(), code.encode())]
    return steps[-1] if steps else None


def digits(typed: str) -> str:
    """The digits of what was typed, of whatever script; spaces and strokes are forgiven, anything else fits no code."""
    kept = (c for c in typed[:100] if not c.isspace() and unicodedata.category(c) not in ("Pd", "Cf"))
    return "".join(str(unicodedata.decimal(c, "?")) for c in kept)


def is_of_app(typed: str) -> bool:
    """True for six digits: what can be guessed, and so is counted; recovery codes are longer than anybody guesses."""
    return len(digits(typed)) == 6 and digits(typed).isdecimal()


def use_code(worker: Worker, typed: str) -> str:
    """Empty when this is the app's code and counts now, for the first time; else why not: ``code``, ``used``.

    Of many at once with the same code one counts.  Said inside a transaction.
    """
    app = app_of(worker)
    step = matching_step(app.nonce, typed) if app else None
    if app is None or step is None:
        return "code"
    fresh = Authenticator.update(last_step=step).where(Authenticator.id == app.id, Authenticator.last_step < step)
    return "" if fresh.where(Authenticator.nonce == app.nonce).execute() else "used"


def is_last_code(worker: Worker, typed: str) -> bool:
    """True for the very code that counted last: the form that brought it is sent again."""
    app = app_of(worker)
    return app is not None and app.last_step > 0 and matching_step(app.nonce, typed) == app.last_step


def set_up(worker: Worker, nonce: str, typed: str) -> None:
    """The app whose secret was shown is the worker's from now on, in place of an earlier one.

    Said inside a transaction that holds the worker.  Raises RuleBroken (field ``code``) unless its code was typed.
    """
    step = matching_step(nonce, typed)
    if step is None:
        raise RuleBroken(N_("That is not what the app shows now. Type the six digits that it shows."), code="wrong", field="code")
    Authenticator.delete().where(Authenticator.worker == worker.id).execute()
    Authenticator.create(worker=worker.id, nonce=nonce, set_up_at=clock.now(), last_step=step)


# ---------------------------------------------------------------- recovery codes


def new_codes(worker: Worker) -> str:
    """Fresh recovery codes in place of all earlier ones: what they are made from, to show them once.

    Said inside a transaction that holds the worker.
    """
    nonce = new_nonce()
    RecoveryCode.delete().where(RecoveryCode.worker == worker.id).execute()
    store.insert(RecoveryCode, [{"worker": worker.id, "code_hash": _kept(worker, code)} for code in codes(nonce)])
    return nonce


def codes(nonce: str) -> list[str]:
    """The recovery codes of a nonce, in two groups each."""
    made = (base64.b32encode(_made(f"recovery {number}", nonce)).decode()[:10].lower() for number in range(RECOVERY_CODES))
    return [f"{code[:5]}-{code[5:]}" for code in made]


def use_recovery_code(worker: Worker, typed: str) -> bool:
    """Spend a recovery code; of many at once with the same one, one gets True.  Said inside a transaction."""
    mine = (RecoveryCode.worker == worker.id) & (RecoveryCode.code_hash == _kept(worker, typed))
    return bool(RecoveryCode.update(used_at=clock.now()).where(mine, RecoveryCode.used_at.is_null()).execute())


def was_just_spent(worker: Worker, typed: str) -> bool:
    """True for a recovery code that let in within the last minute: the form that brought it is sent again."""
    mine = (RecoveryCode.worker == worker.id) & (RecoveryCode.code_hash == _kept(worker, typed))
    return bool(RecoveryCode.select().where(mine, RecoveryCode.used_at > clock.ago(minutes=1)).exists())


def codes_left(worker: Worker) -> int:
    """How many recovery codes still work."""
    return int(RecoveryCode.select().where(RecoveryCode.worker == worker.id, RecoveryCode.used_at.is_null()).count())


def _kept(worker: Worker, typed: str) -> str:
    """What is kept of a code; case, spaces and strokes are forgiven, and signs that look like a letter of it."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", typed[:100]).upper() if c.isalnum())
    return _made(f"recovery code of {worker.id}", plain.translate(str.maketrans("018", "OIB"))).hex()


def _made(what: str, of: str) -> bytes:
    return hmac.new(_key, f"{what}\n{of}".encode(), hashlib.sha256).digest()


def note_recovery(worker: Worker, by: Actor) -> int:
    """A recovery code was used: in the audit, and by e-mail to its owner; how many are left.  Said inside the transaction."""
    left = codes_left(worker)
    entry = audit.record("two_step.recovery_used", by, subject=f"worker {worker.id}", left=left)
    notices.put("recovery_code_used", entry.id, to=worker.email, worker=worker)
    return left


# ---------------------------------------------------------------- trusted devices


def is_trusted(worker: Worker, device_token: str) -> bool:
    """True on a device that its owner trusted no longer ago than *trusted device days*."""
    device = devices.find(None, worker, device_token)
    return device is not None and devices.trusted_until(device) is not None


def trust(device: Device, token: str, by: Actor) -> None:
    """No code is asked for on this device for some days.  Said inside the transaction of a second step that was done on it.

    From now on it is known by another token: others who use the browser may have the earlier one.
    """
    Device.update(trusted_at=clock.now(), token_hash=devices.digest(token)).where(Device.id == device.id).execute()
    audit.record("device.trusted", by, subject=f"worker {device.worker_id}", days=settings.get("trusted_device_days"))


def trust_token(half: HalfSignIn) -> str:
    """The token of a device that is trusted with this sign-in: the same again for a form that is sent once more."""
    return base64.urlsafe_b64encode(_made("trusted device", half.token_hash)).decode().rstrip("=")


# ---------------------------------------------------------------- tries and ends


def count_try(worker: Worker, device: int | None, what: str = "second_step") -> bool:
    """Count a code before it is compared, over all sign-ins of a worker; a device that they signed in on counts for itself,
    so that whoever guesses elsewhere does not keep them out.  False when none is compared any more today."""
    return limits.spend(what, _who(worker, device), most=settings.get("second_step_tries_a_day"), seconds=DAY)


def was_right(worker: Worker, device: int | None, what: str = "second_step") -> None:
    """A code that turned out right counts for no limit."""
    limits.give_back(what, _who(worker, device), seconds=DAY)


def note_wrong(worker: Worker, by: Actor, why: str) -> None:
    """A code after the right password did not count: in the audit, and to its owner when it is the fifth of a day, in however
    many sign-ins.  Said inside a transaction."""
    most = settings.get("second_step_tries") - 1
    is_often = not limits.spend("wrong code", f"worker {worker.id}", most=most, seconds=DAY)
    entry = audit.record("two_step.failed", by, subject=f"worker {worker.id}", reason=why)
    if is_often:
        _warn(worker, entry.id)


def note_no_code(worker: Worker, by: Actor) -> None:
    """Whoever had the right password has spent the tries for the code: in the audit, and to its owner.  Said inside a transaction."""
    entry = audit.record("two_step.no_code", by, subject=f"worker {worker.id}")
    _warn(worker, entry.id)


def _warn(worker: Worker, entry: int) -> None:
    """Tell by e-mail that somebody may have the password: one for all guesses of an hour."""
    if limits.spend("password known", f"worker {worker.id}", most=1, seconds=HOUR):
        notices.put("password_known", entry, to=worker.email, worker=worker)


def _who(worker: Worker, device: int | None) -> str:
    return f"worker {worker.id} on {device}" if device else f"worker {worker.id}"


def expiry() -> dt.datetime:
    """Until when what begins now may be finished."""
    return clock.ahead(minutes=settings.get("second_step_minutes"))


def begin(worker: Worker) -> tuple[str, bool]:
    """A half sign-in for somebody whose password was right: its token, and whether an app is to be set up first.

    Said inside a transaction that holds the worker.
    """
    token, is_first = secrets.token_urlsafe(32), app_of(worker) is None
    HalfSignIn.create(token_hash=devices.digest(token), worker=worker.id, nonce=new_nonce() if is_first else "", expires_at=expiry())
    return token, is_first


def end_halves(worker: Worker) -> None:
    """Whatever sign-in is half done is over.  Said inside a transaction."""
    HalfSignIn.delete().where(HalfSignIn.worker == worker.id).execute()


def end_trust(worker: Worker) -> None:
    """Every device asks for a code again.  Said inside a transaction."""
    Device.update(trusted_at=None).where(Device.worker == worker.id, Device.trusted_at.is_null(False)).execute()


def forget(worker: Worker) -> bool:
    """App, recovery codes and trusted devices go, and sign-ins that are half done; True when there was an app.

    Said inside the transaction of the cause, which holds the worker.
    """
    end_halves(worker)
    end_trust(worker)
    RecoveryCode.delete().where(RecoveryCode.worker == worker.id).execute()
    return bool(Authenticator.delete().where(Authenticator.worker == worker.id).execute())


def note_removal(worker: Worker, by: Actor) -> None:
    """In the audit, and by e-mail to whose app it was.  Said inside the transaction."""
    entry = audit.record("two_step.removed", by, subject=f"worker {worker.id}")
    notices.put("authenticator_removed", entry.id, to=worker.email, worker=worker)


def note_set_up(worker: Worker, by: Actor, kind: str) -> None:
    """In the audit (``two_step.enrolled`` or ``two_step.moved``), and by e-mail.  Said inside the transaction."""
    entry = audit.record(kind, by, subject=f"worker {worker.id}")
    notices.put("authenticator_set_up", entry.id, to=worker.email, worker=worker)
