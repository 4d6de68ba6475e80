"""Open the link, choose a password, and be in.  Opening changes nothing but the list of openings."""

from wtforms import PasswordField

from blueprints.invitation import bp
from domain import settings, sign_in, workers
from domain.rules import NotFound, RuleBroken
from web import carried, sessions
from web.forms import Form, Required, _l
from web.fragments import done, page

PLACE = carried.Place("invitation", "/invitation/")


class Password(Form):
    password = PasswordField(_l("Password"), [Required(_l("Choose a password."))])


@bp.get("/<token>")
def open_link(token: str):
    return PLACE.opened(workers.find_invitation(token), token)


@bp.errorhandler(NotFound)
def is_no_link(error: NotFound):
    return carried.incomplete_link()


@bp.get("/")
def show():
    link = _link()
    return _page(link, Password(formdata=None)) if workers.is_good(link) else _over()


@bp.post("/")
def accept():
    form, link = Password(), _link()
    if not workers.is_good(link):
        return _over()
    if form.validate():
        try:
            worker = workers.accept(link, form.password.data, sessions.visitor())
            return PLACE.drop(done(_signed_in(worker)))
        except RuleBroken as refused:
            if refused.code == "no_longer":
                return _over()
            form.refuse(refused)
    return _page(link, form)


def _signed_in(worker) -> str:
    """The page that the new worker goes on to; whose access ended in the same moment may not sign in."""
    try:
        signed = sign_in.let_in(None, worker, device_token=sessions.device_token(), agent=sessions.agent(),
                                network=sessions.network(), tell_of_device=False)  # fmt: skip
    except RuleBroken:
        return "/sign-in"
    sessions.begin(signed)
    return "/sign-in/app" if isinstance(signed, sign_in.Half) else "/admin/"


def _page(link, form: Password):
    return page("invitation/show.html", form=form, email=link.worker.email, least=settings.get("password_length"))


def _over():
    return page("invitation/over.html", status=410)


def _link():
    words = PLACE.words()
    return workers.find_invitation(words["token"])
