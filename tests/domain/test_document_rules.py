"""What of a document somebody sees, what is missing and where they go next (spec 05: show-if, repeats, staff only).

The reference knows nothing of the walk over the form: it asks of each question by itself, again and again, whether what it depends on
is shown and what was answered there.
"""

import time
import unicodedata

import pytest
from document_forms import CHILDREN, answers_to, ask, choices, paper, section, sound_form
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import document_places as places
from domain import document_rules as rules
from domain import document_values
from domain.document_places import Place
from domain.document_rules import Missing, kept, missing, page_after, page_before, progress, visible
from domain.rules import NotFound

# ---------------------------------------------------------------- the reference, slow and obviously right


class Reference:
    """What the rules say of a form with answers to it."""

    def __init__(self, form, answers, for_staff):
        self.answers, self.for_staff = answers, for_staff
        self.home = {question.key: (section, question) for _, section, question in form.questions()}
        self.form = form

    def turns(self, section):
        if not section.repeats:
            return 1
        said = self.answers.get("#" + section.key, "")
        return min(max(int(said), section.least), section.most) if said in list("0123456789") else section.least

    def is_shown(self, key, turn):
        section, question = self.home[key]
        if question.is_for_staff and not self.for_staff:
            return False
        return self.is_true(section.show_if, section, None) and self.is_true(question.show_if, section, turn)

    def answer(self, key, turn):
        """The answer in a turn, if the question is shown there at all."""
        section, question = self.home[key]
        is_there = turn < self.turns(section) and question.asks and self.is_shown(key, turn)
        return self.answers.get(key + f":{turn}" if turn else key) if is_there else None

    def is_true(self, show_if, section, turn):
        found = [self.holds(each, section, turn) for each in show_if.conditions]
        return not found or (all(found) if show_if.all_of else any(found))

    def holds(self, condition, section, turn):
        home, question = self.home[condition.question]
        same = home.key == section.key and turn is not None
        read = [turn] if same else range(self.turns(home))
        found = [answer for each in read if (answer := self.answer(condition.question, each)) is not None]
        if condition.test == "unanswered":
            return not found
        return any(condition.test == "answered" or COMPARE[question.kind](condition.test, answer, condition.value) for answer in found)

    def shown(self):
        return [
            question.key + (f":{turn}" if turn else "")
            for page in self.form.pages for section in page.sections for turn in range(self.turns(section)) for question in section.questions
            if self.is_shown(question.key, turn)
        ]  # fmt: skip


def fold(text):
    return unicodedata.normalize("NFC", text).lower()


def ordered(test, answer, value):
    return {"equals": answer == value, "differs": answer != value, "greater": answer > value, "less": answer < value}[test]


COMPARE = {
    "yes_no": lambda test, answer, value: (answer == (value == "true")) == (test == "equals"),
    "whole": lambda test, answer, value: ordered(test, int(answer), int(value)),
    "date": ordered,
    "one": lambda test, answer, value: (answer == {"key": value}) == (test == "equals"),
    "many": lambda test, answer, value: value in answer["keys"],
    "short_text": lambda test, answer, value: fold(value) in fold(answer) if test == "contains" else (fold(value) == fold(answer)) == (test == "equals"),
}


@given(st.data(), st.booleans())
@hypothesis_settings(max_examples=150)
def test_what_is_shown_is_what_the_rules_say_of_each_question(data, for_staff):
    form = data.draw(sound_form())
    answers = data.draw(answers_to(form))
    reference = Reference(form, answers, for_staff)
    shown = visible(form, answers, for_staff=for_staff)
    assert list(shown.questions) == reference.shown()
    for place, question in shown.questions.items():
        assert reference.home[places.read(place).question][1] is question
    for _, part, _ in form.questions():
        turns = reference.turns(part)
        assert shown.sections.get(part.key, turns) == turns
        if turns:
            assert (part.key in shown.sections) is any(question in part.questions for question in shown.questions.values())
        else:
            own = {question.key for question in part.questions}
            others = {place: value for place, value in answers.items() if place.split(":")[0] not in own}
            would = Reference(form, others | {f"#{part.key}": "1"}, for_staff)
            assert (part.key in shown.sections) is any(would.is_shown(question.key, 0) for question in part.questions)


