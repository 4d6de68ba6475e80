"""This was not me: the e-mailed way back to the address that somebody signed in with before."""


from blueprints.signing import bp
from blueprints.signing.routes import RESET
from domain import address_change, agency, links, notices
from domain.rules import RuleBroken
from web import carried, sessions
from web.fragments import done, page
from web.languages import gettext as _

PLACE = carried.Place("former_address", "/former-address/")


@bp.get("/former-address/<token>")
def open_former_address(token: str):
    return PLACE.opened(address_change.find_undo(token), token)


@bp.get("/former-address/")
def former_address():
    link = _link()
    if address_change.standing(link) != address_change.GOOD:
        return _over(link)
    return page("signing/former_address.html", address=notices.mask(address_change.of_undo(link).old_email))


@bp.post("/former-address/")
def put_back():
    link = _link()
    try:
        reset = address_change.undo(link, sessions.visitor())
    except RuleBroken:
        return _over(link)
    if reset is None:
        sessions.tell("warn", _("Everybody is signed out, and the password no longer works. Please call us to sign in again."))
        return PLACE.drop(done("/sign-in"))
    return RESET.carry(PLACE.drop(done("/reset/")), {"token": links.token(reset)})


def _over(link):
    """Why the link does nothing, and what to do."""
    told = {
        "used": (_("This was done before"), _("Everybody was signed out. Choose a new password if you have not done so yet.")),
        "expired": (_("This link is too old"), _("It worked for a limited time only. Please call us.")),
        "ended": (_("Your access has ended"), _("Nobody signs in with this account now. Please call us.")),
    }  # fmt: skip
    standing = address_change.standing(link)
    title, text = told.get(standing, told["expired"])
    return page("signing/former_address_over.html", standing=standing, title=title, text=text, phone=agency.support_phone(), status=410)


def _link():
    words = PLACE.words()
    return address_change.find_undo(words["token"])
