"""Mail that goes out through a real SmtpMail to a real server, which misbehaves in every way there is (P14, T22)."""

import datetime as dt
import inspect
import itertools
import re
import socket
import threading
from pathlib import Path

import pytest
from smtp_server import SmtpServer

import tasks
from config import Config, Smtp
from domain import (
    accounts,
    address_change,
    agency,
    clock,
    dispatch,
    forced_reset,
    leases,
    links,
    notices,
    profile,
    resets,
    settings,
    sign_in,
    store,
    workers,
)
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from gateways.smtp import SmtpMail
from models import Contact, Delivery, DeliveryAttempt, Device, Individual, Task, Worker, db


def put(cast, name="alice", number=1, kind="password_changed", **options):
    account = getattr(cast, f"{name}_account")
    with store.writing():
        return notices.put(kind, number, to=account.email, account=account, individual=account.individual, **options)


def fresh(delivery):
    return Delivery.get_by_id(delivery.id)


def ids(server):
    return [mail.message["Message-ID"] for mail in server.accepted]


# ---------------------------------------------------------------- what arrives


def test_pias_activation_arrives_with_her_link_in_text_and_html(cast, deliver):
    link = cast.invited()
    with SmtpServer() as server:
        assert deliver(server) == 1
        [mail] = server.accepted
    assert (mail.sender, mail.recipients) == ("portal@example.org", ("pia@example.org",))
    plain = mail.message.get_body(("plain",)).get_content()
    html = mail.message.get_body(("html",)).get_content()
    address = f"https://portal.example.org/activate/{links.token(link)}"
    assert address in plain
    assert html.count(f'href="{address}"') == 1
    assert "Harbour Family Services" in plain
    assert "+1 902 555 0100" in plain
    assert mail.message["Auto-Submitted"] == "auto-generated"
    row = Delivery.get(Delivery.link == link)
    assert mail.message["Message-ID"] == notices.message_id(row, "portal.example.org")


def every_letter(cast):
    """One of each kind that there is, to people of the cast."""
    cast.invited()
    put(cast)
    sign_in.start(cast.bob_account, None, device_token="", agent="Firefox on a phone", network="192.0.2.1")
    put(cast, "bob", kind="birth_date_closed")
    resets.ask("alice@example.org", cast.visitor())
    agency.send_mail_test(cast.ada)
    workers.invite(workers.Details("Wim", "West", "wim@example.org"), cast.by("ada"))
    for _ in range(settings.get("sign_in_tries")):
        with pytest.raises(RuleBroken):
            sign_in.sign_in("dora@example.org", "not this one", device_token="", agent="", by=cast.visitor())
    bob = cast.session("bob")
    change = address_change.ask(bob, cast.password_of("bob"), "robert@example.org", cast.by("bob"))
    address_change.confirm(bob, links.digits(change.code), cast.by("bob"))
    address_change.ask(cast.session("alice"), cast.password_of("alice"), "lis@example.org", cast.by("alice"))
    forced_reset.force(cast.bob_account, cast.by("ada"))
    for kind in ("worker_address_changed", "authenticator_set_up", "authenticator_removed", "recovery_code_used", "password_known"):
        notices.put(kind, 1, to=cast.ada.email, worker=cast.ada)
    cast.appointments()


def test_every_kind_of_letter_can_be_written(cast, deliver):
    every_letter(cast)
    with SmtpServer() as server:
        assert deliver(server) >= len(notices.KINDS)
        mails = list(server.accepted)
    assert {delivery.kind for delivery in Delivery.select().where(Delivery.state == "sent")} == set(notices.KINDS)
    for mail in mails:
        plain = mail.message.get_body(("plain",)).get_content()
        assert not re.search(r"%\(|\{\{|None", plain), plain
        assert "Hello," in plain


def test_no_letter_names_anybody_or_what_they_come_for(cast, deliver):
    every_letter(cast)
    with SmtpServer() as server:
        deliver(server)
        mails = list(server.accepted)
    names = {name for who in Individual.select() for name in (who.first_name, who.last_name)}
    staff = {name for who in Worker.select() for name in (who.first_name, who.last_name)}
    for mail in mails:
        told = [str(value) for key, value in mail.message.items() if key not in ("To", "From", "Message-ID")]
        told += [part.get_content() for part in mail.message.walk() if part.get_content_maintype() == "text"]
        is_of_appointment = any(re.search("Appointment (reminder|changed):", part) for part in told)  # which says with whom, behind its subject
        for name in names | (set() if is_of_appointment else staff):
            assert not re.search(rf"\b{name}\b", "\n".join(told)), (name, mail.message["Subject"])


