"""Every read begins here: who signed in, for whom, with which rights; made once per request.

A stranger's row, a hidden row and no row are the same NotFound.  What clients read stands in ``client_viewer``, what staff
read in ``staff_viewer``, and whom a worker may see in ``caseloads``.
"""

from __future__ import annotations

from domain import inbox
from domain.actor import Actor
from domain.caseloads import accounts_seen_by, caseload_of, caseloads_with, seen_by
from domain.client_viewer import ClientViewer
from domain.my_calendar import MOST_IN_FEED, read_in
from domain.rights import GROUP_RIGHTS, RIGHTS, rights_in, rights_of
from domain.staff_viewer import StaffViewer
from models import LoginSession

__all__ = [
    "GROUP_RIGHTS", "MOST_IN_FEED", "RIGHTS", "SCOPES", "ClientViewer", "StaffViewer", "Viewer", "accounts_seen_by", "caseload_of",
    "caseloads_with", "of", "read_in", "rights_in", "rights_of", "seen_by",
]  # fmt: skip

SCOPES = frozenset({"calendar", "messages", "documents", "billing"})

Viewer = ClientViewer | StaffViewer


def of(session: LoginSession, network: str) -> Viewer:
    """The viewer of a session."""
    if session.account_id is not None:
        account = session.account
        if hasattr(session, "new_messages"):  # counted with it
            inbox.know(account.individual, session.new_messages, session.new_notices)
        actor = Actor(account=account, network=network)
        return ClientViewer(session, account, account.individual, SCOPES, actor)
    worker = session.worker
    return StaffViewer(session, worker, rights_of(worker), Actor(worker=worker, network=network))
