"""What audit entries, states and tasks are called on staff pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import url_for

from blueprints import differences
from domain import accounts, attendances, audit, events, preferences, readiness, services, settings, texts, wall_clock
from domain.rules import N_, RuleBroken
from models import AuditEntry, Site, WorkerCategory
from web.languages import gettext as _
from web.languages import ngettext, spoken

TASKS = {
    "new_activation_wanted": N_("Wants a new activation link"),
    "birth_date_closed": N_("Activation stopped: wrong date of birth"),
    "delivery_problem": N_("An e-mail could not be delivered"),
    "worker_unreached": N_("E-mails to a worker come back"),
    "profile_change": N_("Asked for a change of their record"),
    "address_undone": N_("Somebody else had changed their sign-in address"),
    "running_late": N_("Is running late for an appointment"),
    "cannot_come": N_("Cannot come to an appointment"),
    "reply_link_closed": N_("Reply link stopped: wrong date of birth"),
    "reply_link_wanted": N_("Wants a new reply link"),
    "document_completed": N_("Completed a document"),
    "document_declined": N_("Declined a document"),
}

PAGES = {
    "privacy": N_("Privacy policy"), "terms": N_("Terms of use"), "help": N_("Help"), "technical": N_("Technical problems"),
    "contact": N_("Contact"),
}  # fmt: skip
# The checklist of a new agency: what each step is called, why it matters, and where it is done (a page, or settings).
CHECKLIST = {
    "agency": (N_("Describe the agency"), N_("Its name, address and phone stand on every page and e-mail."), "admin.agency_form"),
    "pages": (N_("Publish the privacy policy and the terms"), N_("Clients accept both before their account opens."), "admin.footer_pages"),
    "mail": (N_("Test the e-mail"), N_("Without it nobody can activate an account."), "admin.first_start_mail"),
    "on": (N_("Switch the portal on"), N_("Until then nobody but you can come in."), "admin.first_start"),
    "sites": (N_("Give the main site an address"), N_("Clients see where to go, and whom to call."), "admin.all_sites"),
    "messages": (
        N_("Look at the settings of e-mail"), N_("Too many at once, and mail servers refuse them. Save the page, even as it is."),
        "messages",
    ),
    "portal": (
        N_("Choose what clients can use"), N_("What they may change of their record is off at first. Save the page, even as it is."),
        "components",
    ),
    "brand": (N_("Choose the look"), N_("Your colour and your logo, on every page and on home screens."), "admin.show_brand"),
    "availability": (
        N_("Name the time for clients"), N_("Until a kind of time is named for them, clients cannot request appointments."),
        "admin.kinds_of_time",
    ),
    "workers": (N_("Bring in your colleagues"), N_("One person alone cannot look after everybody."), "admin.workers_list"),
    "invited": (N_("Invite the first client"), N_("Open somebody’s page and choose “Create an account”."), "admin.individuals"),
    "first_client": (N_("The first client is in"), N_("They open the link in the e-mail and choose a password."), "admin.individuals"),
}

FIGURES = {  # what statistics count
    "created": N_("Accounts created"), "activated": N_("Activations"), "signed_in": N_("Sign-ins of clients"),
    "ended": N_("Accounts closed"), "recent": N_("Signed in within 30 days"), **accounts.STATE_NAMES,
}  # fmt: skip

SERVICE_KINDS, GROUP_KINDS = services.KIND_NAMES, services.GROUP_NAMES
GROUPS = {
    "worker": N_("Worker"), "intake_mgmt": N_("Intake"), "admin_exec": N_("Management"), "system_admin": N_("System administrator"),
}  # fmt: skip
GROUP_HELP = {
    "worker": N_("Sees and serves the clients whom they follow."),
    "intake_mgmt": N_("Sees and edits every client, and looks after portal accounts."),
    "admin_exec": N_("Also workers, imports, figures, and who did and saw what."),
    "system_admin": N_("Everything, settings included."),
}
ASKED = {  # what became of a request
    "offered": N_("the client is asked"), "accepted": N_("accepted"), "declined": N_("declined"), "expired": N_("not answered in time"),
    "withdrawn": N_("withdrawn"), "cancelled": N_("cancelled"),
}  # fmt: skip
WORKER_STATES = {"active": N_("may sign in"), "invited": N_("invited"), "uninvited": N_("cannot sign in yet"), "left": N_("left")}
WORKER_TONES = {"active": "good", "invited": "warn"}
CATEGORIES = {
    "intake": N_("Intake"), "accounting": N_("Accounting"), "delivery_problems": N_("Delivery problems"), "on_call": N_("On call"),
}  # fmt: skip


def category(slug: str, names: dict[str, str]) -> str:
    """What a category is called; ``names`` are those of the agency's own, by slug."""
    return str(_(CATEGORIES[slug])) if slug in CATEGORIES else names.get(slug, slug)


