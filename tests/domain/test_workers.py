"""Workers: invited, changed, and who may do what to whom."""

import dataclasses
import datetime as dt

import pytest

from domain import audit, categories, links, notices, security_classes, sign_in, store, viewer, workers
from domain.rules import RuleBroken
from models import AuditEntry, Delivery, Link, LoginSession, SecurityClass, Worker

PASSWORD = "seven brave geese fly"


def nell(**more):
    return workers.Details("Nell", "Nook", "Nell@Example.org", **more)


def invited(cast, who="ada", **more):
    return workers.invite(nell(**more), cast.by(who))


def link_of(worker):
    return Link.select().where(Link.worker == worker, Link.purpose == "invitation").order_by(Link.id.desc()).get()


def as_typed(worker, **changes):
    """The form about a worker with some of it changed."""
    return dataclasses.replace(workers.described(worker), **changes)


def change(cast, who, worker, **changes):
    workers.change(worker, as_typed(worker, **changes), cast.by(who), version=worker.version)


def refused(verb, *arguments, **more):
    with pytest.raises(RuleBroken) as broken:
        verb(*arguments, **more)
    return broken.value.code, broken.value.field


def signs_in(email, password=PASSWORD):
    try:
        return sign_in.sign_in(email, password, device_token="", agent="a test", by=workers.Actor(network="192.0.2.44"))
    except RuleBroken:
        return None


# ---------------------------------------------------------------- invited


def test_who_is_invited_gets_one_link_by_mail_and_may_not_sign_in_before_a_password_is_chosen(cast):
    worker = invited(cast, categories=frozenset({"accounting"}))
    mail = Delivery.get(Delivery.worker == worker)
    assert (mail.kind, mail.to_address, mail.link) == ("invitation", "Nell@example.org", link_of(worker))
    assert workers.state(worker) == workers.INVITED
    assert categories.slugs_of(worker) == {"accounting"}
    assert signs_in("nell@example.org") is None
    workers.accept(link_of(worker), PASSWORD, cast.visitor())
    assert workers.state(Worker.get_by_id(worker.id)) == workers.ACTIVE
    assert signs_in("nell@example.org").worker == worker
    kinds = [entry.kind for entry in AuditEntry.select().where(AuditEntry.subject == f"worker {worker.id}").order_by(AuditEntry.id)]
    assert kinds == ["worker.invited", "worker.joined", "sign_in.done"]


def test_a_password_for_an_invitation_is_held_to_the_same_rules(cast):
    link = link_of(invited(cast))
    assert refused(workers.accept, link, "short", cast.visitor()) == ("too_short", "password")
    assert refused(workers.accept, link, "nell@example.org", cast.visitor()) == ("too_near", "password")


def test_an_invitation_is_accepted_once_by_one_of_many(cast, at_once):
    link = link_of(invited(cast))
    answers = at_once([lambda n=n: workers.accept(link, f"seven brave geese fly {n}", cast.visitor()) for n in range(6)])
    assert [isinstance(answer, Worker) for answer in answers].count(True) == 1


def test_sending_again_ends_the_earlier_link_and_the_mail_that_waits(cast):
    worker = invited(cast)
    first = link_of(worker)
    workers.invite_again(worker, cast.by("ada"))
    assert not workers.is_good(first)
    assert workers.is_good(link_of(worker))
    assert [each.state for each in Delivery.select().where(Delivery.worker == worker).order_by(Delivery.id)] == ["cancelled", "due"]


def test_an_invitation_ends_after_its_days(cast, frozen):
    clock = frozen()
    link = link_of(invited(cast))
    clock.shift(days=6, hours=23)
    assert workers.is_good(link)
    clock.shift(hours=2)
    assert not workers.is_good(link)
    assert refused(workers.accept, link, PASSWORD, cast.visitor())[0] == "no_longer"


