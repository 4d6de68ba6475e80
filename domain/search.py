"""How an individual is found: by the beginning of any word of their names, addresses and numbers.

A word table with an index serves SQLite and PostgreSQL alike; its cost does not grow with the agency.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import phonenumbers

from models import Contact, Individual, SearchWord, Worker

MOST_WORDS = 6  # of a question; more narrow nothing
_LAST = "\U0010ffff"


def fold(text: str) -> str:
    """Without case, accents and forms of width: the same for what is kept and what is asked."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def sorted_names(first: str, last: str) -> dict[str, str]:
    """The columns by which workers are ordered and looked up."""
    return {"sort_name": fold(f"{last} {first}").strip()[:400], "call_name": fold(f"{first} {last}").strip()[:400]}


def narrow_workers(query: Any, question: str) -> Any:
    """The query over workers, narrowed to whose first or last name, both together, or address begins so."""
    asked = " ".join(fold(question).replace(",", " ").split())
    columns = (Worker.sort_name, Worker.call_name, Worker.email_key)
    begins = [column.between(asked, asked + _LAST) for column in columns]
    return query.where(begins[0] | begins[1] | begins[2])


def words(*texts: str) -> set[str]:
    """The words under which these texts are found; an e-mail address is also one whole word."""
    found: set[str] = set()
    for text in texts:
        folded = fold(text)
        if "@" in folded:
            found.add(folded.strip()[:120])
        for form in (folded, re.sub(r"['’ʼ-]", "", folded)):  # O'Brien is found as obrien, too
            found.update(word[:120] for word in re.findall(r"\w+", form))
    return found


def words_of(individual: Individual, contacts: Iterable[Contact]) -> set[str]:
    """All words of one individual."""
    reach = [form for c in contacts if c.kind != "address" for form in (c.lookup, national(c.value))]
    return words(
        individual.first_name, individual.last_name, individual.preferred_name, individual.external_id or "", *reach
    )


def national(number: str) -> str:
    """A number's digits without the country code, as people of the country dial it; nothing for what is no number."""
    try:
        return str(phonenumbers.national_significant_number(phonenumbers.parse(number)))
    except phonenumbers.NumberParseException:
        return ""


def asked_words(question: str) -> set[str]:
    """The words of a question; a number is one word, however it is written."""
    digits = re.sub(r"[\s()+./-]", "", question)
    return {digits} if len(digits) >= 5 and digits.isdecimal() else words(question)


def index(individual: Individual) -> None:
    """Write the individual's words anew, inside the transaction of the change."""
    SearchWord.delete().where(SearchWord.individual == individual).execute()
    rows = [(word, individual.id) for word in sorted(words_of(individual, individual.contacts))]
    if rows:
        SearchWord.insert_many(rows, fields=[SearchWord.word, SearchWord.individual]).execute()


def narrow(query: object, question: str) -> object:
    """The query over individuals, narrowed to those who have a word beginning with each word asked for."""
    asked = sorted(asked_words(question), key=len, reverse=True)[:MOST_WORDS]
    for word in asked:
        having = SearchWord.select(SearchWord.individual).where(SearchWord.word >= word, SearchWord.word < word + _LAST)
        query = query.where(Individual.id.in_(having))  # type: ignore[attr-defined]
    return query
