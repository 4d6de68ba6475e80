"""Passwords: what may be chosen, and that keeping and comparing them tells nobody anything (spec 01, NIST 800-63B)."""

import contextlib
import os
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from domain import passwords, store
from domain.rules import RuleBroken

NEAR = ("Pia", "Pell", "", "Pia Pell", "PiaPell", "pia.pell@example.org")


def refusal(password, near=NEAR):
    with pytest.raises(RuleBroken) as refused:
        passwords.check(password, near=near)
    assert refused.value.field == "password"
    return refused.value


@pytest.mark.parametrize(
    "password",
    [
        "seven blue herons wade",
        "x9!kLq2#vTz8",
        "мій тихий берег 7",
        "静かな川のほとりで釣りをする",
        "🦦🦦 swim in the quiet 🦦",
        "a" * 3 + " lighthouse keeps " + "é" * 400,
        "  two spaces at both ends  ",
    ],
)
def test_a_long_password_of_any_characters_may_be_chosen(db, password):
    passwords.check(password, near=NEAR)
    assert passwords.matches(password, passwords.hash(password))


def test_eleven_characters_are_too_few_and_twelve_are_enough(db):
    short = refusal("x9!kLq2#vTz")
    assert (short.code, str(short)) == ("too_short", "Use at least 12 characters.")
    passwords.check("x9!kLq2#vTz8", near=NEAR)


def test_the_agency_may_ask_for_more(db, decided):
    decided(password_length=16)
    assert refusal("x9!kLq2#vTz8abc").fields == {"least": 16}
    passwords.check("x9!kLq2#vTz8abcd", near=NEAR)


def test_the_agency_cannot_ask_for_less_than_twelve(db, decided):
    with pytest.raises(RuleBroken):
        decided(password_length=11)


def test_characters_are_counted_not_bytes(db):
    assert refusal("🦦🐟🌊🪨🌲🌙🔥🍞🧭🪵🪶").code == "too_short"


def test_1024_bytes_are_the_most(db):
    longest = ("the tide comes in and the tide goes out; " * 30)[:1024]
    passwords.check(longest, near=NEAR)
    assert refusal(longest + "x").code == "too_long"
    assert refusal("ø" * 513).code == "too_long"


@pytest.mark.parametrize(
    "password",
    ["password1234", "qwertyuiop12", "123456789012", "letmeinplease", "iloveyou2026", "aaaaaaaaaaaa", "monkeymonkey"],
)
def test_what_many_people_use_is_refused(db, password):
    assert refusal(password).code == "too_common"


@pytest.mark.parametrize(
    "password",
    [
        "pia.pell@example.org",
        "PIA.PELL@EXAMPLE.ORG",
        "piapell12345",
        "Pia Pell 1234",
        "PellPellPell",
        "Pia.Pell.Pia.Pell",
        "ｐｉａ ｐｅｌｌ 2026",
    ],
)
def test_ones_own_name_or_address_is_refused(db, password):
    assert refusal(password).code == "too_near"


def test_a_name_inside_a_longer_thought_is_no_harm(db):
    passwords.check("Pia walks where the river bends", near=NEAR)
    passwords.check("Pia Pell 1234 x!x", near=("Somebody", "Else"))


def test_short_and_empty_names_refuse_nothing(db):
    passwords.check("x9!kLq2#vTz8", near=("", "x", "q2"))


def test_the_same_keys_on_another_phone_give_the_same_password(db):
    kept = passwords.hash("caf\u00e9 with ﬁsh and ①")
    assert passwords.matches("cafe\u0301 with fish and 1", kept)
    assert not passwords.matches("cafe with fish and 1", kept)


def test_nothing_of_the_password_is_trimmed_or_folded(db):
    kept = passwords.hash("Seven Blue Herons ")
    for other in ("Seven Blue Herons", "seven blue herons ", " Seven Blue Herons "):
        assert not passwords.matches(other, kept)


def test_two_people_with_the_same_password_have_different_hashes(db):
    first, second = passwords.hash("seven blue herons"), passwords.hash("seven blue herons")
    assert first != second
    assert first.startswith("$argon2id$")


@pytest.mark.parametrize("kept", [None, "", "not a hash", "$argon2id$broken"])
def test_without_a_hash_no_password_is_right(db, kept):
    assert not passwords.matches("nobody has this password", kept)
    assert not passwords.matches("", kept)


def test_what_is_too_long_never_matches_not_even_the_empty_password(db):
    assert not passwords.matches("x" * 1025, passwords.hash(""))
    assert not passwords.matches("x" * 1025, None)


def test_hashing_and_comparing_never_happen_inside_a_transaction(db):
    kept = passwords.hash("seven blue herons")
    for slow in (lambda: passwords.hash("seven blue herons"), lambda: passwords.matches("seven blue herons", kept)):
        with store.writing(), pytest.raises(store.NotIdle):
            slow()


def test_a_hash_of_another_cost_still_matches(db):
    kept = passwords.hash("seven blue herons")
    passwords.use_cost(time_cost=2, memory_cost=16)
    try:
        assert passwords.matches("seven blue herons", kept)
    finally:
        passwords.use_cost(time_cost=1, memory_cost=8)


# ---------------------------------------------------------------- time


@pytest.fixture
def dear():
    """Hashing costs some milliseconds, as it does in life."""
    passwords.use_cost(time_cost=4, memory_cost=4096)
    yield passwords.hash("seven blue herons wade")
    passwords.use_cost(time_cost=1, memory_cost=8)


def test_comparing_takes_as_long_when_nobody_has_the_address(db, dear):
    """The time of this process alone, so that whatever else the machine does counts for nothing."""

    def cost(kept):
        began = time.process_time()
        assert not passwords.matches("seven blue geese wade", kept)
        return time.process_time() - began

    cost(None)  # what is made for comparing is made once
    pairs = [(cost(dear), cost(None)) for _ in range(9)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert known / 2 < unknown < known * 2


def standing_back():
    """How many threads of this process let the others go first (proc(5): field 19 is the niceness)."""
    nice = Counter()
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            nice[int((thread / "stat").read_text().rpartition(")")[2].split()[16])] += 1
    return sum(number for level, number in nice.items() if level >= os.nice(0) + 10)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system cannot put one thread behind the others")
def test_a_hash_lets_everybody_else_go_first_and_no_more_than_two_are_made_at_once(db, at_once):
    passwords.use_cost(time_cost=50, memory_cost=1024)
    try:
        over, seen = threading.Event(), []

        def look():
            while not over.is_set():
                seen.append(standing_back())

        watch = threading.Thread(target=look)
        watch.start()
        at_once([lambda: passwords.hash("seven blue herons wade")] * 6)
        over.set()
        watch.join()
        assert 1 <= max(seen) <= 3  # two, and one that is just ending
        assert standing_back() == 0
    finally:
        passwords.use_cost(time_cost=1, memory_cost=8)
