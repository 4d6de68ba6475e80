"""Many at once at each limit: exactly so many get through, in threads and in four processes (P6, T4, T8)."""

import collections
import datetime as dt
import itertools

import pytest
from faults.conftest import run_in

from domain import (
    accounts,
    activation,
    agency,
    attendances,
    audit,
    availability,
    clock,
    discussions,
    enrolments,
    events,
    limits,
    notices,
    offers,
    passwords,
    profile,
    request_answers,
    requests,
    services,
    settings,
    sign_in,
    store,
)
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from models import (
    Attendance,
    AuditEntry,
    Consent,
    Contact,
    Delivery,
    Discussion,
    Event,
    EventRequest,
    Individual,
    Link,
    LoginSession,
    Message,
    PortalAccount,
    RateCount,
    Site,
    Task,
    Worker,
)

GOOD_PASSWORD = "seven blue herons wade"
ROUNDS = 20


def count(answers):
    return dict(collections.Counter(answers))


def entries(kind, individual):
    return AuditEntry.select().where(AuditEntry.kind == kind, AuditEntry.individual == individual)


def invited(cast, individual=None):
    """A link whose terms are accepted already."""
    link = cast.invited(individual)
    activation.accept_terms(link, *activation.pages_to_accept("en"), SYSTEM)
    return link


# ---------------------------------------------------------------- dates of birth


def test_of_fifty_wrong_dates_at_once_three_are_looked_at_and_the_third_closes(cast, race):
    link = cast.invited()
    answers = race("wrong_date", [{"link": link.id, "network": f"203.0.113.{n}"} for n in range(50)])
    assert count(answers) == {"wrong": 2, "closed": 1, "no_longer": 47}
    account = PortalAccount.get_by_id(link.account_id)
    assert (account.state, account.reason, account.birth_date_tries) == ("closed", "date_of_birth", 3)
    wrong = entries("account.birth_date_wrong", cast.pia).order_by(AuditEntry.id)
    assert [audit.values_of(entry)["tries"] for entry in wrong] == [1, 2, 3]
    assert entries("account.birth_date_failed", cast.pia).count() == 1
    assert Task.select().count() == 1
    assert Delivery.select().where(Delivery.kind == "birth_date_closed").count() == 1
    assert audit.verify() == []


def test_of_fifty_who_finish_at_once_exactly_one_activates(cast, race):
    link = invited(cast)
    proofs = race("right_date", [{"link": link.id, "network": f"203.0.113.{n}"} for n in range(50)])
    assert len(set(proofs)) == 50
    assert sum(row.count for row in RateCount.select()) == 0  # right dates give their tries back
    proof = next(proof for proof in proofs if activation.links.is_proved(Link.get_by_id(link.id), proof))
    choices = [{"link": link.id, "proof": proof, "password": f"{GOOD_PASSWORD} {n}"} for n in range(50)]
    answers = race("activate", choices)
    [activated] = [answer for answer in answers if answer.startswith("activated")]
    assert count(answers) == {activated: 1, "no_longer": 49}
    account = PortalAccount.get_by_id(link.account_id)
    assert (account.state, account.birth_date_tries) == ("active", 0)
    assert passwords.matches(activated.removeprefix("activated "), account.password_hash)
    assert entries("account.activated", cast.pia).count() == 1
    assert audit.verify() == []


def test_of_many_browsers_that_prove_themselves_one_activates(cast, race):
    link = invited(cast)
    proofs = race("right_date", [{"link": link.id, "network": "203.0.113.1"} for _ in range(20)])
    answers = count(
        race("activate", [{"link": link.id, "proof": proof, "password": GOOD_PASSWORD} for proof in proofs])
    )
    assert answers.pop(f"activated {GOOD_PASSWORD}") == 1
    assert set(answers) <= {"not_proved", "no_longer"}


def test_right_and_wrong_dates_at_once_never_make_a_fourth_try(cast, at_once):
    link, visitor = cast.invited(), cast.visitor()
    born = cast.pia.birth_date
    dates = [born, dt.date(1970, 7, 7)] * 20
    answers = at_once([lambda day=day: activation.prove_birth_date(link, day, visitor) for day in dates])
    looked_at = [answer.code for answer in answers if isinstance(answer, RuleBroken) and answer.code != "no_longer"]
    assert sorted(looked_at) == ["closed", "wrong", "wrong"]
    assert PortalAccount.get_by_id(link.account_id).birth_date_tries == 3


