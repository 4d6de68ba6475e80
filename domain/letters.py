"""What each kind of message says, made at sending from ids, and whether it is still wanted then.

One source gives plain text and HTML.  Subjects name no service, no worker and nobody (spec 02, discretion).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain import (
    accounts,
    activation,
    address_change,
    agency,
    document_letters,
    event_letters,
    house_texts,
    links,
    lockout,
    message_letters,
    notices,
    profile,
    request_letters,
    resets,
    settings,
    texts,
    wanted,
    worker_letters,
)
from domain.letter_parts import Letter as Letter
from domain.letter_parts import Unreached as Unreached
from domain.letter_parts import Unwanted as Unwanted
from domain.letter_parts import language_for
from domain.letter_parts import language_of as language_of
from domain.rules import N_
from models import CLOSED, DISABLED, Delivery, Device, PortalAccount, Worker

_ASK_THEMSELVES = ("message_waiting",)  # whom it would not reach at all, staff are told of
_TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "email"


def letter(delivery: Delivery, portal_url: str) -> Letter:
    """The text of a delivery as of now.  Raises Unwanted when consent, account or cause are gone."""
    if delivery.kind not in _ASK_THEMSELVES:
        wanted.must_be(delivery)
    return wanted.as_wanted(_WRITERS[delivery.kind](delivery, portal_url), delivery, portal_url)


def bodies(text: Letter, language: str, portal_url: str) -> tuple[str, str]:
    """The plain text and the HTML of a letter, with the agency's footer."""
    house, site = agency.current(), agency.main_site()
    fields = {
        "letter": text, "agency": house, "site": site, "language": language, "portal_url": portal_url,
        "emergency_line": house_texts.emergency_line(language),
        "direction": texts.direction(language),
        "_": lambda message, **fields: texts.say(language, message, **fields),
    }  # fmt: skip
    plain = _environment().get_template("letter.txt").render(**fields)
    return plain, _environment().get_template("letter.html").render(**fields)


def _activation(delivery: Delivery, portal_url: str) -> Letter:
    if activation.standing(delivery.link) != activation.GOOD:
        raise Unwanted(N_("The activation no longer stands."))
    if refusal := accounts.unreachable(delivery.account):
        # What is kept is translated when it is read, so it holds no number.
        raise Unwanted(N_("This person is younger than the minimum age.") if refusal.code == "age" else refusal.message)
    tongue, house = language_of(delivery), agency.settled()
    until = texts.moment(tongue, delivery.link.expires_at.astimezone(agency.zone()))
    return Letter(
        texts.say(tongue, N_("Your portal is ready")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("%(agency)s has opened a portal for you: a private place for what concerns you and us."),
                      agency=house.name),
            texts.say(tongue, N_("To begin, activate your account. It takes about two minutes. "
                                 "You will be asked for your date of birth and choose a password.")),
        ),
        (texts.say(tongue, N_("Activate my account")), f"{portal_url}/activate/{links.token(delivery.link)}"),
        (
            texts.say(tongue, N_("The link works until %(until)s."), until=until),
            texts.say(tongue, N_("If this is not for you, please delete it and tell us.")),
        ),
    )  # fmt: skip


def _password_reset(delivery: Delivery, portal_url: str) -> Letter:
    if not resets.resolve(delivery):
        raise Unwanted(N_("Nobody who can sign in has this address."))
    if not links.is_good(delivery.link):
        raise Unwanted(N_("A newer link was sent."))
    tongue = language_of(delivery)
    return Letter(
        texts.say(tongue, N_("Choose a new password")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("Somebody asked for a new password for your portal. If it was you, choose one now.")),
        ),
        (texts.say(tongue, N_("Choose a new password")), f"{portal_url}/reset/{links.token(delivery.link)}"),
        (
            texts.say(tongue, N_("The link works once, for %(minutes)s minutes."), minutes=settings.get("reset_minutes")),
            texts.say(tongue, N_("If it was not you, you need not do anything: your password stays as it is.")),
        ),
    )  # fmt: skip


def _invitation(delivery: Delivery, portal_url: str) -> Letter:
    if not links.is_good(delivery.link):
        raise Unwanted(N_("A newer link was sent."))
    tongue, house = language_of(delivery), agency.settled()
    until = texts.moment(tongue, delivery.link.expires_at.astimezone(agency.zone()))
    return Letter(
        texts.say(tongue, N_("You are invited to work with the portal")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("%(agency)s invites you to its portal as a member of staff. Choose a password, and you are in."),
                      agency=house.name),
        ),
        (texts.say(tongue, N_("Accept the invitation")), f"{portal_url}/invitation/{links.token(delivery.link)}"),
        (
            texts.say(tongue, N_("The link works once, until %(until)s."), until=until),
            texts.say(tongue, N_("If this is not for you, please delete it.")),
        ),
    )  # fmt: skip


