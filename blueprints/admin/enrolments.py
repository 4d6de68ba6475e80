"""An individual's enrolments: who is in which service, since when, with whom."""

from types import SimpleNamespace

from flask import g, request, url_for
from wtforms import BooleanField
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp, paging, people
from blueprints.admin.groups import sought
from domain import agency, enrolments, handover, services, settings
from models import Enrolment, Event, Group, Individual, Service, Worker
from web.access import any_staff, right
from web.forms import Choice, DateBoxes, Form, Required, _l, version_in
from web.fragments import done
from web.languages import gettext as _
from web.sessions import refusals_told, tell

BOX = "w_"


class OpenForm(Form):
    service = Choice(_l("Service"), [Required(_l("Choose a service."))])
    worker = Choice(_l("Worker"))
    opened_on = DateBoxes(_l("Since when?"), _l("Enter the day."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.offered = {each.public_id: each for each in services.in_use()}
        self.colleagues = {each.public_id: each for each in handover.colleagues()}
        self.service.choices = [("", _("Choose")), *((key, each.name) for key, each in self.offered.items())]
        self.worker.choices = _named(self.colleagues.values())

    def chosen(self) -> tuple[Service, Worker | None]:
        return self.offered[self.service.data], self.colleagues.get(self.worker.data)


class CloseForm(Form):
    closed_on = DateBoxes(_l("Last day"), _l("Enter the day."))


class WorkersForm(Form):
    """With one box for each worker who may be a further one; see ``_workers_form``."""

    worker = Choice(_l("Primary worker"))
    boxes: tuple[str, ...] = ()


def _named(workers):
    return [SelectChoice("", _("Nobody")), *(SelectChoice(each.public_id, each.name) for each in workers)]


@bp.get("/individuals/<public_id>/enrolments/")
@any_staff
def enrolments_of(public_id: str):
    person = g.viewer.individual(public_id)
    rows, following = paging.by_number(enrolments.of(person))
    return people.page_about(person, "admin/enrolments.html", enrolments=rows, following=following)


@bp.get("/individuals/<public_id>/enrolments/new")
@right("manage_services")
def enrolment_new(public_id: str):
    return _new(g.viewer.individual(public_id), OpenForm(formdata=None, opened_on=agency.today()))


@bp.post("/individuals/<public_id>/enrolments/new")
@right("manage_services")
def open_enrolment(public_id: str):
    person, form = g.viewer.individual(public_id), OpenForm()
    if form.validate():
        with form.refusals():
            made = enrolments.open(person, *form.chosen(), form.opened_on.data, g.viewer.actor)
            tell("good", _("Saved."))
            return _to(person, made)
    return _new(person, form)


def _new(person: Individual, form: OpenForm):
    return people.page_about(person, "admin/enrolment_new.html", form=form)


def _to(person: Individual, enrolment: Enrolment):
    """The enrolment's page; the list of clients for whom this was the last thing that showed them the record."""
    if not g.viewer.individuals.where(Individual.id == person.id).exists():
        return done("/admin/individuals/")
    return done(url_for("admin.enrolment", public_id=person.public_id, enrolment_id=enrolment.public_id))


@bp.get("/individuals/<public_id>/enrolments/<enrolment_id>/")
@any_staff
def enrolment(public_id: str, enrolment_id: str):
    person = g.viewer.individual(public_id)
    found = g.viewer.enrolment(person, enrolment_id)
    others = enrolments.participants_of(found)
    seen = g.viewer.seen_of(others)
    for each in seen:
        g.viewer.saw(each, "enrolment")
    return people.page_about(person, "admin/enrolment.html", enrolment=found, workers=enrolments.further_workers(found),
                             others=seen, unseen=len(others) - len(seen), may_write=settings.may_write("write_from_enrolment"))  # fmt: skip


# ---------------------------------------------------------------- closed and opened again


@bp.get("/individuals/<public_id>/enrolments/<enrolment_id>/closing")
@right("manage_services")
def confirm_closing(public_id: str, enrolment_id: str):
    person = g.viewer.individual(public_id)
    return _closing(person, g.viewer.enrolment(person, enrolment_id), CloseForm(formdata=None, closed_on=agency.today()))


@bp.post("/individuals/<public_id>/enrolments/<enrolment_id>/closing")
@right("manage_services")
def close_enrolment(public_id: str, enrolment_id: str):
    person, form = g.viewer.individual(public_id), CloseForm()
    found = g.viewer.enrolment(person, enrolment_id)
    if form.validate():
        with form.refusals(now=found):
            enrolments.close(found, form.closed_on.data, g.viewer.actor, version=form.version)
            tell("good", _("The enrolment is closed."))
            return _to(person, found)
    return _closing(person, found, form)


def _closing(person: Individual, found: Enrolment, form: CloseForm):
    ahead = g.viewer.coming_of(person).where((Event.service == found.service) | (Group.service == found.service))
    return people.page_about(person, "admin/enrolment_closing.html", enrolment=found, form=form, ahead=ahead.count())


@bp.post("/individuals/<public_id>/enrolments/<enrolment_id>/reopening")
@right("manage_services")
def reopen_enrolment(public_id: str, enrolment_id: str):
    person = g.viewer.individual(public_id)
    found = g.viewer.enrolment(person, enrolment_id)
    with refusals_told():
        enrolments.reopen(found, g.viewer.actor, version=version_in(request.form))
        tell("good", _("The enrolment is open again."))
    return _to(person, found)


# ---------------------------------------------------------------- who works with them


@bp.get("/individuals/<public_id>/enrolments/<enrolment_id>/workers")
@right("manage_services")
def enrolment_workers(public_id: str, enrolment_id: str):
    person = g.viewer.individual(public_id)
    found = g.viewer.enrolment(person, enrolment_id)
    workers, shown = _workers(found)
    return _assigning(person, found, _workers_form(workers)(formdata=None, data=shown), shown)


@bp.post("/individuals/<public_id>/enrolments/<enrolment_id>/workers")
@right("manage_services")
def assign_workers(public_id: str, enrolment_id: str):
    person = g.viewer.individual(public_id)
    found = g.viewer.enrolment(person, enrolment_id)
    workers, shown = _workers(found)
    form = _workers_form(workers)()
    if form.validate():
        with form.refusals(now=_record(found, shown)):
            primary = next((each for each in workers if each.public_id == form.worker.data), None)
            further = [each for each in workers if form[f"{BOX}{each.public_id}"].data]
            enrolments.assign(found, primary, further, g.viewer.actor, version=form.version)
            tell("good", _("Saved."))
            return _to(person, found)
    return _assigning(person, found, form, shown)


def _workers(found: Enrolment) -> tuple[list[Worker], dict[str, object]]:
    """Who can be chosen: everybody who works here, and those who are it already; and how the form shows these."""
    further, here = enrolments.further_workers(found), handover.colleagues()
    known = {worker.id for worker in here}
    kept = {worker.id: worker for worker in (*further, *([found.worker] if found.worker_id else [])) if worker.id not in known}
    every = sorted([*here, *kept.values()], key=lambda worker: (worker.sort_name, worker.id))
    boxes = {f"{BOX}{worker.public_id}": worker in further for worker in every}
    return every, {"worker": found.worker.public_id if found.worker_id else "", **boxes}


def _workers_form(workers: list[Worker]) -> type[WorkersForm]:
    boxes = {f"{BOX}{worker.public_id}": BooleanField(worker.name) for worker in workers}
    choice = Choice(_l("Primary worker"), choices=_named(workers))
    return type("ThisWorkersForm", (WorkersForm,), {"worker": choice, **boxes, "boxes": tuple(boxes)})


def _assigning(person: Individual, found: Enrolment, form: WorkersForm, shown: dict[str, object]):
    return people.page_about(person, "admin/enrolment_workers.html", enrolment=found, form=form, record=_record(found, shown))


def _record(found: Enrolment, shown: dict[str, object]) -> SimpleNamespace:
    return SimpleNamespace(**shown, version=found.version)


# ---------------------------------------------------------------- who takes part


@bp.get("/individuals/<public_id>/enrolments/<enrolment_id>/participants")
@right("manage_services")
def enrolment_participants(public_id: str, enrolment_id: str):
    person = g.viewer.individual(public_id)
    found = g.viewer.enrolment(person, enrolment_id)
    question, others = sought(g.viewer.others_than_of(found))
    return people.page_about(person, "admin/enrolment_participants.html", enrolment=found, question=question, people=others)


@bp.post("/individuals/<public_id>/enrolments/<enrolment_id>/participants")
@right("manage_services")
def change_participants(public_id: str, enrolment_id: str):
    person = g.viewer.individual(public_id)
    found = g.viewer.enrolment(person, enrolment_id)
    with refusals_told():
        who, stays = people.chosen(), request.form.get("takes_part") == "1"
        others = [each for each in enrolments.participants_of(found) if each.id != who.id] + ([who] if stays else [])
        enrolments.take_part(found, others, g.viewer.actor, version=version_in(request.form))
        tell("good", _("Saved."))
    return _to(person, found)
