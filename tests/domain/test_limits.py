"""How often something may be tried: exact, whoever asks and however many at once (P6)."""

import pytest

from domain import limits
from models import RateCount


def spend(who="pia", most=3, seconds=60, what="guess"):
    return limits.spend(what, who, most=most, seconds=seconds)


def test_exactly_so_many_are_let_through(db, frozen):
    frozen()
    assert [spend() for _ in range(6)] == [True, True, True, False, False, False]


def test_each_person_and_each_thing_is_counted_alone(db, frozen):
    frozen()
    assert [spend() for _ in range(4)] == [True, True, True, False]
    assert spend(who="bob")
    assert spend(what="sign in")


def test_a_new_window_starts_again(db, frozen):
    frozen("2026-06-01 09:00:00")
    assert [spend() for _ in range(4)] == [True, True, True, False]
    frozen.shift(seconds=59)
    assert not spend()
    frozen.shift(seconds=1)
    assert spend()


@pytest.mark.parametrize("seconds", [60, 3600, 86_400])
def test_a_window_is_as_long_as_was_asked(db, frozen, seconds):
    frozen("2026-06-01 00:00:00")
    assert spend(most=1, seconds=seconds)
    frozen.shift(seconds=seconds - 1)
    assert not spend(most=1, seconds=seconds)
    frozen.shift(seconds=1)
    assert spend(most=1, seconds=seconds)


def test_refused_tries_do_not_lengthen_the_wait(db, frozen):
    frozen("2026-06-01 09:00:00")
    for _ in range(50):
        spend()
    assert RateCount.get().count == 3


def test_what_turned_out_right_is_given_back(db, frozen):
    frozen()
    assert [spend(), spend(), spend()] == [True, True, True]
    limits.give_back("guess", "pia", seconds=60)
    assert [spend(), spend()] == [True, False]


def test_giving_back_never_makes_more_than_there_were(db, frozen):
    frozen()
    for _ in range(5):
        limits.give_back("guess", "pia", seconds=60)
    spend()
    for _ in range(5):
        limits.give_back("guess", "pia", seconds=60)
    assert [spend() for _ in range(4)] == [True, True, True, False]


def test_nobody_can_be_read_out_of_the_table(db):
    spend(who="pia@example.org")
    row = RateCount.get()
    assert "pia" not in row.key
    limits.use_key("another installation")
    spend(who="pia@example.org")
    assert RateCount.select(RateCount.key).distinct().count() == 2


def test_a_hundred_at_once_are_exactly_so_many(db, frozen, at_once):
    frozen()
    assert sum(at_once([lambda: spend(most=10)] * 100)) == 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:DB8::1", "2001:db8:0:0:0:0:0:2"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_household_is_one_network(one, other):
    assert limits.network_of(one) == limits.network_of(other)


def test_neighbours_are_different_networks_and_what_is_no_address_stands_for_itself():
    addresses = [
        "192.0.2.7", "192.0.2.8", "2001:db8:1:2::1", "2001:db8:1:3::1", "::ffff:192.0.2.9", "::ffff:192.0.2.10", "", "x",
    ]  # fmt: skip
    assert len({limits.network_of(address) for address in addresses}) == len(addresses)


def test_windows_of_over_a_day_ago_are_forgotten_and_newer_ones_kept(db, frozen):
    frozen("2026-06-01 09:00:00")
    spend(seconds=86_400), spend(seconds=60)
    frozen.shift(hours=23)
    assert limits.forget_old() == 1  # the day's window began at midnight
    frozen.shift(hours=2)
    assert limits.forget_old() == 1
    assert RateCount.select().count() == 0
