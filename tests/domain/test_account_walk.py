"""Whatever staff and time do to two people's accounts at once, only moves of the table happen (hypothesis).

The sisters Pia and Petra have one address in common.  Random verbs run in several threads; afterwards the audit tells
what happened, and that must be a walk through the table of spec 01.
"""

import contextlib
import datetime as dt
import threading

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import accounts, activation, audit, clock, lockout, passwords, profile, store
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from models import AuditEntry, Delivery, Individual, Link, LoginSession, PageVersion, PortalAccount

SHARED = "sisters@example.org"

# Spec 01, transitions: (kind of audit entry) -> {state before: state after}
TABLE = {
    "account.activated": {"pending": "active"},
    "account.expired": {"pending": "closed"},
    "account.birth_date_failed": {"pending": "closed"},
    "account.cancelled": {"pending": "closed"},
    "account.locked": {"active": "locked"},
    "account.suspended": {"active": "locked"},
    "account.unlocked": {"locked": "active"},
    "account.disabled": {"active": "disabled", "locked": "disabled"},
    "account.enabled": {"disabled": "pending"},
    "account.closed": {"active": "closed", "locked": "closed", "disabled": "closed"},
    "account.activation_resent": {"pending": "pending"},
}
REASONS = {
    "account.expired": "expired", "account.birth_date_failed": "date_of_birth", "account.cancelled": "cancelled",
    "account.closed": "staff",
}  # fmt: skip


# ---------------------------------------------------------------- what may be tried


def newest(who):
    return accounts.newest(who)


def create(who):
    accounts.create(who, SYSTEM, email=SHARED)


def create_at_own_address(who):
    accounts.create(who, SYSTEM, email=f"{who.first_name.lower()}.own@example.org")


def send_new(who):
    if account := newest(who):
        accounts.send_new(account, SYSTEM)


def activate(who):
    if account := newest(who):
        with store.writing():
            PortalAccount.update(accepted_privacy=1, accepted_terms=2).where(PortalAccount.id == account.id).execute()
        accounts.activate(account, KEPT[0], SYSTEM)


def activate_by_link(who):
    link = Link.select().join(PortalAccount).where(PortalAccount.individual == who).order_by(Link.id.desc()).first()
    if link:
        activation.accept_terms(link, PageVersion.get_by_id(1), PageVersion.get_by_id(2), SYSTEM)
        proof = activation.prove_birth_date(link, who.birth_date, SYSTEM)
        activation.activate(link, "seven blue herons wade", proof=proof, by=SYSTEM)


def wrong_date(who):
    link = Link.select().join(PortalAccount).where(PortalAccount.individual == who).order_by(Link.id.desc()).first()
    if link:
        activation.prove_birth_date(link, dt.date(1970, 7, 7), SYSTEM)


def last_wrong_password(who):
    account = newest(who)
    if account and account.state == "active":
        with store.writing():
            PortalAccount.update(failed_sign_ins=5).where(PortalAccount.id == account.id).execute()
            known = lockout.Known(None, account.id, who.id, None, None)
            lockout.tell(known, is_shut=lockout.shut(lockout.Try(True, True), known))


def two_weeks_pass(who):
    long_ago = clock.ago(days=15)
    with store.writing():
        PortalAccount.update(invited_at=long_ago).where(PortalAccount.individual == who).execute()


def the_job_runs(who):
    accounts.expire_due()


def by_staff(verb):
    def act(who):
        if account := newest(who):
            getattr(accounts, verb)(account, SYSTEM)

    act.__name__ = verb
    return act


STAFF = [by_staff(verb) for verb in ("resend", "cancel", "suspend", "unlock", "disable", "enable", "close")]
VERBS = [
    create,
    create_at_own_address,
    send_new,
    activate,
    activate_by_link,
    wrong_date,
    last_wrong_password,
    two_weeks_pass,
    the_job_runs,
    *STAFF,
]
KEPT = []

acts = st.tuples(st.sampled_from(VERBS), st.sampled_from(["Pia", "Petra"]))
# Mostly what leads somewhere first, so that the walks get far.
way = st.lists(acts | st.just((activate_by_link, "Pia")) | st.just((create, "Pia")), min_size=1, max_size=8)


# ---------------------------------------------------------------- what must hold


def run(ways):
    """Each list of acts in a thread of its own, all at once."""
    faults, gate = [], threading.Barrier(len(ways))

    def go(steps):
        try:
            with store.connection():
                gate.wait(30)
                for verb, name in steps:
                    who = Individual.get(Individual.first_name == name, Individual.last_name == "Pell")
                    with contextlib.suppress(RuleBroken):
                        verb(who)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=go, args=(steps,)) for steps in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if faults:
        raise faults[0]


