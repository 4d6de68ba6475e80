"""Documents for many: looked up, assigned in the background, stopped and resumed; each person once."""

import datetime as dt

import pytest
from pages.test_individual_documents import here, published

from domain import bulk, bulk_jobs, enrolments, services, store
from models import BulkJob, Delivery, Document, Individual


@pytest.fixture
def school(cast):
    return published(cast, "For school")


@pytest.fixture
def gym(cast):
    made = services.add(services.Details("Gym"), "case", cast.by("ada"))
    for person in (cast.alice, cast.bob, cast.sam):
        enrolments.open(person, made, None, dt.date(2026, 1, 5), cast.by("ada"))
    return made


def plan(browse, who, school, **typed):
    browser = browse(who)
    browser.open("/admin/assignments/new")
    page = browser.press("See who would get it", what=f"d:{school.template.public_id}", **typed)
    return browser, page


def work():
    bulk_jobs.run_due()
    return BulkJob.get()


def test_the_clients_of_a_service_get_it_once_they_were_shown(cast, school, gym, browse):
    with store.writing():
        Individual.update(death_date=dt.date(2026, 2, 1)).where(Individual.id == cast.sam.id).execute()
    ada, page = plan(browse, "ada", school, service=gym.public_id)
    assert work().state == "planned"
    assert not Document.select().exists()
    page = ada.open(f"/admin/assignments/{BulkJob.get().public_id}/")
    assert "2 people would get it" in page
    assert "For school" in page
    assert "This person has died." in page
    ada.press("Assign")
    assert work().state == "done"
    assert sorted(each.individual_id for each in Document.select()) == sorted([cast.alice.id, cast.bob.id])
    assert Delivery.select().where(Delivery.kind == "document_assigned").count() == 2
    assert "For school" in ada.open(here(cast.bob))


def test_who_has_it_already_is_left_out(cast, school, gym, browse):
    ada, _ = plan(browse, "ada", school, service=gym.public_id)
    work()
    ada.open(f"/admin/assignments/{BulkJob.get().public_id}/")
    ada.press("Assign")
    work()
    ada, _ = plan(browse, "ada", school, service=gym.public_id)
    bulk_jobs.run_due()
    assert "They have this to do already." in ada.open(f"/admin/assignments/{BulkJob.select().order_by(BulkJob.id.desc()).get().public_id}/")


def test_a_search_result_gets_it(cast, school, browse):
    ada, _ = plan(browse, "ada", school, question=cast.alice.last_name)
    work()
    ada.open(f"/admin/assignments/{BulkJob.get().public_id}/")
    ada.press("Assign")
    work()
    assert cast.alice.id in {each.individual_id for each in Document.select()}


def test_nobody_is_chosen_by_accident(cast, school, browse):
    _, page = plan(browse, "ada", school)
    assert "Choose a service, or search for some clients." in page
    assert not BulkJob.select().exists()


def test_who_sees_the_own_caseload_assigns_to_it_alone(cast, school, gym, browse):
    dora, _ = plan(browse, "dora", school, service=gym.public_id)
    work()
    dora.open(f"/admin/assignments/{BulkJob.get().public_id}/")
    dora.press("Assign")
    work()
    seen = {each.id for each in Individual.select() if dora.open(here(each)).status == 200}
    assert {each.individual_id for each in Document.select()} == seen & {cast.alice.id, cast.bob.id, cast.sam.id}


def test_it_is_stopped_and_resumed_and_each_gets_it_once(cast, school, gym, browse, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 1)
    ada, _ = plan(browse, "ada", school, service=gym.public_id)
    job = work()
    bulk.start(job, cast.by("ada"))
    assert bulk_jobs._step()
    ada.open(f"/admin/assignments/{job.public_id}/")
    ada.press("Stop")
    assert Document.select().count() == 1
    assert not bulk_jobs._step()
    ada.press("Resume")
    work()
    assert sorted(each.individual_id for each in Document.select()) == sorted([cast.alice.id, cast.bob.id, cast.sam.id])


def test_what_is_killed_in_the_middle_of_a_step_leaves_nothing_half(cast, school, gym, browse, monkeypatch):
    plan(browse, "ada", school, service=gym.public_id)
    job = work()
    bulk.start(job, cast.by("ada"))

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(bulk_jobs, "_note", die)
        bulk_jobs._step()
    assert not Document.select().exists()
    assert work().state == "done"
    assert Document.select().count() == 3


def test_others_jobs_are_not_there_for_who_sees_the_own_caseload(cast, school, gym, browse):
    plan(browse, "ada", school, service=gym.public_id)
    address = f"/admin/assignments/{work().public_id}/"
    assert browse("dora").open(address).status == 404
    assert browse("ada").open(address.replace("/assignments/", "/accounts/changes/")).status == 404
