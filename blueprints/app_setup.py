"""Setting up an authenticator app, at the first sign-in and on another phone: a picture, letters, and a link for this phone."""

from markupsafe import Markup

from domain import second_step
from models import Worker
from web.forms import Form, Required, Text, _l


class NewApp(Form):
    code = Text(_l("Six digits of the app"), [Required(_l("Type the six digits that the app shows."))])


class Kept(Form):
    """Nothing but the button that says so."""


def shown(worker: Worker, nonce: str) -> dict[str, object]:
    """What the page shows: SVG without styles, the secret in groups of four, and the link that opens the app on this phone."""
    import segno

    address, secret = second_step.address(worker, nonce), second_step.secret(nonce)
    drawn = segno.make(address, error="m", micro=False)
    svg = drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"picture": Markup(svg), "secret": groups, "address": address}  # noqa: S704 - drawn by segno, holds nothing but numbers