def test_a_letter_is_written_in_the_names_of_today_not_of_when_it_was_queued(cast, deliver):
    cast.invited()
    agency.describe({**agency.particulars(), "name": "Lighthouse Services", "short_name": "Lighthouse"}, SYSTEM)
    with SmtpServer() as server:
        deliver(server)
        [mail] = server.accepted
    assert "Lighthouse Services" in mail.message.get_body(("plain",)).get_content()
    assert mail.message["From"].addresses[0].display_name == "Lighthouse"


@pytest.mark.parametrize("name", ["A\r\nBcc: eve@example.org", "A\nSubject: x", "A\rB", "A\x00B", "A\x0bB", "A\u2028B"])
def test_no_agency_name_makes_a_header_or_stops_the_mail(cast, deliver, name):
    try:
        agency.describe({**agency.particulars(), "short_name": name}, SYSTEM)
    except RuleBroken as refused:
        assert refused.field == "short_name"
    cast.invited()
    with SmtpServer() as server:
        assert deliver(server) == 1
        [mail] = server.accepted
    assert mail.recipients == ("pia@example.org",)
    assert mail.message["Bcc"] is None
    assert mail.message["Subject"] == "Your portal is ready"


@pytest.mark.parametrize("field", ["name", "short_name", "emergency_line", "site_name", "phone"])
def test_a_line_break_never_gets_into_a_field_of_one_line(house, field):
    values = agency.particulars()
    try:
        agency.describe({**values, field: f"{values[field]}\r\nX-Evil: 1"}, SYSTEM)
    except RuleBroken as refused:
        assert refused.field == field
    assert "\n" not in agency.particulars()[field]
    assert "\r" not in agency.particulars()[field]
    assert "\n" in agency.particulars()["address"]  # which has lines


# ---------------------------------------------------------------- faults of the server

DOWN = [
    "refuse_connection", "greet_421", "greet_554", "greet_hang", "greet_drop", "html_garbage", "ehlo_421", "mail_421",
    "mail_530", "mail_535", "mail_hang", "rcpt_421", "rcpt_drop", "rcpt_hang", "rcpt_garbage", "data_command_hang",
    "data_421",
]  # fmt: skip


def patience_with(fault):
    """Seconds: no longer than needed with a server that says nothing, long enough for a busy machine with any other."""
    return 0.3 if "hang" in fault else 10


@pytest.mark.parametrize("fault", DOWN)
def test_what_is_the_servers_fault_costs_no_attempt_and_is_probed_every_five_minutes(cast, deliver, frozen, fault):
    frozen()
    waiting = [put(cast, number=number) for number in range(3)]
    with SmtpServer([fault, fault]) as server:  # a kept connection that was closed is tried anew once
        assert deliver(server, patience=patience_with(fault)) == 0
        row = fresh(waiting[0])
        assert (row.state, row.attempts) == ("due", 0)
        assert row.last_error
        assert not any(fresh(other).tries.count() for other in waiting[1:])
        connections = server.connections
        frozen.shift(minutes=4, seconds=59)
        assert deliver(server) == 0
        assert server.connections == connections
    assert not Task.select().exists()


def test_when_the_server_answers_again_everything_that_waited_goes_out(cast, deliver, frozen):
    frozen()
    for number in range(20):
        put(cast, number=number)
    with SmtpServer(["refuse_connection"]) as server:
        for _ in range(3):
            assert deliver(server) == 0
            frozen.shift(minutes=5)
        assert server.connections == 0
        server.listen()
        assert deliver(server) == 20
        assert len(set(ids(server))) == 20
    assert {row.attempts for row in Delivery.select().where(Delivery.kind == "password_changed")} == {1}


