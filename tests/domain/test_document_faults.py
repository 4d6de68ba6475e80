"""What keeps a form from being published, said to the staff who build it (spec 05)."""

import dataclasses
from decimal import Decimal

import pytest
from document_forms import ANY_FORM, CHILDREN, answers_to, ask, changed, choices, en, paper, score, section, sound_form
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import document_faults, texts
from domain import document_question_faults as question_faults
from domain import document_rules as rules
from domain.document_faults import faults
from domain.document_parts import PREFILLS, QUESTION_KINDS, TESTS, WAYS, Band, Choice, Condition, ShowIf, read, write
from domain.document_scores import scores
from domain.document_values import comparisons, is_answer


def found(form, **more):
    """Where something is wrong, and what."""
    return [(fault.where, fault.broken.code) for fault in faults(form, **more)]


def of(question):
    """What is wrong with one question."""
    return [(broken.field, broken.code) for where, broken in faults(paper([question, ask("last")])) if where == question.key]


# ---------------------------------------------------------------- what can be published


@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_a_question_of_each_kind_can_be_published(kind):
    assert found(paper([ask("q", kind), ask("last")])) == []


@given(sound_form())
@hypothesis_settings(max_examples=40)
def test_a_form_that_keeps_the_rules_can_be_published(form):
    assert found(form, own="en") == []


@given(ANY_FORM, st.data())
@hypothesis_settings(max_examples=50)
def test_whatever_somebody_builds_is_told_what_is_wrong_and_nothing_breaks(form, data):
    keys = {"", *(page.key for page in form.pages), *(part.key for page in form.pages for part in page.sections),
            *(question.key for _, _, question in form.questions()), *(each.key for each in form.scores)}  # fmt: skip
    for where, broken in faults(form):
        assert where in keys
        for language in ("en", "ar"):
            assert "%(" not in texts.refusal(language, broken)
    assert found(read(write(form))) == found(form)
    answers = data.draw(st.dictionaries(st.sampled_from([*keys, "a:1", "#a"]), st.none() | st.booleans() | st.text(max_size=3)))
    rules.kept(form, answers)
    rules.missing(form, answers)
    scores(form, answers)


# ---------------------------------------------------------------- the form


def test_a_form_without_a_page_or_a_question_is_not_published():
    assert found(paper()) == [("", "no_page")]
    assert found(paper(section("s"))) == [("", "no_question"), ("s", "empty")]
    assert found(paper([ask("h", "heading")])) == [("", "no_question")]
    form = paper(ask("a"))
    assert found(dataclasses.replace(form, pages=(*form.pages, dataclasses.replace(form.pages[0], key="p9", sections=())))) == [("p9", "empty")]


def test_a_letter_is_only_read_and_signed():
    assert found(paper([ask("t", "text"), ask("s", "signature")], kind="letter")) == []
    assert found(paper([ask("t", "text")], kind="letter")) == []
    assert found(paper([ask("t", "text"), ask("a")], kind="letter")) == [("", "letter")]


@pytest.mark.parametrize(("changes", "code"), [
    ({"kind": "poem"}, "kind"), ({"languages": ()}, "languages"), ({"languages": ("xx-yy-zz",)}, "languages"), ({"languages": ("en", "en")}, "languages"),
    ({"minutes": -1}, "minutes"), ({"minutes": 601}, "minutes"), ({"title": {}}, "words"), ({"title": en("  ")}, "words"), ({"title": en("x" * 1001)}, "too_long"),
])  # fmt: skip
def test_what_a_form_says_of_itself_must_be_there(changes, code):
    assert code in [each for where, each in found(dataclasses.replace(paper(ask("a")), **changes)) if where == ""]


def test_the_agencys_own_language_is_one_of_the_forms():
    form = paper(ask("a"))
    assert found(form, own="en") == []
    assert found(form, own="fr") == [("", "own")]


def test_each_text_is_there_in_each_language_and_it_is_said_which_is_missing():
    both = {"en": "Name", "es": "Nombre"}
    form = paper([ask("a", words=both), ask("b", "one", words=both, choices=(Choice("x", both), Choice("y", en("No"))), help=en("Help"))], languages=("en", "es"), title=both)
    wrong = [(where, broken.field, broken.fields["language"]) for where, broken in faults(form)]
    assert wrong == [
        ("p0", "words", "español"),
        ("s0", "words", "español"),  # it has a name in one language, so it needs one in each
        ("b", "help", "español"),
        ("b", "choices", "español"),
    ]
    assert [(where, broken.field) for where, broken in faults(changed(paper(ask("a")), "a", words={}))] == [("a", "words")]


