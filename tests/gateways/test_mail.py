"""Mail that leaves the house: who has a message after each thing that can go wrong, shown against a real server."""

import email
import email.policy
import os
import re
import socket
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from smtp_server import HOST, Fault, SmtpServer

from gateways import mail, smtp
from gateways.mail import Mail, Outcome, Verdict, build
from gateways.mailbox import MailboxMail
from gateways.smtp import SmtpMail

ALICE = "alice@example.org"
BOB = "bob@example.org"
LARGE = "A line of a very long message.\n" * 40_000  # more than the shortened pipes can hold


def letter(**changes: Any) -> EmailMessage:
    """A mail to Alice, with whatever a test wants to be different."""
    fields: dict[str, Any] = {
        "sender": "portal@example.org",
        "sender_name": "North Agency",
        "recipient": ALICE,
        "subject": "You have a new message",
        "text": "Sign in to read it.\n",
        "html": "<p>Sign in to read it.</p>\n",
        "message_id": "<0123456789abcdef@portal.example.org>",
        "date": datetime(2026, 11, 24, 14, 30, tzinfo=UTC),
    }
    return build(**fields | changes)


def mail_to(server: SmtpServer, **changes: Any) -> SmtpMail:
    """The way to this server, in clear and patient enough for a busy machine unless a test says otherwise."""
    settings: dict[str, Any] = {
        "host": HOST,
        "port": server.port,
        "security": "none",
        "user": None,
        "password": None,
        "sender_domain": "portal.example.org",
        "timeout": 10.0,
        "total": 20.0,
    }
    return SmtpMail(**settings | changes)


def send_to(server: SmtpServer, message: EmailMessage | None = None, **changes: Any) -> Outcome:
    """One mail to Alice over a connection of its own."""
    with mail_to(server, **changes) as way:
        return way.send(message or letter(), ALICE)