def test_while_the_server_is_down_a_message_is_probed_not_all(cast, deliver, frozen):
    frozen()
    for number in range(20):
        put(cast, number=number)
    with SmtpServer(itertools.repeat("greet_421")) as server:
        for probes in range(1, 6):
            deliver(server)
            assert server.connections == probes
            frozen.shift(minutes=5)


@pytest.mark.parametrize("fault", ["mail_451", "rcpt_450", "data_command_451", "data_451"])
def test_later_is_tried_later_on_the_schedule(cast, deliver, frozen, fault):
    frozen()
    delivery = put(cast)
    waits, began = [], clock.now()
    with SmtpServer(itertools.repeat(fault)) as server:
        while fresh(delivery).state == "due" and len(waits) < 100:
            assert deliver(server) == 0
            waits.append(fresh(delivery).next_at - clock.now())
            frozen.to(max(fresh(delivery).next_at, clock.now()))
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes[:4] == [1, 5, 15, 60]
    assert all(60 <= wait <= 70 for wait in minutes[4:-1])
    assert dt.timedelta(hours=48) <= clock.now() - began < dt.timedelta(hours=49, minutes=20)
    row = fresh(delivery)
    assert (row.state, row.attempts, delivery.tries.count()) == ("dead", len(minutes), len(minutes))
    assert {attempt.outcome for attempt in delivery.tries} == {"retry"}
    assert Task.get().category == "delivery_problems"


def test_one_message_that_must_wait_does_not_hold_the_others(cast, deliver):
    for number in range(5):
        put(cast, number=number)
    with SmtpServer(["rcpt_450"]) as server:
        assert deliver(server) == 4


@pytest.mark.parametrize("fault", ["rcpt_550", "data_command_554", "data_554"])
def test_never_is_dead_at_once_with_the_servers_words(cast, deliver, fault):
    delivery = put(cast)
    with SmtpServer([fault]) as server:
        assert deliver(server) == 0
    row = fresh(delivery)
    assert (row.state, row.attempts) == ("dead", 1)
    assert row.last_error
    assert DeliveryAttempt.get(DeliveryAttempt.delivery == delivery).code // 100 == 5
    assert Task.get().kind == "delivery_problem"
    assert not notices.is_doubtful("alice@example.org")


@pytest.mark.parametrize("fault", ["rcpt_550_5.1.1", "data_550_5.1.1"])
def test_no_such_user_makes_the_address_doubtful_at_once_and_tells_nobodys_address(cast, deliver, fault):
    delivery = put(cast)
    with SmtpServer([fault]) as server:
        deliver(server)
    assert notices.is_doubtful("alice@example.org")
    assert "@" not in fresh(delivery).last_error


def test_three_refusals_in_a_row_make_the_address_doubtful(cast, deliver):
    for number in range(3):
        put(cast, number=number)
    with SmtpServer(["rcpt_550", "data_554", "data_command_554"]) as server:
        deliver(server)
    assert notices.is_doubtful("alice@example.org")


PERHAPS = [  # a short message has left with its final dot before the server ends the line in the middle of it
    "accept_then_drop", "accept_then_hang", "drop_before_dot_answer", "hang_before_dot_answer", "garbage_after_dot",
    "drop_in_data", "hang_in_data",
]  # fmt: skip


@pytest.mark.parametrize("fault", PERHAPS)
def test_who_perhaps_has_the_mail_gets_it_once_more_with_the_same_message_id(cast, deliver, frozen, fault):
    frozen()
    delivery = put(cast)
    with SmtpServer([fault]) as server:
        assert deliver(server, patience=patience_with(fault)) == 0
        row = fresh(delivery)
        assert (row.state, row.attempts) == ("due", 1)
        assert row.next_at - clock.now() == dt.timedelta(minutes=15)
        frozen.shift(minutes=14, seconds=59)
        assert deliver(server) == 0
        frozen.shift(seconds=1)
        assert deliver(server) == 1
        assert len(server.accepted) == (2 if fault.startswith("accept") else 1)
        assert len(set(ids(server))) == 1
    assert fresh(delivery).state == "sent"