def _still_theirs(delivery: Delivery) -> None:
    """A notice of safety is for who may come back to the portal, not for an account that ended meanwhile."""
    _must_last(delivery.account, delivery.worker)


def _must_last(account: PortalAccount | None, worker: Worker | None) -> None:
    if (account is not None and account.state in (CLOSED, DISABLED)) or (worker is not None and not worker.is_active):
        raise Unwanted(N_("The account has ended."))


def _password_changed(delivery: Delivery, portal_url: str) -> Letter:
    _still_theirs(delivery)
    tongue = language_of(delivery)
    return Letter(
        texts.say(tongue, N_("Your password was changed")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("The password of your portal was changed. If it was you, all is well.")),
            texts.say(tongue, N_("If it was not you, choose a new password now and call us.")),
        ),
        (texts.say(tongue, N_("Choose a new password")), f"{portal_url}/forgotten-password"),
    )


def _new_password_wanted(delivery: Delivery, portal_url: str) -> Letter:
    _still_theirs(delivery)
    if delivery.account.password_reset_wanted_at is None:
        raise Unwanted(N_("A new password was chosen meanwhile."))
    tongue, house = language_of(delivery), agency.settled()
    return Letter(
        texts.say(tongue, N_("Please choose a new password")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("%(agency)s asks you to choose a new password for your portal. You were signed out everywhere, and "
                                 "the old password no longer opens it."), agency=house.name),
            texts.say(tongue, N_("Ask for a link to a new password here whenever you like.")),
        ),
        (texts.say(tongue, N_("Choose a new password")), f"{portal_url}/forgotten-password"),
    )  # fmt: skip


def _new_device(delivery: Delivery, portal_url: str) -> Letter:
    _still_theirs(delivery)
    tongue = language_of(delivery)
    seen = Device.select().where(Device.account == delivery.account, Device.worker == delivery.worker)
    device = seen.where(Device.id == int(delivery.dedupe_key.split(":")[1])).first()
    if device is None:
        raise Unwanted(N_("The device is gone."))
    when = texts.moment(tongue, device.created_at.astimezone(agency.zone()))
    return Letter(
        texts.say(tongue, N_("A new device signed in")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("A device that we had not seen before signed in to your portal on %(when)s. "
                                 "If it was you, all is well."), when=when),
            texts.say(tongue, N_("If it was not you, choose a new password now and call us.")),
        ),
        (texts.say(tongue, N_("Choose a new password")), f"{portal_url}/forgotten-password"),
    )  # fmt: skip


def _birth_date_closed(delivery: Delivery, portal_url: str) -> Letter:
    if not profile.has_consent(delivery.individual, "email"):
        raise Unwanted(N_("There is no consent to e-mail."))
    tongue = language_of(delivery)
    return Letter(
        texts.say(tongue, N_("Your activation was stopped")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("A wrong date of birth was entered, so the link we sent you no longer works. Nobody got in.")),
            texts.say(tongue, N_("To get a new link, call us on %(phone)s."), phone=agency.support_phone()),
        ),
    )  # fmt: skip


def _mail_test(delivery: Delivery, portal_url: str) -> Letter:
    tongue = language_of(delivery)
    code = links.digits(delivery.link)
    return Letter(
        texts.say(tongue, N_("Test e-mail of your portal")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("This e-mail shows that your portal can send. Type this code on the page that you came from:")),
            f"{code[:3]} {code[3:]}",
        ),
    )


def _sign_in_locked(delivery: Delivery, portal_url: str) -> Letter:
    if lockout.standing(delivery.link) != lockout.GOOD:
        raise Unwanted(N_("The link no longer works."))
    tongue = language_of(delivery)
    return Letter(
        texts.say(tongue, N_("A wrong password, several times")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("A wrong password was entered for your portal several times in a row. To keep others out, only "
                                 "devices that you used before can sign in now.")),
            texts.say(tongue, N_("If it was you, or if you want to sign in on another device, unlock your sign-in here.")),
        ),
        (texts.say(tongue, N_("Unlock my sign-in")), f"{portal_url}/unlock/{links.token(delivery.link)}"),
        (
            texts.say(tongue, N_("The link works once, for %(minutes)s minutes."), minutes=settings.get("unlock_minutes")),
            texts.say(tongue, N_("If it was not you, you need not do anything: nobody got in.")),
        ),
    )  # fmt: skip


