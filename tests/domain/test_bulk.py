"""One verb for many accounts: who it is for, why others not, and that it is done once and only once."""

import datetime as dt
from pathlib import Path

import pytest

from domain import (
    accounts,
    agency,
    audit,
    bulk,
    bulk_jobs,
    eligibility,
    enrolments,
    forced_reset,
    handover,
    imports,
    links,
    profile,
    services,
    settings,
    sites,
    store,
    viewer,
)
from domain.actor import SYSTEM, Actor
from domain.rules import RuleBroken
from models import (
    AuditEntry,
    BulkJob,
    BulkRow,
    Contact,
    Delivery,
    Individual,
    Link,
    LoginSession,
    PortalAccount,
    SecurityClass,
    Worker,
)

pytestmark = pytest.mark.usefixtures("cast")

SYNTHEA = Path(__file__).resolve().parents[1] / "data" / "synthea"


def seen(cast, name="ada"):
    return viewer.seen_by(getattr(cast, name))


def preview(cast, name="ada"):
    """The preview of a bulk activation, once it is found out."""
    job = bulk.plan_activation(seen(cast, name), cast.by(name))
    bulk_jobs.run_due()
    return BulkJob.get_by_id(job.id)


def change(cast, verb, *every, name="ada", **more):
    """The preview of a verb for these accounts."""
    ticked = [account.public_id for account in every]
    job = bulk.plan_change(verb, viewer.accounts_seen_by(getattr(cast, name)), cast.by(name), ticked=ticked, **more)
    bulk_jobs.run_due()
    return BulkJob.get_by_id(job.id)


def begin(cast, job, name="ada"):
    bulk.start(job, cast.by(name))


def carried_out(cast, job, name="ada"):
    begin(cast, job, name)
    bulk_jobs.run_due()
    return BulkJob.get_by_id(job.id)


def reasons(job, outcome="left_out"):
    """Each individual's reason, by the number that they have elsewhere or by their first name."""
    rows = BulkRow.select(BulkRow, Individual).join(Individual).where(BulkRow.job == job, BulkRow.outcome == outcome)
    return {row.individual.first_name: row.reason for row in rows}


def step():
    """One step of whatever is due."""
    assert bulk_jobs._step()


def crowd(cast, number):
    return [cast.person(f"Nora {n:03}", "North", f"nora{n}@example.org") for n in range(number)]


def adds_up(job):
    """The numbers that the page shows are those of the rows, and together they are everybody who was looked at."""
    for outcome in ("left_out", "waiting", "done", "refused"):
        assert bulk.count(job, outcome) == job.each.where(BulkRow.outcome == outcome).count()
    for outcome in ("left_out", "refused"):
        for reason, number in bulk.reasons(job, outcome):
            assert number == job.each.where(BulkRow.outcome == outcome, BulkRow.reason == reason).count()
    assert bulk.count(job) == job.total == job.each.count()


def everybody_has_one(people):
    """One open account each, with one link that works, one e-mail and one entry in the audit; the account's own."""
    for person in people:
        [account] = person.accounts
        assert (account.state, account.email) == ("pending", person.contacts.get().value)
        [link] = account.links
        assert links.is_good(link)
        [delivery] = Delivery.select().where(Delivery.account == account)
        assert (delivery.link_id, delivery.kind, delivery.individual_id) == (link.id, "activation", person.id)
        told = AuditEntry.select().where(AuditEntry.kind == "account.created", AuditEntry.subject == f"account {account.id}")
        assert [entry.individual_id for entry in told] == [person.id]


# ---------------------------------------------------------------- the preview


def test_the_preview_says_of_everybody_whether_they_get_one_or_why_not(cast):
    job = preview(cast)
    assert job.state == "planned"
    assert reasons(job) == {"Alice": "has_account", "Bob": "has_account", "Eve": "has_account", "Sam": "consent"}
    assert reasons(job, "waiting") == {"Pia": ""}
    adds_up(job)
    assert job.total == Individual.select().count() == 5


