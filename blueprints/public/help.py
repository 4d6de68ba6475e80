"""The help articles that ship with the portal: which there are, and which belongs to the page that somebody reads."""

from flask_babel import lazy_gettext as _l

from domain import settings

# The address of each article, its title, its icon, and the blueprint whose pages it explains.
ARTICLES = (
    ("home", _l("Home"), "house", "home"),
    ("calendar", _l("Calendar"), "calendar", "calendar"),
    ("inbox", _l("Inbox"), "message-square", "inbox"),
    ("things-to-do", _l("Things to Do"), "list-checks", "things_to_do"),
    ("my-services", _l("My Services"), "heart-handshake", "my_services"),
    ("about-me", _l("About Me"), "user-round", "about_me"),
    ("my-portal", _l("My Portal"), "key-round", "my_portal"),
    ("activation", _l("Starting your account"), "mail", "activate"),
    ("sign-in", _l("Signing in"), "lock", "signing"),
    ("forgotten-password", _l("A forgotten password"), "life-buoy", ""),
    ("quick-exit", _l("Leaving quickly"), "log-out", ""),
    ("shared-phone", _l("A phone that others use, too"), "shield-check", ""),
)
_SWITCHES = {"quick-exit": "quick_exit", "things-to-do": "documents"}
_OF_PAGES = {blueprint: topic for topic, _, _, blueprint in ARTICLES if blueprint}


def articles() -> tuple[tuple[str, str, str, str], ...]:
    """The articles about what this portal has."""
    off = {topic for topic, switch in _SWITCHES.items() if not settings.get(switch)}
    return tuple(each for each in ARTICLES if each[0] not in off)


def title_of(topic: str) -> str | None:
    """The title of an article; None when there is none about that."""
    return next((title for each, title, _, _ in articles() if each == topic), None)


def address_for(blueprint: str | None) -> str:
    """Where Help leads from a page of this blueprint: to its own article, else to the list of all."""
    topic = _OF_PAGES.get(blueprint or "")
    return f"/pages/help/{topic}" if topic else "/pages/help"