def _address_code(delivery: Delivery, portal_url: str) -> Letter:
    if not links.is_good(delivery.link):
        raise Unwanted(N_("The code no longer works."))
    change = address_change.of_code(delivery)
    holder = address_change.holder(change.new_key, change.account)
    if holder is not None:
        return _somebody_elses(holder)
    tongue, code = language_of(delivery), links.digits(delivery.link)
    return Letter(
        texts.say(tongue, N_("Your code")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("To sign in to your portal with this e-mail address from now on, type this code on the page that "
                                 "you came from:")),
            f"{code[:3]} {code[3:]}",
        ),
        None,
        (
            texts.say(tongue, N_("The code works once, for %(minutes)s minutes."), minutes=settings.get("address_code_minutes")),
            texts.say(tongue, N_("If it was not you, please delete this e-mail. Nothing changes.")),
        ),
    )  # fmt: skip


def _somebody_elses(holder: address_change.Holder) -> Letter:
    """Who signs in with the address already gets no code but reads what happened."""
    _must_last(holder.account, holder.worker)
    tongue = language_for(holder.account.individual if holder.account else None)
    return Letter(
        texts.say(tongue, N_("Your e-mail address was entered")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("Somebody wanted to sign in to the portal with this e-mail address. You sign in with it already, so "
                                 "nothing was changed.")),
            texts.say(tongue, N_("You need not do anything.")),
        ),
    )  # fmt: skip


def _worker_address_changed(delivery: Delivery, portal_url: str) -> Letter:
    tongue, address = language_of(delivery), notices.mask(delivery.worker.email or "")
    return Letter(
        texts.say(tongue, N_("You sign in with another address now")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("A colleague changed the e-mail address that you sign in to the portal with. It is now %(address)s. "
                                 "You were signed out everywhere."), address=address),
            texts.say(tongue, N_("If you did not expect this, tell your agency at once.")),
        ),
    )  # fmt: skip


def _address_changed(delivery: Delivery, portal_url: str) -> Letter:
    if address_change.standing(delivery.link) != address_change.GOOD:
        raise Unwanted(N_("The link no longer works."))
    tongue = language_of(delivery)
    until = texts.moment(tongue, delivery.link.expires_at.astimezone(agency.zone()))
    address = notices.mask(address_change.of_undo(delivery.link).new_email)
    return Letter(
        texts.say(tongue, N_("Your sign-in address was changed")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("From now on you sign in to your portal with another e-mail address: %(address)s. If it was you, all "
                                 "is well."), address=address),
            texts.say(tongue, N_("If it was not you, take it back here and choose a new password.")),
        ),
        (texts.say(tongue, N_("This was not me")), f"{portal_url}/former-address/{links.token(delivery.link)}"),
        (texts.say(tongue, N_("The link works until %(until)s."), until=until),),
    )  # fmt: skip


_NOT_ME = N_("If it was not you, choose a new password now and call us.")


def _of_second_step(delivery: Delivery, portal_url: str, subject: str, told: str, *more: str) -> Letter:
    _still_theirs(delivery)
    tongue = language_of(delivery)
    when = texts.moment(tongue, delivery.created_at.astimezone(agency.zone()))
    return Letter(
        texts.say(tongue, subject),
        tuple(texts.say(tongue, each, when=when) for each in (N_("Hello,"), told, *more, _NOT_ME)),
        (texts.say(tongue, N_("Choose a new password")), f"{portal_url}/forgotten-password"),
    )


def _authenticator_set_up(delivery: Delivery, portal_url: str) -> Letter:
    return _of_second_step(
        delivery, portal_url, N_("An authenticator app was set up"),
        N_("From now on you sign in to your portal with your password and the code of an authenticator app that was just set up. "
           "If it was you, all is well."),
    )  # fmt: skip


def _authenticator_removed(delivery: Delivery, portal_url: str) -> Letter:
    return _of_second_step(
        delivery, portal_url, N_("Your authenticator app was removed"),
        N_("The app that you sign in to your portal with was removed, and you are signed out everywhere. You set one up again at your "
           "next sign-in."),
        N_("If you asked for it, all is well."),
    )  # fmt: skip


