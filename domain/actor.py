"""Who acts: the argument ``by`` of every verb."""

from __future__ import annotations

import dataclasses

from models import Individual, PortalAccount, Worker


@dataclasses.dataclass(frozen=True)
class Actor:
    """A worker, a client (through their account), the system, or a visitor whom nobody knows yet.

    ``network`` is the address from which the request came; ``acting_for`` the individual that a client acts for.
    """

    worker: Worker | None = None
    account: PortalAccount | None = None
    acting_for: Individual | None = None
    network: str = ""
    is_system: bool = False

    @property
    def kind(self) -> str:
        """One of worker, client, system, visitor."""
        if self.worker is not None:
            return "worker"
        if self.account is not None:
            return "client"
        return "system" if self.is_system else "visitor"


SYSTEM = Actor(is_system=True)
