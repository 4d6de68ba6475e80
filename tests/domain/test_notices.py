"""The outbox: written with its cause, leased by one, never lost, told to staff when it fails (the outbox contract)."""

import datetime as dt
import itertools
import threading

import pytest
from peewee import IntegrityError

from domain import accounts, audit, clock, links, notices, settings, sign_in, store
from domain.actor import SYSTEM
from domain.leases import Claim
from domain.rules import RuleBroken
from gateways.mail import Outcome, Verdict
from models import (
    TABLES,
    AddressHealth,
    AuditEntry,
    ChannelHealth,
    Delivery,
    DeliveryAttempt,
    LoginSession,
    RateCount,
    Task,
    db,
)

TAKEN = Outcome(Verdict.ACCEPTED, 250, "taken", False)
LATER = Outcome(Verdict.RETRY, 451, "try again later", False)
NEVER = Outcome(Verdict.REFUSED, 550, "5.7.1 not from you", False)
NOBODY = Outcome(Verdict.REFUSED, 550, "5.1.1 no such user", True)
SILENT = Outcome(Verdict.SERVER_DOWN, None, "timed out", False)
PERHAPS = Outcome(Verdict.UNKNOWN, None, "connection lost", False)


@pytest.fixture(autouse=True)
def fast(decided):
    decided(mail_rate=0)


def put(cast, name="alice", number=1, kind="password_changed", **options):
    account = getattr(cast, f"{name}_account")
    with store.writing():
        return notices.put(
            kind, number, to=account.email, account=account, individual=account.individual, **options
        )  # fmt: skip


def fresh(delivery):
    return Delivery.get_by_id(delivery.id)


def settle(outcome):
    claim = notices.claim()
    assert isinstance(claim, Claim)
    assert notices.settle(claim, outcome)
    return fresh(claim.delivery)


# ---------------------------------------------------------------- writing


def test_a_message_comes_with_its_cause_or_not_at_all(cast):
    with pytest.raises(ZeroDivisionError), store.writing():
        put(cast)
        raise ZeroDivisionError
    assert not Delivery.select().where(Delivery.kind == "password_changed").exists()


def nobody_can_write_a_message():
    """From now on the database refuses every delivery."""
    if store.is_postgres():
        db.execute_sql("ALTER TABLE delivery ADD CONSTRAINT refused CHECK (false) NOT VALID")
    else:
        db.execute_sql("CREATE TRIGGER refused BEFORE INSERT ON delivery BEGIN SELECT RAISE(ABORT, 'refused'); END")


