"""Terms and privacy policy that were published anew: asked for once, at the next sign-in (spec 02, footer)."""

from __future__ import annotations

from domain import accounts, activation, agency, audit, statements, store, texts
from domain.actor import Actor
from domain.rules import NotFound
from models import ACTIVE, PageVersion, PortalAccount


def to_accept(account: PortalAccount, language: str) -> tuple[PageVersion, PageVersion] | None:
    """The privacy policy and the terms in force when one of them is newer than what the client accepted; else None.

    Another language's text of the same day is no news: what counts is when it was published.
    """
    try:
        privacy, terms = activation.pages_to_accept(language)
    except NotFound:
        return None
    both = ((account.accepted_privacy_id, privacy), (account.accepted_terms_id, terms))
    return (privacy, terms) if any(_is_news(accepted, now) for accepted, now in both) else None


def _is_news(accepted: int | None, now: PageVersion) -> bool:
    if accepted == now.id:
        return False
    return accepted is None or now.published_at > _VERSION.first(accepted).published_at


_VERSION = statements.Question(lambda number: PageVersion.select(PageVersion.published_at).where(PageVersion.id == number))


def accept(account: PortalAccount, privacy: PageVersion, terms: PageVersion, by: Actor) -> None:
    """Store which versions were accepted; twice is harmless."""
    with store.writing():
        stored = PortalAccount.update(accepted_privacy=privacy, accepted_terms=terms).where(
            PortalAccount.id == account.id, (PortalAccount.state == ACTIVE) | (PortalAccount.reason == "attempts"),
            (PortalAccount.accepted_privacy != privacy) | PortalAccount.accepted_privacy.is_null()
            | (PortalAccount.accepted_terms != terms) | PortalAccount.accepted_terms.is_null(),
        )  # fmt: skip
        if stored.execute():
            audit.record("account.terms_accepted_again", by, individual=account.individual, subject=accounts.subject(account),
                         privacy=privacy.version, terms=terms.version)  # fmt: skip


def are_the_newest(account: PortalAccount) -> bool:
    """True when what the client accepted is the newest in every language, so that nobody need ask which one they read."""
    for accepted, slug in ((account.accepted_privacy_id, "privacy"), (account.accepted_terms_id, "terms")):
        current = [version for language in texts.LANGUAGES if (version := agency.page(slug, language)) is not None]
        newest = max((version.published_at for version in current), default=None)
        if not any(version.id == accepted and version.published_at == newest for version in current):
            return False
    return True


def has_news(account: PortalAccount, language: str) -> bool:
    """True when the client is to be asked, in the language that their pages speak."""
    return to_accept(account, language) is not None
