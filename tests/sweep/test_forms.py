"""Every form that anybody meets on any page: refused without its token, harmless with nonsense, done once when sent twice,
deaf to fields that it does not have, and usable without JavaScript."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import peewee
import pytest
from pages.conftest import File, born
from sweep.scenes import (
    AGENCY,
    LOGO,
    PASSWORD,
    PEOPLE,
    PHOTO,
    TOKENS,
    Found,
    Scene,
    app_code,
    changes,
    everybody,
    first_code,
    forms_in,
    individual,
    new_app_code,
    recovery_code,
    rows,
)

import models
from domain import agency, links, store
from models import (
    TABLES,
    AddressChange,
    AuditEntry,
    AuditHead,
    AuditValues,
    Device,
    FormReceipt,
    HalfSignIn,
    Individual,
    LoginSession,
    RateCount,
    Worker,
)

# To end a session twice is harmless, and so is staying: these forms need no one-time id.  A visitor's choice of a language
# is kept by the browser alone.
TRIAL = "/admin/document-templates/<public_id>/preview"  # filled in to try it, and kept nowhere
WITHOUT_ONE_TIME_ID = {"/sign-out", "/quick-exit", "/reply/quick-exit", "/stay-signed-in", "/language", TRIAL}
# Whoever presses it must leave the page in any case: without a good token nothing is done, but the way out is shown.
LEADS_OUT = {"/quick-exit", "/reply/quick-exit"}
# Their answer is the page itself and not the way to another one.
ANSWERS_ON_THE_SPOT = {"/activate/new-link", "/arrival/new-link", "/reply/new-link", TRIAL}
# What is changed is a cookie and nothing else.
KEPT_BY_THE_BROWSER = {"/language"}
# The browser's own session ends with the first post, so that a second one finds nobody signed in.
ENDS_ITS_OWN_SESSION = {"/sign-out", "/quick-exit", "/reply/quick-exit"}


def refusal_of(found: Found) -> int:
    """How a post without a good token is answered."""
    return 303 if found.route in LEADS_OUT else 400


def password_of(who: str) -> str:
    return PASSWORD if who.startswith(("the first", "pia", "cleo")) else f"{who} likes 9 quiet otters"


def _code_of_mail(scene: Scene, found: Found) -> dict[str, Any]:
    test = agency.newest_mail_test(Worker.get())
    assert test is not None
    return {"code": links.digits(test)}


def in_days(number: int) -> dt.date:
    return agency.today() + dt.timedelta(days=number)


OF_THE_VISIT = (RateCount, FormReceipt)  # notes that are no effect


# What a person types so that a form does something, by its route.
TYPED: dict[str, Callable[[Scene, Found], dict[str, Any]]] = {
    "/sign-in": lambda scene, found: (
        {"email": "alice@example.org", "password": password_of("alice")} if "alice" in scene.forms
        else {"email": "ada@example.org", "password": PASSWORD}
    ),
    "/forgotten-password": lambda scene, found: {"email": "bob@example.org"},
    "/reset/": lambda scene, found: {"password": "seven brave geese fly"},
    "/activate/terms": lambda scene, found: {"accept": True},
    "/activate/date-of-birth": lambda scene, found: born(individual("pia").birth_date),
    "/activate/password": lambda scene, found: {"password": "seven brave geese fly"},
    "/reply/date-of-birth": lambda scene, found: born(dt.date(1980, 2, 3)),
    "/reply/messages": lambda scene, found: {"body": "I will bring it."},
    "/my-portal/address": lambda scene, found: {"email": "another@example.org", "current": password_of(found.who)},
    "/my-portal/address/code": lambda scene, found: {"code": links.digits(AddressChange.select().order_by(AddressChange.id.desc()).get().code)},
    "/my-portal/messages": lambda scene, found: {"messages": False},
    "/admin/individuals/<public_id>/kinds-of-messages": lambda scene, found: {"kinds-messages": False},
    "/admin/my-messages/": lambda scene, found: {"event": "none", "minutes": "45"},
    "/my-portal/language": lambda scene, found: {"language": "ar"},
    "/calendar/feed/details": lambda scene, found: {"has_details": True},
    "/calendar/request/<enrolment_id>/<worker_id>/<moment>": lambda scene, found: {"way": "video"},
    "/inbox/new": lambda scene, found: {"subject": "A question", "body": "When do you open?"},
    "/inbox/new/appointment/<place_id>": lambda scene, found: {"subject": "A question", "body": "May I bring somebody?"},
    "/inbox/new/service/<enrolment_id>": lambda scene, found: {"subject": "A question", "body": "How long does it take?"},
    **{f"/admin/{place}/messages/new": lambda scene, found: {"subject": "Monday", "body": "We meet in room 2."} for place in (
        "events/<event_id>", "groups/<public_id>", "individuals/<public_id>/enrolments/<enrolment_id>",
    )},
    "/admin/settings/office-hours": lambda scene, found: {"from_0": "9", "until_0": "17:00", "text_en": "We are closed."},
    "/admin/schedule/away/<public_id>/": lambda scene, found: {**born(in_days(40), "starts_on"), **born(in_days(42), "ends_on")},
    "/admin/workers/categories/<slug>/clients": lambda scene, found: {"days": "3"},
    "/inbox/<discussion_id>/messages": lambda scene, found: {"body": "And when do you close?"},
    "/admin/discussions/<discussion_id>/messages": lambda scene, found: {"body": "At nine."},
    "/admin/discussions/<discussion_id>/notes": lambda scene, found: {"note": "Call them."},
    "/admin/discussions/<discussion_id>/hand-on": lambda scene, found: {"to": "category:on_call"},
    "/admin/individuals/<public_id>/discussions/new": lambda scene, found: {"subject": "Your form", "body": "Please bring it."},
    "/calendar/<place_id>/cancellation": lambda scene, found: {"reason": "I am ill."},
    "/my-portal/terms": lambda scene, found: {"accept": True},
    "/admin/settings/agency": lambda scene, found: {"name": "Bridge House", "country": "CA"},
    "/admin/settings/emergency-line": lambda scene, found: {"es": "Llame al 112."},
    "/admin/settings/brand/colour": lambda scene, found: {"accent": "#7a1f4b"},
    "/admin/settings/brand/pictures/<part>": lambda scene, found: (
        {"icon": found.form.options["icon"][-1]} if "icon" in found.form.names else {"file": File("logo.svg", LOGO)}
    ),
    "/admin/settings/sites/new": lambda scene, found: {"name": "North", "phone": "+1 902 555 0190"},
    "/admin/settings/sites/<public_id>/": lambda scene, found: {"address": "9 Quay Road"},
    "/admin/settings/pages/<slug>/<language>": lambda scene, found: {"body": "# Ours\n\nWe are careful."},
    "/admin/settings/texts/<kind>/<language>/": lambda scene, found: {
        "body": {"rescheduled": "On {new date} at {time}.", "confirmation": "On {date} at {time}: {link}", "footer": "Ring twice.",
                 "message_waiting": "We wrote to you."}.get(found.path.split("/")[4], "On {date} at {time}.")
    },
    "/admin/settings/kinds-of-time/new": lambda scene, found: {"name": "Phone", "shade": "red"},
    "/admin/settings/kinds-of-time/<public_id>/": lambda scene, found: {"shade": "other", "colour": "#7a1f4b"},
    "/admin/settings/kinds-of-time/for-clients": lambda scene, found: {"kind": another(found, "kind")},
    "/admin/settings/holidays/": lambda scene, found: {**born(in_days(40), "date"), "name": "Quiet day"},
    "/admin/schedule/hours/<public_id>/calendars/new": lambda scene, found: born(in_days(40), "starts_on"),
    "/admin/schedule/hours/<public_id>/calendars/<calendar_id>/": lambda scene, found: {"day_4": True, "begins": "9", "ends": "17:00"},
    "/admin/schedule/hours/<public_id>/day-off": lambda scene, found: born(in_days(40), "date"),
    "/admin/schedule/hours/<public_id>/extra-time": lambda scene, found: {**born(in_days(40), "date"), "begins": "9", "ends": "17:00"},
    "/my-portal/password": lambda scene, found: {"current": password_of(found.who), "password": "seven brave geese fly"},
    "/sign-in/code": lambda scene, found: {"code": app_code("nia")},
    "/sign-in/recovery-code": lambda scene, found: {"code": recovery_code("nia")},
    "/sign-in/app": lambda scene, found: {"code": new_app_code("noe")},
    "/admin/my-sign-in/new-codes": lambda scene, found: {"code": app_code(found.who)},
    "/admin/my-sign-in/new-phone": lambda scene, found: {"code": app_code(found.who)},
    "/admin/my-sign-in/new-app": lambda scene, found: {"code": new_app_code(found.who)},
    "/admin/my-sign-in/": lambda scene, found: {"current": password_of(found.who), "password": "seven brave geese fly"},
    "/about-me/names": lambda scene, found: {"preferred_name": "Sunny"},
    "/about-me/legal-name": lambda scene, found: {"last_name": "Fisher"},
    "/about-me/contacts/new": lambda scene, found: {"kind": "mobile", "value": "+1 902 555 0166"},
    "/about-me/contacts/<contact_id>/": lambda scene, found: {"instructions": "Ring twice"},
    "/admin/individuals/<public_id>/changes/<change_id>/refusal": lambda scene, found: {"reason": "Please call us."},
    "/admin/services/new": lambda scene, found: {"name": "Housing help", "kind": "informal"},
    "/admin/services/<public_id>/edit": lambda scene, found: {"client_name": "A roof"},
    "/admin/services/<public_id>/staff": lambda scene, found: {next(iter(found.form.boxes)): True},
    "/admin/services/<public_id>/groups/new": lambda scene, found: {"name": "Noon"},
    "/admin/groups/<public_id>/edit": lambda scene, found: {"capacity": "9"},
    "/admin/individuals/<public_id>/enrolments/new": lambda scene, found: {"service": found.form.options["service"][-1]},
    "/admin/individuals/<public_id>/enrolments/<enrolment_id>/workers": lambda scene, found: {"worker": found.form.options["worker"][-1]},
    "/admin/workers/new": lambda scene, found: {"first_name": "Nell", "last_name": "Nook", "email": "nell@example.org"},
    "/admin/workers/<public_id>/edit": lambda scene, found: {"display_name": "Sunny"},
    **dict.fromkeys(("/admin/workers/<public_id>/photo", "/admin/my-sign-in/photo"), lambda scene, found: {"file": File("me.png", PHOTO)}),
    "/admin/workers/classes/new": lambda scene, found: {"name": "Audit", "view_audit": True},
    "/admin/workers/classes/<public_id>/": lambda scene, found: {"name": "More figures"},
    "/admin/workers/categories/new": lambda scene, found: {"name": "Legal"},
    "/admin/workers/categories/<slug>/": lambda scene, found: {"name": "Homes"},
    "/admin/tasks/<public_id>/": lambda scene, found: {"to": "category:on_call"},
    "/invitation/": lambda scene, found: {"password": "seven brave geese fly"},
    "/admin/document-templates/new": lambda scene, found: {"name": "Consent"},
    "/admin/document-templates/<public_id>/about": lambda scene, found: {"q-title.en": "Who you are"},
    **dict.fromkeys((f"/admin/document-templates/<public_id>/{kind}/<key>/" for kind in ("parts", "scores")),
                    lambda scene, found: {"q-words.en": "In other words"}),
    "/admin/settings/<section>": lambda scene, found: another_value(found),
    "/admin/imports/new": lambda scene, found: {"subject": "sites", "file": File("sites.csv", b"id,name\n9,North\n")},
    "/admin/imports/<public_id>/columns": lambda scene, found: {"keep_as": "Ours"},
    "/admin/imports/<public_id>/reading": lambda scene, found: {"delimiter": "semicolon"},
    "/admin/imports/<public_id>/consent": lambda scene, found: {"consent": "yes"},
    "/admin/accounts/new-passwords": lambda scene, found: {"typed": "Harbour"},
    "/admin/accounts/changes": lambda scene, found: {"verb": "suspend", "whom": "all"},
    "/admin/schedule/new": lambda scene, found: {**born(dt.date(2026, 3, 4), "date"), "time": "10:00"},
    "/admin/events/<event_id>/move": lambda scene, found: {**born(dt.date(2026, 3, 4), "date"), "time": "11:00"},
    "/admin/requests/<event_id>/offer": lambda scene, found: {**born(agency.today() + dt.timedelta(days=20), "date"), "time": "11:00"},
    "/admin/requests/<event_id>/decline": lambda scene, found: {"reason": "Somebody is ill."},
    "/admin/events/<event_id>/cancellation": lambda scene, found: {"reason": "Somebody is ill."},
    "/admin/events/<event_id>/video": lambda scene, found: {"way": "video", "video_link": "https://video.example/x"},
    "/admin/individuals/new": lambda scene, found: {"first_name": "Nell", "last_name": "Nook", **born(dt.date(1990, 4, 5))},
    "/admin/individuals/<public_id>/edit": lambda scene, found: {"preferred_name": "Sunny", "pronouns": "they"},
    "/admin/individuals/<public_id>/contacts/new": lambda scene, found: {"kind": "email", "value": "more@example.org"},
    "/admin/individuals/<public_id>/contacts/<contact_id>/": lambda scene, found: {"instructions": "Ring twice", "is_main": False},
    "/first-start/": lambda scene, found: {
        "code": first_code(), "first_name": "Ada", "last_name": "Ames", "email": "ada@example.org", "password": PASSWORD,
    },
    "/admin/first-start/agency": lambda scene, found: {**AGENCY, "name": "Bridge House"},
    "/admin/first-start/pages": lambda scene, found: {"privacy": "# Ours\n\nWe are careful.", "terms": "Be kind."},
    "/admin/first-start/mail": _code_of_mail,
}  # fmt: skip


# Which button is pressed in a form that has several, by its route.
PRESSED = {"/admin/document-templates/<public_id>/": "Add a page"}


def another(found: Found, field: str) -> str:
    """One of what is offered, and not what is chosen already."""
    return next(option for option in found.form.options[field] if option not in ("", found.form.values[field]))


def another_value(found: Found) -> dict[str, Any]:
    """The section's first number, one more; where there is none, another choice."""
    if (mode := found.form.values.get("about_me_emergency")) is not None:
        return {"about_me_emergency": "at_once" if mode == "approval" else "approval"}
    key = next(name for name, value in found.form.values.items() if name not in TOKENS and "-" not in name and value.isdecimal())
    return {key: str(int(found.form.values[key]) + 1)}