@given(st.data(), st.booleans())
@hypothesis_settings(max_examples=80)
def test_what_is_kept_is_enough_to_show_the_same_and_nothing_is_in_it_that_is_not_shown(data, for_staff):
    form = data.draw(sound_form())
    answers = data.draw(answers_to(form))
    signed = kept(form, answers, for_staff=for_staff)
    assert visible(form, signed, for_staff=for_staff) == visible(form, answers, for_staff=for_staff)
    assert kept(form, signed, for_staff=for_staff) == signed
    shown = visible(form, answers, for_staff=for_staff)
    assert {place for place in signed if not place.startswith("#")} == {place for place in shown.questions if place in answers}
    assert missing(form, signed, for_staff=for_staff) == missing(form, answers, for_staff=for_staff)


@given(st.data())
@hypothesis_settings(max_examples=80)
def test_from_page_to_page_somebody_sees_each_page_with_something_on_it_and_no_other(data):
    form = data.draw(sound_form())
    answers = data.draw(answers_to(form))
    shown = visible(form, answers).pages
    there, page = [], page_after(form, answers)
    while page:
        there.append(page)
        page = page_after(form, answers, page)
    back, page = [], page_before(form, answers)
    while page:
        back.append(page)
        page = page_before(form, answers, page)
    assert there == back[::-1] == shown
    assert {place.page for place in missing(form, answers)} <= set(there)
    assert [progress(form, answers, each).page for each in shown] == list(range(1, len(shown) + 1))


# ---------------------------------------------------------------- conditions, one by one


@pytest.mark.parametrize(("kind", "answer", "condition", "holds"), [
    ("yes_no", True, ("equals", "true"), True),
    ("yes_no", False, ("equals", "true"), False),
    ("yes_no", False, ("answered", ""), True),  # no is an answer
    ("yes_no", None, ("answered", ""), False),
    ("yes_no", None, ("unanswered", ""), True),
    ("yes_no", None, ("differs", "true"), False),  # nothing was said
    ("yes_no", 1, ("equals", "true"), False),
    ("whole", "10", ("greater", "9"), True),
    ("whole", "9", ("greater", "9"), False),
    ("whole", "-10", ("less", "-9"), True),
    ("whole", "ten", ("differs", "9"), False),
    ("currency", "5.00", ("equals", "5"), True),
    ("decimal", "0.1", ("less", "0.10"), False),
    ("date", "2026-03-04", ("less", "2026-03-05"), True),
    ("birth_date", "0999-12-31", ("less", "2026-03-05"), True),
    ("time", "09:05", ("greater", "10:00"), False),
    ("date_time", "2026-03-04T14:05", ("greater", "2026-03-04T14:04"), True),
    ("short_text", "  HALIFAX ", ("equals", "halifax"), True),
    ("long_text", "We live near Halifax.", ("contains", "HALIFAX"), True),
    ("short_text", "Cafe\u0301", ("contains", "caf\u00e9"), True),
    ("one", {"key": "a"}, ("equals", "a"), True),
    ("one", {"other": "a"}, ("equals", "a"), False),
    ("one", {"other": "a"}, ("differs", "a"), True),
    ("many", {"keys": ["a", "b"]}, ("contains", "b"), True),
    ("many", {"keys": [], "other": "b"}, ("contains", "b"), False),
    ("many", {"keys": []}, ("answered", ""), False),
    ("table", {"r1": "a"}, ("answered", ""), True),
    ("file", [], ("answered", ""), False),
    ("email", "Alice@Example.org", ("equals", "alice@example.org"), True),
])  # fmt: skip
def test_a_question_is_shown_when_what_was_answered_before_says_so(kind, answer, condition, holds):
    form = paper([ask("first", kind, has_other=kind in ("one", "many")), ask("next", when=("first", *condition))])
    answers = {} if answer is None else {"first": answer}
    assert ("next" in visible(form, answers).questions) is holds