def names_of(every: Sequence[WorkerCategory]) -> dict[str, str]:
    """What each of these categories is called, by slug."""
    given = {each.slug: each.name for each in every}
    return {slug: category(slug, given) for slug in given}


STATE_TONES = {"pending": "warn", "active": "good", "locked": "bad", "disabled": "bad", "closed": "info"}
DELIVERY_TONES = {"sent": "good", "dead": "bad", "due": "info", "leased": "info"}
DELIVERY_STATES = {
    "due": N_("waiting"), "leased": N_("being sent"), "sent": N_("sent"), "dead": N_("failed"),
    "expired": N_("too late"), "cancelled": N_("cancelled"), "suppressed": N_("not sent"), "held": N_("held"),
}  # fmt: skip
NO_DELIVERIES = {  # what an empty list says, by the state that was asked for
    "": N_("E-mails appear here as soon as the portal sends one."),
    "due": N_("No e-mail waits."), "leased": N_("No e-mail is being sent."), "sent": N_("No e-mail was sent yet."),
    "dead": N_("No e-mail failed."), "expired": N_("No e-mail came too late."), "cancelled": N_("No e-mail was cancelled."),
    "suppressed": N_("No e-mail was kept back."), "held": N_("No e-mail is held."),
}  # fmt: skip
OUTCOMES = {
    "": N_("no answer noted"), "accepted": N_("accepted"), "retry": N_("to be tried again"), "refused": N_("refused"),
    "server_down": N_("mail server not reachable"), "unknown": N_("unclear whether it arrived"),
    "suppressed": N_("not sent"), "held": N_("held"),
}  # fmt: skip
CONTACTS = differences.KINDS
CHANNELS = {"email": N_("E-mail"), "sms": N_("Text message"), "push": N_("Notification on the phone")}
HOW = {"staff": N_("recorded by staff"), "import": N_("by import"), "client": N_("by the client"), "demo": N_("made up")}
VERBS = {
    "resend": N_("Send the activation again"), "send_new": N_("Send a new activation"), "cancel": N_("Cancel activation"),
    "suspend": N_("Suspend"), "unlock": N_("Unlock"), "disable": N_("Disable"), "enable": N_("Enable"), "close": N_("Close"),
    "reset": N_("Ask for a new password"),
}  # fmt: skip
CONSEQUENCES = {
    "cancel": N_("The link in the e-mail stops working. You can send a new activation later."),
    "suspend": N_("They are signed out everywhere and cannot sign in until you unlock the account."),
    "disable": N_("They are signed out everywhere. Enabling later sends a new activation."),
    "enable": N_("A new activation goes to their e-mail address. They choose a new password."),
    "unlock": N_("They can sign in again at once."),
    "close": N_("They are signed out for good. The record stays readable. This cannot be undone."),
    "reset": N_("They are signed out everywhere. The old password stops working, and an e-mail asks them to choose a new one."),
}

BULK_VERBS = VERBS | {"activate": N_("Bulk activation"), "assign": N_("Documents for many")}
BULK_FAMILIES = {
    "activations": BULK_VERBS["activate"], "assignments": BULK_VERBS["assign"], "changes": N_("Changes of many accounts"),
}  # fmt: skip
BULK_CONSEQUENCES = CONSEQUENCES | {"activate": N_("Each of them gets an account and an e-mail with a link to activate it."),
                                      "assign": N_("Each of them finds it in the portal and is told of it.")}  # fmt: skip
BULK_STATES = {
    "planning": N_("being looked at"), "planned": N_("to be decided"), "running": N_("being done"), "stopped": N_("stopped"),
    "done": N_("done"), "given_up": N_("given up"),
}  # fmt: skip
BULK_TONES = {"done": "good", "stopped": "warn", "planned": "warn"}
BULK_OUTCOMES = {"left_out": N_("left out"), "waiting": N_("to be done"), "done": N_("done"), "refused": N_("refused")}

IMPORT_SUBJECTS = {"individuals": N_("Clients"), "workers": N_("Workers"), "sites": N_("Sites"), "services": N_("Services"),
                   "enrolments": N_("Enrolments"), "events": N_("Appointments")}  # fmt: skip
