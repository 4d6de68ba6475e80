"""What the agency looks like: its accent, logo, icons and the pictures of the tiles.

Pictures are made in a process of their own (``gateways.pictures``) before the transaction, and stand in the database, so that a
backup and a second process need nothing more.  A page only ever asks for their addresses, never for their bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import BinaryIO
from urllib.parse import quote

from domain import agency, audit, colour, settings, store, uploads
from domain.actor import Actor
from domain.rules import N_, STALE, NotFound, RuleBroken
from gateways import pictures
from models import BrandChoice, BrandPicture

OWN = "own"  # instead of a drawing of the set, for a tile
# Each tile with the drawings of static/icons.svg that it may have; the first one is what it has by itself.
TILES: dict[str, dict[str, str]] = {
    "calendar": {
        "calendar": N_("A calendar"), "clock": N_("A clock"), "history": N_("A clock that turns back"), "bell": N_("A bell"),
        "map-pin": N_("A place on a map"),
    },
    "inbox": {
        "message-square": N_("A speech bubble"), "mail": N_("A letter"), "bell": N_("A bell"), "users": N_("Two people"),
        "heart": N_("A heart"),
    },
    "things_to_do": {
        "list-checks": N_("A list with ticks"), "file-text": N_("A sheet of paper"), "pencil": N_("A pencil"), "check": N_("A tick"),
        "bell": N_("A bell"),
    },
    "my_services": {
        "heart-handshake": N_("Two hands"), "users": N_("Two people"), "life-buoy": N_("A lifebuoy"), "house": N_("A house"),
        "list-checks": N_("A list with ticks"),
    },
    "about_me": {
        "user-round": N_("A person"), "users": N_("Two people"), "heart": N_("A heart"), "file-text": N_("A sheet of paper"),
        "book-open": N_("An open book"),
    },
    "my_portal": {
        "key-round": N_("A key"), "settings": N_("A cogwheel"), "lock": N_("A lock"), "shield-check": N_("A shield"),
        "door-open": N_("An open door"),
    },
}  # fmt: skip
TASKS = {"logo": "logo", "icon": "icon"} | {f"tile.{tile}": "tile" for tile in TILES}  # what is made of which part's upload
LOGO_HEIGHT = 40  # CSS pixels; pictures are three times as fine
WIDE = 2.5  # a logo so much wider than high holds the name


@dataclasses.dataclass(frozen=True)
class Picture:
    """Where a picture is, and the room that it takes on a page."""

    address: str
    content_type: str
    width: int
    height: int

    @property
    def path(self) -> str:
        return f"/brand/{self.address}"


@dataclasses.dataclass(frozen=True, eq=False)  # there is one at a time: what was drawn for it is found again
class Look:
    """All that pages say of the brand."""

    accent: str = ""
    palette: colour.Palette | None = None
    stylesheet: str = ""  # its mark; empty where nothing differs from the default
    logo: Picture | None = None
    icons: dict[str, Picture] = dataclasses.field(default_factory=dict)
    icons_from: str = ""  # icon, logo, accent; empty for the portal's own
    favicon: str = ""  # the door in the accent, to stand in the page itself: one request less
    tiles: dict[str, str | Picture] = dataclasses.field(default_factory=dict)
    states: dict[str, str] = dataclasses.field(default_factory=dict)  # by part: a colour, a drawing's name, a picture's address
    is_decided: bool = False  # something was chosen, or kept as it is

    @property
    def has_logo_with_name(self) -> bool:
        """True for a logo that leaves no room for the name beside it."""
        return self.logo is not None and self.logo.width >= WIDE * self.logo.height


def look() -> Look:
    """What the agency looks like now."""
    return store.keep("brand", _ask)


def _ask() -> Look:
    choices = {row.key: row.value for row in BrandChoice.select()}
    fields = (BrandPicture.part, BrandPicture.kind, BrandPicture.address, BrandPicture.content_type, BrandPicture.width,
              BrandPicture.height)  # fmt: skip
    kept: dict[str, dict[str, Picture]] = {}
    for part, kind, *about in BrandPicture.select(*fields).order_by(BrandPicture.kind.desc()).tuples():
        kept.setdefault(part, {})[kind] = Picture(*about)
    sets = {part: {kind: each for kind, each in kept.get(part, {}).items() if kind != "picture"} for part in ("icon", "logo", "accent")}
    icons_from = next((part for part, icons in sets.items() if icons), "")
    accent = choices.get("accent", "")
    return Look(
        accent=accent, palette=colour.palette(accent) if accent else None, stylesheet=_mark(written(accent).encode()) if accent else "",
        logo=_shown(kept.get("logo", {}).get("picture")), icons=sets.get(icons_from, {}), icons_from=icons_from,
        favicon=_drawn_door(colour.palette(accent).light.accent) if icons_from == "accent" else "",
        tiles={tile: _tile(tile, choices, kept) for tile in TILES}, is_decided=bool(choices),
        states=choices | {part: next(iter(each.values())).address for part, each in kept.items() if part in TASKS},
    )  # fmt: skip


def _drawn_door(shade: str) -> str:
    drawing = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 512 512'><rect width='512' height='512' rx='112' fill='{shade}'/>"
        "<path fill='#fdfaf4' d='M104 408a12 12 0 0 1 12-12h36V120a28 28 0 0 1 28-28h152a28 28 0 0 1 28 28v276h36a12 12 0 0 1 0 24H116"
        f"a12 12 0 0 1-12-12z'/><path fill='#ffd68c' d='M176 116h160v280H176z'/><path fill='{shade}' d='M176 116l96 32v216l-96 32z'/></svg>"
    )
    return "data:image/svg+xml," + quote(drawing, safe=" ='/:")


def _tile(tile: str, choices: dict[str, str], kept: dict[str, dict[str, Picture]]) -> str | Picture:
    part = f"tile.{tile}"
    chosen = choices.get(part, "")
    return kept.get(part, {}).get("picture") or (chosen if chosen in TILES[tile] else next(iter(TILES[tile])))


def _shown(logo: Picture | None) -> Picture | None:
    """With the room that it takes in the bar: never larger than it is."""
    if logo is None:
        return None
    share = min(LOGO_HEIGHT / logo.height, LOGO_HEIGHT * 4 / logo.width, 1)
    return dataclasses.replace(logo, width=max(1, round(logo.width * share)), height=max(1, round(logo.height * share)))


def _mark(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def bytes_of(address: str) -> tuple[str, bytes]:
    """Content type and bytes of a picture in use.  Raises NotFound."""
    row = BrandPicture.select(BrandPicture.content_type, BrandPicture.body).where(BrandPicture.address == address).tuples().first()
    if row is None:
        raise NotFound
    return str(row[0]), bytes(row[1])


def written(accent: str) -> str:
    """The stylesheet of an accent: its tokens in light and dark, and where more contrast is asked for."""
    if not accent:
        return "/* The portal's own colours. */\n"
    made = colour.palette(accent)
    blocks = (
        ("", made.light), ("@media (prefers-color-scheme: dark)", made.dark), ("@media (prefers-contrast: more)", made.light_more),
        ("@media (prefers-contrast: more) and (prefers-color-scheme: dark)", made.dark_more),
    )  # fmt: skip
    lines = [f"{media} {{ {_tokens(tones)} }}" if media else _tokens(tones) for media, tones in blocks]
    # Phones without OKLCH have no dark colours, and so none of ours.
    return f"@layer tokens {{\n{lines[0]}\n@supports (color: oklch(0% 0 0)) {{\n{chr(10).join(lines[1:])}\n}}\n}}\n"


def _tokens(tones: colour.Tones) -> str:
    return (f":root {{ --accent: {tones.accent}; --accent-strong: {tones.strong}; --accent-tint: {tones.tint};"
            f" --on-accent: {tones.on_accent} }}")  # fmt: skip


# ---------------------------------------------------------------- choices


def choose_accent(typed: str, by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Set the accent (#rrggbb), or with nothing the portal's own again.  Raises RuleBroken (field ``accent``), or ``stale``."""
    accent = colour.read(typed)
    store.must_be_idle()
    made = _doors(accent) if accent else ()
    with store.writing():
        before = _begin("accent", as_opened)
        _keep_pictures("accent", made)
        _settle("accent", before, accent, by)


