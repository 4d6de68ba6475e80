"""Individuals: list, search, page, names and dates, who follows them, history."""

from types import SimpleNamespace

from flask import g, request, url_for

from blueprints import differences, kinds
from blueprints.admin import account_steps, bp, event_words, paging, people, reaching, wording
from domain import (
    accounts,
    handover,
    letters,
    notices,
    preferences,
    profile,
    profile_changes,
    search,
    settings,
    sites,
    staff_calendar,
    texts,
)
from models import Delivery, Individual
from web import posts
from web.access import any_staff, right
from web.formatting import language_name
from web.forms import Choice, DateBoxes, Form, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell

HISTORY = 60  # entries on a page, before those are folded that tell of the same
SOON = 3  # appointments that are named on the page
CONSENTS = ("email", "sms")  # notifications on a phone are allowed in the browser, by the client


class IndividualForm(Form):
    first_name = Text(_l("First name"))
    last_name = Text(_l("Last name"))
    preferred_name = Text(_l("Preferred name"))
    pronouns = Text(_l("Pronouns"))
    gender = Text(_l("Gender"))
    birth_date = DateBoxes(_l("Date of birth"))
    death_date = DateBoxes(_l("Date of death"))
    language = Choice(_l("Language"), validate_choice=True)
    site = Choice(_l("Site"), validate_choice=True)

    def __init__(self, person: Individual | None, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._kept = person.site_id if person else None
        self._offer_sites()
        self.language.choices = [("", _("The agency's")), *((code, language_name(code)) for code in texts.LANGUAGES)]

    def _offer_sites(self):
        """Those in use and the one of before, where there is more than one to choose from; a form that was opened with the
        choice keeps it, and one that was opened without it says nothing of it."""
        offered = [site for site in sites.in_mind() if site.is_in_use or site.id == self._kept]
        if len(offered) < 2 if request.method in posts.SAFE else "site" not in request.form:
            del self.site
            return
        self.site.choices = [("", _("Not said")), *((site.public_id, wording.site(site)) for site in offered)]

    def rules(self):
        self.details().checked()

    def details(self) -> profile.Details:
        names = ("first_name", "last_name", "preferred_name", "pronouns", "gender", "language", "birth_date", "death_date")
        return profile.Details(**{name: getattr(self, name).data or ("" if "date" not in name else None) for name in names},
                               site_id=self._site_id())  # fmt: skip

    def _site_id(self) -> int | None:
        if "site" not in self:
            return self._kept
        return next((site.id for site in sites.in_mind() if site.public_id == self.site.data), None)


def _as_form(person: Individual) -> SimpleNamespace:
    """A record as the form shows it, with what the form needs to tell a stale one."""
    site = sites.numbered(person.site_id)
    return SimpleNamespace(**person.__data__ | {"site": site.public_id if site else ""})


@bp.get("/individuals/")
@any_staff
def individuals():
    question = request.args.get("q", "").strip()[:100]
    query = search.narrow(g.viewer.individuals, question) if question else g.viewer.individuals
    rows, previous, following = paging.by_name(query, Individual)
    return page("admin/individuals.html", "results", people=rows, states=accounts.newest_of(rows), previous=previous, following=following,
                question=question, wording=wording, accounts=accounts)  # fmt: skip


@bp.get("/individuals/new")
@right("edit_individuals")
def new_individual():
    return _form(None, IndividualForm(None, formdata=None))


@bp.post("/individuals/new")
@right("edit_individuals")
def create_individual():
    form = IndividualForm(None)
    if form.validate():
        with form.refusals():
            person = profile.create(form.details(), g.viewer.actor)
            tell("good", _("The record is made. Add how to reach this person."))
            return done(url_for("admin.individual", public_id=person.public_id))
    return _form(None, form)


@bp.get("/individuals/<public_id>/")
@any_staff
def individual(public_id: str):
    person = g.viewer.individual(public_id)
    account, (consents, refused) = accounts.newest(person), preferences.consents_and_refusals(person, CONSENTS)
    contacts, doubtful = notices.contacts_and_doubts(person)
    known = accounts.Known(account, contacts, consents["email"], refused=refused)
    verbs = accounts.staff_verbs(account, g.viewer.rights) if account else []
    address = known.next_address
    missing = _missing(person, known, address)
    return people.page_about(
        person, "admin/individual.html", account=account, verbs=verbs, missing=missing,
        is_one_tap="send_new" in verbs and not missing and address == account.email,
        contacts=contacts, consents=consents,
        followers=profile.followers_of(person), deliveries=_sent_to(person),
        doubtful=doubtful, refused=_refused(refused), kinds=kinds.shown(refused, "kinds"), refused_kinds=" ".join(sorted(refused)),
        changes=profile_changes.waiting(person), compared=differences.compared, seen_version=profile_changes.seen_version,
        coming=list(g.viewer.coming_of(person).limit(SOON)), words=event_words, title=staff_calendar.title,
        site=_site_of(person), discussions_on=settings.get("discussions"),
        may_begin=settings.may_write("write_from_profile"),
        reach=reaching.reach(person, known), wording=wording, accounts=accounts, letters=letters,
    )  # fmt: skip


def _sent_to(person: Individual) -> list[Delivery]:
    """The newest e-mails to them; what was written about them to a worker stands under the deliveries."""
    return list(person.deliveries.where(Delivery.worker.is_null()).order_by(Delivery.id.desc()).limit(3))


def _refused(refused: frozenset[str]) -> list[str]:
    """The kinds of e-mails that they do not want, in words."""
    return [_(name) for kind, name in preferences.NAMES.items() if kind in refused]


def _site_of(person: Individual) -> str:
    """Where they usually come, as far as that says something."""
    site = sites.numbered(person.site_id)
    return wording.site(site) if site and (sites.are_several() or not site.is_in_use) else ""


def _missing(person: Individual, known: accounts.Known, address: str):
    """What stands between somebody without an open account and a new one."""
    if known.account and known.account.is_open:
        return []
    return account_steps.steps(person, accounts.missing(person, address, known), address)


@bp.get("/individuals/<public_id>/edit")
@right("edit_individuals")
def edit_individual(public_id: str):
    person = g.viewer.individual(public_id)
    return _form(person, IndividualForm(person, formdata=None, obj=_as_form(person)))


@bp.post("/individuals/<public_id>/edit")
@right("edit_individuals")
def change_individual(public_id: str):
    person = g.viewer.individual(public_id)
    form = IndividualForm(person)
    if form.validate():
        with form.refusals(now=_as_form(person)):
            profile.change(person, form.details(), g.viewer.actor, version=form.version)
            tell("good", _("Saved."))
            return done(url_for("admin.individual", public_id=public_id))
    return _form(person, form)


def _form(person: Individual | None, form: IndividualForm):
    return people.page_about(person, "admin/individual_form.html", form=form, as_form=_as_form(person) if person else None)


@bp.post("/individuals/<public_id>/following")
@any_staff
def follow(public_id: str):
    person = g.viewer.individual(public_id)
    if request.form.get("follow") == "1":
        profile.follow(person, g.viewer.worker, g.viewer.actor)
        tell("good", _("You follow this person now."))
    else:
        handover.unfollow(person, g.viewer.worker, g.viewer.actor)
        tell("good", _("You no longer follow this person."))
    stays = g.viewer.individuals.where(Individual.id == person.id).exists()
    return done(url_for("admin.individual", public_id=public_id) if stays else "/admin/individuals/")


@bp.get("/individuals/<public_id>/history")
@right("view_audit")
def history(public_id: str):
    person = g.viewer.individual(public_id)
    rows, older = paging.by_number(g.viewer.audit_of(person), HISTORY)
    return people.page_about(person, "admin/history.html", entries=wording.entries(rows), older=older)
