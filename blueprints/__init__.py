"""What people see: one folder per tile.  ``tiles`` is the site map and the access policy in one."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint

from blueprints import (
    about_me,
    activate,
    admin,
    appointment,
    arrival,
    calendar,
    dev,
    feed,
    first_start,
    home,
    inbox,
    invitation,
    metrics,
    my_portal,
    my_services,
    photos,
    public,
    reply,
    signing,
    unsubscribe,
)
from domain import settings
from domain.viewer import ClientViewer, StaffViewer, Viewer
from web.languages import gettext as _

TILES = (
    (public.bp, "public"),
    (signing.bp, "public"),
    (first_start.bp, "public"),
    (activate.bp, "link"),
    (invitation.bp, "link"),
    (appointment.bp, "link"),
    (arrival.bp, "link"),
    (reply.bp, "link"),
    (feed.bp, "link"),
    (unsubscribe.bp, "link"),
    (home.bp, "client"),
    (calendar.bp, "client"),
    (inbox.bp, "client"),
    (my_services.bp, "client"),
    (about_me.bp, "client"),
    (my_portal.bp, "client"),
    (photos.bp, "client"),
    (admin.bp, "staff"),
    (metrics.bp, "api"),
)


def tiles(*, development: bool) -> tuple[tuple[Blueprint, str], ...]:
    """The site map; the mailbox page is on it only in development."""
    return (*TILES, (dev.bp, "public")) if development else TILES


class Entry(NamedTuple):
    """A line of the menu; ``badge`` is how much waits there, None where nothing is counted."""

    href: str
    icon: str
    label: str
    badge: int | None
    current: bool


def navigation(who: Viewer | None, path: str) -> tuple[Entry, ...]:
    """The menu of a signed-in reader: where each entry leads, and which one is open."""
    entries = _client_menu() if isinstance(who, ClientViewer) else _staff_menu(who) if who else []
    counts = {"/inbox/": who.unread} if isinstance(who, ClientViewer) else {}
    return tuple(Entry(href, icon, label, counts.get(href), _is_open(href, path)) for href, icon, label in entries)


def _is_open(href: str, path: str) -> bool:
    if href == "/admin/schedule/" and path.startswith("/admin/events/"):
        return True
    return path == href if href in ("/", "/admin/") else path.startswith(href)


def _client_menu() -> list[tuple[str, str, str]]:
    return [
        ("/", "house", _("Home")), ("/calendar/", "calendar", _("Calendar")),
        ("/inbox/", "message-square", _("Inbox")), ("/my-services/", "heart-handshake", _("My Services")),
        ("/about-me/", "user-round", _("About Me")),
        ("/my-portal/", "key-round", _("My Portal")),
    ]  # fmt: skip


def _staff_menu(who: StaffViewer) -> list[tuple[str, str, str]]:
    return [
        ("/admin/", "house", _("Today")),
        ("/admin/schedule/", "calendar", _("Schedule")),
        *([("/admin/requests/", "clock", _("Requests"))] if settings.get("requesting") else []),
        *([("/admin/discussions/", "message-square", _("Messages"))] if settings.get("discussions") else []),
        ("/admin/tasks/", "list-checks", _("Tasks")),
        ("/admin/individuals/", "users", _("Clients")),
        *([("/admin/accounts/", "shield-check", _("Accounts"))] if who.may("manage_accounts") else
          [("/admin/accounts/activations/", "shield-check", _("Accounts"))] if who.may("send_activations") else []),
        *([("/admin/services/", "book-open", _("Services"))] if who.may("manage_services") else []),
        *([("/admin/document-templates/", "file-text", _("Document templates"))] if who.may("manage_documents") else []),
        ("/admin/deliveries/", "mail", _("Deliveries")),
        *([("/admin/workers/", "heart-handshake", _("Workers"))] if who.may("manage_workers") else []),
        *([("/admin/imports/", "upload", _("Import"))] if who.may("import_data") else []),
        *([("/admin/statistics/", "chart-column", _("Statistics"))] if who.may("view_statistics") else []),
        *([("/admin/settings/", "settings", _("Setup"))] if who.may("manage_setup") else []),
        ("/admin/my-sign-in/", "key-round", _("My sign-in")),
    ]