def test_all_conditions_or_any_of_them():
    both = [("a", "equals", "true"), ("b", "equals", "true")]
    form = paper([ask("a"), ask("b"), ask("all", when=both), ask("any", when=both, any_of=True)])
    assert list(visible(form, {"a": True, "b": False}).questions) == ["a", "b", "any"]
    assert list(visible(form, {"a": True, "b": True}).questions) == ["a", "b", "all", "any"]
    assert list(visible(form, {}).questions) == ["a", "b"]


def chain(length, condition=("equals", "true")):
    return paper([ask(f"q{number}", when=(f"q{number - 1}", *condition) if number else ()) for number in range(length)])


def test_one_answer_hides_a_chain_of_twenty():
    form, yes = chain(20), {f"q{number}": True for number in range(20)}
    assert len(visible(form, yes).questions) == 20
    assert list(visible(form, yes | {"q0": False}).questions) == ["q0"]  # what was answered below counts no more
    assert kept(form, yes | {"q3": False}) == {"q0": True, "q1": True, "q2": True, "q3": False}


def test_an_answer_that_is_hidden_counts_as_none():
    form = paper([ask("a"), ask("b", when=("a", "equals", "true")), ask("c", when=("b", "unanswered", ""))])
    assert "c" in visible(form, {"a": False, "b": True}).questions
    assert "c" not in visible(form, {"a": True, "b": True}).questions


def test_a_circle_comes_to_an_end_and_nobody_is_asked_for_what_it_hides():
    form = paper([ask("a", when=("b", "equals", "true"), is_required=True), ask("b", when=("a", "equals", "true"), is_required=True), ask("c", when=("c", "answered", ""))])
    assert not visible(form, {"a": True, "b": True, "c": True}).questions
    assert not missing(form, {"a": True, "b": True})


def test_what_depends_on_something_that_is_gone_is_not_shown():
    form = paper([ask("a", when=("gone", "equals", "true")), ask("b", when=("gone", "unanswered", ""))])
    assert list(visible(form, {"gone": True}).questions) == ["b"]


def test_a_hidden_section_hides_all_that_is_in_it():
    form = paper(ask("a"), section("s", ask("b"), ask("c", "heading"), when=("a", "equals", "true")), [ask("d", when=("b", "answered", ""))])
    assert list(visible(form, {"a": True, "b": True}).questions) == ["a", "b", "c", "d"]
    shown = visible(form, {"a": False, "b": True})
    assert (list(shown.questions), shown.pages) == (["a"], ["p0"])


# ---------------------------------------------------------------- repeats


def family(**more):
    kids = section(CHILDREN, ask("name", "short_text", is_required=True), ask("school"), ask("which", "short_text", ("school", "equals", "true"), is_required=True), most=4, **more)
    return paper(ask("well"), kids, ask("help", when=("school", "equals", "true")), ask("none", when=("school", "unanswered", "")))


def test_in_a_section_that_repeats_a_condition_reads_the_same_turn():
    answers = {"#children": "3", "name": "Kim", "school": False, "school:1": True}
    shown = visible(family(), answers)
    assert shown.sections[CHILDREN] == 3
    assert [place for place in shown.questions if place.startswith("which")] == ["which:1"]
    assert missing(family(), answers) == [Missing("name:1", "p1"), Missing("which:1", "p1"), Missing("name:2", "p1")]


def test_outside_of_it_one_turn_that_says_so_is_enough():
    assert "help" in visible(family(), {"#children": "2", "school": False, "school:1": True}).questions
    assert "help" not in visible(family(), {"#children": "1", "school": False, "school:1": True}).questions  # a turn that is not there
    assert "none" not in visible(family(), {"#children": "2", "school:1": False}).questions
    assert "none" in visible(family(), {"#children": "2"}).questions


