"""A portal in full use: editing on, one client with a bit of everything, and every table that grows grown."""

from __future__ import annotations

import dataclasses
import datetime as dt

from bench import appointments
from domain import (
    addressees,
    audit,
    categories,
    clock,
    document_edits,
    document_templates,
    notices,
    profile,
    profile_changes,
    settings,
    store,
    work_queue,
)
from domain.actor import SYSTEM, Actor
from models import (
    AddressHealth,
    Contact,
    Delivery,
    DeliveryAttempt,
    Device,
    Discussion,
    Individual,
    Link,
    LoginSession,
    Message,
    PortalAccount,
    ProfileChange,
    Task,
    Worker,
    new_public_id,
)

MANY = 2_000  # rows: reading through so many costs a multiple of what twenty of them cost
PHONES = 8
SEEN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def fill() -> Individual:
    """Fill the made-up agency; the client who has a bit of everything is ``client1@example.org``."""
    for group in ("names", "legal", "contacts", "emergency"):
        settings.change(f"about_me_{group}", "approval", SYSTEM)
    settings.change("about_me_changes_a_day", "200", SYSTEM)
    accounts = list(PortalAccount.select(PortalAccount, Individual).join(Individual).order_by(PortalAccount.id))
    staff = Actor(worker=Worker.get(Worker.group == "system_admin"))
    appointments.clear()
    with store.writing():
        _deliveries(accounts)
        _tasks_and_audit(accounts, staff)
        _devices_and_links(accounts)
    appointments.week_of(staff.worker)  # type: ignore[arg-type]
    appointments.of_others(MANY)
    appointments.requested_of(staff.worker)  # type: ignore[arg-type]
    one = PortalAccount.get(PortalAccount.email == "client1@example.org")
    appointments.of_one(one.individual_id, 60)
    _reach(one.individual, staff)
    _wishes(one, staff)
    _wishes_of_others(accounts)
    _messages(one, staff.worker)  # type: ignore[arg-type]
    _open_categories()
    _document_templates(staff)
    return Individual.get_by_id(one.individual_id)


def _document_templates(staff: Actor) -> None:
    """Forty forms of forty questions each."""
    for number in range(40):
        made = document_templates.create("form", f"Form {number}", "en", staff)
        form = document_templates.draft_of(made)
        for _ in range(40):
            form, _question = document_edits.add_question(form, form.pages[0].sections[0].key, "short_text", {"en": "What?"})
        document_templates.change(made, form, staff, version=1)


def _messages(account: PortalAccount, worker: Worker) -> None:
    """Sixty discussions of a client with a worker, one of them of two hundred messages; others wait for whoever takes them."""
    now = clock.now()
    written_at = Message.written_at.db_value(now)
    with store.writing():
        for number in range(60):
            found = Discussion.create(
                individual=account.individual_id, subject=f"Question {number}", folded=f"question {number}", started_by="client",
                worker=worker, created_at=now, last_at=now, waits_since=now, in_a_row=1, is_unread=number % 2, is_new=True,
            )  # fmt: skip
            rows = [
                {"public_id": new_public_id(), "discussion": found.id, "author": "client", "account": account.id, "is_note": False,
                 "body": f"Message {each}", "folded": f"message {each}", "written_at": written_at}
                for each in range(200 if number == 59 else 2)
            ]  # fmt: skip
            store.insert(Message, rows)


def _open_categories() -> None:
    """Eight to which clients may write, some with days of their own."""
    for number in range(8):
        made = categories.create(f"Housing {number}", SYSTEM)
        days = str(number % 3 or "")
        addressees.open_to_clients(made, addressees.Opening(True, {"en": f"Housing {number}"}, days), SYSTEM)


