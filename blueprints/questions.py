"""The questions of one page of a document, as ``templates/documents/_questions.html`` draws them: for clients, for staff, in a preview.

Fields are named as ``document_answers.field_names`` says, and the id of each is its name: what is wrong can be linked.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

from babel.numbers import get_currency_symbol
from markupsafe import Markup, escape
from wtforms.widgets import html_params

from domain import document_answers, document_choices, document_holdings, document_places, document_rules, texts
from domain.document_parts import Form, Question, Section, say
from domain.rules import N_, RuleBroken
from models import MEDIA_TYPES
from web import formatting
from web.languages import gettext as _

_TYPES = {"email": "email", "phone": "tel", "time": "time"}
_BOXES = ("day", "month", "year")
_ADDRESS = {"line1": "address-line1", "line2": "address-line2", "city": "address-level2", "region": "address-level1",
            "postcode": "postal-code", "country": "country"}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Reading:
    """Who reads a page: in which ``language``, the agency's ``own``, country and currency; and what is shown in the fields.

    ``typed`` is what a form brought that was refused, it goes before the answers; ``errors`` are sentences by the field's name.
    """

    language: str
    own: str
    country: str = ""
    currency: str = ""
    today: dt.date | None = None
    typed: Mapping[str, Sequence[str]] | None = None
    errors: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)
    picture: str = "/documents/pictures/"  # where a picture is had by its digest
    marks_optional: bool = True

    def say(self, words: Mapping[str, str]) -> str:
        return say(words, self.language, self.own)


class Label(NamedTuple):
    text: str


class Option(NamedTuple):
    """One radio button or box to tick."""

    id: str
    data: str
    label: Label
    checked: bool


class Control:
    """A field as the ``ui`` macros take it."""

    def __init__(
        self, name: str, label: str, errors: Sequence[str], html: Any = None, options: Sequence[Option] = (), *, many: bool = False
    ) -> None:
        self.id = self.name = name
        self.label, self.errors, self._html, self._options = Label(label), list(errors), html, options
        self.widget, self.option_widget = SimpleNamespace(multiple=many), SimpleNamespace(input_type="checkbox" if many else "radio")
        self.day = self.month = self.year = ""

    def __call__(self, **more: Any) -> Markup:
        return Markup(self._html(more))  # noqa: S704 - made by html_params

    def __iter__(self):
        return iter(self._options)


@dataclasses.dataclass
class Asked:
    """One question at its place; ``shape`` names how it is drawn, ``fields`` are its controls by part."""

    question: Question
    place: str
    shape: str
    title: str
    help: Markup
    fields: dict[str, Control] = dataclasses.field(default_factory=dict)
    unit: str = ""
    shown: str = ""  # what stands there, of what cannot be changed
    picture: str = ""
    is_optional: bool = False
    files: list[Option] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Block:
    """A section, in one of its turns."""

    section: Section
    turn: int
    turns: int
    title: str
    help: str
    questions: list[Asked]
    again: str = ""  # what the button for one more says, after the last turn that may have one more
    may_go: bool = False

    @property
    def is_first(self) -> bool:
        return self.turn == 0


def blocks(form: Form, page: str, answers: Mapping[str, Any], reading: Reading, *, for_staff: bool = False) -> list[Block]:
    """What a page asks now: its sections, each in as many turns as there are, with the questions that are shown."""
    shown = document_rules.visible(form, answers, for_staff=for_staff)
    found = []
    for section in next(each.sections for each in form.pages if each.key == page):
        if section.key in shown.sections:
            found += _turns(section, shown, answers, reading)
    return found


def errors_of(broken: Iterable[RuleBroken], language: str) -> dict[str, list[str]]:
    """What was refused, as sentences by the field's name."""
    found: dict[str, list[str]] = {}
    for each in broken:
        found.setdefault(each.field, []).append(texts.refusal(language, each))
    return found


def missing(place: str, question: Question) -> RuleBroken:
    """That a question was not answered, beside its first field."""
    where = document_places.read(place)
    sentence = N_("Answer every row.") if question.kind == "table" else N_("Answer this question.")
    return RuleBroken(sentence, code="missing", field=anchor(question, where.turn))


def anchor(question: Question, turn: int = 0) -> str:
    """The id of the first field of a question, to be linked."""
    names = document_answers.field_names(question, turn)
    return names.get("search") or next(iter(names.values()), f"q-{document_answers.written(question.key, turn)}")


