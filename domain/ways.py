"""How what is written reaches a client: in the portal, by way of activation, by a reply link, or not at all (spec 04, Delivery)."""

from __future__ import annotations

import dataclasses

from domain import birth_dates, eligibility, preferences, settings
from domain.eligibility import Known
from domain.eligibility import newest as newest
from domain.rules import N_, RuleBroken
from models import ACTIVE, DISABLED, LOCKED, PENDING, Individual, PortalAccount

PORTAL, ACTIVATION, REPLY_LINK, NOT_AT_ALL = "portal", "activation", "reply_link", ""
SIGNS_IN = (ACTIVE, LOCKED)
DISABLED_ACCOUNT = N_("Their portal account is disabled.")


@dataclasses.dataclass(frozen=True)
class Way:
    """One of these, with the account that counts; ``missing`` is what stands between, as ``eligibility`` says it."""

    kind: str
    account: PortalAccount | None
    missing: tuple[RuleBroken, ...] = ()


def of(individual: Individual, known: Known | None = None) -> Way:
    """How somebody is reached now; ``known`` is what a page has asked already."""
    account = known.account if known else newest(individual)
    if account is not None and account.state in SIGNS_IN:
        dead = (eligibility.refusal("deceased"),) if individual.death_date else ()
        return Way(NOT_AT_ALL if dead else PORTAL, account, dead)
    if account is not None and (refused := ended(account)):
        return Way(NOT_AT_ALL, account, (refused,))
    missing = _missing(individual, known or eligibility.known_of(individual))
    kind = ACTIVATION if account is not None and account.state == PENDING else REPLY_LINK
    return Way(NOT_AT_ALL if missing else kind, account, missing)


def ended(account: PortalAccount) -> RuleBroken | None:
    """Why nothing is sent to whom staff took the account; None for everybody else."""
    if account.state == DISABLED:
        return RuleBroken(DISABLED_ACCOUNT, code="disabled")
    return eligibility.refusal("closed_staff") if account.reason == "staff" else None


def _missing(individual: Individual, known: Known) -> tuple[RuleBroken, ...]:
    """Whoever does not sign in is reached by e-mail alone, so they must want it."""
    refused = preferences.refused(individual.id) if known.refused is None else known.refused
    is_missing = {
        "deceased": bool(individual.death_date),
        "consent": not (known.consent and known.consent.is_given),
        "address": not known.address,
        "birth_date": not birth_dates.is_known(individual),
        "not_wanted": "messages" in refused,
        "client_delivery": not settings.get("client_delivery"),
    }
    return tuple(eligibility.refusal(code) for code, is_so in is_missing.items() if is_so)
