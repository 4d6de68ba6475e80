"""How an individual is found."""

import pytest

from domain import profile, search
from domain.actor import SYSTEM
from domain.profile import Details, Reach
from models import Individual, SearchWord


def found(question, query=None):
    narrowed = search.narrow(query if query is not None else Individual.select(), question)
    return [individual.first_name for individual in narrowed.order_by(Individual.sort_name, Individual.id)]


@pytest.fixture
def people(cast):
    for first, last, preferred in (
        ("Zoë", "O'Brien", ""), ("Anne-Marie", "Núñez", ""), ("小明", "王", ""), ("William", "Ash", "Billie"),
        ("Percy", "100%_sure", ""),
    ):  # fmt: skip
        profile.create(Details(first, last, preferred_name=preferred), SYSTEM)
    return cast


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("alice", ["Alice"]),
        ("ALI", ["Alice"]),
        ("archer", ["Alice", "Sam"]),
        ("archer al", ["Alice"]),
        ("al archer", ["Alice"]),
        ("lice", []),
        ("archer bob", []),
        ("zoe", ["Zoë"]),
        ("ZOË", ["Zoë"]),
        ("o'brien", ["Zoë"]),
        ("o’brien", ["Zoë"]),
        ("obrien", ["Zoë"]),
        ("brien", ["Zoë"]),
        ("nunez", ["Anne-Marie"]),
        ("annemarie", ["Anne-Marie"]),
        ("anne-marie", ["Anne-Marie"]),
        ("marie", ["Anne-Marie"]),
        ("小", ["小明"]),
        ("billie", ["William"]),
        ("ａｌｉｃｅ", ["Alice"]),
        ("100%", ["Percy"]),
    ],
)
def test_people_are_found_by_the_beginning_of_any_word_of_their_names(people, question, names):
    assert found(question) == names


@pytest.mark.parametrize("question", ["%", "_", "%%", "a%", "' OR 1=1 --", '"', "*", "\\"])
def test_wildcards_and_quotes_mean_only_themselves(people, question):
    letters = list(search.words(question))
    assert found(question) == (found("") if not letters else found(" ".join(letters)))
    assert found("zzz" + question) == []


def test_people_are_found_by_address_and_by_its_parts(people):
    for question in ("pia@example.org", "PIA@EXAMPLE.ORG", "pia@exa", "pia"):
        assert found(question) == ["Pia"]


def test_people_are_found_by_the_digits_of_a_number(people):
    profile.add_contact(people.pia, Reach("mobile", "(902) 555-0123"), SYSTEM, country="CA")
    assert found("19025550123") == ["Pia"]
    assert found("1902555") == ["Pia"]


def test_a_change_is_found_at_once_and_what_was_no_longer_is(people):
    pia = people.pia
    kept = {name: getattr(pia, name) for name in Details.__dataclass_fields__}
    profile.change(pia, Details(**{**kept, "last_name": "Quill"}), SYSTEM, version=pia.version)
    assert (found("quill"), found("pell")) == (["Pia"], [])
    contact = people.pia.contacts.get()
    profile.change_contact(contact, Reach("email", "quill@example.net"), SYSTEM, country="CA", version=1)
    assert (found("quill@example.net"), found("pia@example.org")) == (["Pia"], [])
    profile.remove_contact(contact, SYSTEM)
    assert found("quill@example.net") == []
    assert found("quill") == ["Pia"]


def test_a_question_narrows_what_somebody_may_see_and_never_widens_it(people):
    only_bob = Individual.select().where(Individual.id == people.bob.id)
    assert found("archer", only_bob) == []
    assert found("", only_bob) == ["Bob"]


def test_a_long_question_is_answered_too(people):
    assert found("x" * 10_000) == []
    assert found(" ".join(["alice"] * 1000)) == ["Alice"]


def test_each_word_is_kept_once_per_person(people):
    profile.create(Details("Anna Anna", "Anna"), SYSTEM)
    assert SearchWord.select().where(SearchWord.word == "anna").count() == 1
