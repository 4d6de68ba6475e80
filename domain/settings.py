"""What an agency decides: one typed table with default, unit and help.  Pages that edit it are drawn from it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from domain import audit, store
from domain.actor import Actor
from domain.rules import N_, STALE, RuleBroken, Term, together
from models import Setting, db


@dataclasses.dataclass(frozen=True)
class Kind:
    """One setting: its default fixes its type; ``least`` and ``most`` are the limits of a number, ``choices`` the
    values of a text with what they are called."""

    default: Any
    label: str
    unit: str = ""
    help: str = ""
    least: int | None = None
    most: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    is_address: bool = False  # of a web page, by https


_OFF, _APPROVAL, _AT_ONCE = ("off", N_("No")), ("approval", N_("Yes, once a worker has accepted")), ("at_once", N_("Yes, at once"))
_EDITING = (_OFF, _APPROVAL, _AT_ONCE)


# From where a discussion can be begun.
_PLACES = {
    "begin_from_inbox": (N_("Clients write from their Inbox"), ""),
    "begin_from_appointment": (N_("Clients write about an appointment"), ""),
    "begin_from_service": (N_("Clients write about a service"), ""),
    "write_from_profile": (N_("Staff write from the page of a client"), ""),
    "write_from_event": (N_("Staff write to everybody who comes to an appointment"), N_("Each gets a discussion of their own.")),
    "write_from_enrolment": (N_("Staff write from an enrolment"), N_("Each gets a discussion of their own.")),
    "write_from_group": (N_("Staff write to everybody in a group"), N_("Each gets a discussion of their own.")),
}

CATALOGUE: dict[str, Kind] = {
    "activation_expiry_days": Kind(14, N_("Activation expiry"), N_("days"), N_("How long an activation link works."), 1, 90),
    "minimum_age": Kind(16, N_("Minimum age"), N_("years"), N_("Nobody younger gets a portal account."), 0, 99),
    "placeholder_birth_date": Kind(
        dt.date(1900, 1, 1), N_("Placeholder date of birth"), "", N_("Stands for “not known”; it never activates an account.")
    ),
    "licence_count": Kind(0, N_("Licence count"), N_("accounts"), N_("Open accounts at most; 0 means no limit."), 0, 10_000_000),
    "password_length": Kind(12, N_("Shortest password"), N_("characters"), "", 12, 64),
    "birth_date_tries": Kind(
        3, N_("Wrong dates of birth"), N_("for one account"), N_("After the last one the activation is closed."), 1, 3
    ),
    "birth_date_tries_a_day": Kind(
        5, N_("Date of birth tries"), N_("a day"), N_("For one individual, whatever the number of links."), 3, 20
    ),
    "birth_date_tries_a_network": Kind(
        20, N_("Date of birth tries from one network"), N_("an hour"), "", 5, 1000
    ),
    "sign_ins_a_minute": Kind(10, N_("Sign-in tries"), N_("a minute"), N_("For one address and for one network."), 3, 1000),
    "sign_in_tries": Kind(
        5, N_("Wrong passwords in a row"), N_("for one account"),
        N_("Then only devices that were used before are let in until somebody unlocks; each of these has as many tries of its own."),
        3, 20,
    ),
    "unlock_minutes": Kind(30, N_("Unlock link"), N_("minutes"), N_("How long the link works. Staff are let in again after it."), 5, 120),
    "resets_an_hour": Kind(5, N_("Password resets"), N_("an hour"), N_("For one address and for one network."), 1, 1000),
    "reset_minutes": Kind(30, N_("Password reset link"), N_("minutes"), N_("How long the link works."), 5, 120),
    "invitation_days": Kind(7, N_("Invitation of a worker"), N_("days"), N_("How long the link works."), 1, 90),
    "link_page_minutes": Kind(
        30, N_("Pages behind a link"), N_("minutes"), N_("Afterwards the e-mailed link must be opened again."), 5, 60
    ),
    "first_start_tries": Kind(
        20, N_("Tries of the first start’s code"), N_("an hour"), N_("From one network."), 3, 100
    ),
    "staff_2step": Kind(
        True, N_("Staff sign in with an authenticator app"), "",
        N_("After the password they type six digits that their phone shows. Who has no app yet is led through it."),
    ),
    "trusted_device_days": Kind(
        30, N_("Trusted devices"), N_("days"), N_("How long no code is asked for where somebody wishes so."), 1, 365
    ),
    "second_step_tries": Kind(5, N_("Wrong codes of the app"), N_("for one sign-in"), N_("Then it begins again with the password."), 3, 10),
    "second_step_tries_a_day": Kind(
        10, N_("Wrong codes of the app"), N_("a day"),
        N_("For one worker; each device that they used before has as many of its own. Recovery codes work all the same."), 5, 50,
    ),
    "second_step_minutes": Kind(10, N_("After the password"), N_("minutes"), N_("How long the page waits for the code."), 3, 10),
    "idle_minutes": Kind(30, N_("Idle limit"), N_("minutes"), N_("A session without a tap ends after this time."), 5, 240),
    "session_hours": Kind(12, N_("Longest session"), N_("hours"), "", 1, 24),
    "address_change": Kind(
        True, N_("Clients may change the address that they sign in with"), "",
        N_("Without it the line on My Portal, its pages and their part of the help are gone."),
    ),
    "address_undo_days": Kind(7, N_("“This was not me”"), N_("days"), N_("How long the link to the former address works."), 3, 30),
    "address_code_minutes": Kind(10, N_("Code to the new address"), N_("minutes"), "", 3, 10),
    "address_code_tries": Kind(5, N_("Wrong codes"), N_("tries"), N_("For one code."), 3, 10),
    "address_code_wait": Kind(60, N_("Between two codes"), N_("seconds"), "", 30, 600),
    "address_codes_an_hour": Kind(
        5, N_("Codes to a new address"), N_("an hour"), N_("For one account and for one network."), 1, 1000
    ),
    "about_me_names": Kind(
        "off", N_("Clients change preferred name, pronouns and gender"), choices=_EDITING,
        help=N_("With “No” About Me only shows them."),
    ),
    "about_me_legal": Kind(
        "off", N_("Clients change legal name and date of birth"), choices=(_OFF, _APPROVAL),
        help=N_("A worker always looks at these first. With “No” About Me only shows them."),
    ),
    "about_me_contacts": Kind(
        "off", N_("Clients change phones, e-mail and postal addresses"), choices=_EDITING,
        help=N_("Not the address that they sign in with. With “No” About Me only shows them."),
    ),
    "about_me_emergency": Kind(
        "off", N_("Clients change emergency contacts"), choices=_EDITING, help=N_("With “No” About Me only shows them."),
    ),
    "about_me_changes_a_day": Kind(20, N_("Changes by a client"), N_("a day"), "", 1, 200),
    "about_me_declined_days": Kind(
        30, N_("Declined changes stay on About Me"), N_("days"), N_("With the reason that you wrote."), 1, 365
    ),
    "unsent_minutes": Kind(
        60, N_("Typed when the session ended"), N_("minutes"), N_("How long it waits for its writer to sign in again."), 5, 240
    ),
    "event_minutes": Kind(
        50, N_("Length of an appointment"), N_("minutes"), N_("Offered when one is booked; it can be changed there."), 5, 480
    ),
    "confirming": Kind(
        True, N_("Clients may confirm appointments"), "", N_("In the portal, and by an e-mail some time before."),
    ),
    "cancelling": Kind(
        True, N_("Clients may cancel appointments"), "", N_("Without it they are asked to call, and can still say that they cannot come."),
    ),
    "cancellation_notice": Kind(
        24, N_("Cancellation notice"), N_("hours"), N_("Until so long before, a client cancels in time."), 0, 336
    ),
    "late_cancelling": Kind(
        True, N_("Clients may cancel late"), "", N_("After the notice it counts as cancelled late. Without it they are asked to tell you."),
    ),
    "document_assigned": Kind(True, N_("Tell clients that there is something to do"), "", N_("An e-mail when a document is assigned.")),
    "document_due_before": Kind(3, N_("Reminder before something is due"), N_("days before"), N_("0 means never."), 0, 60),
    "document_due_after": Kind(2, N_("Reminder after something was due"), N_("days after"), N_("0 means never."), 0, 60),
    "discussions": Kind(True, N_("Clients and staff write to each other"), "", N_("Without it messages and their pages are gone.")),
    "documents": Kind(True, N_("Clients fill in forms and read letters"), "", N_("Without it Things to Do and its pages are gone.")),
    "starting_discussions": Kind(
        True, N_("Clients may begin a discussion"), "", N_("Without it they only answer what staff have written."),
    ),
    **{key: Kind(True, label, "", help_) for key, (label, help_) in _PLACES.items()},
    "answer_days": Kind(
        2, N_("Answer within"), N_("working days"), N_("What clients are promised when they write; 0 promises nothing."), 0, 30
    ),
    "unanswered_limit": Kind(
        3, N_("Messages in a row"), N_("messages"), N_("How many a client may write before staff answer; 0 means no limit."), 0, 50
    ),
    "unanswered_discussions": Kind(
        3, N_("Discussions without an answer"), N_("discussions"),
        N_("How many a client may begin before staff answer; 0 means no limit."), 0, 50,
    ),
    "unread_delay": Kind(
        10, N_("E-mail of unread messages"), N_("minutes"),
        N_("How long after a message it is sent, if the message is still unread. Several messages share one e-mail."), 0, 1440,
    ),
    "closed_answer_days": Kind(
        30, N_("Answers to what was closed"), N_("days"),
        N_("How long a client may still answer; the answer opens the discussion again."), 0, 365
    ),
    "attachments_each": Kind(
        5, N_("Files in a message"), N_("files"), N_("Pictures and PDFs that can be sent along; 0 means none."), 0, 5
    ),
    "attachment_megabytes": Kind(10, N_("Size of a file"), N_("MB"), N_("A photo is made smaller when it arrives."), 1, 10),
    "reply_link_days": Kind(
        30, N_("Reply links"), N_("days"), N_("How long somebody without an account may read and answer by the link in an e-mail."), 1, 90
    ),
    "requesting": Kind(
        True, N_("Clients may request appointments"), "",
        N_("In the time that you name as theirs. Without it the button and its pages are gone; so they are while no such time is named."),
    ),
    "changing_time": Kind(
        True, N_("Clients may change the time of an appointment"), "", N_("To another free time of the same worker, by the same rules."),
    ),
    "request_mode": Kind(
        "at_once", N_("What a client requests"),
        choices=(("at_once", N_("is booked at once")), ("approve", N_("waits until the worker accepts it"))),
        help=N_("While it waits, nobody else can have the time."),
    ),
    "request_notice": Kind(24, N_("Minimum notice"), N_("hours"), N_("Nothing sooner than this can be requested."), 0, 336),
    "days_ahead": Kind(60, N_("How far ahead"), N_("days"), N_("Nothing later than this can be requested."), 1, 365),
    "slot_step": Kind(
        0, N_("Times begin every"), N_("minutes"), N_("From the start of a worker’s hours on; 0 means one after the other."), 0, 480
    ),
    "slot_buffer": Kind(0, N_("Between two appointments"), N_("minutes"), N_("Left free before and after each."), 0, 240),
    "requests_a_day": Kind(3, N_("Requests by one client"), N_("a day"), N_("Those withdrawn or cancelled since count too."), 1, 20),
    "request_expiry": Kind(
        48, N_("How long a request waits"), N_("hours"), N_("Then it is over and the time free, at the latest when it would begin."), 1, 336
    ),
    "request_soon": Kind(
        48, N_("Tell workers of what was booked late"), N_("hours before"),
        N_("An e-mail when a client books something that is so near; 0 means never."), 0, 336,
    ),
    "event_booked": Kind(True, N_("Tell clients of a new appointment"), "", ""),
    "event_moved": Kind(True, N_("Tell clients of a change"), "", N_("Another time, worker or place.")),
    "event_moved_past": Kind(
        False, N_("Also when the new time is over"), "", N_("Such a change corrects the record. It is seldom news to the client."),
    ),
    "event_cancelled": Kind(True, N_("Tell clients that you cancelled"), "", ""),
    "client_cancelled": Kind(True, N_("Tell workers that a client cancelled"), "", ""),
    "event_confirmation": Kind(True, N_("Ask clients to confirm"), "", N_("An e-mail with a link, some time before.")),
    "client_delivery": Kind(
        True, N_("E-mails to clients about appointments and messages"), "",
        N_("Without it clients see these in the portal only. Codes, activations and notices of safety go out all the same."),
    ),
    "worker_delivery": Kind(
        True, N_("E-mails to workers"), "", N_("Each worker chooses of what. Without it they see all of it in the portal only."),
    ),
    "worker_mail_message": Kind(True, N_("A client wrote"), "", N_("To workers.")),
    "worker_mail_event": Kind(True, N_("A client asks for, books or cancels an appointment"), "", N_("To workers.")),
    "worker_mail_alert": Kind(True, N_("A client is running late or cannot come"), "", N_("To workers.")),
    "worker_mail_reminder": Kind(True, N_("Reminders before appointments"), "", N_("To workers.")),
    "worker_mail_confirmation": Kind(True, N_("A client confirms"), "", N_("To workers.")),
    "worker_mail_no_show": Kind(
        True, N_("A colleague wrote down that a client did not come"), "", N_("To workers, and not of groups."),
    ),
    "worker_detail": Kind(
        "text", N_("What e-mails to workers say"),
        choices=(("text", N_("Subject and text")), ("subject", N_("The subject only; the rest stands in the portal"))),
    ),
    "signed_in_minutes": Kind(
        10, N_("Counts as signed in"), N_("minutes"),
        N_("Workers who want no e-mails while they are signed in get none for so long after their last tap."), 1, 240,
    ),
    "messages_hide_last_name": Kind(
        False, N_("Leave out the last name of the worker"), "", N_("In what is sent of appointments."),
    ),
    "messages_hide_place": Kind(False, N_("Leave out the place"), "", N_("In what is sent of appointments.")),
    "calendar_feed": Kind(
        True, N_("Clients may read their appointments in a calendar of their own"), "",
        N_("A secret address that the calendar of their phone asks again and again."),
    ),
    "confirmation_hours": Kind(48, N_("When clients are asked to confirm"), N_("hours before"), "", 1, 336),
    "quick_exit": Kind(
        True, N_("Quick exit"), "",
        N_("A button on every page, and Shift three times: the page is gone, and the session ended. Without it the button, the keys "
           "and the help about it are gone."),
    ),
    "quick_exit_address": Kind(
        "https://www.google.com/", N_("Where quick exit leads"), "",
        N_("A page that anybody could be looking at, such as the weather. It must begin with https://."), is_address=True,
    ),
    "import_megabytes": Kind(
        15, N_("Largest file that can be imported"), N_("MB"), N_("On the page; the command takes any."), 1, 19
    ),
    "picture_megabytes": Kind(
        2, N_("Largest picture that can be uploaded"), N_("MB"), N_("A logo, an icon, the picture of a tile."), 1, 10
    ),
    "worker_photos": Kind(
        True, N_("Clients see photos of your workers"), "",
        N_("Beside the name of the worker. Without it they see initials, and photos are for staff only."),
    ),
    "photo_megabytes": Kind(
        8, N_("Largest photo of a worker"), N_("MB"), N_("As phones take them; what is kept of it is small."), 1, 19
    ),
    "bulk_hours": Kind(
        24, N_("Previews of many accounts"), N_("hours"), N_("One that nobody goes on with is forgotten then."), 1, 168
    ),
    "import_hours": Kind(
        24, N_("Unfinished imports"), N_("hours"), N_("An uploaded file that nobody goes on with is deleted then."), 1, 168
    ),
    "mail_rate": Kind(10, N_("Mail rate"), N_("a second"), N_("0 means as fast as the mail server takes them."), 0, 1000),
    "sandbox": Kind(
        False, N_("This is a copy for trying out"), "",
        N_("No message leaves for a real address: each is held, and every page says so. Only the test e-mail of the first start is "
           "sent, to whoever asks for it. Without the tick, what is held stays held until you send it or not."),
    ),
    "mail_test_minutes": Kind(10, N_("Code of the test e-mail"), N_("minutes"), "", 5, 60),
}


@dataclasses.dataclass(frozen=True)
class Section:
    """Settings that stand on one page."""

    name: str
    keys: tuple[str, ...]
    help: str = ""


SECTIONS: dict[str, Section] = {
    "components": Section(N_("What clients can use"), (
        "about_me_names", "about_me_contacts", "about_me_emergency", "about_me_legal", "address_change", "confirming", "cancelling",
        "requesting", "changing_time", "discussions", "starting_discussions", "documents",
        "calendar_feed", "quick_exit", "quick_exit_address", "worker_photos",
    ), N_("Each part of the portal that you can switch off. What is off is gone for clients: no button, no page.")),
    "accounts": Section(N_("Portal accounts"), (
        "activation_expiry_days", "minimum_age", "placeholder_birth_date", "licence_count", "birth_date_tries",
        "birth_date_tries_a_day", "birth_date_tries_a_network", "link_page_minutes", "bulk_hours",
    ), N_("Who gets an account, and how activation works.")),
    "sign_in": Section(N_("Sign-in"), (
        "password_length", "sign_ins_a_minute", "sign_in_tries", "unlock_minutes", "resets_an_hour", "reset_minutes",
        "invitation_days", "idle_minutes", "session_hours", "unsent_minutes",
        "staff_2step", "trusted_device_days", "second_step_tries", "second_step_tries_a_day", "second_step_minutes",
    ), N_("Passwords, tries and how long a session lasts.")),
    "address": Section(N_("Change of address"), (
        "address_undo_days", "address_code_minutes", "address_code_tries", "address_code_wait",
        "address_codes_an_hour",
    ), N_("How clients change the e-mail address that they sign in with.")),
    "about_me": Section(N_("About Me"), (
        "about_me_changes_a_day", "about_me_declined_days",
    ), N_("How often clients may change their own record.")),
    "events": Section(N_("Appointments"), (
        "event_minutes", "cancellation_notice", "late_cancelling", "event_booked", "event_moved", "event_moved_past", "event_cancelled",
        "event_confirmation", "confirmation_hours", "client_cancelled", "messages_hide_last_name", "messages_hide_place",
    ), N_("How long they are, until when they can be cancelled, and what is sent of them.")),
    "requests": Section(N_("Requested appointments"), (
        "request_mode", "request_notice", "days_ahead", "slot_step", "slot_buffer", "requests_a_day", "request_expiry", "request_soon",
    ), N_("Which times clients can request, and what happens then.")),
    "documents": Section(
        N_("Documents"), ("document_assigned", "document_due_before", "document_due_after"),
        N_("When clients are told and reminded of what there is to do."),
    ),
    "discussions": Section(N_("Messages"), (
        "answer_days", "unanswered_limit", "unanswered_discussions", "closed_answer_days", "unread_delay", "reply_link_days",
        "attachments_each", "attachment_megabytes", *_PLACES,
    ), N_("From where messages are begun, how much clients may write, and by when they are answered.")),
    "delivery": Section(N_("Who gets e-mails"), (
        "client_delivery", "worker_delivery", "worker_mail_message", "worker_mail_event", "worker_mail_alert", "worker_mail_reminder",
        "worker_mail_confirmation", "worker_mail_no_show", "worker_detail", "signed_in_minutes",
    ), N_("Which e-mails clients and workers can get. Of these each person chooses.")),
    "messages": Section(N_("E-mail"), ("mail_rate", "mail_test_minutes"), N_("How fast e-mails leave.")),
    "imports": Section(N_("Import"), (
        "import_megabytes", "import_hours", "picture_megabytes", "photo_megabytes",
    ), N_("Files that staff upload.")),
    "installation": Section(N_("Installation"), ("sandbox", "first_start_tries"), N_("Whether this is a copy for trying out (a sandbox).")),
}  # fmt: skip


def get(key: str) -> Any:
    """The value in force, of the default's type.  Raises KeyError for a setting that does not exist.

    A number that was stored before its limits were drawn counts as the nearer limit.
    """
    return _in_force(key, store.keep("settings", _all).get(key))


@lru_cache(maxsize=1000)  # a page asks for the same few again and again
def _in_force(key: str, stored: str | None) -> Any:
    kind = CATALOGUE[key]
    value = kind.default if stored is None else _read(kind, stored)
    return value if kind.least is None or kind.most is None else min(max(value, kind.least), kind.most)


def may_begin(place: str) -> bool:
    """True where clients may begin a discussion from a place, a setting."""
    return bool(get("discussions") and get("starting_discussions") and get(place))


def may_write(place: str) -> bool:
    """True where staff may begin a discussion from a place, a setting."""
    return bool(get("discussions") and get(place))


def change(key: str, text: str, by: Actor) -> None:
    """Set one value from what was typed.  Raises RuleBroken when it is not of the kind or beyond its limits."""
    value = checked(key, text)
    with store.writing():
        store.one_at_a_time("settings")
        before = get(key)
        stored = Setting.insert(key=key, value=_write(value))
        stored.on_conflict(conflict_target=[Setting.key], preserve=[Setting.value]).execute()
        audit.record("setting.changed", by, key=key, before=_write(before), after=_write(value))


def _all() -> dict[str, str]:
    return dict(db.execute_sql("SELECT key, value FROM setting").fetchall())


def look_at(section: str, by: Actor) -> None:
    """Note that somebody saved the page of a section, with changes or as it was.  Raises KeyError when there is none."""
    if SECTIONS[section] and not is_looked_at(section):
        with store.writing():
            if Setting.insert(key=_LOOKED_AT + section, value="1").on_conflict_ignore().execute():
                audit.record("setting.changed", by, key=_LOOKED_AT + section, before="0", after="1")


def is_looked_at(section: str) -> bool:
    """True once somebody saved the page of a section."""
    return _LOOKED_AT + section in store.keep("settings", _all)


def noted(name: str) -> str:
    """What the portal noted for itself beside the settings under a name; empty for nothing."""
    return store.keep("settings", _all).get(_NOTED + name, "")


def note(name: str, value: str) -> None:
    """Note something under a name."""
    with store.writing():
        stored = Setting.insert(key=_NOTED + name, value=value)
        stored.on_conflict(conflict_target=[Setting.key], preserve=[Setting.value]).execute()


_NOTED = "noted."
_LOOKED_AT = "looked_at."  # begins what is no setting, but a mark that its page was saved


def checked(key: str, text: str) -> Any:
    """What was typed as a value of the setting.  Raises RuleBroken (its field is the setting's key)."""
    kind = CATALOGUE[key]
    label = Term(kind.label)
    try:
        value = _read(kind, text.strip())
    except ValueError:
        raise RuleBroken(N_("Check the value of “%(label)s”."), code="setting_value", field=key, label=label) from None
    if kind.choices and value not in dict(kind.choices):
        raise RuleBroken(N_("Choose one of the list."), code="setting_choice", field=key)
    if kind.is_address and not _is_page_by_https(value):
        raise RuleBroken(N_("Enter a whole address that begins with https://."), code="setting_address", field=key)
    if kind.least is not None and kind.most is not None and not kind.least <= value <= kind.most:
        raise RuleBroken(
            N_("“%(label)s” goes from %(least)s to %(most)s."), code="setting_limits", field=key, label=label,
            least=kind.least, most=kind.most,
        )  # fmt: skip
    return value


def write_all(typed: dict[str, str], by: Actor, *, shown: dict[str, str]) -> int:
    """Set several values from what was typed; how many are different now.

    ``shown`` is what the page showed: a value that somebody changed meanwhile is not overwritten unseen.  Raises
    RuleBroken with every one that is wrong; then nothing is changed.
    """
    wanted = different(typed, shown)
    with store.writing():
        store.one_at_a_time("settings")  # before the values are compared, or two would both find theirs
        for key, text in wanted.items():
            if as_text(key) != shown.get(key):
                raise RuleBroken(STALE, code="stale", field=key)
            change(key, text, by)
    return len(wanted)


def different(typed: dict[str, str], shown: dict[str, str]) -> dict[str, str]:
    """Of what was typed, that which is not what the page showed.  Raises RuleBroken with every value that is wrong."""
    wanted = {key: text for key, text in typed.items() if text.strip() != shown.get(key, "")}
    together(*(partial(checked, key, text) for key, text in wanted.items()))
    return wanted


def as_text(key: str) -> str:
    """The value in force as a page shows and sends it."""
    return _write(get(key))


def _is_page_by_https(text: str) -> bool:
    """An address that a header can hold, and that names nobody; every browser understands it in the same way."""
    if len(text) > 300 or not re.fullmatch(r"https://[!-~]+", text) or any(c in text for c in "\\<>\"'`@;,"):
        return False
    host = urlsplit(text).netloc.partition(":")[0]
    return re.fullmatch(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}", host) is not None


def _read(kind: Kind, text: str) -> Any:
    if isinstance(kind.default, bool):
        return text == "1"
    if isinstance(kind.default, int):
        return int(text)
    if isinstance(kind.default, dt.date):
        return dt.date.fromisoformat(text)
    return text


def _write(value: Any) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)