def test_a_withdrawn_invitation_opens_nothing_and_may_be_made_again(cast):
    worker = invited(cast)
    workers.withdraw(worker, cast.by("finn"))
    assert refused(workers.accept, link_of(worker), PASSWORD, cast.visitor())[0] == "no_longer"
    assert workers.state(Worker.get_by_id(worker.id)) == workers.LEFT
    assert refused(workers.withdraw, worker, cast.by("finn"))[0] == "wrong_state"
    workers.invite_again(worker, cast.by("finn"))
    workers.accept(link_of(worker), PASSWORD, cast.visitor())
    assert signs_in("nell@example.org")
    assert refused(workers.invite_again, worker, cast.by("finn"))[0] == "wrong_state"


def test_a_withdrawn_invitation_leaves_no_class_and_no_category(cast):
    made = security_classes.create("Figures", {"import_data"}, cast.by("ada"))
    worker = workers.invite(dataclasses.replace(nell(), security_class=made.public_id, categories=frozenset({"intake"})), cast.by("ada"))
    workers.withdraw(worker, cast.by("ada"))
    assert Worker.get_by_id(worker.id).security_class_id is None
    assert categories.slugs_of(worker) == set()


def test_nobody_changes_their_own_sign_in_address(cast):
    mine = dataclasses.replace(workers.described(cast.ada), email="other@example.org")
    assert refused(workers.change, cast.ada, mine, cast.by("ada"), version=cast.ada.version) == ("own", "email")


def test_another_address_ends_the_sessions_of_a_worker(cast):
    session = cast.session("dora")
    other = dataclasses.replace(workers.described(cast.dora), email="other@example.org")
    workers.change(cast.dora, other, cast.by("ada"), version=cast.dora.version)
    assert not LoginSession.select().where(LoginSession.token_hash == session.token_hash).exists()
    told = Delivery.get(Delivery.kind == "worker_address_changed")
    assert (told.to_address, told.worker, told.state) == ("dora@example.org", cast.dora, "due")


def test_nobody_is_invited_under_an_address_that_somebody_has(cast):
    assert refused(workers.invite, dataclasses.replace(nell(), email="DORA@example.org"), cast.by("ada")) == ("address_taken", "email")
    assert refused(workers.invite, dataclasses.replace(nell(), email="alice@example.org"), cast.by("ada")) == ("address_taken", "email")
    assert refused(workers.invite, dataclasses.replace(nell(), email=""), cast.by("ada")) == ("email_missing", "email")


def test_of_two_invitations_to_one_address_at_once_one_is_made(cast, at_once):
    by = cast.by("ada")
    at_once([lambda: workers.invite(nell(), by)] * 4)
    assert Worker.select().where(Worker.email_key == "nell@example.org").count() == 1
    assert Delivery.select().where(Delivery.kind == "invitation").count() == 1


# ---------------------------------------------------------------- rights


@pytest.fixture
def classes(db, cast):
    ada = cast.by("ada")
    return {"sends": security_classes.create("Sends", {"send_activations"}, ada),
            "imports": security_classes.create("Imports", {"import_data"}, ada)}  # fmt: skip


def test_nobody_gives_rights_that_they_do_not_have(cast, classes):
    assert refused(invited, cast, "finn", group="system_admin") == ("too_high", "group")
    assert refused(invited, cast, "finn", security_class=classes["sends"].public_id) == ("too_high", "security_class")
    assert refused(change, cast, "finn", cast.dora, group="system_admin") == ("too_high", "group")
    assert refused(change, cast, "finn", cast.dora, security_class=classes["sends"].public_id) == ("too_high", "security_class")
    change(cast, "finn", cast.dora, security_class=classes["imports"].public_id, group="admin_exec")
    assert "import_data" in viewer.rights_of(cast.dora)


