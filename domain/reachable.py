"""Who of many people a message would reach, in the portal or by a reply link."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from domain import discussions, eligibility, ways
from domain.actor import Actor
from domain.attachments import Ready
from domain.discussions import About
from domain.rules import N_, RuleBroken
from models import Discussion, Individual, Worker


@dataclasses.dataclass(frozen=True)
class Reach:
    """Whom a message reaches, and whom it does not, with the first thing that stands between."""

    reached: list[Individual]
    others: list[tuple[Individual, RuleBroken]]

    @property
    def mark(self) -> str:
        """The same for the same people: whoever sends it has seen who they are."""
        return hashlib.blake2s(" ".join(str(who.id) for who in self.reached).encode(), digest_size=8).hexdigest()


def among(people: Sequence[Individual]) -> Reach:
    """Which of these people a message reaches, in the order of their names."""
    ordered = sorted({who.id: who for who in people}.values(), key=lambda who: (who.sort_name, who.id))
    known = eligibility.known_of_each(ordered, to_sign_in=False)
    way_of = [(who, ways.of(who, known[who.id])) for who in ordered]
    return Reach([who for who, way in way_of if not way.missing], [(who, way.missing[0]) for who, way in way_of if way.missing])


def write_to(
    reach: Reach, mark: str, subject: str, body: str, by: Actor, *, worker: Worker, about: About, files: Sequence[Ready] = ()
) -> list[Discussion]:
    """A discussion with each whom it reaches.  Raises RuleBroken: ``changed`` when that are others than the page showed, ``nobody``,
    and as ``discussions.start``."""
    if mark != reach.mark:
        raise RuleBroken(
            N_("Meanwhile it would go to other people than you have read. Look who gets it, and send it again."), code="changed"
        )
    if not reach.reached:
        raise RuleBroken(N_("This would reach nobody."), code="nobody")
    return discussions.start_with_each(reach.reached, subject, body, by, worker=worker, about=about, files=files)
