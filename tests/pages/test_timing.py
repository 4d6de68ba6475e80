"""The time of an answer tells nobody whether an address is known (P26, T7)."""

import math
import statistics
import time

import pytest
from pages.conftest import Browser

PAIRS = 150
MOST_APART = 0.001  # seconds between the medians
CHANCE = 0.001  # a difference as large as this one comes by chance at least so often


def sign_in(browser, address):
    form = browser.open("/sign-in").form("Sign in")
    return form.action, form.filled({"email": address, "password": "eleven wild swans land"}), 422


def forgotten(browser, address):
    form = browser.open("/forgotten-password").form("Send me the link")
    return form.action, form.filled({"email": address}), 303


FLOWS = {"sign in": sign_in, "forgotten password": forgotten}


def seconds(browser, flow, address):
    """How long the answer to one post takes."""
    action, values, status = FLOWS[flow](browser, address)
    began = time.perf_counter()
    answer = browser.send(action, values)
    taken = time.perf_counter() - began
    assert answer.status == status
    return taken


def measure(browser, flow, pairs):
    """Pairs of a known and an unknown address, in turn first and second: the times of each."""
    known, unknown = [], []
    for number in range(pairs):
        both = [(known, "alice@example.org"), (unknown, "alina@example.org")]
        for times, address in both if number % 2 else reversed(both):
            times.append(seconds(browser, flow, address))
    return known, unknown


def chance(some, others):
    """Mann-Whitney, two-sided, by the normal approximation: how often chance alone makes such a difference."""
    by_value = sorted([(value, True) for value in some] + [(value, False) for value in others])
    first = sum(rank for rank, (_, is_one_of_some) in enumerate(by_value, 1) if is_one_of_some)
    n, m = len(some), len(others)
    u = first - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def test_the_comparison_sees_a_difference_and_none():
    even, odd = [number / 1000 for number in range(0, 300, 2)], [number / 1000 for number in range(1, 300, 2)]
    assert chance(even, odd) > 0.5
    assert chance(even, [one + 0.05 for one in odd]) < CHANCE


@pytest.mark.long
@pytest.mark.parametrize("flow", FLOWS)
def test_known_and_unknown_addresses_are_answered_equally_fast(app, cast, decided, flow):
    """150 pairs, interleaved, hashing made cheap for all alike; measured once more when the machine had other things to do."""
    decided(sign_ins_a_minute=1000, resets_an_hour=1000)
    browser = Browser(app)
    browser.lints = False
    measure(browser, flow, 5)
    for _ in range(2):
        known, unknown = measure(browser, flow, PAIRS)
        apart, p = abs(statistics.median(known) - statistics.median(unknown)), chance(known, unknown)
        print(f"{flow}: medians {apart * 1000:.3f} ms apart, p = {p:.4f}")
        if apart < MOST_APART and p > CHANCE:
            return
    pytest.fail(f"{flow}: medians {apart * 1000:.3f} ms apart, p = {p:.6f}")