def test_who_perhaps_has_it_twice_gets_no_third_one(cast, deliver, frozen):
    frozen()
    delivery = put(cast)
    with SmtpServer(["accept_then_drop", "accept_then_drop"]) as server:
        deliver(server)
        frozen.shift(minutes=15)
        deliver(server)
        frozen.shift(days=3)
        deliver(server)
        assert len(server.accepted) == 2
        assert len(set(ids(server))) == 1
    assert fresh(delivery).state == "dead"
    assert Task.get().individual == cast.alice


# ---------------------------------------------------------------- what must not go out any more


def test_without_consent_nothing_goes_out(cast, deliver):
    link = cast.invited()
    profile.record_consent(cast.pia, "email", False, cast.by("ines"))
    with SmtpServer() as server:
        assert deliver(server) == 0
        assert server.connections == 0 or not server.accepted
    row = Delivery.get(Delivery.link == link)
    assert (row.state, row.last_error) == ("suppressed", "There is no consent to e-mail.")


def change_pia(cast, **details):
    pia = cast.pia
    known = {name: getattr(pia, name) for name in ("first_name", "last_name", "birth_date")}
    profile.change(pia, profile.Details(**known | details), cast.by("ines"), version=pia.version)


def put_out_of_use(cast):
    profile.change_contact(
        cast.pia.contacts.get(), profile.Reach("email", "pia@example.org", is_in_use=False), cast.by("ines"), country="CA", version=1
    )


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (put_out_of_use, "This e-mail address is not among the contacts in use."),
        (lambda cast: profile.remove_contact(cast.pia.contacts.get(), cast.by("ines")), "This e-mail address is not among the contacts in use."),
        (lambda cast: change_pia(cast, death_date=dt.date(2026, 1, 2)), "This person has died."),
        (lambda cast: change_pia(cast, birth_date=None), "The date of birth is not known."),
        (lambda cast: change_pia(cast, birth_date=dt.date(1900, 1, 1)), "The date of birth is not known."),
        (lambda cast: settings.change("minimum_age", "99", SYSTEM), "This person is younger than the minimum age."),
    ],
    ids=["out of use", "removed", "died", "date of birth removed", "placeholder", "too young"],
)
def test_an_activation_that_would_no_longer_be_created_does_not_go_out(cast, deliver, happens, reason):
    link = cast.invited()
    happens(cast)
    with SmtpServer() as server:
        assert deliver(server) == 0
        assert not server.accepted
    row = Delivery.get(Delivery.link == link)
    assert (row.state, row.last_error) == ("suppressed", reason)


def test_consent_that_was_given_again_counts(cast, deliver):
    cast.invited()
    for given in (False, True):
        profile.record_consent(cast.pia, "email", given, cast.by("ines"))
    with SmtpServer() as server:
        assert deliver(server) == 1


@pytest.mark.parametrize("act", [accounts.cancel, accounts.close])
def test_an_activation_that_was_cancelled_after_queueing_is_not_sent(cast, deliver, act):
    link = cast.invited()
    act(link.account, cast.by("ada"))
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert Delivery.get(Delivery.link == link).state == "cancelled"


def test_an_activation_cancelled_while_it_was_leased_by_a_process_that_died_is_suppressed(cast, deliver, frozen):
    frozen()
    link = cast.invited()
    notices.claim()
    accounts.cancel(link.account, cast.by("ada"))
    frozen.shift(minutes=11)
    notices.sweep()
    with SmtpServer() as server:
        assert deliver(server) == 0
    row = Delivery.get(Delivery.link == link)
    assert (row.state, row.last_error) == ("suppressed", "The activation no longer stands.")


@pytest.mark.parametrize("act", [accounts.disable, accounts.close])
def test_to_an_account_that_ended_nothing_goes_out(cast, deliver, act):
    put(cast), put(cast, kind="new_device")
    act(cast.alice_account, cast.by("ada"))
    with SmtpServer() as server:
        assert deliver(server) == 0


@pytest.mark.parametrize("act", [accounts.disable, accounts.close])
@pytest.mark.parametrize("kind", ["password_changed", "new_device"])
def test_to_an_account_that_ended_while_a_process_died_with_the_mail_in_hand_nothing_goes_out(cast, deliver, frozen, act, kind):
    frozen()
    sign_in.start(cast.alice_account, None, device_token="", agent="a phone", network="192.0.2.1", tell_of_device=False)
    waiting = put(cast, kind=kind, number=Device.get().id)
    notices.claim()
    act(cast.alice_account, cast.by("ada"))
    frozen.shift(minutes=11)
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert (fresh(waiting).state, fresh(waiting).last_error) == ("suppressed", "The account has ended.")


