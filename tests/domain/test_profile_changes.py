"""What clients change of their own record, and what a worker accepts or declines (spec 06, About Me)."""

import dataclasses
import datetime as dt
import itertools
import json

import pytest
from peewee import IntegrityError

from domain import audit, profile, profile_changes, store, work_queue
from domain.profile import Reach
from domain.rules import NotFound, RuleBroken
from domain.viewer import ClientViewer
from models import AuditEntry, Contact, ProfileChange, Task

NAMES = {"preferred_name": "Lis", "pronouns": "she/her", "gender": ""}
GROUPS = ("names", "legal", "contacts", "emergency")


def allow(decided, mode, *groups):
    decided(**{f"about_me_{group}": mode for group in groups or GROUPS})


def ask(cast, typed=NAMES, group="names"):
    return profile_changes.ask_details(cast.alice, group, typed, cast.by("alice"))


def ask_contact(cast, value="902 555 0134", kind="mobile", contact=None, **more):
    reach = Reach(kind, value, **more)
    return profile_changes.ask_contact(cast.alice, contact, reach, cast.by("alice"), country="CA")


def accept(change, cast, version=None):
    version = profile_changes.seen_version(change) if version is None else version
    profile_changes.accept(change, cast.by("ines"), version=version, country="CA")


def code_of(call, *rest, **more):
    with pytest.raises(RuleBroken) as refused:
        call(*rest, **more)
    return refused.value.code


def mobile(cast):
    return profile.add_contact(cast.alice, Reach("mobile", "902 555 0100", is_main=True), cast.by("ines"), country="CA")


# ---------------------------------------------------------------- what is allowed


def test_a_new_agency_lets_nobody_change_anything(cast):
    assert {profile_changes.mode(group) for group in GROUPS} == {"off"}
    assert profile_changes.open_kinds() == ()
    assert code_of(ask, cast) == "off"
    assert code_of(ask_contact, cast) == "off"


def test_a_legal_name_is_never_changed_at_once(decided):
    with pytest.raises(RuleBroken):
        decided(about_me_legal="at_once")


def test_each_group_has_its_own_mode(cast, decided):
    allow(decided, "at_once", "emergency")
    assert profile_changes.open_kinds() == ("emergency",)
    assert code_of(ask_contact, cast) == "off"
    assert ask_contact(cast, kind="emergency", person="Sam's aunt") is True
    assert cast.alice.contacts.where(Contact.kind == "emergency").get().person == "Sam's aunt"


# ---------------------------------------------------------------- at once


def test_at_once_means_at_once_and_both_values_are_kept(cast, decided):
    allow(decided, "at_once", "names")
    assert ask(cast) is True
    assert (cast.alice.preferred_name, cast.alice.pronouns) == ("Lis", "she/her")
    entry = AuditEntry.select().where(AuditEntry.kind == "individual.changed").get()
    assert (entry.actor_kind, entry.account) == ("client", cast.alice_account)
    assert audit.values_of(entry)["before"]["preferred_name"] == ""
    assert not Task.select().exists()


def test_a_contact_is_changed_at_once_and_the_old_number_is_in_the_record(cast, decided):
    contact = mobile(cast)
    allow(decided, "at_once", "contacts")
    assert ask_contact(cast, "902 555 0199", contact=contact, is_main=True) is True
    assert cast.alice.contacts.where(Contact.kind == "mobile").get().value == "+19025550199"
    values = audit.values_of(AuditEntry.select().where(AuditEntry.kind == "contact.changed").get())
    assert (values["before"]["value"], values["after"]["value"]) == ("+19025550100", "+19025550199")


def test_what_no_longer_reaches_somebody_is_kept_but_not_used(cast, decided):
    contact = mobile(cast)
    allow(decided, "at_once", "contacts")
    assert profile_changes.ask_removal(contact, cast.by("alice"), country="CA") is True
    row = Contact.get_by_id(contact.id)
    assert (row.is_in_use, row.is_main, row.value) == (False, False, "+19025550100")


