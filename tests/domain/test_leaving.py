"""A worker leaves: no request that begins after the commit succeeds, and what they had goes to somebody (P28)."""

import dataclasses

import pytest

from domain import (
    agency,
    audit,
    categories,
    clock,
    enrolments,
    events,
    handover,
    leaving,
    links,
    notices,
    profile,
    resets,
    security_classes,
    services,
    sign_in,
    store,
    viewer,
    work_queue,
    workers,
)
from domain.actor import SYSTEM, Actor
from domain.rules import RuleBroken
from models import (
    AuditEntry,
    CategoryMember,
    Delivery,
    Enrolment,
    Follow,
    Link,
    LoginSession,
    SecurityClass,
    Site,
    Task,
    Worker,
)

HERE = "192.0.2.7"


def tokens(worker, number):
    return [
        sign_in.start(None, worker, device_token="", agent="a test", network=HERE, tell_of_device=False).session_token
        for _ in range(number)
    ]


def refused(verb, *arguments, **more):
    with pytest.raises(RuleBroken) as broken:
        verb(*arguments, **more)
    return broken.value.code


def a_task(individual, worker=None, key="one"):
    work_queue.add("new_activation_wanted", "intake", individual, key)
    task = Task.select().order_by(Task.id.desc()).get()
    with store.writing():
        Task.update(worker=worker).where(Task.id == task.id).execute()
    return Task.get_by_id(task.id)


def test_of_fifty_live_sessions_none_answers_once_the_worker_has_left(cast, at_once):
    dora, by = cast.dora, cast.by("ada")
    alive = tokens(dora, 50)
    assert all(sign_in.session_of(token) for token in alive)
    left = []

    def leave():
        leaving.leave(dora, by)
        left.append(True)

    def ask(token):
        answers = []
        while not left:
            sign_in.session_of(token)
        for _ in range(5):
            answers.append(sign_in.session_of(token))
        return answers

    answers = at_once([leave, *(lambda token=token: ask(token) for token in alive[:12])])
    assert all(answer == [None] * 5 for answer in answers[1:])
    assert [sign_in.session_of(token) for token in alive] == [None] * 50


def test_nobody_gets_in_who_signs_in_or_changes_the_password_while_access_ends(cast, at_once):
    dora, by = cast.dora, cast.by("ada")
    session = cast.session("dora")
    password = cast.password_of("dora")
    visitor = Actor(network=HERE)
    at_once([
        lambda: leaving.leave(dora, by),
        *[lambda: tokens(dora, 1)] * 6,
        lambda: sign_in.change_password(session, password, "seven brave geese fly", by=Actor(worker=dora)),
        lambda: sign_in.sign_in("dora@example.org", password, device_token="", agent="", by=visitor),
    ])  # fmt: skip
    assert not LoginSession.select().where(LoginSession.worker == dora).exists()
    gone = Worker.get_by_id(dora.id)
    assert (gone.is_active, gone.password_hash, workers.state(gone)) == (False, None, workers.LEFT)
    assert refused(sign_in.sign_in, "dora@example.org", password, device_token="", agent="", by=visitor) == "no_match"


def test_links_and_mail_on_its_way_end_too(cast):
    dora = cast.dora
    with store.writing():
        link = links.make("password_reset", clock.ahead(hours=1), worker=dora)
        mail = notices.put("password_changed", 7, to=dora.email, worker=dora)
    leaving.leave(dora, cast.by("ada"))
    assert not links.is_good(Link.get_by_id(link.id))
    assert Delivery.get_by_id(mail.id).state == "cancelled"
    assert refused(resets.reset, link, "seven brave geese fly", Actor(network=HERE)) == "no_longer"


def test_tasks_and_people_go_to_whoever_takes_over(cast):
    profile.follow(cast.bob, cast.dora, cast.by("dora"))
    profile.follow(cast.bob, cast.otto, cast.by("otto"))
    task = a_task(cast.alice, cast.dora)
    leaving.leave(cast.dora, cast.by("ada"), to=cast.otto)
    assert {follow.individual for follow in Follow.select().where(Follow.worker == cast.otto)} == {cast.alice, cast.bob}
    assert not Follow.select().where(Follow.worker == cast.dora).exists()
    assert Task.get_by_id(task.id).worker == cast.otto
    assert categories.slugs_of(cast.dora) == set()
    [handed] = AuditEntry.select().where(AuditEntry.kind == "task.handed_over")
    assert (handed.individual, handed.subject) == (cast.alice, f"task {task.id}")
    assert audit.values_of(handed) == {"kind": task.kind, "to": cast.otto.public_id}
    [entry] = AuditEntry.select().where(AuditEntry.kind == "worker.left")
    assert audit.values_of(entry) == {"to": cast.otto.public_id, "tasks": 1, "people": 2, "events": 0}
    assert audit.verify() == []