def test_who_is_only_suspended_is_told_of_a_changed_password(cast, deliver):
    put(cast)
    accounts.suspend(cast.alice_account, cast.by("ada"))
    with SmtpServer() as server:
        assert deliver(server) == 1


def test_a_worker_who_left_is_told_nothing_more(cast, deliver):
    sign_in.start(None, cast.dora, device_token="", agent="a phone", network="192.0.2.1")
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert Delivery.get(Delivery.worker == cast.dora).state == "suppressed"


def test_a_letter_keeps_its_message_id_when_the_agency_sends_from_another_address(cast, deliver, frozen):
    frozen()
    put(cast)
    with SmtpServer(["accept_then_drop"]) as server:
        deliver(server)
        frozen.shift(minutes=15)
        with SmtpMail("127.0.0.1", server.port, "none", None, None, "example.org") as mail:
            dispatch.deliver_due(lambda: mail, portal_url="https://portal.example.org", sender="hello@elsewhere.example")
        assert [mail.sender for mail in server.accepted] == ["portal@example.org", "hello@elsewhere.example"]
        assert len(set(ids(server))) == 1


def test_one_send_ends_long_before_its_lease_does():
    """Four minutes in all (RFC 5321 would allow ten for the last answer), and a lease of ten."""
    total = inspect.signature(SmtpMail).parameters["total"].default
    config = Config(
        data=Path("/nowhere"), portal_url="https://portal.example.org", host="127.0.0.1", port=8000, database_url="",
        development=False, secret_key="k", audit_key="k", behind_proxy=None,
        smtp=Smtp("127.0.0.1", 9, "none", "", "", "portal@example.org"),
    )  # fmt: skip
    assert tasks.mail_of(config)()._total == total == 240.0
    assert dt.timedelta(seconds=2 * total) < leases.LEASE


def test_an_expired_activation_is_not_sent_though_no_job_ran(cast, deliver, frozen):
    frozen()
    link = cast.invited()
    frozen.shift(days=14)
    with SmtpServer() as server:
        assert deliver(server) == 0
        notices.sweep()
    assert Delivery.get(Delivery.link == link).state == "expired"


def test_a_reset_that_waited_too_long_expires(cast, deliver, frozen):
    frozen()
    resets.ask("alice@example.org", cast.visitor())
    frozen.shift(minutes=30)
    with SmtpServer() as server:
        assert deliver(server) == 0
    notices.sweep()
    assert Delivery.get(Delivery.kind == "password_reset").state == "expired"


def test_of_two_resets_only_the_newer_link_goes_out(cast, deliver):
    resets.ask("alice@example.org", cast.visitor())
    with SmtpServer(["rcpt_450"]) as server:
        deliver(server)
    resets.ask("alice@example.org", cast.visitor())
    with store.writing():
        Delivery.update(next_at=clock.now()).execute()
        older, newer = Delivery.select().where(Delivery.kind == "password_reset").order_by(Delivery.id)
        Delivery.update(priority=1).where(Delivery.id == older.id).execute()
    with SmtpServer() as server:
        assert deliver(server) == 1
    assert (fresh(older).state, fresh(newer).state) == ("suppressed", "sent")


def test_an_address_that_smtp_cannot_carry_is_told_to_staff_and_stops_nobody(cast, deliver):
    strange = put(cast)
    with store.writing():
        Delivery.update(to_address="žofie@example.org").where(Delivery.id == strange.id).execute()
    put(cast, "bob")
    with SmtpServer() as server:
        assert deliver(server) == 1
    row = fresh(strange)
    assert (row.state, row.last_error) == ("suppressed", "This address cannot receive e-mail from here.")


