"""Services: list, page of each, what clients see of it, and who works there."""

from types import SimpleNamespace

from flask import g, request, url_for
from wtforms import BooleanField
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp, paging, wording
from domain import handover, services
from models import Service, Worker
from web.access import right
from web.forms import Form, Lines, OneOf, Required, Text, _l, version_in
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

BOX = "w_"  # begins the name of each worker's box
WRITTEN = ("name", "client_name", "client_description", "capacity")


class ServiceForm(Form):
    name = Text(_l("Name"), [Required(_l("Enter a name."))])
    kind = OneOf(_l("Kind"))
    client_name = Text(_l("Name for clients"))
    client_description = Lines(_l("Description for clients"))
    minutes = Text(_l("Length of an appointment, in minutes"))
    capacity = Text(_l("Places"))
    shows_names = BooleanField(_l("Those who come to the same appointment read each other’s names"))
    is_in_use = BooleanField(_l("In use"), default=True)

    def __init__(self, found: Service | None, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if found is None:
            self.kind.choices = [
                SelectChoice("case", _("Case service: people are enrolled for a time, with a worker")),
                SelectChoice("informal", _("Informal service: people come as they like, such as to a series of evenings")),
            ]
        else:
            del self.kind

    def rules(self):
        self.details().checked()

    def details(self) -> services.Details:
        typed = {name: getattr(self, name).data or "" for name in (*WRITTEN, "minutes")}
        return services.Details(**typed, shows_names=self.shows_names.data, is_in_use=self.is_in_use.data)


class StaffForm(Form):
    """With one box for each worker; see ``_staff_form``."""

    boxes: tuple[str, ...] = ()


@bp.get("/services/")
@right("manage_services")
def all_services():
    rows, following = paging.by_number(services.every())
    return page("admin/services.html", services=rows, following=following, enrolled=services.enrolled_in(rows), wording=wording)


@bp.get("/services/new")
@right("manage_services")
def service_new():
    return _edit(None, ServiceForm(None, formdata=None, kind="case"))


@bp.post("/services/new")
@right("manage_services")
def add_service():
    form = ServiceForm(None)
    if form.validate():
        with form.refusals():
            made = services.add(form.details(), form.kind.data, g.viewer.actor)
            tell("good", _("Saved. Clients do not see it yet."))
            return done(url_for("admin.service", public_id=made.public_id))
    return _edit(None, form)


@bp.get("/services/<public_id>/")
@right("manage_services")
def service(public_id: str):
    found = services.find(public_id)
    groups = services.groups_of(found)
    enrolments, following = paging.by_number(g.viewer.enrolled_in(found))
    return page("admin/service.html", service=found, groups=groups, taken=services.taken_in(groups), workers=services.workers_of(found),
                enrolled=services.enrolled_in([found]).get(found.id, 0), enrolments=enrolments, following=following,
                wording=wording)  # fmt: skip


@bp.get("/services/<public_id>/edit")
@right("manage_services")
def edit_service(public_id: str):
    found = services.find(public_id)
    return _edit(found, ServiceForm(found, formdata=None, obj=found))


@bp.post("/services/<public_id>/edit")
@right("manage_services")
def change_service(public_id: str):
    found = services.find(public_id)
    form = ServiceForm(found)
    if form.validate():
        with form.refusals(now=found):
            services.change(found, form.details(), g.viewer.actor, version=form.version)
            tell("good", _("Saved."))
            return done(url_for("admin.service", public_id=public_id))
    return _edit(found, form)


def _edit(found: Service | None, form: ServiceForm):
    return page("admin/service_form.html", service=found, form=form)


# ---------------------------------------------------------------- what clients see


@bp.get("/services/<public_id>/visibility")
@right("manage_services")
def confirm_visibility(public_id: str):
    found = services.find(public_id)
    return page("admin/service_visibility.html", service=found, along=services.switched_along(found, is_visible=not found.is_visible),
                enrolled=services.enrolled_in([found]).get(found.id, 0))  # fmt: skip


@bp.post("/services/<public_id>/visibility")
@right("manage_services")
def show_service(public_id: str):
    found, wanted, warned = services.find(public_id), request.form.get("visible") == "1", request.form.get("warned", "").split()
    with refusals_told():
        services.show(found, g.viewer.actor, is_visible=wanted, version=version_in(request.form), warned_of=warned)
        tell("good", _("Clients see it now.") if wanted else _("Clients do not see it any more."))
        return done(url_for("admin.service", public_id=public_id))
    return done(url_for("admin.confirm_visibility", public_id=public_id))


# ---------------------------------------------------------------- who works there


@bp.get("/services/<public_id>/staff")
@right("manage_services")
def service_staff(public_id: str):
    found = services.find(public_id)
    people, ticked = _workers(found)
    return _staff(found, _staff_form(people)(formdata=None, data=ticked), ticked)


@bp.post("/services/<public_id>/staff")
@right("manage_services")
def change_service_staff(public_id: str):
    found = services.find(public_id)
    people, ticked = _workers(found)
    form = _staff_form(people)()
    if form.validate():
        with form.refusals(now=_record(found, ticked)):
            chosen = [worker for worker in people if form[f"{BOX}{worker.public_id}"].data]
            services.staff(found, chosen, g.viewer.actor, version=form.version)
            tell("good", _("Saved."))
            return done(url_for("admin.service", public_id=public_id))
    return _staff(found, form, ticked)


def _workers(found: Service) -> tuple[list[Worker], dict[str, bool]]:
    """Who can be ticked: everybody who works here, and who is in the service already; and who is."""
    there = services.workers_of(found)
    here = handover.colleagues()
    known = {worker.id for worker in here}
    people = sorted([*here, *(worker for worker in there if worker.id not in known)], key=lambda worker: (worker.sort_name, worker.id))
    numbers = {worker.id for worker in there}
    return people, {f"{BOX}{worker.public_id}": worker.id in numbers for worker in people}


def _staff_form(people: list[Worker]) -> type[StaffForm]:
    boxes = {f"{BOX}{worker.public_id}": BooleanField(worker.name) for worker in people}
    return type("ThisStaffForm", (StaffForm,), {**boxes, "boxes": tuple(boxes)})


def _staff(found: Service, form: StaffForm, ticked: dict[str, bool]):
    return page("admin/service_staff.html", service=found, form=form, record=_record(found, ticked))


def _record(found: Service, ticked: dict[str, bool]) -> SimpleNamespace:
    return SimpleNamespace(**ticked, version=found.version)
