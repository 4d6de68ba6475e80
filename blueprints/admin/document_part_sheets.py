"""The fields of each part of a form: what stands in them, in which groups, and what was typed as values of the part."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from blueprints.admin import document_words as said
from blueprints.admin.document_sheets import Button, Group, Sheet, ask, in_each, listed, said_in, words_of
from domain import document_details, document_edits, document_values
from domain.document_faults import LONGEST_TEXT, MOST_MINUTES
from domain.document_parts import (
    ALWAYS,
    CHOICES,
    HOW,
    KINDS,
    MOMENTS,
    NUMBERS,
    WAYS,
    Band,
    Choice,
    Condition,
    Form,
    Page,
    Question,
    Score,
    Section,
    ShowIf,
    plain_number,
)
from domain.document_places import MOST_TURNS
from domain.document_question_faults import MOST_PLACES, prefills
from domain.document_templates import KIND_NAMES, NAME_LETTERS
from web import formatting
from web.languages import gettext as _

_COUNTED = ("short_text", "long_text", "many", "file")
_NO_DEFAULT = ("file", "signature")
Values = Mapping[str, Any]
Asked = tuple[Sheet, list[Group]]


def _split(name: str, form: Form) -> tuple[list[str], list[str]]:
    """The field of the agency's own language, and those of the others."""
    keys = [f"{name}.{code}" for code in form.languages]
    return keys[:1], keys[1:]


def _group(form: Form, title: str, *names: str, **more: Any) -> Group:
    both = [_split(name, form) for name in names]
    return Group(title, [key for own, _more in both for key in own], [key for _own, others in both for key in others], **more)


# ---------------------------------------------------------------- the whole


def about(form: Form, name: str) -> Asked:
    """What the document is called, in which languages, and what is said of it."""
    languages = list(dict.fromkeys([*form.languages, *(code for code, _name in formatting.languages())]))
    fields = [
        ask("name", "short_text", _("Name in lists of staff"), is_required=True, most=str(NAME_LETTERS)),
        ask("kind", "one", _("Kind"), is_required=True, choices=listed([(kind, _(KIND_NAMES[kind])) for kind in KINDS])),
        *in_each("title", _("Title for clients"), form.languages),
        *in_each("intro", _("Introduction"), form.languages, "long_text", 20_000),
        ask("languages", "many", _("Languages"), is_required=True,
            choices=listed([(code, formatting.language_name(code)) for code in languages])),
        ask("minutes", "whole", _("How many minutes it takes"), least="0", most=str(MOST_MINUTES)),
        ask("flags", "many", _("What clients may do"), choices=listed([("may_decline", _("Decline it, with a reason"))])),
    ]
    values = {
        "name": name, "kind": {"key": form.kind}, **said_in("title", form.title), **said_in("intro", form.intro),
        "languages": {"keys": list(form.languages)}, "minutes": str(form.minutes) if form.minutes else None,
        "flags": {"keys": ["may_decline"] if form.may_decline else []},
    }  # fmt: skip
    return Sheet(fields, values), [
        Group("", ["name", "kind"]), _group(form, _("For clients"), "title", "intro"), Group("", ["minutes", "flags", "languages"]),
    ]  # fmt: skip


def described(form: Form, values: Values) -> Form:
    chosen = (values.get("languages") or {}).get("keys", ())
    order = [*(code for code in form.languages if code in chosen), *(code for code in chosen if code not in form.languages)]
    return dataclasses.replace(
        form, kind=(values.get("kind") or {}).get("key", form.kind), title=words_of(values, "title", form.languages, form.title),
        intro=words_of(values, "intro", form.languages, form.intro), languages=tuple(order) or form.languages,
        minutes=int(values.get("minutes") or 0), may_decline="may_decline" in _flags(values),
    )  # fmt: skip


def _flags(values: Values) -> list[str]:
    return list((values.get("flags") or {}).get("keys", ()))


# ---------------------------------------------------------------- pages and sections


def page(form: Form, part: Page) -> Asked:
    return Sheet(in_each("words", _("Title"), form.languages), said_in("words", part.words)), [_group(form, "", "words")]


def page_read(form: Form, part: Page, values: Values) -> dict[str, Any]:
    return {"words": words_of(values, "words", form.languages, part.words)}


