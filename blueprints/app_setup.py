"""Setting up an authenticator app, at the first sign-in and on another phone: a picture, letters, and a link for this phone."""

from itertools import groupby

from domain import second_step
from models import Worker
from web.forms import Form, Required, Text, _l

EDGE = 4  # bright cells around the picture: readers need them


class NewApp(Form):
    code = Text(_l("Six digits of the app"), [Required(_l("Type the six digits that the app shows."))])


class Kept(Form):
    """Nothing but the button that says so."""


def shown(worker: Worker, nonce: str) -> dict[str, object]:
    """What the page shows: the picture's size and dark runs, the secret in groups of four, the link that opens the app here."""
    import segno

    address = second_step.address(worker, nonce)
    rows = segno.make(address, error="m", micro=False).matrix
    runs = "".join(_runs(y, row) for y, row in enumerate(rows, start=EDGE))
    return {"picture": runs, "size": len(rows) + 2 * EDGE, "secret": in_fours(second_step.secret(nonce)), "address": address}


def in_fours(secret: str) -> str:
    """As somebody reads it off."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _runs(y: int, row: bytes) -> str:
    drawn, x = "", EDGE
    for is_dark, cells in groupby(row):
        width = len(list(cells))
        drawn += f"M{x} {y}h{width}v1h-{width}z" if is_dark else ""
        x += width
    return drawn