@pytest.mark.parametrize(("said", "turns"), [("0", 2), ("1", 2), ("3", 3), ("4", 4), ("5", 4), ("99999999999999999999", 2), ("x", 2), ("-1", 2), ("٣", 2), (3, 2), (None, 2)])
def test_a_section_is_never_there_less_or_more_often_than_it_may_be(said, turns):
    form = family(least=2)
    answers = {"#children": said, **{f"name:{turn}": "Kim" for turn in range(1, 60)}}
    assert visible(form, answers).sections[CHILDREN] == turns
    assert len([place for place in visible(form, answers).questions if place.startswith("name")]) == turns
    assert kept(form, answers)["#children"] == str(turns)
    assert f"name:{turns}" not in kept(form, answers)


def test_a_section_that_is_not_there_yet_can_still_be_added_to():
    form = family(least=0)
    shown = visible(form, {"name": "Left over"})
    assert shown.sections[CHILDREN] == 0
    assert shown.pages == ["p0", "p1", "p3"]
    assert kept(form, {"name": "Left over"}) == {"#children": "0"}
    assert not missing(form, {})


def test_a_section_in_which_a_turn_would_show_nothing_is_not_there():
    kids = section(CHILDREN, ask("name", when=("well", "equals", "true")), least=0, most=4)
    form = paper(ask("well"), kids)
    assert visible(form, {"well": False}).pages == ["p0"]
    assert CHILDREN not in visible(form, {"well": False, "#children": "2"}).sections
    assert visible(form, {"well": True}).pages == ["p0", "p1"]


# ---------------------------------------------------------------- staff only


def test_alice_neither_sees_what_is_for_staff_nor_can_answer_it():
    form = paper([ask("a"), ask("secret", is_for_staff=True, is_required=True), ask("more", when=("a", "equals", "true"), is_for_staff=True)], ask("last", is_for_staff=True))
    answers = {"a": True, "secret": True, "more": False}
    assert list(visible(form, answers).questions) == ["a"]
    assert kept(form, answers) == {"a": True}
    assert not missing(form, {"a": True})
    assert page_after(form, answers, "p0") is None
    assert progress(form, answers, "p0") == (1, 1, 1, 1)


def test_dora_sees_it():
    form = paper([ask("a"), ask("secret", is_for_staff=True, is_required=True)], ask("last", is_for_staff=True))
    assert list(visible(form, {}, for_staff=True).questions) == ["a", "secret", "last"]
    assert missing(form, {"a": True}, for_staff=True) == [Missing("secret", "p0")]
    assert page_after(form, {}, "p0", for_staff=True) == "p1"


def test_an_answer_for_staff_shows_nothing_to_alice():
    form = paper([ask("secret", is_for_staff=True), ask("b", when=("secret", "equals", "true"))])  # cannot be published either
    assert not visible(form, {"secret": True}).questions


# ---------------------------------------------------------------- missing, pages, progress


def test_missing_is_what_is_required_and_shown_and_unanswered_with_its_page():
    form = paper(
        [ask("a", is_required=True), ask("b"), ask("h", "heading", is_required=True)],
        [ask("c", is_required=True, when=("a", "equals", "true")), ask("d", "many", is_required=True)],
    )
    assert missing(form, {}) == [Missing("a", "p0"), Missing("d", "p1")]
    assert missing(form, {"a": True, "d": {"keys": []}}) == [Missing("c", "p1"), Missing("d", "p1")]
    assert not missing(form, {"a": False, "d": {"keys": ["a"]}})


def test_of_a_table_each_row_is_needed():
    form = paper(ask("t", "table", is_required=True))
    assert missing(form, {"t": {"r1": "a"}}) == [Missing("t", "p0")]
    assert not missing(form, {"t": {"r1": "a", "r2": "a"}})


def test_pages_on_which_nothing_is_shown_are_skipped_both_ways():
    form = paper(ask("a"), ask("b", when=("a", "equals", "true")), ask("c"))
    assert page_after(form, {}) == "p0"
    assert page_after(form, {"a": False}, "p0") == "p2"
    assert page_before(form, {"a": False}, "p2") == "p0"
    assert page_after(form, {"a": True}, "p0") == "p1"
    assert page_before(form, {}) == "p2"
    assert page_before(form, {}, "p0") is None
    assert page_after(form, {"a": False}, "p1") == "p2"  # it was hidden on another device meanwhile