def section(form: Form, part: Section) -> Asked:
    shown, group, now = _conditions(form, part)
    fields = [
        *in_each("words", _("Title"), form.languages), *in_each("help", _("Help"), form.languages),
        ask("least", "whole", _("How often at least"), least="0", most=str(MOST_TURNS)),
        ask("most", "whole", _("How often at most"), least="1", most=str(MOST_TURNS), help=_("1: it is there once.")),
        *in_each("again", _("Words of the button for one more"), form.languages, help=_("Such as: Add another child")),
        *shown,
    ]  # fmt: skip
    values = {
        **said_in("words", part.words), **said_in("help", part.help), **said_in("again", part.again), "least": str(part.least),
        "most": str(part.most), **now,
    }  # fmt: skip
    repeats = _group(form, _("Repeated"), "again")
    repeats.keys[:0] = ["least", "most"]
    return Sheet(fields, values), [_group(form, "", "words", "help"), repeats, *group]


def section_read(form: Form, part: Section, values: Values) -> dict[str, Any]:
    words = {name: words_of(values, name, form.languages, getattr(part, name)) for name in ("words", "help", "again")}
    once = {"least": 1, "most": 1}
    turns = {name: int(values[name]) if values.get(name) else once[name] for name in once}
    return {**words, **turns, "show_if": _conditions_read(form, part, values)}


# ---------------------------------------------------------------- show-if


def _conditions(form: Form, part: Section | Question) -> tuple[list[Question], list[Group], dict[str, Any]]:
    """The fields of the rules when it is shown, their groups, and what stands in them."""
    own, known = form.languages[0], {each.key: each for _p, _s, each in form.questions()}
    fields = [ask("all_of", "one", _("It is shown when"), is_required=True,
                  choices=listed([("all", _("all of these are true")), ("any", _("any of these is true"))]))]  # fmt: skip
    values: dict[str, Any] = {"all_of": {"key": "all" if part.show_if.all_of else "any"}}
    groups = [Group(_("When it is shown"), ["all_of"] if len(part.show_if.conditions) > 1 else [],
                    help="" if part.show_if.conditions else _("Always, as there is no rule."), anchor="show_if")]  # fmt: skip
    for number, condition in enumerate(part.show_if.conditions):
        asked = known.get(condition.question)
        name = said.called(asked, own) if asked else _("A question that is gone")
        gone = Button(_("Remove"), f"unrule:{number}", _("Remove: %(name)s", name=name))
        group = Group(_("If: %(question)s", question=name), [], buttons=[gone])
        if asked is not None:
            made, now = _condition(number, asked, condition, own)
            fields, values = [*fields, *made], values | now
            group.keys = [each.key for each in made]
        groups.append(group)
    earlier = document_details.before(form, part.key)
    if earlier:
        fields.append(ask("new_rule", "one", _("Question before this one"), way="list",
                          choices=listed([(each.key, said.called(each, own)) for each in reversed(earlier)])))  # fmt: skip
        groups.append(Group(_("One more rule"), ["new_rule"], buttons=[Button(_("Add the rule"), "rule")]))
    return fields, groups, values


def _condition(number: int, asked: Question, condition: Condition, own: str) -> tuple[list[Question], dict[str, Any]]:
    tests = document_values.comparisons(asked.kind)
    fields = [ask(f"if.{number}.test", "one", _("Its answer"), is_required=True, way="list",
                  choices=listed([(test, said.test_name(asked, test)) for test in tests]))]  # fmt: skip
    values: dict[str, Any] = {f"if.{number}.test": {"key": condition.test}}
    if len(tests) > len(document_values.EVERY):
        fields.append(_compared(f"if.{number}.value", asked, own))
        values[f"if.{number}.value"] = _as_answer(asked, condition.value)
    return fields, values


def _compared(key: str, asked: Question, own: str) -> Question:
    """The field for what an answer is compared with; not needed where it is only asked whether there is one."""
    label = _("Compared with")
    if asked.kind in ("one", "many"):
        choices = listed([(each.key, said.short(each.words, own) or each.key) for each in asked.choices])
        return ask(key, "one", label, way="list", choices=choices)
    if asked.kind == "yes_no" or asked.kind in MOMENTS:
        return ask(key, "date" if asked.kind == "birth_date" else asked.kind, label)
    if asked.kind in NUMBERS:
        return ask(key, "decimal", label, places=document_values.places(asked))
    return ask(key, "short_text", label)