def _closed(cast, first, how):
    """Somebody whose last account ended so."""
    person = cast.person(first)
    account = accounts.create(person, SYSTEM)
    if how == "staff":
        account = cast.activated(cast.person(f"{first} again"))
        person = account.individual
        accounts.close(account, SYSTEM)
    elif how == "date_of_birth":
        accounts.fail_birth_date(account)
    else:
        accounts.cancel(account, SYSTEM)
    return person


def _change(person, **columns):
    with store.writing():
        Individual.update(**columns).where(Individual.id == person.id).execute()


def test_each_rule_leaves_out_whom_it_should(cast):
    this_year = dt.date.today().year
    _change(cast.person("Placeholder"), birth_date=settings.get("placeholder_birth_date"))
    _change(cast.person("Unknown"), birth_date=None)
    _change(cast.person("Young"), birth_date=dt.date(this_year - 15, 12, 31))
    _change(cast.person("Gone"), death_date=dt.date(2020, 1, 1))
    for first in ("One", "Two"):
        cast.person(first, email="family@example.org")
    cast.person("Late", email="Alice@Example.org")
    cast.person("Staff", email="ada@example.org")
    silent = cast.person("Silent", email="half@example.org")
    profile.record_consent(silent, "email", False, SYSTEM)
    cast.person("Heard", email="half@example.org")  # nobody else allows e-mail there
    unreached = cast.person("Unreached")
    profile.change_contact(unreached.contacts.get(), profile.Reach("email", "x@example.org", is_in_use=False), SYSTEM, country="CA", version=1)
    _closed(cast, "Staffed", "staff")
    _closed(cast, "Wrong", "date_of_birth")
    _closed(cast, "Again", "cancelled")
    job = preview(cast)
    left_out = {name: reason for name, reason in reasons(job).items() if reason != "has_account"}
    assert left_out == {
        "Placeholder": "birth_date", "Unknown": "birth_date", "Young": "age", "Gone": "deceased", "One": "address_shared",
        "Two": "address_shared", "Late": "address_shared", "Staff": "address_taken", "Silent": "consent", "Sam": "consent",
        "Unreached": "address", "Staffed again": "closed_staff", "Wrong": "closed_date_of_birth",
    }  # fmt: skip
    assert reasons(job, "waiting").keys() == {"Pia", "Heard", "Again", "Staffed"} - {"Staffed"}
    adds_up(job)


def test_what_the_preview_says_is_what_creating_refuses_by(cast):
    """For each who is left out by a rule of creating, creating refuses with the very same code, or with one more."""
    _change(cast.person("Unknown"), birth_date=None)
    _change(cast.person("Gone"), death_date=dt.date(2020, 1, 1))
    cast.person("Staff", email="ada@example.org")
    job = preview(cast)
    for row in job.each:
        address = accounts.suggested_address(row.individual)
        codes = {refusal.code for refusal in accounts.missing(row.individual, address)}
        assert codes == set() if row.outcome == "waiting" else row.reason in codes


def synthea(cast):
    """The 27 patients; the file says that all of them allow e-mail."""
    report = imports.apply("individuals", SYNTHEA / "patients.csv", imports.find_mapping("individuals", "synthea"), imports.Choices(True))
    assert report.is_applied
    people = list(Individual.select().where(Individual.external_id.contains("-")).order_by(Individual.external_id))
    assert len(people) == 27
    return people