def test_of_twenty_persons_wrong_dates_from_one_network_exactly_twenty_are_looked_at(cast, race):
    everybody = [cast.invited(cast.person(f"Nora{n}")) for n in range(20)]
    tries = [{"link": link.id, "network": "203.0.113.1"} for link in everybody] * 2
    answers = count(race("wrong_date", tries))
    assert answers in ({"wrong": 20, "too_many": 20}, {"wrong": 40})  # an hour may just begin
    assert AuditEntry.select().where(AuditEntry.kind == "account.birth_date_wrong").count() == answers["wrong"]


# ---------------------------------------------------------------- accounts


def test_of_twenty_creates_at_once_for_one_person_one_is_created(cast, race):
    answers = race("create", [{"individual": cast.pia.id}] * 20)
    assert count(answers) == {"created": 1, "has_account": 19}
    assert cast.pia.accounts.count() == 1
    assert Link.select().where(Link.account == cast.pia_account).count() == 1
    assert Delivery.select().where(Delivery.individual == cast.pia).count() == 1
    assert entries("account.created", cast.pia).count() == 1


def test_of_twenty_who_share_an_address_one_gets_an_account(cast, race):
    people = [cast.person(f"Nora{n}", email="shared@example.org") for n in range(20)]
    answers = race("create", [{"individual": person.id} for person in people])
    assert count(answers) == {"created": 1, "address_taken": 19}
    assert PortalAccount.select().where(PortalAccount.email_key == "shared@example.org").count() == 1


def test_the_last_licences_are_given_exactly_once(cast, decided, race):
    decided(licence_count=8)  # three are in use
    people = [cast.person(f"Nora{n}") for n in range(20)]
    answers = race("create", [{"individual": person.id} for person in people])
    assert count(answers) == {"created": 5, "licences": 15}
    assert accounts.open_accounts() == 8


def test_of_twenty_new_activations_at_once_one_is_sent(cast, at_once):
    accounts.cancel(cast.invited().account, cast.by("ada"))
    closed, by = cast.pia_account, cast.by("ada")
    answers = at_once([lambda: accounts.send_new(closed, by)] * 20)
    assert sum(isinstance(answer, PortalAccount) for answer in answers) == 1
    assert cast.pia.accounts.count() == 2


@pytest.mark.parametrize(("verb", "past"), [("suspend", "suspended"), ("disable", "disabled"), ("close", "closed")])
def test_of_twenty_who_press_the_same_button_at_once_one_moves_the_account(cast, at_once, verb, past):
    account, by = cast.alice_account, cast.by("ada")
    answers = at_once([lambda: getattr(accounts, verb)(account, by)] * 20)
    assert answers.count(None) == 1
    assert {answer.code for answer in answers if answer} == {"wrong_state"}
    assert entries(f"account.{past}", cast.alice).count() == 1


def test_who_activates_and_who_cancels_at_once_do_not_both_succeed(cast, at_once):
    for number in range(10):
        person = cast.person(f"Nora{number}")
        link = invited(cast, person)
        proof = activation.prove_birth_date(link, person.birth_date, SYSTEM)

        def activate(link=link, proof=proof):
            activation.activate(link, GOOD_PASSWORD, proof=proof, by=SYSTEM)

        def cancel(link=link):
            accounts.cancel(link.account, SYSTEM)

        activated, cancelled = at_once([activate, cancel])
        assert isinstance(activated, RuleBroken) != isinstance(cancelled, RuleBroken)
        state = PortalAccount.get_by_id(link.account_id).state
        assert state == ("active" if isinstance(cancelled, RuleBroken) else "closed")


def test_nobody_stays_signed_in_to_an_account_that_is_being_suspended(cast, at_once):
    def enter(account):
        sign_in.start(account, None, device_token="", agent="", network="")

    for _ in range(10):
        account = cast.alice_account
        at_once(
            [lambda account=account: enter(account)] * 5 + [lambda account=account: accounts.suspend(account, SYSTEM)]
        )
        assert not LoginSession.select().exists()
        accounts.unlock(account, SYSTEM)