def test_without_a_taker_tasks_go_back_to_their_category(cast):
    task = a_task(cast.alice, cast.dora)
    leaving.leave(cast.dora, cast.by("ada"))
    assert (Task.get_by_id(task.id).worker_id, Task.get_by_id(task.id).category) == (None, "intake")


def test_nobody_hands_out_people_whom_they_may_not_see_nor_tasks_about_them(cast):
    with store.writing():
        rights = SecurityClass.create(name="Workers", rights="manage_workers")
        Worker.update(security_class=rights).where(Worker.id == cast.otto.id).execute()
    task = a_task(cast.alice, cast.dora)
    leaving.leave(cast.dora, cast.by("otto"), to=cast.otto)
    assert not Follow.select().where(Follow.worker == cast.otto).exists()
    assert Task.get_by_id(task.id).worker is None


def test_who_may_not_be_made_to_leave(cast):
    assert refused(leaving.leave, cast.ada, cast.by("ada")) == "own"
    assert refused(leaving.leave, cast.ada, cast.by("finn")) == "too_high"
    with store.writing():
        every = SecurityClass.create(name="Every right", rights=" ".join(viewer.RIGHTS))
        Worker.update(security_class=every).where(Worker.id == cast.finn.id).execute()
    assert refused(leaving.leave, cast.ada, cast.by("finn")) == "last_admin"
    leaving.leave(cast.dora, cast.by("ada"))
    assert refused(leaving.leave, cast.dora, cast.by("ada")) == "wrong_state"
    assert refused(leaving.leave, cast.otto, cast.by("ada"), to=cast.dora) == "bad_taker"


def test_of_two_at_once_one_ends_the_access_and_what_waits_goes_one_way(cast, at_once):
    dora, ada, finn, otto, ines = cast.dora, cast.by("ada"), cast.by("finn"), cast.otto, cast.ines
    a_task(cast.alice, dora)
    answers = at_once([lambda: leaving.leave(dora, ada, to=otto), lambda: leaving.leave(dora, finn, to=ines)])
    assert sorted(str(answer == (0, 0)) for answer in answers) == ["False", "True"]
    assert AuditEntry.select().where(AuditEntry.kind == "worker.left").count() == 1


def test_who_left_may_come_back_by_a_new_invitation(cast):
    leaving.leave(cast.dora, cast.by("ada"))
    workers.invite_again(cast.dora, cast.by("ada"))
    link = Link.select().where(Link.purpose == "invitation", Link.worker == cast.dora).get()
    workers.accept(link, "seven brave geese fly", Actor(network=HERE))
    assert workers.state(cast.dora) == workers.ACTIVE
    assert sign_in.session_of(tokens(cast.dora, 1)[0])


# ---------------------------------------------------------------- tasks change hands


def test_of_many_who_pick_up_a_task_one_gets_it(cast, at_once):
    task = a_task(cast.alice)
    people = [cast.by(name) for name in ("dora", "ines", "ada", "finn")]
    answers = at_once([lambda by=by: handover.pick_up(task, by) for by in people])
    assert answers.count(True) == 1
    holder = people[answers.index(True)].worker
    assert Task.get_by_id(task.id).worker == holder
    assert AuditEntry.select().where(AuditEntry.kind == "task.picked_up").count() == 1
    assert handover.pick_up(task, Actor(worker=holder))


def test_a_task_is_handed_only_to_who_may_see_the_person(cast):
    task = a_task(cast.alice)
    assert [worker.external_id for worker in handover.takers(cast.alice)] == ["ada", "dora", "finn", "ines"]
    assert refused(handover.hand_to, task, cast.otto, cast.by("ada")) == "may_not_see"
    handover.hand_to(task, cast.dora, cast.by("ada"))
    assert Task.get_by_id(task.id).worker == cast.dora
    assert refused(handover.hand_to, task, cast.ines, cast.by("ada")) == "stale"
    handover.put_back(Task.get_by_id(task.id), "accounting", cast.by("dora"))
    moved = Task.get_by_id(task.id)
    assert (moved.worker_id, moved.category) == (None, "accounting")
    assert refused(handover.put_back, moved, "nowhere", cast.by("dora")) == "gone"


