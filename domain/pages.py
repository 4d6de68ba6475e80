"""The pages at the foot of every page: what is published, by page and language."""

from __future__ import annotations

import dataclasses

from peewee import fn

from domain import statements, texts
from models import PAGE_SLUGS, PageVersion


@dataclasses.dataclass(frozen=True)
class Shelf:
    """One page with its newest text in each language, None where it has none."""

    slug: str
    newest: dict[str, PageVersion | None]


def shelf() -> list[Shelf]:
    """Every page in every language, in one question."""
    each = PageVersion.alias()
    newer = each.select().where(
        each.slug == PageVersion.slug, each.language == PageVersion.language, each.version > PageVersion.version
    )
    latest = {(row.slug, row.language): row for row in PageVersion.select().where(~fn.EXISTS(newer))}
    return [Shelf(slug, {code: latest.get((slug, code)) for code in texts.LANGUAGES}) for slug in PAGE_SLUGS]


def newest(slug: str, language: str) -> PageVersion | None:
    """The newest text of a page in just this language."""
    version: PageVersion | None = _NEWEST.first(slug, language)
    return version


_NEWEST = statements.Question(
    lambda slug, language: PageVersion.select()
    .where(PageVersion.slug == slug, PageVersion.language == language)
    .order_by(PageVersion.version.desc())
)


def is_one(slug: str, language: str) -> bool:
    """True for a page and a language that there are."""
    return slug in PAGE_SLUGS and language in texts.LANGUAGES
