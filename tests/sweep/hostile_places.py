"""Where people write in what has to do with messages, and every page on which that is read."""

import datetime as dt
import io
import re

import nasty
from pages.conftest import Browser, born

import models
from domain import (
    addressees,
    agency,
    answering,
    attachments,
    attendances,
    categories,
    clock,
    covers,
    discussions,
    enrolments,
    events,
    message_texts,
    preferences,
    profile,
    profile_changes,
    reply_links,
    services,
    settings,
    store,
)
from domain.actor import SYSTEM
from models import Attendance, Discussion, Enrolment, Group, MessageText, Site, WorkerAbsence

PART = {"HX-Request": "true", "HX-Request-Type": "partial", "X-Poll": "1"}
SAID = "(messages)"  # how the names of those pages end on which all that was written in messages can be read


def write_messages(cast, text):
    """The text as subjects, messages of both, notes, names of files, automatic answers, and in what Setup says of messages."""
    for key, value in (("unanswered_discussions", 0), ("unanswered_limit", 0), ("about_me_names", "approval")):
        settings.change(key, str(value), SYSTEM)
    _house(cast, text)
    file, group = _service(cast, text)
    by, hers, waits = cast.by("dora"), cast.by("alice"), models.WorkerCategory.get(models.WorkerCategory.is_open).slug
    found = discussions.start(cast.alice, text.of(120), text.body, hers, worker=cast.dora, about=discussions.About(enrolment=file),
                              files=_files(text))  # fmt: skip
    discussions.write(found, text.of(1200), by, _files(text))
    discussions.note(found, text.of(1200), by)
    with store.writing():
        discussions.say_by_itself(found, text.of(400), is_unread=True)
    discussions.start(cast.alice, text.of(120), text.body, hers, category=waits)
    discussions.start_with_each([cast.alice, cast.bob], text.of(120), text.body, by, worker=cast.dora, about=discussions.About(group=group))
    plan = events.Plan(cast.dora, clock.ahead(hours=20), 50, Site.get(), [cast.alice])
    attendances.tell(Attendance.get(Attendance.event == events.book(plan, by)), "running_late", cast.by("alice"))
    asked = profile_changes.ask_details(cast.alice, "names", {"preferred_name": "Al", "pronouns": "", "gender": ""}, cast.by("alice"))
    profile_changes.decline(asked, text.of(400), cast.by("ada"))


def _house(cast, text):
    """What Setup says: office hours that are over, a category for clients, who is away, and the texts of e-mails."""
    ada, today = cast.by("ada"), agency.today()
    answering.open_hours({(today.weekday() + 3) % 7: (540, 541)}, {"en": text.of(400)}, ada)
    addressees.open_to_clients(categories.create(text.of(60), ada), addressees.Opening(True, {"en": text.of(80)}), ada)
    covers.be_away(cast.dora, covers.Away(today, today + dt.timedelta(days=5), cast.ines, text.of(400)), ada)
    write_texts_of_letters(text)


def write_texts_of_letters(text):
    """What the agency adds to its own wording of each letter, and below all of them."""
    with store.writing():
        for kind in message_texts.TEXTS:  # what is in braces and no field is refused, so there is none
            own = re.sub("[{}]", "|", text.of(400))
            MessageText.create(kind=kind, language="en", body=message_texts.checked(kind, f"{message_texts.default(kind, 'en')}\n{own}"))
        store.forget()


def _service(cast, text):
    """Alice is with Dora in a service, and with Bob in its group."""
    by, today = cast.by("ines"), agency.today()
    made = services.add(services.Details(text.of(100), client_name=text.of(100), client_description=text.of(400)), "case", by)
    services.show(made, by, is_visible=True, version=1, warned_of=())
    for person in (cast.alice, cast.bob):
        file = enrolments.open(person, made, cast.dora, today, by)
    group = services.add_group(made, services.GroupDetails(text.of(100), text.of(100), text.of(400), is_visible=True), by)
    for person in (cast.alice, cast.bob):
        enrolments.join(group, person, today, by)
    return Enrolment.get(Enrolment.individual == cast.alice, Enrolment.service == file.service), group


def _files(text):
    """A picture under that name, as it would be if nobody had cleaned it."""
    ready = attachments.ready([("x.png", io.BytesIO(nasty.picture()))])
    ready[0].name = text.of(100)
    return ready