def filled(scene: Scene, found: Found) -> dict[str, str]:
    """The form as somebody would send it who knows what they want."""
    typed = TYPED.get(found.route, lambda scene, found: {})(scene, found)
    return found.form.filled(typed) | found.form.said_by.get(PRESSED.get(found.route, ""), {})


def state() -> dict[str, Any]:
    """All that is kept, but receipts, counters and the session's clock."""
    return rows(without=OF_THE_VISIT, blind=True)


# ---------------------------------------------------------------- is everything met?


def test_every_address_that_takes_a_post_is_reached_by_a_form_that_somebody_meets(scenes):
    met, takes = set(), set()
    for name in PEOPLE:
        with scenes.again(name) as scene:
            met |= {found.route for who in scene.forms for found in scene.posts(who)}
            rules = [rule for rule in scene.app.url_map.iter_rules() if "POST" in rule.methods]
            only_ask = {rule.rule for rule in rules if getattr(scene.app.view_functions[rule.endpoint], "only_asks", False)}
            takes |= {rule.rule for rule in rules}
    texts = "/admin/settings/texts/<kind>/<language>/preview"  # the form of the text, by another button
    moved = {f"/admin/settings/portal-address/{which}" for which in ("real", "copy")}  # while nothing leaves: tests/pages/test_portal_address.py
    # Who allows no e-mail meets the one; the other is for mail programs alone: tests/pages/test_preferences.py
    consent, program = "/my-portal/messages/consent", "/unsubscribe/<token>"
    assert takes - met == {"/password-strength", texts, consent, program, *moved}
    assert only_ask == {"/password-strength", "/language", texts, TRIAL}


