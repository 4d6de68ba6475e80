"""Every address × every person × own, foreign and absurd ids × every method × with and without htmx.

What must come back follows from the site map (whose audience the blueprint has), from the right that the route names,
and from who may see whom; nothing here asks the gate itself.  A new route fails until it has a row in ``RECIPES``.
"""

import datetime as dt
import itertools
from urllib.parse import quote

import pytest
from sweep.conftest import CANARIES, Saved, differences, rows_about, rows_of_everything
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

import blueprints
from domain import agency

PEOPLE = ("nobody", "alice", "bob", "eve", "dora", "otto", "vera", "ines", "finn", "ada")

# Whose records somebody may see on the staff side, and what a worker of the group may do (as the project's rules say).
SEES = {"dora": {"alice"}, "vera": {"alice"}, "ines": {"alice", "bob"}, "finn": {"alice", "bob"}, "ada": {"alice", "bob"}}
NO_CANARIES = ("nobody", "alice", "eve", "dora", "otto", "vera")  # who sees nothing of Bob's
INTAKE = {"view_all_individuals", "edit_individuals", "manage_accounts", "manage_services", "answer_requests"}
RIGHTS = {
    "dora": set(), "otto": set(), "ines": INTAKE, "finn": INTAKE | {"view_audit", "import_data", "view_statistics", "manage_workers", "manage_documents"},  # and more, that no route names yet
    "ada": INTAKE | {"view_audit", "import_data", "view_statistics", "manage_workers", "manage_documents", "send_activations", "manage_setup"},
    # Of the group of Dora and Otto, with a security class: every right that a route names, and still the own caseload only.
    "vera": INTAKE - {"view_all_individuals"} | {"view_audit", "import_data", "view_statistics", "manage_workers", "manage_documents", "send_activations", "manage_setup"},
}  # fmt: skip

# Who looks after an event as well as sees it: whose it is, and who looks after the schedules of others.
MANAGED = {"admin.move_form", "admin.move_event", "admin.event_cancellation", "admin.cancel_event", "admin.revert_event", "admin.set_video",
           "admin.add_to_event", "admin.add_person", "admin.place_removal", "admin.remove_place"}
# Somebody else's hours: of a worker who is none of those who ask.
HOURS = {"admin.hours", "admin.calendar_new", "admin.add_calendar", "admin.hours_calendar", "admin.add_rows", "admin.confirm_calendar_removal",
         "admin.remove_calendar", "admin.confirm_row_removal", "admin.remove_row", "admin.confirm_day_removal", "admin.remove_day",
         "admin.absences", "admin.add_absence", "admin.confirm_absence_removal", "admin.remove_absence", "admin.day_off", "admin.add_day_off", "admin.extra_time", "admin.add_extra_time"}  # fmt: skip
