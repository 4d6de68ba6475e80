"""How many questions a page asks the database, however much there is to show (spec 02): so many that a list of twenty asks as
one of two does.  Counted as ``script/bench queries`` counts: after session and settings, without what the audit's writing asks."""

import contextlib
import dataclasses
import datetime as dt
import io

import pyotp
import pytest
from sweep.conftest import bulk_previews, requested
from sweep.test_access import RECIPES, Matrix, fill

import models
from bench.queries import Listener, scans
from domain import (
    accounts,
    agency,
    availability,
    clock,
    enrolments,
    events,
    import_columns,
    import_jobs,
    import_page,
    links,
    notices,
    own_second_step,
    profile,
    profile_changes,
    second_step,
    services,
    settings,
    store,
    work_queue,
)
from domain.actor import SYSTEM, Actor
from domain.events import Plan
from models import AddressHealth, ChannelHealth, Delivery, PortalAccount, Worker

MOST = {"client": 6, "staff": 10}
MANY = 25  # more than a page of any list has
NOT_FOR = {"vera": {"admin.new_passwords"}}  # who sees her own caseload asks nobody else for anything
# No pages once the portal is on, nothing is new, and there is one worker to choose.
LEAD_ON = {"admin.first_start", "admin.first_start_on", "my_portal.terms", "calendar.request_workers"}
# Lists as they are read further, searched and narrowed; what stands in braces is the public id of a row in the middle.
FURTHER = {
    "/admin/": ("?after={task}",),
    "/admin/tasks/": ("?after={task}", "?category=intake", "?worker=me", "?worker=nobody&category=delivery_problems&after={task}"),
    "/admin/workers/": ("?q=w", "?state=left", "?after={worker}", "?before={worker}"),
    "/admin/individuals/": ("?q=archer", "?q=archer&after={individual}", "?after={individual}", "?before={individual}"),
    "/admin/schedule/": ("?view=day", "?date=2026-03-04"),
    "/admin/schedule/new": ("?q=archer", "?individual={individual}", "?group=any"),
    "/admin/individuals/<public_id>/events": ("?older={place}",),
    "/admin/events/<event_id>/people": ("?q=archer",), "/admin/groups/<public_id>/roster": ("?individual={individual}",),
    "/admin/deliveries/": ("?older={delivery}", "?state=dead", "?state=held", "?state=dead&older={delivery}"),
    "/admin/individuals/<public_id>/history": ("?page=2",),
    "/admin/imports/": ("?older={import}",),
    "/my-portal/devices/": ("?older={device}",), "/my-portal/history": ("?older={delivery}", "?before=2099-01-01"),
    "/admin/my-sign-in/devices/": ("?older={device of staff}",),
    "/admin/individuals/<public_id>/contacts/new": ("?kind=email",),
    "/about-me/contacts/new": ("?kind=mobile",),
    "/my-services/timeline": ("?page=2",), "/calendar/request/<enrolment_id>/<worker_id>/": ("?date=2099-01-01",),
    "/admin/services/": ("?page=2",), "/admin/services/<public_id>/": ("?page=2",), "/admin/groups/<public_id>/": ("?page=2", "?q=archer"),
    "/admin/individuals/<public_id>/enrolments/": ("?page=2",),
    "/admin/individuals/<public_id>/enrolments/<enrolment_id>/participants": ("?q=archer",),
    "/admin/accounts/": ("?older={account}", "?q=archer", "?state=pending&older={account}", "?since=2020-01-01&until=2099-01-01", "?site=none",
                         "?service={service}"),
    "/admin/accounts/activations/<public_id>/people": ("?outcome=left_out&reason=has_account",),
    "/admin/accounts/changes/<public_id>/people": ("?outcome=left_out&reason=is_pending&after={row}",),
}


@pytest.fixture
def full(world, app):
    """The world with as much of everything about Alice as any page can show, and a crowd of others around her."""
    cast = world.cast
    for key, value in (("about_me_changes_a_day", "100"), ("licence_count", "9999")):
        settings.change(key, value, SYSTEM)
    _contacts(cast)
    _wishes(cast)
    _accounts(cast)
    _crowd(cast)
    _events(cast)
    _requests(cast)
    for who in ("alice_account", "ada"):
        _phones(getattr(cast, who))
    _services(cast)
    files = _files(cast, app.extensions["doorstep"].uploads)
    vera = Worker.get(Worker.external_id == "vera")
    for person in models.Individual.select().where(models.Individual.last_name == "Archer"):
        profile.follow(person, vera, SYSTEM)
    return dataclasses.replace(world, file=files, **[bulk_previews(Actor(worker=vera)) for _ in range(MANY)][-1])


