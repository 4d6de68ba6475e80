"""Brand: colour, logo, icons, the pictures of the tiles, and what a phone shows with them."""

from types import SimpleNamespace

from flask import abort, g, request, url_for
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp
from domain import agency, brand, settings
from web.access import right
from web.forms import Form, OneOf, Text, Upload, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

TILE = "tile."
DEFAULT = "#1d5a36"  # what a picker shows that shows nothing yet
BITMAPS = "image/png,image/jpeg,image/webp"


class ColourForm(Form):
    picker = Text(_l("Choose a colour"))
    accent = Text(_l("Or type it"))

    def chosen(self) -> str:
        """What was typed, unless only the picker was moved."""
        is_typed = not self.is_as_opened("accent", self.accent.data)
        return (self.accent.data if is_typed or self.is_as_opened("picker", self.picker.data) else self.picker.data) or ""


class PictureForm(Form):
    file = Upload(_l("Picture"), _l("Choose a file."))


class TileForm(Form):
    """A drawing of the set, or a picture of one's own, which counts more."""

    icon = OneOf(_l("Drawing"))
    file = Upload(_l("Or a picture of your own"))


def _tiles() -> dict[str, str]:
    return {
        "calendar": _("Calendar"), "inbox": _("Inbox"), "things_to_do": _("Things to Do"), "my_services": _("My Services"),
        "about_me": _("About Me"), "my_portal": _("My Portal"),
    }  # fmt: skip


def _titles() -> dict[str, str]:
    """The parts of the brand that are pictures."""
    tiles = {f"tile.{tile}": _("Picture of “%(tile)s”", tile=name) for tile, name in _tiles().items()}
    return {"logo": _("Logo"), "icon": _("Icon on home screens"), **tiles}


def _drawings() -> dict[str, str]:
    """What each tile shows, in words."""
    shown = brand.look().tiles
    return {f"tile.{tile}": _(names[shown[tile]]) if shown[tile] in names else _("A picture of your own.")
            for tile, names in brand.TILES.items()}  # fmt: skip


@bp.get("/settings/brand")
@right("manage_setup")
def show_brand():
    agency.settled()
    return page("admin/brand.html", titles=_titles(), tiles=_tiles(), drawings=_drawings(), is_decided=brand.look().is_decided)


@bp.post("/settings/brand")
@right("manage_setup")
def keep_brand():
    brand.keep_as_it_is(g.viewer.actor)
    tell("good", _("Saved."))
    return done(url_for("admin.settings_index"))


def _saved():
    tell("good", _("Saved. It shows at once."))
    return done(url_for("admin.show_brand"))


# ---------------------------------------------------------------- colour


@bp.get("/settings/brand/colour")
@right("manage_setup")
def brand_colour():
    return _colour(ColourForm(formdata=None, data=vars(_opened_colour())))


@bp.post("/settings/brand/colour")
@right("manage_setup")
def choose_colour():
    form = ColourForm()
    if form.validate():
        with form.refusals(now=_opened_colour()):
            brand.choose_accent(form.chosen(), g.viewer.actor, as_opened=form.as_opened)
            tell("good", _("Saved. It shows at once."))
            return done(url_for("admin.brand_colour"))
    return _colour(form)


def _opened_colour() -> SimpleNamespace:
    accent = brand.look().accent
    return SimpleNamespace(version=1, accent=accent, picker=accent or DEFAULT)


def _colour(form):
    return page("admin/brand_colour.html", form=form, record=_opened_colour())


# ---------------------------------------------------------------- pictures


@bp.get("/settings/brand/pictures/<part>")
@right("manage_setup")
def brand_part(part: str):
    return _picture(part, _form(part)(formdata=None, data={"icon": _icon_of(part)}))


@bp.post("/settings/brand/pictures/<part>")
@right("manage_setup")
def change_brand_part(part: str):
    form = _form(part)()
    if form.validate():
        with form.refusals():
            _take(part, form)
            return _saved()
    return _picture(part, form)


@bp.post("/settings/brand/pictures/<part>/removal")
@right("manage_setup")
def remove_brand_part(part: str):
    with refusals_told():
        brand.remove(part, g.viewer.actor, as_opened=lambda saved: saved["state"] == request.form.get("state"))
        tell("good", _("Removed."))
        return done(url_for("admin.show_brand"))
    return done(url_for("admin.brand_part", part=part))


def _take(part: str, form) -> None:
    def as_opened(saved) -> bool:
        return form.is_as_opened("file", saved["state"])

    if form.file.data is not None:
        brand.upload(part, form.file.data.stream, g.viewer.actor, as_opened=as_opened)
    elif form.icon.data != brand.OWN:
        brand.draw(part.removeprefix(TILE), form.icon.data, g.viewer.actor, as_opened=as_opened)


def _form(part: str) -> type[Form]:
    """404 for what is no part of the brand."""
    if part not in brand.TASKS:
        abort(404)
    if not part.startswith(TILE):
        return PictureForm
    choices = [SelectChoice(icon, _(name)) for icon, name in brand.TILES[part.removeprefix(TILE)].items()]
    own = [SelectChoice(brand.OWN, _("The picture that you uploaded"))] if _icon_of(part) == brand.OWN else []
    return type("ThisTileForm", (TileForm,), {"icon": OneOf(_l("Drawing"), choices=[*own, *choices])})


def _icon_of(part: str) -> str:
    chosen = brand.look().tiles.get(part.removeprefix(TILE), "")
    return chosen if isinstance(chosen, str) else brand.OWN


def _picture(part: str, form):
    return page("admin/brand_picture.html", part=part, title=_titles()[part], form=form, most=settings.get("picture_megabytes"),
                is_tile=part.startswith(TILE), accept=BITMAPS + (",image/svg+xml" if part == "logo" else ""),
                record=SimpleNamespace(version=1, file=brand.look().states.get(part, "")), is_own=_own(part))  # fmt: skip


def _own(part: str) -> bool:
    """True when there is an upload that can be removed."""
    look = brand.look()
    return look.logo is not None if part == "logo" else look.icons_from == "icon" if part == "icon" else _icon_of(part) == brand.OWN