def test_of_syntheas_patients_each_one_left_out_is_named_with_the_reason(cast):
    people = synthea(cast)
    today = agency.today()
    adults = [p for p in people if not p.death_date and accounts.age_on(p.birth_date, today) >= 16]
    silent, unknown, one, other, closed, holder = adults[:6]
    profile.record_consent(silent, "email", False, SYSTEM)
    _change(unknown, birth_date=settings.get("placeholder_birth_date"))
    contact, shared = other.contacts.where(Contact.kind == "email").get(), one.contacts.where(Contact.kind == "email").get().value
    profile.change_contact(contact, profile.Reach("email", shared, is_main=True), SYSTEM, country="US", version=1)
    accounts.close(cast.activated(closed), SYSTEM)
    accounts.create(holder, SYSTEM)
    expected = {}
    for person in people:
        if person.death_date:
            expected[person.first_name] = "deceased"
        elif accounts.age_on(person.birth_date, today) < 16:
            expected[person.first_name] = "age"
    assert {"deceased", "age"} <= set(expected.values())
    expected |= {silent.first_name: "consent", unknown.first_name: "birth_date", one.first_name: "address_shared",
                 other.first_name: "address_shared", closed.first_name: "closed_staff", holder.first_name: "has_account"}  # fmt: skip
    job = preview(cast)
    ours = {person.first_name for person in people}
    assert {name: reason for name, reason in reasons(job).items() if name in ours} == expected
    assert reasons(job, "waiting").keys() & ours == ours - expected.keys()
    adds_up(job)
    assert job.total == 27 + 5
    done = carried_out(cast, job)
    assert bulk.count(done, "done") == 27 - len(expected) + 1  # and Pia
    assert bulk.count(done, "refused") == 0


# ---------------------------------------------------------------- it is done


def test_a_bulk_activation_gives_each_what_a_single_one_gives(cast):
    people = crowd(cast, 120)
    single = PortalAccount.get_by_id(accounts.create(people[0], cast.by("ada")).id)
    job = carried_out(cast, preview(cast))
    assert (job.state, bulk.count(job, "done"), bulk.count(job, "refused")) == ("done", 120, 0)  # 119 and Pia
    everybody_has_one([*people, cast.pia])
    many = people[1].accounts.get()
    fickle = {"id", "public_id", "individual", "email", "email_key", "created_at", "invited_at", "changed_at"}
    for one, other in ((single, many), (cast.link_of(single), cast.link_of(many)), (single.deliveries.get(), many.deliveries.get())):
        left_aside = fickle | {"nonce", "account", "expires_at", "dedupe_key", "to_address", "next_at", "link", "individual"}
        assert {k: v for k, v in one.__data__.items() if k not in left_aside} == {k: v for k, v in other.__data__.items() if k not in left_aside}
    assert {row.account_id for row in job.each.where(BulkRow.outcome == "done")} == {
        account.id for account in PortalAccount.select().where(PortalAccount.state == "pending", PortalAccount.id != single.id)
    }
    assert audit.verify() == []


def test_whoever_comes_last_finds_no_licence_and_the_job_says_so(cast, decided):
    crowd(cast, 70)
    decided(licence_count=3 + 60)
    job = preview(cast)
    assert (bulk.count(job, "waiting"), eligibility.free_licences()) == (71, 60)
    job = carried_out(cast, job)
    assert (job.state, bulk.count(job, "done")) == ("done", 60)
    assert bulk.reasons(job, "refused") == [("licences", 11)]
    assert accounts.open_accounts() == 63
    adds_up(job)


def test_each_is_looked_at_again_at_their_turn(cast):
    people = crowd(cast, 5)
    job = preview(cast)
    profile.record_consent(people[0], "email", False, SYSTEM)
    accounts.create(people[1], SYSTEM)
    _change(people[2], death_date=dt.date(2026, 1, 1))
    cast.person("Same", email=people[3].contacts.get().value)
    job = carried_out(cast, job)
    assert reasons(job, "refused") == {"Nora 000": "consent", "Nora 001": "has_account", "Nora 002": "deceased", "Nora 003": "address_shared"}
    assert bulk.count(job, "done") == 2
    adds_up(job)


def test_an_address_that_is_taken_in_that_very_moment_stops_nobody_else(cast):
    people = crowd(cast, 3)
    with store.writing():
        made, taken = accounts._inserted_or_taken([(person, address, None) for person, address in
                                                   zip(people, ("a@example.org", "a@example.org", "b@example.org"), strict=True)])  # fmt: skip
    assert [account.individual_id for account, _ in made] == [people[0].id, people[2].id]
    assert taken == [people[1].id]


