"""Every read begins here: who signed in, for whom, with which rights (T1, T2, T3)."""

import io

import pytest

from domain import (
    accounts,
    agency,
    attendances,
    clock,
    enrolments,
    events,
    handover,
    import_page,
    notices,
    profile,
    services,
    store,
    viewer,
    work_queue,
)
from domain.actor import SYSTEM
from domain.rules import NotFound
from models import Attendance, AuditEntry, Delivery, Individual, SecurityClass, Site, Task, Worker

# Spec 00, people and rights, written down once more.
INTAKE = {"view_all_individuals", "edit_individuals", "manage_accounts", "manage_services", "answer_requests"}
EXEC = INTAKE | {
    "manage_schedule_of_others", "manage_documents", "manage_billing", "manage_triggers", "view_statistics",
    "manage_workers", "view_audit", "import_data", "export_data",
}  # fmt: skip
ADMIN = EXEC | {"manage_setup", "manage_integrations", "send_activations"}
RIGHTS = {"dora": set(), "otto": set(), "ines": INTAKE, "finn": EXEC, "ada": ADMIN}


def see(cast, name, network="192.0.2.7"):
    return viewer.of(cast.session(name), network)


@pytest.mark.parametrize("name", RIGHTS)
def test_a_worker_has_the_rights_of_the_group_and_no_other(cast, name):
    staff = see(cast, name)
    assert staff.rights == RIGHTS[name]
    for right in ADMIN | {"", "view", "system_admin"}:
        assert staff.may(right) == (right in RIGHTS[name])


def test_send_activations_comes_only_from_a_class_or_to_the_system_admin(cast):
    assert [name for name in RIGHTS if see(cast, name).may("send_activations")] == ["ada"]
    join(cast, "otto", "send_activations")
    assert see(cast, "otto").rights == {"send_activations"}


def join(cast, name, rights):
    with store.writing():
        group = SecurityClass.create(name=f"class of {name}", rights=rights)
        Worker.update(security_class=group).where(Worker.external_id == name).execute()


def test_a_security_class_adds_rights_and_takes_none(cast):
    join(cast, "ines", "import_data export_data")
    assert see(cast, "ines").rights == INTAKE | {"import_data", "export_data"}


def test_words_in_a_class_that_are_no_rights_give_nothing(cast):
    join(cast, "dora", "superuser * view_all import_dat  import_data\n")
    assert see(cast, "dora").rights == {"import_data"}


def test_a_change_of_group_counts_in_the_next_request(cast):
    session = cast.session("otto")
    assert not viewer.of(session, "").may("manage_accounts")
    with store.writing():
        Worker.update(group="admin_exec").where(Worker.external_id == "otto").execute()
    from domain import sign_in
    from models import LoginSession

    fresh = sign_in.LoginSession.select().where(LoginSession.id == session.id).get()
    assert viewer.of(fresh, "").may("manage_accounts")


# ---------------------------------------------------------------- whom staff may see


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("dora", {"alice"}),
        ("otto", set()),
        ("ines", {"alice", "bob", "sam", "pia", "eve"}),
        ("ada", {"alice", "bob", "sam", "pia", "eve"}),
    ],
)
def test_a_worker_sees_the_own_caseload_and_intake_sees_all(cast, name, seen):
    staff = see(cast, name)
    assert {individual.external_id for individual in staff.individuals} == seen
    for external_id in ("alice", "bob", "sam", "pia", "eve"):
        individual = getattr(cast, external_id)
        if external_id in seen:
            assert staff.individual(individual.public_id) == individual
        else:
            with pytest.raises(NotFound):
                staff.individual(individual.public_id)


@pytest.mark.parametrize("public_id", ["", "1", "x" * 22, "x" * 9999, "\x00", "' OR 1=1 --"])
def test_a_made_up_id_and_a_strangers_id_are_the_same(cast, public_id):
    staff = see(cast, "dora")
    for look in (staff.individual, staff.delivery, staff.task):
        with pytest.raises(NotFound):
            look(public_id)


def test_following_opens_a_record_and_no_longer_following_closes_it(cast):
    staff, bob = see(cast, "otto"), cast.bob
    profile.follow(bob, cast.otto, cast.by("otto"))
    assert staff.individual(bob.public_id) == bob
    handover.unfollow(bob, cast.otto, cast.by("otto"))
    with pytest.raises(NotFound):
        staff.individual(bob.public_id)


def test_a_contact_or_account_is_reached_through_its_own_individual_only(cast):
    staff = see(cast, "ada")
    contact, account = cast.bob.contacts.get(), cast.bob_account
    assert staff.contact(cast.bob, contact.public_id) == contact
    assert staff.account(cast.bob, account.public_id) == account
    with pytest.raises(NotFound):
        staff.contact(cast.alice, contact.public_id)
    with pytest.raises(NotFound):
        staff.account(cast.alice, account.public_id)


def mail_to(cast):
    with store.writing():
        for name in ("alice", "bob"):
            account = getattr(cast, f"{name}_account")
            notices.put("password_changed", 1, to=account.email, account=account, individual=account.individual)
        notices.put("mail_test", 1, to="ada@example.org", worker=cast.ada)
        notices.put("password_reset", 1, to="nobody@example.org")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("otto", []),
        ("dora", ["alice@example.org"]),
        ("ines", ["alice@example.org", "bob@example.org"]),
        ("finn", ["ada@example.org", "alice@example.org", "bob@example.org", "nobody@example.org"]),
    ],
)
def test_deliveries_are_seen_with_their_individuals_and_those_to_staff_with_view_audit(cast, name, seen):
    mail_to(cast)
    assert_sees(cast, name, seen)


