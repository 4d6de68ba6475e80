"""Suspend 10,000 accounts, or give 10,000 people one, without sending; in all seconds, and the longest write transaction."""

from __future__ import annotations

import sys
import time

from app import create_app
from domain import audit, bulk, bulk_jobs, clock, profile, store, viewer
from domain.actor import Actor
from models import BulkJob, Consent, Contact, Individual, PortalAccount, Worker, new_public_id

PEOPLE = 10_000


def people(number: int) -> None:
    """So many who allow e-mail and have no account."""
    now = clock.now()
    for start in range(0, number, 1000):
        with store.writing():
            some = [
                Individual(first_name=f"First{n}", last_name=f"Last{n % 5000}", sort_name=f"last{n % 5000} first{n}", created_at=now,
                           birth_date=clock.now().date().replace(year=1980, day=1), external_id=f"bulk {n}", public_id=new_public_id())
                for n in range(start, start + 1000)
            ]  # fmt: skip
            store.insert_rows(some)
            contacts = [
                Contact(individual=person.id, kind="email", value=f"{person.external_id[5:]}@bulk.example.org", is_main=True,
                        lookup=profile.email_key(f"{person.external_id[5:]}@bulk.example.org"), public_id=new_public_id())
                for person in some
            ]  # fmt: skip
            store.insert_rows(contacts)
            Consent.insert_many(
                {"individual": person.id, "channel": "email", "is_given": True, "recorded_at": now, "recorded_how": "demo"}
                for person in some
            ).execute()


class Longest:
    """How long the longest of our write transactions took."""

    def __init__(self) -> None:
        self.seconds, step = 0.0, bulk_jobs._step

        def timed() -> bool:
            began = time.monotonic()
            answer = step()
            self.seconds = max(self.seconds, time.monotonic() - began)
            return answer

        bulk_jobs._step = timed


def carried_out(job: BulkJob, by: Actor, most: float = 600) -> float:
    """Seconds from the start to the end; raises RuntimeError when it was not done for all."""
    while BulkJob.get_by_id(job.id).state == "planning":
        bulk_jobs.run_due(most)
    began = time.monotonic()
    bulk.start(BulkJob.get_by_id(job.id), by)
    while BulkJob.get_by_id(job.id).state == "running":
        bulk_jobs.run_due(most)
    seconds = time.monotonic() - began
    done = bulk.count(BulkJob.get_by_id(job.id), "done")
    if done < PEOPLE:
        raise RuntimeError(f"only {done}")
    return seconds


def main() -> None:
    """Print the seconds of the activation, of the suspension, and of the longest step; or only fill in the ``people``."""
    create_app()
    with store.connection():
        people(PEOPLE)
        if sys.argv[1:] == ["people"]:
            return
        ada = Worker.get(Worker.group == "system_admin")
        by, longest = Actor(worker=ada), Longest()
        activated = carried_out(bulk.plan_activation(viewer.seen_by(ada), by), by)
        with store.writing():  # as if they all had chosen a password
            PortalAccount.update(state="active", password_hash="bench").where(PortalAccount.state == "pending").execute()
        suspended = carried_out(bulk.plan_change("suspend", viewer.accounts_seen_by(ada), by, all_of=bulk.Sought(state="active")), by)
        if findings := audit.verify():
            raise RuntimeError(findings[0])
        print(activated, suspended, longest.seconds)


if __name__ == "__main__":
    main()