@everybody
def test_every_form_works_without_javascript(scene, name, who):
    assert scene.forms[who]
    for found in scene.forms[who]:
        form = found.form
        assert form.method in ("get", "post"), str(found)
        assert form.action.startswith("/"), str(found)
        assert form.buttons, str(found)
        if form.method == "post":
            assert form.values["csrf_token"], str(found)
            assert ("form_id" in form.names) == (found.route not in WITHOUT_ONE_TIME_ID), str(found)


def test_no_two_forms_carry_the_same_one_time_id(living):
    ids = [found.form.values["form_id"] for forms in living.forms.values() for found in forms if "form_id" in found.form.names]
    assert len(ids) == len(set(ids)) > 50


@everybody
def test_every_form_does_something_when_it_is_filled_in_well(scene, name, who):
    for found in scene.kinds_here(who):
        before = rows(without=OF_THE_VISIT)
        answer = scene.post(found, filled(scene, found))
        assert answer.status == (200 if found.route in ANSWERS_ON_THE_SPOT else 303), str(found)
        if found.route not in ANSWERS_ON_THE_SPOT | KEPT_BY_THE_BROWSER:
            assert changes(before, rows(without=OF_THE_VISIT)), f"{found}: nothing happened"
        scene.restore()


# ---------------------------------------------------------------- where it comes from