def upload(part: str, file: BinaryIO, by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Take a picture as the logo, the icon or a tile's.  Raises NotFound for another part, RuleBroken (field ``file``), or ``stale``."""
    if part not in TASKS:
        raise NotFound
    made = uploads.made(TASKS[part], file, settings.get("picture_megabytes"))
    with store.writing():
        before = _begin(part, as_opened)
        _keep_pictures(part, made)
        _settle(part, before, OWN, by)


def remove(part: str, by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Go back to what there is without the picture; twice is harmless.  Raises NotFound for what is no part, RuleBroken ``stale``."""
    if part not in TASKS:
        raise NotFound
    with store.writing():
        before = _begin(part, lambda saved: not saved["state"] or as_opened(saved))
        _keep_pictures(part, [])
        _settle(part, before, "", by)


def draw(tile: str, icon: str, by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Give a tile a drawing of the set; a picture of its own is removed.  Raises NotFound, RuleBroken (``icon``), or ``stale``."""
    if tile not in TILES:
        raise NotFound
    if icon not in TILES[tile]:
        raise RuleBroken(N_("Choose one of the list."), code="icon", field="icon")
    with store.writing():
        before = _begin(f"tile.{tile}", as_opened)
        _keep_pictures(f"tile.{tile}", [])
        _settle(f"tile.{tile}", before, icon, by)


def keep_as_it_is(by: Actor) -> None:
    """Say that the look has been decided; twice is harmless."""
    with store.writing():
        store.one_at_a_time("brand")
        if not look().is_decided:
            _settle("decided", "", "yes", by)


def _begin(part: str, as_opened: agency.AsOpened) -> str:
    """The part's state, with nobody else at it.  Raises RuleBroken ``stale``."""
    store.one_at_a_time("brand")
    before = look().states.get(part, "")
    if not as_opened({"accent" if part == "accent" else "state": before}):
        raise RuleBroken(STALE, code="stale")
    return before


def _keep_pictures(part: str, made: Sequence[pictures.Made]) -> None:
    BrandPicture.delete().where(BrandPicture.part == part).execute()
    for each in made:
        BrandPicture.create(part=part, address=_mark(each.body), **vars(each))


def _settle(part: str, before: str, value: str, by: Actor) -> None:
    """Keep the choice, and tell of it when it is another one.  A choice once made stays one, and be it for the default."""
    row = BrandChoice.insert(key=part, value=value)
    row.on_conflict(conflict_target=[BrandChoice.key], preserve=[BrandChoice.value]).execute()
    store.forget()
    after = look().states.get(part, "")
    if after != before:
        audit.record("brand.changed", by, before={part: before}, after={part: after})


def _doors(accent: str) -> Sequence[pictures.Made]:
    try:
        return pictures.doors(colour.palette(accent).light.accent)
    except pictures.Refused:
        raise uploads.refusal("busy", "accent") from None
