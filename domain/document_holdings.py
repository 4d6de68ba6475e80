"""Answers of several parts: an address, files, a signature.  Files are stored before, and named here by their ids."""

from __future__ import annotations

from functools import partial
from typing import Any

import phonenumbers

from domain.document_parts import WAYS, Question
from domain.document_reader import Given, Reader, first, tidy
from domain.rules import N_, RuleBroken, together

ADDRESS = {"line1": 200, "line2": 200, "city": 100, "region": 100, "postcode": 20, "country": 2}
SIGNATURE = ("how", "name", "drawn")
MOST_FILES = 10  # where the question does not say how many
LONGEST_NAME = 200
_FILE = {"id": str, "name": str, "media_type": str, "size": int, "digest": str}


def typed(question: Question, given: Given, reader: Reader) -> Any:
    """The answer as it is kept.  Raises RuleBroken with the part that is wrong."""
    if question.kind == "address":
        return _address(given)
    return _files(question, given, reader) if question.kind == "file" else _signature(question, given, reader)


def as_typed(question: Question, value: Any) -> dict[str, list[str]]:
    """What the form's fields hold; of files and of a drawn signature the ids."""
    if question.kind == "address":
        return {part: [value[part]] for part in ADDRESS}
    if question.kind == "file":
        return {"": [each["id"] for each in value]}
    drawn = {"drawn": [value["id"]]} if value["how"] == "drawn" else {}
    return {"how": [value["how"]], "name": [value["name"]], **drawn}


def shown(question: Question, value: Any, reader: Reader) -> str:
    """The lines of the address, the names of the files, the name of who signed."""
    if question.kind == "file":
        return "\n".join(each["name"] for each in value)
    if question.kind == "signature":
        return str(value["name"])
    town = ", ".join(filter(None, (value["city"], value["region"])))
    country = str(reader.locale.territories.get(value["country"], value["country"]))
    lines = (value["line1"], value["line2"], " ".join(filter(None, (town, value["postcode"]))), country)
    return "\n".join(filter(None, lines))


def _address(given: Given) -> dict[str, str] | None:
    parts = together(*(partial(tidy, first(given, part), part, most) for part, most in ADDRESS.items()))
    value = dict(zip(ADDRESS, parts, strict=True)) | {"country": parts[-1].upper()}
    if not any(value[part] for part in ADDRESS if part != "country"):
        return None  # the list of countries has one chosen from the start
    together(partial(_need, value, "line1", N_("Enter the street or place.")), partial(_need, value, "city", N_("Enter the town.")),
             partial(_check_country, value["country"]))  # fmt: skip
    return value


def _need(value: dict[str, str], part: str, sentence: str) -> None:
    if not value[part]:
        raise RuleBroken(sentence, code="missing", field=part)


def _check_country(code: str) -> None:
    if code and code not in phonenumbers.SUPPORTED_REGIONS:
        raise RuleBroken(N_("Choose a country."), code="not_listed", field="country")


def _files(question: Question, given: Given, reader: Reader) -> list[dict[str, Any]] | None:
    ids = list(dict.fromkeys(each for each in given.get("", ()) if each))
    if not ids:
        return None
    files = [_file(each, "", reader) for each in ids]
    if question.least and len(files) < int(question.least):
        raise RuleBroken(N_("Choose at least %(least)s."), code="too_few", least=question.least)
    if len(files) > int(question.most or MOST_FILES):
        raise RuleBroken(N_("Choose at most %(most)s."), code="too_many", most=question.most or MOST_FILES)
    return files


def _file(public_id: str, part: str, reader: Reader) -> dict[str, Any]:
    """What is kept of a file.  Raises RuleBroken when it is not among those that were stored for this document."""
    found = reader.kept.get(public_id)
    if isinstance(found, dict) and found.get("id") == public_id:
        value = {name: found.get(name) for name in _FILE}
        if all(type(value[name]) is kind for name, kind in _FILE.items()):
            return value
    raise RuleBroken(N_("Choose the file again."), code="no_file", field=part)


def _signature(question: Question, given: Given, reader: Reader) -> dict[str, str] | None:
    ways = WAYS["signature"][1:] if question.way in ("", "either") else (question.way,)
    how = first(given, "how") or (ways[0] if len(ways) == 1 else "")
    name, drawn = tidy(first(given, "name"), "name", LONGEST_NAME), first(given, "drawn")
    if not name and not drawn:
        return None
    if how not in ways:
        raise RuleBroken(N_("Choose how you sign."), code="not_listed", field="how")
    if not any(c.isalpha() for c in name):
        raise RuleBroken(N_("Enter the name of the person who signs."), code="missing", field="name")
    if how == "typed":
        return {"how": how, "name": name}
    picture = reader.kept.get(drawn)
    if not isinstance(picture, dict) or picture.get("id") != drawn or not isinstance(picture.get("digest"), str):
        raise RuleBroken(N_("Draw your signature."), code="missing", field="drawn")
    return {"how": how, "id": drawn, "digest": picture["digest"], "name": name}