FOREIGN = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "rubbish"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "evil"},
    {"Origin": ""},
]  # fmt: skip


@pytest.mark.only_sqlite
@everybody
def test_no_form_is_taken_without_its_token(scene, name, who):
    before = state()
    for found in scene.posts(who):
        values = filled(scene, found)
        for token in (None, "", "rubbish", values["csrf_token"][:-1], values["csrf_token"].swapcase()):
            forged = {**values, "csrf_token": token} if token is not None else {k: v for k, v in values.items() if k != "csrf_token"}
            assert scene.post(found, forged).status == refusal_of(found), (str(found), token)
            if found not in scene.kinds(who):
                break
    assert changes(before, state()) == {}


def test_nobody_uses_the_token_of_somebody_else(living):
    before = state()
    tokens = {who: living.forms[who][0].form.values.get("csrf_token") for who in living.forms if living.forms[who]}
    for who, forms in living.forms.items():
        for found in living.kinds(who):
            for other in ("alice", "ada", "a stranger"):
                token = next(f.form.values["csrf_token"] for f in living.posts(other))
                if other != who:
                    answer = living.post(found, {**filled(living, found), "csrf_token": token})
                    assert answer.status == refusal_of(found), (str(found), other)
    assert len(tokens) == len(living.forms)
    assert changes(before, state()) == {}