# What a client requested is answered by whose event it is, and by who has the right, also where they may not see who asks.
ANSWERED = {"admin.requested", "admin.accept_request", "admin.offer_time", "admin.decline_request"}
# To a group is written by who sees somebody in it, and by who looks after services, who is told that nobody can be reached.
TO_GROUPS = {"admin.writing_to_group", "admin.write_to_group"}
MANAGES = ("dora", "vera", "finn", "ada")
# Each route with the kinds of its arguments.
RECIPES = {
    "/static/<path:filename>": ("file",),
    "/pages/<slug>": ("slug",), "/pages/help/<topic>": ("topic",),
    "/brand.css": (), "/brand/<address>": ("picture",),
    "/offline": (), "/sw.js": (), "/manifest.webmanifest": (), "/healthz": (), "/readyz": (), "/metrics": (),
    "/sign-in": (), "/sign-out": (), "/quick-exit": (), "/stay-signed-in": (), "/password-strength": (), "/forgotten-password": (), "/forgotten-password/sent": (), "/forgotten-password/wanted": (),
    **{f"/sign-in/{page}": () for page in ("code", "app", "recovery-code", "recovery-codes")},
    **{f"/admin/my-sign-in/{page}": () for page in ("new-codes", "new-phone", "new-app", "recovery-codes")},
    "/admin/my-sign-in/devices/<device_id>/trust-removal": ("device of staff",), "/admin/workers/<public_id>/second-step": ("worker",),
    "/photos/<photo_id>": ("photo",), "/admin/photos/<photo_id>": ("photo",), "/admin/my-sign-in/photo": (), "/admin/my-sign-in/photo/removal": (),
    "/admin/workers/<public_id>/photo": ("worker",), "/admin/workers/<public_id>/photo/removal": ("worker",),
    "/reset/": (), "/reset/<token>": ("reset",),
    "/unlock/": (), "/unlock/<token>": ("unlock",), "/former-address/": (), "/former-address/<token>": ("former address",),
    "/first-start/": (),
    "/activate/": (), "/activate/<token>": ("activation",), "/activate/terms": (), "/activate/date-of-birth": (),
    "/activate/password": (), "/activate/welcome": (), "/activate/new-link": (),
    "/about-me/names": (), "/about-me/legal-name": (), "/about-me/contacts/new": (),
    "/about-me/contacts/<contact_id>/": ("contact",), "/about-me/contacts/<contact_id>/removal": ("contact",),
    "/about-me/changes/<change_id>/withdrawal": ("change",),
    "/admin/individuals/<public_id>/changes/<change_id>/acceptance": ("individual", "change"),
    "/admin/individuals/<public_id>/changes/<change_id>/refusal": ("individual", "change"),
    "/admin/settings/": (), "/admin/settings/<section>": ("section",),
    "/admin/settings/agency": (), "/admin/settings/emergency-line": (), "/admin/settings/pages/": (),
    "/admin/settings/pages/<slug>/<language>": ("slug", "language"),
    "/admin/settings/portal-address/": (), "/admin/settings/portal-address/real": (), "/admin/settings/portal-address/copy": (),
    "/admin/settings/texts/": (), "/admin/settings/texts/<kind>/<language>/": ("text", "language"),
    "/admin/settings/texts/<kind>/<language>/preview": ("text", "language"),
    "/admin/settings/texts/<kind>/<language>/default": ("text", "language"),
    "/admin/settings/brand": (), "/admin/settings/brand/colour": (),
    "/admin/settings/brand/pictures/<part>": ("part",), "/admin/settings/brand/pictures/<part>/removal": ("part",),
    "/admin/settings/sites/": (), "/admin/settings/sites/new": (), "/admin/settings/sites/<public_id>/": ("site",),
    "/admin/settings/sites/<public_id>/main": ("site",),
    "/admin/settings/kinds-of-time/": (), "/admin/settings/kinds-of-time/new": (), "/admin/settings/kinds-of-time/for-clients": (),
    **{f"/admin/settings/kinds-of-time/<public_id>/{step}": ("kind of time",) for step in ("", "removal")},
    "/admin/settings/holidays/": (), "/admin/settings/holidays/<public_id>/removal": ("holiday",),
    **{f"/admin/schedule/hours/<public_id>/{step}": ("worker",) for step in ("", "calendars/new", "day-off", "extra-time")},
    **{f"/admin/schedule/hours/<public_id>/calendars/<calendar_id>/{step}": ("worker", "week") for step in ("", "removal")},
    "/admin/schedule/hours/<public_id>/rows/<row_id>/removal": ("worker", "stretch"),
    "/admin/schedule/hours/<public_id>/days/<day_id>/removal": ("worker", "day off"),
    "/admin/statistics/": (), "/admin/statistics/days.csv": (), "/my-portal/terms": (),
    "/": (), "/about-me/": (), "/my-portal/": (), "/my-portal/password": (), "/my-portal/language": (), "/language": (),
    "/my-portal/history": (), "/my-portal/address": (), "/my-portal/address/code": (),
    **{f"/my-portal/messages{step}": () for step in ("", "/withdrawal", "/consent")}, "/admin/my-messages/": (),
    "/unsubscribe/": (), "/unsubscribe/<token>": ("unsubscribe",),
    "/my-portal/devices/": (), "/my-portal/devices/others": (), "/my-portal/devices/<device_id>/removal": ("device",),
    "/admin/my-sign-in/devices/": (), "/admin/my-sign-in/devices/others": (),
    "/admin/my-sign-in/devices/<device_id>/removal": ("device of staff",),
    "/admin/": (), "/admin/my-sign-in/": (),
    "/admin/first-start/": (), "/admin/first-start/agency": (), "/admin/first-start/pages": (),
    "/admin/first-start/mail": (), "/admin/first-start/mail/test": (), "/admin/first-start/on": (),
    **{f"/admin/tasks/<public_id>/{step}": ("task",) for step in ("", "holder", "done")},
    "/admin/tasks/": (), "/admin/workers/": (), "/admin/workers/new": (),
    **{f"/admin/workers/<public_id>/{step}": ("worker",) for step in ("", "edit", "invitation", "withdrawal", "leaving")},
    "/admin/workers/classes/": (), "/admin/workers/classes/new": (),
    "/admin/workers/classes/<public_id>/": ("class",), "/admin/workers/classes/<public_id>/removal": ("class",),
    "/admin/workers/categories/": (), "/admin/workers/categories/new": (),
    "/admin/workers/categories/<slug>/": ("category",), "/admin/workers/categories/<slug>/removal": ("category",),
    "/invitation/": (), "/invitation/<token>": ("invitation",),
    "/calendar/": (), "/calendar/history": (), "/calendar/feed": (), "/calendar/feed/details": (), "/calendar/feed/end": (),
    **{f"/calendar/<place_id>{step}": ("place",) for step in ("", "/appointment.ics", "/confirmation", "/cancellation", "/late", "/cannot-come")},
    **{f"/calendar/<place_id>/{step}": ("place",) for step in ("time", "offer", "withdrawal")}, "/calendar/<place_id>/time/<moment>": ("place", "moment"),
    "/calendar/request/": (), "/calendar/request/<enrolment_id>/": ("asked enrolment",),
    "/calendar/request/<enrolment_id>/<worker_id>/": ("asked enrolment", "asked worker"),
    "/calendar/request/<enrolment_id>/<worker_id>/<moment>": ("asked enrolment", "asked worker", "moment"),
    "/reply/": (), "/reply/<token>": ("reply",), "/reply/files/<file_id>": ("attachment",), **{f"/reply/{step}": () for step in ("date-of-birth", "messages", "seen", "new-link", "quick-exit")},
    "/arrival/": (), "/arrival/<token>": ("arrival",), "/arrival/activation": (), "/arrival/new-link": (),
    **{f"/admin/discussions/<discussion_id>/reply-link{step}": ("discussion",) for step in ("", "/withdrawal")},
    "/appointment/": (), "/appointment/<token>": ("appointment",), "/feed/<token>.ics": ("feed",),
    "/admin/deliveries/": (), "/admin/deliveries/<public_id>/": ("delivery",),
    "/admin/deliveries/<public_id>/again": ("delivery",),
    "/admin/deliveries/<public_id>/release": ("delivery",), "/admin/deliveries/<public_id>/cancellation": ("delivery",),
    "/admin/imports/": (), "/admin/imports/new": (),
    **{f"/admin/imports/<public_id>/{step}": ("import",) for step in (
        "", "columns", "reading", "consent", "check", "application", "giving-up", "problems.csv",
    )},
    "/admin/accounts/": (), "/admin/accounts/changes": (),
    **{f"/admin/accounts/{jobs}/": () for jobs in ("changes", "activations")},
    **{f"/admin/accounts/{kind}s/<public_id>/{part}": (f"{kind} job",)
       for kind in ("change", "activation") for part in ("", "people", "people.csv")},
    **{f"/admin/accounts/{kind}s/<public_id>/steps/<step>": (f"{kind} job", "step") for kind in ("change", "activation")},
    "/admin/accounts/new-passwords": (),
    "/admin/accounts/activations/<public_id>/people/<row_id>": ("activation job", "row"),
    "/admin/individuals/": (), "/admin/individuals/new": (),
    "/admin/individuals/<public_id>/": ("individual",),
    "/admin/individuals/<public_id>/edit": ("individual",),
    "/admin/individuals/<public_id>/history": ("individual",),
    "/admin/individuals/<public_id>/following": ("individual",),
    "/admin/individuals/<public_id>/consent": ("individual",), "/admin/individuals/<public_id>/kinds-of-messages": ("individual",),
    "/admin/individuals/<public_id>/contacts/new": ("individual",),
    "/admin/individuals/<public_id>/contacts/<contact_id>/": ("individual", "contact"),
    "/admin/individuals/<public_id>/contacts/<contact_id>/removal": ("individual", "contact"),
    "/admin/individuals/<public_id>/accounts": ("individual",),
    "/admin/individuals/<public_id>/account/new": ("individual",),
    "/admin/individuals/<public_id>/account/<account_id>/activations": ("individual", "account"),
    "/admin/individuals/<public_id>/account/<account_id>/renewal": ("individual", "account"),
    "/admin/individuals/<public_id>/account/<account_id>/<verb>": ("individual", "account", "verb"),
    "/my-services/": (), "/my-services/timeline": (),
    "/admin/services/": (), "/admin/services/new": (),
    **{f"/admin/services/<public_id>/{step}": ("service",) for step in ("", "edit", "visibility", "staff", "groups/new")},
    **{f"/admin/groups/<public_id>/{step}": ("group",) for step in ("", "edit", "roster")},
    "/admin/groups/<public_id>/roster/<entry_id>/end": ("group", "entry"),
    "/admin/individuals/<public_id>/enrolments/": ("individual",), "/admin/individuals/<public_id>/enrolments/new": ("individual",),
    **{f"/admin/individuals/<public_id>/enrolments/<enrolment_id>/{step}": ("individual", "enrolment")
       for step in ("", "closing", "reopening", "workers", "participants")},
    "/admin/schedule/": (), "/admin/schedule/new": (), "/admin/individuals/<public_id>/events": ("individual",),
    **{f"/admin/events/<event_id>/{step}": ("event",) for step in ("", "move", "cancellation", "return", "video", "people")},
    "/admin/events/<event_id>/places/<place_id>/<what>": ("event", "place", "mark"),
    **{f"/admin/events/<event_id>/places/<place_id>/{step}": ("event", "place") for step in ("cancellation", "removal")},
    "/admin/requests/": (), **{f"/admin/requests/<event_id>/{step}": ("request",) for step in ("", "accept", "offer", "decline")},
    "/inbox/": (), "/inbox/new": (), "/inbox/count": (), "/inbox/notices/seen": (), "/inbox/changes/seen": (),
    "/inbox/appointments/<place_id>/seen": ("place",),
    **{f"/inbox/<discussion_id>/{step}": ("discussion",) for step in ("", "new", "messages", "seen")},
    "/inbox/new/appointment/<place_id>": ("place",), "/inbox/new/service/<enrolment_id>": ("asked enrolment",),
    "/admin/events/<event_id>/messages/new": ("event",), "/admin/groups/<public_id>/messages/new": ("their group",),
    "/admin/individuals/<public_id>/enrolments/<enrolment_id>/messages/new": ("individual", "enrolment"),
    "/admin/settings/office-hours": (), "/admin/workers/categories/<slug>/clients": ("category",),
    "/admin/schedule/away/<public_id>/": ("worker",), "/admin/schedule/away/<public_id>/<absence_id>/removal": ("worker", "absence"),
    "/admin/document-templates/": (), "/admin/document-templates/new": (),
    **{f"/admin/document-templates/<public_id>/{step}": ("document template",)
       for step in ("", "about", "copy", "preview", "publication", "offered")},
    **{f"/admin/document-templates/<public_id>/{kind}s/<key>/{step}": ("document template", f"{kind} of it")
       for kind in ("part", "score") for step in ("", "removal")},
    "/admin/discussions/": (),
    **{f"/admin/discussions/<discussion_id>/{step}": ("discussion",)
       for step in ("", "new", "messages", "notes", "seen", "holder", "followers", "hand-on", "closing", "opening")},
    **{f"/admin/individuals/<public_id>/discussions/{step}": ("individual",) for step in ("", "new")},
    **dict.fromkeys(("/inbox/<discussion_id>/files/<file_id>", "/admin/discussions/<discussion_id>/files/<file_id>"), ("discussion", "attachment")),
    "/dev/components": (), "/dev/mail": (), "/dev/mail/<name>": ("message",),
}  # fmt: skip

