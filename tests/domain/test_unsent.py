"""What was typed when a session had ended: kept for its writer, for an hour, and for nobody else."""

import datetime as dt

import pytest

from domain import accounts, clock, sign_in, unsent
from models import LoginSession, UnsentForm

WORDS = [("body", "I have to tell you something."), ("tick", "a"), ("tick", "b")]
PAGE = "/about-me/"


@pytest.fixture
def ended(cast):
    """The token of a session of Alice."""
    return start(cast.alice_account)


def start(account):
    return sign_in.start(account, None, device_token="", agent="a test", network="192.0.2.1", tell_of_device=False).session_token


def session(token):
    return LoginSession.get(LoginSession.token_hash == sign_in.digest(token))


def test_the_same_account_gets_every_word_in_its_order(cast, ended):
    assert unsent.keep(ended, PAGE, WORDS)
    fresh = session(start(cast.alice_account))
    assert unsent.show(unsent.claim(ended, fresh), PAGE, fresh) == WORDS


def test_another_account_gets_nothing_and_erases_it(cast, ended):
    unsent.keep(ended, PAGE, WORDS)
    bobs = session(start(cast.bob_account))
    assert unsent.claim(ended, bobs) == ""
    assert UnsentForm.select().count() == 0


def test_whoever_knows_the_name_but_is_somebody_else_sees_nothing(cast, ended):
    unsent.keep(ended, PAGE, WORDS)
    assert unsent.show(sign_in.digest(ended), PAGE, session(start(cast.bob_account))) is None
    assert unsent.show(sign_in.digest(ended), "/", session(ended)) is None


def test_a_token_that_nobody_has_keeps_nothing(cast):
    assert not unsent.was_somebodys("nobody")
    assert not unsent.keep("nobody", PAGE, WORDS)


def test_what_is_too_long_too_much_or_nothing_is_not_kept(ended):
    assert not unsent.keep(ended, PAGE, [])
    assert not unsent.keep(ended, PAGE, [("body", "x" * unsent.MOST)])
    kept = [unsent.keep(ended, f"/{number}", WORDS) for number in range(unsent.MOST_FORMS + 2)]
    assert kept == [True] * unsent.MOST_FORMS + [False] * 2
    assert unsent.keep(ended, "/0", [("body", "newer")])
    assert UnsentForm.select().count() == unsent.MOST_FORMS


def test_what_was_set_aside_before_the_session_ended_takes_no_room_of_what_is_sent_after_it(ended):
    for number in range(unsent.MOST_FORMS + 1):
        assert unsent.set_aside(sign_in.digest(ended), f"/{number}", WORDS, session(ended))
    kept = [unsent.keep(ended, f"/sent/{number}", WORDS) for number in range(unsent.MOST_FORMS + 1)]
    assert kept == [True] * unsent.MOST_FORMS + [False]


def test_it_waits_until_the_form_with_its_fields_is_sent(cast, ended):
    unsent.keep(ended, PAGE, WORDS)
    reader, name = session(ended), sign_in.digest(ended)
    for _ in range(3):
        assert unsent.show(name, PAGE, reader) == WORDS
    unsent.sent(name, "/", ["body", "tick"], reader)
    unsent.sent(name, PAGE, ["body"], reader)
    unsent.sent(name, PAGE, ["body", "tick"], session(start(cast.bob_account)))
    assert unsent.show(name, PAGE, reader) == WORDS
    unsent.sent(name, PAGE, ["body", "tick", "form_id"], reader)
    assert unsent.show(name, PAGE, reader) is None
    assert not UnsentForm.select().exists()


def test_after_an_hour_it_is_gone(ended, frozen, decided):
    frozen()
    unsent.keep(ended, PAGE, WORDS)
    frozen.shift(minutes=59)
    assert unsent.forget_old() == 0
    frozen.shift(minutes=2)
    assert unsent.show(sign_in.digest(ended), PAGE, session(ended)) is None
    assert unsent.forget_old() == 1
    unsent.keep(ended, PAGE, WORDS)
    decided(unsent_minutes=5)
    frozen.shift(minutes=6)
    assert unsent.forget_old() == 1


def test_a_session_that_is_revoked_is_nobodys(cast, ended):
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert not unsent.was_somebodys(ended)


def test_staying_moves_the_clock_of_a_living_session_only(cast, ended, frozen):
    frozen()
    alices = session(ended)
    sign_in.stay(alices)
    assert sign_in.seconds_left(session(ended)) == 1800
    frozen.shift(seconds=30)
    assert sign_in.seconds_left(session(ended)) == 1770
    sign_in.sign_out(alices, cast.by("alice"))
    sign_in.stay(alices)
    assert LoginSession.select().count() == 0
    assert clock.now().tzinfo == dt.UTC
