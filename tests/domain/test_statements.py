"""What a built statement reads of rows is what Peewee itself would read of them."""

import datetime as dt

import pytest
from peewee import SQL, fn

from domain import agency, enrolments, events, services, statements, store
from domain.events import Plan
from domain.services import Details
from models import Attendance, Enrolment, Event, Group, Individual, PortalAccount, Service, Site, Worker

TODAY = dt.date(2026, 3, 4)


@pytest.fixture
def places(cast, frozen):
    """Two of Alice's: one of a service with a link to a video call, one of none."""
    frozen("2026-03-04 16:00")
    service = services.add(Details("Counselling"), "case", cast.by("ines"))
    enrolments.open(cast.alice, service, cast.dora, TODAY, cast.by("ines"))
    for hours, of in ((30, service), (60, None)):
        at = dt.datetime(2026, 3, 4, 16, tzinfo=dt.UTC) + dt.timedelta(hours=hours)
        events.book(Plan(cast.dora, at, 50, agency.main_site(), [cast.alice], of), cast.by("dora"))


def told(row):
    """A row with all that hangs on it."""
    if row is None or not hasattr(row, "__data__"):
        return row
    return type(row), row.__data__, {name: told(of) for name, of in row.__rel__.items()}


def whole(individual):
    return (
        Attendance.select(Attendance, Event, Worker, Site, Service, Group).join(Event).join(Worker).switch(Event).join(Site)
        .switch(Event).left_outer_join(Service).switch(Event).left_outer_join(Group, on=(Event.group == Group.id), attr="group")
        .where(Attendance.individual == individual).order_by(Attendance.id)
    )  # fmt: skip


def some_columns(individual):
    columns = (Attendance.id, Attendance.confirmed_at, Event.id, Event.starts_at, Event.is_video, Service.id, Service.name)
    found = Attendance.select(*columns).join(Event).left_outer_join(Service).where(Attendance.individual == individual)
    return found.order_by(Attendance.id)


def without_a_key(individual):
    return Attendance.select(Attendance.id, Event.starts_at).join(Event).where(Attendance.individual == individual).order_by(Attendance.id)


def without_what_lies_between(individual):
    columns = (Attendance.id, Worker.id, Worker.first_name)
    return Attendance.select(*columns).join(Event).join(Worker).where(Attendance.individual == individual).order_by(Attendance.id)


def by_another_name(individual):
    return Attendance.select(Attendance.id, Attendance.state.alias("became")).where(Attendance.individual == individual)


@pytest.mark.parametrize("build", [whole, some_columns, without_a_key, without_what_lies_between, by_another_name])
def test_rows_become_the_same_objects(cast, places, build):
    read, theirs = statements.Listing(build).all(cast.alice.id), list(build(cast.alice.id))
    assert [told(row) for row in read] == [told(row) for row in theirs]
    assert len(read) == 2
    assert not any(row._dirty for row in read)


def test_the_row_of_an_outer_join_that_is_not_there_is_none_and_asks_nothing(cast, places):
    first, second = statements.Listing(whole).all(cast.alice.id)
    assert first.event.service.name == "Counselling"
    assert first.event.group is None
    assert second.event.service is None
    assert second.event.service_id is None


def test_tuples_are_the_same_too(cast, places):
    def build(individual):
        return whole(individual).select(Attendance.id, Attendance.event, Event.starts_at, Event.is_video, Service.name).tuples()

    assert statements.Listing(build).all(cast.alice.id) == list(build(cast.alice.id))


def test_an_object_that_was_read_can_be_changed_and_saved(cast, places):
    file = statements.Question(lambda number: Enrolment.select(Enrolment, Individual).join(Individual).where(Enrolment.individual == number))
    row = file.first(cast.alice.id)
    row.closed_on = TODAY
    assert row._dirty == {"closed_on"}
    assert row.individual == cast.alice
    with pytest.raises(RuntimeError):
        row.save()  # only inside a transaction, as any other
    assert statements.Question(lambda n: Enrolment.select().where(Enrolment.individual == n)).first(cast.bob.id) is None


def test_words_and_numbers_that_never_differ_are_written_into_what_sqlite_plans(cast, places):
    def build(individual):
        return Attendance.select(Attendance.id).where(
            Attendance.individual == individual, Attendance.state == "booked", Attendance.cancel_reason != "it's 5 o'clock, isn't it"
        )

    def told(row, quoted):
        return Attendance.select().where(Attendance.individual == row, Attendance.cancel_reason == quoted)

    asked = statements.Listing(build)
    found = [row.id for row in asked.all(cast.alice.id)]
    assert found == [row.id for row in build(cast.alice.id)]
    assert len(found) == 2
    (sql, values, _), *_ = asked._built.values()
    is_sqlite = not store.is_postgres()
    assert ("'booked'" in sql) == is_sqlite
    assert ("'it''s 5 o''clock, isn''t it'" in sql) == is_sqlite
    assert len(values) == (1 if is_sqlite else 3)
    assert statements.Listing(told).all(cast.alice.id, "' OR 1 = 1 --") == []


def test_what_holds_a_question_mark_of_its_own_is_left_as_it_is(cast, places):
    def build(individual):
        return Attendance.select(Attendance.id).where(Attendance.individual == individual, SQL("'?' = '?'"), Attendance.state == "booked")

    assert [row.id for row in statements.Listing(build).all(cast.alice.id)] == [row.id for row in build(cast.alice.id)]


@pytest.mark.parametrize("most", [0, 1, 2])
def test_so_many_rows_at_the_most(cast, places, most):
    asked = statements.Listing(lambda individual, most: some_columns(individual).limit(most))
    assert len(asked.all(cast.alice.id, most)) == most == len(list(some_columns(cast.alice.id).limit(most)))
    assert len(list(some_columns(cast.alice.id).limit(most).offset(0))) == most


def test_a_count_beside_a_row_comes_with_it_and_costs_no_slower_reading(cast):
    other = Individual.alias()
    number = other.select(fn.COUNT(other.id)).where(other.id == Individual.id).alias("number")
    of = PortalAccount.select(PortalAccount, Individual, number).join(Individual)
    question = statements.Question(lambda name: of.where(Individual.first_name == name))
    found = question.first("Alice")
    assert (found, found.individual, found.number) == (cast.alice_account, cast.alice, 1)
    (reader,) = question._readers.values()
    assert type(reader).__name__ == "_Rows"