# What a post carries beside its token, so that one that is let in does something.
FIELDS = {
    "signing.enter": {"email": "nobody@example.org", "password": "not this one", "next": "/"},
    **{f"signing.{view}": {"code": "000000"} for view in ("enter_code", "enter_recovery", "set_up_app")},
    **{f"admin.{view}": {"code": "000000"} for view in ("make_codes", "begin_new_phone", "move_app")},
    "signing.ask": {"email": "nobody@example.org"},
    "signing.strength": {"password": "nine quiet otters"},
    "my_portal.choose_language": {"language": "not this one"}, "public.language": {"language": "fr", "next": "/sign-in"},
    "my_portal.change_password": {"current": "not this one", "password": "nine quiet otters swim"},
    "my_portal.ask_for_code": {"email": "another@example.org", "current": "not this one"}, "my_portal.confirm": {"code": "000000"},
    "admin.change_my_password": {"current": "not this one", "password": "nine quiet otters swim"},
    "admin.create_individual": {"first_name": "Nora", "last_name": "North"},
    "admin.change_individual": {"first_name": "Nora", "last_name": "North", "version": "1"},
    "admin.add_contact": {"kind": "email", "value": "nora@example.org", "is_in_use": "y", "is_main": "y"},
    "admin.change_contact": {"kind": "email", "value": "nora@example.org", "is_in_use": "y", "is_main": "y", "version": "1"},
    "unsubscribe.one_click": {"List-Unsubscribe": "One-Click"}, "my_portal.choose_messages": {"updates": "y"},
    "admin.choose_my_messages": {"event": "none", "minutes": "10", "first_minutes": "0"},
    "about_me.change_names": {"preferred_name": "Nora"},
    "about_me.change_legal": {"first_name": "Nora", "last_name": "North", "birth_date-day": "1", "birth_date-month": "2",
                              "birth_date-year": "1990"},
    "about_me.add_contact": {"kind": "mobile", "value": "902 555 0188"},
    "about_me.change_contact": {"value": "902 555 0189"},
    "calendar.ask": {"way": ""},
    "inbox.begin": {"to": "team", "subject": "A question", "body": "When do you open?"}, "inbox.write": {"body": "And when do you close?"},
    "inbox.seen": {"last": "999999"}, "admin.discussion_seen": {"last": "999999"},
    "admin.answer_discussion": {"body": "At nine."}, "admin.note_discussion": {"note": "Call them."},
    "admin.follow_discussion": {"on": "1"}, "admin.hand_on_discussion": {"to": "category:on_call", "version": "1"},
    "admin.close_discussion": {"version": "1"}, "admin.begin_discussion": {"subject": "Your form", "body": "Please bring it."},
    **{f"inbox.begin_about_{place}": {"to": "team", "subject": "A question", "body": "When do you open?"} for place in ("appointment", "service")},
    **{f"admin.write_to_{place}": {"subject": "Your form", "body": "Please bring it."} for place in ("event", "enrolment", "group")},
    "admin.change_office_hours": {"from_0": "9", "until_0": "17"}, "admin.open_category": {"is_open": "y"},
    "admin.accept_change": {"version": "1"},
    "admin.create_document_template": {"name": "Another form", "kind": "form"}, "admin.copy_document_template": {"name": "A copy"},
    "admin.build_document_template": {"do": "page:", "version": "2"}, "admin.try_document": {"page": "p0"},
    "admin.describe_document_template": {"q-name": "Another name", "q-kind": "form", "q-languages": "en", "version": "2"},
    "admin.offer_document_template": {"offered": "no", "version": "2"},
    **{f"admin.change_document_{part}": {"q-words.en": "Other words", "version": "2"} for part in ("part", "score")},
    **{f"admin.{verb}": {"version": "2"} for verb in ("publish_document_template", "remove_document_part", "remove_document_score")},
    "admin.book_event": {"time": "10:00", "date-day": "3", "date-month": "2", "date-year": "2026", "individual": "", "way": ""},
    "admin.move_event": {"time": "10:00", "date-day": "3", "date-month": "2", "date-year": "2026", "minutes": "20", "version": "1"},
    "admin.cancel_event": {"reason": "Somebody is ill.", "version": "1"},
    "admin.set_video": {"way": "video", "video_link": "https://video.example/x", "version": "1"},
    "admin.decline_change": {"reason": "We could not read it."},
    "admin.accept_request": {"version": "1"}, "admin.decline_request": {"reason": "Somebody is ill.", "version": "1"},
    "admin.offer_time": {"time": "10:00", "date-day": "3", "date-month": "2", "date-year": str(dt.date.today().year + 2), "version": "1"},
    "admin.change_settings": {"mail_rate": "20", "shown-mail_rate": "10", "mail_test_minutes": "10", "shown-mail_test_minutes": "10"},
    "admin.change_agency": {
        "name": "Another name", "short_name": "Other", "site_name": "Elsewhere", "phone": "+1 902 555 0199", "country": "CA",
        "time_zone": "UTC", "language": "en", "emergency_line": "Call 911.",
    },
    "admin.choose_colour": {"accent": "#7a1f4b"},
    "admin.change_emergency_lines": {"es": "Llame al 112."},
    "admin.add_site": {"name": "North", "time_zone": "UTC", "is_in_use": "y"},
    "admin.change_site": {"name": "North", "phone": "+1 902 555 0199", "time_zone": "UTC", "is_in_use": "y"},
    "admin.publish_page": {"body": "# Ours"},
    "admin.map_columns": {"column-0": "external_id", "column-1": "name", "dates": "ymd", "country": "CA"},
    "admin.read_import_anew": {"encoding": "utf-8", "delimiter": "semicolon"},
    "admin.answer_consent": {"consent": "no"},
    "admin.plan_change": {"verb": "suspend", "whom": "all"},
    "admin.include_person": {"include": "1"},
    "admin.invite_worker": {"first_name": "Nell", "last_name": "Nook", "email": "nell@example.org", "group": "worker", "security_class": ""},
    "admin.change_worker": {"first_name": "Wim", "last_name": "West", "email": "wim@example.org", "group": "worker", "security_class": "",
                            "version": "1"},
    "admin.add_service": {"name": "Another service", "kind": "case"}, "admin.change_service": {"name": "Another name", "version": "1"},
    "admin.add_group": {"name": "Another group"}, "admin.change_group": {"name": "Another name", "version": "1"},
    "admin.show_service": {"visible": "1", "version": "1"}, "admin.change_service_staff": {"version": "1"},
    "admin.add_kind": {"name": "Another kind", "shade": "red"}, "admin.change_kind": {"name": "Another name", "shade": "red", "version": "1"},
    "admin.face_clients": {"kind": ""}, "admin.add_holiday": {"name": "Another day", "date-day": "5", "date-month": "6", "date-year": "2030"},
    "admin.close_enrolment": {"closed_on-day": "1", "closed_on-month": "3", "closed_on-year": "2026", "version": "1"},
    "admin.assign_workers": {"worker": "", "version": "1"}, "admin.reopen_enrolment": {"version": "1"},
    "admin.leave": {"to": ""}, "admin.hand_over": {"to": "category:on_call"},
    "admin.create_class": {"name": "Another class"}, "admin.change_class": {"name": "Another name", "version": "1"},
    "admin.create_category": {"name": "Another part"}, "admin.rename_category": {"name": "Another name"},
    "invitation.accept": {"password": "nine quiet otters swim"},
    "admin.record_consent": {"channel": "sms", "given": "1"}, "admin.choose_kinds": {"refused": ""},
    "admin.follow": {"follow": "1"},
    "admin.create_account": {"email": "alice@example.org"},
    "admin.first_start_describe": {
        "name": "Another name", "short_name": "Other", "site_name": "Elsewhere", "phone": "+1 902 555 0199",
        "country": "CA", "time_zone": "UTC", "emergency_line": "Call 911.",
    },
    "admin.first_start_publish": {"privacy": "# Less", "terms": "# More"},
    "admin.first_start_code": {"code": "000000"},
    "first_start.create": {
        "code": "AAAA-BBBB-CCCC", "first_name": "Mal", "last_name": "Ory", "email": "mal@example.org",
        "password": "nine quiet otters swim",
    },
}  # fmt: skip

