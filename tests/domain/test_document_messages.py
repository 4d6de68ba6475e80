"""What clients are told of documents: once when assigned, around the day by which they are due, and no more when it is over."""

import datetime as dt

import pytest

from domain import (
    agency,
    assigning,
    clock,
    document_messages,
    document_templates,
    documents,
    letters,
    preferences,
    store,
)
from domain.document_parts import Question
from domain.letter_parts import Unwanted
from domain.rules import RuleBroken
from models import Delivery, Document, Notice, Task
from tests.domain.test_documents import school, words  # noqa: F401


@pytest.fixture
def sport(cast):
    import dataclasses

    from domain import document_edits

    made = document_templates.create("form", "For sport", "en", cast.by("ada"))
    form = dataclasses.replace(document_templates.draft_of(made), title=words("For sport"), may_decline=True)
    page = form.pages[0]
    form = document_edits.change(form, page.key, words=words("You"))
    form = document_edits.change(form, page.sections[0].key, words=words("You"),
                                 questions=(Question("name", "short_text", words("Your name")),))
    document_templates.change(made, form, cast.by("ada"), version=1)
    return document_templates.publish(made, cast.by("ada"), version=2)


def at(day, hour=12):
    return dt.datetime.combine(day, dt.time(hour), tzinfo=agency.zone()).astimezone(dt.UTC)


def due_in(days):
    return agency.today() + dt.timedelta(days=days)


def told(kind):
    return [(each.individual_id, each.state) for each in Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id)]


def give(cast, version, days=None, person="alice"):
    what = assigning.Bundle((assigning.Item(version, due_in(days) if days is not None else None),))
    (made,) = assigning.assign(what, [getattr(cast, person)], cast.by("dora"))
    return made


def camp(cast, *versions, is_ordered=True):
    what = assigning.Bundle(tuple(assigning.Item(each, due_in(5)) for each in versions), "Camp", is_ordered=is_ordered)
    return assigning.assign(what, [cast.alice], cast.by("dora"))


def test_who_gets_a_document_is_told_once_and_reminded_before_and_after(cast, school, frozen):  # noqa: F811
    frozen("2026-03-04 16:00")
    made = give(cast, school, 10)
    assert told("document_assigned") == [(cast.alice.id, "due")]
    assert Document.get_by_id(made.id).remind_at == at(due_in(7), 9)
    assert document_messages.tell_due() == 0
    frozen("2026-03-11 20:00")
    assert document_messages.tell_due() == 1
    assert document_messages.tell_due() == 0
    assert told("document_due") == [(cast.alice.id, "due")]
    frozen("2026-03-16 20:00")
    assert document_messages.tell_due() == 1
    assert len(told("document_due")) == 2
    assert Document.get_by_id(made.id).remind_at is None
    assert [each.kind for each in Notice.select().order_by(Notice.id)] == ["document_assigned", "document_due", "document_due"]


def test_however_much_is_due_on_a_day_there_is_one_email(cast, school, sport, frozen):  # noqa: F811
    frozen("2026-03-04 16:00")
    camp(cast, school, sport, is_ordered=False)
    frozen("2026-03-06 20:00")
    assert document_messages.tell_due() == 2
    assert len(told("document_due")) == 1


def test_nobody_is_reminded_of_what_is_over(cast, school, frozen):  # noqa: F811
    frozen("2026-03-04 16:00")
    made = give(cast, school, 10)
    documents.withdraw(made, "Not needed", cast.by("dora"))
    assert told("document_assigned") == [(cast.alice.id, "cancelled")]
    frozen("2026-03-11 20:00")
    assert document_messages.tell_due() == 0
    assert told("document_due") == []