def _as_answer(asked: Question, value: str) -> Any:
    if not value:
        return None
    if asked.kind in ("one", "many"):
        return {"key": value} if value in [each.key for each in asked.choices] else None
    return value == "true" if asked.kind == "yes_no" else value if document_values.is_value(asked, "equals", value) else None


def _as_compared(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.get("key", "")) if isinstance(value, Mapping) else str(value or "")


def _conditions_read(form: Form, part: Section | Question, values: Values) -> ShowIf:
    found = []
    for number, condition in enumerate(part.show_if.conditions):
        test = (values.get(f"if.{number}.test") or {}).get("key", condition.test)
        value = _as_compared(values[f"if.{number}.value"]) if f"if.{number}.value" in values else condition.value
        found.append(Condition(condition.question, test, "" if test in document_values.EVERY else value))
    all_of = (values.get("all_of") or {"key": "all"}).get("key") == "all"
    return ShowIf(all_of, tuple(found)) if found else ALWAYS


# ---------------------------------------------------------------- questions


def question(form: Form, part: Question) -> Asked:
    lines = part.kind == "text"
    label = {"text": _("Text"), "heading": _("Heading"), "picture": _("Words of the picture, for those who do not see it")}
    kind, most = ("long_text", LONGEST_TEXT) if lines else ("short_text", 1000)
    fields = [*in_each("words", label.get(part.kind, _("Question")), form.languages, kind, most),
              *([] if lines else in_each("help", _("Help"), form.languages))]  # fmt: skip
    values: dict[str, Any] = {**said_in("words", part.words), **said_in("help", part.help)}
    groups = [_group(form, "", *(["words"] if lines else ["words", "help"]))]
    for more in (_manner, _limits, _lists, _at_first, _conditions) if part.asks else (_for_staff, _conditions):
        made, grouped, now = more(form, part)
        fields, groups, values = [*fields, *made], [*groups, *grouped], values | now
    return Sheet(fields, values), groups


_Fields = tuple[list[Question], list[Group], dict[str, Any]]


def _for_staff(form: Form, part: Question) -> _Fields:
    fields = [ask("flags", "many", _("Who sees it"), choices=listed([("is_for_staff", _("Only staff see it"))]))]
    return fields, [Group("", ["flags"])], {"flags": {"keys": ["is_for_staff"] if part.is_for_staff else []}}


def _manner(form: Form, part: Question) -> _Fields:
    known = [("is_required", _("It must be answered")), ("is_for_staff", _("Only staff see it"))]
    if part.kind in ("one", "many"):
        known.append(("has_other", _("Another answer can be written")))
    fields = [ask("flags", "many", _("How it is asked"), choices=listed(known))]
    values: dict[str, Any] = {"flags": {"keys": [key for key, _text in known if getattr(part, key)]}}
    if ways := WAYS.get(part.kind):
        choices = listed([(way, _(said.WAYS[way])) for way in ways])
        fields.append(ask("way", "one", _("How it is answered"), is_required=True, choices=choices))
        values["way"] = {"key": part.way or ways[0]}
    return fields, [Group("", [each.key for each in fields])], values


def _limits(form: Form, part: Question) -> _Fields:
    kind = "whole" if part.kind in _COUNTED else "date" if part.kind == "birth_date" else part.kind
    kind = "decimal" if kind in NUMBERS and kind != "whole" else kind
    if part.kind not in (*NUMBERS, *MOMENTS, *_COUNTED):
        return [], [], {}
    counted = {"short_text": _("Characters"), "long_text": _("Characters"), "many": _("How many choices"), "file": _("How many files")}
    places = str(max(document_values.places(part), 0))
    more: dict[str, Any] = {"places": int(places)} if kind == "decimal" else {}
    least, most = (_("Not before"), _("Not after")) if part.kind in MOMENTS else (_("At least"), _("At most"))
    fields = [ask("least", kind, least, **more), ask("most", kind, most, **more)]
    values: dict[str, Any] = {name: _limit(part, getattr(part, name)) for name in ("least", "most")}
    group = Group(counted.get(part.kind, _("Limits")), ["least", "most"])
    if part.kind in NUMBERS:
        fields.append(ask("step", "decimal", _("In steps of"), places=int(places)))
        values["step"] = part.step or None
        group.keys.append("step")
    if part.kind in ("decimal", "percentage", "slider"):
        fields.append(ask("places", "whole", _("Decimals"), least="0", most=str(MOST_PLACES)))
        values["places"] = str(part.places)
        group.keys.append("places")
    if part.kind in NUMBERS and part.kind not in ("currency", "percentage"):
        fields += in_each("unit", _("Unit"), form.languages, help=_("Such as: kg"))
        values |= said_in("unit", part.unit)
        own, others = _split("unit", form)
        group.keys, group.more = [*group.keys, *own], others
    return fields, [group], values