def test_nobody_changes_somebody_who_has_more_rights(cast, classes):
    change(cast, "ada", cast.otto, security_class=classes["sends"].public_id)
    for name in ("ada", "otto"):
        who = getattr(cast, name)
        assert refused(change, cast, "finn", who, first_name="Nobody")[0] == "too_high"
        assert refused(change, cast, "finn", who, email="finn.too@example.org")[0] == "too_high"


def test_nobody_changes_their_own_group_or_class_but_their_name(cast, classes):
    assert refused(change, cast, "finn", cast.finn, group="worker") == ("own", "group")
    assert refused(change, cast, "finn", cast.finn, security_class=classes["imports"].public_id) == ("own", "group")
    change(cast, "finn", cast.finn, first_name="Finnian")
    assert cast.finn.first_name == "Finnian"
    assert (cast.finn.sort_name, cast.finn.call_name) == ("field finnian", "finnian field")


def test_of_two_administrators_who_demote_each_other_at_once_one_stays(cast, at_once):
    change(cast, "ada", cast.finn, group="system_admin")
    ada, finn = cast.ada, cast.finn
    typed = {who.id: as_typed(who, group="worker") for who in (ada, finn)}
    by = {"ada": cast.by("ada"), "finn": cast.by("finn")}
    at_once([
        lambda: workers.change(finn, typed[finn.id], by["ada"], version=finn.version),
        lambda: workers.change(ada, typed[ada.id], by["finn"], version=ada.version),
    ])  # fmt: skip
    assert Worker.select().where(Worker.group == "system_admin").count() == 1


def test_the_last_administrator_stays_one(cast):
    assert refused(workers.must_not_be_last, cast.ada)[0] == "last_admin"
    with store.writing():  # whoever has every right by class alone is no system_admin
        every = SecurityClass.create(name="Every right", rights=" ".join(viewer.RIGHTS))
        Worker.update(security_class=every).where(Worker.id == cast.finn.id).execute()
    assert refused(change, cast, "finn", cast.ada, group="worker") == ("last_admin", "group")


def test_another_group_or_class_ends_the_sessions_and_another_name_does_not(cast, classes):
    cast.session("dora")
    change(cast, "ada", cast.dora, first_name="Dorothea")
    assert LoginSession.select().where(LoginSession.worker == cast.dora).count() == 1
    change(cast, "ada", cast.dora, security_class=classes["imports"].public_id)
    assert not LoginSession.select().where(LoginSession.worker == cast.dora).exists()
    cast.session("dora")
    change(cast, "ada", cast.dora, group="intake_mgmt")
    assert not LoginSession.select().where(LoginSession.worker == cast.dora).exists()
    entry = AuditEntry.select().where(AuditEntry.kind == "worker.changed").order_by(AuditEntry.id.desc()).get()
    told = audit.values_of(entry)
    assert (told["before"]["group"], told["after"]["group"]) == ("worker", "intake_mgmt")


def test_whoever_saves_second_is_told(cast):
    dora = cast.dora
    change(cast, "ada", dora, first_name="Dorothea")
    assert refused(workers.change, dora, as_typed(dora, last_name="Dune"), cast.by("finn"), version=dora.version)[0] == "stale"


def test_whoever_left_meanwhile_changes_nobody(cast):
    finn = cast.by("finn")
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.finn.id).execute()
    assert refused(workers.invite, nell(), finn)[0] == "left"


def test_another_address_ends_what_went_to_the_earlier_one(cast):
    worker = invited(cast)
    first = link_of(worker)
    change(cast, "ada", worker, email="nell.nook@example.org")
    assert not workers.is_good(first)
    assert Delivery.select().where(Delivery.worker == worker, Delivery.state == "due").get().to_address == "nell.nook@example.org"
    with store.writing():
        reset = links.make("password_reset", first.expires_at, worker=cast.dora)
    assert refused(change, cast, "ada", cast.dora, email="")[0] == "email_missing"
    assert refused(change, cast, "ada", cast.dora, email="bob@example.org") == ("address_taken", "email")
    change(cast, "ada", cast.dora, email="dora.dunn@example.org")
    assert not links.is_good(Link.get_by_id(reset.id))