def test_a_section_needs_no_name_but_one_that_repeats_does_and_words_on_its_button():
    plain = dataclasses.replace(section("s", ask("a")), words={})
    assert found(paper(plain)) == []
    broken = [(where, each.field) for where, each in faults(paper(dataclasses.replace(plain, most=3)))]
    assert broken == [("s", "words"), ("s", "again")]


def test_every_text_of_a_form_is_looked_at():
    """Of each thing that has words: without them, it is said where."""
    form = paper([section("s", ask("t", "table", choices=choices("a", "b", scores=(Decimal(0), Decimal(1)))), most=2)], scores=[score("x", "sum", "t", bands=[("0", "1", "All")])])
    said = {(fault.where, fault.broken.field) for fault in faults(dataclasses.replace(form, languages=("en", "fr")))}
    assert said == {("", "title"), ("p0", "words"), ("s", "words"), ("s", "again"), ("t", "words"), ("t", "choices"), ("t", "rows"), ("x", "words"), ("x", "bands")}


# ---------------------------------------------------------------- keys, and too much


@pytest.mark.parametrize("key", ["", "A", "a_b", "a:1", "#a", "é", "a" * 17, "٣"])
def test_a_key_is_small_letters_and_digits(key):
    assert (key, "key") in found(paper(ask(key)))
    assert ("choices", "keys") in of(ask("q", "one", choices=choices("b", key)))


def test_a_key_stands_for_one_thing_in_a_form():
    assert found(paper([ask("a"), ask("b")], [ask("a")])) == [("a", "twice")]
    assert ("p0", "twice") in found(paper([ask("p0")]))
    assert ("a", "twice") in found(paper([ask("a", "whole")], scores=[score("a", "sum", "a")]))
    assert of(ask("q", "one", choices=choices("a", "b", "a"))) == [("choices", "keys"), ("choices", "same")]


def test_500_questions_on_50_pages_are_enough():
    pages = [[ask(f"q{page}x{number}") for number in range(10)] for page in range(50)]
    assert found(paper(*pages)) == []
    assert found(paper([*pages[0], ask("more")], *pages[1:])) == [("", "questions")]
    assert found(paper(*pages[:49], [pages[49][0]], [pages[49][1]])) == [("", "pages")]


def test_with_all_that_repeats_there_are_at_most_2000():
    def form(number):
        return paper(section(CHILDREN, *(ask(f"q{each}") for each in range(number)), most=50))
    assert found(form(40)) == []
    assert found(form(41)) == [("", "places")]


def test_too_many_scores_bands_and_conditions_are_refused():
    many = [score(f"x{number}", "sum", "n") for number in range(51)]
    assert found(paper(ask("n", "whole"), scores=many)) == [("", "scores")]
    bands = [(number, number, "Band") for number in range(51)]
    assert found(paper(ask("n", "whole"), scores=[score("x", "sum", "n", bands=bands)])) == [("x", "bands")]
    assert found(paper([ask("a"), ask("b", when=[("a", "answered", "")] * 21)])) == [("b", "conditions")]


@pytest.mark.parametrize(("way", "most"), [("radio", 100), ("list", 100), ("search", 1000)])
def test_a_list_has_100_choices_and_ten_times_as_many_to_search_in(way, most):
    assert of(ask("q", "one", way=way, choices=choices(*(f"c{number}" for number in range(most))))) == []
    assert of(ask("q", "one", way=way, choices=choices(*(f"c{number}" for number in range(most + 1))))) == [("choices", "choices")]


# ---------------------------------------------------------------- one question