IMPORT_STATES = {
    "uploaded": N_("columns to be named"), "mapped": N_("to be checked"), "checking": N_("being checked"),
    "checked": N_("checked"), "applying": N_("being taken in"), "applied": N_("taken in"), "failed": N_("failed"),
    "given_up": N_("given up"),
}  # fmt: skip
IMPORT_TONES = {"applied": "good", "failed": "bad", "given_up": "info", "checking": "info", "applying": "info"}

ONE_LINE = dt.timedelta(hours=1)  # within which a worker's looks at a record are told as one


def bulk_family(family: str) -> str:
    """What jobs of a family are called."""
    return str(_(BULK_FAMILIES[family]))


def checklist(steps: Sequence[readiness.Step]) -> list[tuple[str, str, str, bool]]:
    """Each step as (address, title, why, whether it is done)."""
    told_of = [(*CHECKLIST[step.key], step.is_done) for step in steps]
    return [(_address(place), _(title), _(why), is_done) for title, why, place, is_done in told_of]


def _address(place: str) -> str:
    return url_for("admin.settings_section", section=place) if place in settings.SECTIONS else url_for(place)


def site(of: Site) -> str:
    """The name of a site, and that nobody is seen there any more."""
    return of.name if of.is_in_use else str(_("%(site)s (no longer in use)", site=of.name))


def told(sentence: str) -> str:
    """A stored sentence in the reader's language; what a mail server said stays as it is.  Plain text, never Markup:
    a template's own ``_()`` would take its words for HTML of ours."""
    return str(_(sentence)) if sentence else ""


def capital(words: str) -> str:
    """The same with a capital letter to begin with, as a heading or a line of its own has it."""
    return words[:1].upper() + words[1:]
def refusal(refused: RuleBroken) -> str:
    """What a rule says, in the reader's language."""
    return str(texts.refusal(spoken(), refused))


