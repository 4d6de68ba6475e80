"""About Me, read only."""

from flask import g

from blueprints.about_me import bp
from domain import sign_in
from web.fragments import page


@bp.get("/")
def show():
    return page("about_me/show.html", person=g.viewer.individual, contacts=g.viewer.contacts,
                phone=sign_in.support_phone())  # fmt: skip