ABOUT_EVERYBODY = {"/admin/accounts/new-passwords"}  # also takes the right to see everybody

ABSURD = ("0", "-1", "x" * 22, "1" + "0" * 30, "%00", "../..", "' OR 1=1", "🦦", ".", "%2e%2e", "None", "alice@example.org")
FEW = ("' OR 1=1", "../..", "%00")  # for those who meet a gate before any id is read
VERBS = ("cancel", "suspend", "unlock", "disable", "enable", "close", "reset")
AWAY = {303, 401}  # to the sign-in page
IN = {200, 204, 303, 422}
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost:8000/"}


# ---------------------------------------------------------------- what there is to ask


class Matrix:
    """One person, every question, and what the answers were."""

    def __init__(self, world, browser, name):
        self.world, self.browser, self.name = world, browser, name
        self.app = browser.app
        self.audiences = {bp.name: audience for bp, audience in blueprints.tiles(development=True)} | {"static": "public"}
        self.adapter = self.app.url_map.bind("localhost")
        self.token = browser.token
        self.cookies = dict(browser.client._cookies)
        self.wrong = []
        self.asked = 0
        self.tried = set()  # (case, with htmx)

    def arguments(self, kinds, whose, absurd=None, only_last=False):
        """Values for a route's arguments: somebody's own, or absurd ones."""
        fixed = {
            "file": "app.js", "section": "messages", "slug": "help", "topic": "home", "text": "booked", "verb": "suspend", "message": self.world.message,
            "import": self.world.file, "language": "en", "part": "logo", "picture": "0" * 32, "site": agency.main_site().public_id,
            "change job": self.world.change_job, "activation job": self.world.activation_job,
            "row": self.world.row, "step": "start", "mark": "confirm", "moment": self.world.staff["moment"], "appointment": self.world.appointment, "feed": self.world.feed,
            "reply": self.world.reply, "arrival": self.world.arrival, "unsubscribe": self.world.unsubscribe,
            "service": self.world.staff["service"],
            "worker": self.world.staff["worker"], "photo": self.world.staff["photo"], "class": self.world.staff["class"],
            **{kind: self.world.staff[kind] for kind in ("document template", "part of it", "score of it")},
            **{kind: self.world.staff[kind] for kind in ("kind of time", "holiday", "week", "stretch", "day off", "absence")},
            "category": self.world.staff["category"], "invitation": self.world.staff["invitation"],
            "activation": self.world.activation if whose == "alice" else self.world.another_activation, "reset": self.world.reset,
            "unlock": self.world.unlock, "former address": self.world.former_address,
        }  # fmt: skip
        own = [fixed[kind] if kind in fixed else self.world.mine(kind, whose) for kind in kinds]
        if absurd is None:
            return own
        return [*own[:-1], absurd] if only_last else [absurd] * len(own)

    def expected(self, path, method, owners):
        """The statuses that may come back."""
        try:
            endpoint, arguments = self.adapter.match(path, method=method)
        except NotFound:
            return {404}, None
        except MethodNotAllowed:
            return {405}, None
        except RequestRedirect:
            return {308}, None
        audience = self.audiences[endpoint.partition(".")[0]]
        if method == "OPTIONS":
            return {200, *AWAY, 404}, endpoint
        found = len(owners) == 1 and (owners <= SEES.get(self.name, set()) or "nobody's" in owners)
        found = found or owners == {f"{self.name}'s"}
        found = found or (owners == {"finn's file"} and "view_all_individuals" in RIGHTS.get(self.name, ()))
        found = found and arguments.get("verb", "close") in VERBS
        if audience in ("public", "link"):
            return {200, 303, 404, 410, 422} | ({204, 401} if endpoint == "signing.stay" else set()), endpoint
        if audience == "api":
            return {404}, endpoint  # no program has a token here, and who is signed in is no program
        if self.name in ("nobody", "eve"):
            return AWAY, endpoint
        if audience == "client":
            mine = self.name in ("alice", "bob") and owners in ({self.name}, {"nobody's"})
            return (IN if mine else {303} if path == "/" and self.name not in ("alice", "bob") else {404}), endpoint
        if self.name in ("alice", "bob"):
            return {404}, endpoint
        right = self.app.view_functions[endpoint].right
        found = found and (endpoint not in MANAGED or self.name in MANAGES)
        found = found and (endpoint not in HOURS or "manage_workers" in RIGHTS[self.name])
        if endpoint in ANSWERED and "answer_requests" in RIGHTS[self.name]:
            found = owners in ({"alice"}, {"bob"})
        if endpoint in TO_GROUPS and "manage_services" in RIGHTS[self.name]:
            found = owners in ({"alice"}, {"bob"})
        found = found and (path not in ABOUT_EVERYBODY or "view_all_individuals" in RIGHTS[self.name])
        return (IN if found and (not right or right in RIGHTS[self.name]) else {404}), endpoint

    def ask(self, rule, values, owners, method, headers):
        """One question.  True when somebody was let in with something that may change a row."""
        path = fill(rule, values)
        allowed, endpoint = self.expected(path, method, owners)
        data = {"csrf_token": self.token, **FIELDS.get(endpoint, {})} if method == "POST" else None
        here = {"Origin": self.browser.root} if method == "POST" else {}
        response = self.browser.client.open(
            quote(path, safe="/"), base_url=self.browser.root, method=method, data=data, headers={**headers, **here}, buffered=True,
            environ_overrides={"REMOTE_ADDR": f"127.51.100.{self.asked % 250}"},
        )  # fmt: skip
        self.asked += 1
        self.look(response, f"{method} {path} {'htmx ' if headers else ''}({self.name})", allowed, method, bool(headers))
        return method == "POST" and response.status_code in IN

    def look(self, response, question, allowed, method, is_htmx):
        status, body = response.status_code, response.data
        told = f"{body.decode(errors='replace')} {response.headers}"
        if status not in allowed:
            self.wrong.append(f"{question}: {status}, not {sorted(allowed)}")
        if status >= 500:
            self.wrong.append(f"{question}: {status}")
        if allowed is AWAY and not leads_to_sign_in(response, is_htmx):
            self.wrong.append(f"{question}: not led to sign in but to {response.headers.get('Location')}")
        if not body and method not in ("HEAD", "OPTIONS") and status not in (204, 303, 308) and "HX-Redirect" not in response.headers:
            self.wrong.append(f"{question}: an empty body")
        if self.name in NO_CANARIES:
            self.wrong.extend(f"{question}: shows {canary!r}" for canary in CANARIES if canary in told)

    def start_again(self, saved):
        saved.restore()
        self.browser.client._cookies.clear()
        self.browser.client._cookies.update(self.cookies)


