"""The e-mailed way back in after too many wrong passwords."""


from blueprints.signing import bp
from domain import agency, lockout
from domain.rules import RuleBroken
from web import carried, sessions
from web.fragments import done, page
from web.languages import gettext as _

PLACE = carried.Place("unlock", "/unlock/")


@bp.get("/unlock/<token>")
def open_unlock(token: str):
    return PLACE.opened(lockout.find(token), token)


@bp.get("/unlock/")
def unlock():
    link = _link()
    return page("signing/unlock.html") if lockout.standing(link) == lockout.GOOD else _over(link)


@bp.post("/unlock/")
def unlock_now():
    link = _link()
    try:
        lockout.unlock(link, sessions.visitor())
    except RuleBroken:
        return _over(link)
    sessions.tell("good", _("Your sign-in is unlocked."))
    return PLACE.drop(done("/sign-in"))


def _over(link):
    """Why the link does nothing, and what to do."""
    told = {
        "open": (_("Your sign-in is unlocked"), _("Sign in with your e-mail address and password.")),
        "suspended": (_("Your access is paused"), _("We paused it ourselves, so this link cannot open it. Please call us.")),
        "ended": (_("Your access has ended"), _("This link cannot open it. Please call us.")),
        "replaced": (_("There is a newer link"), _("We sent you another e-mail after this one. Please use the link in the newest.")),
        "expired": (_("This link is too old"), _("Choose a new password by e-mail: that unlocks your sign-in, too.")),
    }  # fmt: skip
    standing = lockout.standing(link)
    title, text = told.get(standing, told["expired"])
    return page("signing/unlock_over.html", standing=standing, title=title, text=text, phone=agency.support_phone(), status=410)


def _link():
    words = PLACE.words()
    return lockout.find(words["token"])
