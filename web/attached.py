"""Files that go along with words: the field of a form, and how one is handed out."""

from __future__ import annotations

from typing import Any, BinaryIO, NamedTuple, cast
from urllib.parse import quote

from babel.units import format_unit
from flask import Response, request
from flask_babel import get_locale
from wtforms import Field
from wtforms.widgets import FileInput

from domain import attachments, settings, texts
from domain.rules import RuleBroken
from models import MEDIA_TYPES, Attachment
from web import kept
from web.forms import Form, Required, _l
from web.languages import spoken

POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


class Uploads(Field):  # type: ignore[misc]
    """Several files; ``data`` are those that were chosen, ``lost`` the names of those that must be chosen again."""

    widget = FileInput(multiple=True)

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[Any] = []
        self.errors: list[Any] = []
        self.data = [file for file in request.files.getlist(self.name) if file.filename] if formdata is not None else []
        names = [file.filename for file in self.data] or (formdata.getlist(self.name) if formdata is not None else [])
        self.lost = [attachments.plain(str(name)) for name in names if name]


def names_lost() -> list[str]:
    """The names of the files that a form brought, or that one before it had brought: they must be chosen again."""
    sent = [file.filename for file in request.files.getlist(kept.FILES)] + request.form.getlist(kept.FILES)
    return [attachments.plain(str(name)) for name in sent if name]


class Attaching(Form):
    """A form whose words may have files with them, as long as the agency takes any."""

    files = Uploads(_l("Files"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ready: list[attachments.Ready] = []
        self._fields[kept.FILES] = self._fields.pop(kept.FILES)  # what is wrong is said in the order of the page
        if not settings.get("attachments_each"):
            del self.files

    def rules(self) -> None:
        super().rules()
        sent = [file for file in request.files.getlist(kept.FILES) if file.filename]
        self.ready = attachments.ready([(str(file.filename), cast(BinaryIO, file.stream)) for file in sent])

    def refuse(self, broken: RuleBroken) -> None:
        """Of files each has a sentence of its own."""
        super().refuse(broken)
        if self.files is not None and (mine := [each for each in broken.every if each.field == kept.FILES]):
            self.files.errors = [texts.refusal(spoken(), each) for each in mine]


class WordsOrFiles(Required):
    """Something must be typed, unless files say it."""

    def __call__(self, form: Any, field: Any) -> None:
        if form.files is None or not form.files.data:
            super().__call__(form, field)


def limits() -> dict[str, Any]:
    """What the field says of the files that it takes."""
    return {"each": settings.get("attachments_each"), "most": settings.get("attachment_megabytes"), "accept": ",".join(MEDIA_TYPES)}


class Linked(NamedTuple):
    """A file of a message, as the page links to it."""

    href: str
    name: str
    size: str


def linked(attachment: Attachment, href: str) -> Linked:
    return Linked(href, attachment.name, size(attachment.file.size))


def size(count: int) -> str:
    """So many bytes, as people of the language say it."""
    number, unit = (count / 1_000_000, "digital-megabyte") if count >= 1_000_000 else (max(1, round(count / 1000)), "digital-kilobyte")
    return str(format_unit(round(number, 1), unit, length="short", locale=get_locale()))


def download(attachment: Attachment) -> Response:
    """A file, to be kept by its reader and never shown by the portal's own address."""
    response = Response(attachments.bytes_of(attachment.file), mimetype=attachment.file.media_type)
    held = response.headers
    held["Content-Disposition"] = disposition(attachment.name)
    held["Content-Security-Policy"] = POLICY
    held["X-Content-Type-Options"] = "nosniff"
    held["Cache-Control"] = "no-store"
    return response


def disposition(name: str) -> str:
    """As RFC 6266 wants it: the name in letters that every program knows, and as it is."""
    stem, _, ending = name.rpartition(".")
    simple = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in stem)
    simple = simple if any(c.isalnum() for c in simple) else "file"
    return f"attachment; filename=\"{simple}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}"