_ENTRIES = {
    "account.created": N_("Portal account created"),
    "account.activation_resent": N_("Activation sent again"),
    "account.activated": N_("Account activated"),
    "account.terms_accepted": N_("Privacy policy and terms accepted"),
    "account.birth_date_wrong": N_("Wrong date of birth entered (try %(tries)s)"),
    "account.new_link_wanted": N_("Asked for a new activation link"),
    "account.expired": N_("Account closed: not activated in time"),
    "account.birth_date_failed": N_("Account closed: wrong date of birth"),
    "account.cancelled": N_("Activation cancelled"),
    "account.locked": N_("Account locked: too many wrong passwords"),
    "account.suspended": N_("Account suspended"),
    "account.unlocked": N_("Account unlocked"),
    "account.disabled": N_("Account disabled"),
    "account.enabled": N_("Account enabled, new activation sent"),
    "account.closed": N_("Account closed by staff"),
    "account.reset_forced": N_("Asked for a new password by staff"),
    "brand.changed": N_("Brand changed"),
    "bulk.begun": N_("A change of many accounts started"),
    "bulk.finished": N_("A change of many accounts ended"),
    "bulk.listed": N_("The list of a change of many accounts downloaded"),
    "bulk.resumed": N_("A change of many accounts resumed"),
    "bulk.stopped": N_("A change of many accounts stopped"),
    "bulk.ticked": N_("Taken into a bulk activation after all"),
    "bulk.unticked": N_("Left out of a bulk activation again"),
    "address.code_sent": N_("Code sent to another address for the sign-in: %(email)s"),
    "address.code_wrong": N_("Wrong code for another address entered"),
    "address.changed": N_("Sign-in address changed"),
    "address.undone": N_("Former sign-in address put back: “this was not me”"),
    "calendar_feed.made": N_("Made an address for a calendar of their own"),
    "calendar_feed.changed": N_("Chose what a calendar of their own shows"),
    "calendar_feed.ended": N_("Stopped the address for a calendar of their own"),
    "contact.added": N_("Contact added: %(contact)s"),
    "contact.changed": N_("Contact changed: %(contact)s"),
    "contact.removed": N_("Contact removed: %(contact)s"),
    "preference.changed": N_("E-mails of a kind: %(kind)s, %(answer)s"),
    "consent.recorded": N_("Consent recorded: %(channel)s, %(answer)s"),
    "delivery.again": N_("E-mail sent again"),
    "delivery.cancelled": N_("E-mail that was held not sent"),
    "delivery.released": N_("E-mail that was held sent"),
    "device.removed": N_("Signed out and forgot one of their devices"),
    "device.trust_ended": N_("A device asks for a code again"),
    "device.trusted": N_("A device trusted: no code for %(days)s days"),
    "checklist_template.added": N_("Checklist of documents added"),
    "checklist_template.changed": N_("Checklist of documents changed"),
    "checklist_template.offered": N_("Whether a checklist of documents is in use changed"),
    "document_template.exported": N_("Answers to a document template downloaded"),
    "document.assigned": N_("Document assigned"),
    "document.completed": N_("Document completed"),
    "document.corrected": N_("Correction of a document begun"),
    "document.decided": N_("Whether an answer is taken into the record decided"),
    "document.declined": N_("Document declined: %(reason)s"),
    "document.withdrawn": N_("Document withdrawn: %(reason)s"),
    "enrolment.assigned": N_("The workers of an enrolment changed"),
    "enrolment.closed": N_("Enrolment closed"),
    "enrolment.opened": N_("Enrolled in a service"),
    "enrolment.participants": N_("Who takes part in an enrolment changed"),
    "enrolment.reopened": N_("Enrolment opened again"),
    "participant.added": N_("Takes part in the enrolment of somebody else"),
    "participant.removed": N_("Takes part in the enrolment of somebody else no more"),
    "availability.changed": N_("The hours of a worker changed"),
    "availability_type.changed": N_("A kind of worker time changed"),
    "availability_type.faced": N_("In which time clients may ask for appointments changed"),
    "holiday.changed": N_("A holiday changed"),
    "group.added": N_("Group or series added"),
    "group.changed": N_("Group or series changed"),
    "roster.joined": N_("Joined a group"),
    "roster.left": N_("Left a group"),
    "service.added": N_("Service added"),
    "service.changed": N_("Service changed"),
    "service.shown": N_("What clients see of a service changed"),
    "service.staffed": N_("Who works in a service changed"),
    "event.booked": N_("Appointment booked"),
    "event.moved": N_("Appointment moved"),
    "event.cancelled": N_("Appointment cancelled"),
    "event.reverted": N_("Cancelled appointment booked again"),
    "event.handed_over": N_("Appointment handed to another worker"),
    "discussion.started": N_("Discussion begun"),
    "discussion.noted": N_("Internal note written"),
    "discussion.handed_on": N_("Discussion handed on"),
    "discussion.closed": N_("Discussion closed"),
    "discussion.opened": N_("Discussion opened again"),
    "discussion.followed": N_("Worker is told of what is new in a discussion"),
    "discussion.unfollowed": N_("Worker is not told of what is new in a discussion any more"),
    "discussion.late": N_("Message not answered by the promised day"),
    "absence.changed": N_("When a worker is away changed"),
    "category.opened": N_("What clients see of a category changed"),
    "office_hours.changed": N_("Office hours or automatic answer changed"),
    "message.written": N_("Message written"),
    "reply_link.made": N_("Reply link sent"),
    "reply_link.extended": N_("Reply link sent once more; it works until %(until)s"),
    "reply_link.proved": N_("Right date of birth given by a reply link"),
    "reply_link.left": N_("Left by quick exit what a reply link had opened"),
    "reply_link.birth_date_wrong": N_("Wrong date of birth entered (try %(tries)s)"),
    "reply_link.died": N_("Reply link stopped: wrong date of birth"),
    "reply_link.answered": N_("Message written by a reply link"),
    "reply_link.withdrawn": N_("Reply link withdrawn"),
    "reply_link.wanted": N_("Asked for a new reply link"),
    "event.requested": N_("Appointment requested"),
    "event.request_moved": N_("Time of a requested appointment changed"),
    "event.accepted": N_("Request for an appointment accepted"),
    "event.declined": N_("Request for an appointment declined"),
    "event.expired": N_("Request for an appointment not answered in time"),
    "event.withdrawn": N_("Request for an appointment withdrawn"),
    "event.video": N_("Video call of an appointment changed"),
    "attendance.changed": N_("Their place in an appointment: %(place)s"),
    "attendance.confirmed": N_("They said that they come"),
    "attendance.told": N_("They said: %(told)s"),
    "follow.started": N_("A worker follows them now"),
    "follow.ended": N_("A worker no longer follows them"),
    "import.applied": N_("Imported from a file"),
    "import.begun": N_("Import of a file started"),
    "import.failed": N_("Import of a file failed"),
    "import.given_up": N_("Import of a file given up"),
    "import.uploaded": N_("File for an import uploaded"),
    "individual.created": N_("Record created"),
    "individual.changed": N_("Record changed"),
    "individual.language_chosen": N_("Language chosen"),
    "individual.imported": N_("Taken in or changed by import"),
    "enrolment.imported": N_("Enrolment taken in or changed by import"),
    "event.imported": N_("Appointment taken in or changed by import"),
    "individual.refused": N_("Somebody without the right to see this record tried to open it"),
    "individual.viewed": N_("Record opened"),
    "password.refused": N_("Change of password refused: wrong current password"),
    "profile_change.asked": N_("Asked for a change of their record"),
    "profile_change.accepted": N_("What they asked for was accepted"),
    "profile_change.declined": N_("What they asked for was declined: %(reason)s"),
    "profile_change.withdrawn": N_("What they asked for was withdrawn"),
    "password.changed": N_("Password changed"),
    "password.reset": N_("New password chosen by e-mailed link"),
    "password.reset_wanted": N_("Asked for a new password"),
    "sign_in.refused": N_("Sign-in refused"),
    "sign_in.done": N_("Signed in"),
    "sign_out.done": N_("Signed out"),
    "sign_out.others": N_("Signed out everywhere else"),
    "portal_address.is_a_copy": N_("Marked as a copy after its address had changed"),
    "portal_address.noted": N_("Said to be the real portal after its address had changed"),
    "task.done": N_("Task done"),
    "task.handed_over": N_("Task handed over"),
    "task.picked_up": N_("Task picked up"),
    "text.changed": N_("A text of messages changed"),
    "two_step.codes_made": N_("New recovery codes made"),
    "two_step.enrolled": N_("Authenticator app set up"),
    "two_step.failed": N_("Wrong code of the authenticator app"),
    "two_step.moved": N_("Authenticator app moved to another phone"),
    "two_step.no_code": N_("Right password, but no right code of the authenticator app"),
    "two_step.recovery_used": N_("Recovery code used, %(left)s left"),
    "two_step.removed": N_("Authenticator app removed"),
}


