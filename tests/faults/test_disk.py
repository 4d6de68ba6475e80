"""A disk that refuses writes, and one that is believed only when it says that they are safe (P15, P16).

Writes really fail and really are looked at: strace stands between the running portal and the kernel.
"""

import re
import time

import pytest
from faults import tracing
from faults.nursery import opened, sound
from faults.running import ONLY_WEB, Portal, Visitor

from domain import audit
from models import AuditEntry, Individual

WRITES = 150
SOON = 5.0  # seconds until the portal saves again once there is room
FAULTS = (
    [("pwrite64", "ENOSPC", every) for every in (1, 2, 3, 5, 8, 13, 21)]
    + [("pwrite64", "EIO", every) for every in (1, 2, 4, 7, 11, 16, 29)]
    + [("fsync,fdatasync", "EIO", every) for every in (1, 2, 4, 5, 7, 8)]  # each third one is the receipt
)  # fmt: skip


@pytest.fixture(autouse=True)
def _traced():
    tracing.needed()


def arrives(portal, cast):
    """Ines, signed in."""
    ines = Visitor(portal.port)
    assert ines.sign_in("ines@example.org", cast.password_of("ines")) == 303
    return ines


def add(ines, name):
    """Type a newcomer into the form; the answer's status and page."""
    born = {"birth_date-day": "29", "birth_date-month": "2", "birth_date-year": "1984", "language": ""}
    return ines.post("/admin/individuals/new", first_name=name, last_name="North", **born)


@pytest.mark.long
@pytest.mark.only_sqlite
def test_at_twenty_places_where_the_disk_refuses_nothing_saved_is_lost_and_the_page_is_honest(data, cast):
    saved, refused, slowest = [], [], 0.0
    files = [data / "doorstep.db", data / "doorstep.db-wal"]
    with Portal(data, None, ["-c", ONLY_WEB]) as portal:
        ines = arrives(portal.listens(), cast)
        for number, (call, error, every) in enumerate(FAULTS):
            with tracing.failing(portal.pid, call, error, every, files):
                met = meet(ines, f"F{number}", saved, refused)
            assert met, f"{call} never failed with {error} at each {every}, or nobody was told"
            began = time.monotonic()
            while add(ines, f"R{number}")[0] != 303:
                assert time.monotonic() - began < SOON, f"it does not recover from {error} of {call}"
            saved.append(f"R{number}")
            slowest = max(slowest, time.monotonic() - began)
        assert portal.stop() == 0
    sound(data / "doorstep.db")
    with opened(data / "doorstep.db"):
        names = [row.first_name for row in Individual.select().where(Individual.last_name == "North")]
        assert sorted(names) == sorted(saved), (set(saved) ^ set(names), refused)
        created = AuditEntry.select().where(AuditEntry.kind == "individual.created", AuditEntry.individual.in_(
            Individual.select().where(Individual.last_name == "North"))).count()  # fmt: skip
        assert created == len(saved)
        assert audit.verify() == []
    print(f"{len(saved)} saved, {len(refused)} refused, again after {slowest:.2f} s at most")


def meet(ines, name, saved, refused):
    """Type newcomers in until one is refused, and that one honestly; False when none was."""
    for number in range(60):
        status, page = add(ines, f"{name} {number}")
        if status == 303:
            saved.append(f"{name} {number}")
            continue
        assert (status, "We cannot save right now" in page, "Nothing was changed." in page) == (503, True, True), page[:3000]
        refused.append(f"{name} {number}")
        if len(refused) % 3 == 0:
            return True
    return bool(refused) and refused[-1].startswith(f"{name} ")


@pytest.mark.long
@pytest.mark.only_sqlite
def test_no_answer_goes_out_before_the_disk_has_said_that_what_it_tells_of_is_safe(data, cast, tmp_path):
    trace = tmp_path / "trace"
    under = ["strace", "-f", "-y", "-qq", "--seccomp-bpf", "-s", "24", "-o", str(trace),
             "-e", "trace=pwrite64,fdatasync,fsync,sendto"]  # fmt: skip
    with Portal(data, None, ["-c", ONLY_WEB], under) as portal:
        ines = arrives(portal.listens(), cast)
        for number in range(WRITES):
            status, page = add(ines, f"N{number}")
            assert status == 303, page
    answers = list(answers_in(trace.read_text()))
    after_writing = [unsafe for wrote, unsafe in answers if wrote]
    assert len(after_writing) >= WRITES
    assert not any(after_writing), f"{sum(map(bool, after_writing))} of {len(after_writing)} answers came too early"
    assert not any(unsafe for _, unsafe in answers)


def answers_in(trace):
    """For each good answer: whether anything was written since the one before, and what of it was not yet safe."""
    unsafe, waiting, wrote = set(), {}, False
    for line in trace.splitlines():
        thread, _, call = line.partition(" ")
        call = call.strip()
        if found := re.match(r"(pwrite64|fdatasync|fsync)\(\d+<([^>]*/doorstep\.db(?:-wal|-journal)?)>", call):
            if found[1] == "pwrite64":
                unsafe.add(found[2])
                wrote = True
            elif "unfinished" in call:
                waiting[thread] = found[2]
            elif call.endswith("= 0"):
                unsafe.discard(found[2])
        elif call.startswith(("<... fdatasync resumed", "<... fsync resumed")) and call.endswith("= 0"):
            unsafe.discard(waiting.pop(thread, ""))
        elif re.match(r'sendto\(\d+<[^>]*>, "HTTP/1\.1 [23]\d\d', call):
            yield wrote, set(unsafe)
            wrote = False
