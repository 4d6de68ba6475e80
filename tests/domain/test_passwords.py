"""Passwords: what may be chosen, and that keeping and comparing them tells nobody anything (spec 01, NIST 800-63B)."""

import contextlib
import os
import random
import statistics
import string
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
        "seven brave geese fly",
        "Quatre oies braves volent",
        "cuatro gansos que vuelan",
        "أربع إوزات تطير عاليا",
        "my dog is brown",
        "tropical-fish-7",
        "greenelephant42",
        "Sunflower1985Kitty",
        "NovaScotia2024",
        "x9!kLq2#vTz8",
        "summer-91!83/27&64",
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


COMMON = [
    "password1234", "qwertyuiop12", "123456789012", "letmeinplease", "iloveyou2026", "aaaaaaaaaaaa", "monkeymonkey",
    # a word that many use, with a year and signs
    "Password2024!", "P@ssw0rd2025!", "Summer2024!!!", "$ummer2024!!!", "!!!Summer2024", "2024Summer!!", "Winter2026!!", "Autumn2026!!!",
    "January2025!", "Monday2024!!", "Halifax2024!", "Canada2024!!", "Welcome@12345", "Admin@2024!!", "Mittens2019!", "Passwort2024!",
    # six letters that nobody knows, with digits that everybody knows
    "mynoob123456", "Kapler123456",
    # keys in a row
    "zaq12wsxcde3", "1qaz!QAZ2wsx", "!QAZ2wsx#EDC", "1q2w3e4r5t6y", "qweASDzxc!@#", "1234!@#$qwer", "asdf!@#$1234", "Abc123456789!",
    # what everybody has heard
    "correcthorsebatterystaple", "Correct Horse Battery Staple", "correct-horse-battery-staple-1", "thisisapassword", "maytheforcebewithyou",
    "theworldinyourhand", "contraseña123", "motdepasse2024", "كلمة السر 1234", "بسم الله 786",
]  # fmt: skip


@pytest.mark.parametrize("password", COMMON)
def test_what_many_people_use_is_refused(db, password):
    refused = refusal(password)
    assert (refused.code, str(refused)) == ("too_common", "This password is easy to guess. Choose another one.")


@pytest.mark.parametrize("words", [3, 4])
def test_words_that_have_nothing_to_do_with_each_other_may_be_chosen(db, words):
    dice = random.Random(7)
    known = ["river", "lamp", "tiger", "bread", "seven", "cloud", "winter", "green", "happy", "stone", "letter", "coffee", "monday", "horse"]
    for _ in range(60):
        passwords.check(" ".join(dice.sample(known, words)), near=NEAR)


@pytest.mark.parametrize("signs", [string.ascii_lowercase, string.ascii_letters + string.digits, string.ascii_letters + "0123456789!@#$%-_"])
def test_what_a_machine_makes_of_twelve_signs_may_be_chosen(db, signs):
    dice = random.Random(7)
    for _ in range(60):
        passwords.check("".join(dice.choice(signs) for _ in range(12)), near=NEAR)


@pytest.mark.parametrize("password", [*COMMON, "seven brave geese fly", "greenelephant42", "x9!kLq2#vTz8", "tropical-fish-7", "eleven chrs"])
def test_the_hint_calls_good_what_may_be_chosen_and_nothing_else(db, password):
    try:
        passwords.check(password)
    except RuleBroken as refused:
        assert passwords.strength(password) == (0 if refused.code == "too_short" else 1)
    else:
        assert passwords.strength(password) >= 2


def test_the_hint_tells_good_from_very_good(db):
    assert [passwords.strength(password) for password in ("greenelephant42", "seven brave geese fly")] == [2, 3]


def test_the_longest_and_oddest_is_judged_like_any_other(db):
    for odd in ("ß" * 512, "İ" * 80, "ŉ" * 100 + "9 quiet otters"):
        passwords.strength(odd)
    passwords.check("İstanbul'da sessiz bir sabah vardı ß" * 8, near=NEAR)


@pytest.fixture
def busy():
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_many_at_once_are_each_judged_by_their_own_names(db, at_once, busy):
    names = [f"{first}feather{last}" for first in ("Quill", "Goose", "Swan") for last in ("stone", "brook", "worth")]

    def code(name):
        return [refusal(f"{name}123456", near=(name,)).code for _ in range(20)]

    assert at_once([lambda name=name: code(name) for name in names]) == [["too_near"] * 20] * len(names)


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
        assert 1 <= max(seen) <= 2
    finally:
        passwords.use_cost(time_cost=1, memory_cost=8)