def leads_to_sign_in(response, is_htmx):
    if is_htmx:
        return response.status_code == 401 and response.headers["HX-Redirect"].startswith("/sign-in")
    return response.status_code == 303 and response.headers["Location"].startswith("/sign-in")


def fill(rule, values):
    """The path of a route with its arguments in place."""
    parts, left = [], list(values)
    for part in rule.split("<"):
        name, closed, rest = part.partition(">")
        parts.append(f"{left.pop(0)}{rest}" if closed else name)
    return "".join(parts)


def cases(matrix, kinds, absurd):
    """The arguments to try: what they are called, their values, and whose they are."""
    owned = ("individual", "account", "contact", "delivery", "task", "change", "device", "enrolment", "entry", "event", "place", "request",
             "asked enrolment", "discussion", "attachment", "their group")
    is_owned = any(kind in owned for kind in kinds)
    else_ = {"finn's file"} if {"import", "change job", "activation job"} & {*kinds} else {"nobody's"}  # or job
    own, foreign = ({"dora's"}, {"finn's"}) if "device of staff" in kinds else (else_, else_)
    yield "own", matrix.arguments(kinds, "alice"), {"alice"} if is_owned else own
    if not kinds:
        return
    yield "foreign", matrix.arguments(kinds, "bob"), {"bob"} if is_owned else foreign
    alice, bob = matrix.arguments(kinds, "alice"), matrix.arguments(kinds, "bob")
    if sum(kind in owned for kind in kinds) > 1:
        yield "foreign", [alice[0], *bob[1:]], {"alice", "bob"}
        yield "foreign", [bob[0], *alice[1:]], {"alice", "bob"}
    for value, case in zip(absurd, itertools.cycle(("absurd", "absurd by htmx"))):  # by turns: there are many
        yield case, matrix.arguments(kinds, "alice", value), set()
        if len(kinds) > 1:
            yield case, matrix.arguments(kinds, "alice", value, only_last=True), set()