def test_two_jobs_of_the_same_people_at_once_give_each_one(cast, at_once):
    people = crowd(cast, 60)
    first, second = preview(cast), preview(cast)
    begin(cast, first)
    begin(cast, second)

    def work():
        while bulk_jobs._step():
            pass

    at_once([work] * 4)
    bulk_jobs.run_due()
    first, second = BulkJob.get_by_id(first.id), BulkJob.get_by_id(second.id)
    assert (first.state, second.state) == ("done", "done")
    assert bulk.count(first, "done") + bulk.count(second, "done") == 61
    assert {*reasons(first, "refused").values(), *reasons(second, "refused").values()} == {"has_account"}
    for job in (first, second):
        adds_up(job)
        kinds = [entry.kind for entry in AuditEntry.select().where(AuditEntry.subject == f"bulk job {job.id}").order_by(AuditEntry.id)]
        assert kinds == ["bulk.begun", "bulk.finished"]
    everybody_has_one(people)
    assert audit.verify() == []


def test_two_who_start_the_same_job_start_it_once(cast, at_once):
    job = preview(cast)
    answers = at_once([lambda: bulk.start(job, cast.by("ada"))] * 2)
    assert sorted(getattr(answer, "code", "") for answer in answers) == ["", "stale"]
    assert AuditEntry.select().where(AuditEntry.kind == "bulk.begun").count() == 1


def test_a_job_that_is_stopped_does_nothing_more_until_it_is_resumed(cast, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 10)
    people = crowd(cast, 30)
    job = preview(cast)
    begin(cast, job)
    step()
    bulk.stop(job, cast.by("ada"))
    bulk_jobs.run_due()
    job = BulkJob.get_by_id(job.id)
    assert (job.state, bulk.count(job, "done"), bulk.count(job, "waiting")) == ("stopped", 10, 21)
    with pytest.raises(RuleBroken):
        bulk.stop(job, cast.by("ada"))
    bulk.resume(job, cast.by("ada"))
    bulk_jobs.run_due()
    job = BulkJob.get_by_id(job.id)
    assert (job.state, bulk.count(job, "done")) == ("done", 31)
    adds_up(job)
    everybody_has_one(people)


def test_jobs_take_turns(cast, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 5)
    crowd(cast, 20)
    first = preview(cast)
    begin(cast, first)
    step()
    second = bulk.plan_activation(seen(cast), cast.by("ada"))
    for _ in range(4):
        step()
    assert BulkJob.get_by_id(second.id).state == "planned"
    assert BulkJob.get_by_id(first.id).state == "running"


@pytest.mark.parametrize("how", ["left", "without the right"])
def test_who_may_no_longer_has_nothing_more_done_in_their_name(cast, how, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 5)
    crowd(cast, 12)
    job = preview(cast)
    begin(cast, job)
    step()
    with store.writing():
        changes = {"is_active": False} if how == "left" else {"group": "intake_mgmt"}
        Worker.update(**changes).where(Worker.id == cast.ada.id).execute()
    bulk_jobs.run_due()
    job = BulkJob.get_by_id(job.id)
    assert (job.state, job.failure, bulk.count(job, "done")) == ("stopped", bulk_jobs.NO_RIGHT, 5)


def test_a_step_that_breaks_leaves_nothing_half_and_stops_the_job(cast, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 5)
    crowd(cast, 8)
    job = preview(cast)
    begin(cast, job)
    step()
    before = PortalAccount.select().count()
    monkeypatch.setitem(audit.KINDS, "account.created", frozenset({"nothing of the kind"}))
    bulk_jobs.run_due()
    job = BulkJob.get_by_id(job.id)
    assert (job.state, job.failure) == ("stopped", bulk_jobs.BROKEN)
    assert PortalAccount.select().count() == before
    adds_up(job)


