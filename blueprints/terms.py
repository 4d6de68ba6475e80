"""The form by which the privacy policy and the terms are accepted: at activation, and when they were published anew."""

from wtforms import BooleanField

from models import PageVersion
from web.forms import Form, Required, _l


class Terms(Form):
    accept = BooleanField(_l("I accept the privacy policy and the terms of use"), [Required(_l("Tick the box to go on."))])


def said_back(*pages: PageVersion) -> str:
    """Which versions a page showed, as its form says it back."""
    return " ".join(f"{page.slug}-{page.language}-{page.version}" for page in pages)