# The same kinds where there is more to say: a reason, that it is about another time, or that a client said it on the telephone.
_WITH_REASON = {
    "event.cancelled": N_("Appointment cancelled: %(reason)s"),
    "event.declined": N_("Request for an appointment declined: %(reason)s"),
    "attendance.changed": N_("Their place in an appointment: %(place)s. They wrote: %(reason)s"),
}
_OF_A_CHANGE = {"event.requested": N_("Another time for an appointment requested")}
_BY_PHONE = {
    "event.booked": N_("Appointment booked, asked for by phone"),
    "event.moved": N_("Appointment moved, asked for by phone"),
    "attendance.changed": N_("Their place in an appointment: %(place)s, by phone"),
    "attendance.confirmed": N_("They said by phone that they come"),
    "attendance.told": N_("They said by phone: %(told)s"),
}


NUMBERED = ("enrolment.assigned",)  # whose values are numbers of rows, which say nothing to a reader


def entries(rows: Sequence[AuditEntry]) -> list[dict[str, object]]:
    """Audit entries in words, newest first: what, who, when, and the fields that changed as (field, before, after).

    That a worker opened the record again and again within an hour is told once.
    """
    values, told, opened = audit.values_of_each(rows), [], {}
    zones = _zones(rows)
    for row in rows:
        last = opened.get(row.worker_id) if row.kind == "individual.viewed" else None
        if last is not None and last["at"] - row.at < ONE_LINE:
            last["times"] += 1
            last["what"] = ngettext("Record opened once", "Record opened %(num)s times", last["times"])
            continue
        told.append(_entry(row, _on_the_clock(values[row.id], zones.get(row.subject, ""))))
        if row.kind == "individual.viewed":
            opened[row.worker_id] = told[-1]
    return told


def _zones(rows: Sequence[AuditEntry]) -> dict[str, str]:
    """In which zone each event that was moved takes place, by how the audit names it."""
    moved = {row.subject for row in rows if row.kind in ("event.moved", "event.request_moved", "event.imported")}
    return events.zones_of(moved) if moved else {}


def _on_the_clock(values: dict[str, Any], zone: str) -> dict[str, Any]:
    """The same with moments as the clock shows them where the event takes place."""
    if not zone:
        return values
    told = dict(values)
    for side in ("before", "after"):
        if isinstance(values.get(side), dict):
            told[side] = {name: _moment(value, zone) if name in ("starts_at", "ends_at") else value for name, value in values[side].items()}
    return told