@pytest.mark.parametrize(("question", "wrong"), [
    (ask("q", "riddle"), ("kind", "kind")),
    (ask("q", "one", choices=choices("a")), ("choices", "choices")),
    (ask("q", "many", choices=choices("a"), has_other=True), ("choices", "choices")),
    (ask("q", "table", choices=choices("a")), ("choices", "choices")),
    (ask("q", "table", rows=()), ("rows", "rows")),
    (ask("q", "table", rows=choices(*(f"r{n}" for n in range(101)))), ("rows", "rows")),
    (ask("q", "table", rows=(Choice("a", en("One")), Choice("a", en("Two")))), ("rows", "keys")),
    (ask("q", "one", choices=(Choice("a", en("Yes")), Choice("b", en(" YES ")))), ("choices", "same")),
    (ask("q", "one", choices=choices("a", "b", scores=(Decimal(0), Decimal("1e9")))), ("choices", "score")),
    (ask("q", "one", choices=choices("a", "b", scores=(Decimal(0), Decimal("0.0000001")))), ("choices", "score")),
    (ask("q", "yes_no", choices=choices("a", "b")), ("choices", "not_of_kind")),
    (ask("q", "one", rows=choices("a")), ("rows", "not_of_kind")),
    (ask("q", "one", way="drawn"), ("way", "way")),
    (ask("q", "yes_no", way="radio"), ("way", "way")),
    (ask("q", "table", has_other=True), ("has_other", "not_of_kind")),
    (ask("q", "picture", picture=""), ("picture", "picture")),
    (ask("q", "text", picture="0" * 64), ("picture", "not_of_kind")),
    (ask("q", "whole", least="5", most="4"), ("least", "crossed")),
    (ask("q", "whole", least="10", most="9"), ("least", "crossed")),
    (ask("q", "date", least="2026-03-05", most="2026-03-04"), ("least", "crossed")),
    (ask("q", "long_text", least="10", most="9"), ("least", "crossed")),
    (ask("q", "whole", least="1.5"), ("least", "limit")),
    (ask("q", "whole", most="1e3"), ("most", "limit")),
    (ask("q", "decimal", places=1, most="1.25"), ("most", "limit")),
    (ask("q", "decimal", most="1,5"), ("most", "limit")),
    (ask("q", "whole", most="٣"), ("most", "limit")),
    (ask("q", "date", least="2026-02-30"), ("least", "limit")),
    (ask("q", "date", least="2026-W01-1"), ("least", "limit")),
    (ask("q", "time", most="24:00"), ("most", "limit")),
    (ask("q", "date_time", most="2026-03-04 14:05"), ("most", "limit")),
    (ask("q", "short_text", most="501"), ("most", "limit")),
    (ask("q", "short_text", least="-1"), ("least", "limit")),
    (ask("q", "many", most="4"), ("most", "limit")),  # of three
    (ask("q", "file", most="21"), ("most", "limit")),
    (ask("q", "yes_no", least="1"), ("least", "not_of_kind")),
    (ask("q", "one", most="1"), ("most", "not_of_kind")),
    (ask("q", "short_text", unit=en("km")), ("step", "not_of_kind")),
    (ask("q", "date", step="1"), ("step", "not_of_kind")),
    (ask("q", "whole", places=2), ("places", "places")),
    (ask("q", "decimal", places=7), ("places", "places")),
    (ask("q", "decimal", places=-1), ("places", "places")),
    (ask("q", "scale", most=""), ("most", "ends")),
    (ask("q", "slider", least=""), ("most", "ends")),
    (ask("q", "slider", least="3", most="3"), ("most", "ends")),
    (ask("q", "scale", least="0", most="20"), ("most", "points")),
    (ask("q", "slider", least="0", most="1001"), ("step", "steps")),
    (ask("q", "slider", least="0", most="11", places=2), ("step", "steps")),
    (ask("q", "slider", least="0", most="10", step="3"), ("step", "step")),
    (ask("q", "whole", step="0"), ("step", "step")),
    (ask("q", "whole", step="-1"), ("step", "step")),
    (ask("q", "whole", step="0.5"), ("step", "step")),
    (ask("q", "whole", step="x"), ("step", "step")),
    (ask("q", "whole", default="x"), ("default", "default")),
    (ask("q", "whole", default=3), ("default", "default")),
    (ask("q", "whole", most="3", default="4"), ("default", "default")),
    (ask("q", "date", least="2026-03-04", default="2026-03-03"), ("default", "default")),
    (ask("q", "short_text", most="3", default="four"), ("default", "default")),
    (ask("q", "many", most="1", default={"keys": ["a", "b"]}), ("default", "default")),
    (ask("q", "one", default={"key": "z"}), ("default", "default")),
    (ask("q", "one", default="a"), ("default", "default")),
    (ask("q", "yes_no", default="true"), ("default", "default")),
    (ask("q", "signature", default={"how": "typed", "name": "Alice"}), ("default", "default")),
    (ask("q", "heading", default="Hello"), ("default", "default")),
    (ask("q", "short_text", prefill="password"), ("prefill", "prefill")),
    (ask("q", "whole", prefill="birth_date"), ("prefill", "prefill")),
    (ask("q", "phone", prefill="email"), ("prefill", "prefill")),
    (ask("q", "short_text", may_change=False), ("may_change", "locked")),
    (ask("q", words=en("x" * 1001)), ("words", "too_long")),
    (ask("q", "text", words=en("x" * 20_001)), ("words", "too_long")),
])  # fmt: skip
def test_what_is_wrong_with_a_question_is_said_once_at_its_field(question, wrong):
    assert of(question) == [wrong]