def told():
    """What the audit tells of accounts, in order: (account, kind, values)."""
    for entry in AuditEntry.select().order_by(AuditEntry.id):
        if entry.kind == "account.created" or entry.kind in TABLE:
            yield PortalAccount.get_by_id(int(entry.subject.split()[1])), entry.kind, audit.values_of(entry)


def check_the_walk():
    states, reasons = {}, {}
    for account, kind, values in told():
        if kind == "account.created":
            open_now = [PortalAccount.get_by_id(number) for number, state in states.items() if state != "closed"]
            assert account.individual not in [other.individual for other in open_now], "a second open account"
            assert account.email_key not in [other.email_key for other in open_now], "an address in use twice"
            assert account.id not in states
            states[account.id] = "pending"
            continue
        before = states[account.id]
        assert before in TABLE[kind], (kind, before)
        states[account.id] = TABLE[kind][before]
        reasons[account.id] = REASONS.get(kind)
        if values and kind not in ("account.activated", "account.activation_resent"):
            assert (values["before"], values["after"]) == (before, states[account.id])
    assert states == {account.id: account.state for account in PortalAccount.select()}
    for account in PortalAccount.select().where(PortalAccount.state == "closed"):
        assert account.reason == reasons[account.id]
    return states


def check_what_stands():
    for account in PortalAccount.select():
        has_password = account.password_hash is not None
        assert has_password == (account.state in ("active", "locked", "disabled"))
        waiting = Delivery.select().where(Delivery.account == account, Delivery.state == "due")
        activations = [delivery for delivery in waiting if delivery.kind == "activation"]
        if account.state == "pending":
            [delivery] = activations
            assert activation.standing(delivery.link) in (activation.GOOD, "expired")
        elif account.state in ("disabled", "closed"):
            assert [delivery.kind for delivery in waiting if delivery.kind != "birth_date_closed"] == []
        else:  # who was quicker than the mail: it is not sent any more
            assert activation.GOOD not in [activation.standing(delivery.link) for delivery in activations]
        good = Link.select().where(Link.account == account, Link.used_at.is_null(), Link.voided_at.is_null())
        unlocking = good.where(Link.purpose == "unlock").count()
        assert unlocking == (1 if account.reason == "attempts" else 0)
        good = good.where(Link.purpose != "unlock")
        assert good.count() == (1 if account.state == "pending" else 0)
        if account.state != "active":
            assert not LoginSession.select().where(LoginSession.account == account).exists()
    for link in Link.select().where(Link.purpose == "activation"):
        assert not (link.used_at and link.voided_at)
    assert audit.verify() == []


@pytest.fixture
def sisters(templates):
    """A function that sets the stage anew for each example."""

    def stage():
        if not KEPT:
            KEPT.append(passwords.hash("seven blue herons wade"))
        for first in ("Pia", "Petra"):
            who = Individual.get_or_none(Individual.first_name == first, Individual.last_name == "Pell")
            who = who or profile.create(profile.Details(first, "Pell", birth_date=dt.date(1990, 2, 3)), SYSTEM)
            for address in (SHARED, f"{first.lower()}.own@example.org"):
                profile.add_contact(who, profile.Reach("email", address), SYSTEM, country="CA")
            profile.record_consent(who, "email", True, SYSTEM)

    return stage


@given(ways=st.lists(way, min_size=1, max_size=3))
@hypothesis_settings(max_examples=60)
def test_only_moves_of_the_table_ever_happen(templates, sisters, ways):
    with templates.fresh("cast"):
        sisters()
        run(ways)
        states = check_the_walk()
        check_what_stands()
        assert sum(state != "closed" for state in states.values()) <= 3 + 2  # alice, bob, eve and the sisters


def test_the_walk_itself_would_notice_a_wrong_move(cast):
    """The checks above can fail: a state that was changed behind the verbs' backs is seen."""
    account = cast.activated()
    check_the_walk()
    check_what_stands()
    with store.writing():
        PortalAccount.update(state="disabled").where(PortalAccount.id == account.id).execute()
    with pytest.raises(AssertionError):
        check_the_walk()
    with store.writing():
        audit.record("account.enabled", SYSTEM, subject=f"account {account.id}", before="active", after="pending")
    with pytest.raises(AssertionError):
        check_the_walk()


def test_eight_at_once_who_want_different_things_leave_one_walk(templates, sisters):
    for _ in range(5):
        with templates.fresh("cast"):
            sisters()
            everybody = [[(verb, "Pia")] * 3 for verb in (create, activate_by_link, *STAFF[1:])]
            run([[(create, "Pia"), (activate_by_link, "Pia")], *everybody])
            check_the_walk()
            check_what_stands()