def _limit(part: Question, text: str) -> str | None:
    if part.kind in MOMENTS:
        return text if document_values.is_moment(part.kind, text) else None
    return text if document_values.number(text) is not None else None


def _lists(form: Form, part: Question) -> _Fields:
    fields: list[Question] = []
    groups: list[Group] = []
    values: dict[str, Any] = {}
    if part.kind not in CHOICES:
        return fields, groups, values
    is_table = part.kind == "table"
    for name, title in ((("rows", _("Rows")), ("choices", _("Columns"))) if is_table else (("choices", _("Choices")),)):
        every = getattr(part, name)
        for number, choice in enumerate(every, 1):
            called = _("Row %(number)s", number=number) if name == "rows" else _("Choice %(number)s", number=number)
            made, group, now = _choice(form, name, choice, called, first=number == 1, last=number == len(every))
            fields, groups, values = [*fields, *made], [*groups, group], values | now
        fields.append(ask(f"more_{name}", "long_text", _("More, one on each line"), most="20000"))
        groups.append(Group(title, [f"more_{name}"], buttons=[Button(_("Add"), f"add:{name}", _("Add: %(name)s", name=title))]))
    return fields, groups, values


def _choice(
    form: Form, name: str, choice: Choice, called: str, *, first: bool, last: bool
) -> tuple[list[Question], Group, dict[str, Any]]:
    base = f"{name}.{choice.key}"
    fields, values = in_each(base, _("Words"), form.languages), said_in(base, choice.words)
    group = _group(form, called, base)
    if name == "choices":
        fields.append(ask(f"{base}.score", "decimal", _("Score"), places=MOST_PLACES))
        values[f"{base}.score"] = plain_number(choice.score) if choice.score is not None else None
        group.keys.append(f"{base}.score")
    group.buttons = [
        *([] if first else [Button(_("Up"), f"up:{name}:{choice.key}", _("Up: %(name)s", name=called))]),
        *([] if last else [Button(_("Down"), f"down:{name}:{choice.key}", _("Down: %(name)s", name=called))]),
        Button(_("Remove"), f"remove:{name}:{choice.key}", _("Remove: %(name)s", name=called)),
    ]
    return fields, group, values


def _at_first(form: Form, part: Question) -> _Fields:
    fields: list[Question] = []
    values: dict[str, Any] = {}
    if part.kind not in _NO_DEFAULT:
        words = {form.languages[0]: _("Stands there at first")}
        limits = {} if part.kind == "scale" else {"least": "", "most": "", "step": ""}
        kind = "decimal" if part.kind == "slider" else part.kind
        fields.append(dataclasses.replace(part, key="default", kind=kind, words=words, help={}, is_required=False, may_change=True,
                                          show_if=ALWAYS, default=None, **limits))  # fmt: skip
        values["default"] = part.default if part.default is not None and document_values.is_answer(part, part.default) else None
    if known := prefills(part.kind):
        choices = listed([(name, _(said.PREFILLS[name])) for name in known])
        fields.append(ask("prefill", "one", _("Filled in from the record"), way="list", choices=choices))
        values["prefill"] = {"key": part.prefill} if part.prefill in known else None
    if fields:
        fields.append(ask("locked", "many", _("What stands there"), choices=listed([("locked", _("Clients cannot change it"))])))
        values["locked"] = {"keys": [] if part.may_change else ["locked"]}
    return fields, [Group(_("At first"), [each.key for each in fields])] if fields else [], values


