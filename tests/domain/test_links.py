"""Rights that travel by e-mail: signed, bound to a stored nonce, each purpose for itself (T4, T6)."""

import datetime as dt

import pytest

import models
from domain import clock, links, store
from domain.rules import NotFound
from models import Link, LinkOpening

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


@pytest.fixture
def link(cast):
    return cast.invited()


def test_a_token_leads_to_its_link(link):
    assert links.find("activation", links.token(link)) == link
    assert links.token(Link.get_by_id(link.id)) == links.token(link)


def test_a_token_changed_at_any_place_leads_nowhere(link):
    token = links.token(link)
    for place, letter in enumerate(token):
        others = ALPHABET if place in (0, len(token) - 1) else ALPHABET[place % 60 : place % 60 + 3] + "\n%"
        for other in others.replace(letter, ""):
            with pytest.raises(NotFound):
                links.find("activation", token[:place] + other + token[place + 1 :])


def test_a_token_with_something_cut_off_added_or_doubled_leads_nowhere(link):
    token = links.token(link)
    variants = [token[:cut] for cut in range(len(token))] + [token + end for end in ("=", ".", "A", "\n", " ")]
    for variant in [*variants, token + token, " " + token, token.upper(), token.encode().hex()]:
        with pytest.raises(NotFound):
            links.find("activation", variant)


@pytest.mark.parametrize("purpose", [purpose for purpose in models.LINK_PURPOSES if purpose != "activation"])
def test_a_token_serves_its_own_purpose_only(link, purpose):
    with pytest.raises(NotFound):
        links.find(purpose, links.token(link))


def test_a_row_moved_to_another_purpose_does_not_take_the_old_token_along(link):
    with store.writing():
        Link.update(purpose="password_reset").where(Link.id == link.id).execute()
    for purpose in ("activation", "password_reset"):
        with pytest.raises(NotFound):
            links.find(purpose, links.token(link))


def test_ones_own_link_with_anothers_name_leads_nowhere(cast, link):
    other = cast.invited(cast.person())
    mixed = links._signer("activation").sign(f"{link.public_id}{other.nonce}".encode()).decode()
    with pytest.raises(NotFound):
        links.find("activation", mixed)


def test_without_the_installations_key_a_stolen_table_opens_nothing(link):
    true = links.token(link)
    links.use_key("somebody guessed this key")
    forged = links.token(link)
    links.use_key("a key that only the tests have, and long enough for anybody")
    assert links.find("activation", true) == link
    with pytest.raises(NotFound):
        links.find("activation", forged)


def test_the_table_does_not_hold_what_the_address_carries(link):
    token = links.token(link)
    kept = " ".join(str(value) for value in Link.select().where(Link.id == link.id).dicts().get().values())
    assert token not in kept
    assert token.rpartition(".")[2] not in kept


def test_a_link_is_good_until_its_time_is_over(link, frozen):
    frozen(link.expires_at - dt.timedelta(seconds=1))
    assert links.is_good(link)
    frozen.shift(seconds=1)
    assert not links.is_good(link)
    assert not links.use(link)


def test_a_link_is_used_once(link):
    assert [links.use(link), links.use(link)] == [True, False]
    assert not links.is_good(Link.get_by_id(link.id))


def test_of_twenty_at_once_exactly_one_uses_it(link, at_once):
    assert sorted(at_once([lambda: links.use(link)] * 20)) == [False] * 19 + [True]


def test_a_fresh_link_replaces_the_earlier_ones_of_the_same_person_and_purpose_only(cast, link):
    worker, bob = cast.dora, cast.bob_account
    later = clock.ahead(hours=1)
    others = [
        links.make("password_reset", later, account=link.account),
        links.make("activation", later, account=bob),
        links.make("password_reset", later, worker=worker),
        links.make("password_reset", later, account=bob),
    ]
    fresh = links.make("activation", later, account=link.account)
    assert not links.is_good(Link.get_by_id(link.id))
    assert not links.use(link)
    assert all(links.is_good(Link.get_by_id(each.id)) for each in (*others, fresh))


def test_voiding_leaves_a_used_link_as_it_was(link):
    links.use(link)
    links.void("activation", account=link.account)
    assert Link.get_by_id(link.id).voided_at is None


def test_opening_is_noted_and_nothing_else(link):
    before = Link.select().where(Link.id == link.id).dicts().get()
    links.opened(link, network="2001:db8::1" * 9, agent="x" * 500)
    assert Link.select().where(Link.id == link.id).dicts().get() == before
    opening = LinkOpening.get(LinkOpening.link == link)
    assert (len(opening.network), len(opening.agent)) == (45, 200)


def test_a_proof_serves_the_browser_that_gave_it_for_half_an_hour(link, frozen):
    frozen()
    assert not links.is_proved(link, "")
    proof = links.give_proof(link)
    link = Link.get_by_id(link.id)
    assert links.is_proved(link, proof)
    assert not links.is_proved(link, proof[:-1])
    assert proof not in str(Link.select().where(Link.id == link.id).dicts().get())
    frozen.shift(minutes=30)
    assert links.is_proved(link, proof)
    frozen.shift(seconds=1)
    assert not links.is_proved(link, proof)


def test_codes_are_made_from_the_link_and_differ_from_link_to_link(cast, link):
    assert links.digits(link) == links.digits(Link.get_by_id(link.id))
    assert len(links.digits(link)) == 6
    assert links.digits(link).isdigit()
    many = [links.make("mail_test", clock.ahead(hours=1), worker=cast.ada) for _ in range(20)]
    assert len({links.digits(each) for each in many}) > 15
    assert len({links.letters(each) for each in many}) == 20
    assert [len(part) for part in links.letters(link).split("-")] == [4, 4, 4]
