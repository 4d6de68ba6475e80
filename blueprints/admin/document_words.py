"""What the builder calls the parts of a form."""

from __future__ import annotations

from domain import document_answers
from domain.document_parts import MOMENTS, NUMBERS, Condition, Form, Page, Question, Section, Words, say
from domain.document_values import EVERY
from domain.rules import N_
from web.languages import gettext as _
from web.languages import ngettext, spoken

KINDS = {
    "short_text": N_("Short text"), "long_text": N_("Long text"), "email": N_("E-mail address"), "phone": N_("Phone number"),
    "whole": N_("Whole number"), "decimal": N_("Number with decimals"), "currency": N_("Amount of money"), "percentage": N_("Percentage"),
    "slider": N_("Slider"), "scale": N_("Scale of points"), "yes_no": N_("Yes or no"), "date": N_("Date"), "time": N_("Time"),
    "date_time": N_("Date and time"), "birth_date": N_("Date of birth"), "one": N_("One of several choices"),
    "many": N_("Several choices"), "table": N_("Table"), "address": N_("Address"), "file": N_("File or photo"),
    "signature": N_("Signature"), "heading": N_("Heading"), "text": N_("Text to read"), "picture": N_("Picture"),
}  # fmt: skip
TESTS = {
    "answered": N_("is answered"), "unanswered": N_("is not answered"), "equals": N_("is"), "differs": N_("is not"),
    "contains": N_("contains"), "greater": N_("is more than"), "less": N_("is less than"),
}  # fmt: skip
MOMENT_TESTS = {"greater": N_("is after"), "less": N_("is before")}
WAYS = {
    "radio": N_("All choices in view"), "list": N_("A list to open"), "search": N_("A list to search while typing"),
    "either": N_("Typed or drawn"), "drawn": N_("Drawn"), "typed": N_("Typed"),
}  # fmt: skip
PREFILLS = {
    "first_name": N_("First name"), "last_name": N_("Last name"), "preferred_name": N_("Preferred name"), "pronouns": N_("Pronouns"),
    "gender": N_("Gender"), "birth_date": N_("Date of birth"), "email": N_("E-mail address"), "mobile": N_("Mobile phone"),
    "address": N_("Address"),
}  # fmt: skip


def called(part: Page | Section | Question, own: str) -> str:
    """What a part is called while it is built: its words, or what it is."""
    return short(part.words, own) or _("%(kind)s without words", kind=kind_of(part))


def kind_of(part: Page | Section | Question) -> str:
    if isinstance(part, Question):
        return _(KINDS.get(part.kind, part.kind))
    return _("Page") if isinstance(part, Page) else _("Section")


def short(words: Words, own: str) -> str:
    text = " ".join(say(words, own, own).split())
    return text if len(text) <= 120 else f"{text[:119]}…"


def test_name(question: Question, test: str) -> str:
    return _(MOMENT_TESTS[test] if question.kind in MOMENTS and test in MOMENT_TESTS else TESTS.get(test, test))


def rule(form: Form, condition: Condition, own: str) -> str:
    """A condition as a line: ``Do you have children? is: Yes``."""
    question = next((each for _page, _section, each in form.questions() if each.key == condition.question), None)
    if question is None:
        return _("a question that is gone")
    said = f"{called(question, own)} {test_name(question, condition.test)}"
    return said if condition.test in EVERY else f"{said}: {compared(question, condition.value, own)}"


def compared(question: Question, value: str, own: str) -> str:
    """What an answer is compared with, in words."""
    if question.kind in ("one", "many"):
        return next((short(each.words, own) for each in question.choices if each.key == value), value)
    if question.kind == "yes_no":
        return _("Yes") if value == "true" else _("No")
    try:
        return document_answers.shown(question, value, spoken()) if question.kind in (*NUMBERS, *MOMENTS) else value
    except (ArithmeticError, ValueError, KeyError):
        return value


def line_of(form: Form, part: Section | Question, own: str) -> list[str]:
    """What the builder says of a section or question beside its name."""
    said = []
    if isinstance(part, Question):
        said += [kind_of(part), _("required") if part.is_required else "", _("staff only") if part.is_for_staff else ""]
        said += [_("filled in from the record") if part.prefill else "", "" if part.may_change else _("cannot be changed")]
    elif part.repeats:
        said.append(_("%(least)s to %(most)s times", least=part.least, most=part.most))
    if part.show_if.conditions:
        first = rule(form, part.show_if.conditions[0], own)
        more = len(part.show_if.conditions) - 1
        said += [_("if %(rule)s", rule=first), ngettext("and one more", "and %(num)s more", more) if more else ""]
    return [each for each in said if each]