def _turns(section: Section, shown: document_rules.Visible, answers: Mapping[str, Any], reading: Reading) -> list[Block]:
    number = shown.sections[section.key]
    title, text = reading.say(section.words), reading.say(section.help)
    made = []
    for turn in range(number):
        places = [(document_places.place(question.key, turn), question) for question in section.questions]
        drawn = [asked(question, place, turn, answers.get(place), reading) for place, question in places if place in shown.questions]
        made.append(Block(section, turn, number, title, text, drawn, may_go=section.repeats and number > section.least))
    if section.repeats and number < section.most:
        if not made:
            made = [Block(section, 0, 0, title, text, [])]
        made[-1].again = reading.say(section.again)
    return made


def asked(question: Question, place: str, turn: int, value: Any, reading: Reading) -> Asked:
    """One question, as it is drawn."""
    made = Asked(question, place, "", reading.say(question.words), _help(question, reading))
    made.is_optional = reading.marks_optional and not question.is_required
    if not question.asks:
        made.shape = question.kind
        made.picture = f"{reading.picture}{question.picture}" if question.picture else ""
    elif not question.may_change:
        made.shape = "locked"
        made.shown = document_answers.shown(question, value, reading.language, reading.country, currency=reading.currency,
                                            own=reading.own, today=reading.today)  # fmt: skip
    else:
        _Drawn(made, turn, value, reading).draw()
    return made


def _help(question: Question, reading: Reading) -> Markup:
    """What staff wrote, and the limits."""
    own, limits = reading.say(question.help), _limits(question, reading) if question.asks and question.may_change else ""
    parts = [Markup('<span dir="auto">{}</span>').format(own) if own else "", limits]
    return Markup(" ").join(part for part in parts if part)


def _limits(question: Question, reading: Reading) -> str:
    kind, least, most = question.kind, question.least, question.most
    if kind in ("slider", "scale"):
        return ""
    if kind in ("short_text", "long_text"):
        return _("Use at least %(least)s characters.", least=least) if least else ""
    if kind in ("many", "file"):
        first = _("Choose at least %(least)s.", least=least) if least and least != "0" else ""
        return " ".join(filter(None, (first, _("Choose at most %(most)s.", most=most) if most else "")))
    def told(limit: str) -> str:
        return document_answers.shown(question, limit, reading.language, reading.country, currency=reading.currency, own=reading.own)
    if kind in ("date", "birth_date", "date_time", "time"):
        first = _("Enter %(least)s or later.", least=told(least)) if least else ""
        return " ".join(filter(None, (first, _("Enter %(most)s or earlier.", most=told(most)) if most else "")))
    if least and most:
        return _("Enter a number from %(least)s to %(most)s.", least=told(least), most=told(most))
    return _("Enter %(least)s or more.", least=told(least)) if least else _("Enter %(most)s or less.", most=told(most)) if most else ""