def test_who_sees_the_own_caseload_only_activates_nobody_else(cast):
    person = cast.person("Mine")
    with store.writing():
        sender = SecurityClass.create(name="Sends", rights="send_activations")
        Worker.update(security_class=sender).where(Worker.id == cast.dora.id).execute()
    profile.follow(person, cast.dora, cast.by("dora"))
    job = preview(cast, "dora")
    assert job.total == 2  # and Alice
    assert reasons(job, "waiting") == {"Mine": ""}
    handover.unfollow(person, cast.dora, cast.by("dora"))
    job = carried_out(cast, job, "dora")
    assert reasons(job, "refused") == {"Mine": "not_yours"}


# ---------------------------------------------------------------- ticked back


def test_who_was_left_out_for_how_the_last_one_ended_can_be_ticked_back_one_by_one(cast):
    staffed, wrong = _closed(cast, "Staffed", "staff"), _closed(cast, "Wrong", "date_of_birth")
    job = preview(cast)
    row = job.each.where(BulkRow.individual == staffed).get()
    bulk.include(row, cast.by("ada"), is_ticked=True)
    bulk.include(row, cast.by("ada"), is_ticked=True)  # twice is harmless
    adds_up(BulkJob.get_by_id(job.id))
    other = job.each.where(BulkRow.individual == wrong).get()
    bulk.include(other, cast.by("ada"), is_ticked=True)
    bulk.include(BulkRow.get_by_id(other.id), cast.by("ada"), is_ticked=False)
    job = BulkJob.get_by_id(job.id)
    adds_up(job)
    assert reasons(job)["Wrong"] == "closed_date_of_birth"
    job = carried_out(cast, job)
    assert accounts.newest(staffed).state == "pending"
    assert accounts.newest(wrong).state == "closed"


@pytest.mark.parametrize("name", ["alice", "sam"])
def test_nobody_else_can_be_ticked_back(cast, name):
    job = preview(cast)
    row = job.each.where(BulkRow.individual == getattr(cast, name)).get()
    with pytest.raises(RuleBroken) as refused:
        bulk.include(row, cast.by("ada"), is_ticked=True)
    assert refused.value.code == "not_tickable"


def test_who_was_begun_with_cannot_be_changed(cast):
    staffed = _closed(cast, "Staffed", "staff")
    job = preview(cast)
    begin(cast, job)
    with pytest.raises(RuleBroken) as refused:
        bulk.include(job.each.where(BulkRow.individual == staffed).get(), cast.by("ada"), is_ticked=True)
    assert refused.value.code == "stale"


# ---------------------------------------------------------------- the states


def in_every_state(cast):
    """An account in each state, by its name."""
    made = {state: cast.activated(cast.person(state.title())) for state in ("active", "suspended", "disabled", "closed")}
    accounts.suspend(made["suspended"], SYSTEM)
    accounts.disable(made["disabled"], SYSTEM)
    accounts.close(made["closed"], SYSTEM)
    return made | {"pending": accounts.create(cast.person("Pending"), SYSTEM)}


@pytest.mark.parametrize("verb", bulk.STATUS_VERBS)
def test_for_many_a_verb_does_what_it_does_for_one(cast, verb):
    """Two of each kind: one is treated alone, the other one together with the rest."""
    alone, together = in_every_state(cast), in_every_state(cast)
    job = change(cast, verb, *together.values())
    for account in alone.values():
        try:
            forced_reset.STAFF_MOVES[verb](account, cast.by("ada"))
        except RuleBroken as refused:
            assert refused.code == "wrong_state"
    job = carried_out(cast, job) if bulk.may("start", job) else job
    for name, account in alone.items():
        one, other = PortalAccount.get_by_id(account.id), PortalAccount.get_by_id(together[name].id)
        assert (one.state, one.reason, bool(one.password_hash)) == (other.state, other.reason, bool(other.password_hash))
        assert LoginSession.select().where(LoginSession.account == one).count() == LoginSession.select().where(LoginSession.account == other).count()
        told = [[(e.kind, audit.values_of(e)) for e in AuditEntry.select().where(AuditEntry.subject == accounts.subject(each)).order_by(AuditEntry.id)
                 if not e.kind.startswith("account.created")] for each in (one, other)]  # fmt: skip
        assert told[0] == told[1]
        states = [sorted((d.kind, d.state) for d in each.deliveries) for each in (one, other)]
        assert states[0] == states[1]
        good = [Link.select().where(Link.account == each, Link.voided_at.is_null(), Link.used_at.is_null()).count() for each in (one, other)]
        assert good[0] == good[1]
    adds_up(BulkJob.get_by_id(job.id))
    assert audit.verify() == []