@pytest.fixture
def short_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets that hold little, so that a long message cannot be gone before anybody has read it."""

    class ShortSocket(socket.socket):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)

    monkeypatch.setattr(socket, "socket", ShortSocket)


class TestWhatTheServerAnswers:
    def test_a_mail_that_the_server_takes_is_accepted(self) -> None:
        with SmtpServer() as server:
            outcome = send_to(server)
        assert outcome == Outcome(Verdict.ACCEPTED, 250, "2.0.0 taken", False)
        (received,) = server.accepted
        assert received.sender == "portal@example.org"
        assert received.recipients == (ALICE,)
        assert received.message["Message-ID"] == "<0123456789abcdef@portal.example.org>"
        assert received.message["Subject"] == "You have a new message"

    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [
            ("mail_451", 451),
            ("rcpt_450", 450),
            ("rcpt_450_then_drop", 450),
            ("data_command_451", 451),
            ("data_451", 451),
        ],
    )
    def test_a_mail_refused_for_now_is_to_be_tried_again(self, behaviour: str, code: int) -> None:
        with SmtpServer([behaviour]) as server:
            outcome = send_to(server)
        assert (outcome.verdict, outcome.code, server.accepted) == (Verdict.RETRY, code, [])

    def test_a_mail_refused_for_now_goes_through_at_the_next_try(self) -> None:
        with SmtpServer(["rcpt_450", "data_451", "ok"]) as server, mail_to(server) as way:
            verdicts = [way.send(letter(), ALICE).verdict for _ in range(3)]
        assert verdicts == [Verdict.RETRY, Verdict.RETRY, Verdict.ACCEPTED]
        assert len(server.accepted) == 1

    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [("rcpt_550", 550), ("data_command_554", 554), ("data_554", 554), ("refuse_in_data", 552)],
    )
    def test_a_mail_refused_for_good_is_the_messages_fault(self, behaviour: str, code: int) -> None:
        with SmtpServer([behaviour]) as server:
            outcome = send_to(server)
        assert (outcome.verdict, outcome.code, server.accepted) == (Verdict.REFUSED, code, [])
        assert not outcome.address_is_bad

    def test_a_sender_that_the_server_never_takes_is_no_messages_fault(self) -> None:
        with SmtpServer(["mail_550"]) as server:
            outcome = send_to(server)
        assert (outcome.verdict, outcome.code, server.accepted) == (Verdict.SERVER_DOWN, 550, [])

    @pytest.mark.parametrize("behaviour", ["rcpt_550_5.1.1", "data_550_5.1.1"])
    def test_an_address_that_nobody_has_is_known_to_be_bad(self, behaviour: str) -> None:
        with SmtpServer([behaviour]) as server:
            outcome = send_to(server)
        assert (outcome.verdict, outcome.address_is_bad) == (Verdict.REFUSED, True)

    @pytest.mark.parametrize("words", ["550 5.1.10 no mail here", "550 not 5.1.1", "450 5.1.1 odd", "550 no such user"])
    def test_an_address_is_not_called_bad_for_anything_else(self, words: str) -> None:
        with SmtpServer([Fault("rcpt", words)]) as server:
            assert not send_to(server).address_is_bad

    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [
            ("greet_421", 421),
            ("greet_554", 554),
            ("ehlo_421", 421),
            ("mail_421", 421),
            ("rcpt_421", 421),
            ("data_421", 421),
            ("mail_530", 530),
            ("mail_535", 535),
        ],
    )
    def test_a_server_that_serves_nobody_is_down(self, behaviour: str, code: int) -> None:
        with SmtpServer([behaviour]) as server:
            outcome = send_to(server)
        assert (outcome.verdict, outcome.code, server.accepted) == (Verdict.SERVER_DOWN, code, [])

    @pytest.mark.parametrize("behaviour", ["html_garbage", "rcpt_garbage", "rcpt_354", "data_command_250"])
    def test_a_server_that_answers_nonsense_is_down(self, behaviour: str) -> None:
        with SmtpServer([behaviour]) as server:
            assert send_to(server).verdict == Verdict.SERVER_DOWN
        assert server.accepted == []
        assert b"Sign in to read it" not in server.heard

    @pytest.mark.parametrize("behaviour", ["garbage_after_dot", "354_after_dot", "cut_after_dot", "endless_answer"])
    def test_nonsense_after_the_final_dot_leaves_open_who_has_the_mail(self, behaviour: str) -> None:
        with SmtpServer([behaviour]) as server:
            assert send_to(server).verdict == Verdict.UNKNOWN


class TestWhatTheServerDoesNotAnswer:
    def test_a_server_that_refuses_connections_is_down(self) -> None:
        with SmtpServer(["refuse_connection"]) as server:
            assert send_to(server).verdict == Verdict.SERVER_DOWN

    def test_a_server_whose_name_is_not_found_is_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def nobody(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        with SmtpServer() as server:
            monkeypatch.setattr(socket, "getaddrinfo", nobody)
            outcome = send_to(server, host="mail.example.org")
        assert outcome == Outcome(Verdict.SERVER_DOWN, None, "Name or service not known", False)

    def test_the_second_address_of_a_server_is_tried_when_the_first_is_dead(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with SmtpServer(["refuse_connection"]) as dead, SmtpServer() as server:
            kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
            both = [(*kind, (HOST, dead.port)), (*kind, (HOST, server.port))]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
            assert send_to(server).verdict == Verdict.ACCEPTED

    @pytest.mark.parametrize("behaviour", ["greet_hang", "mail_hang", "rcpt_hang", "data_command_hang"])
    def test_a_server_silent_before_the_mail_is_handed_over_is_down(self, behaviour: str) -> None:
        with SmtpServer([behaviour]) as server:
            started = time.monotonic()
            outcome = send_to(server, timeout=0.3)
        assert (outcome.verdict, outcome.code) == (Verdict.SERVER_DOWN, None)
        assert 0.2 < time.monotonic() - started < 5

    @pytest.mark.parametrize("behaviour", ["greet_drop", "rcpt_drop"])
    def test_a_server_that_hangs_up_before_the_mail_is_handed_over_is_down(self, behaviour: str) -> None:
        with SmtpServer([behaviour]) as server:
            assert send_to(server).verdict == Verdict.SERVER_DOWN

    @pytest.mark.usefixtures("short_pipes")
    @pytest.mark.parametrize("security", ["none", "tls"])
    def test_a_server_that_hangs_up_half_way_through_a_message_is_down(self, security: str) -> None:
        with SmtpServer(["drop_in_data"], tls="tls" if security == "tls" else None) as server:
            outcome = send_to(server, letter(text=LARGE), security=security, context=server.trusting())
        assert (outcome.verdict, server.accepted) == (Verdict.SERVER_DOWN, [])

    @pytest.mark.usefixtures("short_pipes")
    def test_a_server_that_stops_reading_half_way_through_a_message_is_down(self) -> None:
        with SmtpServer(["hang_in_data"]) as server:
            outcome = send_to(server, letter(text=LARGE), timeout=0.3)
        assert (outcome.verdict, server.accepted) == (Verdict.SERVER_DOWN, [])

    @pytest.mark.usefixtures("short_pipes")
    def test_a_server_that_refuses_half_way_through_a_message_is_heard(self) -> None:
        with SmtpServer(["refuse_in_data"]) as server:
            outcome = send_to(server, letter(text=LARGE))
        assert (outcome.verdict, outcome.code, server.accepted) == (Verdict.REFUSED, 552, [])

    def test_a_short_message_cut_off_in_the_middle_is_never_called_accepted_or_refused(self) -> None:
        with SmtpServer(["drop_in_data"]) as server:
            outcome = send_to(server)
        assert outcome.verdict in (Verdict.UNKNOWN, Verdict.SERVER_DOWN)
        assert server.accepted == []

    @pytest.mark.parametrize(
        ("behaviour", "stored"),
        [
            ("drop_before_dot_answer", 0),
            ("accept_then_drop", 1),
            ("hang_before_dot_answer", 0),
            ("accept_then_hang", 1),
        ],
    )
    def test_silence_after_the_final_dot_leaves_open_who_has_the_mail(self, behaviour: str, stored: int) -> None:
        with SmtpServer([behaviour]) as server:
            outcome = send_to(server, total=0.45)
        assert (outcome.verdict, outcome.code) == (Verdict.UNKNOWN, None)
        assert (len(server.accepted), server.connections) == (stored, 1)

    @pytest.mark.parametrize("behaviour", ["accept_then_drop", "accept_then_hang"])
    def test_silence_after_the_final_dot_is_the_same_behind_encryption(self, behaviour: str) -> None:
        with SmtpServer([behaviour], tls="starttls") as server:
            outcome = send_to(server, security="starttls", context=server.trusting(), total=0.45)
        assert (outcome.verdict, len(server.accepted)) == (Verdict.UNKNOWN, 1)


class TestHowLongASendMayTake:
    def test_a_server_that_dribbles_does_not_hold_a_mail_longer_than_its_total(self) -> None:
        with SmtpServer(["dribble"], pace=0.1) as server:
            started = time.monotonic()
            outcome = send_to(server, timeout=0.4, total=0.5)
        assert outcome.verdict == Verdict.SERVER_DOWN
        assert 0.45 < time.monotonic() - started < 1.6

    def test_a_server_that_dribbles_its_last_answer_leaves_open_who_has_the_mail(self) -> None:
        with SmtpServer(["accept_then_dribble"], pace=0.2) as server:
            started = time.monotonic()
            outcome = send_to(server, timeout=0.4, total=0.5)
        assert outcome.verdict == Verdict.UNKNOWN
        assert 0.45 < time.monotonic() - started < 1.6

    @pytest.mark.usefixtures("short_pipes")
    def test_a_server_that_reads_nothing_does_not_hold_a_mail_longer_than_its_total(self) -> None:
        with SmtpServer(["hang_in_data"], tls="tls") as server:
            message = letter(text=LARGE)
            started = time.monotonic()
            outcome = send_to(server, message, security="tls", context=server.trusting(), total=0.5)
        assert outcome.verdict == Verdict.SERVER_DOWN
        assert 0.45 < time.monotonic() - started < 3

    @pytest.mark.usefixtures("short_pipes")
    def test_a_server_that_reads_in_sips_does_not_hold_a_mail_longer_than_its_total(self) -> None:
        with SmtpServer(["sip_in_data"], tls="tls", pace=0.1) as server:
            message = letter(text=LARGE)
            started = time.monotonic()
            outcome = send_to(server, message, security="tls", context=server.trusting(), total=0.5)
        assert outcome.verdict == Verdict.SERVER_DOWN
        assert 0.45 < time.monotonic() - started < 2

    @pytest.mark.usefixtures("short_pipes")
    def test_a_server_that_reads_slowly_but_steadily_gets_its_message(self) -> None:
        with SmtpServer(["sip_in_data"], pace=0.04) as server:
            message = letter(text=LARGE)
            started = time.monotonic()
            outcome = send_to(server, message, timeout=0.4)
        assert outcome.verdict == Verdict.ACCEPTED
        assert time.monotonic() - started > 0.4

    def test_each_mail_over_a_kept_connection_has_its_own_time(self) -> None:
        with SmtpServer(["accept_slowly"] * 2, pace=0.4) as server, mail_to(server, total=0.75) as way:
            assert [way.send(letter(), ALICE).verdict for _ in range(2)] == [Verdict.ACCEPTED] * 2
        assert server.connections == 1

    def test_the_last_answer_may_take_longer_than_any_other(self) -> None:
        with SmtpServer(["accept_slowly"], pace=0.7) as server:
            assert send_to(server, timeout=0.4).verdict == Verdict.ACCEPTED

    def test_many_dead_addresses_do_not_hold_a_mail_longer_than_its_total(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Unreachable(socket.socket):
            def connect(self, _address: object) -> None:
                waited = threading.Event().wait(self.gettimeout())
                raise TimeoutError(f"timed out {waited}")

        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        with SmtpServer() as server:
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(*kind, (HOST, server.port))] * 20)
            monkeypatch.setattr(socket, "socket", Unreachable)
            started = time.monotonic()
            outcome = send_to(server, timeout=0.2, total=0.5)
        assert outcome.verdict == Verdict.SERVER_DOWN
        assert time.monotonic() - started < 1.5

    def test_a_server_that_does_not_say_goodbye_is_left_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(smtp, "_GOODBYE", 0.3)
        with SmtpServer(["quit_hang"]) as server:
            started = time.monotonic()
            assert send_to(server).verdict == Verdict.ACCEPTED
        assert time.monotonic() - started < 5


class TestTheKeptConnection:
    def test_mails_go_over_one_connection(self) -> None:
        with SmtpServer() as server, mail_to(server) as way:
            verdicts = {way.send(letter(), person).verdict for person in (ALICE, BOB, ALICE)}
        assert (verdicts, server.connections) == ({Verdict.ACCEPTED}, 1)
        assert [received.recipients for received in server.accepted] == [(ALICE,), (BOB,), (ALICE,)]

    @pytest.mark.parametrize("behaviour", ["mail_451", "rcpt_550", "data_command_554", "data_554"])
    def test_a_refused_mail_is_forgotten_and_the_next_one_goes_over_the_same_connection(self, behaviour: str) -> None:
        with SmtpServer([behaviour, "ok"]) as server, mail_to(server) as way:
            assert way.send(letter(), ALICE).verdict != Verdict.ACCEPTED
            assert way.send(letter(), BOB).verdict == Verdict.ACCEPTED
        assert server.connections == 1
        assert server.heard.count(b"rset\r\n") == 1
        assert [received.recipients for received in server.accepted] == [(BOB,)]

    @pytest.mark.parametrize("words", ["", "421 4.4.2 idle for too long"])
    def test_a_connection_that_the_server_closed_in_between_is_opened_again_unnoticed(self, words: str) -> None:
        with SmtpServer() as server, mail_to(server) as way:
            way.send(letter(), ALICE)
            server.hang_up(words)
            assert way.send(letter(), BOB).verdict == Verdict.ACCEPTED
        assert (len(server.accepted), server.connections) == (2, 2)

    def test_a_connection_that_went_dead_without_a_word_is_opened_again_unnoticed(self) -> None:
        with SmtpServer(["ok", "mail_hang", "ok"]) as server, mail_to(server, timeout=0.4) as way:
            way.send(letter(), ALICE)
            assert way.send(letter(), BOB).verdict == Verdict.ACCEPTED
        assert (len(server.accepted), server.connections) == (2, 2)

    def test_a_dead_connection_is_opened_again_once_and_no_more(self) -> None:
        with SmtpServer(["ok", "mail_421", "mail_421", "ok"]) as server, mail_to(server) as way:
            way.send(letter(), ALICE)
            assert way.send(letter(), BOB).verdict == Verdict.SERVER_DOWN
        assert (len(server.accepted), server.connections) == (1, 2)

    def test_a_connection_that_breaks_after_the_sender_was_accepted_is_not_tried_again_in_secret(self) -> None:
        with SmtpServer(["ok", "rcpt_drop"]) as server, mail_to(server) as way:
            way.send(letter(), ALICE)
            assert way.send(letter(), BOB).verdict == Verdict.SERVER_DOWN
        assert (len(server.accepted), server.connections) == (1, 1)

    def test_a_mail_that_may_have_arrived_is_not_sent_again_in_secret(self) -> None:
        with SmtpServer(["ok", "accept_then_drop", "ok"]) as server, mail_to(server) as way:
            way.send(letter(), ALICE)
            assert way.send(letter(), BOB).verdict == Verdict.UNKNOWN
            assert server.connections == 1
            assert way.send(letter(), BOB).verdict == Verdict.ACCEPTED
        assert (len(server.accepted), server.connections) == (3, 2)

    @pytest.mark.parametrize("behaviour", ["accept_slowly", "garbage_after_dot", "rcpt_450_then_lag"])
    def test_a_connection_that_lost_its_step_is_not_used_for_the_next_mail(self, behaviour: str) -> None:
        with SmtpServer([behaviour, "ok"], pace=0.6) as server, mail_to(server, total=0.5) as way:
            assert way.send(letter(), ALICE).verdict in (Verdict.UNKNOWN, Verdict.RETRY)
            assert way.send(letter(), BOB).verdict == Verdict.ACCEPTED
        assert server.connections == 2
        assert server.accepted[-1].recipients == (BOB,)

    def test_a_server_that_comes_back_is_served_again(self) -> None:
        with SmtpServer() as server, mail_to(server) as way:
            way.send(letter(), ALICE)
            server.refuse()
            assert way.send(letter(), ALICE).verdict == Verdict.SERVER_DOWN
            server.listen()
            assert way.send(letter(), ALICE).verdict == Verdict.ACCEPTED

    def test_closing_says_goodbye_and_a_later_mail_opens_a_new_connection(self) -> None:
        with SmtpServer() as server:
            way = mail_to(server)
            way.close()
            way.send(letter(), ALICE)
            way.close()
            assert server.heard.endswith(b"quit\r\n")
            assert way.send(letter(), ALICE).verdict == Verdict.ACCEPTED
            way.close()
            way.close()
        assert server.connections == 2

    def test_two_threads_with_one_connection_do_not_mix_their_mails(self) -> None:
        people = [f"client{number}@example.org" for number in range(20)]
        with SmtpServer() as server, mail_to(server) as way:

            def send(half: list[str]) -> None:
                for person in half:
                    way.send(letter(recipient=person, text=f"For {person} alone.\n"), person)

            threads = [threading.Thread(target=send, args=(people[start::2],)) for start in (0, 1)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert sorted(received.recipients[0] for received in server.accepted) == sorted(people)
        for received in server.accepted:
            assert received.message["To"] == received.recipients[0]
            assert f"For {received.recipients[0]} alone.".encode() in received.content


class TestTheServerIsTheRightOne:
    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_a_server_with_a_trusted_certificate_gets_the_mail_encrypted(self, security: Any) -> None:
        with SmtpServer(tls=security) as server:
            assert send_to(server, security=security, context=server.trusting()).verdict == Verdict.ACCEPTED
        assert len(server.accepted) == 1

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_a_server_with_an_untrusted_certificate_gets_nothing(self, security: Any) -> None:
        with SmtpServer(tls=security, auth=("portal", "secret")) as server:
            outcome = send_to(server, security=security, user="portal", password="secret")
        assert outcome.verdict == Verdict.SERVER_DOWN
        assert "certificate" in outcome.answer
        assert_nothing_was_given_away(server)

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_a_server_with_the_certificate_of_another_name_gets_nothing(self, security: Any) -> None:
        with SmtpServer(tls=security, names=("elsewhere.example.org",)) as server:
            outcome = send_to(server, security=security, context=server.trusting())
        assert outcome.verdict == Verdict.SERVER_DOWN
        assert_nothing_was_given_away(server)

    @pytest.mark.parametrize("behaviour", ["ok", "starttls_454"])
    def test_a_server_without_starttls_gets_nothing_in_clear(self, behaviour: str) -> None:
        tls: Any = None if behaviour == "ok" else "starttls"
        with SmtpServer([behaviour], tls=tls, auth=("portal", "secret")) as server:
            outcome = send_to(server, security="starttls", context=server.trusting(), user="portal", password="secret")
        assert outcome.verdict == Verdict.SERVER_DOWN
        assert_nothing_was_given_away(server)

    def test_a_server_that_speaks_in_clear_where_tls_is_expected_gets_nothing(self) -> None:
        with SmtpServer() as server:
            assert send_to(server, security="tls").verdict == Verdict.SERVER_DOWN
        assert_nothing_was_given_away(server)

    def test_a_server_silent_in_the_handshake_is_down(self) -> None:
        with SmtpServer(["greet_hang"]) as server:
            started = time.monotonic()
            assert send_to(server, security="tls", timeout=0.3).verdict == Verdict.SERVER_DOWN
        assert time.monotonic() - started < 5

    def test_what_a_stranger_says_before_the_handshake_is_forgotten(self) -> None:
        with SmtpServer(["starttls_inject"], tls="starttls") as server:
            outcome = send_to(server, security="starttls", context=server.trusting())
        assert (outcome.verdict, len(server.accepted)) == (Verdict.ACCEPTED, 1)

    @pytest.mark.parametrize("weakness", ["no name", "no certificate"])
    def test_a_context_that_would_not_verify_the_server_is_refused(self, weakness: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        if weakness == "no certificate":
            context.verify_mode = ssl.CERT_NONE
        with SmtpServer() as server, pytest.raises(ValueError, match="verified"):
            mail_to(server, security="tls", context=context)

    @pytest.mark.parametrize(
        "wrong",
        [{"security": "ssl"}, {"security": ""}, {"host": ""}, {"host": ".example.org"}, {"sender_domain": "a b"}],
    )
    def test_settings_that_cannot_work_are_refused_at_once(self, wrong: dict[str, str]) -> None:
        with SmtpServer() as server, pytest.raises(ValueError, match=r"\w"):
            mail_to(server, **wrong)


class TestSigningIn:
    @pytest.mark.parametrize("security", ["none", "tls", "starttls"])
    def test_a_server_that_wants_a_password_is_given_it(self, security: Any) -> None:
        tls = None if security == "none" else security
        with SmtpServer(tls=tls, auth=("portal", "secret")) as server:
            outcome = send_to(server, security=security, context=server.trusting(), user="portal", password="secret")
        assert (outcome.verdict, len(server.accepted)) == (Verdict.ACCEPTED, 1)

    def test_a_wrong_password_is_not_the_messages_fault(self) -> None:
        with SmtpServer(auth=("portal", "secret")) as server:
            outcome = send_to(server, user="portal", password="guess")
        assert (outcome.verdict, outcome.code, server.accepted) == (Verdict.SERVER_DOWN, 535, [])

    def test_a_missing_password_is_not_the_messages_fault(self) -> None:
        with SmtpServer(auth=("portal", "secret")) as server:
            assert send_to(server).verdict == Verdict.SERVER_DOWN

    def test_a_server_that_cannot_check_passwords_now_is_down(self) -> None:
        with SmtpServer(["auth_454"], auth=("portal", "secret")) as server:
            outcome = send_to(server, user="portal", password="secret")
        assert (outcome.verdict, outcome.code) == (Verdict.SERVER_DOWN, 454)

    def test_a_server_that_knows_no_passwords_is_down(self) -> None:
        with SmtpServer() as server:
            assert send_to(server, user="portal", password="secret").verdict == Verdict.SERVER_DOWN

    def test_a_password_that_cannot_be_sent_is_reported_without_showing_it(self) -> None:
        with SmtpServer(auth=("portal", "gehäuse")) as server:
            outcome = send_to(server, user="portal", password="gehäuse")
        assert outcome.verdict == Verdict.SERVER_DOWN
        assert "ä" not in outcome.answer


class TestTheServersWords:
    def test_control_characters_are_taken_out(self) -> None:
        with SmtpServer([Fault("rcpt", "550 5.7.1 \x1b[31mred\x07\tand \u202eturned\u200b\r")]) as server:
            assert send_to(server).answer == "5.7.1 [31mred and turned"

    def test_several_lines_become_one(self) -> None:
        with SmtpServer([Fault("rcpt", "550-5.7.1 first\r\n550 5.7.1 second")]) as server:
            assert send_to(server).answer == "5.7.1 first 5.7.1 second"

    def test_they_are_cut_to_300_characters(self) -> None:
        with SmtpServer([Fault("rcpt", "550 " + "word " * 200)]) as server:
            assert len(send_to(server).answer) == 300

    @pytest.mark.parametrize(
        "address",
        [
            "alice@example.org",
            "<alice@example.org>",
            "to=<Alice.O'Neill+portal@mail.example.org>,",
            '"alice smith"@example.org',
            "alice%40example.org",
            "alice=example.org@bounces.example.org",
            "älice@example.org",
            "al\u200bice@example.org",
            "alice\uff20example.org",
        ],
    )
    def test_addresses_in_them_are_hidden(self, address: str) -> None:
        with SmtpServer([Fault("rcpt", f"550 5.7.1 {'.' * 60} nobody is {address} here")]) as server:
            answer = send_to(server).answer
        assert "[address]" in answer
        assert not re.search("ice|example|neill", answer, re.IGNORECASE)

    def test_an_address_at_the_cut_is_hidden_too(self) -> None:
        with SmtpServer([Fault("rcpt", f"550 {'.' * 295} alice@example.org")]) as server:
            assert send_to(server).answer == f"{'.' * 295} [add"

    def test_words_that_are_no_text_do_no_harm(self) -> None:
        assert mail.clean_words(b"5.7.1 caf\xe9 \xff\x00") == "5.7.1 caf\ufffd \ufffd"

    def test_words_made_to_be_slow_are_read_quickly(self) -> None:
        started = time.monotonic()
        mail.clean_words("a" * 60_000)
        assert time.monotonic() - started < 2


INJECTIONS = [
    "\n",
    "\r",
    "\r\n",
    "trailing\n",
    "trailing\r\n",
    "\nleading",
    "Hi\nBcc: eve@example.net",
    "Hi\rBcc: eve@example.net",
    "Hi\r\nBcc: eve@example.net",
    "Hi\r\n Bcc: eve@example.net",
    "Hi\r\n\tBcc: eve@example.net",
    "Hi\n\nA body",
    "Hi\r\n\r\nA body",
    "Hi\r\n.\r\nMAIL FROM:<eve@example.net>",
    "Hi\n.\nRCPT TO:<eve@example.net>",
    "Hi\r\n\r\n--boundary\r\nContent-Type: text/html",
    "Hi\nContent-Type: text/html",
    "Hi\nTo: eve@example.net\nCc: eve@example.net",
    "Hi\nSubject: Another",
    "Hi\nMessage-ID: <another@example.net>",
    "a@example.org>\r\nRCPT TO:<eve@example.net",
    "a@example.org\r\nDATA",
    "Hi\x00there",
    "Hi\x0bthere",
    "Hi\x0cthere",
    "Hi\x1cthere",
    "Hi\x1dthere",
    "Hi\x1ethere",
    "Hi\x7fthere",
    "Hi\x85there",
    "Hi\u2028there",
    "Hi\u2029Bcc: eve@example.net",
    "Hi\x1b[2Jthere",
    "Hi\x08\x08there",
    "Hi\udc0athere",
    "Ünï\r\nBcc: eve@example.net",
    "漢字\nBcc: eve@example.net",
    "x" * 90 + "\nBcc: eve@example.net",
]

DISGUISES = [
    "=?utf-8?q?Hi=0D=0ABcc:_eve=40example.net?=",
    "=?utf-8?b?SGkNCkJjYzogZXZlQGV4YW1wbGUubmV0?=",
    "=?utf-8?q?Hi=0ABcc:?= =?utf-8?q?_eve=40example.net?=",
    "eve@example.net",
    "Eve <eve@example.net>",
    "Eve <eve@example.net>, North",
    '"Eve" <eve@example.net>',
    "North, South, East and West, the agencies of four towns and of the villages that lie in between them",
    "North; South: East <West>",
    'a "quoted" \\ name',
    "(a comment) North",
    "Beratungsstelle für Kinder, Jugendliche und Eltern <eve@example.net>, Außenstelle Süd",
    "相談窓口、<eve@example.net>、" * 6,
    "مركز الإرشاد",
    "👩‍👩‍👧 Families " * 8,
    "x" * 300,
    "two  spaces and a tab\there",
    " leading and trailing ",
]


class TestComposing:
    @pytest.mark.parametrize("payload", INJECTIONS, ids=ascii)
    def test_a_line_break_in_a_header_is_refused(self, payload: str) -> None:
        fields = ("sender", "sender_name", "recipient", "subject", "message_id")
        attempts = [{field: payload} for field in fields]
        attempts += [{"sender": f"a{payload}@example.org"}, {"recipient": f"alice@example.org{payload}"}]
        attempts += [{"message_id": f"<a{payload}@example.org>"}]
        for extra in ({"X-Kind": payload}, {payload: "value"}, {f"X-{payload}": "value"}):
            attempts.append({"extra": extra})  # type: ignore[dict-item]
        for attempt in attempts:
            with pytest.raises(ValueError, match=r"\w"):
                letter(**attempt)

    @pytest.mark.parametrize("disguise", DISGUISES, ids=ascii)
    def test_a_name_or_subject_in_disguise_stays_a_name_or_subject(self, disguise: str) -> None:
        with SmtpServer() as server:
            assert send_to(server, letter(sender_name=disguise, subject=disguise)).verdict == Verdict.ACCEPTED
        (received,) = server.accepted
        assert (received.sender, received.recipients) == ("portal@example.org", (ALICE,))
        headers = header_lines(received.content)
        assert sorted(headers) == [
            "auto-submitted",
            "content-type",
            "date",
            "from",
            "message-id",
            "mime-version",
            "subject",
            "to",
        ]
        assert str(make_header(decode_header(headers["subject"]))) == disguise
        assert [each.addr_spec for each in received.message["From"].addresses] == ["portal@example.org"]
        name = str(make_header(decode_header(headers["from"]))).removesuffix("<portal@example.org>")
        assert name.strip() == disguise.strip()

    @pytest.mark.parametrize("language", ["plain", "عربي", "ä" * 400, "x" * 5_000, "word " * 400])
    def test_every_line_is_short_ascii_and_ends_properly(self, language: str) -> None:
        message = letter(subject=language.strip(), sender_name=language.strip()[:200], text=language, html=language)
        with SmtpServer() as server:
            assert send_to(server, message).verdict == Verdict.ACCEPTED
        content = server.accepted[0].content
        assert content.isascii()
        assert max(map(len, content.split(b"\r\n"))) <= 78
        assert b"\r" not in content.replace(b"\r\n", b"")
        assert b"\n" not in content.replace(b"\r\n", b"")

    def test_a_mail_says_who_when_and_that_a_machine_wrote_it(self) -> None:
        date = datetime(2026, 11, 24, 14, 30, tzinfo=timezone(timedelta(hours=2)))
        message = letter(sender_name="Süd", date=date, extra={"List-Unsubscribe": "<https://portal.example.org/u>"})
        assert message["From"].addresses[0].display_name == "Süd"
        assert message["To"] == ALICE
        assert message["Date"].datetime == date
        assert message["Message-ID"] == "<0123456789abcdef@portal.example.org>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Unsubscribe"] == "<https://portal.example.org/u>"

    def test_a_mail_without_a_name_is_from_the_address_alone(self) -> None:
        assert letter(sender_name="")["From"] == "portal@example.org"

    def test_the_text_comes_first_and_the_html_is_the_alternative(self) -> None:
        message = letter(text="Grüße\n", html="<p>Grüße</p>\n")
        assert message.get_content_type() == "multipart/alternative"
        kinds = [(part.get_content_type(), part.get_content()) for part in message.iter_parts()]
        assert kinds == [("text/plain", "Grüße\n"), ("text/html", "<p>Grüße</p>\n")]

    def test_long_machine_headers_arrive_unbroken(self) -> None:
        message_id = f"<{'0123456789abcdef' * 4}@portal.of.a.rather.long.domain.example.org>"
        link = f"<https://portal.example.org/{'a' * 300}>"
        with SmtpServer() as server:
            send_to(server, letter(message_id=message_id, extra={"List-Unsubscribe": link}))
        headers = server.accepted[0].content
        assert f"\r\nMessage-ID: {message_id}\r\n".encode() in headers
        assert f"\r\nList-Unsubscribe: {link}\r\n".encode() in headers

    def test_every_attempt_carries_the_same_message_id(self) -> None:
        with SmtpServer(["accept_then_drop", "ok"]) as server, mail_to(server) as way:
            for _ in range(2):
                way.send(letter(), ALICE)
        assert {received.message["Message-ID"] for received in server.accepted} == {
            "<0123456789abcdef@portal.example.org>"
        }
        assert len(server.accepted) == 2

    @pytest.mark.parametrize(
        "text", [".\n", "..\n", "a\n.\nb\n", ".hidden\n", "a\r\n.\r\nQUIT\r\n", "\r.\r\n", "no line break at all"]
    )
    def test_a_text_with_dots_arrives_whole(self, text: str) -> None:
        with SmtpServer() as server, mail_to(server) as way:
            assert way.send(letter(text=text), ALICE).verdict == Verdict.ACCEPTED
            assert way.send(letter(), BOB).verdict == Verdict.ACCEPTED
        plain = server.accepted[0].message.get_body(("plain",))
        assert plain is not None
        assert plain.get_content().splitlines() == text.splitlines()
        assert len(server.accepted) == 2

    @pytest.mark.parametrize("body", [b"a\n.\nb", b"a\r.\rb", b"a\r\n.\nb", b"a\n.\r\nb", b"a\r.\r\nb"])
    def test_a_message_made_elsewhere_cannot_smuggle_a_second_one(self, body: bytes) -> None:
        message = email.message_from_bytes(b"From: portal@example.org\r\n\r\n" + body, policy=email.policy.default)
        with SmtpServer() as server:
            assert send_to(server, message).verdict == Verdict.ACCEPTED
        assert [each.content.splitlines()[-3:] for each in server.accepted] == [[b"a", b".", b"b"]]

    def test_a_message_made_elsewhere_in_eight_bits_leaves_in_seven(self) -> None:
        message = EmailMessage()
        message["From"] = "portal@example.org"
        message.set_content("Grüße\n", cte="8bit")
        with SmtpServer() as server:
            assert send_to(server, message).verdict == Verdict.ACCEPTED
        assert server.accepted[0].content.isascii()
        assert server.accepted[0].message.get_content() == "Grüße\n"

    @pytest.mark.parametrize("address", ["jürgen@example.org", "用户@example.org"])
    def test_an_address_with_foreign_letters_before_the_at_is_refused_with_the_reason(self, address: str) -> None:
        with pytest.raises(ValueError, match="not supported"):
            letter(recipient=address)
        with pytest.raises(ValueError, match="not supported"):
            letter(sender=address)

    @pytest.mark.parametrize(
        ("address", "wire"),
        [
            ("alice@bücher.example", "alice@xn--bcher-kva.example"),
            ("alice@straße.example", "alice@xn--strae-oqa.example"),
            ("o'brien+x=y/z@example.org", "o'brien+x=y/z@example.org"),
            ("alice@localhost", "alice@localhost"),
        ],
    )
    def test_an_address_goes_to_the_domain_that_it_names(self, address: str, wire: str) -> None:
        with SmtpServer() as server, mail_to(server) as way:
            assert way.send(letter(recipient=address), address).verdict == Verdict.ACCEPTED
        assert server.accepted[0].recipients == (wire,)
        assert server.accepted[0].message["To"] == wire

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "alice",
            "@example.org",
            "alice@",
            "alice@@example.org",
            "a b@example.org",
            "alice@exam ple.org",
            "alice@example..org",
            "alice@-example.org",
            ".alice@example.org",
            "Alice <alice@example.org>",
            "alice@example.org, bob@example.org",
            "alice@example.org> SIZE=1",
            '"alice smith"@example.org',
            "alice@[127.0.0.1]",
            f"{'a' * 65}@example.org",
            f"alice@{'a' * 64}.org",
        ],
    )
    def test_what_is_not_one_plain_address_is_refused_before_anything_is_sent(self, address: str) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            letter(recipient=address)
        with SmtpServer() as server, mail_to(server) as way:
            with pytest.raises(ValueError, match=r"\w"):
                way.send(letter(), address)
            assert server.connections == 0

    @pytest.mark.parametrize("sender", [None, "a@example.org, b@example.org"])
    def test_a_mail_that_is_from_nobody_or_two_is_not_sent(self, sender: str | None) -> None:
        message = EmailMessage()
        if sender:
            message["From"] = sender
        with SmtpServer() as server, mail_to(server) as way:
            with pytest.raises(ValueError, match="from one address"):
                way.send(message, ALICE)
            assert server.connections == 0

    def test_a_date_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            letter(date=datetime(2026, 11, 24))

    @pytest.mark.parametrize("message_id", ["", "a@b", "<a>", "<a@b", "<a@b> <c@d>", "<a@b@c>", "<ä@b>"])
    def test_a_message_id_that_is_none_is_refused(self, message_id: str) -> None:
        with pytest.raises(ValueError, match="Message-ID"):
            letter(message_id=message_id)

    @pytest.mark.parametrize(
        "name", ["To", "from", "SUBJECT", "message-id", "Content-Type", "mime-version", "", "X Y", "X:"]
    )
    def test_a_further_header_cannot_take_the_place_of_another(self, name: str) -> None:
        with pytest.raises(ValueError, match="further header"):
            letter(extra={name: "value"})

    @pytest.mark.parametrize("value", ["Grüße", "x" * 1_000, "=?utf-8?q?x?="])
    def test_a_further_header_that_would_have_to_be_encoded_is_refused(self, value: str) -> None:
        with pytest.raises(ValueError, match="X-Kind"):
            letter(extra={"X-Kind": value})


class TestTheMailboxOfADeveloper:
    @pytest.fixture
    def mailbox(self, tmp_path: Path) -> Iterator[MailboxMail]:
        with MailboxMail(tmp_path / "not" / "there" / "yet") as mailbox:
            yield mailbox

    def test_a_mail_is_kept_as_a_file_that_only_this_user_may_read(self, mailbox: MailboxMail, tmp_path: Path) -> None:
        way: Mail = mailbox
        assert way.send(letter(subject="Grüße"), ALICE).verdict == Verdict.ACCEPTED
        (path,) = (tmp_path / "not" / "there" / "yet").iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        ((name, message),) = mailbox.messages()
        assert name == path.name
        assert message["Subject"] == "Grüße"
        found = mailbox.message(name)
        assert found is not None
        assert found["Message-ID"] == "<0123456789abcdef@portal.example.org>"

    def test_the_newest_mail_comes_first(self, mailbox: MailboxMail) -> None:
        for number in range(5):
            mailbox.send(letter(subject=f"Number {number}"), ALICE)
        assert [str(message["Subject"])[-1] for _, message in mailbox.messages()] == ["4", "3", "2", "1", "0"]

    def test_a_mailbox_that_nobody_wrote_to_is_empty(self, mailbox: MailboxMail) -> None:
        assert mailbox.messages() == []

    def test_a_mail_to_no_address_is_refused_as_a_server_would(self, mailbox: MailboxMail) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            mailbox.send(letter(), "nobody")
        assert mailbox.messages() == []

    def test_a_mailbox_that_cannot_be_written_is_a_server_that_is_down(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        assert MailboxMail(tmp_path / "file").send(letter(), ALICE).verdict == Verdict.SERVER_DOWN

    def test_a_mail_that_cannot_be_written_whole_leaves_nothing_behind(
        self, mailbox: MailboxMail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        outcome = mailbox.send(letter(), ALICE)
        assert outcome == Outcome(Verdict.SERVER_DOWN, None, "No space left on device", False)
        assert list((tmp_path / "not" / "there" / "yet").iterdir()) == []

    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "..",
            "secret.eml",
            "../secret.eml",
            "../20261124T143000.000000000Z-0123456789abcdef.eml",
            "..%2f20261124T143000.000000000Z-0123456789abcdef.eml",
            "..\\20261124T143000.000000000Z-0123456789abcdef.eml",
            "/20261124T143000.000000000Z-0123456789abcdef.eml",
            "20261124T143000.000000000Z-0123456789abcdef.eml\n",
            "20261124T143000.000000000Z-0123456789abcdef.eml\x00",
            "20261124T143000.000000000Z-0123456789abcdef.eml/../../secret.eml",
            "20261124T143000.000000000Z-0123456789ABCDEF.eml",
            "\u0662\u0660\u0662\u0666\u0661\u0661\u0662\u0664T143000.000000000Z-0123456789abcdef.eml",
            ".20261124T143000.000000000Z-0123456789abcdef.eml.part",
        ],
        ids=ascii,
    )
    def test_a_name_that_was_never_given_out_opens_no_file(self, name: str, tmp_path: Path) -> None:
        folder = tmp_path / "mailbox"
        folder.mkdir()
        good = "20261124T143000.000000000Z-0123456789abcdef.eml"
        for secret in (tmp_path / "secret.eml", tmp_path / good, folder / "secret.eml", folder / f".{good}.part"):
            secret.write_text("Subject: secret\n\n")
        mailbox = MailboxMail(folder)
        assert mailbox.message(name) is None
        assert mailbox.message(good) is None
        assert mailbox.messages() == []


def assert_nothing_was_given_away(server: SmtpServer) -> None:
    """The server heard no more than who was calling, and was told no password, address or text."""
    assert server.accepted == []
    for word in (b"auth", b"mail from", b"secret", b"c2VjcmV0", b"alice", b"Sign in"):
        assert word.lower() not in bytes(server.heard).lower()


def header_lines(content: bytes) -> dict[str, str]:
    """The headers of a message by name, unfolded and not decoded, each of which may come only once."""
    head = content.split(b"\r\n\r\n", 1)[0].decode("ascii")
    pairs = [line.split(": ", 1) for line in re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")]
    headers = {name.lower(): value for name, value in pairs}
    assert len(headers) == len(pairs)
    return headers