# ---------------------------------------------------------------- one time, one event (P5)


@pytest.mark.long
def test_of_a_hundred_bookings_from_ten_processes_for_overlapping_times_one_is_booked(cast, db, ten):
    for round_ in range(ROUNDS):
        start = clock.now().replace(microsecond=0) + dt.timedelta(days=3 + round_)
        tries = [
            {"worker": cast.dora.id, "individual": getattr(cast, ("alice", "bob", "pia")[number % 3]).id,
             "starts_at": (start + dt.timedelta(minutes=number % 40)).isoformat()}
            for number in range(100)
        ]  # fmt: skip
        assert count(run_in(ten, db.url, "book", tries)) == {"booked": 1, "taken": 99}
    assert Event.select().count() == Attendance.select().count() == ROUNDS
    assert AuditEntry.select().where(AuditEntry.kind == "event.booked").count() == ROUNDS
    assert audit.verify() == []


def open_hours(workers, clients, **decided):
    """The workers see clients at any hour; an enrolment of each client."""
    kind = availability.add_type("Appointments", "green", SYSTEM)
    availability.face_clients(kind, SYSTEM)
    service = services.add(services.Details("Counselling"), "case", SYSTEM)
    services.show(service, SYSTEM, is_visible=True, version=1, warned_of=[])
    services.staff(service, workers, SYSTEM, version=2)
    for worker in workers:
        calendar = availability.add_calendar(worker, agency.today(), SYSTEM)
        for day in range(7):
            availability.add_row(calendar, day, 0, availability.DAY, kind, Site.get(), SYSTEM)
    for key, value in decided.items():
        settings.change(key, value, SYSTEM)
    return [enrolments.open(client, service, workers[0], agency.today(), SYSTEM) for client in clients]


def free_times(file, worker):
    table = offers.timetable(offers.Wish(file.individual, worker, file))
    return [slot.starts_at.isoformat() for day in table.days(agency.today(), 30) for slot in day.slots]


@pytest.mark.long
def test_of_a_hundred_requests_from_ten_processes_for_one_time_one_gets_it(cast, db, ten):
    files = open_hours([cast.dora], [cast.alice, cast.bob, cast.pia], requests_a_day="20", slot_step="10")
    for round_ in range(ROUNDS):
        if round_ == ROUNDS // 2:
            settings.change("request_mode", "approve", SYSTEM)
        free = [dt.datetime.fromisoformat(time) for time in free_times(files[0], cast.dora)[10 * round_ :][:4]]
        near = [time.isoformat() for time in free if time < free[0] + dt.timedelta(minutes=50)]  # each overlaps the others, also at midnight
        tries = [
            {"worker": cast.dora.id, "enrolment": files[number % 3].id, "starts_at": near[number % len(near)] if round_ % 2 else near[0]}
            for number in range(100)
        ]  # fmt: skip
        answers = count(run_in(ten, db.url, "ask", tries))
        assert answers.pop("booked") == 1
        assert set(answers) <= {"taken", "own"}
        assert sum(answers.values()) == 99
    assert Event.select().count() == EventRequest.select().count() == ROUNDS
    assert audit.verify() == []


@pytest.mark.long
def test_of_a_hundred_third_requests_of_a_day_from_ten_processes_one_is_booked(cast, db, ten):
    now = clock.now()
    with store.writing():
        people = [
            Individual.create(first_name="No", last_name=str(number), sort_name=str(number), created_at=now) for number in range(ROUNDS)
        ]
    workers = [cast.dora, cast.otto]
    for file in open_hours(workers, people):
        times = free_times(file, cast.dora)
        for time in times[:2]:
            requests.ask(offers.Wish(file.individual, cast.dora, file), dt.datetime.fromisoformat(time), SYSTEM)
        tries = [
            {"worker": workers[number % 2].id, "enrolment": file.id, "starts_at": times[3 + number % 40]} for number in range(100)
        ]
        answers = count(run_in(ten, db.url, "ask", tries))
        assert answers.pop("booked") == 1
        assert set(answers) <= {"a_day", "taken", "own"}
        asked = EventRequest.select(EventRequest.number).where(EventRequest.individual == file.individual)
        assert sorted(number for (number,) in asked.tuples()) == [1, 2, 3]