def test_the_forecast_says_how_many_and_why_not(cast):
    every = in_every_state(cast)
    job = change(cast, "suspend", *every.values())
    assert bulk.count(job, "waiting") == 1
    assert dict(bulk.reasons(job, "left_out")) == {"is_locked": 1, "is_disabled": 1, "is_closed": 1, "is_pending": 1}
    assert {PortalAccount.get_by_id(a.id).state for a in every.values()} == {"active", "locked", "disabled", "closed", "pending"}


def test_who_cannot_be_reached_is_not_enabled(cast):
    account = cast.activated()
    accounts.disable(account, SYSTEM)
    job = change(cast, "enable", account)
    profile.record_consent(cast.pia, "email", False, SYSTEM)
    job = carried_out(cast, job)
    assert reasons(job, "refused") == {"Pia": "consent"}
    assert reasons(change(cast, "enable", account)) == {"Pia": "consent"}


def test_what_somebody_did_meanwhile_stands(cast):
    every = [cast.activated(cast.person(first)) for first in ("One", "Two")]
    job = change(cast, "suspend", *every)
    accounts.close(every[0], SYSTEM)
    job = carried_out(cast, job)
    assert reasons(job, "refused") == {"One": "is_closed"}
    assert accounts.newest(every[1].individual).reason == "suspended"


def test_all_that_were_found_are_meant_and_nobody_else(cast):
    crowd(cast, 3)
    carried_out(cast, preview(cast))
    job = change(cast, "close", all_of=bulk.Sought(question="north", state="pending"))
    assert {*reasons(job, "waiting")} == {"Nora 000", "Nora 001", "Nora 002"}
    job = change(cast, "close", all_of=bulk.Sought(state="active", until=dt.date(2020, 1, 1)))
    assert job.total == bulk.count(job) == 0
    assert not bulk.may("start", job)
    with pytest.raises(RuleBroken):
        begin(cast, job)


def test_days_of_a_search_are_days_at_the_main_site(cast, frozen):
    frozen("2026-03-02 03:30")  # the evening of the first of March in Halifax
    account = cast.activated()
    frozen.go_on()
    day = dt.date(2026, 3, 1)
    narrowed = {
        (since, until): {a.id for a in bulk.Sought(since=since, until=until).narrow(viewer.accounts_seen_by(cast.ada))}
        for since, until in ((day, day), (day + dt.timedelta(1), None), (None, day - dt.timedelta(1)))
    }
    assert [account.id in found for found in narrowed.values()] == [True, False, False]


@pytest.mark.parametrize(("verb", "every", "code"), [("resend", ["alice"], "verb"), ("close", [], "nothing_ticked")])
def test_nothing_is_planned_without_a_verb_and_somebody(cast, verb, every, code):
    with pytest.raises(RuleBroken) as refused:
        change(cast, verb, *(getattr(cast, f"{name}_account") for name in every))
    assert refused.value.code == code
    assert BulkJob.select().count() == 0


def test_accounts_of_others_are_not_among_those_that_are_ticked(cast):
    with store.writing():
        keeper = SecurityClass.create(name="Keeps", rights="manage_accounts")
        Worker.update(security_class=keeper).where(Worker.id == cast.dora.id).execute()
    job = change(cast, "suspend", cast.alice_account, cast.bob_account, name="dora")
    assert reasons(job, "waiting") == {"Alice": ""}


# ---------------------------------------------------------------- forgotten