@pytest.mark.parametrize("question", [
    ask("q", "whole", least="-3", most="3", default="0", unit=en("km"), step="1"),
    ask("q", "decimal", places=2, least="-0.01", most="1.25", step="0.01"),
    ask("q", "slider", least="0", most="1", places=2, step="0.05", default="0.5"),
    ask("q", "currency", least="0.50", most="100"),
    ask("q", "scale", least="1", most="20"),
    ask("q", "date", least="1900-01-01", most="2100-01-01", default="2026-03-04"),
    ask("q", "date_time", most="2026-03-04T14:05"),
    ask("q", "many", most="4", has_other=True, default={"keys": ["a"], "other": "More"}),
    ask("q", "yes_no", default=False),
    ask("q", "table", default={"r1": "a"}),
    ask("q", "address", default={"city": "Halifax", "country": "CA"}),
    ask("q", "phone", default="+19025550100"),
    ask("q", "email", default="alice@example.org"),
    ask("q", "short_text", prefill="first_name", may_change=False),
    ask("q", "short_text", default="Halifax", may_change=False),
    ask("q", "text", words=en("x" * 20_000)),
    ask("q", "signature", way="typed"),
    ask("q", is_for_staff=True, is_required=True),
])  # fmt: skip
def test_what_is_right_is_not_complained_about(question):
    assert of(question) == []


def test_each_way_to_answer_and_each_of_the_record_can_be_chosen():
    for kind, ways in WAYS.items():
        assert [of(ask("q", kind, way=way)) for way in ways] == [[]] * len(ways)
    kinds = {"birth_date": "birth_date", "email": "email", "mobile": "phone", "address": "address"}
    assert [of(ask("q", kinds.get(name, "short_text"), prefill=name)) for name in PREFILLS] == [[]] * len(PREFILLS)


@pytest.mark.parametrize(("kind", "value"), [
    ("short_text", " x"), ("short_text", ""), ("short_text", "Cafe\u0301"), ("decimal", "1."), ("decimal", "01"), ("decimal", "+1"), ("whole", "1.0"), ("many", {"keys": ["b", "a"]}),
    ("many", {"keys": []}), ("many", {"keys": ["a", "a"]}), ("many", ["a"]), ("one", {"key": "a", "other": "x"}), ("one", {"other": "x"}), ("one", {"key": ["a"]}),
    ("table", {}), ("table", {"r9": "a"}), ("table", {"r1": "z"}), ("address", {}), ("address", {"planet": "Mars"}), ("address", {"city": 3}), ("phone", "902 555 0100"), ("email", "alice"),
    ("date", "2026-3-4"), ("time", "9:05"), ("yes_no", 1), ("file", [{"id": "x"}]), ("picture", "x"),
])  # fmt: skip
def test_what_is_kept_in_another_way_is_no_answer(kind, value):
    assert not is_answer(ask("q", kind), value)


# ---------------------------------------------------------------- sections that repeat


@pytest.mark.parametrize(("least", "most", "wrong"), [
    (0, 4, []), (4, 4, []), (1, 50, []), (0, 1, [("s", "turns")]), (1, 0, [("s", "turns")]), (2, 1, [("s", "turns")]), (1, 51, [("s", "turns")]),
    (5, 4, [("s", "crossed")]), (-1, 4, [("s", "crossed")]),
])  # fmt: skip
def test_a_section_repeats_as_often_as_can_be(least, most, wrong):
    assert found(paper(section("s", ask("a"), least=least, most=most))) == wrong


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(("when", "code"), [
    ("gone", "gone"), ("head", "silent"), ("q", "itself"), ("after", "later"), ("circle", "circle"), ("staff", "for_staff"),
])  # fmt: skip
def test_a_condition_asks_for_what_can_be_answered_before(when, code):
    form = paper(
        [ask("head", "heading"), ask("staff", is_for_staff=True), ask("q", when=(when, "answered", ""))],
        [ask("after"), ask("circle", when=("q", "answered", ""))],
    )
    assert found(form) == [("q", code)]