def _recovery_code_used(delivery: Delivery, portal_url: str) -> Letter:
    return _of_second_step(
        delivery, portal_url, N_("A recovery code was used"),
        N_("One of your recovery codes was used in place of your authenticator app. If it was you, all is well."),
        N_("You can make new codes on the page “My sign-in”."),
    )  # fmt: skip


def _password_known(delivery: Delivery, portal_url: str) -> Letter:
    return _of_second_step(
        delivery, portal_url, N_("Somebody may have your password"),
        N_("On %(when)s somebody typed your e-mail address and your right password, and then wrong codes several times. With these they "
           "did not get in."),
        N_("If it was you, you need do nothing."),
    )  # fmt: skip


_WRITERS: dict[str, Callable[[Delivery, str], Letter]] = {
    "event_booked": event_letters.booked,
    "event_moved": event_letters.moved,
    "event_cancelled": event_letters.cancelled,
    "event_confirmation": event_letters.confirmation,
    "client_running_late": event_letters.running_late,
    "client_cannot_come": event_letters.cannot_come,
    "client_cancelled": event_letters.given_up,
    "event_changed": event_letters.moved,
    "client_requested": request_letters.requested,
    "client_booked": request_letters.booked_soon,
    "request_offered": request_letters.offered,
    "request_declined": request_letters.declined,
    "request_expired": request_letters.expired,
    "message_waiting": message_letters.to_client,
    "reply_link_closed": message_letters.link_closed,
    "client_wrote": message_letters.to_worker,
    "message_overdue": message_letters.overdue,
    "document_assigned": document_letters.to_do,
    "document_due": document_letters.due,
    "event_reminder": worker_letters.reminder,
    "client_confirmed": worker_letters.confirmed,
    "client_missed": worker_letters.missed,
    "activation": _activation,
    "password_reset": _password_reset,
    "password_changed": _password_changed,
    "new_device": _new_device,
    "birth_date_closed": _birth_date_closed,
    "mail_test": _mail_test,
    "sign_in_locked": _sign_in_locked,
    "address_code": _address_code,
    "address_changed": _address_changed,
    "worker_address_changed": _worker_address_changed,
    "invitation": _invitation,
    "authenticator_set_up": _authenticator_set_up,
    "authenticator_removed": _authenticator_removed,
    "recovery_code_used": _recovery_code_used,
    "password_known": _password_known,
    "new_password_wanted": _new_password_wanted,
}

# What a kind is called on staff pages.
KIND_NAMES = {
    "event_booked": N_("New appointment"),
    "event_moved": N_("Appointment moved"),
    "event_cancelled": N_("Appointment cancelled"),
    "event_confirmation": N_("Confirmation of an appointment"),
    "client_running_late": N_("Client is running late"),
    "client_cannot_come": N_("Client cannot come"),
    "client_cancelled": N_("Client cancelled"),
    "event_changed": N_("Appointment changed"),
    "client_requested": N_("Client asks for an appointment"),
    "client_booked": N_("Client booked something near"),
    "request_offered": N_("Another time offered"),
    "request_declined": N_("Request declined"),
    "request_expired": N_("Request not answered in time"),
    "message_waiting": N_("New message"),
    "reply_link_closed": N_("Reply link stopped"),
    "client_wrote": N_("Client wrote"),
    "message_overdue": N_("Message not answered in time"),
    "document_assigned": N_("Something to do"),
    "document_due": N_("Reminder of something to do"),
    "event_reminder": N_("Reminder before an appointment"),
    "client_confirmed": N_("A client confirmed"),
    "client_missed": N_("A client did not come"),
    "activation": N_("Activation"),
    "password_reset": N_("New password wanted"),
    "password_changed": N_("Password changed"),
    "new_device": N_("New device"),
    "birth_date_closed": N_("Activation stopped"),
    "mail_test": N_("Test e-mail"),
    "sign_in_locked": N_("Sign-in locked"),
    "address_code": N_("Code for another address"),
    "address_changed": N_("Sign-in address changed"),
    "worker_address_changed": N_("Sign-in address changed"),
    "invitation": N_("Invitation"),
    "authenticator_set_up": N_("Authenticator app set up"),
    "authenticator_removed": N_("Authenticator app removed"),
    "recovery_code_used": N_("Recovery code used"),
    "password_known": N_("Right password, no right code"),
    "new_password_wanted": N_("Staff ask for a new password"),
}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=lambda name: bool(name and name.endswith(".html")),  # noqa: S701 - text is no HTML
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