@pytest.mark.parametrize("mode", ["approval", "at_once"])
def test_the_address_of_the_sign_in_is_not_changed_here(cast, decided, mode):
    allow(decided, mode, "contacts")
    contact = cast.alice.contacts.where(Contact.kind == "email").get()
    assert profile_changes.is_sign_in_address(contact)
    assert code_of(ask_contact, cast, "other@example.org", "email", contact) == "sign_in_address"
    assert code_of(profile_changes.ask_removal, contact, cast.by("alice"), country="CA") == "sign_in_address"


@pytest.mark.parametrize("mode", ["approval", "at_once"])
def test_there_is_an_end_to_changes_in_one_day(cast, decided, frozen, mode):
    frozen()
    allow(decided, mode, "names")
    decided(about_me_changes_a_day=3)
    for number in range(3):
        ask(cast, {**NAMES, "preferred_name": f"Lis {number}"})
    assert code_of(ask, cast, {**NAMES, "preferred_name": "Lis once more"}) == "too_many"
    frozen.shift(days=1)
    ask(cast, {**NAMES, "preferred_name": "Lis the next day"})


@pytest.mark.parametrize("mode", ["approval", "at_once"])
@pytest.mark.parametrize(("kind", "value"), [("mobile", "12"), ("email", "no address"), ("email", ""), ("fax", "1"), ("mobile", "\x00")])
def test_what_the_rules_do_not_let_through_changes_nothing(cast, decided, mode, kind, value):
    allow(decided, mode, "contacts")
    before = cast.alice.contacts.count()
    with pytest.raises((RuleBroken, IntegrityError)):
        ask_contact(cast, value, kind)
    assert (cast.alice.contacts.count(), ProfileChange.select().count()) == (before, 0)


# ---------------------------------------------------------------- with approval


def test_until_a_worker_accepts_the_old_stays_and_the_client_sees_that_it_waits(cast, decided):
    allow(decided, "approval")
    change = ask(cast)
    assert (change.state, cast.alice.preferred_name) == ("waiting", "")
    assert profile_changes.waiting(cast.alice) == [change]
    assert [(d.field, d.now, d.asked) for d in profile_changes.differences(change)] == [
        ("preferred_name", "", "Lis"), ("pronouns", "", "she/her"),
    ]  # fmt: skip
    task = Task.get()
    assert (task.kind, task.category, task.individual, task.done_at) == ("profile_change", "intake", cast.alice, None)
    accept(change, cast)
    assert (cast.alice.preferred_name, cast.alice.pronouns) == ("Lis", "she/her")
    assert profile_changes.waiting(cast.alice) == []
    assert Task.get().done_by == cast.ines
    assert [e.kind for e in AuditEntry.select().where(AuditEntry.kind.startswith("profile_change"))] == [
        "profile_change.asked", "profile_change.accepted",
    ]  # fmt: skip
    assert audit.verify() == []


def test_a_wish_is_decided_not_ticked_off(cast, decided):
    allow(decided, "approval")
    ask(cast)
    assert code_of(work_queue.done, Task.get(), cast.by("ines")) == "decide"
    assert Task.get().done_at is None


def test_a_legal_name_and_a_date_of_birth_are_accepted_together(cast, decided):
    allow(decided, "approval", "legal")
    change = ask(cast, {"first_name": "Alice", "last_name": "Fletcher", "birth_date": dt.date(1991, 2, 3)}, "legal")
    assert {d.field: d.asked for d in profile_changes.differences(change)} == {"last_name": "Fletcher", "birth_date": "1991-02-03"}
    accept(change, cast)
    assert (cast.alice.legal_name, cast.alice.birth_date) == ("Alice Fletcher", dt.date(1991, 2, 3))


LEGAL = {"first_name": "Alice", "last_name": "Archer", "birth_date": None}


@pytest.mark.parametrize("first", ["", "  "])
def test_a_client_does_not_erase_the_first_name(cast, decided, first):
    allow(decided, "approval", "legal")
    with pytest.raises(RuleBroken) as refused:
        ask(cast, {**LEGAL, "first_name": first}, "legal")
    assert (refused.value.code, refused.value.field) == ("name_missing", "first_name")
    assert not ProfileChange.select().exists()