def test_a_circle_of_twenty_is_called_one():
    asked = [ask(f"q{number}", when=(f"q{(number + 19) % 20}", "answered", "")) for number in range(20)]
    assert found(paper(asked)) == [("q0", "circle")]
    assert found(paper([ask("q0"), *asked[1:]])) == []


def test_a_circle_through_a_section_is_one_too():
    form = paper(section("s", ask("a"), when=("b", "answered", "")), section("t", ask("b"), when=("a", "answered", "")))
    assert found(form) == [("s", "circle")]
    assert found(paper(section("s", ask("a"), when=("a", "answered", "")))) == [("s", "itself")]
    assert found(paper(section("s", ask("a"), when=("b", "answered", "")), ask("b"))) == [("s", "later")]


def test_questions_in_a_section_that_repeats_may_ask_each_other_in_order():
    assert found(paper(section("s", ask("a"), ask("b", when=("a", "answered", "")), most=3))) == []
    assert found(paper(section("s", ask("b", when=("a", "answered", "")), ask("a"), most=3))) == [("b", "later")]


def test_what_only_staff_see_may_depend_on_what_only_staff_see():
    secret = ask("staff", is_for_staff=True)
    assert found(paper([secret, ask("b", when=("staff", "answered", ""), is_for_staff=True), ask("c")])) == []
    assert found(paper([secret, ask("c")], section("s", ask("b", is_for_staff=True), when=("staff", "answered", "")))) == []
    assert found(paper([secret], section("s", ask("b", is_for_staff=True), ask("c"), when=("staff", "answered", "")))) == [("s", "for_staff")]


RIGHT = {
    "equals": {"yes_no": "true", "one": "a", **dict.fromkeys(("whole", "decimal", "currency", "percentage", "slider", "scale"), "3"), "time": "09:30",
               "date": "2026-03-04", "birth_date": "2026-03-04", "date_time": "2026-03-04T09:30", "short_text": "x", "long_text": "x", "email": "x", "phone": "x"},
    "contains": {"many": "a", "short_text": "x", "long_text": "x", "email": "x", "phone": "x"},
}  # fmt: skip


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("kind", [kind for kind in QUESTION_KINDS if ask("q", kind).asks])
def test_an_answer_is_compared_only_as_its_kind_can_be(kind, test):
    same, within = RIGHT["equals"], RIGHT["contains"]
    sizes = {each: value for each, value in same.items() if each not in ("yes_no", "one", "short_text", "long_text", "email", "phone")}
    value = {"equals": same, "differs": same, "contains": within, "greater": sizes, "less": sizes}.get(test, dict.fromkeys(QUESTION_KINDS, "")).get(kind)
    assert (test in comparisons(kind)) is (value is not None)
    wrong = found(paper([ask("a", kind), ask("b", when=("a", test, "3" if value is None else value))]))
    assert wrong == ([] if value is not None else [("b", "test")])


@pytest.mark.parametrize(("kind", "test", "value"), [
    ("one", "equals", "z"), ("one", "differs", ""), ("many", "contains", "z"), ("yes_no", "equals", "yes"), ("whole", "greater", "1.5"), ("whole", "less", "x"),
    ("date", "less", "tomorrow"), ("short_text", "contains", " "), ("short_text", "equals", ""), ("whole", "answered", "3"),
])  # fmt: skip
def test_an_answer_is_compared_with_one_that_there_can_be(kind, test, value):
    assert found(paper([ask("a", kind), ask("b", when=("a", test, value))])) == [("b", "value")]


def test_a_comparison_that_nobody_knows_is_refused():
    form = changed(paper([ask("a"), ask("b")]), "b", show_if=ShowIf(True, (Condition("a", "smells", ""),)))
    assert found(form) == [("b", "test")]


