"""Forms: what all of them share, and the date in three boxes."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from flask import request
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import Field, RadioField, SelectField, StringField, ValidationError
from wtforms.validators import InputRequired
from wtforms.widgets import FileInput, TextArea

from domain import texts
from domain.rules import N_, RuleBroken
from web import formatting, kept, posts
from web.languages import gettext, spoken

_l = lazy_gettext


class Form(FlaskForm):  # type: ignore[misc]
    """A form that keeps all that was typed, and can take a rule's refusal as the error of one of its fields."""

    _is_stale = False  # its writer is told that somebody else changed the record meanwhile

    class Meta:
        csrf = False  # checked once for every request, by web.posts

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Words only: a file or JSON in place of them is as if nothing was typed.

            A form that is shown after its session ended holds what was typed then (``web.kept``).
            """
            if request.method in posts.SAFE:
                return kept.given_back(form)
            return None if formdata is None else request.form

    def rules(self) -> None:
        """What the domain says of the words alone: asked with the fields, so that all that is wrong is said at once.

        Raises RuleBroken.
        """

    def validate(self, extra_validators: Any = None) -> bool:
        """True when neither a field nor a rule finds anything wrong."""
        is_good = bool(super().validate(extra_validators))
        try:
            self.rules()
        except RuleBroken as broken:
            self.refuse(broken)
            return False
        return is_good

    @property
    def is_refused(self) -> bool:
        """True when something must be shown as wrong."""
        return bool(self.errors)

    @property
    def version(self) -> int:
        """The version of the record that the form showed."""
        return version_in(request.form)

    def shown_version(self, now: int) -> str:
        """What the hidden field ``version`` holds: the version of the record that the words in the form are about."""
        return self.since_opened("version", str(now))

    def shown_marks(self, record: Any) -> str:
        """What the hidden field ``before`` holds: a mark of each value that the record had when the form was opened."""
        marks = (f"{name}={_mark(getattr(record, name))}" for name in self._fields if hasattr(record, name))
        return self.since_opened("before", " ".join(marks))

    def since_opened(self, name: str, now: str) -> str:
        """What a hidden field holds: ``now``, or what it held when the form was opened whose words are shown again.

        Once its writer was told that somebody else changed the record, it counts as opened anew.
        """
        if request.method in posts.SAFE:
            back = kept.given_back(self)
            return back.get(name) or now if back else now
        return now if self._is_stale else request.form.get(name) or now

    def is_as_opened(self, name: str, saved: Any) -> bool:
        """True when nobody changed this value of the record since the form was opened."""
        marks = dict(part.partition("=")[::2] for part in request.form.get("before", "").split(" "))
        return marks.get(name) == _mark(saved)

    def as_opened(self, saved: Mapping[str, Any]) -> bool:
        """True when the record's values are what they were when the form was opened, or are what was typed now."""
        return all(
            self.is_as_opened(name, value) or _as_typed(value) == _as_typed(self._fields[name].data)
            for name, value in saved.items() if name in self._fields
        )  # fmt: skip

    @contextlib.contextmanager
    def refusals(self, now: Any = None) -> Iterator[None]:
        """Inside the block a broken rule becomes an error beside its field, or on top of the form.

        ``now``: the record as it is; when somebody else changed it meanwhile, each field says what is saved now.
        """
        try:
            yield
        except RuleBroken as broken:
            self.refuse(broken)
            self._is_stale = broken.code == "stale"
            if self._is_stale and now is not None:
                self._show_saved(now)

    def _show_saved(self, now: Any) -> None:
        """Beside what somebody else changed meanwhile, unless it was to the same."""
        for name, field in self._fields.items():
            saved = getattr(now, name, field.data)
            if _as_typed(saved) != _as_typed(field.data) and not self.is_as_opened(name, saved):
                told = gettext("%(field)s: saved now: %(value)s", field=field.label.text, value=_readable(field, saved))
                field.errors = [*field.errors, told]

    def refuse(self, broken: RuleBroken) -> None:
        """Show what a rule said, and those that were broken with it: one sentence beside each field."""
        for each in broken.every:
            sentence = texts.refusal(spoken(), each)
            field = self._fields.get(each.field)
            if field is None:
                self.form_errors.append(sentence)
            elif not field.errors:
                field.errors = [sentence]