def _moment(value: object, zone: str) -> str:
    at = wall_clock.local(dt.datetime.fromisoformat(str(value)), zone)
    tongue = spoken()
    return str(_("%(day)s, %(time)s", day=texts.weekday(tongue, at.date()), time=texts.hour(tongue, at).lstrip("،, ")))


def _sentence(row: AuditEntry, values: dict[str, Any]) -> str:
    if values.get("reason") and row.kind in _WITH_REASON:
        return _WITH_REASON[row.kind]
    if values.get("replaces") and row.kind in _OF_A_CHANGE:
        return _OF_A_CHANGE[row.kind]
    was_phoned = values.get("how") == "phone" or (row.kind == "attendance.told" and row.worker_id)  # staff tell only what was phoned
    return _BY_PHONE[row.kind] if was_phoned and row.kind in _BY_PHONE else _ENTRIES.get(row.kind, row.kind)


def _entry(row: AuditEntry, values: dict[str, Any]) -> dict[str, Any]:
    what = _(_sentence(row, values))
    return {
        "what": what % _Said(values | _named(values)) if "%(" in what else what,
        "who": row.worker.name if row.worker_id else {"client": _("the client"), "system": _("the portal")}.get(
            row.actor_kind, _("somebody with the link")),
        "at": row.at,
        "times": 1,
        "changes": [] if row.kind in NUMBERED else _changes(values.get("before"), values.get("after")),
    }  # fmt: skip


class _Said(dict):
    """What an entry says of itself; values may have been blanked."""

    def __missing__(self, name: str) -> str:
        return "–"


def _named(values: dict[str, Any]) -> dict[str, str]:
    """Which contact, and which answer for which channel, in words."""
    of = values.get("after") or values.get("before")
    named = {}
    if isinstance(of, dict) and of.get("kind") in CONTACTS:
        named["contact"] = _(CONTACTS[of["kind"]])
    if values.get("channel") in CHANNELS:
        named |= {"channel": _(CHANNELS[values["channel"]]), "answer": _("allowed") if values["is_given"] else _("not allowed")}
    if values.get("kind") in preferences.NAMES:
        named["kind"] = _(preferences.NAMES[values["kind"]])
    if values.get("until"):
        named["until"] = texts.weekday(spoken(), dt.date.fromisoformat(values["until"]))
    if (became := str(values.get("after"))) in attendances.STATE_NAMES:
        named["place"] = _(attendances.STATE_NAMES[became])
    if (told_of := str(values.get("what"))) in TOLD:
        named["told"] = _(TOLD[told_of])
    return named


def _changes(before: object, after: object) -> list[tuple[str, str, str]]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    names = sorted((name for name in after if before.get(name) != after.get(name)), key=lambda name: name != "starts_at")
    return [(_(FIELDS.get(name, name)), _stood(name, before.get(name)), _stood(name, after.get(name))) for name in names]


def _stood(name: str, value: object) -> str:
    """What stood in a field; of an appointment and of a place in it, what became of them in words."""
    states: dict[str, Any] = {"state": events.STATE_NAMES, "place_state": attendances.STATE_NAMES}.get(name, {})
    return _(states[value]) if value in states else _plain(value)


PLACE_VERBS = {
    "show": N_("Came"), "no_show": N_("Did not come"), "cancel": N_("Cancelled"), "cancel_late": N_("Cancelled late"),
    "revert": N_("Back to booked"),
}  # fmt: skip
PHONE_VERBS = {
    "confirm": N_("Will come"), "give_up": N_("Cancels"), "running_late": N_("Is running late"), "cannot_come": N_("Cannot come"),
}  # fmt: skip
CONFIRMED_HOW = {
    "": N_("Confirmed"), "portal": N_("Confirmed in the portal"), "link": N_("Confirmed by the link in the e-mail"),
    "phone": N_("Confirmed by phone"),
}  # fmt: skip
TOLD = {"running_late": N_("running late"), "cannot_come": N_("cannot come")}
FIELDS = differences.FIELDS | {
    "starts_at": N_("Start"), "ends_at": N_("End"), "worker": N_("Worker"), "is_video": N_("By video"), "has_link": N_("With a link"),
    "service": N_("Service"), "opened_on": N_("Since"), "closed_on": N_("Until"), "state": N_("Appointment"),
    "place_state": N_("What became of it"),
} | {"email": N_("E-mail address"), "language": N_("Language"), "death_date": N_("Date of death"),
                              "site": N_("Site")}  # fmt: skip


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) if value not in (None, "") else _("nothing")
