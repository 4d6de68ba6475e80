"""How a client is reached by what staff write, and the reply link of a discussion: sent, opened, answered, withdrawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from blueprints.admin import account_steps
from domain import reply_links, ways
from domain.eligibility import Known
from models import Discussion, Individual, LinkOpening
from web import formatting
from web.languages import gettext as _


@dataclasses.dataclass(frozen=True)
class Reach:
    """How somebody is reached: a sentence about what is not plain, and what stands between with where it is put right."""

    may_write: bool
    told: str
    steps: Sequence[account_steps.Step]
    by_link: bool


def reach(person: Individual, known: Known | None = None) -> Reach:
    way = ways.of(person, known)
    told = {
        ways.ACTIVATION: _("Their account is not active yet. The e-mail leads them to activate it first."),
        ways.REPLY_LINK: _("They have no account. The e-mail brings a link: with it they read this and answer once, after they gave "
                           "their date of birth."),
    }.get(way.kind, "")  # fmt: skip
    return Reach(not way.missing, told, account_steps.steps(person, way.missing, ""), way.kind == ways.REPLY_LINK)


@dataclasses.dataclass(frozen=True)
class Shown:
    """The newest reply link of a discussion: what became of it, with its tone, and when it was opened."""

    lines: Sequence[str]
    state: str
    tone: str
    openings: Sequence[LinkOpening]
    is_live: bool


def shown(discussion: Discussion) -> Shown | None:
    """None where there never was one."""
    found = reply_links.newest(discussion)
    if found is None:
        return None
    standing = reply_links.standing(found)
    state, tone = _states().get(standing, (_("opens nothing now"), "info"))
    sent = reply_links.sent_at(found)
    lines = [_("Sent: %(when)s", when=formatting.when(sent)) if sent else _("Not sent yet")]
    if found.sent_by_id is not None:
        lines.append(_("Asked for by %(name)s", name=found.sent_by.name))
    if standing == reply_links.GOOD:
        lines.append(_("Works until %(when)s", when=formatting.when(found.link.expires_at)))
    elif found.ended_at is not None:
        lines.append(_("Ended: %(when)s", when=formatting.when(found.ended_at)))
    return Shown(lines, state, tone, reply_links.openings(found), standing == reply_links.GOOD)


def _states() -> dict[str, tuple[str, str]]:
    return {
        reply_links.GOOD: (_("waits for an answer"), "warn"), "answered": (_("answered"), "good"), "withdrawn": (_("withdrawn"), "info"),
        "replaced": (_("replaced by a newer one"), "info"), "expired": (_("too old"), "info"),
        "birth_date": (_("stopped: wrong date of birth"), "bad"), "portal": (_("not needed: they sign in"), "info"),
    }  # fmt: skip