def test_nothing_is_handed_to_who_leaves_in_the_same_moment(cast, at_once):
    task, dora, by = a_task(cast.alice), cast.dora, cast.by("ada")
    at_once([lambda: leaving.leave(dora, by), lambda: handover.hand_to(task, dora, by), lambda: handover.pick_up(task, Actor(worker=dora))])
    assert Task.get_by_id(task.id).worker is None


def test_who_sees_which_tasks(cast):
    profile.follow(cast.bob, cast.otto, cast.by("otto"))
    profile.follow(cast.alice, cast.otto, cast.by("otto"))
    for number, (person, kind) in enumerate(((cast.alice, "new_activation_wanted"), (cast.bob, "delivery_problem"), (cast.pia, "birth_date_closed"))):
        work_queue.add(kind, work_queue.KINDS[kind], person, str(number))

    def seen(name, which="tasks"):
        who = viewer.of(cast.session(name), HERE)
        return [task.individual.external_id for task in getattr(who, which)]

    assert seen("ada") == seen("finn") == ["alice", "bob", "pia"]
    assert seen("finn", "my_tasks") == []
    assert seen("dora") == ["alice"]
    assert seen("otto") == []
    handover.hand_to(Task.get(Task.individual == cast.bob), cast.otto, cast.by("ada"))
    assert seen("otto") == seen("otto", "my_tasks") == ["bob"]
    handover.pick_up(Task.get(Task.individual == cast.alice), cast.by("ada"))
    assert seen("dora", "my_tasks") == []
    assert seen("dora") == ["alice"]


def test_what_waits_where_nobody_is_stands_before_everybody_who_may_see_it(cast):
    task = a_task(cast.alice)

    def seen(name):
        return task in list(viewer.of(cast.session(name), HERE).my_tasks)

    assert (seen("dora"), seen("finn")) == (True, False)
    with store.writing():
        Worker.update(password_hash=None).where(Worker.id.in_(CategoryMember.select(CategoryMember.worker))).execute()
    assert (seen("otto"), seen("finn")) == (False, True)
    handover.pick_up(task, cast.by("ada"))
    assert not seen("finn")


def is_followed(cast):
    profile.follow(cast.alice, cast.otto, cast.by("otto"))


def is_enrolled(cast):
    enrolments.open(cast.alice, services.add(services.Details("Counselling"), "case", SYSTEM), cast.otto, agency.today(), SYSTEM)


def is_enrolled_with_others(cast):
    service = services.add(services.Details("Counselling"), "case", SYSTEM)
    file = enrolments.open(cast.alice, service, cast.ines, agency.today(), SYSTEM)
    enrolments.assign(file, cast.ines, [cast.otto], SYSTEM, version=file.version)


def is_booked(cast):
    return events.book(events.Plan(cast.otto, clock.ahead(hours=48), 50, Site.get(), [cast.alice]), SYSTEM)


def was_booked(cast):
    events.cancel(is_booked(cast), SYSTEM, version=1)


def was_enrolled(cast):
    is_enrolled(cast)
    file = Enrolment.get()
    enrolments.close(file, agency.today(), SYSTEM, version=file.version)


@pytest.mark.parametrize(
    ("how", "is_seen"),
    [(is_followed, True), (is_enrolled, True), (is_enrolled_with_others, True), (is_booked, True), (was_booked, False), (was_enrolled, False)],
)
def test_a_task_waits_for_whoever_of_its_category_has_the_person_in_their_caseload(cast, how, is_seen):
    """Somebody is there who may see Alice, however she came into the caseload: so it need not stand before everybody."""
    with store.writing():
        CategoryMember.delete().execute()
        categories.put_into(cast.otto, ["intake"])
    task = a_task(cast.alice)

    def seen(name):
        return task in list(viewer.of(cast.session(name), HERE).my_tasks)

    assert (seen("otto"), seen("finn")) == (False, True)
    how(cast)
    assert (seen("otto"), seen("finn")) == (is_seen, not is_seen)


def stop_following(cast):
    handover.unfollow(cast.alice, cast.dora, cast.by("dora"))


def change_class(cast):
    security_classes.change(cast.all_seeing, "All seeing", ["manage_accounts"], cast.by("ada"), version=1)


def take_class_away(cast):
    was = workers.described(Worker.get_by_id(cast.otto.id))
    workers.change(cast.otto, dataclasses.replace(was, security_class=""), cast.by("ada"), version=2)