def test_one_message_that_cannot_be_written_stops_nobody_and_is_not_lost(cast, deliver, caplog):
    broken = put(cast)
    with store.writing():  # as after going back to a version that does not know this kind yet
        Delivery.update(kind="of_the_future").where(Delivery.id == broken.id).execute()
    for number in range(5):
        put(cast, "bob", number=number)
    with SmtpServer() as server:
        assert deliver(server) == 5
    row = fresh(broken)
    assert (row.state, row.attempts, row.last_error) == ("due", 1, "The text could not be made.")
    assert row.next_at > clock.now()  # it is tried again on the schedule, and staff are told in the end
    assert "of_the_future" in caplog.text


# ---------------------------------------------------------------- order and many at once


def test_activations_codes_and_resets_go_first_then_the_oldest(cast, deliver):
    for number in range(3):
        put(cast, number=number)
    put(cast, "bob", kind="new_device", number=0)
    cast.invited()
    resets.ask("bob@example.org", cast.visitor())
    agency.send_mail_test(cast.ada)
    with SmtpServer() as server:
        deliver(server)
        subjects = [mail.message["Subject"] for mail in server.accepted]
    assert (
        subjects
        == ["Your portal is ready", "Choose a new password", "Test e-mail of your portal"]
        + ["Your password was changed"] * 3
    )


def test_three_dispatchers_at_once_send_each_message_once(cast, deliver, at_once):
    for number in range(60):
        put(cast, number=number)
    with SmtpServer() as server:
        counts = at_once([lambda: deliver(server)] * 3)
        assert sum(counts) == 60
        assert len(server.accepted) == len(set(ids(server))) == 60
    assert {row.attempts for row in Delivery.select().where(Delivery.kind == "password_changed")} == {1}
    assert DeliveryAttempt.select().where(DeliveryAttempt.outcome == "").count() == 0


def test_a_slow_dispatcher_whose_lease_was_taken_over_changes_nothing(cast, deliver, frozen, at_once):
    frozen()
    delivery = put(cast)
    slow = notices.claim()
    frozen.shift(minutes=11)
    notices.sweep()
    with SmtpServer() as server:
        assert deliver(server) == 1
        sent = Delivery.select().where(Delivery.id == delivery.id).dicts().get()
        message = dispatch._message(slow, "https://portal.example.org", "portal@example.org")
        with SmtpMail("127.0.0.1", server.port, "none", None, None, "example.org") as mail:
            assert notices.settle(slow, mail.send(message, "alice@example.org")) is False
        assert len(set(ids(server))) == 1
    assert Delivery.select().where(Delivery.id == delivery.id).dicts().get() == sent


def test_dispatchers_at_once_with_one_address_that_is_now_refused_and_now_taken_do_not_block_each_other(
    cast, deliver, at_once, caplog
):
    for number in range(60):
        put(cast, number=number)
    with SmtpServer(itertools.cycle(["rcpt_550", "ok", "data_451"])) as server:
        assert sum(at_once([lambda: deliver(server)] * 4)) == len(server.accepted)
    states = [row.state for row in Delivery.select().where(Delivery.kind == "password_changed")]
    assert sorted(set(states)) == ["dead", "due", "sent"]
    assert states.count("sent") == len(server.accepted)
    assert "could be leased" not in caplog.text
    assert "cannot be sent" not in caplog.text


class Counted:
    """What the database is asked, and how often it is told to write to the disk, while the block runs."""

    def __enter__(self):
        self.asked, self.commits = [], 0
        execute, commit = db.obj.execute_sql, db.obj.commit

        def asking(sql, params=None):
            self.asked.append(sql)
            return execute(sql, params)

        def committing():
            self.commits += 1
            return commit()

        db.obj.execute_sql, db.obj.commit = asking, committing
        return self

    def __exit__(self, *_):
        del db.obj.execute_sql, db.obj.commit


def test_a_message_more_costs_one_wait_for_the_disk_and_few_questions(cast, deliver):
    with SmtpServer() as server:
        put(cast, number=100)
        deliver(server)  # what is asked only once
        spent = []
        for count in (5, 25):
            for number in range(count):
                put(cast, number=1000 * count + number)
            with Counted() as counted:
                assert deliver(server) == count
            spent.append(counted)
    fewer, more = spent
    assert more.commits - fewer.commits == 20
    assert (len(more.asked) - len(fewer.asked)) / 20 <= 16


