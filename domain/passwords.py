"""Passwords: argon2id with a bound on how many are hashed at once, and the rules of a new one."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain import settings, store
from domain.rules import N_, RuleBroken
from domain.sayings import SAYINGS

T = TypeVar("T")

LONGEST = 1024  # bytes, spec 01
_BEHIND = 10  # by so much lower is a hash's priority than everything else's
_LOOKED_AT = 72  # characters that the estimate looks at: its time grows with the square
_EASY, _GOOD, _VERY_GOOD = 1, 2, 3
_LEAST_SCORE = 3  # of zxcvbn's 4: more than a hundred million guesses; 4 are more than ten thousand million
_LEAST_WORD = 8  # letters of a word that nobody knows, when nothing but digits and signs stands around it
_WITHOUT_SHIFT = str.maketrans("!@#$%^&*()", "1234567890")
_LEAST_OWN = 6  # letters and digits that are left when the reader's names are taken out
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_one_estimate = threading.Lock()  # zxcvbn keeps the names that it is given in one place for all threads


def use_cost(*, time_cost: int, memory_cost: int) -> None:
    """Set the price of a hash (memory in KiB); tests lower it for everyone alike."""
    global _hasher
    _hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=1)
    _decoy.cache_clear()


def hash(password: str) -> str:
    """The argon2id hash to keep.  Slow on purpose: never inside a transaction."""
    store.must_be_idle()
    return _aside(lambda: _hasher.hash(_normal(password)))


def matches(password: str, kept: str | None) -> bool:
    """True when the password is the kept one.  Takes as long when nothing is kept, so that time tells nothing."""
    store.must_be_idle()
    too_long = len(password.encode()) > LONGEST
    try:
        _aside(lambda: _hasher.verify(kept or _decoy(), "" if too_long else _normal(password)))
    except (VerificationError, InvalidHashError):
        return False
    return bool(kept) and not too_long


def _aside(work: Callable[[], T]) -> T:
    """Do ``work``, two at once, in threads that let everybody else go first: no page waits for somebody's hash."""
    return _hashing.submit(work).result()


def _go_behind() -> None:
    if sys.platform == "linux":  # elsewhere it would be the whole process that goes behind
        with contextlib.suppress(OSError):
            mine = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, mine, min(19, os.getpriority(os.PRIO_PROCESS, mine) + _BEHIND))


_hashing = ThreadPoolExecutor(2, "hash", initializer=_go_behind)


def check(password: str, *, near: tuple[str, ...] = ()) -> None:
    """Raise RuleBroken (field ``password``) unless the password may be chosen.

    ``near`` are the reader's own names and address, which a password must not be.
    """
    least = settings.get("password_length")
    normal = _normal(password)
    if len(normal) < least:
        raise _refused(N_("Use at least %(least)s characters."), "too_short", least=least)
    if len(password.encode()) > LONGEST:
        raise _refused(N_("This password is too long."), "too_long")
    own = [part for name in near for part in (name, *_parts(name))]
    level, parts = _judged(normal, own)
    is_near = _without(normal, own) < _LEAST_OWN
    if level > _EASY and not is_near:
        return
    if is_near or any(part.get("dictionary_name") == "user_inputs" for part in parts):
        raise _refused(N_("Do not use your own name or e-mail address."), "too_near")
    raise _refused(N_("This password is easy to guess. Choose another one."), "too_common")


def strength(password: str) -> int:
    """A hint: 0 (too short) and 1 (easy to guess) are refused, 2 (good) and 3 (very good) may be chosen.  It knows no names."""
    normal = _normal(password)
    if len(normal) < settings.get("password_length"):
        return 0
    return _judged(normal)[0]


def _judged(normal: str, own: Sequence[str] = ()) -> tuple[int, list[dict[str, Any]]]:
    """Easy to guess, good or very good, and the parts that the estimate finds in the password.

    What the same keys give without Shift counts, too: nobody who guesses takes "2024!!" for harder than "202411".
    """
    from zxcvbn import zxcvbn  # its words are read when somebody first chooses a password, not at each start

    typed = normal[:_LOOKED_AT]
    keys = typed.casefold().translate(_WITHOUT_SHIFT)[:_LOOKED_AT]
    with _one_estimate:
        first = zxcvbn(typed, user_inputs=own)
        second = zxcvbn(keys, user_inputs=own) if keys != typed else first
    score, parts = min(int(first["score"]), int(second["score"])), list(first["sequence"])
    letters = "".join(filter(str.isalpha, normal.casefold()))
    if score < _LEAST_SCORE or letters in SAYINGS or (score == _LEAST_SCORE and _is_one_word(parts)):
        return _EASY, parts
    return _GOOD if score == _LEAST_SCORE else _VERY_GOOD, parts


def _is_one_word(parts: list[dict[str, Any]]) -> bool:
    """A word that is known, or short, with nothing but digits and signs around it."""
    words = [part for part in parts if any(map(str.isalpha, part["token"]))]
    return len(words) == 1 and (words[0]["pattern"] != "bruteforce" or len(words[0]["token"]) < _LEAST_WORD)


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[^\w]+", name) if len(part) > 2]


def _without(password: str, own: list[str]) -> int:
    left = password.casefold()
    for part in sorted(filter(None, own), key=len, reverse=True):
        left = left.replace(_normal(part).casefold(), "") if len(part) > 2 else left
    return sum(letter.isalnum() for letter in left)


def _refused(message: str, code: str, **fields: Any) -> RuleBroken:
    return RuleBroken(message, code=code, field="password", **fields)


def _normal(password: str) -> str:
    """NFKC, so that the same keys on another phone give the same password (NIST 800-63B)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _decoy() -> str:
    return _hasher.hash("nobody has this password")