@pytest.mark.only_sqlite
@everybody
def test_no_form_is_taken_from_another_site(scene, name, who):
    before = state()
    for found in scene.posts(who):
        values = filled(scene, found)
        walker = scene.ways[who]
        for headers in FOREIGN if found in scene.kinds(who) else FOREIGN[:1]:
            answer = walker.raw(found.form.action, "POST", data=values, headers=headers)
            assert answer.status_code == 400, (str(found), headers)
    assert changes(before, state()) == {}


@everybody
def test_a_browser_that_says_nothing_of_where_it_comes_from_is_believed_by_its_token(scene, name, who):
    for found in scene.kinds_here(who):
        answer = scene.ways[who].raw(found.form.action, "POST", data=filled(scene, found))
        assert answer.status_code == (200 if found.route in ANSWERS_ON_THE_SPOT else 303), str(found)
        scene.restore()


# ---------------------------------------------------------------- nonsense


def tokens_of(found: Found) -> dict[str, str]:
    return {name: found.form.values[name] for name in TOKENS if name in found.form.values}


def is_answered(found: Found, status: int) -> bool:
    return status in (303, 410, 422) or (status == 200 and found.route in ANSWERS_ON_THE_SPOT)


@pytest.mark.only_sqlite
@everybody
def test_an_empty_form_is_answered_in_words(scene, name, who):
    for found in scene.kinds(who):
        blank = {field: value if field in found.form.hidden else "" for field, value in found.form.values.items()}
        for values in (tokens_of(found), blank, dict.fromkeys(found.form.names, "") | tokens_of(found)):
            answer = scene.post(found, values)
            assert is_answered(found, answer.status), (str(found), values, answer.status)
            if answer.status == 422:
                assert answer.problems, str(found)
            scene.restore()


NONSENSE: dict[str, Any] = {
    "ten thousand letters": "x" * 10_000, "ten thousand wide ones": "𓀀" * 10_000, "a NUL": "a\x00b", "a lone NUL": "\x00",
    "controls": "a\x1b[31m\x07\x7fb", "half a character": b"a\xed\xa0\x80b", "broken bytes": b"\xff\xfe\xc3",
    "a huge number": "9" * 30, "ten thousand digits": "7" * 10_000, "a number below zero": "-1", "a broken number": "1e309",
    "not a number": "NaN", "Arabic digits": "٣", "a superscript": "²", "truth": "true", "nothing": "null", "a list": "[]",
    "a thing": '{"$ne": null}', "a line end": "a\r\nSet-Cookie: x=1", "from right to left": "\u202eabc", "spaces": " \t\u00a0\u3000 ",
    "a quote": "' OR 1=1 --", "a place for words": "%(name)s %s {0} {{ 7*7 }}", "a path": "../../etc/passwd", "a noncharacter": "\ufffe",
}  # fmt: skip


def typed_fields(found: Found) -> list[str]:
    return sorted(found.form.names - set(TOKENS))
QUICK = ("ten thousand letters", "a NUL", "controls", "half a character", "a huge number", "ten thousand digits", "a line end")


