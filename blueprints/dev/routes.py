"""The mailbox, and the page that shows every component."""

from flask import abort, current_app

from blueprints.dev import bp, samples
from gateways.mailbox import MailboxMail
from web.fragments import page


@bp.get("/components")
def components():
    return page("dev/components.html", sample=samples.filled(), wrong=samples.refused())


@bp.get("/mail")
def mail():
    return page("dev/mail.html", messages=_box().messages()[:50])


@bp.get("/mail/<name>")
def message(name: str):
    found = _box().message(name)
    if found is None:
        abort(404)
    text = found.get_body(preferencelist=("plain",)).get_content()
    return page("dev/message.html", message=found, lines=text.splitlines())


def _box() -> MailboxMail:
    return MailboxMail(current_app.extensions["doorstep"].mailbox)
