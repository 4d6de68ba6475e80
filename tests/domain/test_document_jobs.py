"""Documents for many, on both databases: each person once, whoever works at it, and only who may do it."""

import pytest

from domain import assigning, bulk, bulk_jobs, document_jobs, store, viewer
from domain.assigning import Bundle, Item
from models import AuditEntry, BulkJob, Document, Notice, Worker
from tests.domain.test_document_messages import sport  # noqa: F401
from tests.domain.test_documents import school  # noqa: F401


@pytest.fixture
def job(cast, school, sport):  # noqa: F811
    people = [cast.person("Nell", f"Quince{number}") for number in range(7)]
    what = Bundle((Item(school, None), Item(sport, None)), "Camp", is_ordered=True)
    made = document_jobs.plan(what, document_jobs.Whom("quince"), viewer.seen_by(cast.ada), cast.by("ada"))
    bulk_jobs.run_due()
    assert bulk.count(BulkJob.get_by_id(made.id), "waiting") == len(people)
    return made


def test_several_at_once_assign_to_each_once(cast, job, at_once, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 2)
    bulk.start(BulkJob.get_by_id(job.id), cast.by("ada"))
    at_once([bulk_jobs._step] * 4)
    bulk_jobs.run_due()
    assert BulkJob.get_by_id(job.id).state == "done"
    assert Document.select().count() == 14
    assert Document.select(Document.individual).distinct().count() == 7
    assert Notice.select().count() == 7
    assert AuditEntry.select().where(AuditEntry.kind == "document.assigned").count() == 14


def test_what_somebody_got_meanwhile_is_refused_then(cast, job, school, sport):  # noqa: F811
    first = next(iter(job.each)).individual
    assigning.assign(Bundle((Item(school, None), Item(sport, None)), "Camp"), [first], cast.by("dora"))
    bulk.start(BulkJob.get_by_id(job.id), cast.by("ada"))
    bulk_jobs.run_due()
    assert bulk.reasons(BulkJob.get_by_id(job.id), "refused") == [("has_it", 1)]
    assert Document.select().where(Document.individual == first).count() == 2


def test_who_has_left_assigns_nothing_more(cast, job):
    bulk.start(BulkJob.get_by_id(job.id), cast.by("ada"))
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.ada.id).execute()
    bulk_jobs.run_due()
    assert BulkJob.get_by_id(job.id).state == "stopped"
    assert not Document.select().exists()


def test_what_a_job_assigns_is_what_was_published_when_it_was_made(cast, job, school):  # noqa: F811
    assert document_jobs.bundle_of(job).items[0].version.id == school.id
    assert document_jobs.bundle_of(job).is_ordered