@pytest.mark.only_sqlite
@everybody
def test_nonsense_in_all_fields_is_never_our_fault_and_is_kept(scene, name, who):
    for turn, found in enumerate(scene.kinds(who)):  # by turns
        for what in (QUICK[turn % len(QUICK)], QUICK[(turn + 3) % len(QUICK)]):
            send_nonsense(scene, found, filled(scene, found) | dict.fromkeys(typed_fields(found), NONSENSE[what]), what)


@everybody
@pytest.mark.parametrize("share", [pytest.param(20, marks=pytest.mark.long), pytest.param(1, marks=pytest.mark.soak)])
def test_nonsense_in_any_one_field_is_never_our_fault_and_is_kept(scene, name, who, share):
    """By turns, but for the soak: each field meets a share of the nonsense, another one on each database, and each nonsense
    the share of the fields."""
    for found in scene.kinds_here(who):
        well, fields = filled(scene, found), typed_fields(found)
        for turn, field in enumerate(fields, 10 if store.is_postgres() else 0):
            for number, (what, value) in enumerate(NONSENSE.items()):
                if (number + turn) % share:
                    continue
                send_nonsense(scene, found, well | {field: value}, f"{field}: {what}")


def send_nonsense(scene: Scene, found: Found, values: dict[str, Any], what: str) -> None:
    answer = scene.post(found, values)
    assert is_answered(found, answer.status) or answer.status in (400, 404, 413), (str(found), what, answer.status)
    if answer.status == 422:
        assert_kept(found, answer, values)
    if answer.status not in (400, 404, 413):
        scene.restore()


def assert_kept(found: Found, answer: Any, values: dict[str, Any]) -> None:
    """The answer holds the same form with everything that was typed, but for passwords and what no page can hold."""
    assert 'class="error-summary"' in answer.html, str(found)
    if not (typed := found.form.names - found.form.hidden):  # a button, such as one of several free times
        return
    again = [form for form in forms_in(answer) if form.action == found.form.action and typed & (form.names - form.hidden)]
    assert len(again) == 1, str(found)
    for field, value in values.items():
        if field in TOKENS or field in found.form.hidden or "password" in field or field == "current":
            continue
        if field in found.form.files | found.form.only_named:
            continue  # no browser shows a file again
        if field in found.form.options or field in found.form.boxes or field.endswith(("-day", "-month", "-year")):
            continue  # one of those offered; ten characters of a date are enough to see what was wrong
        assert shown(again[0].values[field]).lower() == shown(value).lower(), (str(found), field)


def shown(value: str | bytes) -> str:
    """What a page can hold of it, with the line ends that a browser makes of them."""
    text = value.decode(errors="backslashreplace").replace("\\x", "%") if isinstance(value, bytes) else value
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t\x0c" or (c >= " " and not "\x7f" <= c <= "\x9f" and ord(c) & 0xFFFE != 0xFFFE))


@pytest.mark.only_sqlite
@everybody
def test_a_file_two_values_or_a_list_in_place_of_a_text_is_never_our_fault(scene, name, who):
    for found in scene.kinds(who):
        well = filled(scene, found)
        fields = (*typed_fields(found), *TOKENS)
        by_turns = fields[len(fields) % 2 :: 2]  # the first ones of one form, the second ones of another
        bodies = [(_parts({name: value for name, value in well.items() if name != field}, field), FILES) for field in by_turns]
        twice = [*well.items(), *((field, "second") for field in fields)]
        lists = [(f"{field}{kind}", "x") for field in fields for kind in ("[]", "[a]", ".b", "[0].c")]
        bodies += [(urlencode(pairs).encode(), WORDS) for pairs in (twice, [*tokens_of(found).items(), *lists])]
        for body, kind in bodies:
            answer = scene.post(found, body, content_type=kind)
            assert answer.status < 500, (str(found), body[:200], answer.status)
            scene.restore()


FILES, WORDS = "multipart/form-data; boundary=cut", "application/x-www-form-urlencoded"


def _parts(values: dict[str, str], field: str) -> bytes:
    """A body in which one field is a picture."""
    lines = [f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in values.items()]
    head = f'--cut\r\nContent-Disposition: form-data; name="{field}"; filename="face.png"\r\nContent-Type: image/png\r\n\r\n'
    return b"".join(lines) + head.encode() + b"\x89PNG\r\n\x1a\n\r\n--cut--\r\n"