def pages_of_messages(app, cast, text):
    """Each page on which it is read, by whom and where."""
    browsers = {name: Browser(app, name) for name in ("", "alice", "ada", "dora")}
    for browser in browsers.values():
        browser.lints = False
    shown = {}
    for number, (name, path) in enumerate(_views(cast)):
        answer = browsers[name].open(path, headers=PART if path.endswith("after=0") else None)
        assert answer.status == 200, path
        route = re.sub(r"[\w.-]{22,}", "…", path)
        shown[f"{number} {name} {route}{SAID if re.search('(inbox|discussions)/…/(new)?', route) and '/new/' not in route else ''}"] = answer.html
    return shown | _preview(text, browsers["ada"]) | _by_link(app, cast, text)


def _views(cast):
    alice = cast.alice.public_id
    file, group = Enrolment.get(Enrolment.individual == cast.alice), Group.get()
    mine = list(Discussion.select().where(Discussion.individual == cast.alice).order_by(Discussion.id))
    record, away = f"/admin/individuals/{alice}", f"/admin/schedule/away/{cast.dora.public_id}/"
    place = Attendance.get(Attendance.individual == cast.alice)
    category = models.WorkerCategory.get(models.WorkerCategory.is_open).slug
    for path in ("/", "/inbox/", "/inbox/?show=reminders", "/inbox/new", "/my-services/", f"/inbox/new/service/{file.public_id}",
                 f"/inbox/new/appointment/{place.public_id}", "/my-portal/messages", "/my-portal/history", "/about-me/", f"/calendar/{place.public_id}"):  # fmt: skip
        yield "alice", path
    for each in mine:
        yield from (("alice", f"/inbox/{each.public_id}/"), ("dora", f"/admin/discussions/{each.public_id}/"))
    yield "alice", f"/inbox/{mine[0].public_id}/new?after=0"
    yield "dora", f"/admin/discussions/{mine[0].public_id}/new?after=0"
    for path in ("/admin/", "/admin/discussions/", "/admin/discussions/?view=waiting", "/admin/discussions/?view=all", "/admin/my-messages/", away,
                 f"{away}{WorkerAbsence.get().public_id}/removal", f"{record}/discussions/", f"{record}/discussions/new", f"{record}/",
                 f"{record}/enrolments/{file.public_id}/", f"{record}/enrolments/{file.public_id}/messages/new",
                 f"/admin/events/{place.event.public_id}/", f"/admin/events/{place.event.public_id}/messages/new"):  # fmt: skip
        yield "dora", path
    for path in ("/admin/", "/admin/discussions/?view=waiting", f"/admin/groups/{group.public_id}/", f"/admin/groups/{group.public_id}/messages/new",
                 f"/admin/workers/{cast.dora.public_id}/", f"/admin/workers/{cast.dora.public_id}/leaving", "/admin/workers/categories/",
                 f"/admin/workers/categories/{category}/", "/admin/settings/office-hours", "/admin/settings/texts/", f"{record}/history",
                 "/admin/settings/texts/footer/en/", "/admin/settings/texts/message_waiting/en/"):  # fmt: skip
        yield "ada", path
    yield "", f"/unsubscribe/{preferences.token(cast.alice, 'updates')}"


def _preview(text, ada):
    """What is shown of a text that is not kept yet, as a page and as the part that htmx puts in."""
    body = re.sub("[{}]", "|", text.of(400))
    path, typed = "/admin/settings/texts/footer/en/preview", {"csrf_token": ada.token, "body": body}
    whole, part = ada.send(path, typed), ada.send(path, typed, {"HX-Request": "true", "HX-Request-Type": "partial"})
    assert (whole.status, part.status) == (200, 200)
    return {"the preview": whole.html, "the preview alone": part.html}


def _by_link(app, cast, text):
    """The page of who has no account: before the date of birth, after a wrong one, after the right one, and once it was answered."""
    browser, rae = Browser(app), cast.person("Rae", "Reed", "rae@example.org")
    browser.lints = False
    profile.change(rae, profile.Details(text.name, text.name, birth_date=rae.birth_date), cast.by("ada"), version=rae.version)
    link = cast.reply_link(rae)
    discussions.write(link.discussion, text.body, cast.by("dora"), _files(text))
    shown = {"reply, before": browser.open(f"/reply/{reply_links.token(link)}").html}
    shown["reply, wrong"] = browser.press("Continue", born(dt.date(1950, 1, 1))).html
    shown[f"reply, within {SAID}"] = browser.press("Continue", born(rae.birth_date)).html
    shown[f"reply, staff {SAID}"] = _staff(app, link)
    shown["reply, answered"] = browser.press("Send", {"body": text.of(1200)}).html
    shown[f"reply, staff, answered {SAID}"] = _staff(app, link)
    return shown


def _staff(app, link):
    ada = Browser(app, "ada")
    ada.lints = False
    return ada.open(f"/admin/discussions/{link.discussion.public_id}/").html