def test_a_preview_that_nobody_goes_on_with_is_forgotten_after_a_day(cast, frozen):
    frozen()
    crowd(cast, 3)
    old, begun = preview(cast), preview(cast)
    begin(cast, begun)
    bulk.stop(begun, cast.by("ada"))
    frozen.shift(hours=23)
    fresh = preview(cast)
    bulk.expire()
    assert old.each.count() > 0
    frozen.shift(hours=2)
    bulk.expire(most=2)
    assert [BulkJob.get_by_id(job.id).state for job in (old, begun, fresh)] == ["given_up", "stopped", "planned"]
    assert (old.each.count(), begun.each.count() > 0, fresh.each.count() > 0) == (0, True, True)


def test_a_preview_that_is_given_up_does_nothing(cast):
    job = preview(cast)
    bulk.give_up(job, cast.by("ada"))
    with pytest.raises(RuleBroken):
        bulk.start(job, Actor(worker=cast.ada))
    assert cast.pia.accounts.count() == 0


# ---------------------------------------------------------------- by site


@pytest.fixture
def places(cast):
    """Bob comes to North, Alice to the main site; of Eve nobody said it."""
    north = sites.add(sites.Place("North"), cast.by("ada"))
    with store.writing():
        for person, site in ((cast.alice, agency.main_site()), (cast.bob, north)):
            Individual.update(site=site).where(Individual.id == person.id).execute()
    return {"main": agency.main_site().public_id, "north": north.public_id, "nobody": sites.NOT_SAID, "none": "no such site"}


@pytest.mark.parametrize("few", [0, 1000])  # gathered first, and walked along the list
@pytest.mark.parametrize(
    ("place", "first_names"), [("main", {"Alice"}), ("north", {"Bob"}), ("nobody", {"Eve"}), ("none", set())]
)
def test_accounts_are_found_by_the_site_that_their_people_come_to(cast, places, monkeypatch, few, place, first_names):
    monkeypatch.setattr(sites, "FEW", few)
    for question in ("", "e"):
        found = bulk.Sought(question, site=places[place]).narrow(viewer.accounts_seen_by(cast.ada))
        assert {account.individual.first_name for account in found} <= first_names
    assert {account.individual.first_name for account in bulk.Sought(site=places[place]).narrow(
        viewer.accounts_seen_by(cast.ada))} == first_names  # fmt: skip


@pytest.mark.parametrize("few", [0, 1000])
def test_accounts_are_found_by_the_service_in_which_their_people_are(cast, monkeypatch, few):
    monkeypatch.setattr(enrolments, "FEW", few)
    by = cast.by("ines")
    here, there = (services.add(services.Details(name), "case", by) for name in ("Counselling", "Housing"))
    enrolments.open(cast.alice, here, None, agency.today(), by)
    enrolments.close(enrolments.open(cast.bob, here, None, agency.today(), by), agency.today(), by, version=1)
    enrolments.open(cast.bob, there, None, agency.today(), by)
    for service, first_names in ((here.public_id, {"Alice"}), (there.public_id, {"Bob"}), ("no such one", set())):
        sought = bulk.Sought(service=service)
        assert {each.individual.first_name for each in sought.narrow(viewer.accounts_seen_by(cast.ada))} == first_names
        assert bulk.sought(sought.as_text()) == sought


def test_a_change_of_all_that_were_found_at_a_site_is_of_nobody_else(cast, places):
    job = change(cast, "suspend", all_of=bulk.Sought(site=places["north"]))
    assert (job.total, bulk.count(job)) == (1, 1)
    assert reasons(carried_out(cast, job), "done") == {"Bob": ""}
    states = {account.individual.first_name: account.state for account in viewer.accounts_seen_by(cast.ada)}
    assert (states["Alice"], states["Bob"]) == ("active", "locked")


def test_who_comes_to_a_site_can_be_asked_for_a_new_password_at_once(cast, places):
    job = change(cast, "reset", all_of=bulk.Sought(site=places["main"]))
    assert reasons(carried_out(cast, job), "done") == {"Alice": ""}