def test_nobody_gets_one_hour_with_two_workers_at_once(cast, db, ten):
    (file,) = open_hours([cast.dora, cast.otto], [cast.alice], requests_a_day="20")
    for round_, time in enumerate(free_times(file, cast.dora)[:5]):
        tries = [
            {"worker": (cast.dora, cast.otto)[number % 2].id, "enrolment": file.id, "starts_at": time} for number in range(20)
        ]
        answers = count(run_in(ten, db.url, "ask", tries))
        assert answers.pop("booked") == 1
        assert set(answers) <= {"taken", "own"}
        assert Event.select().count() == round_ + 1


def test_who_accepts_and_who_withdraws_at_once_agree(cast, at_once):
    (file,) = open_hours([cast.dora], [cast.alice], request_mode="approve", requests_a_day="20")
    for time in free_times(file, cast.dora)[:ROUNDS:1]:
        event = requests.ask(offers.Wish(cast.alice, cast.dora, file), dt.datetime.fromisoformat(time), SYSTEM)
        place = Attendance.get(Attendance.event == event.id)

        def answer(verb, event=event, place=place):
            try:
                verb(event, place)
            except RuleBroken as refused:
                return refused.code
            return "done"

        verbs = (
            lambda event, place: request_answers.accept(event, SYSTEM, version=1), lambda event, place: request_answers.withdraw(place, SYSTEM),
            lambda event, place: request_answers.decline(event, SYSTEM, version=1, reason="No."),
        )  # fmt: skip
        answers = at_once([lambda verb=verb: answer(verb) for verb in verbs])
        assert count(answers) == {"done": 1, "over": 2}
        assert Event.get_by_id(event.id).state in ("booked", "withdrawn", "declined")


def test_somebody_of_a_group_cancels_while_it_moves_and_the_rest_stay(cast, at_once):
    service = services.add(services.Details("Evenings"), "case", SYSTEM)
    group = services.add_group(service, services.GroupDetails("Mondays"), SYSTEM)
    event = events.book(events.Plan(cast.dora, clock.ahead(days=3), 50, Site.get(), [cast.alice, cast.bob], service=service, group=group), SYSTEM)
    alice, bob = (Attendance.get(Attendance.individual == person) for person in (cast.alice, cast.bob))
    later = clock.ahead(days=4)
    at_once([lambda: attendances.give_up(alice, SYSTEM), lambda: events.move(event, later, 50, SYSTEM, version=1),
             lambda: attendances.give_up(alice, SYSTEM)])  # fmt: skip
    assert (Event.get().state, Event.get().starts_at) == ("booked", later)
    attendances.give_up(bob, SYSTEM)
    assert Event.get().state == "booked"  # a group's event stays without anybody
    assert {place.state for place in Attendance.select()} == {"cancelled_by_client"}


# ---------------------------------------------------------------- messages


def test_of_twenty_messages_at_once_from_ten_processes_three_are_written_and_the_worker_is_told_once(cast, db, ten):
    """The fourth in a row waits for an answer, in however many tabs; after one there are three again."""
    made = discussions.start(cast.alice, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    for round_ in range(1, 4):
        tries = [{"discussion": made.id, "account": cast.alice_account.id, "body": f"No. {number}"} for number in range(20)]
        assert count(run_in(ten, db.url, "write", tries)) == {"written": 3, "in_a_row": 17}
        assert Message.select().where(Message.author == "client").count() == 3 * round_
        assert Delivery.select().where(Delivery.kind == "client_wrote").count() == round_
        assert Discussion.get_by_id(made.id).in_a_row == 3
        discussions.write(made, "Thank you.", cast.by("dora"))
    assert Delivery.select().where(Delivery.kind == "message_waiting").count() == 4  # of each burst of Dora's
    assert entries("message.written", cast.alice).count() == 4 + 9
    assert audit.verify() == []


def test_of_twenty_discussions_begun_at_once_from_ten_processes_three_are_open(cast, db, ten):
    account = cast.alice_account.id
    discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), worker=cast.dora)
    discussions.start(cast.alice, "Another one", "Where are you?", cast.by("alice"), worker=cast.dora)
    tries = [
        {"account": account, "worker": (cast.dora, cast.otto)[number % 2].id, "subject": f"No. {number}"} for number in range(20)
    ]
    assert count(run_in(ten, db.url, "begin", tries)) == {"begun": 1, "too_many": 19}
    assert Discussion.select().count() == Message.select().count() == entries("discussion.started", cast.alice).count() == 3
    assert audit.verify() == []