@pytest.mark.parametrize(("who", "act"), [("dora", stop_following), ("otto", change_class), ("otto", take_class_away)])
def test_what_somebody_has_goes_back_when_they_may_not_see_the_person_any_more(cast, who, act):
    with store.writing():
        cast.all_seeing = SecurityClass.create(name="All seeing", rights="view_all_individuals")
        Worker.update(security_class=cast.all_seeing, version=2).where(Worker.id == cast.otto.id).execute()
    profile.follow(cast.alice, cast.dora, cast.by("dora"))
    profile.follow(cast.bob, cast.dora, cast.by("dora"))
    profile.follow(cast.bob, cast.otto, cast.by("otto"))
    lost, kept = a_task(cast.alice, getattr(cast, who)), a_task(cast.bob, getattr(cast, who), "two")
    act(cast)
    assert Task.get_by_id(lost.id).worker is None
    assert Task.get_by_id(kept.id).worker == getattr(cast, who)
    assert AuditEntry.select().where(AuditEntry.kind == "task.handed_over").count() == 1


def test_whoever_may_not_see_the_person_any_more_picks_nothing_up(cast):
    profile.follow(cast.alice, cast.dora, cast.by("dora"))
    task = a_task(cast.alice)
    assert task in list(viewer.of(cast.session("dora"), HERE).tasks)
    handover.unfollow(cast.alice, cast.dora, cast.by("ada"))
    with pytest.raises(RuleBroken) as refused:
        handover.pick_up(task, cast.by("dora"))
    assert refused.value.code == "may_not_see"
    assert Task.get_by_id(task.id).worker is None


def test_what_waits_where_nobody_may_see_the_person_stands_before_everybody_who_may(cast):
    task = a_task(cast.bob)
    dora, finn = (viewer.of(cast.session(name), HERE) for name in ("dora", "finn"))
    with store.writing():
        CategoryMember.delete().where(CategoryMember.worker != cast.dora).execute()
    assert (task in list(dora.my_tasks), task in list(finn.my_tasks)) == (False, True)
    profile.follow(cast.bob, cast.dora, cast.by("ada"))
    assert (task in list(dora.my_tasks), task in list(finn.my_tasks)) == (True, False)


def test_open_enrolments_go_to_the_taker_or_to_nobody_and_closed_ones_stay(cast):
    today, by = agency.today(), cast.by("ada")
    counselling, housing, third = (services.add(services.Details(name), "case", by) for name in ("Counselling", "Housing", "Third"))
    services.staff(counselling, [cast.dora], by, version=1)
    primary = enrolments.open(cast.bob, counselling, cast.dora, today, by)
    enrolments.assign(primary, cast.dora, [cast.otto, cast.ines], by, version=1)
    further = enrolments.open(cast.bob, housing, cast.ines, today, by)
    enrolments.assign(further, cast.ines, [cast.dora], by, version=1)
    closed = enrolments.open(cast.bob, third, cast.dora, today, by)
    enrolments.close(closed, today, by, version=1)
    task = a_task(cast.bob, cast.dora)
    assert leaving.what_they_have(cast.dora)[2] == 1
    leaving.leave(cast.dora, by, to=cast.otto)
    whose = {file.service.name: (file.worker, enrolments.further_workers(file)) for file in Enrolment.select()}
    assert whose == {"Counselling": (cast.otto, [cast.ines]), "Housing": (cast.ines, []), "Third": (cast.dora, [])}
    assert Task.get_by_id(task.id).worker == cast.otto
    assert services.workers_of(counselling) == []
    newest = AuditEntry.select().where(AuditEntry.kind == "enrolment.assigned").order_by(AuditEntry.id.desc())
    assert [audit.values_of(entry)["after"]["worker"] for entry in newest.limit(2)] == [cast.ines.id, cast.otto.id]
    leaving.leave(cast.otto, by)
    assert Enrolment.get_by_id(primary.id).worker is None
    assert audit.verify() == []


def test_whoever_sees_the_own_caseload_hands_no_stranger_to_anybody(cast):
    hired = security_classes.create("Workers", {"manage_workers"}, cast.by("ada"))
    with store.writing():
        Worker.update(security_class=hired).where(Worker.id == cast.otto.id).execute()
    counselling = services.add(services.Details("Counselling"), "case", cast.by("ada"))
    mine, strange = (enrolments.open(who, counselling, cast.dora, agency.today(), cast.by("ada")) for who in (cast.alice, cast.bob))
    enrolments.assign(mine, cast.dora, [cast.otto], cast.by("ada"), version=1)
    leaving.leave(cast.dora, cast.by("otto"), to=cast.otto)
    assert (Enrolment.get_by_id(mine.id).worker, Enrolment.get_by_id(strange.id).worker) == (cast.otto, None)