class _Drawn:
    """The controls of one question."""

    def __init__(self, made: Asked, turn: int, value: Any, reading: Reading) -> None:
        self.made, self.reading, self.question = made, reading, made.question
        self.names = document_answers.field_names(made.question, turn)
        self.base = f"q-{made.place}"
        self.value = value
        self.held = document_answers.as_typed(made.question, value, reading.language, reading.country, currency=reading.currency,
                                              own=reading.own, turn=turn)  # fmt: skip

    def draw(self) -> None:
        ways = {"radio": self._choices, "list": self._list, "search": self._search}
        kinds = {
            "one": ways.get(self.question.way, self._choices), "many": self._choices, "yes_no": self._yes_no, "scale": self._scale,
            "table": self._table, "address": self._address, "file": self._files, "signature": self._signature, "date": self._boxes,
            "birth_date": self._boxes, "date_time": self._boxes,
        }  # fmt: skip
        kinds.get(self.question.kind, self._text)()

    # -- what is in a field

    def _values(self, part: str) -> list[str]:
        name = self.names[part]
        source: Mapping[str, Sequence[str]] = self.held if self.reading.typed is None else self.reading.typed
        return [str(each) for each in source.get(name, ())]

    def _one(self, part: str = "") -> str:
        return next(iter(self._values(part)), "")

    def _errors(self, part: str) -> list[str]:
        return self.reading.errors.get(self.names[part], [])

    def _label(self, text: str, *, is_optional: bool | None = None) -> Markup:
        said = Markup('<span dir="auto">{}</span>').format(text)
        is_optional = self.reading.marks_optional and (not self.question.is_required if is_optional is None else is_optional)
        return Markup('{} <span class="optional">{}</span>').format(said, _("(optional)")) if is_optional else said

    def _add(self, part: str, label: Markup, html: Any = None, options: Sequence[Option] = (), *, many: bool = False) -> Control:
        made = self.made.fields[part] = Control(self.names[part], label, self._errors(part), html, options, many=many)
        return made

    def _input(self, part: str, label: Markup, *, kind: str = "text", **attrs: Any) -> Control:
        name, value = self.names[part], self._one(part)
        return self._add(part, label, lambda more: f"<input {html_params(type=kind, id=name, name=name, value=value, **attrs, **more)}>")

    # -- kinds

    def _text(self) -> None:
        kind, name = self.question.kind, self.names[""]
        self.made.shape, label = "field", self._label(self.made.title)
        if kind == "long_text":
            attrs: dict[str, Any] = {"id": name, "name": name, "rows": 5, "maxlength": self._letters()}
            value = self._one()
            self._add("", label, lambda more: f"<textarea {html_params(**attrs, **more)}>\n{escape(value)}</textarea>")
        elif kind in ("short_text", *_TYPES):
            most = {"maxlength": self._letters()} if kind == "short_text" else {}
            self._input("", label, kind=_TYPES.get(kind, "text"), autocomplete="off", **most)
        else:
            self._number(label)

    def _letters(self) -> int:
        return int(self.question.most or document_answers.MOST_LETTERS[self.question.kind])

    def _number(self, label: Markup) -> None:
        """As text: a browser's own field for numbers takes only one way of writing them."""
        question = self.question
        mode = "numeric" if question.kind == "whole" else "decimal"
        if question.kind not in ("currency", "percentage") and (not question.least or question.least.startswith("-")):
            mode = "text"  # keyboards for numbers have no minus on some phones
        self.made.unit = self._unit()
        slider = {"data-slider": "", "data-least": question.least, "data-most": question.most, "data-step": question.step or "1"}
        self._input("", label, inputmode=mode, autocomplete="off", maxlength=60, **(slider if question.kind == "slider" else {}))

    def _unit(self) -> str:
        if self.question.kind == "percentage":
            return "%"
        if self.question.kind == "currency":
            return str(get_currency_symbol(self.reading.currency, self.reading.language)) if self.reading.currency else ""
        return self.reading.say(self.question.unit)

    def _options(self, listed: Sequence[tuple[str, str]], part: str = "", *, may_be_empty: bool = False) -> list[Option]:
        chosen, name = self._values(part), self.names[part]
        none = [("", _("No answer"))] if may_be_empty else []
        return [Option(f"{name}-{number}", key, Label(Markup('<span dir="auto">{}</span>').format(text)), key in chosen)
                for number, (key, text) in enumerate([*listed, *none])]  # fmt: skip

    def _listed(self) -> list[tuple[str, str]]:
        other = [(document_choices.OTHER, _("Something else"))] if self.question.has_other else []
        return [*((each.key, self.reading.say(each.words) or each.key) for each in self.question.choices), *other]

    def _other(self) -> None:
        if self.question.has_other:
            self._input("other", self._label(_("If something else: what?"), is_optional=False), autocomplete="off",
                        maxlength=document_choices.MOST_LETTERS)  # fmt: skip

    def _choices(self) -> None:
        many = self.question.kind == "many"
        self.made.shape = "choices"
        options = self._options(self._listed(), may_be_empty=not self.question.is_required and not many)
        self._add("", self._label(self.made.title), options=options, many=many)
        self._other()

    def _list(self) -> None:
        self.made.shape, name = "field", self.names[""]
        rows = [("", _("Choose")), *self._listed()]
        chosen = self._one()
        options = Markup("").join(Markup("<option {}>{}</option>").format(
            Markup(html_params(value=key, selected=key == chosen)), text) for key, text in rows)  # noqa: S704 - html_params escapes
        self._add("", self._label(self.made.title), lambda more: f"<select {html_params(id=name, name=name, **more)}>{options}</select>")
        self._other()

    def _search(self) -> None:
        """Words of the list, offered while somebody types; without that they are typed whole."""
        self.made.shape = "search"
        listed = f"{self.names['search']}-list"
        self._input("search", self._label(self.made.title), list=listed, autocomplete="off", maxlength=200)
        self.made.fields["search"].errors += self._errors("")
        self.made.files = [Option(listed, text, Label(text), False) for key, text in self._listed() if key != document_choices.OTHER]
        self._other()

    def _yes_no(self) -> None:
        self.made.shape = "choices"
        options = self._options([("yes", _("Yes")), ("no", _("No"))], may_be_empty=not self.question.is_required)
        self._add("", self._label(self.made.title), options=options)

    def _scale(self) -> None:
        question = self.question
        self.made.shape, self.made.unit = "scale", self._unit()
        least, most, step = (Decimal(each or usual) for each, usual in ((question.least, "0"), (question.most, "10"), (question.step, "1")))
        count = min(int((most - least) / step) + 1, 50) if step > 0 else 0
        points = [format(least + number * step, "f") for number in range(count)]
        options = self._options([(each, each) for each in points], may_be_empty=not question.is_required)
        self._add("", self._label(self.made.title), options=options)

    def _table(self) -> None:
        self.made.shape = "table"
        listed = self._listed()
        for row in self.question.rows:
            self._add(row.key, self._label(self.reading.say(row.words) or row.key, is_optional=False),
                      options=self._options(listed, row.key, may_be_empty=not self.question.is_required))  # fmt: skip

    def _boxes(self) -> None:
        self.made.shape = "moment" if self.question.kind == "date_time" else "boxes"
        errors = [each for part in self.names for each in self._errors(part)]
        made = self.made.fields[""] = Control(self.base, self._label(self.made.title), list(dict.fromkeys(errors)))
        made.day, made.month, made.year = (self._one(part) for part in _BOXES)
        if self.question.kind == "date_time":
            self._input("time", Markup(escape(_("Time"))), kind="time")  # noqa: S704 - escaped

    def _address(self) -> None:
        self.made.shape = "address"
        labels = {"line1": _("Street"), "line2": _("Flat, floor or building"), "city": _("Town"), "region": _("Region"),
                  "postcode": _("Postcode")}  # fmt: skip
        for part, label in labels.items():
            self._input(part, self._label(label, is_optional=part not in ("line1", "city")), autocomplete=_ADDRESS[part],
                        maxlength=document_holdings.ADDRESS[part])  # fmt: skip
        name, chosen = self.names["country"], self._one("country") or self.reading.country
        options = Markup("").join(Markup("<option {}>{}</option>").format(
            Markup(html_params(value=code, selected=code == chosen)), text) for code, text in [("", _("Choose")), *formatting.countries()])  # noqa: S704
        self._add("country", self._label(_("Country"), is_optional=False),
                  lambda more: f"<select {html_params(id=name, name=name, autocomplete='country', **more)}>{options}</select>")  # fmt: skip

    def _files(self) -> None:
        """Those that are kept have a box to untick; new ones are sent as ``<name>-file``, and stored before they are an answer."""
        self.made.shape, name = "files", self.names[""]
        self._kept(name)
        most = int(self.question.most or document_holdings.MOST_FILES)
        self._upload(self.made.title, most > 1)

    def _kept(self, name: str) -> None:
        held = self.value if isinstance(self.value, list) else []
        known = [(str(each["id"]), str(each["name"])) for each in held]
        chosen = self._values("") if self.reading.typed is not None else [key for key, _text in known]
        self.made.files = [Option(f"{name}-{number}", key, Label(text), key in chosen) for number, (key, text) in enumerate(known)]

    def _upload(self, title: str, several: bool) -> None:
        name, sent = self.names[""], f"{self.base}-file"
        errors = [*self.reading.errors.get(name, []), *self.reading.errors.get(sent, [])]
        attrs: dict[str, Any] = {"type": "file", "id": name, "name": sent, "accept": ",".join(MEDIA_TYPES), "multiple": several}
        self.made.fields["file"] = Control(name, self._label(title), errors, lambda more: f"<input {html_params(**attrs, **more)}>")

    def _signature(self) -> None:
        """A name that is typed; where it may be drawn, what draws it puts the picture's id into the part ``drawn``."""
        self.made.shape, way = "signature", self.question.way or "either"
        ways = [("typed", _("I type my name")), ("drawn", _("I draw my signature"))]
        ways = [each for each in ways if way in ("either", each[0])]
        if len(ways) > 1:
            self._add("how", self._label(_("How do you sign?"), is_optional=False), options=self._options(ways, "how"))
        self._input("name", self._label(_("Your name"), is_optional=False), autocomplete="name", maxlength=document_holdings.LONGEST_NAME)
        if way != "typed":
            self.made.shown = self._one("drawn")
            self._add("drawn", self._label(_("Your signature"), is_optional=False), options=())