@pytest.mark.parametrize(
    ("name", "rights", "seen"),
    [
        ("otto", "view_audit", ["ada@example.org", "nobody@example.org"]),
        ("dora", "view_audit", ["ada@example.org", "alice@example.org", "nobody@example.org"]),
        ("dora", "view_all_individuals", ["alice@example.org", "bob@example.org"]),
        ("dora", "view_audit view_all_individuals", ["ada@example.org", "alice@example.org", "bob@example.org", "nobody@example.org"]),
    ],
)
def test_view_audit_adds_what_went_to_no_individual_and_opens_nobodys_record(cast, name, rights, seen):
    mail_to(cast)
    join(cast, name, rights)
    assert_sees(cast, name, seen)


def assert_sees(cast, name, seen):
    staff = see(cast, name)
    assert sorted(d.to_address for d in staff.deliveries.where(Delivery.state == "due")) == seen
    for delivery in Delivery.select().where(Delivery.state == "due"):
        if delivery.to_address in seen:
            assert staff.delivery(delivery.public_id) == delivery
        else:
            with pytest.raises(NotFound):
                staff.delivery(delivery.public_id)


def test_who_sees_the_own_caseload_only_sees_no_files_that_others_take_in(cast, tmp_path):
    join(cast, "dora", "import_data")
    files = {
        name: import_page.upload(tmp_path, io.BytesIO(b"id,name\n7,Bo Reed\n"), f"{name}.csv", "individuals", cast.by(name))
        for name in ("dora", "finn")
    }
    seen = {name: [file.file_name for file in see(cast, name).imports] for name in ("otto", "ines", "dora", "finn")}
    assert seen == {"otto": [], "ines": [], "dora": ["dora.csv"], "finn": ["finn.csv", "dora.csv"]}
    assert see(cast, "dora").import_file(files["dora"].public_id) == files["dora"]
    with pytest.raises(NotFound):
        see(cast, "dora").import_file(files["finn"].public_id)


def test_open_tasks_are_seen_with_their_individuals_oldest_first(cast):
    for name in ("bob", "alice"):
        work_queue.add("delivery_problem", "delivery_problems", getattr(cast, name), name)
    assert [task.individual for task in see(cast, "ines").tasks] == [cast.bob, cast.alice]
    assert [task.individual for task in see(cast, "dora").tasks] == [cast.alice]
    assert list(see(cast, "otto").tasks) == []
    bobs = Task.get(Task.individual == cast.bob)
    with pytest.raises(NotFound):
        see(cast, "dora").task(bobs.public_id)
    work_queue.done(bobs, cast.by("ines"))
    assert [task.individual for task in see(cast, "ines").tasks] == [cast.alice]
    assert see(cast, "ines").task(bobs.public_id).done_by == cast.ines  # who comes second is told so


def test_looking_at_a_record_is_told_and_the_client_can_see_by_whom(cast):
    staff = see(cast, "dora", network="203.0.113.9")
    staff.saw(cast.alice, "profile")
    entry = staff.audit_of(cast.alice).first()
    assert (entry.kind, entry.worker, entry.network) == ("individual.viewed", cast.dora, "203.0.113.9")
    assert AuditEntry.select().where(AuditEntry.kind == "individual.viewed").count() == 1
    assert not [entry for entry in staff.audit_of(cast.alice) if entry.individual != cast.alice]


# ---------------------------------------------------------------- clients


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_client_sees_the_own_record(cast, name):
    client = see(cast, name)
    assert isinstance(client, viewer.ClientViewer)
    assert (client.account, client.individual) == (getattr(cast, f"{name}_account"), getattr(cast, name))
    assert client.scopes == {"calendar", "messages", "documents", "billing"}
    assert [contact.individual for contact in client.contacts] == [getattr(cast, name)]
    assert (client.actor.kind, client.actor.account) == ("client", client.account)


def test_a_client_has_no_way_to_staff_things(cast):
    client = see(cast, "alice")
    assert not hasattr(client, "may")
    assert not hasattr(client, "individuals")


def test_who_acts_is_one_of_four(cast):
    kinds = [cast.by("dora").kind, cast.by("alice").kind, SYSTEM.kind, cast.visitor().kind]
    assert kinds == ["worker", "client", "system", "visitor"]
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert Individual.select().count() == 5


@pytest.mark.parametrize("how", ["primary", "further", "closed", "booked", "cancelled", "given up", "followed", "nothing"])
def test_the_caseload_is_who_is_enrolled_with_booked_with_or_followed_by_the_worker(cast, how):
    service = services.add(services.Details("Counselling"), "case", cast.by("ines"))
    today = agency.today()
    if how in ("primary", "further", "closed"):
        file = enrolments.open(cast.bob, service, None if how == "further" else cast.otto, today, cast.by("ines"))
        if how == "further":
            enrolments.assign(file, None, [cast.otto], cast.by("ines"), version=1)
        if how == "closed":
            enrolments.close(file, today, cast.by("ines"), version=1)
    elif how == "followed":
        profile.follow(cast.bob, cast.otto, cast.by("otto"))
    elif how != "nothing":
        event = events.book(events.Plan(cast.otto, clock.ahead(days=3), 50, Site.get(), [cast.bob]), cast.by("ines"))
        if how == "cancelled":
            events.cancel(event, cast.by("ines"), version=1)
        if how == "given up":
            attendances.mark(Attendance.get(), "cancel", cast.by("ines"), version=1)
    sees = how in ("primary", "further", "booked", "followed")
    who = viewer.of(cast.session("otto"), "192.0.2.7")
    assert [person.external_id for person in who.individuals] == (["bob"] if sees else [])
    assert (cast.otto.id in viewer.caseloads_with(cast.bob)) == sees