@given(st.data())
@hypothesis_settings(max_examples=60)
def test_of_a_form_that_can_be_published_nothing_hangs_on_what_staff_answer(data):
    """What a client sees is the same whatever staff have answered."""
    form = data.draw(sound_form())
    answers = data.draw(answers_to(form))
    secret = {question.key for _, _, question in form.questions() if question.is_for_staff}
    without = {place: value for place, value in answers.items() if place.split(":")[0] not in secret}
    assert rules.visible(form, answers) == rules.visible(form, without)
    theirs = rules.visible(form, answers, for_staff=True).questions
    assert list(rules.visible(form, answers).questions) == [place for place, question in theirs.items() if not question.is_for_staff]


# ---------------------------------------------------------------- scores


def scored(*wanted, bands=(), how="sum", **more):
    asked = [ask("n", "whole"), ask("d", "decimal", places=1), ask("yes"), ask("staff", "whole", is_for_staff=True),
             ask("one", "one", choices=choices("a", "b", scores=(Decimal(0), Decimal("0.25")))), ask("half", "one", choices=choices("a", "b", scores=(Decimal(0), None)))]  # fmt: skip
    return [code for where, code in found(paper(asked, scores=[score("x", how, *wanted, bands=bands, **more)])) if where == "x"]


@pytest.mark.parametrize(("wanted", "more", "codes"), [
    (["n", "d", "one"], {}, []), ([], {}, ["no_question"]), (["n", "n"], {}, ["twice"]), (["n", "gone"], {}, ["gone"]), (["yes"], {}, ["no_scores"]),
    (["half"], {}, ["no_scores"]), (["n"], {"how": "median"}, ["how"]), (["n", "staff"], {}, []), (["n", "staff"], {"is_shown": True}, ["for_staff"]),
])  # fmt: skip
def test_a_score_counts_questions_that_score(wanted, more, codes):
    assert scored(*wanted, **more) == codes


@pytest.mark.parametrize(("wanted", "how", "bands", "codes"), [
    (["n"], "sum", [(0, 4), (5, 9)], []),
    (["n"], "sum", [(5, 9), (0, 4)], []),  # in any order
    (["n"], "sum", [(0, 5), (5, 9)], ["overlap"]),
    (["n"], "sum", [(0, 9), (2, 3)], ["overlap"]),
    (["n"], "sum", [(0, 4), (6, 9)], ["gap"]),
    (["n"], "sum", [(4, 0)], ["crossed"]),
    (["n"], "mean", [(0, 4), (5, 9)], ["gap"]),  # 4.5 is in neither
    (["n"], "mean", [("0", "4.99"), ("5", "9")], []),
    (["n", "d"], "sum", [("0", "4.9"), ("5", "9")], []),
    (["n", "d"], "sum", [(0, 4), (5, 9)], ["gap"]),
    (["n", "one"], "sum", [("0", "4.75"), ("5", "9")], ["gap"]),  # to the cent: 0.25 has two decimals
    (["n", "one"], "sum", [("0", "4.99"), ("5", "9")], []),
    (["n"], "sum", [("0", "1e9")], ["score"]),
    (["n"], "sum", [(0, 1), (3, 4), (4, 5)], ["gap", "overlap"]),
])  # fmt: skip
def test_bands_neither_overlap_nor_leave_a_gap(wanted, how, bands, codes):
    assert scored(*wanted, how=how, bands=[(*ends, "Name") for ends in bands]) == codes


def test_where_two_bands_do_not_fit_is_said_in_plain_numbers():
    form = paper(ask("n", "whole"), scores=[dataclasses.replace(score("x", "sum", "n"), bands=(Band(Decimal("0"), Decimal("1E+1"), en("A")), Band(Decimal("12.50"), Decimal(20), en("B"))))])
    (fault,) = faults(form)
    assert str(fault.broken) == "Between two bands is a gap: one goes to 10, the next begins at 12.5."


def test_all_that_is_wrong_is_said_in_the_order_of_the_form():
    form = paper([ask("b", "one", choices=()), ask("a", "whole", least="x")], [ask("c", when=("gone", "answered", ""))], scores=[score("x", "sum")], minutes=-1)
    assert found(form) == [("", "minutes"), ("b", "choices"), ("a", "limit"), ("c", "gone"), ("x", "no_question")]


def test_what_the_limits_are_is_said_in_one_place():
    assert question_faults.MOST_LETTERS["long_text"] == document_faults.LONGEST_TEXT