def _begin_second_step(name):
    """Everybody of staff has an app; somebody is about to move it, and to look at recovery codes."""
    worker = Worker.get(Worker.external_id == name)
    with store.writing():
        for each in Worker.select():
            models.Authenticator.create(worker=each, nonce="one", set_up_at=clock.now())
        second_step.new_codes(worker)
    session = models.LoginSession.select().where(models.LoginSession.worker == worker).order_by(models.LoginSession.id.desc()).get()
    own_second_step.begin_codes(session, pyotp.TOTP(second_step.secret("one")).at(clock.now()), Actor(worker=worker))
    with store.writing():
        models.HalfSignIn.update(nonce="two").where(models.HalfSignIn.worker == worker).execute()


def _contacts(cast):
    for number in range(6):
        for kind, value in (("mobile", f"902 555 01{number:02}"), ("phone", f"902 555 02{number:02}"), ("address", f"{number} Bay Street"),
                            ("email", f"more{number}@example.org"), ("emergency", f"902 555 03{number:02}")):  # fmt: skip
            profile.add_contact(cast.alice, profile.Reach(kind, value, is_main=number == 3), cast.by("ines"), country="CA")
    with store.writing():
        for contact in cast.alice.contacts.where(models.Contact.kind == "email"):
            AddressHealth.insert(email_key=profile.email_key(contact.value), is_doubtful=True).on_conflict_ignore().execute()
    for number, who in enumerate(("ines", "finn", "ada", "dora", "otto") * 2):
        profile.record_consent(cast.alice, "sms", number % 2 == 0, cast.by(who))
        profile.follow(cast.alice, getattr(cast, who), cast.by(who))


def _wishes(cast):
    """Each kind waits, some of them about contacts; as many were declined."""
    alice, by = cast.alice, cast.by("alice")
    legal = {"first_name": "Lis", "last_name": "Fletcher", "birth_date": alice.birth_date}
    contacts = [c for c in alice.contacts if c.kind != "email" or c.value.startswith("more")]
    for is_last in (False, True):
        profile_changes.ask_details(alice, "legal", legal, by)
        profile_changes.ask_details(alice, "names", {"preferred_name": f"plain finch {is_last}", "pronouns": "", "gender": ""}, by)
        for number, contact in enumerate(contacts[:12]):
            profile_changes.ask_removal(contact, by, country="CA")
            reach = profile.Reach("mobile", f"902 555 04{number:02}")
            profile_changes.ask_contact(alice, None, reach, by, country="CA")
        if not is_last:
            for change in profile_changes.waiting(alice):
                profile_changes.decline(change, "Please bring your papers.", cast.by("ines"))


def _accounts(cast):
    """Pia had five accounts, the last of them cancelled too, and each of their links was opened by scanners; Alice's was
    suspended and unlocked."""
    for _ in range(4):
        accounts.cancel(cast.pia_account, cast.by("ada"))
        accounts.send_new(cast.pia_account, cast.by("ada"))
        for number in range(6):
            links.opened(cast.link_of(cast.pia_account), network=f"192.0.2.{number}", agent="a scanner")
    accounts.cancel(cast.pia_account, cast.by("ada"))
    for who in ("ines", "finn", "ada"):
        accounts.suspend(cast.alice_account, cast.by(who))
        accounts.unlock(cast.alice_account, cast.by(who))
        cast.session("alice")