BY_ADDRESS_ALONE = {"/unsubscribe/<token>"}  # Alice's, whoever posts it (RFC 8058)


def walk(matrix, absurd, methods):
    """Ask everything.  What is let in and may change something is undone, after a look at everybody else's rows."""
    world, saved = matrix.world, Saved(matrix.world.templates)
    still = rows_of_everything()
    theirs = {"alice": rows_about(world.cast.bob), "bob": rows_about(world.cast.alice)}
    for rule, kinds in RECIPES.items():
        for case, values, owners in cases(matrix, kinds, absurd):
            for method, headers in methods[case]:
                matrix.tried.add((case.partition(" ")[0], bool(headers)))
                if not matrix.ask(rule, values, owners, method, headers):
                    continue
                is_bobs = owners == {"bob"} or (owners == {"nobody's"} and matrix.name == "bob" and rule not in BY_ADDRESS_ALONE)
                whose = "bob" if is_bobs else "alice"
                other = world.cast.alice if whose == "bob" else world.cast.bob
                matrix.wrong.extend(
                    f"{method} {fill(rule, values)} ({matrix.name}) changed somebody else's {difference}"
                    for difference in differences(theirs[whose], rows_about(other))
                )
                matrix.start_again(saved)
    matrix.wrong.extend(differences(still, rows_of_everything()))
    assert not matrix.wrong, "\n".join([f"{len(matrix.wrong)} of {matrix.asked}", *matrix.wrong[:25]])