def test_the_mail_rate_is_kept_by_two_dispatchers_together(cast, deliver, at_once):
    settings.change("mail_rate", "20", SYSTEM)
    for number in range(8):
        put(cast, number=number)
    with SmtpServer() as server:
        assert sum(at_once([lambda: deliver(server)] * 2)) == 8
    began = [attempt.started_at for attempt in DeliveryAttempt.select().order_by(DeliveryAttempt.started_at)][-8:]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(began)]
    assert min(gaps) >= 0.0499
    assert (began[-1] - began[0]).total_seconds() < 10


def test_a_dispatcher_that_is_told_to_stop_ends_after_the_message_in_hand(cast, deliver):
    for number in range(3):
        put(cast, number=number)
    dispatch.stop()
    with SmtpServer() as server:
        assert deliver(server) == 0
        dispatch.go_on()
        assert deliver(server) == 3


def test_a_dispatcher_that_is_told_to_stop_while_it_sends_takes_no_other_message(cast, deliver):
    waiting = [put(cast, number=number) for number in range(10)]

    def moods():
        yield "ok"
        dispatch.stop()
        yield from itertools.repeat("ok")

    with SmtpServer(moods()) as server:
        assert 1 <= deliver(server) <= 3
        sent = len(server.accepted)
    states = [(fresh(each).state, fresh(each).attempts) for each in waiting]
    assert states == [("sent", 1)] * sent + [("due", 0)] * (10 - sent)


def test_a_dispatcher_that_waits_for_the_mail_rate_stops_at_once_when_told(cast, deliver):
    settings.change("mail_rate", "1", SYSTEM)
    for number in range(30):
        put(cast, number=number)
    stopper = threading.Timer(0.3, dispatch.stop)
    stopper.start()
    began = clock.now()
    with SmtpServer() as server:
        assert 0 < deliver(server, seconds=30) < 5
    assert clock.now() - began < dt.timedelta(seconds=5)
    stopper.join()


def test_a_dispatcher_ends_when_its_time_is_over(cast, deliver):
    put(cast)
    with SmtpServer() as server:
        assert deliver(server, seconds=0) == 0
        assert deliver(server, seconds=5) == 1


def test_one_connection_serves_many_messages(cast, deliver):
    for number in range(10):
        put(cast, number=number)
    with SmtpServer() as server:
        deliver(server)
        assert server.connections == 1


def test_the_mail_server_is_never_talked_to_inside_a_transaction(cast, deliver):
    """A slow server holds nobody: others write while it makes a dispatcher wait."""
    put(cast)
    with SmtpServer(["hang_before_dot_answer"]) as server:
        dispatcher = threading.Thread(target=lambda: _connected(deliver, server))
        dispatcher.start()
        for _ in range(1000):
            if server.heard.endswith(b"\r\n.\r\n"):
                break
            dispatcher.join(0.01)
        began = clock.now()
        with store.writing():
            Contact.update(instructions="call in the evening").execute()
        assert clock.now() - began < dt.timedelta(seconds=1)
        assert Delivery.get(Delivery.kind == "password_changed").state == "leased"
        server.hang_up()
        dispatcher.join()


def _connected(deliver, server):
    with store.connection():
        deliver(server)


def test_one_message_on_which_the_server_always_hangs_up_does_not_hold_the_others(cast, deliver, frozen):
    frozen()
    cast.invited()  # sent before the server meets what it cannot bear
    poison = put(cast, "bob", kind="password_reset", number=0)
    link = links.make("password_reset", clock.ahead(hours=12), account=cast.bob_account)
    with store.writing():
        Delivery.update(link=link).where(Delivery.id == poison.id).execute()
    others = [put(cast, number=number) for number in range(20)]

    def moods():
        while True:
            with store.connection():
                is_poison = Delivery.select().where(Delivery.id == poison.id, Delivery.state == "leased").exists()
            yield "rcpt_421" if is_poison else "ok"

    with SmtpServer(moods()) as server:
        for _ in range(4):  # a quarter of an hour
            deliver(server)
            frozen.shift(minutes=5)
        assert {fresh(each).state for each in others} == {"sent"}
        for number in range(100, 124):  # later an hour's mail goes out within five minutes each
            put(cast, number=number)
            frozen.shift(minutes=5)
            deliver(server)
        waiting = Delivery.select().where(Delivery.kind == "password_changed", Delivery.state == "due").count()
        assert waiting <= 1
    assert (fresh(poison).state, fresh(poison).attempts) == ("due", 0)