def question_read(form: Form, part: Question, values: Values) -> dict[str, Any]:
    """What was typed as values of the question; nothing for what is not asked of its kind."""
    flags = _flags(values)
    found: dict[str, Any] = {name: words_of(values, name, form.languages, getattr(part, name)) for name in ("words", "help", "unit")}
    found |= {name: name in flags for name in ("is_required", "is_for_staff", "has_other")}
    found |= {name: str(values.get(name) or "") for name in ("least", "most", "step")}
    found |= {
        "places": int(values.get("places") or 0), "way": (values.get("way") or {}).get("key", part.way), "default": values.get("default"),
        "prefill": (values.get("prefill") or {}).get("key", ""), "may_change": not (values.get("locked") or {}).get("keys"),
        "show_if": _conditions_read(form, part, values),
    }  # fmt: skip
    return found | {name: tuple(_choice_read(form, name, each, values) for each in getattr(part, name)) for name in document_details.LISTS}


def _choice_read(form: Form, name: str, choice: Choice, values: Values) -> Choice:
    base = f"{name}.{choice.key}"
    score = values.get(f"{base}.score")
    return Choice(choice.key, words_of(values, base, form.languages, choice.words), Decimal(score) if score else None)


# ---------------------------------------------------------------- scores


def score(form: Form, part: Score) -> Asked:
    own = form.languages[0]
    counted = [each for _p, _s, each in form.questions() if each.kind in NUMBERS or each.kind in CHOICES]
    fields = [
        *in_each("words", _("Name"), form.languages),
        ask("how", "one", _("How it is counted"), is_required=True, choices=listed([("sum", _("Sum")), ("mean", _("Mean"))])),
        ask("questions", "many", _("Questions that count"), choices=listed([(each.key, said.called(each, own)) for each in counted])),
        ask("flags", "many", _("Who sees it"), choices=listed([("is_shown", _("Clients see it"))])),
    ]  # fmt: skip
    known = [each.key for each in counted]
    values: dict[str, Any] = {
        **said_in("words", part.words), "how": {"key": part.how if part.how in HOW else "sum"},
        "questions": {"keys": [key for key in known if key in part.questions]}, "flags": {"keys": ["is_shown"] if part.is_shown else []},
    }  # fmt: skip
    groups = [_group(form, "", "words"), Group("", ["how", *(["questions"] if counted else []), "flags"])]
    for number, band in enumerate(part.bands):
        base, called = f"band.{number}", _("Band %(number)s", number=number + 1)
        fields += [ask(f"{base}.least", "decimal", _("From"), places=6), ask(f"{base}.most", "decimal", _("To"), places=6)]
        fields += in_each(f"{base}.words", _("What it means"), form.languages)
        values |= {f"{base}.least": plain_number(band.least), f"{base}.most": plain_number(band.most)}
        values |= said_in(f"{base}.words", band.words)
        gone = Button(_("Remove"), f"unband:{number}", _("Remove: %(name)s", name=called))
        group = _group(form, called, f"{base}.words", buttons=[gone])
        group.keys[:0] = [f"{base}.least", f"{base}.most"]
        groups.append(group)
    groups.append(Group(_("Bands"), [], buttons=[Button(_("Add a band"), "band")], anchor="bands",
                        help=_("What a score from one number to another means.")))  # fmt: skip
    return Sheet(fields, values), groups


def score_read(form: Form, part: Score, values: Values) -> dict[str, Any]:
    bands = [_band_read(form, number, band, values) for number, band in enumerate(part.bands)]
    return {
        "words": words_of(values, "words", form.languages, part.words), "how": (values.get("how") or {}).get("key", part.how),
        "questions": tuple((values.get("questions") or {}).get("keys", ())), "is_shown": "is_shown" in _flags(values),
        "bands": tuple(bands),
    }  # fmt: skip


def _band_read(form: Form, number: int, band: Band, values: Values) -> Band:
    least, most = (values.get(f"band.{number}.{name}") for name in ("least", "most"))
    words = words_of(values, f"band.{number}.words", form.languages, band.words)
    return Band(Decimal(least) if least else band.least, Decimal(most) if most else band.most, words)


def of(form: Form, part: document_edits.Part) -> Asked:
    """The fields of a page, section or question."""
    return page(form, part) if isinstance(part, Page) else section(form, part) if isinstance(part, Section) else question(form, part)


def read(form: Form, part: document_edits.Part, values: Values) -> dict[str, Any]:
    """What was typed into them."""
    if isinstance(part, Page):
        return page_read(form, part, values)
    return section_read(form, part, values) if isinstance(part, Section) else question_read(form, part, values)
