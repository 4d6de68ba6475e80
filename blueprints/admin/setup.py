"""What the agency is: the checklist, its particulars, sites, pages, and what it says in each language."""

from types import SimpleNamespace

from flask import abort, g, url_for
from wtforms import BooleanField, TextAreaField

from blueprints.admin import bp, paging, wording
from blueprints.admin.first_start import AgencyForm
from domain import agency, house_texts, pages, sites, starting_texts, texts
from web import formatting
from web.access import right
from web.forms import Choice, Form, Lines, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class SiteForm(Form):
    name = Text(_l("Name"), [Required(_l("Enter the name of the site."))])
    address = Lines(_l("Address"))
    phone = Text(_l("Phone"))
    time_zone = Choice(_l("Time zone"))
    is_in_use = BooleanField(_l("In use"), default=True)
    anyway = BooleanField(_l("Go on although appointments are ahead here"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.time_zone.choices = [("", _("Choose")), *formatting.time_zones()]

    def rules(self):
        self.place().checked()

    def place(self) -> sites.Place:
        values = {name: value for name, value in self.data.items() if name in ("name", "address", "phone", "time_zone")}
        return sites.Place(**{name: value or "" for name, value in values.items()}, is_in_use=self.is_in_use.data)


class PageForm(Form):
    body = TextAreaField(_l("Text"), [Required(_l("Write the text of this page."))])


# ---------------------------------------------------------------- agency


@bp.get("/settings/agency")
@right("manage_setup")
def agency_form():
    return _agency(AgencyForm(formdata=None, data=agency.particulars()))


@bp.post("/settings/agency")
@right("manage_setup")
def change_agency():
    form = AgencyForm()
    if form.validate():
        with form.refusals(now=_opened(agency.particulars())):
            agency.describe(form.particulars(), g.viewer.actor, as_opened=form.as_opened)
            return _saved()
    return _agency(form)


def _agency(form):
    agency.settled()
    return page("admin/setup_agency.html", form=form, record=_opened(agency.particulars()))


def _opened(values) -> SimpleNamespace:
    """A record as a form's hidden fields know it; it has marks of its values and no version."""
    return SimpleNamespace(version=1, **values)


def _saved():
    tell("good", _("Saved."))
    return done(url_for("admin.settings_index"))


# ---------------------------------------------------------------- emergency line


@bp.get("/settings/emergency-line")
@right("manage_setup")
def emergency_lines():
    return _emergency(_line_form()(formdata=None, data=house_texts.emergency_lines()))


@bp.post("/settings/emergency-line")
@right("manage_setup")
def change_emergency_lines():
    form = _line_form()()
    if form.validate():
        with form.refusals(now=_opened(house_texts.emergency_lines())):
            typed = {language: " ".join((form[language].data or "").split()) for language in house_texts.others()}
            house_texts.write_emergency_lines(typed, g.viewer.actor, as_opened=form.as_opened)
            return _saved()
    return _emergency(form)


def _line_form() -> type[Form]:
    return type("LineForm", (Form,), {code: Lines(formatting.language_name(code)) for code in house_texts.others()})


def _emergency(form):
    offered = {code: texts.say(code, starting_texts.EMERGENCY_LINE) for code in house_texts.others()}
    return page("admin/setup_emergency.html", form=form, record=_opened(house_texts.emergency_lines()), offered=offered,
                own=agency.settled().emergency_line)  # fmt: skip


# ---------------------------------------------------------------- sites


@bp.get("/settings/sites/")
@right("manage_setup")
def all_sites():
    rows, following = paging.by_number(sites.every())
    return page("admin/setup_sites.html", sites=rows, following=following)


@bp.get("/settings/sites/new")
@right("manage_setup")
def site_new():
    main = agency.main_site()
    return page("admin/setup_site.html", form=SiteForm(formdata=None, time_zone=main.time_zone if main else ""), site=None)


@bp.post("/settings/sites/new")
@right("manage_setup")
def add_site():
    form = SiteForm()
    if form.validate():
        with form.refusals():
            sites.add(form.place(), g.viewer.actor)
            return _sites_saved()
    return page("admin/setup_site.html", form=form, site=None)


@bp.get("/settings/sites/<public_id>/")
@right("manage_setup")
def site(public_id: str):
    chosen = sites.find(public_id)
    return _site(chosen, SiteForm(formdata=None, obj=chosen))


@bp.post("/settings/sites/<public_id>/")
@right("manage_setup")
def change_site(public_id: str):
    form, chosen = SiteForm(), sites.find(public_id)
    if form.validate():
        with form.refusals(now=chosen):
            sites.change(chosen, form.place(), g.viewer.actor, as_opened=form.as_opened, anyway=form.anyway.data)
            return _sites_saved()
    return _site(chosen, form)


@bp.post("/settings/sites/<public_id>/main")
@right("manage_setup")
def make_main(public_id: str):
    with refusals_told():
        sites.make_main(sites.find(public_id), g.viewer.actor)
        tell("good", _("Saved."))
    return done(url_for("admin.all_sites"))


def _site(chosen, form):
    return page("admin/setup_site.html", form=form, site=chosen, record=_opened(vars(sites.as_place(chosen))))


def _sites_saved():
    tell("good", _("Saved."))
    return done(url_for("admin.all_sites"))


# ---------------------------------------------------------------- pages


@bp.get("/settings/pages/")
@right("manage_setup")
def footer_pages():
    return page("admin/setup_pages.html", shelf=[(_(wording.PAGES[each.slug]), each) for each in pages.shelf()])


@bp.get("/settings/pages/<slug>/<language>")
@right("manage_setup")
def footer_page(slug: str, language: str):
    published = _published(slug, language)
    body = published.body if published else starting_texts.offered(agency.particulars(), language).get(slug, "")
    return _footer_page(slug, language, PageForm(formdata=None, body=body))


@bp.post("/settings/pages/<slug>/<language>")
@right("manage_setup")
def publish_page(slug: str, language: str):
    published, form = _published(slug, language), PageForm()
    if form.validate():
        with form.refusals(now=_opened({"body": published.body if published else ""})):
            agency.publish(slug, language, form.body.data, g.viewer.actor, as_opened=form.as_opened)
            tell("good", _("Published. It shows at once."))
            return done(url_for("admin.footer_pages"))
    return _footer_page(slug, language, form)


def _published(slug: str, language: str):
    """The newest text.  404 for what is no page, or no language of the portal."""
    return pages.newest(slug, language) if pages.is_one(slug, language) else abort(404)


def _footer_page(slug: str, language: str, form):
    published = _published(slug, language)
    return page("admin/setup_page.html", form=form, slug=slug, language=language, title=_(wording.PAGES[slug]),
                published=published, record=_opened({"body": published.body if published else ""}),
                is_accepted=slug in ("privacy", "terms"))  # fmt: skip