def _services(cast):
    """Alice is in many services that she sees, with many others in each, and attends all the time."""
    ines, day, now = cast.by("ines"), agency.today(), clock.now()
    first = models.Enrolment.get(models.Enrolment.individual == cast.alice).service
    group = models.RosterEntry.get(models.RosterEntry.individual == cast.alice).group
    crowd = list(models.Individual.select().where(models.Individual.last_name == "Archer"))
    for number in range(MANY):
        each = services.add(services.Details(f"Service {number}"), "case", ines)
        enrolments.open(cast.alice, each, cast.dora, day, ines)
        services.add_group(first, services.GroupDetails(f"Group {number}"), ines)
        with store.writing():
            for past, state in ((True, "show"), (False, "booked")):
                at = now + dt.timedelta(days=-number if past else number + 1)
                event = models.Event.create(worker=cast.dora, starts_at=at, ends_at=at + dt.timedelta(minutes=9), site=agency.main_site(),
                                            service=each, created_at=now, is_overlapping=True)  # fmt: skip
                models.Attendance.create(event=event, individual=cast.alice, state=state, starts_at=at)
    for person in crowd:
        if person != cast.alice:
            enrolments.open(person, first, cast.dora, day, ines)
            enrolments.join(group, person, day, ines)
    with store.writing():
        models.Service.update(is_visible=True).execute()
        file = models.Enrolment.get(models.Enrolment.individual == cast.alice, models.Enrolment.service == first)
        store.insert(models.Participant, [{"enrolment": file.id, "individual": each.id} for each in crowd if each != cast.alice])
        for worker in Worker.select():
            models.EnrolmentWorker.create(enrolment=file, worker=worker)
            models.ServiceWorker.create(service=first, worker=worker)


def _phones(owner):
    """Many, half of them signed in, some of before their device was known."""
    whose = {"account" if isinstance(owner, models.PortalAccount) else "worker": owner}
    for number in range(MANY):
        with store.writing():
            now = clock.now()
            device = models.Device.create(token_hash=f"phone {owner.id} {number}", agent="a phone", created_at=now, **whose)
            models.LoginSession.create(token_hash=f"phone {device.id}", device=device if number % 3 else None, created_at=now, seen_at=now,
                                       **whose)  # fmt: skip


def _events(cast):
    """A full week of Dora's, Vera's and Ada's, each with Alice and somebody of the crowd."""
    crowd = list(models.Individual.select().where(models.Individual.first_name.startswith("Nora")))
    for worker in (cast.dora, cast.ada, Worker.get(Worker.external_id == "vera")):
        for number in range(MANY):
            plan = Plan(worker, clock.ahead(hours=21 + number), 50, models.Site.get(), [cast.alice, crowd[number]])
            events.book(plan, SYSTEM)


def _requests(cast):
    """Dora has hours for clients, and many wait for an answer of hers, another time for what they have among it."""
    boss = cast.by("ines")
    kind = availability.add_type("Appointments", "green", boss)
    availability.face_clients(kind, boss)
    calendar = availability.add_calendar(cast.dora, agency.today() - dt.timedelta(days=9), boss)
    for day in range(7):
        availability.add_row(calendar, day, 9 * 60, 13 * 60, kind, agency.main_site(), boss)
    has = list(models.Event.select().where(models.Event.worker == cast.dora, models.Event.state == "booked"))
    crowd = list(models.Individual.select().where(models.Individual.first_name.startswith("Nora")))
    for number, person in enumerate(crowd):
        requested(person, cast.dora, 400 + number, was=has[number] if number % 2 else None)


def _crowd(cast):
    """Others with accounts, tasks, and mail in every state that a list shows."""
    for number in range(MANY):
        person = cast.person(f"Nora {number:02}", "Archer")
        account = accounts.create(person, cast.by("ada"))
        work_queue.add("delivery_problem", "delivery_problems", person, f"crowd {number}")
        for version, state in enumerate(("dead", "held", "sent", "due")):
            with store.writing():
                delivery = notices.put("password_changed", 1000 + number, to=account.email, account=account, individual=person,
                                       version=version)  # fmt: skip
                Delivery.update(state=state, last_error="550 no").where(Delivery.id == delivery.id).execute()
    with store.writing():
        ChannelHealth.update(down_since=models.Agency.get().switched_on_at, last_error="no answer").execute()


def _files(cast, folder):
    """Many files, and one of Vera's with more problems than a page shows, whose headings are known already; its public id."""
    bad = b"id,name,birth_date\n" + b"".join(b"%d,Bo Reed,=tomorrow\n" % number for number in range(300))
    for number in range(MANY):
        who = ("ines", "finn", "ada")[number % 3]
        import_page.upload(folder, io.BytesIO(b"id,name\n%d,Bo Reed\n" % number), f"{number}.csv", "individuals", cast.by(who))
    vera = Actor(worker=Worker.get(Worker.external_id == "vera"))
    file = import_page.upload(folder, io.BytesIO(bad), "bad.csv", "individuals", vera)
    seen = import_page.preview(file, folder)
    body = import_columns.chosen("individuals", seen.headings, ("external_id", "name", "birth_date"), dates="ymd", base="")
    for number in range(5):
        import_page.map_columns(file, seen.headings, body, vera, f"Ours {number}")
    import_page.check(file, vera, consent_email=False)
    import_jobs.run_due(folder)
    return file.public_id