def version_in(words: Mapping[str, str]) -> int:
    """The version in what was posted; 0, which none ever was, for what is no number."""
    typed = words.get("version", "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else 0


def _readable(field: Any, value: Any) -> str:
    """A record's value as its field would show it."""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if isinstance(value, dt.date):
        return formatting.day(value)
    options = field.iter_choices() if getattr(field, "choices", None) else ()
    named = next((option.label for option in options if option.value == value), value)
    return gettext("nothing") if named in (None, "") else str(named)


def _as_typed(value: Any) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def _mark(value: Any) -> str:
    """Short, and the same for the same value: it need not be secret from whoever has the value on their page."""
    return hashlib.blake2s(_as_typed(value).encode(), digest_size=6).hexdigest()


class Required(InputRequired):  # type: ignore[misc]
    """Something must be typed; spaces alone are nothing."""

    def __init__(self, message: Any) -> None:
        super().__init__(message)

    def __call__(self, form: Any, field: Any) -> None:
        if not field.raw_data or not str(field.raw_data[0]).strip():
            super().__call__(form, _Blank(field))


class _Blank:
    """A field as InputRequired sees one that was left empty."""

    def __init__(self, field: Any) -> None:
        self.raw_data: list[str] = []
        self.errors: list[str] = field.errors
        self.gettext = field.gettext


class Text(StringField):  # type: ignore[misc]
    """One line of text without the characters that no database and no page can hold."""

    def pre_validate(self, form: Any) -> None:
        bad = [c for c in self.data or "" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\r\n\t"]
        if bad:
            raise ValidationError(_l("This contains a character that cannot be stored."))


class Choice(SelectField):  # type: ignore[misc]
    """One of a list; what is not on it is refused in our own words, which our catalogues have."""

    def pre_validate(self, form: Any) -> None:
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(_l("Choose one of the list.")) from None


class OneOf(RadioField):  # type: ignore[misc]
    """One of a few, all of them in view; refused as ``Choice`` is."""

    def pre_validate(self, form: Any) -> None:
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(_l("Choose one of the list.")) from None


class Lines(Text):
    """Several lines of text, as an address has them."""

    widget = TextArea()


class Upload(Field):  # type: ignore[misc]
    """A file; ``data`` is what was uploaded, or None.  No browser shows it again after a refusal."""

    widget = FileInput()

    def __init__(self, label: Any, required: Any = None, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.required = required

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[Any] = []
        self.errors: list[Any] = []
        sent = request.files.get(self.name) if formdata is not None else None
        self.data = sent if sent is not None and sent.filename else None
        if formdata is not None and self.data is None and self.required:
            self.process_errors.append(self.required)


class DateBoxes(Field):  # type: ignore[misc]
    """A date in three boxes ``name-day``, ``name-month``, ``name-year``; ``data`` is a date or None.

    Western and other decimal digits are read; a month may be typed as 03 or 3, a year takes four digits.
    """

    day = month = year = ""

    def __init__(self, label: Any = None, required: Any = None, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.required = required

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors: list[Any] = []
        self.errors: list[Any] = []
        self.data = self.object_data = data if isinstance(data, dt.date) else self.default
        if isinstance(self.data, dt.date):
            self.day, self.month, self.year = str(self.data.day), str(self.data.month), str(self.data.year)
        if formdata is not None:
            self._read(formdata)

    def _read(self, formdata: Any) -> None:
        typed = [str(formdata.get(f"{self.name}-{part}", "")).strip() for part in ("day", "month", "year")]
        self.day, self.month, self.year = (text[:10] for text in typed)
        self.data = None
        if not any(typed):
            if self.required:
                self.process_errors.append(self.required)
            return
        try:
            day, month, year = (_number(text) for text in typed)
            if year < 1000:
                raise RuleBroken(N_("Enter the year with four digits."))
            self.data = dt.date(year, month, day)
        except RuleBroken as short:
            self.process_errors.append(_l(short.message))
        except ValueError:
            self.process_errors.append(_l("This date does not exist. Check day, month and year."))


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise ValueError
    return int(text)