def _deliveries(accounts: list[PortalAccount]) -> None:
    """One in ten each could not be delivered, is held, or waits; their addresses are doubtful."""
    states = ("dead", "held", "due", *["sent"] * 7)
    for number in range(MANY):
        account = accounts[number % len(accounts)]
        delivery = notices.put("password_changed", 10**9 + number, to=account.email, account=account, individual=account.individual)
        state = states[number // 3 % 10]
        Delivery.update(state=state, next_at=clock.ahead(days=30)).where(Delivery.id == delivery.id).execute()
        DeliveryAttempt.create(delivery=delivery, lease_token=f"bench {number}", started_at=SEEN, outcome="accepted", code=250)
        if state == "dead":
            AddressHealth.insert(email_key=account.email_key, refusals=3, is_doubtful=True).on_conflict_ignore().execute()


def _tasks_and_audit(accounts: list[PortalAccount], staff: Actor) -> None:
    for number in range(MANY):
        person = accounts[number % len(accounts)].individual
        work_queue.add("delivery_problem", "delivery_problems", person, f"bench {number}")
        audit.record("individual.viewed", staff, individual=person if number % 10 else accounts[0].individual, page="record")
    Task.update(done_at=SEEN, done_by=staff.worker).where(Task.id % 10 > 2, Task.kind == "delivery_problem").execute()


def _devices_and_links(accounts: list[PortalAccount]) -> None:
    for number in range(MANY):
        account = accounts[number % len(accounts)]
        Device.create(token_hash=f"bench {number}", account=account, agent="a phone", created_at=SEEN)
        LoginSession.create(token_hash=f"bench {number}", account=account, created_at=SEEN, seen_at=SEEN)
        Link.create(purpose="password_reset", nonce=f"bench {number}", account=account, created_at=SEEN, expires_at=SEEN)


def _reach(person: Individual, staff: Actor) -> None:
    for number in range(PHONES):
        for kind, value in (
            ("email", f"one{number}@example.org"), ("mobile", f"+1 902 555 01{number:02}"),
            ("phone", f"+1 902 555 02{number:02}"), ("address", f"{number + 1} Quay Road\nHalifax NS"),
            ("emergency", f"+1 902 555 03{number:02}"),
        ):  # fmt: skip
            answers = "Kit, sister" if kind == "emergency" else ""
            profile.add_contact(person, profile.Reach(kind, value, person=answers), staff, country="CA")
        with store.writing():
            AddressHealth.insert(email_key=f"one{number}@example.org", refusals=3, is_doubtful=True).execute()
    for worker in Worker.select().where(Worker.id != staff.worker.id):  # type: ignore[union-attr]
        profile.follow(person, worker, staff)


def _wishes(account: PortalAccount, staff: Actor) -> None:
    """Some declined, and then one that waits for each group, each contact, and some contacts that are new."""
    person, client = account.individual, Actor(account=account)
    for number in range(PHONES):
        declined = profile_changes.ask_details(
            person, "names", {"preferred_name": f"Kit {number}", "pronouns": "", "gender": ""}, client
        )
        profile_changes.decline(declined, "Please bring your papers.", staff)  # type: ignore[arg-type]
    profile_changes.ask_details(person, "names", {"preferred_name": "Robin", "pronouns": "they/them", "gender": ""}, client)
    legal = {"first_name": "Robin", "last_name": "Quay", "birth_date": dt.date(1990, 2, 3)}
    profile_changes.ask_details(person, "legal", legal, client)
    for contact in person.contacts.where(Contact.is_in_use, Contact.lookup != account.email_key):
        seen = profile.Reach(**{field.name: getattr(contact, field.name) for field in dataclasses.fields(profile.Reach)})
        profile_changes.ask_contact(person, contact, dataclasses.replace(seen, instructions="Ring twice."), client, country="CA")
    for number in range(PHONES):
        fresh = profile.Reach("mobile", f"+1 902 555 04{number:02}")
        profile_changes.ask_contact(person, None, fresh, client, country="CA")


def _wishes_of_others(accounts: list[PortalAccount]) -> None:
    decided = {"group": "names", "asked": "{}", "state": "accepted", "asked_at": SEEN, "decided_at": SEEN}
    with store.writing():
        ProfileChange.insert_many(
            {**decided, "public_id": new_public_id(), "individual": account.individual_id, "account": account.id}
            for _ in range(MANY // len(accounts) + 1)
            for account in accounts
        ).execute()