@contextlib.contextmanager
def listening():
    """Every SELECT that passes while the block runs."""
    listener = Listener()
    yield listener
    del models.db.obj.execute_sql


def pages(matrix, audience):
    """The addresses of every page of an audience: Alice's, Pia's where it is one of a person, and lists a place further."""
    others = {"individual": [matrix.world.cast.pia], "delivery": Delivery.select().where(Delivery.link.is_null(False))}
    for rule, kinds in RECIPES.items():
        path = fill(rule, matrix.arguments(kinds, "alice"))
        _, endpoint = matrix.expected(path, "GET", {"alice"})
        if endpoint is not None and matrix.audiences[endpoint.partition(".")[0]] == audience:
            yield path
            yield from (path + query.format(**middle()) for query in FURTHER.get(rule, ()))
            yield from (fill(rule, [row.public_id]) for row in others.get(kinds[0], ()) if len(kinds) == 1) if kinds else ()


def middle():
    """A row in the middle of each list."""
    return {
        "service": models.Service.select().get().public_id,
        "task": models.Task.select().order_by(models.Task.id).offset(2).get().public_id,
        "individual": models.Individual.select().order_by(models.Individual.sort_name).offset(8).get().public_id,
        "place": models.Attendance.select().order_by(models.Attendance.id).offset(3).get().public_id,
        "worker": Worker.select().order_by(Worker.sort_name).offset(3).get().public_id,
        "delivery": Delivery.select().order_by(Delivery.id.desc()).offset(12).get().public_id,
        "account": PortalAccount.select().order_by(PortalAccount.id.desc()).offset(3).get().public_id,
        "row": models.BulkRow.select().where(models.BulkRow.reason == "is_pending").order_by(models.BulkRow.id.desc()).offset(8).get().public_id,
        "device": models.Device.select().where(models.Device.account.is_null(False)).offset(12).get().public_id,
        "device of staff": models.Device.select().where(models.Device.worker.is_null(False)).offset(12).get().public_id,
        "import": models.ImportFile.select().order_by(models.ImportFile.id.desc()).offset(2).get().public_id,
    }


@pytest.mark.parametrize(("name", "audience"), [("alice", "client"), ("ada", "staff"), ("vera", "staff")])
def test_no_page_asks_more_than_it_may_however_much_there_is(full, arrive, name, audience):
    browser, asked, reached = arrive(name), {}, set()
    browser.lints = False
    matrix = Matrix(full, browser, name)
    if audience == "staff":
        _begin_second_step(name)
    for path in list(pages(matrix, audience)):
        browser.ask(path)  # what is kept for everybody is asked for once
        with listening() as listener:
            answer = browser.ask(path)
        if answer.status == 200:
            asked[path] = [sql for sql, _ in listener.counted()]
            reached.add(matrix.expected(path.partition("?")[0], "GET", {"alice"})[1])
    gets = {rule.endpoint for rule in browser.app.url_map.iter_rules() if "GET" in rule.methods}
    assert reached == {endpoint for endpoint in gets if matrix.audiences[endpoint.partition(".")[0]] == audience} - LEAD_ON - NOT_FOR.get(name, set())
    over = {path: len(each) for path, each in asked.items() if len(each) > MOST[audience]}
    assert not over, "\n".join(f"{path}: {count}\n    " + "\n    ".join(sql[:200] for sql in asked[path]) for path, count in over.items())


@pytest.mark.only_sqlite  # which says the same of its plans however little there is to read
@pytest.mark.parametrize("path", ["/admin/", "/admin/?after={task}", "/admin/tasks/", "/admin/tasks/?worker=me", "/admin/tasks/?category=intake"])
def test_today_does_not_read_through_all_that_was_ever_done(full, arrive, path):
    ines, address = arrive("ines"), path.format(**middle())
    with listening() as listener:
        assert ines.ask(address).heading in ("Today", "Tasks")
    about_tasks = [each for each in listener.asked if 'FROM "task"' in each[0]]
    assert about_tasks
    assert scans(about_tasks) == []
