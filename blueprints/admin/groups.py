"""Groups and series: what they are, and who is in them."""

from flask import g, request, url_for
from wtforms import BooleanField

from blueprints.admin import bp, paging, people, wording
from blueprints.admin.services import WRITTEN
from domain import agency, enrolments, event_people, search, services, settings
from models import Group, Individual, Service
from web.access import right
from web.forms import Form, Lines, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

MOST_FOUND = 10


class GroupForm(Form):
    name = Text(_l("Name"), [Required(_l("Enter a name."))])
    client_name = Text(_l("Name for clients"))
    client_description = Lines(_l("Description for clients"))
    capacity = Text(_l("Places"))
    is_visible = BooleanField(_l("Clients see it"))
    is_in_use = BooleanField(_l("In use"), default=True)

    def rules(self):
        self.details().checked()

    def details(self) -> services.GroupDetails:
        typed = {name: getattr(self, name).data or "" for name in WRITTEN}
        return services.GroupDetails(**typed, is_visible=self.is_visible.data, is_in_use=self.is_in_use.data)


@bp.get("/services/<public_id>/groups/new")
@right("manage_services")
def group_new(public_id: str):
    under = services.find(public_id)
    return _edit(under, None, GroupForm(formdata=None, is_visible=under.is_visible))


@bp.post("/services/<public_id>/groups/new")
@right("manage_services")
def add_group(public_id: str):
    under, form = services.find(public_id), GroupForm()
    if form.validate():
        with form.refusals():
            made = services.add_group(under, form.details(), g.viewer.actor)
            tell("good", _("Saved."))
            return done(url_for("admin.group", public_id=made.public_id))
    return _edit(under, None, form)


@bp.get("/groups/<public_id>/")
@right("manage_services")
def group(public_id: str):
    found = services.find_group(public_id)
    rows, following = paging.by_number(g.viewer.roster(found))
    question, others = sought(g.viewer.others_than_in(found))
    return page("admin/group.html", group=found, service=found.service, rows=rows, following=following, taken=services.places_taken(found),
                question=question, people=others, wording=wording, may_write=settings.may_write("write_from_group"),
                has_ahead=event_people.ahead_with(found).exists())  # fmt: skip


def sought(individuals):
    """What was searched for, and the first of those who were found."""
    question = request.args.get("q", "").strip()[:100]
    if not question:
        return "", []
    found = search.narrow(individuals, question)
    return question, list(found.order_by(Individual.sort_name, Individual.id).limit(MOST_FOUND))


@bp.get("/groups/<public_id>/edit")
@right("manage_services")
def edit_group(public_id: str):
    found = services.find_group(public_id)
    return _edit(found.service, found, GroupForm(formdata=None, obj=found))


@bp.post("/groups/<public_id>/edit")
@right("manage_services")
def change_group(public_id: str):
    found, form = services.find_group(public_id), GroupForm()
    if form.validate():
        with form.refusals(now=found):
            services.change_group(found, form.details(), g.viewer.actor, version=form.version)
            tell("good", _("Saved."))
            return done(url_for("admin.group", public_id=public_id))
    return _edit(found.service, found, form)


def _edit(under: Service, found: Group | None, form: GroupForm):
    return page("admin/group_form.html", service=under, group=found, form=form, wording=wording)


class AheadForm(Form):
    ahead = BooleanField(_l("Also with what is ahead"), default=True)


@bp.get("/groups/<public_id>/roster")
@right("manage_services")
def group_joining(public_id: str):
    """Whether somebody who joins comes to what is booked for the group already."""
    found = services.find_group(public_id)
    with refusals_told():
        return people.page_about(people.chosen(), "admin/group_joining.html", group=found, service=found.service,
                                 form=AheadForm(formdata=None), ahead=event_people.ahead_with(found).count(), wording=wording)  # fmt: skip
    return done(url_for("admin.group", public_id=public_id))


@bp.post("/groups/<public_id>/roster")
@right("manage_services")
def join_group(public_id: str):
    found = services.find_group(public_id)
    with refusals_told():
        person = people.chosen()
        enrolments.join(found, person, agency.today(), g.viewer.actor, comes_ahead=AheadForm().ahead.data)
        tell("good", _("%(name)s is in it now.", name=person.legal_name))
    return done(url_for("admin.group", public_id=public_id))


@bp.get("/groups/<public_id>/roster/<entry_id>/end")
@right("manage_services")
def group_leaving(public_id: str, entry_id: str):
    """Whether somebody who leaves comes to what is booked for the group no more."""
    found = services.find_group(public_id)
    entry = g.viewer.roster_entry(found, entry_id)
    return people.page_about(entry.individual, "admin/group_leaving.html", group=found, service=found.service, entry=entry,
                             form=AheadForm(formdata=None), ahead=event_people.ahead_for(entry.individual, found).count(),
                             wording=wording)  # fmt: skip


@bp.post("/groups/<public_id>/roster/<entry_id>/end")
@right("manage_services")
def leave_group(public_id: str, entry_id: str):
    entry = g.viewer.roster_entry(services.find_group(public_id), entry_id)
    with refusals_told():
        enrolments.leave(entry, agency.today(), g.viewer.actor, stays_away=AheadForm().ahead.data)
        tell("good", _("%(name)s is not in it any more.", name=entry.individual.legal_name))
    return done(url_for("admin.group", public_id=public_id))