CASES = ("own", "foreign", "absurd")
QUICK = {case: [("GET", {}), ("POST", {})] for case in (*CASES, "absurd by htmx")}
FOREIGN = [("GET", {}), ("GET", HTMX), ("HEAD", {}), ("POST", {}), ("POST", HTMX)]
ALL = {
    "own": [*FOREIGN, ("PUT", {}), ("DELETE", {}), ("PATCH", {}), ("OPTIONS", {})], "foreign": FOREIGN,
    "absurd": QUICK["absurd"], "absurd by htmx": [("GET", HTMX), ("POST", HTMX)],
}  # fmt: skip


@pytest.mark.quick  # the long one below tries all of this and more
@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_gets_their_own_and_nothing_else(world, arrive, name):
    matrix = Matrix(world, arrive(name), name)
    walk(matrix, FEW[::2], QUICK)
    assert matrix.asked > 200


@pytest.mark.long
@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_gets_their_own_and_nothing_else_whatever_is_tried(world, arrive, name):
    matrix = Matrix(world, arrive(name), name)
    walk(matrix, ABSURD if name in ("dora", "ada") else FEW, ALL)
    assert matrix.asked > 600
    assert matrix.tried == {(case, is_htmx) for case in CASES for is_htmx in (False, True)}


def test_what_belongs_to_somebody_is_found_through_all_that_refers_to_them(world):
    bobs, alices = rows_about(world.cast.bob), rows_about(world.cast.alice)
    assert {"Individual", "Contact", "PortalAccount", "ProfileChange", "Attendance", "EventMessage", "Enrolment", "Task"} <= {name for name, _ in bobs}
    assert ("Contact", world.cast.bob.contacts.get().id) in bobs
    assert ("Contact", world.cast.bob.contacts.get().id) not in alices


def test_every_route_has_a_row_here(app):
    assert {rule.rule for rule in app.url_map.iter_rules()} == set(RECIPES)


def test_every_row_names_the_arguments_of_its_route(app):
    for rule in app.url_map.iter_rules():
        assert len(rule.arguments) == len(RECIPES[rule.rule]), rule.rule