# ---------------------------------------------------------------- classes


def test_a_class_is_made_changed_and_removed_by_who_has_its_rights(cast, classes):
    sends, imports = classes["sends"], classes["imports"]
    assert refused(security_classes.create, "More", {"manage_setup"}, cast.by("finn"))[0] == "too_high"
    assert refused(security_classes.create, "Sends", set(), cast.by("finn")) == ("taken", "name")
    assert refused(security_classes.change, sends, "Mine", set(), cast.by("finn"), version=1)[0] == "too_high"
    assert refused(security_classes.change, imports, "Mine", {"send_activations"}, cast.by("finn"), version=1)[0] == "too_high"
    assert refused(security_classes.remove, sends, cast.by("finn"))[0] == "too_high"
    security_classes.change(imports, "Figures", {"view_statistics"}, cast.by("finn"), version=1)
    assert refused(security_classes.change, imports, "Again", set(), cast.by("finn"), version=1)[0] == "stale"
    change(cast, "ada", cast.otto, security_class=imports.public_id)
    assert refused(security_classes.remove, imports, cast.by("finn"))[0] == "in_use"
    change(cast, "ada", cast.otto, security_class="")
    security_classes.remove(imports, cast.by("finn"))
    assert [each.name for each in security_classes.every()] == ["Sends"]


def test_other_rights_of_a_class_end_the_sessions_of_its_members(cast, classes):
    change(cast, "ada", cast.otto, security_class=classes["imports"].public_id)
    cast.session("otto")
    cast.session("dora")
    security_classes.change(classes["imports"], "Imports", {"import_data", "view_audit"}, cast.by("ada"), version=1)
    assert [session.worker for session in LoginSession.select()] == [cast.dora]


# ---------------------------------------------------------------- categories


def test_the_built_in_categories_stay_and_others_come_and_go(cast):
    ada = cast.by("ada")
    assert [each.slug for each in categories.every()] == ["intake", "accounting", "delivery_problems", "on_call"]
    own = categories.create("Housing", ada)
    assert refused(categories.create, "housing", ada) == ("taken", "name")
    assert refused(categories.create, " ", ada) == ("missing", "name")
    categories.rename(own, "Homes", ada)
    for built_in in categories.every()[:4]:
        assert refused(categories.rename, built_in, "Other", ada)[0] == "built_in"
        assert refused(categories.remove, built_in, ada)[0] == "built_in"
    change(cast, "ada", cast.otto, categories=frozenset({own.slug, "on_call"}))
    assert categories.slugs_of(cast.otto) == {own.slug, "on_call"}
    categories.remove(own, ada)
    assert categories.slugs_of(cast.otto) == {"on_call"}


def test_the_letter_of_an_invitation_is_not_sent_once_it_is_void(cast):
    from domain import letters

    worker = invited(cast)
    mail = Delivery.get(Delivery.worker == worker)
    assert "/invitation/" in letters.letter(mail, "https://portal.example.org").button[1]
    assert isinstance(link_of(worker).expires_at, dt.datetime)
    workers.withdraw(worker, cast.by("ada"))
    with pytest.raises(letters.Unwanted):
        letters.letter(Delivery.get_by_id(mail.id), "https://portal.example.org")
    assert Delivery.get_by_id(mail.id).state == "cancelled"
    assert notices.KINDS["invitation"] == 0


def test_the_first_administrator_looks_after_every_category_until_there_are_others(db):
    from domain import agency

    code = links.letters(agency.first_start_link())
    ada = agency.create_first_admin(code, "Ada", "Ames", "ada@example.org", PASSWORD, workers.Actor())
    assert categories.slugs_of(ada) == {"intake", "accounting", "delivery_problems", "on_call"}