def test_of_ten_workers_who_take_one_discussion_at_once_from_ten_processes_one_has_it(cast, db, ten):
    with store.writing():
        staff = [
            Worker.create(first_name="Wim", last_name=str(number), email=f"wim{number}@example.org", email_key=f"wim{number}@example.org",
                          created_at=clock.now())
            for number in range(10)
        ]  # fmt: skip
    waits = [
        discussions.start(who, "A question", "When do you open?", cast.by(name), category="intake")
        for name, who in (("alice", cast.alice), ("bob", cast.bob), ("alice", cast.alice))
    ]
    for made in waits:
        answers = count(run_in(ten, db.url, "take", [{"discussion": made.id, "worker": one.id} for one in staff]))
        assert answers.pop("taken") == 9
        [winner] = answers
        now = Discussion.get_by_id(made.id)
        assert (winner, answers[winner], now.version) == (f"taken by {now.worker_id}", 1, made.version + 1)
    assert AuditEntry.select().where(AuditEntry.kind == "discussion.handed_on").count() == len(waits)
    assert audit.verify() == []


# ---------------------------------------------------------------- limits


def test_of_thirty_sign_ins_at_once_ten_are_looked_at(cast, race):
    tries = [{"email": "alice@example.org", "password": "not hers", "network": "203.0.113.1"}] * 30
    answers = count(race("enter", tries))
    assert answers in ({"no_match": 10, "too_many": 20}, {"no_match": 20, "too_many": 10})  # a minute may just begin
    refused = AuditEntry.select().where(AuditEntry.kind == "sign_in.refused").count()
    assert refused == answers["no_match"]


def test_thirty_at_once_from_thirty_networks_at_one_address_are_still_ten(cast, race):
    tries = [{"email": "alice@example.org", "password": "not hers", "network": f"203.0.113.{n}"} for n in range(30)]
    answers = count(race("enter", tries))
    assert answers in ({"no_match": 10, "too_many": 20}, {"no_match": 20, "too_many": 10})


def test_a_dead_delivery_is_sent_again_once(cast, race):
    with store.writing():
        dead = notices.put(
            "password_changed", 1, to="alice@example.org", account=cast.alice_account, individual=cast.alice
        )
        Delivery.update(state="dead").where(Delivery.id == dead.id).execute()
    answers = race("send_again", [{"delivery": dead.id, "worker": cast.ines.id}] * 20)
    assert count(answers) == {"sent again": 1, "not_dead": 19}
    assert Delivery.select().where(Delivery.again == dead).count() == 1


def test_of_thirty_passwords_hashed_at_once_nobody_waits_for_ever(cast, at_once):
    kept = passwords.hash(GOOD_PASSWORD)
    assert at_once([lambda: passwords.matches("wrong", kept)] * 30) == [False] * 30


def test_consent_and_contacts_of_one_person_changed_by_many_at_once_stay_whole(cast, at_once):
    pia, by = cast.pia, cast.by("ines")

    def consent(number):
        profile.record_consent(pia, "sms", bool(number % 2), by)

    def contact(number):
        profile.add_contact(pia, profile.Reach("email", f"p{number}@example.org", is_main=True), by, country="CA")

    at_once([lambda verb=verb, n=n: verb(n) for verb in (consent, contact) for n in range(10)])
    assert pia.contacts.where(Contact.is_main).count() == 1
    given = [row.is_given for row in pia.consents.where(Consent.channel == "sms").order_by(Consent.id)]
    assert all(one != other for one, other in itertools.pairwise(given))
    assert audit.verify() == []


def test_a_limit_counts_everybody_in_the_same_window(cast, at_once, frozen):
    frozen(clock.now())
    answers = at_once([lambda: limits.spend("race", "everybody", most=17, seconds=86_400)] * 60)
    assert answers.count(True) == 17