def test_one_name_alone_is_enough_as_it_is_for_staff(cast, decided):
    allow(decided, "approval", "legal")
    accept(ask(cast, {**LEGAL, "last_name": "", "birth_date": cast.alice.birth_date}, "legal"), cast)
    assert cast.alice.legal_name == "Alice"


def test_who_has_no_first_name_may_ask_for_something_else(cast, decided):
    allow(decided, "approval", "legal")
    profile.change(cast.alice, profile.Details("", "Archer"), cast.by("ines"), version=cast.alice.version)
    change = ask(cast, {**LEGAL, "first_name": "", "last_name": "Fletcher"}, "legal")
    accept(change, cast)
    assert cast.alice.legal_name == "Fletcher"


def test_a_wish_of_before_that_would_erase_the_first_name_is_not_accepted(cast, decided):
    allow(decided, "approval", "legal")
    with store.writing():
        old = ProfileChange.create(individual=cast.alice, group="legal", account=cast.alice_account, asked='{"first_name": ""}',
                                   asked_at=dt.datetime.now(dt.UTC))  # fmt: skip
    assert code_of(accept, old, cast) == "name_missing"
    assert (cast.alice.first_name, ProfileChange.get().state) == ("Alice", "waiting")
    profile_changes.decline(old, "We need your first name.", cast.by("ines"))


def test_a_new_contact_and_a_changed_one_wait_side_by_side(cast, decided):
    contact = mobile(cast)
    allow(decided, "approval", "contacts")
    changed, fresh = ask_contact(cast, "902 555 0199", contact=contact), ask_contact(cast, "1 Water Street", "address")
    assert profile_changes.waiting(cast.alice) == [changed, fresh]
    accept(fresh, cast)
    accept(changed, cast)
    assert {c.value for c in cast.alice.contacts} >= {"+19025550199", "1 Water Street"}
    assert cast.alice.contacts.where(Contact.kind == "mobile").count() == 1


def test_nothing_different_asks_for_nothing(cast, decided):
    allow(decided, "approval")
    assert ask(cast, {"preferred_name": " ", "pronouns": "", "gender": ""}) is False
    assert not ProfileChange.select().exists()
    assert not Task.select().exists()


def test_an_address_that_comes_back_as_browsers_send_lines_is_not_different(cast, decided):
    contact = profile.add_contact(cast.alice, Reach("address", "1 Water Street\nHalifax"), cast.by("ines"), country="CA")
    allow(decided, "approval", "contacts")
    assert ask_contact(cast, "1 Water Street\r\nHalifax", contact=contact) is False


def test_a_newer_wish_takes_the_place_of_the_one_that_waits(cast, decided):
    contact = mobile(cast)
    allow(decided, "approval")
    first, second = ask(cast), ask(cast, {**NAMES, "preferred_name": "Lissy"})
    third, fourth = ask_contact(cast, "902 555 0177", contact=contact), ask_contact(cast, "902 555 0188", contact=contact)
    assert profile_changes.waiting(cast.alice) == [second, fourth]
    assert [ProfileChange.get_by_id(c.id).state for c in (first, third)] == ["withdrawn", "withdrawn"]
    assert Task.select().where(Task.done_at.is_null()).count() == 2


def test_the_client_takes_it_back(cast, decided):
    allow(decided, "approval")
    change = ask(cast)
    assert [profile_changes.withdraw(change, cast.by("alice")) for _ in range(2)] == [True, False]
    assert ProfileChange.get().state == "withdrawn"
    assert Task.get().done_at is not None
    assert code_of(accept, change, cast) == "decided"
    assert cast.alice.preferred_name == ""


def test_a_worker_declines_with_a_reason_that_the_client_reads_for_a_while(cast, decided, frozen):
    frozen()
    allow(decided, "approval", "legal")
    change = ask(cast, {"first_name": "Alice", "last_name": "Fletcher", "birth_date": cast.alice.birth_date}, "legal")
    assert code_of(profile_changes.decline, change, "  ", cast.by("ines")) == "missing"
    profile_changes.decline(change, "Please bring your papers.", cast.by("ines"))
    (told,) = profile_changes.declined_lately(cast.alice)
    assert (told.reason, told.decided_by, cast.alice.last_name) == ("Please bring your papers.", cast.ines, "Archer")
    assert code_of(profile_changes.decline, change, "Again", cast.by("ada")) == "decided"
    frozen.shift(days=30)
    assert profile_changes.declined_lately(cast.alice) == []