def test_what_waits_to_be_sent_is_asked_again_at_sending(cast, school, sport):  # noqa: F811
    made = give(cast, school)
    other = give(cast, sport)
    documents.decline(made, "No", cast.by("alice"))
    first, second = Delivery.select().where(Delivery.kind == "document_assigned").order_by(Delivery.id)
    assert first.state == second.state == "due"
    with pytest.raises(Unwanted):
        letters.letter(first, "https://portal.example.org")
    text = letters.letter(second, "https://portal.example.org")
    assert "sport" not in str(text).casefold()
    assert text.button[1] == "https://portal.example.org/things-to-do/"
    assert text.stop
    documents.decline(other, "No", cast.by("alice"))
    assert {state for _, state in told("document_assigned")} == {"cancelled"}


def test_who_does_not_want_such_emails_gets_none(cast, school):  # noqa: F811
    give(cast, school)
    preferences.choose(cast.alice, {"documents": False}, cast.by("alice"), how="portal")
    with pytest.raises(Unwanted):
        letters.letter(Delivery.get(Delivery.kind == "document_assigned"), "https://portal.example.org")


def test_what_the_agency_switched_off_is_not_sent(cast, school, decided):  # noqa: F811
    decided(document_assigned=False, document_due_before=0, document_due_after=0)
    made = give(cast, school, 10)
    assert told("document_assigned") == []
    assert Document.get_by_id(made.id).remind_at is None
    assert Notice.select().count() == 1


def test_in_a_fixed_order_the_next_opens_when_the_one_before_is_completed(cast, school, sport):  # noqa: F811
    first, second = camp(cast, school, sport)
    assert len(told("document_assigned")) == 1
    assert document_messages.waits_for(Document.get_by_id(second.id)).id == first.id
    for verb in (lambda: documents.save(second, {"name": "A"}, cast.by("alice"), seen=0),
                 lambda: documents.complete(second, cast.by("alice"), seen=0)):
        with pytest.raises(RuleBroken) as broken:
            verb()
        assert broken.value.code == "waits"
    documents.save(first, {"name": "A"}, cast.by("alice"), seen=0)
    documents.complete(first, cast.by("alice"), seen=1)
    assert document_messages.waits_for(Document.get_by_id(second.id)) is None
    assert len(told("document_assigned")) == 2
    assert Document.get_by_id(second.id).remind_at is not None
    documents.save(second, {"name": "A"}, cast.by("alice"), seen=0)


def test_in_any_order_all_are_open_and_told_of_once(cast, school, sport):  # noqa: F811
    _first, second = camp(cast, school, sport, is_ordered=False)
    assert len(told("document_assigned")) == 1
    documents.save(second, {"name": "A"}, cast.by("alice"), seen=0)


def test_what_waits_for_another_is_not_reminded_of(cast, school, sport, frozen):  # noqa: F811
    frozen("2026-03-04 16:00")
    _first, second = camp(cast, school, sport)
    assert Document.get_by_id(second.id).remind_at is None
    with store.writing():
        Document.update(remind_at=clock.now()).where(Document.id == second.id).execute()
    assert document_messages.tell_due() == 0


def test_the_task_is_for_who_assigned_it_and_only_when_the_client_did_it(cast, school, sport):  # noqa: F811
    documents.decline(give(cast, school), "No", cast.by("alice"))
    documents.withdraw(give(cast, sport), "No", cast.by("dora"))
    assert [(each.kind, each.worker) for each in Task.select()] == [("document_declined", cast.dora)]


def test_two_at_once_remind_once(cast, school, frozen, at_once):  # noqa: F811
    frozen("2026-03-04 16:00")
    give(cast, school, 10)
    frozen("2026-03-11 20:00")
    at_once([document_messages.tell_due, document_messages.tell_due])
    assert len(told("document_due")) == 1
    assert Notice.select().where(Notice.kind == "document_due").count() == 1


def test_where_documents_are_off_nobody_is_told(cast, school, frozen, decided):  # noqa: F811
    frozen("2026-03-04 16:00")
    give(cast, school, 10)
    decided(documents=0)
    frozen("2026-03-11 20:00")
    assert document_messages.tell_due() == 0
    with pytest.raises(Unwanted):
        letters.letter(Delivery.get(Delivery.kind == "document_assigned"), "https://portal.example.org")