CAUSES = {
    "create": lambda cast: accounts.create(cast.pia, cast.by("ada")),
    "enter from a new device": lambda cast: sign_in.start(cast.alice_account, None, device_token="", agent="", network=""),
    "send the activation again": lambda cast: accounts.resend(cast.pia_account, cast.by("ada")),
    "change the password": lambda cast: sign_in.change_password(
        LoginSession.get(), cast.password_of("alice"), "seven brave geese fly", cast.by("alice")
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_cannot_be_put_into_the_outbox_does_not_happen(cast, cause):
    cast.session("alice")
    if cause == "send the activation again":
        cast.invited()
    tables = [table for table in TABLES if table is not RateCount]  # a try counts all the same
    before = {table: sorted(table.select().tuples(), key=repr) for table in tables}
    nobody_can_write_a_message()
    with pytest.raises(IntegrityError):
        CAUSES[cause](cast)
    assert {table: sorted(table.select().tuples(), key=repr) for table in tables} == before


def test_the_bell_rings_after_the_message_is_there(cast):
    rung = []
    notices.ring = lambda: rung.append(Delivery.select().where(Delivery.state == "due").count())
    put(cast)
    assert rung == [1]


def test_a_bell_that_fails_loses_nothing(cast):
    notices.ring = lambda: 1 / 0
    delivery = put(cast)
    assert fresh(delivery).state == "due"


def test_the_same_message_cannot_be_written_twice(cast):
    put(cast)
    with pytest.raises(IntegrityError):
        put(cast)
    put(cast, number=2)
    put(cast, version=1)
    put(cast, name="bob")
    put(cast, kind="new_device")
    assert Delivery.select().where(Delivery.state == "due").count() == 5


def test_an_unknown_kind_is_a_bug(cast):
    with pytest.raises(KeyError):
        put(cast, kind="advertisement")


def test_a_message_has_one_id_for_ever_and_another_message_another_one(cast):
    first, second = put(cast), put(cast, number=2)
    name = notices.message_id(first, "example.org")
    settle(LATER)
    assert notices.message_id(fresh(first), "example.org") == name
    assert notices.message_id(second, "example.org") != name
    assert name.startswith("<")
    assert name.endswith("@example.org>")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rose.ritz@example.org", "r…z@example.org"),
        ("abc@example.org", "a…c@example.org"),
        ("ab@example.org", "a…@example.org"),
        ("a@example.org", "a…@example.org"),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_an_address_is_shown_so_that_only_its_owner_knows_it(address, shown):
    assert notices.mask(address) == shown


# ---------------------------------------------------------------- claiming


def test_a_claim_is_a_lease_of_ten_minutes_with_its_attempt(cast, frozen):
    frozen("2026-06-01 09:00:00")
    delivery = put(cast)
    claim = notices.claim()
    row = fresh(delivery)
    assert (claim.delivery, row.state, row.attempts) == (delivery, "leased", 1)
    assert row.lease_token == claim.token
    assert row.lease_until.isoformat() == "2026-06-01T09:10:00+00:00"
    attempt = DeliveryAttempt.get(DeliveryAttempt.delivery == delivery)
    assert (attempt.outcome, attempt.ended_at, attempt.started_at) == ("", None, clock.now())
    assert notices.claim() == 0.0


def test_nothing_due_is_nothing_claimed(cast):
    assert notices.claim() == 0.0


def test_codes_resets_and_activations_go_first_then_the_oldest(cast):
    first, second = put(cast), put(cast, number=2, kind="new_device")
    link = cast.invited()
    activation = Delivery.get(Delivery.link == link)
    reset = put(cast, number=3, kind="password_reset")
    order = [notices.claim().delivery for _ in range(4)]
    assert order == [activation, reset, first, second]


@pytest.mark.parametrize("state", ["sent", "dead", "expired", "cancelled", "suppressed", "held", "leased"])
def test_only_what_is_due_is_claimed(cast, state):
    delivery = put(cast)
    with store.writing():
        Delivery.update(state=state).where(Delivery.id == delivery.id).execute()
    assert notices.claim() == 0.0
    assert fresh(delivery).attempts == 0


def test_what_is_too_late_is_not_claimed_even_before_the_sweep(cast, frozen):
    frozen()
    put(cast, expires_at=clock.ahead(minutes=10))
    frozen.shift(minutes=10)
    assert notices.claim() == 0.0


def test_what_is_to_wait_is_not_claimed_before_its_time(cast, frozen):
    frozen()
    delivery = put(cast)
    assert settle(LATER) == delivery
    frozen.shift(seconds=59)
    assert notices.claim() == 0.0
    frozen.shift(seconds=1)
    assert notices.claim().delivery == delivery


def test_fifty_dispatchers_at_once_get_fifty_different_messages(cast, at_once):
    for number in range(40):
        put(cast, number=number)
    claims = [claim for claim in at_once([notices.claim] * 50) if isinstance(claim, Claim)]
    assert len(claims) == 40
    assert len({claim.delivery.id for claim in claims}) == 40
    assert {fresh(claim.delivery).attempts for claim in claims} == {1}


def test_a_claim_changes_only_what_is_still_due_even_where_two_may_look_at_once(cast):
    """SQLite has one writer at a time; elsewhere the condition in the statement itself decides."""
    put(cast)
    heard, execute = [], db.obj.execute_sql

    def noted(sql, params=None):
        heard.append((sql, params or ()))
        return execute(sql, params)

    db.obj.execute_sql = noted
    notices.claim()
    del db.obj.execute_sql
    [statement] = [each for each in heard if each[0].startswith('UPDATE "delivery" SET') and '"attempts"' in each[0]]
    condition = statement[0].partition("WHERE")[2]
    is_written_out = "\"state\" = 'due'" in condition
    assert is_written_out or (f'"state" = {db.param}' in condition and statement[1][-1] == "due")


def test_the_mail_rate_holds_over_all_dispatchers(cast, frozen, decided):
    frozen()
    decided(mail_rate=10)
    for number in range(5):
        put(cast, number=number)
    times = []
    while len(times) < 5:
        claim = notices.claim()
        if isinstance(claim, Claim):
            times.append(clock.now())
        else:
            assert 0 < claim <= 0.1
            frozen.shift(seconds=claim)
    gaps = {round((later - earlier).total_seconds(), 6) for earlier, later in itertools.pairwise(times)}
    assert gaps == {0.1}


def test_a_rate_of_nothing_means_as_fast_as_the_server_takes_them(cast, frozen, decided):
    frozen()
    decided(mail_rate=10)
    put(cast)
    notices.claim()
    settings.change("mail_rate", "0", SYSTEM)
    frozen.shift(seconds=1)
    for number in range(5, 9):
        put(cast, number=number)
    assert all(isinstance(notices.claim(), Claim) for _ in range(4))


# ---------------------------------------------------------------- settling


def test_what_the_server_took_is_sent_and_the_attempt_says_so(cast, frozen):
    frozen()
    put(cast)
    delivery = settle(TAKEN)
    assert (delivery.state, delivery.sent_at, delivery.lease_token, delivery.last_error) == (
        "sent",
        clock.now(),
        None,
        "",
    )
    attempt = DeliveryAttempt.get(DeliveryAttempt.delivery == delivery)
    assert (attempt.outcome, attempt.code, attempt.answer, attempt.ended_at) == ("accepted", 250, "taken", clock.now())


def test_who_lost_the_lease_changes_nothing(cast, frozen):
    frozen()
    delivery = put(cast)
    slow = notices.claim()
    frozen.shift(minutes=10, seconds=1)
    notices.sweep()
    quick = notices.claim()
    taken_over = fresh(delivery)
    for outcome in (TAKEN, NEVER, LATER, SILENT):
        assert notices.settle(slow, outcome) is False
        row = fresh(delivery)
        assert (row.state, row.lease_token, row.next_at, row.attempts) == (
            "leased", quick.token, taken_over.next_at, 2,
        )  # fmt: skip
    assert notices.suppress(slow, "gone") is False
    assert not Task.select().exists()
    assert not AddressHealth.select().exists()
    assert not ChannelHealth.select().where(ChannelHealth.down_since.is_null(False)).exists()
    assert notices.settle(quick, TAKEN) is True
    assert fresh(delivery).state == "sent"
    assert notices.settle(quick, NEVER) is False
    assert fresh(delivery).state == "sent"


def test_who_lost_the_lease_to_the_sweep_alone_changes_nothing_either(cast, frozen):
    frozen()
    delivery = put(cast)
    slow = notices.claim()
    frozen.shift(minutes=11)
    notices.sweep()
    assert notices.settle(slow, TAKEN) is False
    assert fresh(delivery).state == "due"


def test_a_lease_that_is_over_counts_as_due_though_no_sweep_ran(cast, frozen):
    frozen()
    delivery = put(cast)
    slow = notices.claim()
    frozen.shift(minutes=10)
    assert notices.claim() == 0.0  # to the last moment it is in one hand
    frozen.shift(seconds=1)
    quick = notices.claim()
    assert (quick.delivery, quick.delivery.attempts) == (delivery, 2)
    assert quick.token != slow.token


def test_that_a_lease_was_lost_is_logged(cast, frozen, caplog):
    frozen()
    delivery = put(cast)
    slow = notices.claim()
    frozen.shift(minutes=11)
    quick = notices.claim()
    assert notices.settle(slow, TAKEN) is False
    assert f"delivery {delivery.id}: accepted, but its lease had gone" in caplog.text
    caplog.clear()
    assert notices.settle(quick, TAKEN) is True
    assert caplog.text == ""


def test_who_lost_the_lease_asks_no_silent_server_sooner(cast, frozen):
    frozen()
    put(cast)
    slow = notices.claim()
    frozen.shift(minutes=11)
    settle(SILENT)
    before = ChannelHealth.get().probe_at
    assert notices.suppress(slow, "gone") is False
    assert ChannelHealth.get().probe_at == before


def test_each_attempt_is_kept(cast, frozen):
    frozen()
    delivery = put(cast)
    for outcome in (LATER, PERHAPS, SILENT, TAKEN):
        settle(outcome)
        frozen.shift(minutes=20)
    outcomes = [attempt.outcome for attempt in delivery.tries.order_by(DeliveryAttempt.id)]
    assert outcomes == ["retry", "unknown", "server_down", "accepted"]
    assert fresh(delivery).attempts == 3  # a silent server's does not count


def test_a_servers_long_words_are_cut_to_what_the_table_holds(cast):
    put(cast)
    delivery = settle(Outcome(Verdict.REFUSED, 550, "x" * 1000, False))
    assert len(delivery.last_error) == 300
    assert len(DeliveryAttempt.get(DeliveryAttempt.delivery == delivery).answer) == 300


def test_one_is_settled_and_the_next_leased_in_one_step(cast, frozen):
    frozen()
    first, second = put(cast), put(cast, number=2)
    done, claim = notices.settle_and_claim(notices.claim(), TAKEN)
    assert (done, claim.delivery) == (True, second)
    assert (fresh(first).state, fresh(second).state, fresh(second).lease_token) == ("sent", "leased", claim.token)
    assert notices.settle_and_claim(claim, TAKEN) == (True, 0.0)
    assert [attempt.outcome for attempt in DeliveryAttempt.select()].count("accepted") >= 2


def test_who_lost_the_lease_settles_nothing_and_may_go_on_with_the_next(cast, frozen):
    frozen()
    delivery, other = put(cast), put(cast, number=2)
    slow = notices.claim()
    frozen.shift(minutes=11)
    quick = notices.claim()
    done, claim = notices.settle_and_claim(slow, NEVER)
    assert (done, claim.delivery) == (False, other)
    assert (fresh(delivery).state, fresh(delivery).lease_token) == ("leased", quick.token)


def test_after_the_server_fell_silent_no_next_one_is_leased(cast, frozen):
    frozen()
    put(cast), put(cast, number=2)
    assert notices.settle_and_claim(notices.claim(), SILENT) == (True, 0.0)
    assert not Delivery.select().where(Delivery.state == "leased").exists()


def nobody_can_lease():
    """From now on the database refuses every attempt that has not ended."""
    if store.is_postgres():
        db.execute_sql("ALTER TABLE delivery_attempt ADD CONSTRAINT refused CHECK (outcome <> '') NOT VALID")
    else:
        db.execute_sql("CREATE TRIGGER refused BEFORE INSERT ON delivery_attempt BEGIN SELECT RAISE(ABORT, 'refused'); END")


def test_what_was_sent_stays_sent_when_no_next_one_can_be_leased(cast, caplog):
    first, second = put(cast), put(cast, number=2)
    claim = notices.claim()
    nobody_can_lease()
    assert notices.settle_and_claim(claim, TAKEN) == (True, None)
    assert (fresh(first).state, fresh(second).state, fresh(second).attempts) == ("sent", "due", 0)
    assert f"after delivery {first.id} none could be leased" in caplog.text


@pytest.mark.only_postgres
def test_who_settles_and_leases_holds_the_channel_before_the_address_as_everybody_does(cast, at_once):
    """Otherwise two dispatchers with the same address wait for each other when the server has just come back."""
    for number in range(2):
        put(cast, number=number)
    settle(NEVER)
    claim = notices.claim()

    def come_back():
        with store.writing():
            ChannelHealth.update(last_error="was down").execute()
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            start.set()
            assert any(db.execute_sql(waiting).fetchone()[0] for _ in range(100_000))
            AddressHealth.delete().execute()

    def refuse():
        start.wait(30)
        return notices.settle_and_claim(claim, NEVER)

    start = threading.Event()
    assert at_once([come_back, refuse])[1] == (True, 0.0)


# ---------------------------------------------------------------- what becomes of a failure


def test_later_means_one_five_fifteen_and_sixty_minutes_then_hourly_and_after_two_days_never(cast, frozen):
    frozen()
    delivery = put(cast)
    waits, began = [], clock.now()
    while (row := settle(LATER)).state == "due":
        waits.append((row.next_at - clock.now()).total_seconds() / 60)
        frozen.to(row.next_at)
    assert waits[:4] == [1, 5, 15, 60]
    assert all(60 <= wait <= 70 for wait in waits[4:])
    assert len(set(waits[4:])) > 10  # spread, so that not all come back at once
    assert dt.timedelta(hours=48) <= clock.now() - began <= dt.timedelta(hours=49, minutes=10)
    assert (row.state, row.last_error) == ("dead", "try again later")
    assert Task.get().kind == "delivery_problem"
    assert delivery.tries.count() == len(waits) + 1


def test_two_days_of_later_count_from_the_first_later_not_from_a_server_that_was_silent_before(cast, frozen):
    frozen()
    delivery = put(cast)
    for _ in range(60):
        settle(SILENT)
        frozen.shift(hours=1)
    assert settle(LATER).state == "due"
    frozen.to(fresh(delivery).next_at)
    assert settle(TAKEN) == delivery


def test_never_means_dead_at_once_and_delivery_problems_are_told(cast):
    put(cast)
    delivery = settle(NEVER)
    assert (delivery.state, delivery.last_error, delivery.attempts) == ("dead", "5.7.1 not from you", 1)
    task = Task.get()
    assert (task.kind, task.category, task.individual) == ("delivery_problem", "delivery_problems", cast.alice)


def test_a_silent_server_is_not_the_messages_fault(cast, frozen):
    frozen()
    delivery = put(cast)
    for _ in range(200):
        row = settle(SILENT)
        assert (row.state, row.attempts) == ("due", 0)
        frozen.shift(minutes=5)
    assert settle(TAKEN) == delivery
    assert not Task.select().exists()


def test_while_the_server_is_down_one_probe_goes_every_five_minutes(cast, frozen):
    frozen()
    for number in range(5):
        put(cast, number=number)
    settle(SILENT)
    for _ in range(3):
        assert notices.claim() == 0.0
        frozen.shift(minutes=4, seconds=59)
        assert notices.claim() == 0.0
        frozen.shift(seconds=1)
        probe = notices.claim()
        assert isinstance(probe, Claim)
        assert notices.claim() == 0.0  # while the probe is under way
        assert notices.settle(probe, SILENT)
    frozen.shift(minutes=5)
    settle(TAKEN)
    assert [settle(TAKEN).state for _ in range(4)] == ["sent"] * 4
    health = ChannelHealth.get()
    assert (health.down_since, health.probe_at, health.last_error) == (None, None, "")


def test_since_when_the_server_is_down_is_kept_over_the_probes(cast, frozen):
    frozen()
    put(cast)
    began = clock.now()
    for _ in range(3):
        settle(SILENT)
        frozen.shift(minutes=5)
    assert (ChannelHealth.get().down_since, ChannelHealth.get().last_error) == (began, "timed out")


def test_a_probe_whose_process_was_killed_does_not_stop_the_probes(cast, frozen):
    frozen()
    put(cast), put(cast, number=2)
    settle(SILENT)
    frozen.shift(minutes=5)
    assert isinstance(notices.claim(), Claim)  # and then nothing more is heard of it
    frozen.shift(minutes=5)
    settle(TAKEN)
    frozen.shift(minutes=5, seconds=1)
    notices.sweep()
    settle(TAKEN)


@pytest.mark.parametrize("answer", [LATER, NEVER])
def test_a_server_that_answers_at_all_is_up_again(cast, frozen, answer):
    frozen()
    put(cast), put(cast, number=2)
    settle(SILENT)
    frozen.shift(minutes=5)
    settle(answer)
    assert isinstance(notices.claim(), Claim)


def test_perhaps_is_tried_once_more_and_counts(cast, frozen):
    frozen()
    delivery = put(cast)
    row = settle(PERHAPS)
    assert (row.state, row.attempts) == ("due", 1)
    assert row.next_at > clock.now()
    frozen.to(row.next_at)
    assert settle(PERHAPS).state == "dead"
    assert delivery.tries.count() == 2
    assert Task.get().individual == cast.alice


def test_a_perhaps_between_other_failures_is_still_only_one_more_try(cast, frozen):
    frozen()
    put(cast)
    for outcome, state in ((LATER, "due"), (PERHAPS, "due"), (LATER, "due"), (PERHAPS, "dead")):
        assert settle(outcome).state == state
        frozen.shift(hours=2)


# ---------------------------------------------------------------- doubtful addresses


def test_three_refusals_in_a_row_make_an_address_doubtful(cast):
    for number in range(3):
        assert not notices.is_doubtful("alice@example.org")
        put(cast, number=number)
        settle(NEVER)
    assert notices.is_doubtful("ALICE@example.org")
    assert not notices.is_doubtful("bob@example.org")


def test_one_no_such_user_is_enough(cast):
    put(cast)
    settle(NOBODY)
    assert notices.is_doubtful("alice@example.org")


def test_a_message_that_arrives_clears_the_address(cast):
    for number, outcome in enumerate((NEVER, NEVER, TAKEN, NEVER, NEVER)):
        put(cast, number=number)
        settle(outcome)
    assert not notices.is_doubtful("alice@example.org")
    put(cast, number=9)
    settle(NEVER)
    assert notices.is_doubtful("alice@example.org")


@pytest.mark.parametrize("outcome", [LATER, SILENT, PERHAPS])
def test_what_is_not_a_refusal_says_nothing_about_the_address(cast, frozen, outcome):
    frozen()
    for number in range(4):
        put(cast, number=number)
        settle(outcome)
        frozen.shift(minutes=5)
    assert not AddressHealth.select().exists()


# ---------------------------------------------------------------- the minute's sweep


def test_the_sweep_frees_leases_that_are_over_and_leaves_the_others(cast, frozen):
    frozen()
    old, new = put(cast), put(cast, number=2)
    notices.claim()
    frozen.shift(minutes=6)
    notices.claim()
    frozen.shift(minutes=4)
    notices.sweep()
    assert (fresh(old).state, fresh(new).state) == ("leased", "leased")
    frozen.shift(seconds=1)
    notices.sweep()
    assert (fresh(old).state, fresh(old).lease_token, fresh(new).state) == ("due", None, "leased")


def test_the_sweep_gives_up_what_comes_too_late(cast, frozen):
    frozen()
    late, never = put(cast, expires_at=clock.ahead(minutes=30)), put(cast, number=2)
    frozen.shift(minutes=30)
    notices.sweep()
    assert (fresh(late).state, fresh(never).state) == ("expired", "due")
    assert fresh(late).last_error


def test_what_was_leased_when_it_came_too_late_expires_with_its_lease(cast, frozen):
    frozen()
    late = put(cast, expires_at=clock.ahead(minutes=5))
    notices.claim()
    frozen.shift(minutes=10, seconds=1)
    notices.sweep()
    assert fresh(late).state == "expired"


@pytest.mark.parametrize("hours", [0, 3])
def test_a_sweep_that_is_late_or_doubled_changes_nothing(cast, frozen, hours):
    frozen()
    put(cast)
    notices.claim()
    frozen.shift(minutes=11, hours=hours)
    for _ in range(3):
        notices.sweep()
    settle(TAKEN)
    notices.sweep()
    assert Delivery.select().where(Delivery.state == "due").count() == 0


def test_the_clock_set_back_an_hour_loses_and_doubles_nothing(cast, frozen):
    frozen()
    put(cast)
    claim = notices.claim()
    frozen.shift(hours=-1)
    notices.sweep()
    assert notices.claim() == 0.0
    assert notices.settle(claim, LATER)
    frozen.shift(hours=1, minutes=1)
    settle(TAKEN)
    assert notices.claim() == 0.0


def test_the_clock_set_back_an_hour_does_not_hold_the_mail_for_an_hour(cast, frozen, decided):
    frozen()
    decided(mail_rate=10)
    put(cast)
    assert isinstance(notices.claim(), Claim)  # the rate's next turn is a moment from now
    frozen.shift(hours=-1)
    put(cast, number=2)
    claim = notices.claim()
    assert isinstance(claim, Claim)
    assert notices.settle(claim, SILENT)  # the next probe is in five minutes
    frozen.shift(hours=-1)
    put(cast, number=3)
    assert isinstance(notices.claim(), Claim)


def test_how_long_the_oldest_waits_is_known(cast, frozen):
    frozen()
    assert notices.oldest_due() is None
    began = clock.now()
    put(cast)
    frozen.shift(hours=1)
    put(cast, number=2)
    assert notices.oldest_due() == began
    settle(TAKEN)
    assert notices.oldest_due() == clock.now()


# ---------------------------------------------------------------- cancelling and repeating


def test_dropping_takes_back_what_waits_of_that_account_only(cast):
    mine, held, other = put(cast), put(cast, number=2), put(cast, name="bob")
    with store.writing():
        Delivery.update(state="held").where(Delivery.id == held.id).execute()
    sent = put(cast, number=3)
    with store.writing():
        Delivery.update(state="sent").where(Delivery.id == sent.id).execute()
    notices.drop_for(cast.alice_account)
    assert [fresh(each).state for each in (mine, held, other, sent)] == ["cancelled", "cancelled", "due", "sent"]


def test_dropping_one_kind_leaves_the_others(cast):
    mine, other = put(cast), put(cast, kind="new_device")
    notices.drop_for(cast.alice_account, "new_device")
    assert (fresh(mine).state, fresh(other).state) == ("due", "cancelled")


def dead(cast, **options):
    put(cast, **options)
    return settle(NEVER)


def test_staff_send_a_dead_one_again_as_a_new_one(cast):
    old = dead(cast)
    new = notices.send_again(old, cast.by("ines"))
    assert new != old
    assert (new.again, new.kind, new.to_address, new.state, new.account) == (
        old, old.kind, old.to_address, "due", cast.alice_account,
    )  # fmt: skip
    assert new.dedupe_key != old.dedupe_key
    assert fresh(old).state == "dead"
    entry = AuditEntry.get(AuditEntry.kind == "delivery.again")
    assert (entry.worker, entry.individual) == (cast.ines, cast.alice)
    assert audit.values_of(entry) == {"delivery": old.public_id}


def test_the_repeated_one_may_die_and_be_repeated_again(cast):
    second = notices.send_again(dead(cast), cast.by("ines"))
    assert settle(NEVER) == second
    third = notices.send_again(fresh(second), cast.by("ines"))
    assert len({third.dedupe_key, second.dedupe_key, second.again.dedupe_key}) == 3


def test_a_repeated_one_still_tells_of_the_same_thing(cast):
    old = dead(cast, kind="new_device", number=4711)
    assert notices.send_again(old, cast.by("ines")).dedupe_key.split(":")[:2] == ["new_device", "4711"]


def test_two_who_press_send_again_at_once_send_one(cast, at_once):
    old, by = dead(cast), cast.by("ines")
    answers = at_once([lambda: notices.send_again(old, by)] * 10)
    assert sum(isinstance(answer, Delivery) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, RuleBroken)} == {"not_dead"}


@pytest.mark.parametrize("state", ["due", "leased", "sent", "expired", "cancelled", "suppressed", "held"])
def test_only_a_dead_one_is_sent_again(cast, state):
    delivery = put(cast)
    with store.writing():
        Delivery.update(state=state).where(Delivery.id == delivery.id).execute()
    with pytest.raises(RuleBroken) as refusal:
        notices.send_again(delivery, cast.by("ines"))
    assert refusal.value.code == "not_dead"


def test_what_is_too_late_is_not_sent_again(cast, frozen):
    frozen()
    old = dead(cast, expires_at=clock.ahead(minutes=30))
    frozen.shift(minutes=30)
    with pytest.raises(RuleBroken) as refusal:
        notices.send_again(old, cast.by("ines"))
    assert refusal.value.code == "too_late"


def test_a_link_that_no_longer_works_is_not_sent_again(cast):
    link = cast.invited()
    settle(NEVER)
    accounts.resend(link.account, cast.by("ada"))
    assert not links.is_good(type(link).get_by_id(link.id))
    with pytest.raises(RuleBroken) as refusal:
        notices.send_again(Delivery.get(Delivery.link == link), cast.by("ines"))
    assert refusal.value.code == "too_late"


def test_a_message_at_which_the_server_hangs_up_does_not_hold_back_the_others(cast, frozen):
    frozen()
    poison, fine = put(cast, number=1), put(cast, number=2)
    assert settle(SILENT) == poison
    frozen.shift(minutes=5)
    assert settle(TAKEN) == fine


def test_numbers_that_are_given_twice_give_no_message_id_twice(cast):
    """After a restore the next rows get the numbers of lost ones, whose mails lie in mailboxes already."""
    lost = put(cast, number=7)
    with store.writing():
        lost.delete_instance()
    again = put(cast, number=7)
    assert again.dedupe_key == lost.dedupe_key
    assert notices.message_id(again, "example.org") != notices.message_id(lost, "example.org")