@pytest.mark.parametrize("way", [page_after, page_before])
def test_there_is_nothing_after_or_before_a_page_that_does_not_exist(way):
    with pytest.raises(NotFound):
        way(paper(ask("a")), {}, "elsewhere")


def test_progress_counts_what_is_asked_and_answered():
    form = paper([ask("a"), ask("h", "heading")], ask("b", when=("a", "equals", "true")), ask("c"))
    assert progress(form, {}) == (0, 2, 0, 2)
    assert progress(form, {"a": True}, "p1") == (1, 3, 2, 3)
    assert progress(form, {"a": False, "b": True}, "p2") == (1, 2, 2, 2)


def test_nothing_is_kept_of_questions_that_are_not_in_the_form():
    answers = {"a": True, "z": True, "a:1": True, "#s0": "3", "h": "x", "b": ""}
    assert kept(paper([ask("a"), ask("b", "short_text"), ask("h", "heading")]), answers) == {"a": True}


# ---------------------------------------------------------------- places


@given(st.from_regex(r"[a-z0-9]{1,16}", fullmatch=True), st.integers(0, 999))
def test_a_place_is_read_as_it_was_written(key, turn):
    assert places.read(places.written(Place(key, turn))) == Place(key, turn)
    assert places.written(Place(key, turn)) == places.place(key, turn)


@pytest.mark.parametrize("text", ["", ":1", "a:", "a:0", "a:01", "a:-1", "a:1000", "a:1:2", "A", "é", "a:٣", "a b", "#children", "a\n", "a" * 17])
def test_a_place_that_is_written_in_another_way_is_none(text):
    with pytest.raises(ValueError, match="no place"):
        places.read(text)


def test_the_first_turn_is_written_like_a_question_that_does_not_repeat():
    assert [places.written(Place("name", turn)) for turn in range(3)] == ["name", "name:1", "name:2"]


# ---------------------------------------------------------------- speed


def fastest(work, times=5):
    """The least CPU time of some tries in seconds: what else the machine does counts for nothing."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def test_of_500_questions_that_depend_on_each_other_it_is_known_within_50_ms():
    form, yes = chain(500), {f"q{number}": True for number in range(500)}
    assert len(visible(form, yes).questions) == 500
    for work in (visible, missing, kept, progress):
        assert fastest(lambda work=work: work(form, yes)) < .05


def test_twice_as_many_questions_take_about_twice_as_long():
    def seconds(number):
        asked = [ask(f"q{each}", "many", [("q0", "contains", "a"), (f"q{max(0, each - 1)}", "answered", "")] if each else (), choices=choices("a", "b")) for each in range(number)]
        form, answers = paper(asked), {f"q{each}": {"keys": ["a"]} for each in range(number)}
        assert len(visible(form, answers).questions) == number
        return fastest(lambda: visible(form, answers))
    assert seconds(4000) < 12 * seconds(1000)


def test_sections_that_repeat_often_and_ask_each_other_are_looked_at_once(monkeypatch):
    sections = [section(f"s{number}", *(ask(f"q{number}x{each}", when=(f"q{number - 1}x{each}", "equals", "true") if number else ()) for each in range(10)), most=50)
                for number in range(4)]  # fmt: skip
    form = paper(*sections)
    answers = {f"#s{number}": "50" for number in range(4)}
    answers |= {places.place(f"q{number}x{each}", turn): turn == 49 for number in range(4) for each in range(10) for turn in range(50)}
    assert len(visible(form, answers).questions) == 2000
    compared = []
    holds = document_values.holds
    monkeypatch.setattr(document_values, "holds", lambda *each: compared.append(each) or holds(*each))
    visible(form, answers)
    assert len(compared) == 3 * 10 * 50  # each condition once with each turn, not once more for each turn that asks
    assert rules.turns(sections[0], answers) == 50
