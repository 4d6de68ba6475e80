"""The help articles that ship with the portal: which there are, and which belongs to the page that somebody reads."""

from flask_babel import lazy_gettext as _l

# The address of each article, its title, its icon, and the blueprint whose pages it explains.
ARTICLES = (
    ("home", _l("Home"), "house", "home"),
    ("about-me", _l("About Me"), "user-round", "about_me"),
    ("my-portal", _l("My Portal"), "key-round", "my_portal"),
    ("activation", _l("Starting your account"), "mail", "activate"),
    ("sign-in", _l("Signing in"), "lock", "signing"),
    ("forgotten-password", _l("A forgotten password"), "life-buoy", ""),
    ("quick-exit", _l("Leaving quickly"), "log-out", ""),
    ("shared-phone", _l("A phone that others use, too"), "shield-check", ""),
)
TITLES = {topic: title for topic, title, _, _ in ARTICLES}
_OF_PAGES = {blueprint: topic for topic, _, _, blueprint in ARTICLES if blueprint}


def address_for(blueprint: str | None) -> str:
    """Where Help leads from a page of this blueprint: to its own article, else to the list of all."""
    topic = _OF_PAGES.get(blueprint or "")
    return f"/pages/help/{topic}" if topic else "/pages/help"