def test_what_was_asked_is_never_altered(cast, decided):
    allow(decided, "approval")
    change = ask(cast)
    with pytest.raises(IntegrityError), store.writing():
        ProfileChange.update(asked=json.dumps({"preferred_name": "Eve"})).where(ProfileChange.id == change.id).execute()


# ---------------------------------------------------------------- meanwhile, and at once from two sides


def test_who_looked_at_an_older_record_is_told_and_it_waits_on(cast, decided):
    contact = mobile(cast)
    allow(decided, "approval")
    change, about = ask(cast), ask_contact(cast, "902 555 0199", contact=contact)
    seen, seen_contact = profile_changes.seen_version(change), profile_changes.seen_version(about)
    profile.change(cast.alice, dataclasses.replace(profile.Details("Alice", "Archer"), pronouns="they"), cast.by("ada"), version=seen)
    profile.change_contact(contact, Reach("mobile", "902 555 0111"), cast.by("ada"), country="CA", version=1)
    assert code_of(accept, change, cast, seen) == "stale"
    assert code_of(accept, about, cast, seen_contact) == "stale"
    assert (cast.alice.pronouns, Contact.get_by_id(contact.id).value) == ("they", "+19025550111")
    assert [c.state for c in ProfileChange.select()] == ["waiting", "waiting"]
    accept(ProfileChange.get_by_id(change.id), cast)
    assert cast.alice.pronouns == "she/her"


def test_a_contact_that_was_removed_meanwhile_cannot_be_accepted(cast, decided):
    contact = mobile(cast)
    allow(decided, "approval")
    change = ask_contact(cast, "902 555 0199", contact=contact)
    profile.remove_contact(contact, cast.by("ada"))
    fresh = ProfileChange.get_by_id(change.id)
    assert code_of(accept, fresh, cast) == "gone"
    profile_changes.decline(fresh, "We removed this number.", cast.by("ines"))
    assert profile_changes.differences(fresh)


@pytest.mark.parametrize("verbs", list(itertools.product(("accept", "decline", "withdraw"), repeat=2)))
def test_of_two_who_decide_at_once_one_does(cast, decided, at_once, verbs):
    allow(decided, "approval")
    change = ask(cast)
    decide = {
        "accept": lambda: accept(change, cast, 1), "decline": lambda: profile_changes.decline(change, "No", cast.by("ada")),
        "withdraw": lambda: profile_changes.withdraw(change, cast.by("alice")),
    }  # fmt: skip

    def go(verb):
        try:
            return "decided" if decide[verb]() is False else "done"
        except RuleBroken as refused:
            return refused.code

    answers = at_once([lambda v=v: go(v) for v in verbs])
    state = ProfileChange.get_by_id(change.id).state
    assert state != "waiting"
    assert sorted(answers) == ["decided", "done"]
    assert (cast.alice.preferred_name == "Lis") == (state == "accepted")
    decided_kinds = ("profile_change.accepted", "profile_change.declined", "profile_change.withdrawn")
    assert AuditEntry.select().where(AuditEntry.kind.in_(decided_kinds)).count() == 1


def test_twenty_wishes_at_once_leave_one_that_waits(cast, decided, at_once):
    allow(decided, "approval")
    at_once([lambda n=n: ask(cast, {**NAMES, "preferred_name": f"Lis {n}"}) for n in range(20)])
    assert len(profile_changes.waiting(cast.alice)) == 1
    assert Task.select().where(Task.done_at.is_null()).count() == 1


# ---------------------------------------------------------------- whose


def test_nobody_reaches_somebody_elses_change_or_contact(cast, decided):
    allow(decided, "approval")
    change = ask(cast)
    bob = ClientViewer(None, cast.bob_account, cast.bob, frozenset(), cast.by("bob"))
    with pytest.raises(NotFound):
        bob.change(change.public_id)
    with pytest.raises(NotFound):
        bob.contact(cast.alice.contacts.get().public_id)
    assert bob.waiting_changes == []