@pytest.mark.only_sqlite
@everybody
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"email": "alice@example.org"}'), ("text/plain", b"csrf_token=x"), ("", b"\x00\xff"),
        ("multipart/form-data", b"no boundary"), ("multipart/form-data; boundary=cut", b"--cut\r\nrubbish"),
        ("application/x-www-form-urlencoded", b"%zz&&==&\xff=\xfe&csrf_token"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"+AGE-"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_form_is_refused(scene, name, who, kind, body):
    before = state()
    for found in scene.kinds_here(who):
        assert scene.post(found, body, content_type=kind).status == refusal_of(found), str(found)
    assert changes(before, state()) == {}


@everybody
def test_json_with_a_good_token_is_no_form_either(scene, name, who):
    for found in scene.kinds_here(who):
        answer = scene.post(
            found, json.dumps(dict.fromkeys(found.form.names, 5) | {"list": [], "thing": {}}), content_type="application/json",
            headers={"X-CSRFToken": found.form.values["csrf_token"]},
        )  # fmt: skip
        assert is_answered(found, answer.status), (str(found), answer.status)
        scene.restore()


# ---------------------------------------------------------------- sent twice

# What may differ between once and twice, beside notes of the visit: the fresh session, or half of one, that a repeated sign-in is given.
OF_THE_SESSION = (AuditEntry, AuditHead, AuditValues, LoginSession, Device, HalfSignIn)
STARTS_A_SESSION = {
    "/sign-in", "/invitation/", "/activate/password", "/first-start/", "/my-portal/password", "/my-portal/address/code", "/admin/my-sign-in/",
    "/sign-in/code", "/sign-in/recovery-code", "/sign-in/recovery-codes",
}  # fmt: skip


def once_only(scene: Scene, who: str) -> Iterator[tuple[Found, dict[str, str], dict[str, Any], Any]]:
    """Each form that carries a one-time id, what is sent, what is kept after one post, and its answer."""
    for found in scene.kinds_here(who):
        if "form_id" not in found.form.names:
            continue
        values = filled(scene, found)
        first = scene.post(found, values, walker=scene.ways[who].copy())
        yield found, values, kept(found), first
        scene.restore()


def kept(found: Found) -> dict[str, Any]:
    return rows(without=OF_THE_VISIT + (OF_THE_SESSION if found.route in STARTS_A_SESSION else ()), blind=True)


def sizes() -> dict[str, int]:
    return {table.__name__: table.select().count() for table in TABLES if table not in OF_THE_VISIT + OF_THE_SESSION}


def told(answer: Any) -> tuple[int, str, str]:
    return answer.status, answer.location, answer.html if answer.status == 200 else ""


def masked(location: str) -> str:
    """An address without the ids in it."""
    return re.sub(r"[A-Za-z0-9_-]{22}", "…", location)


@pytest.mark.long
@everybody
def test_a_form_whose_answer_was_lost_is_done_once_when_it_is_sent_again(scene, name, who):
    for found, values, once, first in once_only(scene, who):
        many = sizes()
        second = scene.post(found, values, walker=scene.ways[who].copy())
        if found.route not in ENDS_ITS_OWN_SESSION:
            assert told(second) == told(first), str(found)
        assert sizes() == many, str(found)
        assert changes(once, kept(found)) == {}, str(found)


@pytest.mark.parametrize("who", ["alice", "ada"])
def test_a_change_of_password_whose_answer_was_lost_is_answered_the_same_when_it_is_sent_again(living, who):
    found = next(found for found in living.posts(who) if found.route in ("/my-portal/password", "/admin/my-sign-in/"))
    two = [living.post(found, filled(living, found), walker=living.ways[who].copy()) for _ in range(2)]
    assert told(two[0]) == told(two[1])


@pytest.mark.long
@everybody
def test_a_form_that_is_tapped_twice_is_done_once(scene, name, who, at_once):
    for found, values, once, first in once_only(scene, who):
        many = sizes()
        scene.restore()
        two = [scene.ways[who].copy(), scene.ways[who].copy()]
        answers = at_once([lambda w=w, f=found, v=values: scene.post(f, v, walker=w) for w in two])
        if found.route not in ENDS_ITS_OWN_SESSION:
            assert told(answers[0]) == told(answers[1]), str(found)
        assert (first.status, masked(first.location)) in [(answer.status, masked(answer.location)) for answer in answers], str(found)
        assert sizes() == many, str(found)
        assert changes(once, kept(found)) == {}, str(found)


@everybody
def test_a_form_that_was_refused_may_be_put_right_and_sent_again(scene, name, who):
    for found in scene.kinds_here(who):
        well = filled(scene, found)
        fields = [field for field in typed_fields(found) if field not in found.form.hidden]
        if "form_id" not in found.form.names or not fields:
            continue
        wrong = {field: value for field, value in well.items() if field not in fields}
        if scene.post(found, wrong).status != 422:
            scene.restore()
            continue
        assert not FormReceipt.select().where(FormReceipt.form_id == well["form_id"]).exists()
        assert scene.post(found, well).status == 303, str(found)
        scene.restore()


# ---------------------------------------------------------------- fields that the form does not have


def columns() -> dict[str, list[peewee.Field]]:
    """Every column of every table by name, with the names of foreign keys both ways."""
    named: dict[str, list[peewee.Field]] = {}
    for table in TABLES:
        for field in table._meta.sorted_fields:
            for one in {field.name, field.column_name}:
                named.setdefault(one, []).append(field)
    return named


MARK = "smuggled0words1that2stand3nowhere"
WISHES = {
    "state": ("active", "dead"), "group": ("system_admin", "worker"), "reason": ("staff", "suspended"), "kind": ("email", "activation"),
    "is_main": ("1", "y"), "role": ("admin", "owner"), "language": ("ar", "en"), "channel": ("sms", "push"), "rights": ("manage_setup", MARK),
    "price": ("0", "-1"), "verb": ("close", "enable"), "next": ("/admin/", "//evil.example"),
}  # fmt: skip
NEVER_THERE = ("role", "owner_id", "owner", "price", "admin", "is_admin", "user_id", "next", "verb", "rights", "by", "actor")


def wish(name: str, fields: list[peewee.Field], turn: int) -> str:
    if name in WISHES:
        return WISHES[name][turn]
    field = fields[0] if fields else None
    if isinstance(field, peewee.BooleanField):
        return ("1", "")[turn]
    if isinstance(field, peewee.ForeignKeyField | peewee.IntegerField | peewee.AutoField):
        return ("1", "3")[turn]
    if isinstance(field, peewee.DateField | peewee.DateTimeField):
        return ("1999-09-09", "1999-09-09T09:09")[turn]
    return (MARK, f"{MARK}again")[turn]


def test_the_columns_that_are_wished_for_are_all_there():
    assert {"state", "group", "is_main", "worker_id", "individual", "is_demo", "account_id", "password_hash"} <= columns().keys()


# A choice that a form may have offered when it was opened is refused there, not passed over.
CHOSEN = {"/admin/schedule/new": {"worker", "site", "service", "group"}, "/admin/events/<event_id>/move": {"worker", "site"},
          "/admin/requests/<event_id>/offer": {"worker", "site"}, "/admin/workers/<public_id>/leaving": {"category"}}  # fmt: skip
CARRIED = {"/reply/date-of-birth": {"body"}}  # what was to be sent waits in the form that asks for the date of birth first


@pytest.mark.long
@pytest.mark.only_sqlite
@everybody
@pytest.mark.parametrize("turn", [0, 1])
def test_no_form_takes_a_field_that_it_does_not_have(scene, name, who, turn):
    for found in scene.kinds(who):
        values = filled(scene, found)
        plain = scene.post(found, values)
        after = state()
        scene.restore()
        named = {**dict.fromkeys(NEVER_THERE, []), **columns()}
        chosen = CHOSEN.get(found.route, set())
        known = found.form.names | set(TOKENS) | chosen | CARRIED.get(found.route, set())
        extra = {name: wish(name, fields, turn) for name, fields in named.items() if name not in known}
        assert len(extra) > 80
        before = state()
        for name in chosen - found.form.names:
            assert scene.post(found, {**values, name: MARK}).status == 422, (str(found), name)
            assert not [table for table in changes(before, state()) if not table.startswith("Audit")], str(found)  # but for the look
            scene.restore()
        answer = scene.post(found, {**extra, **values})
        assert (answer.status, masked(answer.location)) == (plain.status, masked(plain.location)), str(found)
        assert changes(after, state()) == {}, str(found)
        assert MARK not in repr(rows()), str(found)
        scene.restore()


def test_the_wishes_are_seen_when_a_table_does_take_them(living):
    """The check above would notice: a row that differs is a difference, and a mark is found wherever it stands."""
    before = state()
    with models.db.atomic():
        Individual.update(pronouns=MARK).where(Individual.external_id == "bob").execute()
    assert list(changes(before, state())) == ["Individual"]
    assert MARK in repr(rows())