# ---------------------------------------------------------------- the long runs


@pytest.mark.long
def test_of_a_hundred_messages_through_every_fault_none_is_lost_and_none_is_stuck(cast, deliver, frozen):
    frozen()
    for number in range(100):
        put(cast, ("alice", "bob")[number % 2], number=number)
    faults = [
        "data_451",
        "rcpt_550",
        "ok",
        "accept_then_drop",
        "refuse_in_data",
        "drop_in_data",
        "ok",
        "rcpt_450",
        "data_554",
        "rcpt_drop",
        "greet_421",  # where a new connection is made: elsewhere those after it would wait for that
        "drop_before_dot_answer",
        "ok",
        "garbage_after_dot",
        "mail_421",
        "hang_before_dot_answer",
    ]
    mine = Delivery.select().where(Delivery.kind == "password_changed")
    with SmtpServer(faults * 40) as server:
        for _ in range(3000):
            if not mine.where(Delivery.state.in_(("due", "leased"))).exists():
                break
            deliver(server, patience=0.3)
            notices.sweep()
            frozen.shift(minutes=5)
        taken = ids(server)
    states = {row.state for row in mine}
    assert states == {"sent", "dead"}
    assert mine.where(Delivery.state == "dead").count() >= 10
    by_id = {notices.message_id(row, "portal.example.org"): row for row in mine}
    assert set(taken) <= set(by_id)
    assert {name for name, row in by_id.items() if row.state == "sent"} <= set(taken)
    assert all(row.last_error for row in mine if row.state == "dead")
    for name, row in by_id.items():
        unknown = row.tries.where(DeliveryAttempt.outcome == "unknown").count()
        assert taken.count(name) <= 1 + unknown
        assert unknown <= 2
    assert Task.select().where(Task.kind == "delivery_problem").count() == mine.where(Delivery.state == "dead").count()


MINUTE = dt.timedelta(minutes=1)


@pytest.mark.long
def test_after_47_hours_without_a_mail_server_everything_goes_out_within_a_quarter_of_an_hour(cast, deliver, frozen):
    """500 messages, as the timetable does it: each minute while the server is back, and each hour before."""
    frozen()
    with SmtpServer(["refuse_connection"]) as server:
        for number in range(500):
            put(cast, ("alice", "bob")[number % 2], number=number)
        urgent = [Delivery.get(Delivery.link == cast.invited(cast.person())) for _ in range(10)]
        end = clock.now() + 47 * 60 * MINUTE
        while clock.now() < end:
            assert deliver(server) == 0
            notices.sweep()
            frozen.shift(hours=1)
        server.listen()
        back = clock.now()
        while len(server.accepted) < 510 and clock.now() - back < 15 * MINUTE:
            frozen.shift(minutes=1)
            notices.sweep()
            deliver(server)
        assert clock.now() - back <= 15 * MINUTE
        came = ids(server)
    assert len(came) == len(set(came)) == 510
    assert {fresh(each).state for each in Delivery.select()} == {"sent"}
    assert {row.attempts for row in Delivery.select()} == {1}
    codes = [notices.message_id(row, "portal.example.org") for row in urgent]
    assert set(codes) <= set(came[:11])  # one message was the probe
    for person in (cast.alice, cast.bob):
        mine = person.deliveries.where(Delivery.kind == "password_changed").order_by(Delivery.id)
        written = [notices.message_id(row, "portal.example.org") for row in mine]
        assert [name for name in came[1:] if name in written] == [name for name in written if name != came[0]]


# ---------------------------------------------------------------- and nowhere else


def test_no_test_can_send_anything_to_another_machine(cast):
    with pytest.raises(RuntimeError, match="tests do not talk to"):
        socket.create_connection(("192.0.2.1", 25), timeout=1)
    with pytest.raises(RuntimeError, match="tests do not talk to"):
        socket.getaddrinfo("mail.example.com", 25)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knocker, pytest.raises(RuntimeError):
        knocker.sendto(b"x", ("198.51.100.1", 53))
